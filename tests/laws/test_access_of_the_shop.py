"""A1 on the shop's rows: every role, own and other, asks for every field of everything; unexpected allows 0."""

import tomllib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    get_named_type,
    is_required_argument,
)

from api.graph.context import Context
from api.schema import sdl
from domain.access.matrix import MATRIX_FILE
from domain.access.principals import SYSTEM, Actor, Relation, Role
from domain.access.roles import FACE_ROLES
from domain.kernel.refusals import Refusal
from tests.graph.asking import member
from tests.laws.access_stage import Asking, Everything, everything

SCHEMA = build_schema(sdl(), assume_valid=True)
NOUNS = tomllib.loads(MATRIX_FILE.read_text(encoding="utf-8"))["nouns"]
# Whose rows these are: reading hands them out by the member they stand under. The rest belongs to the deployment.
OF_A_MEMBER = {"Redemption", "RedemptionLine", "CodeProblem", "SentReward", "Entitlement"}
# What a key is handed of its own source only.
OF_A_SOURCE = {"Supplier", "CodePool", "CodeBatch", "WebhookEndpoint", "WebhookDelivery", "FulfilmentAttempt"}


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[Everything]:
    async with everything(database) as built:
        yield built


def leaves(noun: str) -> list[str]:
    """The fields that hold a value and need no argument."""
    kind = SCHEMA.type_map[noun]
    assert isinstance(kind, GraphQLObjectType)
    return [
        name
        for name, field in kind.fields.items()
        if isinstance(get_named_type(field.type), (GraphQLScalarType, GraphQLEnumType))
        and not any(is_required_argument(argument) for argument in field.args.values())
    ]


async def shown(world: Everything, actor: Actor, noun: str) -> dict[str, Any]:
    """What the actor is answered of the noun's row; empty where it is not there for them."""
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on {noun} {{ {' '.join(leaves(noun))} }} }} }}"
    result = await world.asker.result(actor, document, id=world.ids[noun])
    codes = [
        (error.extensions or {}).get("code") or type(error.original_error).__name__ for error in result.errors or ()
    ]
    assert {code.upper().replace("_", "") for code in codes} <= {"NOTFOUND"}, codes
    node = (result.data or {}).get("node") or {}
    return {name: value for name, value in node.items() if value is not None}


def granted(noun: str, field: str, asking: Asking) -> bool:
    """What the matrix says in its own words, for this row."""
    cell = NOUNS.get(f"{noun}.{field}", NOUNS.get(noun))[FACE_ROLES.index(asking.actor.role)]
    if noun in OF_A_MEMBER and asking.relation is None and cell != "public":
        return False
    if noun in OF_A_SOURCE and asking.is_stranger:
        return False
    if cell.startswith("scope:"):
        return cell.removeprefix("scope:") in {scope.value for scope in asking.actor.scopes}
    return {
        "-": False,
        "own": asking.relation is Relation.OWN,
        "partner": asking.relation in (Relation.OWN, Relation.PARTNER),
        "all": True,
        "public": True,
    }[cell]


async def test_nobody_is_shown_a_field_of_the_shop_that_the_matrix_does_not_grant(world: Everything) -> None:
    cells, allowed, unexpected = 0, 0, list[str]()
    for asking in [*world.people(), *await world.managers()]:
        for noun in world.ids:
            seen = await shown(world, asking.actor, noun)
            cells += len(leaves(noun))
            allowed += len(seen)
            unexpected += [f"{noun}.{field} to {asking.name}" for field in seen if not granted(noun, field, asking)]
    print(f"cells {cells}, shown {allowed}, unexpected allows {len(unexpected)}")
    assert unexpected == []
    assert cells > 5_000
    assert allowed > 500


async def test_what_the_matrix_grants_is_shown_to_the_owner_and_to_an_administrator(world: Everything) -> None:
    for asking in world.people():
        if asking.name not in ("owner", Role.ADMIN.value):
            continue
        for noun in world.ids:
            there = await shown(world, SYSTEM, noun)
            assert there, noun
            due = {field for field in there if granted(noun, field, asking)}
            assert due <= set(await shown(world, asking.actor, noun)), (asking.name, noun)


DOINGS = {
    "revealVoucherCode": {"lineId": "RedemptionLine"},
    "reportCodeProblem": {"lineId": "RedemptionLine", "problem": "EXPIRED"},
    "cancelRedemption": {"redemptionId": "Redemption"},
}


async def done(world: Everything, actor: Actor, name: str) -> str:
    """The type that the mutation answers."""
    upper = name[0].upper() + name[1:]
    document = f"mutation($input: {upper}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    asked = {field: world.ids.get(noun, noun) for field, noun in DOINGS[name].items()}
    told = {"idempotencyKey": world.stage.shop.world.key().key, **asked}
    return (await world.asker.ask(actor, document, input=told))[name]["__typename"]


@pytest.mark.parametrize("name", DOINGS)
async def test_nobody_but_the_owner_reveals_reports_or_cancels(world: Everything, name: str) -> None:
    answers = dict[str, str]()
    for asking in [*world.people(), *await world.managers()]:
        if asking.relation is not Relation.OWN:
            answers[asking.name] = await done(world, asking.actor, name)
    assert set(answers.values()) <= {"NotAllowed", "NotFound", "ScopeMissing"}, answers
    assert {answers["SUPPORT"], answers["ADMIN"]} == {"NotAllowed"}
    assert answers["another rep"] == answers["colleague"] == "NotFound"
    assert await done(world, member(world.stage.shop.world, 0), name) not in set(answers.values())


async def begun(world: Everything, actor: Actor) -> str:
    """The code under which following the order is refused; empty where it is not."""
    document = "subscription($id: ID!) { redemption(id: $id) { cursor } }"
    context = Context.of(actor, world.stage.shop.world.database, world.asker.world.door, world.asker.world.knowledge)
    heard: Any = await world.asker.schema.subscribe(
        document, variable_values={"id": world.ids["Redemption"]}, context_value=context
    )
    first = await anext(heard) if hasattr(heard, "__anext__") else heard
    (error,) = first.errors
    code = (error.extensions or {}).get("code")
    if code is None and isinstance(error.original_error, Refusal):
        code = error.original_error.code()
    # Nothing is relayed here: whoever may follow it is told that, and by no refusal.
    return code or ""


async def test_nobody_follows_an_order_that_they_may_not_read(world: Everything) -> None:
    for asking in [*world.people(), *await world.managers()]:
        can_read = bool(await shown(world, asking.actor, "Redemption"))
        code = await begun(world, asking.actor)
        assert (code in ("NOT_FOUND", "NOT_ALLOWED", "SCOPE_MISSING")) is not can_read, (asking.name, code)


async def test_a_partners_admin_is_shown_the_order_and_nothing_of_its_delivery(world: Everything) -> None:
    people = {asking.name: asking.actor for asking in world.people()}
    line = await shown(world, people["admin of the partner"], "RedemptionLine")
    assert {"state", "price"} <= set(line)
    assert set(line).isdisjoint({"delivery", "tracking", "maskedCode", "expiresOn", "revealedAt"})
    assert {"delivery", "maskedCode"} <= set(await shown(world, people["owner"], "RedemptionLine"))


async def test_a_planted_wide_row_would_be_seen(world: Everything) -> None:
    stranger = Asking(name="another rep", actor=member(world.stage.shop.world, 1), relation=None)
    of_owner = await shown(world, member(world.stage.shop.world, 0), "RedemptionLine")
    assert of_owner["maskedCode"]
    assert not any(granted("RedemptionLine", field, stranger) for field in of_owner)
