"""The program builder as a channel manager uses it: form, draft, schedule, launch, pause, copy; and who may not."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag
from domain.access.admitting import Invitation, assign_portfolio_in, link_account_in
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.clock import advance_clock_in
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.partners.facts import FactKind, NewFact, SubjectKind
from domain.programs.audience import AudienceRule
from domain.programs.moving import move_due
from domain.programs.templates.registry import TEMPLATES
from tests.building import START, World, build_world, deal
from tests.graph.asking import Asker, admin, listening, member, opaque
from tests.graph.test_mutations import change

OBJECTIVE = {"metric": "deals.won", "baseline": 10, "target": 20, "dueAt": "2034-03-31T22:00:00Z"}
QUARTER = {"startsAt": "2033-12-31T23:00:00Z", "endsAt": "2034-03-31T22:00:00Z"}
FIXED = {"effect": {"kind": "FIXED", "amount": 100}}
PROGRAM = "program { id state availableActions startsAt endsAt objective { dueAt target } templateValues }"
DUES = "query($id: ID!) { node(id: $id) { ... on Activity { dues { due explanation { code text(locale: FR) } } } } }"
DIFF = """query($a: ID!, $b: ID!) { termsDiff(from: $a, to: $b) { path before after text french: text(locale: FR) } }"""


@pytest.fixture(scope="module")
async def asker(database: str) -> AsyncIterator[Asker]:
    opened = await listening(database, [])
    yield Asker.over(await build_world(opened), [])
    await opened.close()


async def manager(world: World, *partner_ids: UUID) -> Actor:
    """A channel manager with this portfolio; without any, of every partner."""

    async def work(op: Operation) -> UUID:
        invitation = Invitation(issuer="test", subject=str(new_id()), role=Role.CHANNEL_MANAGER, name="Hélène")
        account_id = await link_account_in(op, SYSTEM, invitation)
        await assign_portfolio_in(op, account_id, partner_ids or None)
        return account_id

    return Actor(principal_id=await world.door.operate(SYSTEM, work), role=Role.CHANNEL_MANAGER)


def key(name: str) -> dict[str, str]:
    return {"idempotencyKey": name}


async def moved(asker: Asker, actor: Actor, program_id: str, action: str) -> Mapping[str, Any]:
    """The program after the move, or the refusal."""
    asked = key(str(new_id())) | {"programId": program_id, "action": action}
    answer = await change(asker, actor, "changeProgramState", PROGRAM, **asked)
    return answer.get("program") or answer


async def explained(asker: Asker, external_id: str) -> list[tuple[int, str]]:
    """Of each due of the activity its amount and, where that is nothing, the code that says why."""
    found = await asker.world.database.fetchval("SELECT id FROM activity WHERE external_id = $1", external_id)
    data = await asker.ask(admin(), DUES, id=opaque(Tag.ACTIVITY, found))
    dues = data["node"]["dues"]
    return [(due["due"], "" if due["due"] else due["explanation"][-1]["code"]) for due in dues]


async def clock(world: World) -> datetime:
    return await world.database.fetchval("SELECT guerdon_now()")


async def wait_until(world: World, instant: datetime) -> None:
    """The deployment's clock shows this instant."""
    step = instant - await clock(world)
    await world.door.operate(SYSTEM, lambda op: advance_clock_in(op.sql, step))


def since_start(instant: datetime) -> float:
    """Days from the world's start."""
    return (instant - START) / timedelta(days=1)


