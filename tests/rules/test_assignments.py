"""Assignments without storage: the machine edge by edge, whose sale it is, and when a milestone was reached."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from typing import Any
from uuid import UUID

import pytest

from domain.access.principals import Relation, Role
from domain.assignments.attaining import MILESTONES_MAX, TargetSaid
from domain.assignments.credit import PEOPLE_MAX, Sale, Stay, attained, cost_until
from domain.assignments.machine import EDGES, OPEN_TO, AssignmentAction, AssignmentState, available_actions
from domain.assignments.planning import DAYS_MAX, AssignmentSaid
from domain.kernel.refusals import InvalidInput

START = datetime(2026, 1, 1, tzinfo=UTC)
ADA, BEN = UUID(int=1), UUID(int=2)
DRAWN = "PLANNED>ACTIVE PLANNED>ENDED ACTIVE>PAUSED ACTIVE>ENDED PAUSED>ACTIVE PAUSED>ENDED"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def stay(member: UUID, start: float, end: float, **more: int) -> Stay:
    return Stay(member_id=member, start=day(start), end=day(end), **more)


def test_the_edges_of_an_assignment_are_those_of_the_drawing_and_no_others() -> None:
    assert {f"{a}>{b}" for a, b in product(AssignmentState, AssignmentState) if b in EDGES[a]} == set(DRAWN.split())


@pytest.mark.parametrize("state", AssignmentState)
def test_the_vendor_alone_is_offered_what_is_open(state: AssignmentState) -> None:
    for role, relation in product(Role, Relation):
        vendor = relation is Relation.OPERATOR and role in (Role.ADMIN, Role.CHANNEL_MANAGER)
        wanted = tuple(action for action in AssignmentAction if vendor and state in OPEN_TO[action])
        assert available_actions(state, relation=relation, role=role) == wanted


def test_a_sale_counts_inside_the_dates_and_is_shared_by_weight_in_any_order() -> None:
    stays = [stay(ADA, 0, 10, weight=3), stay(BEN, 5, 20)]
    sales = [Sale(at=day(at), amount=100) for at in (-1, 0, 5, 9.99, 10, 20)]
    for order in permutations(sales):
        found = attained(order, stays, [100, 400, 401], day(0), day(30))
        assert (found.amount, set(found.reached)) == (400, {100, 400})
        assert found.reached[100].parts == ((ADA, 1_000_000),)
        assert (found.reached[400].at, found.reached[400].parts) == (day(10), ((ADA, 625_000), (BEN, 375_000)))
    assert attained(sales, stays, [1], day(6), day(9)).amount == 0


def test_people_cost_by_the_day_inside_the_dates() -> None:
    stays = [stay(ADA, 0, 60, monthly_cost=3_000), stay(BEN, 50, 90, monthly_cost=300)]
    assert [cost_until(stays, day(15), day(until)) for until in (10, 15, 30, 60)] == [0, 0, 1_500, 4_600]


def test_the_five_with_most_credit_are_named() -> None:
    people = [Stay(member_id=UUID(int=n), start=day(0), end=day(9), weight=n) for n in range(1, PEOPLE_MAX + 2)]
    parts = attained([Sale(at=day(1), amount=21)], people, [21], day(0), day(9)).reached[21].parts
    assert [member.int for member, _ in parts] == [6, 5, 4, 3, 2]
    assert 999_995 <= sum(part for _, part in parts) <= 1_000_000


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("title", {"title": " "}),
        ("endsAt", {"ends_at": day(0)}),
        ("endsAt", {"ends_at": day(401)}),
        ("milestones", {"milestones": ()}),
        ("milestones", {"milestones": (5, 5)}),
        ("milestones", {"milestones": tuple(range(1, MILESTONES_MAX + 2))}),
        ("milestones", {"milestones": (0,)}),
        ("partnerSharePpm", {"partner_share_ppm": 1_000_001}),
        ("activityType", {"activity_type": "assignment.milestone"}),
    ],
)
def test_a_target_out_of_its_bounds_is_refused(field: str, said: dict[str, Any]) -> None:
    known: dict[str, Any] = {"partner_id": ADA, "title": "A quarter", "currency": "EUR", "starts_at": day(0)}
    edge: dict[str, Any] = {
        "ends_at": day(400),
        "milestones": tuple(range(1, MILESTONES_MAX + 1)),
        "partner_share_ppm": 1_000_000,
    }
    assert TargetSaid(**known | edge).milestones
    with pytest.raises(InvalidInput) as refused:
        TargetSaid(**known | edge | said)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("endsAt", {"ends_at": day(0)}),
        ("endsAt", {"ends_at": day(DAYS_MAX) + timedelta(seconds=1)}),
        ("weight", {"weight": 0}),
        ("monthlyCost", {"monthly_cost": -1}),
    ],
)
def test_an_assignment_out_of_its_bounds_is_refused(field: str, said: dict[str, Any]) -> None:
    known: dict[str, Any] = {"partner_id": ADA, "member_id": BEN, "starts_at": day(0), "ends_at": day(DAYS_MAX)}
    assert AssignmentSaid(**known, weight=1_000_000, monthly_cost=10**12).is_exclusive
    with pytest.raises(InvalidInput) as refused:
        AssignmentSaid(**known | said)
    assert refused.value.field == field
