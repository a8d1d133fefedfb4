"""P2: balances are a function of the set of revisions, whatever the order, repetition or delay of their arrival."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.earning.evaluation import Walk, walk
from domain.earning.tally import Tally
from domain.earning.unit import Unit
from domain.earning.views import ActivityView, Case
from domain.kernel.expressions import ConditionCache
from domain.kernel.money import Amount
from domain.kernel.money import Unit as ValueUnit
from domain.kernel.rates import Rate, Rates
from domain.programs.rules import Basis, Moment
from domain.programs.terms import Terms
from tests.laws.evaluation_world import Delivery, Walker, World

START = datetime(2017, 6, 28, tzinfo=UTC)
REPS, FIRM = (UUID(int=1), UUID(int=2)), UUID(int=100)
POINTS, USD = ValueUnit(code="POINTS", exponent=0), ValueUnit(code="USD", exponent=2)
RATES = Rates.of(
    [
        Rate.from_text("10", from_unit=USD, to_unit=POINTS, valid_from=START - timedelta(days=99)),
        Rate.from_text("0.1", from_unit=POINTS, to_unit=USD, valid_from=START - timedelta(days=99)),
        Rate.from_text("0.11", from_unit=POINTS, to_unit=USD, valid_from=START + timedelta(days=4)),
    ]
)
STACKING = {"group": "deals", "mode": "ADDITIVE", "ceiling_ppm": 120_000}
BRACKETS = [{"from": 0, "rate": 2}, {"from": 60_000, "rate": 5}, {"from": 150_000, "rate": 9}]
FIRST = {
    "unit": "POINTS",
    "zone": "Europe/Paris",
    "facts": {"tier": "STRING"},
    "rules": [
        {
            "code": "capped",
            "trigger": "deal.won",
            "condition": 'facts.tier == "GOLD" || activity.amount_net > 20000',
            "basis_unit": "USD",
            "effect": {"kind": "PERCENT", "ppm": 50_000},
            "period": "MONTH",
            "caps": [{"period": "DAY", "amount": 150}, {"period": "MONTH", "count": 5}],
            "cooldown_minutes": 120,
            "stacking": {**STACKING, "priority": 5},
            "beneficiaries": [{"to": "MEMBER", "share_ppm": 600_000}, {"to": "PARTNER"}],
        },
        {
            "code": "retroactive",
            "trigger": "deal.won",
            "basis_unit": "USD",
            "subject": "PARTNER",
            "period": "MONTH",
            "effect": {"kind": "BRACKETS", "mode": "RETROACTIVE", "per": 1_000, "brackets": BRACKETS},
        },
        {
            "code": "milestones",
            "trigger": "deal.won",
            "effect": {"kind": "MILESTONE", "milestones": [{"code": f"m{n}", "at": n, "amount": n} for n in (2, 4)]},
        },
    ],
}
SECOND = {
    "unit": "POINTS",
    "zone": "UTC",
    "rules": [
        {
            "code": "marginal",
            "trigger": "deal.won",
            "basis_unit": "USD",
            "condition": "tally.due_total < 900",
            "effect": {"kind": "BRACKETS", "per": 1_000, "brackets": BRACKETS},
            "stacking": {**STACKING, "mode": "BEST_OF", "priority": 1},
        },
        {
            "code": "paid",
            "trigger": "deal.won",
            "moment": "PAID",
            "effect": {"kind": "FIXED", "amount": 80},
            "stacking": {**STACKING, "mode": "BEST_OF", "priority": 9},
        },
        {
            "code": "kept",
            "trigger": "deal.won",
            "period": "WEEK",
            "effect": {"kind": "FIXED", "amount": 90},
            "discount": [{"above_ppm": 100_000, "keeps_ppm": 500_000}, {"above_ppm": 300_000, "keeps_ppm": 0}],
            "clawback": {"trigger": "deal.won", "moment": "PAID", "within_days": 2, "keeps_ppm": 200_000},
        },
        {
            "code": "awaited",
            "trigger": "deal.won",
            "period": "WEEK",
            "effect": {"kind": "FIXED", "amount": 70},
            "awaits": {"trigger": "deal.won", "moment": "PAID", "within_days": 3},
            "touch": {"mode": "LAST", "triggers": ["deal.won"]},
        },
    ],
    "shared_caps": [{"code": "both", "rules": ["kept", "awaited"], "period": "DAY", "amount": 100}],
}
TERMS = {UUID(int=7): FIRST, UUID(int=8): SECOND}


def revision(chance: random.Random, number: int) -> ActivityView:
    """A random content of activity `number`; instants collide on purpose."""
    occurred_at = START + timedelta(hours=chance.randrange(0, 150, 5))
    return ActivityView(
        id=UUID(int=1_000 + number),
        revision=1,
        source="crm",
        external_id=f"d{number}",
        type="deal.won",
        occurred_at=occurred_at,
        first_recorded_at=occurred_at,
        member_id=chance.choice(REPS),
        partner_id=FIRM,
        amounts=amounts(chance.randrange(1_000, 60_000), chance.choice([0, 20, 50])),
        deal_key=chance.choice(["a", "b", "c", None]),
        moment=chance.choice([Moment.BOOKED, Moment.PAID]),
    )


def amounts(net: int, discount: int) -> dict[Basis, Amount]:
    listed = Amount(minor=net * 100 // (100 - discount), unit="USD")
    return {Basis.NET: Amount(minor=net, unit="USD"), Basis.LIST: listed}


def deliveries(chance: random.Random) -> list[Delivery]:
    """Three to six activities, some corrected once or twice, some withdrawn in the end."""
    found: list[Delivery] = []
    for number in range(chance.randint(3, 6)):
        for version in range(1, chance.choice([1, 1, 1, 2, 3]) + 1):
            is_withdrawn = version > 1 and chance.random() < 0.3
            view = None if is_withdrawn else revision(chance, number)
            found.append(Delivery(id=UUID(int=1_000 + number), version=version, view=view))
    return found


def world_after(
    terms: dict[UUID, Terms], conditions: ConditionCache, given: list[Delivery], walker: Walker = walk
) -> World:
    world = World(terms=terms, rates=RATES, conditions=conditions, walker=walker)
    for delivery in given:
        world.deliver(delivery)
    return world


def in_order(given: list[Delivery]) -> list[Delivery]:
    """Only the last revision of each activity, in order of occurrence: how it would have been without trouble."""
    last = {delivery.id: delivery for delivery in given}
    views = [delivery for delivery in last.values() if delivery.view is not None]
    return sorted(views, key=lambda delivery: delivery.view.order if delivery.view else (START, "", ""))


def disordered(chance: random.Random, given: list[Delivery]) -> list[Delivery]:
    """The deliveries in any order, some of them more than once."""
    found = given + [delivery for delivery in given if chance.random() < 0.3]
    chance.shuffle(found)
    return found


def terms_of_the_world() -> dict[UUID, Terms]:
    return {terms_id: Terms.from_json(document) for terms_id, document in TERMS.items()}


@pytest.mark.parametrize("seed", range(20))
def test_any_order_repetition_and_delay_ends_in_the_same_balances(seed: int) -> None:
    chance, terms, moved = random.Random(seed), terms_of_the_world(), 0
    conditions = ConditionCache()
    for scenario in range(10):
        given = deliveries(chance)
        expected = world_after(terms, conditions, in_order(given)).balances()
        for _ in range(6):
            schedule = disordered(chance, given)
            found = world_after(terms, conditions, schedule).balances()
            assert found == expected, (seed, scenario, schedule)
            moved += 1
    assert moved == 60


def walk_that_takes_late_activities_last(unit: Unit, tally: Tally, cases: list[Case]) -> Walk:
    """A planted violation: what comes late is appended, as if it had occurred last."""
    return walk(unit, replace(tally, last_key=None), cases)


def test_the_law_notices_a_walk_that_takes_late_activities_last() -> None:
    chance, terms, noticed = random.Random(1), terms_of_the_world(), 0
    conditions = ConditionCache()
    for _ in range(40):
        given = deliveries(chance)
        expected = world_after(terms, conditions, in_order(given)).balances()
        broken = world_after(terms, conditions, disordered(chance, given), walker=walk_that_takes_late_activities_last)
        noticed += broken.balances() != expected
    assert noticed > 5


def test_every_kind_of_rule_of_the_world_pays_something() -> None:
    chance, terms, paid = random.Random(5), terms_of_the_world(), set[str]()
    conditions = ConditionCache()
    for _ in range(40):
        world = world_after(terms, conditions, deliveries(chance))
        paid |= {line.rule.code for line in world.lines.values() if sum(line.awards) > 0}
    assert paid == {"capped", "retroactive", "milestones", "marginal", "paid", "kept", "awaited"}
