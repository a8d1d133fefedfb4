"""Who may be handed which activities: by id, by external id, in pages and with their revisions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from domain.access.principals import ANONYMOUS, SYSTEM, Actor, Relation, Role
from domain.activities.activity import ActivityInput, ActivityReversal
from domain.activities.reading import (
    ActivityPage,
    ActivityRecord,
    activities_by_external_id,
    activities_by_id,
    activities_of,
    activities_page,
    activity_types,
    revisions_of,
)
from domain.activities.recording import record_in
from domain.activities.sources import source_by_id
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.sql import Database
from tests.building import START, World, build_world

COUNT = 12


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Twelve activities: four members in turn, two partners in turn, two of them at each instant; one taken back."""

    world: World
    database: Database
    ids: list[UUID]
    statements: list[str]

    def asked(self) -> int:
        """How many of our own statements ran; a pool also resets its connections and learns types."""
        return sum("activity" in statement for statement in self.statements)

    def member(self, number: int) -> Actor:
        return Actor(principal_id=new_id(), role=Role.MEMBER, member_id=self.world.members[number])

    def partner_admin(self, number: int) -> Actor:
        return Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, partner_id=self.world.partners[number])


@pytest.fixture(scope="module")
async def shelf(database: str) -> AsyncIterator[Shelf]:
    statements: list[str] = []
    opened = await Database.open(database, on_query=statements.append)
    world = await build_world(opened)
    items = [
        ActivityInput(
            external_id=f"a-{n:02}",
            type="demo.given",
            occurred_at=START + timedelta(hours=n // 2),
            member=f"member-{n % 4}",
        )
        for n in range(COUNT)
    ]

    async def work(op: Operation) -> list[UUID]:
        source = await source_by_id(op.sql, world.source_id)
        batch = await record_in(op, source, [*items, ActivityReversal(external_id="a-03", reason="never happened")])
        return [result.activity.activity_id for result in batch.results[:COUNT] if result.activity]

    yield Shelf(world=world, database=opened, ids=await world.door.operate(SYSTEM, work), statements=statements)
    await opened.close()


def numbers(records: tuple[ActivityRecord, ...]) -> list[int]:
    return [int(record.state.external_id.removeprefix("a-")) for record in records]


async def test_each_actor_is_handed_what_is_theirs_in_one_statement(shelf: Shelf) -> None:
    anna, admin = shelf.member(0), shelf.partner_admin(1)
    asked = [(actor, activity_id) for actor in (anna, admin, SYSTEM, ANONYMOUS) for activity_id in shelf.ids]
    shelf.statements.clear()
    found = await activities_by_id(shelf.database, asked)
    assert shelf.asked() == 1
    seen = {actor: [n for n, i in enumerate(shelf.ids) if (actor, i) in found] for actor in (anna, admin, SYSTEM)}
    assert seen == {anna: [0, 4, 8], admin: [1, 3, 5, 7, 9, 11], SYSTEM: list(range(COUNT))}
    assert {record.relation for (actor, _), record in found.items() if actor is anna} == {Relation.OWN}
    assert {record.relation for (actor, _), record in found.items() if actor is admin} == {Relation.PARTNER}
    assert not any(actor is ANONYMOUS for actor, _ in found)


async def test_an_activity_is_found_by_its_external_id(shelf: Shelf) -> None:
    source_id = shelf.world.source_id
    asked = [(SYSTEM, source_id, "a-03"), (shelf.member(0), source_id, "a-03"), (SYSTEM, new_id(), "a-03")]
    found = await activities_by_external_id(shelf.database, asked)
    assert [each in found for each in asked] == [True, False, False]
    assert (found[asked[0]].id, found[asked[0]].version) == (shelf.ids[3], 2)


@pytest.mark.parametrize("oldest_first", [True, False])
async def test_pages_follow_each_other_without_gap_or_repeat(shelf: Shelf, oldest_first: bool) -> None:
    seen: list[int] = []
    after: tuple[object, ...] | None = None
    while True:
        page = ActivityPage(first=5, after=after, oldest_first=oldest_first)
        records = await activities_page(shelf.database, SYSTEM, page)
        seen += numbers(records)
        if len(records) < 5:
            break
        after = (records[-1].state.occurred_at, records[-1].id)
    assert sorted(seen) == list(range(COUNT))
    assert [n // 2 for n in seen] == sorted((n // 2 for n in seen), reverse=not oldest_first)


async def test_a_page_holds_at_most_a_hundred_and_keeps_to_its_filter(shelf: Shelf) -> None:
    hours = timedelta(hours=1)
    assert len(await activities_page(shelf.database, SYSTEM, ActivityPage(first=1_000))) == COUNT
    for page, expected in (
        (ActivityPage(state="REVERSED"), [3]),
        (ActivityPage(type="deal.won"), []),
        (ActivityPage(source_id=new_id()), []),
        (ActivityPage(occurred_from=START + hours, occurred_until=START + 2 * hours), [2, 3]),
    ):
        assert sorted(numbers(await activities_page(shelf.database, SYSTEM, page))) == expected


async def test_each_parent_has_its_own_page_in_one_statement(shelf: Shelf) -> None:
    pairs = [(SYSTEM, member_id) for member_id in shelf.world.members] + [(shelf.member(1), shelf.world.members[0])]
    shelf.statements.clear()
    found = await activities_of(shelf.database, "MEMBER", pairs, ActivityPage(first=2))
    assert shelf.asked() == 1
    assert [numbers(found[pair]) for pair in pairs] == [[8, 4], [9, 5], [10, 6], [11, 7], []]
    partner = (shelf.partner_admin(0), shelf.world.partners[0])
    assert numbers((await activities_of(shelf.database, "PARTNER", [partner], ActivityPage(first=9)))[partner]) != []


async def test_revisions_are_shown_to_whom_the_activity_is(shelf: Shelf) -> None:
    mine, theirs = (shelf.member(3), shelf.ids[3]), (shelf.member(0), shelf.ids[3])
    found = await revisions_of(shelf.database, [mine, theirs])
    assert [(r.revision, r.kind, r.reason) for r in found[mine]] == [
        (1, "RECORDED", None),
        (2, "REVERSED", "never happened"),
    ]
    assert found[theirs] == ()


async def test_no_more_than_a_thousand_are_asked_at_once(shelf: Shelf) -> None:
    assert await activities_by_id(shelf.database, [(SYSTEM, new_id())] * 1_000) == {}
    with pytest.raises(ValueError, match="1000"):
        await activities_by_id(shelf.database, [(SYSTEM, new_id())] * 1_001)


async def test_activity_types_are_paged_by_code(shelf: Shelf) -> None:
    first = await activity_types(shelf.database, first=1)
    assert [each.code for each in first] == ["deal.won"]
    assert [each.code for each in await activity_types(shelf.database, after="deal.won")] == ["demo.given"]
