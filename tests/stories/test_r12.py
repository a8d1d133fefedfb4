"""R12, tiers with deliberately unequal incentives: quarterly evaluation, grace, overrides, and what late sales do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.graph.ids import Tag, encode_id
from domain.access.principals import Role
from domain.activities.activity import ActivityReversal
from domain.earning import topping_up
from domain.earning.qualifying import evaluate_due
from domain.earning.reporting import workflow_source_in
from domain.partners.facts import NewFact, SubjectKind
from tests.building import deal
from tests.stories.teller import STEPS_MAX, Teller

TIERS: Mapping[str, Any] = {
    "zone": "UTC",
    "evaluate": "QUARTER",
    "look_back_months": 3,
    "grace_days": 30,
    "at_risk_days": 14,
    "metrics": {
        "sold": {"kind": "AMOUNT", "types": ["deal.won"], "basis": "NET", "unit": "USD"},
        "managed": {"kind": "FACT", "fact": "managed"},
        "certified": {"kind": "HOLDERS", "fact": "certificate"},
    },
    "tiers": [
        {"code": "silver", "name": {"en": "Silver", "fr": "Argent"}, "needs": {"sold": 100_000}},
        {
            "code": "gold",
            "name": {"en": "Gold", "fr": "Or"},
            "needs": {"sold": 500_000, "managed": 3, "certified": 1},
            "keeps": {"sold": 300_000, "managed": 3, "certified": 1},
        },
    ],
    "top_up": {"kind": "AMOUNT", "types": ["deal.won"], "basis": "NET", "unit": "USD"},
}
# Points for every 100.00 USD, by the tier on the day of the sale; the difference where a late sale shows it was higher.
RATES: Sequence[Mapping[str, Any]] = (
    {"code": "plain", "condition": 'partner.tier == ""', "effect": {"kind": "PER_UNIT", "amount": 1, "per": 10_000}},
    {
        "code": "silver",
        "condition": 'partner.tier == "silver"',
        "effect": {"kind": "PER_UNIT", "amount": 2, "per": 10_000},
    },
    {
        "code": "gold",
        "condition": 'partner.tier == "gold"',
        "effect": {"kind": "PER_UNIT", "amount": 4, "per": 10_000},
    },
    {
        "code": "top-up",
        "trigger": "tier.top_up",
        "subject": "PARTNER",
        "condition": 'activity.deserved == "silver"',
        "effect": {"kind": "PER_UNIT", "amount": 1, "per": 10_000},
    },
)
STANDING = """tiers(first: 20) { edges { node {
    tier state reason note validFrom validUntil graceEndsAt overrideEndsAt tierSet { code } } } }"""
PROGRESS = """tierProgress { tier nextTier state keepsTier evaluatesAt
    metrics { metric value unit stayAt missingToStay riseAt missingToRise } }"""


async def launched(teller: Teller) -> str:
    """The manager defines the tiers, a program pays by them; answers the set's id. The first evaluation has been."""
    world = teller.world
    await world.door.operate(world.actor, lambda op: workflow_source_in(op, topping_up.WORKFLOW))
    rules = [{"basis_unit": "USD", **rule} for rule in RATES]
    empty = {"type": "STRING", "default": ""}
    await world.launch(*rules, partner_facts={"tier": empty}, attributes={"deserved": empty})
    made = await teller.does(
        "manager",
        "defineTierSet",
        "tierSet { id }",
        code="partners",
        name={"en": "Partner tiers", "fr": "Niveaux"},
        document=TIERS,
    )
    await evaluated(teller)
    return made["tierSet"]["id"]


async def evaluated(teller: Teller) -> None:
    """The worker has evaluated all that is due."""
    for _ in range(STEPS_MAX):
        if not await evaluate_due(teller.world.door, teller.world.knowledge):
            return


async def until_evaluation(teller: Teller, set_id: str, **back: int) -> datetime:
    """The clock stands an hour after the next evaluation (or as much before it as said); answers that evaluation."""
    document = "query($id: ID!) { now tierSet(id: $id) { evaluatesAt } }"
    found = await teller.ask("manager", document, id=set_id)
    evaluates_at = datetime.fromisoformat(found["tierSet"]["evaluatesAt"])
    wanted = evaluates_at - timedelta(**back) if back else evaluates_at + timedelta(hours=1)
    ahead = int((wanted - datetime.fromisoformat(found["now"])).total_seconds())
    if ahead > 0:
        await teller.later(seconds=ahead)
    await evaluated(teller)
    return evaluates_at


async def sells(teller: Teller, member: int, dollars: int, at: datetime | None = None) -> str:
    """A deal is won now, or was won then; answers its external id."""
    number = f"deal-{next(teller.numbers)}"
    now = await teller.world.database.fetchval("SELECT guerdon_now()")
    won = deal(number, teller.world.members[member], dollars * 100)
    (result,) = (await teller.world.record(replace(won, occurred_at=at or now))).results
    assert result.refusal is None, result
    return number