async def test_what_occurs_in_a_pause_earns_nothing_and_says_so_whenever_it_is_reported(asker: Asker) -> None:
    world, boss = asker.world, await manager(asker.world)
    before = await clock(world)
    launched = await world.launch(FIXED, code="paused", starts_at=before - timedelta(days=2))
    program = opaque(Tag.PROGRAM, launched)
    outsider = await manager(world, world.partners[1])
    assert (await moved(asker, outsider, program, "PAUSE"))["code"] == "NOT_FOUND"
    paused = await moved(asker, boss, program, "PAUSE")
    assert (paused["state"], paused["availableActions"]) == ("PAUSED", ["RESUME", "END"])
    await wait_until(world, before + timedelta(hours=2))
    within = since_start(before + timedelta(hours=1))
    await world.record(deal("in-pause", world.members[0], days=within))
    await world.record(deal("before-pause", world.members[0], days=since_start(before) - 1))
    assert (await moved(asker, boss, program, "RESUME"))["state"] == "LIVE"
    await world.record(deal("reported-late", world.members[0], days=within))
    await wait_until(world, before + timedelta(hours=4))
    await world.record(deal("after-pause", world.members[0], days=since_start(before + timedelta(hours=3))))
    assert await explained(asker, "in-pause") == [(0, "PROGRAM_PAUSED")]
    assert await explained(asker, "before-pause") == [(100, "")]
    assert await explained(asker, "reported-late") == [(0, "PROGRAM_PAUSED")]
    assert await explained(asker, "after-pause") == [(100, "")]
    pauses = "query($id: ID!) { program(id: $id) { pauses { pausedAt resumedAt } availableActions } }"
    seen = (await asker.ask(member(world, 0), pauses, id=program))["program"]
    assert len(seen["pauses"]) == 1
    assert seen["availableActions"] is None
    ended = await moved(asker, boss, program, "END")
    assert (ended["state"], ended["availableActions"]) == ("ENDED", [])
    early = await moved(asker, boss, program, "ARCHIVE")
    assert early["code"] == "PROGRAM_NOT_SETTLED"
    assert early["retryable"]
    await wait_until(world, before + timedelta(days=11))
    assert (await moved(asker, boss, program, "ARCHIVE"))["state"] == "ARCHIVED"
    assert (await asker.ask(member(world, 0), pauses, id=program))["program"] is None
    assert await move_due(world.door) == 0


async def test_a_program_is_for_the_tiers_it_names_as_of_the_activity_and_for_no_other_country(asker: Asker) -> None:
    world = asker.world
    gold = AudienceRule(tiers=("gold",))
    abroad = await world.launch(FIXED, code="abroad", audience_rule=AudienceRule(countries=("FR",), tiers=("gold",)))
    tiered = await world.launch(FIXED, code="tiered", audience_rule=gold)

    def tier(number: int) -> NewFact:
        return NewFact(
            subject_kind=SubjectKind.PARTNER,
            subject_id=world.partners[number],
            kind=FactKind.TIER,
            value={"value": "gold"},
            valid_from=START - timedelta(days=9),
        )

    await world.know(tier(0))
    await world.catch_up()
    await world.record(deal("gold", world.members[0], days=1), deal("none", world.members[1], days=1))
    assert await explained(asker, "gold") == [(100, "")]
    assert await explained(asker, "none") == [(0, "AUDIENCE_OTHER")]
    await world.know(tier(1))
    await world.catch_up()
    assert await explained(asker, "none") == [(100, "")]
    await world.database.fetch("UPDATE partner SET country = 'FR' WHERE id = $1", world.partners[0])
    await world.record(deal("french", world.members[0], days=2), deal("other", world.members[1], days=2))
    assert [len(await explained(asker, name)) for name in ("french", "other")] == [2, 1]
    shown = "query($id: ID!) { program(id: $id) { audience audienceRule { types countries tiers segments } } }"
    seen = await asker.ask(member(world, 0), shown, id=opaque(Tag.PROGRAM, abroad))
    assert seen["program"]["audienceRule"] == {"types": [], "countries": ["FR"], "tiers": ["gold"], "segments": []}
    for program_id in (abroad, tiered):
        await moved(asker, admin(), opaque(Tag.PROGRAM, program_id), "END")


