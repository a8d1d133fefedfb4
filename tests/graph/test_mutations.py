"""Mutations through the schema: what they change, what they refuse, and what a repeated key answers."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from api.graph.ids import Tag
from domain.access.principals import Actor, Scope
from domain.kernel.ids import new_id
from tests.building import build_world
from tests.graph.asking import Asker, admin, key, listening, member, opaque

REFUSAL = "... on Refusal { code text retryable french: text(locale: FR) }"


@pytest.fixture(scope="module")
async def asker(database: str) -> AsyncIterator[Asker]:
    heard: list[str] = []
    opened = await listening(database, heard)
    yield Asker.over(await build_world(opened), heard)
    await opened.close()


@pytest.fixture(scope="module")
def boss() -> Actor:
    return admin()


async def change(asker: Asker, actor: Actor, name: str, fields: str, /, **asked: Any) -> Mapping[str, Any]:
    """The result of one mutation: of its success the fields, of any refusal the common ones."""
    upper = name[0].upper() + name[1:]
    document = (
        f"mutation($input: {upper}Input!) {{ {name}(input: $input) {{"
        f" __typename ... on {upper}Success {{ {fields} }} {REFUSAL} }} }}"
    )
    return (await asker.ask(actor, document, input=asked))[name]


async def launched(asker: Asker, boss: Actor, code: str) -> str:
    """A live program of 100 points a deal, made through the API only."""
    made = await change(
        asker,
        boss,
        "createProgram",
        "program { id state name(locale: FR) }",
        idempotencyKey=f"make-{code}",
        code=code,
        name={"en": "A program", "fr": "Un programme"},
        audience="EVERYONE",
        startsAt="2026-01-01T00:00:00Z",
        objective={"metric": "deals.won", "baseline": 10, "target": 20, "dueAt": "2026-12-31T00:00:00Z"},
    )
    assert made["program"]["name"] == "Un programme"
    program = made["program"]["id"]
    document = {
        "unit": "POINTS",
        "zone": "UTC",
        "rules": [{"code": "won", "trigger": "deal.won", "effect": {"kind": "FIXED", "amount": 100}}],
    }
    terms = await change(
        asker,
        boss,
        "publishTerms",
        "terms { version }",
        idempotencyKey=f"t-{code}",
        programId=program,
        document=document,
    )
    assert terms["terms"] == {"version": 1}
    funded = await change(
        asker,
        boss,
        "fundBudget",
        "program { budget { balance } }",
        idempotencyKey=f"f-{code}",
        programId=program,
        amount=1_000,
        reason="start",
    )
    assert funded["program"]["budget"] == {"balance": 1_000}
    live = await change(
        asker,
        boss,
        "changeProgramState",
        "program { state }",
        idempotencyKey=f"l-{code}",
        programId=program,
        action="LAUNCH",
    )
    assert live["program"] == {"state": "LIVE"}
    return program


def won(asker: Asker, external_id: str, number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "externalId": external_id,
        "type": "deal.won",
        "occurredAt": "2026-02-01T10:00:00+01:00",
        "memberId": opaque(Tag.MEMBER, asker.world.members[number]),
        "amounts": [{"basis": "NET", "amount": 500, "unit": "USD"}],
    } | more


async def test_a_program_made_through_the_api_awards_an_activity_and_says_why(asker: Asker, boss: Actor) -> None:
    await launched(asker, boss, "first")
    machine = key(Scope.ACTIVITIES_WRITE, Scope.ACTIVITIES_READ, source_id=asker.world.source_id)
    fields = """recorded duplicates rejected results { externalId outcome refusal { code text }
        activity { externalId occurredAt awards { amount explanation { code text } } dues { outcome } } }"""
    items = [won(asker, "a1"), won(asker, "a2", type="nothing.known"), won(asker, "a3", memberId="someone")]
    answer = await change(asker, machine, "recordActivities", fields, items=items)
    assert (answer["recorded"], answer["rejected"]) == (1, 2)
    first, second, third = answer["results"]
    assert first["activity"]["occurredAt"] == "2026-02-01T09:00:00Z"
    assert first["activity"]["awards"][0]["amount"] == 100
    assert second["refusal"]["code"] == "UNKNOWN_ACTIVITY_TYPE"
    assert third["refusal"]["code"] == "UNKNOWN_MEMBER"
    again = await change(asker, machine, "recordActivities", fields, items=items[:1])
    assert (again["recorded"], again["duplicates"]) == (0, 1)
    reversed_ = await change(
        asker,
        machine,
        "reverseActivities",
        "reversed results { activity { state } }",
        externalIds=["a1"],
        reason="refund",
    )
    assert reversed_["reversed"] == 1
    assert reversed_["results"][0]["activity"]["state"] == "REVERSED"


@pytest.mark.parametrize("count", [0, 1_001])
async def test_a_batch_out_of_bounds_is_refused_whole(asker: Asker, boss: Actor, count: int) -> None:
    source = opaque(Tag.SOURCE, asker.world.source_id)
    items = [won(asker, f"b{number}") for number in range(count)]
    answer = await change(asker, boss, "recordActivities", "recorded", sourceId=source, items=items)
    assert answer["code"] == "INVALID_INPUT"


@pytest.mark.parametrize("attributes", [[], 0, "", False, [1]])
async def test_attributes_that_are_no_object_are_refused(asker: Asker, boss: Actor, attributes: object) -> None:
    source = opaque(Tag.SOURCE, asker.world.source_id)
    items = [won(asker, "shapeless", attributes=attributes)]
    answer = await change(asker, boss, "recordActivities", "recorded", sourceId=source, items=items)
    assert answer["code"] == "INVALID_INPUT"


async def test_the_same_key_answers_the_same_and_another_request_under_it_is_refused(asker: Asker, boss: Actor) -> None:
    program = await launched(asker, boss, "second")
    funding = {"idempotencyKey": "once", "programId": program, "amount": 5, "reason": "more"}
    fields = "program { budget { balance } }"
    for _ in range(2):
        answer = await change(asker, boss, "fundBudget", fields, **funding)
        assert answer["program"]["budget"] == {"balance": 1_005}
    other = await change(asker, boss, "fundBudget", fields, **(funding | {"amount": 6}))
    assert other["code"] == "KEY_REUSED"
    assert other["french"].startswith("La clé")
    less = await change(asker, boss, "fundBudget", fields, **(funding | {"idempotencyKey": "less", "amount": -9_999}))
    assert less["code"] == "BUDGET_EXCEEDED"


async def test_a_role_without_the_action_is_refused_and_the_denial_is_in_the_audit_log(
    asker: Asker, boss: Actor
) -> None:
    rep = member(asker.world, 0)
    wanted = {"idempotencyKey": "k", "programId": opaque(Tag.PROGRAM, new_id()), "amount": 5, "reason": "mine"}
    answer = await change(asker, rep, "fundBudget", "program { id }", **wanted)
    assert (answer["__typename"], answer["retryable"]) == ("NotAllowed", False)
    told = await asker.ask(boss, "{ auditLog(first: 1) { edges { node { action facts } } } }")
    assert told["auditLog"]["edges"][0]["node"]["action"] == "authz_fail"


async def test_an_unknown_program_is_not_found_by_the_id_that_was_sent(asker: Asker, boss: Actor) -> None:
    unknown = opaque(Tag.PROGRAM, new_id())
    document = """mutation($input: FundBudgetInput!) {
      fundBudget(input: $input) { __typename ... on NotFound { kind id } } }"""
    wanted = {"idempotencyKey": "nf", "programId": unknown, "amount": 5, "reason": "x"}
    answer = await asker.ask(boss, document, input=wanted)
    assert answer["fundBudget"] == {"__typename": "NotFound", "kind": "program", "id": unknown}


async def test_people_are_registered_enrolled_and_consent(asker: Asker, boss: Actor) -> None:
    source = opaque(Tag.SOURCE, asker.world.source_id)
    firms = await change(
        asker,
        boss,
        "registerPartners",
        "registered refused results { outcome refusal { code } partner { id name } }",
        sourceId=source,
        items=[{"externalId": "p9", "name": "Ninth", "types": ["VAR"]}, {"externalId": "", "name": "x"}],
    )
    assert (firms["registered"], firms["refused"]) == (1, 1)
    people = await change(
        asker,
        boss,
        "registerMembers",
        "registered results { member { id name partner { name } } }",
        sourceId=source,
        items=[{"externalId": "m9", "name": "Nina", "partnerExternalId": "p9", "locale": "FR"}],
    )
    nina = people["results"][0]["member"]
    assert nina["partner"] == {"name": "Ninth"}
    program = await launched(asker, boss, "third")
    enrolled = await change(
        asker,
        boss,
        "enroll",
        "enrollment { id state member { name } program { code } }",
        idempotencyKey="e1",
        programId=program,
        memberId=nina["id"],
    )
    assert enrolled["enrollment"]["state"] == "ACTIVE"
    twice = await change(
        asker, boss, "enroll", "enrollment { id }", idempotencyKey="e2", programId=program, memberId=nina["id"]
    )
    assert twice["code"] == "ALREADY_ENROLLED"


async def test_a_key_is_shown_once_and_can_be_revoked(asker: Asker, boss: Actor) -> None:
    wanted = {"idempotencyKey": "key", "name": "CRM", "scopes": ["ACTIVITIES_WRITE"]}
    made = await change(asker, boss, "createApiKey", "secret apiKey { id prefix scopes }", **wanted)
    assert made["secret"].startswith(made["apiKey"]["prefix"])
    again = await change(asker, boss, "createApiKey", "secret apiKey { id }", **wanted)
    assert (again["secret"], again["apiKey"]["id"]) == (None, made["apiKey"]["id"])
    ended = await change(asker, boss, "revokeApiKey", "apiKey { revokedAt }", apiKeyId=made["apiKey"]["id"])
    assert ended["apiKey"]["revokedAt"] is not None


async def test_a_board_a_source_and_a_type_are_defined_and_the_clock_moves_in_a_sandbox(
    asker: Asker, boss: Actor
) -> None:
    board = await change(
        asker,
        boss,
        "createLeaderboard",
        "leaderboard { code operator name(locale: FR) }",
        idempotencyKey="b",
        code="deals",
        name={"en": "Deals", "fr": "Affaires"},
        metric={"event": "activity", "type": "deal.won", "value": {"count": True}},
        operator="COUNT",
    )
    assert board["leaderboard"] == {"code": "deals", "operator": "COUNT", "name": "Affaires"}
    source = await change(
        asker, boss, "defineSource", "source { code backfill }", code="lms", name="LMS", backfill=True
    )
    assert source["source"] == {"code": "lms", "backfill": True}
    kind = await change(
        asker,
        boss,
        "defineActivityType",
        "activityType { code name }",
        code="course.passed",
        name={"en": "Course passed"},
        declaration={"attributes": [], "amounts": []},
    )
    assert kind["activityType"] == {"code": "course.passed", "name": "Course passed"}
    before = (await asker.ask(boss, "{ now }"))["now"]
    moved = await change(asker, boss, "advanceClock", "now", seconds=3_600)
    assert moved["now"] > before
    assert (await change(asker, boss, "advanceClock", "now", seconds=0))["code"] == "INVALID_INPUT"


async def test_a_rep_leaves_the_boards_and_comes_back(asker: Asker) -> None:
    rep = member(asker.world, 1)
    for visible in (False, True):
        answer = await change(asker, rep, "setBoardVisibility", "member { onBoards }", visible=visible)
        assert answer["member"] == {"onBoards": visible}


async def test_the_largest_page_knows_that_another_follows(asker: Asker, boss: Actor) -> None:
    source = opaque(Tag.SOURCE, asker.world.source_id)
    items = [won(asker, f"many{number:03}", occurredAt="2025-02-01T10:00:00Z") for number in range(101)]
    assert (await change(asker, boss, "recordActivities", "recorded", sourceId=source, items=items))["recorded"] == 101
    document = """query($first: Int!) { activities(first: $first, filter: {from: "2025-01-01T00:00:00Z",
        until: "2025-12-31T00:00:00Z"}) { edges { cursor } pageInfo { hasNextPage } } }"""
    page = (await asker.ask(boss, document, first=100))["activities"]
    assert (len(page["edges"]), page["pageInfo"]["hasNextPage"]) == (100, True)


async def test_points_are_adjusted_by_hand_with_the_reason_shown(asker: Asker, boss: Actor) -> None:
    world = asker.world
    program_id, member_id = await world.launch({"effect": {"kind": "FIXED", "amount": 5}}, budget=100), world.members[2]
    whom = {
        "memberId": opaque(Tag.MEMBER, member_id),
        "programId": opaque(Tag.PROGRAM, program_id),
        "reason": "Helped at the fair",
    }
    shown = "activity { type dues { granted explanation { code text } } } wallet { available }"
    given = await change(asker, boss, "adjustPoints", shown, idempotencyKey="a1", amount=60, **whom)
    assert given["activity"]["dues"][0]["explanation"][0]["text"] == "60 POINTS by hand: Helped at the fair"
    taken = await change(asker, boss, "adjustPoints", shown, idempotencyKey="a2", amount=-20, **whom)
    assert given["wallet"]["available"] - taken["wallet"]["available"] == 20
    short = await change(asker, boss, "adjustPoints", shown, idempotencyKey="a3", amount=61, **whom)
    assert short["code"] == "BUDGET_SHORT"
    denied = await change(asker, member(world, 2), "adjustPoints", shown, idempotencyKey="a4", amount=1, **whom)
    assert denied["code"] == "NOT_ALLOWED"
