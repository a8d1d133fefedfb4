"""The schema as promised: printed, described, bounded, and never broken; each rule catches a planted violation."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema

import api.schema
from api.graph.authorizing import check_schema
from api.graph.refusing import REFUSAL_TYPES
from api.refusals import all_refusals
from domain.access.matrix import Matrix
from domain.kernel.refusals import LOCALES
from tests.house.schema_rules import broken, unbounded, undescribed

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
    assert PRINTED.read_text(encoding="utf-8") == api.schema.sdl(), (
        "print it again: guerdon schema > api/schema.graphql"
    )


def test_everything_in_the_schema_is_described(schema: GraphQLSchema) -> None:
    assert undescribed(schema) == []


def test_a_planted_silence_is_heard() -> None:
    assert undescribed(PLANTED) == ["Thing.silent", "Thing.some(first)", "Query.thing(silent)"]


def test_every_list_is_bounded(schema: GraphQLSchema) -> None:
    assert unbounded(schema) == []


def test_a_planted_endless_list_is_caught() -> None:
    assert unbounded(PLANTED) == ["Thing.parts"]


def test_no_client_of_the_last_release_is_broken(schema: GraphQLSchema) -> None:
    if not RELEASED.exists():
        pytest.skip("nothing is released yet: the first release copies schema.graphql to schema.released.graphql")
    assert broken(build_schema(RELEASED.read_text(encoding="utf-8")), schema) == []


def test_a_planted_breaking_change_is_caught() -> None:
    now = build_schema("type Thing { name: String! } type Query { thing(id: ID!): Thing }")
    found = broken(PLANTED, now)
    assert "Field Thing.silent was removed." in found
    assert "Argument Query.thing(id:) has changed type from ID to ID!." in found


def test_every_field_has_an_access_row() -> None:
    check_schema(api.schema.build_schema()._schema, Matrix.load())  # pyright: ignore[reportPrivateUsage] Strawberry names no public one


def test_every_refusal_has_a_code_a_type_and_both_languages() -> None:
    for code, kinds in all_refusals().items():
        assert REFUSAL_TYPES[code].__name__ == kinds[0].__name__
        for kind in kinds:
            assert set(kind.texts) >= set(LOCALES), f"{kind.__name__} speaks {sorted(kind.texts)}"
