"""A1: nobody sees what the matrix does not grant, executed for every row, role, relation and scope; unexpected 0."""

import tomllib
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, graphql, parse, subscribe

from api.graph.authorizing import Denials, SchemaNotCovered, authorize, check_schema, schema_fields
from domain.access.matrix import MATRIX_FILE, Cell, Extent, Matrix
from domain.access.principals import Actor, Relation, Role, Scope
from domain.access.roles import FACE_ROLES
from domain.kernel.ids import new_id
from domain.kernel.refusals import Refusal

MATRIX = Matrix.load()
RAW = tomllib.loads(MATRIX_FILE.read_text(encoding="utf-8"))
RELATIONS: tuple[Relation | None, ...] = (None, *Relation)
SCOPE_SETS = (frozenset[Scope](), *(frozenset({scope}) for scope in Scope), frozenset(Scope))


def expected(text: str, relation: Relation | None, scopes: frozenset[Scope]) -> bool:
    """What a cell means, written a second time and from the file's own words."""
    if text.startswith("scope:"):
        return text.removeprefix("scope:") in {scope.value for scope in scopes}
    return {
        "-": False,
        "own": relation is Relation.OWN,
        "partner": relation in (Relation.OWN, Relation.PARTNER),
        "all": True,
        "public": True,
    }[text]


def test_every_cell_of_the_pure_matrix_answers_as_its_words_say(record_property: Any) -> None:
    cells, unexpected = 0, list[str]()
    for name, row in RAW["nouns"].items():
        noun, _, own_field = name.partition(".")
        for (place, role), relation, scopes in product(enumerate(FACE_ROLES), RELATIONS, SCOPE_SETS):
            cells += 1
            answer = MATRIX.allows_field(noun, own_field or "anyOther", role, relation, scopes=scopes)
            if answer is not expected(row[place], relation, scopes):
                unexpected.append(f"{name} {role} {relation} {sorted(scopes)}")
    for name, row in RAW["actions"].items():
        for (place, role), scopes in product(enumerate(FACE_ROLES), SCOPE_SETS):
            cells += 1
            actor = Actor(principal_id=new_id(), role=role, scopes=scopes)
            answer = MATRIX.allows_action(name, actor)
            granted = any(expected(row[place], relation, scopes) for relation in RELATIONS)
            if answer is not granted:
                unexpected.append(f"{name} {role} {sorted(scopes)}")
    print(f"cells {cells}, unexpected {len(unexpected)}")
    record_property("cells", cells)
    assert cells > 20_000
    assert unexpected == []


SDL = """
interface Refusal { code: String! }
type NotAllowed implements Refusal { code: String! }
type ScopeMissing implements Refusal { code: String! }
type Member { name: String!, email: String, externalId: String }
type Program { name: String!, budget: String }
type RecordActivitiesSuccess { count: Int! }
union RecordActivitiesResult = RecordActivitiesSuccess | NotAllowed | ScopeMissing
type Query { viewer: Member, program: Program, partners: String, now: String }
type Mutation { recordActivities: RecordActivitiesResult!, createApiKey: String }
type Subscription { rewardEvents: String }
"""