async def test_what_cannot_be_is_refused_with_the_field_that_says_it(asker: Asker) -> None:
    fields, boss = "program { id }", await manager(asker.world)
    whole = {"code": "odd", "name": {"en": "Odd"}, "startsAt": "2026-01-01T00:00:00Z"}
    for number, (part, path) in enumerate(
        (
            ({"objective": OBJECTIVE | {"metric": "Deals won"}}, "objective.metric"),
            ({"objective": OBJECTIVE | {"target": 10}}, "objective.target"),
            ({"objective": OBJECTIVE | {"dueAt": "2025-01-01T00:00:00Z"}}, "objective.dueAt"),
            ({"objective": OBJECTIVE | {"expectedImpact": "x" * 501}}, "objective.expectedImpact"),
            ({"objective": OBJECTIVE | {"unit": "points"}}, "objective.unit"),
            ({"audienceRule": {"countries": ["France"]}}, "audienceRule.countries"),
            ({"audienceRule": {"tiers": [f"t{n}" for n in range(101)]}}, "audienceRule.tiers"),
        )
    ):
        asked = key(f"odd-{number}") | whole | part
        answer = await change(asker, boss, "createProgram", f"{fields} }} ... on InvalidInput {{ field", **asked)
        assert answer["field"] == path
    made = await change(asker, boss, "createProgram", fields, **key("plain"), **whole)
    plain = made["program"]["id"]
    asked = {"programId": plain, "values": {"amount": 1}}
    assert (await change(asker, boss, "reviseDraft", fields, **key("no-form"), **asked))["code"] == "INVALID_INPUT"
    assert (await change(asker, boss, "copyProgram", fields, **key("no-end"), programId=plain, code="y"))[
        "code"
    ] == "INVALID_INPUT"
    past = await change(asker, boss, "reviseDraft", fields, **key("objective"), programId=plain, objective=OBJECTIVE)
    assert past["program"]["id"] == plain
    assert (await moved(asker, boss, plain, "LAUNCH"))["code"] == "PROGRAM_HAS_NO_TERMS"
    assert (await moved(asker, boss, plain, "SCHEDULE"))["code"] == "INVALID_INPUT"
    unknown = {"template": "nothing", "values": {}, "code": "z", "startsAt": "2026-01-01T00:00:00Z"}
    assert (await change(asker, boss, "instantiateTemplate", fields, **key("none"), **unknown))["code"] == "NOT_FOUND"
    assert (await change(asker, member(asker.world, 0), "instantiateTemplate", fields, **key("m"), **unknown))[
        "code"
    ] == "NOT_ALLOWED"


async def test_every_template_is_offered_with_its_form_in_both_languages(asker: Asker) -> None:
    query = """{ programTemplates { code row defaultUnit audience name(locale: FR) sentence(locale: FR)
        fields { name kind isRequired default minimum maximum label(locale: FR) help choices { code label } } } }"""
    offered = (await asker.ask(await manager(asker.world), query))["programTemplates"]
    assert len(offered) == len(TEMPLATES)
    assert offered[0]["name"] == "SPIFF produit"
    assert offered[0]["fields"][2]["kind"] == "AMOUNT"
    denied = await asker.result(member(asker.world, 0), query)
    assert denied.errors