async def knows(teller: Teller, kind: SubjectKind, subject: int, fact: str, value: Any) -> None:
    """Something is true of a partner or a member from now on."""
    world = teller.world
    subjects = world.partners if kind is SubjectKind.PARTNER else world.members
    now = await world.database.fetchval("SELECT guerdon_now()")
    told = NewFact(subject_kind=kind, subject_id=subjects[subject], kind=fact, value={"value": value}, valid_from=now)
    await world.know(told)


async def points(teller: Teller, who: str) -> int:
    """What this person is shown to have, available and pending."""
    wallets = (await teller.ask(who, "{ viewer { wallets { available pending } } }"))["viewer"]["wallets"]
    return sum(wallet["available"] + wallet["pending"] for wallet in wallets)


async def partner_shown(teller: Teller, who: str, partner: int, fields: str) -> Any:
    """What this person is shown of the partner; None where they may not see it."""
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on Partner {{ {fields} }} }} }}"
    return (await teller.ask(who, document, id=encode_id(Tag.PARTNER, teller.world.partners[partner])))["node"]


async def spans(teller: Teller, who: str, partner: int) -> list[Mapping[str, Any]]:
    """The partner's memberships, newest first."""
    return [edge["node"] for edge in (await partner_shown(teller, who, partner, STANDING))["tiers"]["edges"]]


async def told_of(teller: Teller, name: str) -> list[Mapping[str, Any]]:
    """The payloads of the events of this name, in order."""
    rows = await teller.world.database.fetch("SELECT payload FROM outbox WHERE name = $1 ORDER BY id", name)
    return [row["payload"] for row in rows]


async def test_a_late_sale_cuts_no_tier_of_the_past_and_is_topped_up_at_the_close(teller: Teller) -> None:
    set_id = await launched(teller)
    await sells(teller, 0, 600)
    lost = await sells(teller, 1, 1_500)
    first = await until_evaluation(teller, set_id)
    assert [(one["tier"], one["state"]) for one in await spans(teller, "manager", 0)] == [(None, "QUALIFYING")]
    assert (await spans(teller, "rep1", 1))[0]["tier"] == "silver"
    await sells(teller, 0, 500)
    await sells(teller, 1, 500)
    assert (await points(teller, "rep0"), await points(teller, "rep1")) == (6 + 5, 15 + 10)
    # A sale of the closed quarter becomes known: with it the first firm had been silver all the time.
    await sells(teller, 0, 500, at=first - timedelta(days=1))
    # The other firm's big sale is taken back: without it, it had not been silver at all.
    await teller.world.correct(ActivityReversal(external_id=lost, reason="refunded"))
    await teller.world.catch_up()
    assert (await points(teller, "rep0"), await points(teller, "rep1")) == (6 + 5 + 5, 10)
    assert (await spans(teller, "rep1", 1))[0]["tier"] == "silver"
    await until_evaluation(teller, set_id)
    wallets = await partner_shown(teller, "manager", 0, "wallets { available pending }")
    assert wallets == {"wallets": [{"available": 5, "pending": 0}]}
    assert [one["tier"] for one in await spans(teller, "manager", 0)] == [None]
    before = [one for one in await spans(teller, "manager", 1) if one["validUntil"] is not None]
    assert [(one["tier"], one["state"]) for one in before] == [("silver", "ACTIVE"), (None, "QUALIFYING")]
    assert (await points(teller, "rep0"), await points(teller, "rep1")) == (16, 10)


async def test_a_tier_that_is_set_by_hand_ends_by_itself_and_says_why(teller: Teller) -> None:
    set_id = await launched(teller)
    await teller.person("boss0", Role.PARTNER_ADMIN, 2)
    partner = {"tierSetId": set_id, "partnerId": encode_id(Tag.PARTNER, teller.world.partners[0])}
    now = datetime.fromisoformat((await teller.ask("manager", "{ now }"))["now"])
    good = partner | {"tier": "gold", "reason": "a strategic launch", "until": (now + timedelta(days=20)).isoformat()}

    async def refused(who: str, **other: Any) -> str:
        said = await teller.says(who, "overrideTier", "partner { id }", idempotencyKey=teller.key(), **good | other)
        return said["code"]

    assert await refused("rep0") == "NOT_ALLOWED"
    assert await refused("manager", until=now.isoformat()) == "INVALID_INPUT"
    assert await refused("manager", until=(now + timedelta(days=733)).isoformat()) == "INVALID_INPUT"
    assert await refused("manager", reason=" ") == "INVALID_INPUT"
    assert await refused("manager", tier="platinum") == "TIER_UNKNOWN"
    await teller.does("manager", "overrideTier", "partner { id }", **good)
    await sells(teller, 0, 100)
    assert await points(teller, "rep0") == 4
    (held, *_) = await spans(teller, "boss0", 0)
    assert (held["tier"], held["reason"], held["note"]) == ("gold", "OVERRIDE", "a strategic launch")
    assert datetime.fromisoformat(held["overrideEndsAt"]) == now + timedelta(days=20)
    (seen, *_) = await spans(teller, "rep0", 0)
    assert (seen["tier"], seen["note"]) == ("gold", None)
    await teller.later(days=21)
    # The tier is over at its instant, whether or not the worker has looked.
    await sells(teller, 0, 100)
    assert await points(teller, "rep0") == 4 + 1
    await evaluated(teller)
    (after, former, *_) = await spans(teller, "manager", 0)
    assert (after["tier"], after["reason"]) == (None, "OVERRIDE_ENDED")
    assert after["validFrom"] == former["validUntil"] == former["overrideEndsAt"]
    # Taken back before its time: the metrics decide at once.
    await teller.does(
        "manager", "overrideTier", "partner { id }", **good | {"until": (now + timedelta(days=60)).isoformat()}
    )
    await teller.does("manager", "endTierOverride", "partner { id }", **partner)
    assert (await spans(teller, "manager", 0))[0]["tier"] is None
    again = await teller.says("manager", "endTierOverride", "partner { id }", idempotencyKey="again", **partner)
    assert again["code"] == "NOT_FOUND"
    log = await teller.ask("admin", "{ auditLog(first: 20) { edges { node { action } } } }")
    actions = [edge["node"]["action"] for edge in log["auditLog"]["edges"]]
    assert (actions.count("overrideTier"), actions.count("endTierOverride")) == (2, 1)