@dataclass(frozen=True, kw_only=True)
class MemberShown:
    """A member in the way that a resolver hands it out."""

    relation: Relation | None
    name: str = "Ann"
    email: str = "ann@example.com"
    externalId: str = "x-1"  # the schema's own spelling, as the default resolver reads it


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The context: who asks."""

    actor: Actor


def schema_of(sdl: str = SDL) -> GraphQLSchema:
    return build_schema(sdl)


def asked_of(relation: Relation | None) -> tuple[GraphQLSchema, list[str]]:
    """A guarded schema whose viewer stands in this relation, and the log of its denials."""
    schema, log = schema_of(), list[str]()

    async def note(_: Actor, action: str) -> None:
        log.append(action)

    def answered(refusal: Refusal, _: Any) -> object:
        return {"__typename": type(refusal).__name__, "code": refusal.code()}

    assert schema.query_type is not None
    assert schema.mutation_type is not None
    assert schema.subscription_type is not None
    schema.query_type.fields["viewer"].resolve = lambda *_: MemberShown(relation=relation)
    schema.query_type.fields["program"].resolve = lambda *_: {"name": "Summer", "budget": "100"}
    schema.query_type.fields["partners"].resolve = lambda *_: "all of them"
    done = {"__typename": "RecordActivitiesSuccess", "count": 1}
    schema.mutation_type.fields["recordActivities"].resolve = lambda *_: done

    async def events(*_: Any) -> Any:
        yield {"rewardEvents": "granted"}

    schema.subscription_type.fields["rewardEvents"].subscribe = events
    authorize(schema, MATRIX, lambda context: context.actor, Denials(told=note, answered=answered))
    return schema, log


def an_actor(role: Role, *scopes: Scope) -> Actor:
    return Actor(principal_id=new_id(), role=role, scopes=frozenset(scopes))


async def ask(schema: GraphQLSchema, query: str, actor: Actor) -> Any:
    return await graphql(schema, query, context_value=Asking(actor=actor))


async def test_every_relation_shows_exactly_the_granted_fields() -> None:
    shown = dict[tuple[Role, Relation | None], set[str]]()
    for role, relation in product(FACE_ROLES, RELATIONS):
        schema, _ = asked_of(relation)
        result = await ask(schema, "{ viewer { name email externalId } }", an_actor(role, Scope.ACTIVITIES_READ))
        viewer = (result.data or {}).get("viewer") or {}
        shown[role, relation] = {name for name, value in viewer.items() if value is not None}
        for name in ("name", "email", "externalId"):
            granted = MATRIX.allows_field("Member", name, role, relation, scopes=frozenset({Scope.ACTIVITIES_READ}))
            hidden_with_its_object = not MATRIX.allows_field(
                "Member", "name", role, relation, scopes=frozenset({Scope.ACTIVITIES_READ})
            )
            assert (name in shown[role, relation]) is (granted and not hidden_with_its_object)
    assert shown[Role.MEMBER, Relation.OWN] == {"name", "email"}
    assert shown[Role.MEMBER, None] == set()


async def test_a_denied_nullable_field_is_null_without_an_error() -> None:
    schema, log = asked_of(Relation.OWN)
    result = await ask(schema, "{ program { name budget } }", an_actor(Role.ANONYMOUS))
    assert (result.data, result.errors, log) == ({"program": {"name": "Summer", "budget": None}}, None, [])


async def test_a_denied_action_is_a_member_of_its_union_and_stands_in_the_log() -> None:
    schema, log = asked_of(None)
    document = "mutation { recordActivities { __typename ... on Refusal { code } } }"
    for actor, code in (
        (an_actor(Role.MEMBER), "NOT_ALLOWED"),
        (an_actor(Role.ANONYMOUS), "NOT_ALLOWED"),
        (an_actor(Role.INTEGRATION, Scope.EVENTS_READ), "SCOPE_MISSING"),
    ):
        result = await ask(schema, document, actor)
        assert result.data["recordActivities"]["code"] == code
    allowed = await ask(schema, document, an_actor(Role.INTEGRATION, Scope.ACTIVITIES_WRITE))
    assert allowed.data["recordActivities"] == {"__typename": "RecordActivitiesSuccess"}
    assert log == ["Mutation.recordActivities"] * 3
    plain = await ask(schema, "mutation { createApiKey }", an_actor(Role.MEMBER))
    assert plain.errors is not None
    assert isinstance(plain.errors[0].original_error, Refusal)


async def test_a_denied_subscription_never_starts() -> None:
    schema, log = asked_of(None)
    document = parse("subscription { rewardEvents }")
    for actor, starts in ((an_actor(Role.MEMBER), True), (an_actor(Role.ANONYMOUS), False)):
        outcome: Any = await subscribe(schema, document, context_value=Asking(actor=actor))
        assert hasattr(outcome, "__aiter__") is starts
        if starts:
            assert [result.data async for result in outcome] == [{"rewardEvents": "granted"}]
    assert log == ["Subscription.rewardEvents"]


def test_a_schema_with_a_field_that_has_no_row_does_not_start() -> None:
    for planted in ("type Secret { value: String }", "extend type Query { secrets: String }"):
        with pytest.raises(SchemaNotCovered, match="no access row for"):
            check_schema(schema_of(SDL + planted), MATRIX)


def test_a_schema_whose_deniable_field_must_not_be_null_does_not_start() -> None:
    with pytest.raises(SchemaNotCovered, match=r"Member\.email"):
        check_schema(schema_of(SDL.replace("email: String", "email: String!")), MATRIX)


def test_the_api_of_this_checkout_is_covered() -> None:
    file = Path(__file__).parents[2] / "api" / "schema.graphql"
    schema = build_schema(file.read_text(encoding="utf-8"), assume_valid=True)
    assert MATRIX.uncovered(schema_fields(schema)) == []


async def test_a_planted_hole_in_the_matrix_is_seen() -> None:
    award = MATRIX.nouns["Award"]
    wide = replace(award, cells={**award.cells, Role.MEMBER: Cell(extent=Extent.ALL)})
    holed = replace(MATRIX, nouns={**MATRIX.nouns, "Award": wide})
    seen = [
        relation
        for relation in RELATIONS
        if holed.allows_field("Award", "amount", Role.MEMBER, relation)
        is not expected(RAW["nouns"]["Award"][0], relation, frozenset())
    ]
    assert seen == [None, Relation.PARTNER, Relation.OPERATOR]
