"""The schema as promised: printed, described, bounded, and never broken; each rule catches a planted violation."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema

import api.graph.programs_in
import api.schema
from api.graph.authorizing import SchemaNotCovered, check_schema
from api.graph.refusing import REFUSAL_TYPES
from api.refusals import all_refusals
from domain.access.matrix import Matrix
from domain.kernel.refusals import LOCALES
from tests.house.schema_rules import broken, unbounded, undescribed, unlike
from tests.house.unions import mutations_of

FOLDER = Path(api.schema.__file__).parent
PRINTED = FOLDER / "schema.graphql"
RELEASED = FOLDER / "schema.released.graphql"

PLANTED = build_schema('''
"""A thing."""
type Thing { "Its name." name: String, silent: Int, "Its parts." parts: [String!]!, "Some." some(first: Int): [Int!]! }
type Query { "One." thing("Which." id: ID, silent: Int): Thing }
''')


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(api.schema.sdl())


def test_the_sdl_is_what_the_code_says() -> None:
    said = unlike(PRINTED.read_text(encoding="utf-8"), api.schema.sdl())
    assert said == [], "print it again: guerdon schema > api/schema.graphql"


def test_a_planted_other_word_in_the_sdl_is_caught() -> None:
    printed = "type Query {\n  a: Int\n}\n"
    assert unlike(printed, printed.replace("Int", "Int!")) == ["-  a: Int", "+  a: Int!"]


def test_everything_in_the_schema_is_described(schema: GraphQLSchema) -> None:
    assert undescribed(schema) == []


def test_a_planted_silence_is_heard() -> None:
    assert undescribed(PLANTED) == ["Thing.silent", "Thing.some(first)", "Query.thing(silent)"]


def test_every_list_is_bounded(schema: GraphQLSchema) -> None:
    assert unbounded(schema) == []


def test_a_planted_endless_list_is_caught() -> None:
    assert unbounded(PLANTED) == ["Thing.parts"]


def test_no_client_of_the_last_release_is_broken(schema: GraphQLSchema) -> None:
    assert broken(build_schema(RELEASED.read_text(encoding="utf-8")), schema) == []


def test_a_field_taken_from_the_released_schema_is_missed() -> None:
    released = RELEASED.read_text(encoding="utf-8")
    now = build_schema(released.replace("  fundBudget(", "  fundBudgets("))
    assert broken(build_schema(released), now) == ["Field Mutation.fundBudget was removed."]


def test_a_planted_breaking_change_is_caught() -> None:
    now = build_schema("type Thing { name: String! } type Query { thing(id: ID!): Thing }")
    found = broken(PLANTED, now)
    assert "Field Thing.silent was removed." in found
    assert "Argument Query.thing(id:) has changed type from ID to ID!." in found


def test_every_field_has_an_access_row() -> None:
    check_schema(api.schema.build_schema()._schema, Matrix.load())  # pyright: ignore[reportPrivateUsage] Strawberry names no public one


def test_a_planted_root_field_without_a_row_is_caught() -> None:
    with pytest.raises(SchemaNotCovered, match=r"Query\.planted"):
        check_schema(build_schema("type Query { planted: Int }"), Matrix.load())


def test_a_mutation_may_refuse_what_its_union_names_and_nothing_else() -> None:
    names = [f"api.graph.{found.name}" for found in pkgutil.iter_modules(api.graph.__path__)]
    modules = [importlib.import_module(name) for name in names]
    found = [one for module in modules for one in mutations_of(module, inspect.getsource(module))]
    mutations = api.schema.build_schema()._schema.mutation_type  # pyright: ignore[reportPrivateUsage] Strawberry names no public one
    assert mutations is not None
    assert len(found) == len(mutations.fields)
    assert [said for one in found for said in one.differences] == []


def test_a_planted_refusal_that_a_union_lacks_and_one_that_never_comes_are_caught() -> None:
    planted = """
@mutation(FundBudgetSuccess, KeyReused, InvalidInput, AlreadyExists, description="Planted.")
async def planted(self, info, input):
    if not input.reason:
        raise NotFound(kind="reason", id="")
    await fund_budget(info.context.door, info.context.actor, keyed(input))
"""
    (found,) = mutations_of(api.graph.programs_in, planted)
    assert found.differences == [
        "planted may refuse BudgetExceeded, which its union lacks",
        "planted may refuse NotFound, which its union lacks",
        "planted never refuses AlreadyExists, which its union names",
    ]


def test_every_refusal_has_a_code_a_type_and_both_languages() -> None:
    for code, kinds in all_refusals().items():
        assert REFUSAL_TYPES[code].__name__ == kinds[0].__name__
        for kind in kinds:
            assert set(kind.texts) >= set(LOCALES), f"{kind.__name__} speaks {sorted(kind.texts)}"