async def test_a_manager_fills_in_a_form_changes_it_schedules_it_and_time_launches_it(asker: Asker) -> None:
    world = asker.world
    boss, outsider = await manager(world), await manager(world, world.partners[1])
    form = {"template": "spiff", "code": "q1", "zone": "Europe/Paris"} | QUARTER
    fields = f"{PROGRAM} terms {{ id version sentence french: sentence(locale: FR) }}"
    wrong = await change(
        asker,
        boss,
        "instantiateTemplate",
        f"{fields} }} ... on TemplateRefused {{ problems",
        **key("t0"),
        **form,
        values={"amount_per_unit": 0, "colour": 1},
    )
    assert [problem["path"] for problem in wrong["problems"]] == ["colour", "amount_per_unit"]
    values = {"amount_per_unit": 250, "trigger": "deal.won"}
    made = await change(asker, boss, "instantiateTemplate", fields, **key("t1"), **form, values=values)
    program = made["program"]
    assert (program["state"], program["availableActions"]) == ("DRAFT", ["SCHEDULE", "LAUNCH"])
    assert made["terms"]["sentence"].startswith("“deal.won” earns 250 POINTS for every unit, to the participant.")
    assert made["terms"]["french"].startswith("«\u202fdeal.won\u202f» rapporte 250 POINTS par unité")

    refused = await moved(asker, boss, program["id"], "LAUNCH")
    assert (refused["code"], refused["french"][:16]) == ("PROGRAM_HAS_NO_OBJECTIVE", "Le programme ne ")
    assert (await moved(asker, boss, program["id"], "SCHEDULE"))["code"] == "PROGRAM_HAS_NO_OBJECTIVE"
    revision = {"programId": program["id"], "values": {"product": "GTX Basic"}, "objective": OBJECTIVE}
    assert (await change(asker, outsider, "reviseDraft", fields, **key("r0"), **revision))["code"] == "NOT_FOUND"
    revised = await change(asker, boss, "reviseDraft", fields, **key("r1"), **revision)
    assert revised["program"]["templateValues"] == values | {"product": "GTX Basic"}
    assert "if product is “GTX Basic”" in revised["terms"]["sentence"]
    (found,) = (await asker.ask(boss, DIFF, a=made["terms"]["id"], b=revised["terms"]["id"]))["termsDiff"]
    assert found["path"] == "rules[spiff].condition"
    assert found["text"] == 'The condition of rule “spiff” is new: activity.product == "GTX Basic".'

    scheduled = await moved(asker, boss, program["id"], "SCHEDULE")
    assert (scheduled["state"], scheduled["availableActions"]) == ("SCHEDULED", ["UNSCHEDULE"])
    assert (await moved(asker, outsider, program["id"], "UNSCHEDULE"))["code"] == "NOT_FOUND"
    assert (await moved(asker, boss, program["id"], "UNSCHEDULE"))["state"] == "DRAFT"
    assert (await moved(asker, boss, program["id"], "SCHEDULE"))["state"] == "SCHEDULED"
    assert (await change(asker, boss, "reviseDraft", fields, **key("r2"), **revision))["code"] == "PROGRAM_NOT_IN_STATE"
    await change(asker, boss, "fundBudget", PROGRAM, **key("f"), programId=program["id"], amount=10_000, reason="Q1")
    assert await move_due(world.door) == 0
    start = datetime.fromisoformat(QUARTER["startsAt"])
    await wait_until(world, start + timedelta(days=2))
    # Nobody has moved it yet, and what occurs earns all the same: time waits for no worker.
    await world.record(deal("q1-early", world.members[0], quantity=2, days=since_start(start + timedelta(days=1))))
    assert await explained(asker, "q1-early") == [(500, "")]
    assert (await move_due(world.door), await move_due(world.door)) == (1, 0)
    assert (await moved(asker, boss, program["id"], "LAUNCH"))["code"] == "PROGRAM_NOT_IN_STATE"
    asked = {"programId": program["id"], "code": "q2"}
    assert (await change(asker, outsider, "copyProgram", PROGRAM, **key("c0"), **asked))["code"] == "NOT_FOUND"
    copied = (await change(asker, boss, "copyProgram", PROGRAM, **key("c"), **asked))["program"]
    assert (copied["state"], copied["startsAt"], copied["endsAt"], copied["objective"]["dueAt"]) == (
        "DRAFT",
        "2034-03-31T22:00:00Z",
        "2034-06-30T22:00:00Z",
        "2034-06-30T22:00:00Z",
    )
    assert copied["templateValues"] == values | {"product": "GTX Basic"}
    await wait_until(world, datetime.fromisoformat(QUARTER["endsAt"]) + timedelta(minutes=1))
    assert await move_due(world.door) == 1
    state = "query($id: ID!) { program(id: $id) { state } }"
    assert (await asker.ask(boss, state, id=program["id"]))["program"] == {"state": "ENDED"}