async def test_a_partner_sees_what_it_needs_to_stay_and_to_rise(teller: Teller) -> None:
    set_id = await launched(teller)
    await teller.person("boss0", Role.PARTNER_ADMIN, 2)
    await teller.person("boss1", Role.PARTNER_ADMIN, 3)
    await sells(teller, 0, 6_000)
    await knows(teller, SubjectKind.PARTNER, 0, "managed", 4)
    await knows(teller, SubjectKind.MEMBER, 2, "certificate", "basic")
    await until_evaluation(teller, set_id)
    await sells(teller, 0, 1_200)
    shown = (await partner_shown(teller, "boss0", 0, PROGRESS))["tierProgress"]
    (progress,) = shown
    assert (progress["tier"], progress["nextTier"], progress["state"]) == ("gold", None, "ACTIVE")
    assert not progress["keepsTier"]
    stays = [(one["metric"], one["value"], one["stayAt"], one["missingToStay"]) for one in progress["metrics"]]
    assert stays == [("sold", 120_000, 300_000, 180_000), ("managed", 4, 3, 0), ("certified", 1, 1, 0)]
    (other,) = (await partner_shown(teller, "boss1", 1, PROGRESS))["tierProgress"]
    rises = [(one["metric"], one["riseAt"], one["missingToRise"], one["stayAt"]) for one in other["metrics"]]
    assert (other["tier"], other["nextTier"]) == (None, "silver")
    assert rises == [("sold", 100_000, 100_000, None), ("managed", None, None, None), ("certified", None, None, None)]
    assert (await partner_shown(teller, "manager", 0, PROGRESS))["tierProgress"] == shown
    assert (await partner_shown(teller, "rep0", 0, PROGRESS))["tierProgress"] is None
    assert await partner_shown(teller, "boss1", 0, PROGRESS) is None


async def test_every_change_of_a_tier_is_an_event_and_so_is_its_risk(teller: Teller) -> None:
    set_id = await launched(teller)
    await sells(teller, 0, 1_500)
    await until_evaluation(teller, set_id)
    await sells(teller, 0, 400)
    evaluates_at = await until_evaluation(teller, set_id, days=13)
    partner_id = str(teller.world.partners[0])
    (risk,) = await told_of(teller, "tier.at_risk")
    assert (risk["tier"], risk["missing"]) == ("silver", {"sold": 60_000})
    assert datetime.fromisoformat(risk["decides_at"]) == evaluates_at
    await evaluated(teller)
    assert len(await told_of(teller, "tier.at_risk")) == 1
    await until_evaluation(teller, set_id)
    (grace, *_) = await spans(teller, "rep0", 0)
    assert (grace["tier"], grace["state"], grace["reason"]) == ("silver", "GRACE", "BELOW")
    assert datetime.fromisoformat(grace["graceEndsAt"]) == evaluates_at + timedelta(days=30)
    assert len(await told_of(teller, "tier.at_risk")) == 2
    await sells(teller, 0, 100)
    await teller.later(days=31)
    await evaluated(teller)
    (fallen, *_) = await spans(teller, "rep0", 0)
    assert (fallen["tier"], fallen["state"], fallen["reason"]) == (None, "DOWNGRADED", "FELL")
    await until_evaluation(teller, set_id)
    rows = await teller.world.database.fetch(
        "SELECT payload FROM outbox WHERE name = 'tier.changed' AND partner_id = $1::uuid ORDER BY id", partner_id
    )
    moves = [(row["payload"]["from_tier"], row["payload"]["to_tier"], row["payload"]["to_state"]) for row in rows]
    assert moves == [
        (None, None, "QUALIFYING"),
        (None, "silver", "ACTIVE"),
        ("silver", "silver", "GRACE"),
        ("silver", None, "DOWNGRADED"),
        (None, None, "QUALIFYING"),
    ]


async def test_a_top_up_that_forgets_late_sales_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topping_up, "deserved", lambda *_: None)
    with pytest.raises(AssertionError):
        await test_a_late_sale_cuts_no_tier_of_the_past_and_is_topped_up_at_the_close(teller)
