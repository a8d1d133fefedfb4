"""R6, embedded headcount: the vendor's people at partners, credited inside their dates, paid by milestones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.graph.ids import Tag, decode_as, encode_id
from domain.access.principals import SYSTEM, Role
from domain.assignments import attaining, credit
from domain.assignments.rewarding import WORKFLOW
from domain.earning.reporting import workflow_source_in
from domain.kernel import outbox
from domain.partners.facts import facts_as_of
from leaderboards.projecting import fold
from tests.stories.embedding import (
    REPS,
    a_target,
    acted,
    counted,
    milestones_pay,
    planned,
    sold,
    staff,
    target,
)
from tests.stories.teller import Teller
from tests.stories.teller import told as stage

SPLIT = {
    "code": "split",
    "trigger": "assignment.milestone",
    "effect": {"kind": "FIXED", "amount": 1_000},
    "beneficiaries": [{"to": "PARTNER", "share_ppm": "activity.share_partner"}, *REPS],
}


@pytest.fixture
async def teller(fresh_database: str, valkey_url: str, tmp_path: Any) -> AsyncIterator[Teller]:
    async with stage(fresh_database, valkey_url, tmp_path, members=4) as teller:
        await teller.person("boss0", Role.PARTNER_ADMIN, 0)
        await teller.person("boss1", Role.PARTNER_ADMIN, 1)
        await teller.world.door.operate(SYSTEM, lambda op: workflow_source_in(op, WORKFLOW))
        yield teller


async def days_from_now(teller: Teller, days: float) -> datetime:
    now: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    return now.astimezone(UTC) + timedelta(days=days)


async def worth(teller: Teller, member: str) -> int:
    found = decode_as(Tag.MEMBER, member)
    assert found is not None
    return await teller.world.worth(found)


async def test_somebody_replaced_in_the_middle_of_a_quarter_shares_by_the_dates(teller: Teller) -> None:
    await milestones_pay(teller, SPLIT)
    ada, ben = await staff(teller, "ada", "ben")
    start, end = await days_from_now(teller, -60), await days_from_now(teller, 30)
    one = await planned(teller, 0, ada, start, end, monthlyCost=3_000)
    assert one["state"] == "PLANNED"
    goal = await a_target(teller, 0, start, end, 100_000, 900_000, partnerSharePpm=200_000)
    await counted(teller)
    middle = await days_from_now(teller, -30)
    two = await acted(teller, "manager", "replaceAssignment", one, memberId=ben, at=middle.isoformat())
    assert datetime.fromisoformat(two["startsAt"]) == middle
    await sold(teller, "s-1", await days_from_now(teller, -40), 60_000, partner=0, member=0)
    # Told late, but sold while ada was there; the milestone is reached by ben's sale.
    await sold(teller, "s-2", await days_from_now(teller, -10), 40_000, partner=0, member=2)
    await counted(teller)
    document = "{ assignments { edges { node { state member { name } } } } }"
    seen = (await teller.ask("manager", document))["assignments"]["edges"]
    assert [one["node"]["state"] for one in seen] == ["ACTIVE", "ENDED"]
    partner = teller.world.partners[0]
    assert (await worth(teller, ada), await worth(teller, ben), await teller.world.worth(partner)) == (480, 320, 200)
    found = await target(teller, "manager", goal)
    assert (found["attained"], [one["reachedAt"] is not None for one in found["milestones"]]) == (
        100_000,
        [True, False],
    )
    assert (await target(teller, "boss0", goal))["cost"] is None
    assert await target(teller, "boss1", goal) is None
    # Another sale of ada's days becomes known: hers were enough, and what was paid follows.
    await sold(teller, "s-3", await days_from_now(teller, -50), 40_000, partner=0, member=0)
    await counted(teller)
    assert (await worth(teller, ada), await worth(teller, ben), await teller.world.worth(partner)) == (800, 0, 200)


async def test_sales_outside_the_dates_and_while_paused_are_nobodys(teller: Teller) -> None:
    await milestones_pay(teller, SPLIT)
    (cleo,) = await staff(teller, "cleo")
    start, end = await days_from_now(teller, -20), await days_from_now(teller, 20)
    one = await planned(teller, 0, cleo, start, end)
    goal = await a_target(teller, 0, start - timedelta(days=40), end, 50_000)
    await counted(teller)
    await sold(teller, "before", start - timedelta(seconds=1), 50_000, partner=0, member=0)
    await sold(teller, "inside", start, 49_999, partner=0, member=0)
    await sold(teller, "elsewhere", start, 50_000, partner=1, member=1)
    await counted(teller)
    assert ((await target(teller, "manager", goal))["attained"], await worth(teller, cleo)) == (49_999, 0)
    refused = await acted(teller, "boss0", "pauseAssignment", one)
    assert refused["code"] == "NOT_ALLOWED"
    assert (await acted(teller, "manager", "pauseAssignment", one))["state"] == "PAUSED"
    await teller.later(days=1)
    await sold(teller, "paused", await days_from_now(teller, 0), 50_000, partner=0, member=0)
    await counted(teller)
    assert await worth(teller, cleo) == 0
    assert (await acted(teller, "manager", "resumeAssignment", one))["state"] == "ACTIVE"
    now = await days_from_now(teller, 0)
    partner = teller.world.partners[0]
    instants = [start - timedelta(days=1), start, now - timedelta(hours=12), now + timedelta(hours=1), end]
    known = await facts_as_of(teller.world.database, [(partner, at) for at in instants], ["assignment"])
    assert [known.get((partner, at), {}).get("assignment", 0) for at in instants] == [0, 1, 0, 1, 0]
    await sold(teller, "again", await days_from_now(teller, 0), 1, partner=0, member=0)
    await counted(teller)
    assert await worth(teller, cleo) == 1_000
    # A sale that is taken back takes the milestone back; it may be reached again.
    source = encode_id(Tag.SOURCE, teller.world.source_id)
    asked = {"sourceId": source, "externalIds": ["inside"], "reason": "Returned"}
    assert (await teller.says("admin", "reverseActivities", "reversed", **asked))["reversed"] == 1
    await counted(teller)
    assert await worth(teller, cleo) == 0
    await sold(teller, "more", await days_from_now(teller, 0), 49_999, partner=0, member=0)
    await counted(teller)
    assert await worth(teller, cleo) == 1_000
    ended = await acted(teller, "manager", "endAssignment", one, at=start.isoformat())
    assert (ended["state"], datetime.fromisoformat(ended["endsAt"])) == ("ENDED", start)
    await counted(teller)
    assert await worth(teller, cleo) == 0
    assert (await acted(teller, "manager", "resumeAssignment", one))["code"] == "ASSIGNMENT_ACTION_NOT_AVAILABLE"


async def test_exclusive_assignments_never_overlap_and_shared_ones_share_by_weight(teller: Teller) -> None:
    cost = {"kind": "PER_UNIT", "amount": 1, "per": 100}
    margin = {
        "code": "margin",
        "trigger": "assignment.milestone",
        "basis": "MARGIN",
        "basis_unit": "USD",
        "effect": cost,
    }
    await milestones_pay(teller, SPLIT, margin | {"beneficiaries": [{"to": "PARTNER"}]})
    dora, emil, finn = await staff(teller, "dora", "emil", "finn")
    start, end = await days_from_now(teller, -30), await days_from_now(teller, 30)
    alone = await planned(teller, 1, dora, start, end)
    refused = await planned(teller, 1, emil, end - timedelta(days=1), end + timedelta(days=9), isExclusive=False)
    assert refused["code"] == "ASSIGNMENT_OVERLAPS"
    assert (await planned(teller, 1, emil, end, end + timedelta(days=9)))["state"] == "PLANNED"
    assert alone["isExclusive"]
    shared = {"isExclusive": False, "monthlyCost": 3_000}
    await planned(teller, 0, emil, start, end, weight=3, **shared)
    await planned(teller, 0, finn, start, end, weight=1, **shared)
    twice = await planned(teller, 0, finn, start, end, weight=1, **shared)
    assert twice["code"] == "ASSIGNMENT_OVERLAPS"
    rep = await planned(teller, 0, teller.member(0), start, end, isExclusive=False)
    assert rep["code"] == "INVALID_INPUT"
    goal = await a_target(teller, 0, start, end, 10_000)
    await counted(teller)
    await sold(teller, "s-1", start + timedelta(days=10), 10_000, partner=0, member=0)
    await counted(teller)
    assert (await worth(teller, emil), await worth(teller, finn)) == (750, 250)
    # What the people cost until then is taken off what the partner is paid by: 10,000 less twice ten days of 3,000.
    assert await teller.world.worth(teller.world.partners[0]) == 80
    assert (await target(teller, "manager", goal))["cost"] == 12_000


async def test_people_of_the_vendors_own_stay_off_the_board_of_reps(teller: Teller) -> None:
    (gil,) = await staff(teller, "gil")
    metric = {"event": "activity", "type": "deal.won", "value": {"count": True}}
    asked = {"code": "reps", "name": {"en": "Reps"}, "metric": metric, "operator": "COUNT"}
    await teller.does("manager", "createLeaderboard", "leaderboard { code }", **asked)
    found = decode_as(Tag.MEMBER, gil)
    assert found is not None
    start = await days_from_now(teller, -2)
    await planned(teller, 0, gil, start, await days_from_now(teller, 20))
    sale = await sold(teller, "s-1", await days_from_now(teller, -1), 10_000, partner=0, member=0)
    await teller.world.record(*[_again(sale, f"gil-{n}", found) for n in range(3)])
    while await outbox.stamp(teller.world.database, teller.world.door.failpoints):
        pass
    while await fold(teller.world.door, teller.parts.store):
        pass
    document = '{ leaderboard(code: "reps") { page(first: 10) { edges { node { rank score name } } } } }'
    edges = (await teller.ask("rep0", document))["leaderboard"]["page"]["edges"]
    assert [edge["node"] for edge in edges] == [{"rank": 1, "score": 1, "name": "Member 0"}]


async def test_credit_that_forgets_the_dates_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(sales: Any, stays: Any, milestones: Any, start: datetime, end: datetime) -> credit.Attained:
        always = [credit.Stay(member_id=one.member_id, start=start, end=end) for one in stays]
        return credit.attained(sales, always, milestones, start, end)

    monkeypatch.setattr(attaining, "attained", careless)
    with pytest.raises(AssertionError):
        await test_sales_outside_the_dates_and_while_paused_are_nobodys(teller)


def _again(sale: Any, name: str, member: Any) -> Any:
    return type(sale)(**{**vars(sale), "external_id": name, "member": member})
