"""Recording a batch of activities in PostgreSQL: every verdict, races, locks and the number of statements."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM, Actor, Role
from domain.activities.activity import (
    ActivityInput,
    ActivityReversal,
    ActivityStatus,
    Basis,
    ItemResult,
    Mode,
    OnChange,
    Outcome,
    RecordedBatch,
)
from domain.activities.reading import RevisionRecord, revisions_of
from domain.activities.recording import record_in, reverse_in
from domain.activities.refusals import ActivityConflict, BatchTooLarge, InvalidActivityType, UnknownSource
from domain.activities.sources import (
    SourceDefinition,
    SourceRecord,
    TypeDefinition,
    define_types,
    ensure_source,
    source_by_code,
)
from domain.kernel.failpoints import Failpoint, Failpoints
from domain.kernel.ids import new_id
from domain.kernel.money import Amount
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import NotAllowed, Refusal
from domain.kernel.sql import Database
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import MemberRow, PartnerRow

WON = datetime(2017, 3, 1, tzinfo=UTC)
DEAL = TypeDefinition(
    code="deal.won",
    name={"en": "Deal won", "fr": "Affaire gagnée"},
    declaration={
        "attributes": [
            {"name": "deal", "kind": "STRING", "length_max": 129},
            {"name": "product", "kind": "STRING", "length_max": 50},
        ],
        "amounts": [{"basis": "NET", "units": ["USD"], "required": True}],
        "deal_key": "deal",
    },
)
DEAL_WITH_A_KEY_THAT_FITS = replace(
    DEAL,
    declaration={
        **DEAL.declaration,
        "attributes": [
            {"name": "deal", "kind": "STRING"},
            {"name": "product", "kind": "STRING", "length_max": 50},
        ],
    },
)
LOST = TypeDefinition(code="deal.lost", name={"en": "Deal lost"}, declaration={})


@dataclass(frozen=True, kw_only=True)
class World:
    """A database with one partner and two members under one source of each temper."""

    door: Door
    refusing: SourceRecord
    correcting: SourceRecord
    partner: UUID
    other_partner: UUID
    anna: UUID
    statements: list[str]

    async def record(
        self,
        *items: ActivityInput | ActivityReversal,
        source: SourceRecord | None = None,
        correcting: bool = False,
        mode: Mode = Mode.EACH,
    ) -> RecordedBatch:
        return await self.door.operate(
            SYSTEM, lambda op: record_in(op, source or self.refusing, items, correcting=correcting, mode=mode)
        )

    async def revisions(self, result: ItemResult) -> Sequence[RevisionRecord]:
        assert result.activity is not None
        pair = (SYSTEM, result.activity.activity_id)
        return (await revisions_of(self.door.database, [pair]))[pair]


async def partners_and_members(op: Operation, source: SourceRecord) -> tuple[UUID, UUID, UUID]:
    firms = [PartnerRow(external_id=name, name=name) for name in ("Central", "East")]
    anna = MemberRow(external_id="Anna", name="Anna", partner_external_id="Central")
    told = [
        *await register_partners_in(op, source.source_id, firms),
        *await register_members_in(op, source.source_id, [anna]),
    ]
    partner, other, member = (each.id for each in told if each.id is not None)
    return partner, other, member


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[World]:
    statements: list[str] = []
    opened = await Database.open(database, on_query=statements.append, connections_max=8)
    door = Door(opened)
    with pytest.raises(InvalidActivityType):
        await define_types(door, SYSTEM, [DEAL])  # a deal key of 129 characters does not fit
    await define_types(door, SYSTEM, [DEAL_WITH_A_KEY_THAT_FITS, LOST])
    refusing = await ensure_source(door, SYSTEM, SourceDefinition(code="crm", name="CRM"))
    correcting = await ensure_source(
        door, SYSTEM, SourceDefinition(code="feed", name="Feed", on_change=OnChange.CORRECT)
    )
    partner, other, anna = await door.operate(SYSTEM, lambda op: partners_and_members(op, refusing))
    yield World(
        door=door,
        refusing=refusing,
        correcting=correcting,
        partner=partner,
        other_partner=other,
        anna=anna,
        statements=statements,
    )
    await opened.close()


def won(external_id: str, cents: int = 100, **changes: object) -> ActivityInput:
    item = ActivityInput(
        external_id=external_id,
        type="deal.won",
        occurred_at=WON,
        member="Anna",
        amounts={Basis.NET: Amount(minor=cents, unit="USD")},
        attributes={"deal": external_id, "product": "GTX Pro"},
        payload={"sales_agent": "Anna", "close_value": str(cents)},
    )
    return replace(item, **changes)


def outcomes(batch: RecordedBatch) -> list[str]:
    return [result.refusal.code() if result.refusal else result.outcome.value for result in batch.results]


async def test_a_new_activity_stands_with_its_member_partner_and_deal(world: World) -> None:
    batch = await world.record(won("new-1"))
    (result,) = batch.results
    assert result.outcome is Outcome.RECORDED
    assert result.activity is not None
    assert (result.activity.member_id, result.activity.partner_id) == (world.anna, world.partner)
    assert result.activity.deal_key == "new-1"
    assert result.activity.bound_at == result.activity.first_recorded_at
    assert [(change.previous, change.current) for change in batch.changes] == [(None, result.activity)]
    (revision,) = await world.revisions(result)
    assert (revision.revision, revision.kind, revision.occurred_at) == (1, "RECORDED", WON)
    payload = await world.door.database.fetchval(
        "SELECT payload FROM activity_source JOIN activity_revision ON id = revision_id WHERE activity_id = $1",
        result.activity.activity_id,
    )
    assert payload == {"sales_agent": "Anna", "close_value": "100"}


async def test_the_same_content_again_is_a_duplicate_and_another_conflicts(world: World) -> None:
    await world.record(won("again-1"))
    batch = await world.record(won("again-1"), won("again-1", 200))
    assert outcomes(batch) == ["DUPLICATE", "ACTIVITY_CONFLICT"]
    assert batch.changes == ()
    refusal = batch.results[1].refusal
    assert isinstance(refusal, ActivityConflict)
    assert refusal.changed == ["amounts"]
    assert "again-1" in refusal.text("fr")


async def test_a_correction_keeps_its_terms_unless_it_moves_the_activity(world: World) -> None:
    first = (await world.record(won("fix-1"))).results[0].activity
    batch = await world.record(won("fix-1", 150, reason="discount"), correcting=True)
    (change,) = batch.changes
    assert outcomes(batch) == ["CORRECTED"]
    assert change.previous == first
    assert change.current.amounts[Basis.NET].minor == 150
    assert not change.rebinds
    moved = (await world.record(won("fix-1", 150, occurred_at=WON + timedelta(days=1)), correcting=True)).changes[0]
    assert moved.rebinds
    assert moved.current.first_recorded_at == change.current.first_recorded_at
    assert moved.current.bound_at == moved.current.recorded_at
    kinds = [(r.revision, r.kind, r.reason) for r in await world.revisions(batch.results[0])]
    assert kinds == [(1, "RECORDED", None), (2, "CORRECTED", "discount"), (3, "CORRECTED", None)]


async def test_a_correction_of_what_nobody_recorded_is_refused(world: World) -> None:
    assert outcomes(await world.record(won("typo-1"), correcting=True)) == ["UNKNOWN_ACTIVITY"]
    assert outcomes(await world.record(won("typo-1"))) == ["RECORDED"]


async def test_a_source_that_corrects_is_ordered_by_its_versions_in_any_order_of_arrival(world: World) -> None:
    def at(name: str, version: str, cents: int) -> ActivityInput:
        return won(name, cents, member=world.anna, source_version=version)

    batch = await world.record(at("v-1", "2", 20), at("v-1", "10", 100), at("v-1", "9", 90), source=world.correcting)
    assert outcomes(batch) == ["RECORDED", "CORRECTED", "STALE"]
    assert [(c.previous, c.current.amounts[Basis.NET].minor, c.current.revision) for c in batch.changes] == [
        (None, 100, 2)
    ]
    # A duplicate with a newer version makes what lies between stale, as if it had come in order.
    later = await world.record(at("v-2", "1", 10), at("v-2", "3", 10), at("v-2", "2", 20), source=world.correcting)
    assert outcomes(later) == ["RECORDED", "DUPLICATE", "STALE"]
    assert outcomes(await world.record(at("v-2", "2", 20), source=world.correcting)) == ["STALE"]


async def test_taking_back_is_a_revision_and_happens_once(world: World) -> None:
    await world.record(won("back-1"))
    back = ActivityReversal(external_id="back-1", reason="cancelled")
    batch = await world.door.operate(SYSTEM, lambda op: reverse_in(op, world.refusing, [back, back]))
    assert outcomes(batch) == ["REVERSED", "DUPLICATE"]
    (change,) = batch.changes
    assert change.previous is not None
    assert change.previous.is_active
    assert change.current.status is ActivityStatus.REVERSED
    assert outcomes(await world.record(won("back-1"))) == ["DUPLICATE"]
    assert outcomes(await world.record(won("back-1"), correcting=True)) == ["CORRECTED"]
    unknown = await world.record(ActivityReversal(external_id="never-1"))
    assert outcomes(unknown) == ["UNKNOWN_ACTIVITY"]


async def test_one_bad_item_never_loses_the_others(world: World) -> None:
    now = datetime.now(tz=UTC)
    batch = await world.record(
        won("good-1"),
        won("bad-member", member="Nobody"),
        won("bad-partner", partner="Nowhere"),
        won("bad-type", type="deal.dreamt"),
        won("bad-attribute", attributes={"colour": "red"}),
        won("bad-amount", -1),
        won("bad-future", occurred_at=now + timedelta(minutes=6)),
        won("near-future", occurred_at=now + timedelta(minutes=4)),
        won("bad-zone", occurred_at=WON.replace(tzinfo=None)),  # naive on purpose
        won("bad-quantity", quantity=1_000_000_001),
        won("x" * 129),
        won("bad-version", source_version="latest"),
        won("bad-payload", payload={"a": "x" * 16_384}),
        won("nobody", member=None),
        won("good-2", partner="East", quantity=1_000_000_000),
        won("good-3", member=world.anna, partner=world.other_partner),
    )
    assert outcomes(batch) == [
        "RECORDED",
        "UNKNOWN_MEMBER",
        "UNKNOWN_PARTNER",
        "UNKNOWN_ACTIVITY_TYPE",
        "INVALID_ATTRIBUTE",
        "AMOUNT_OUT_OF_BOUNDS",
        "OCCURS_IN_FUTURE",
        "RECORDED",
        "INVALID_ACTIVITY",
        "INVALID_ACTIVITY",
        "INVALID_ACTIVITY",
        "INVALID_ACTIVITY",
        "INVALID_ACTIVITY",
        "INVALID_ACTIVITY",
        "RECORDED",
        "RECORDED",
    ]
    assert [change.current.external_id for change in batch.changes] == ["good-1", "good-2", "good-3", "near-future"]
    assert {c.current.partner_id for c in batch.changes if c.current.external_id in ("good-2", "good-3")} == {
        world.other_partner
    }
    for result in batch.results:
        if result.refusal is not None:
            assert result.refusal.text("en")
            assert result.refusal.text("fr")


async def test_a_whole_batch_is_refused_by_its_first_bad_item(world: World) -> None:
    with pytest.raises(Refusal) as told:
        await world.record(won("whole-1"), won("whole-2", member="Nobody"), mode=Mode.WHOLE)
    assert told.value.code() == "UNKNOWN_MEMBER"
    assert outcomes(await world.record(won("whole-1"))) == ["RECORDED"]


async def test_the_partner_is_the_one_of_the_membership_as_of_the_activity(world: World) -> None:
    moved = datetime(2018, 1, 1, tzinfo=UTC)
    rows = [
        MemberRow(external_id="Boris", name="Boris", partner_external_id="Central"),
        MemberRow(external_id="Boris", name="Boris", partner_external_id="East", partner_since=moved),
    ]
    for row in rows:
        await world.door.operate(SYSTEM, lambda op, row=row: register_members_in(op, world.refusing.source_id, [row]))
    batch = await world.record(
        won("then-1", member="Boris", occurred_at=moved - timedelta(microseconds=1)),
        won("then-2", member="Boris", occurred_at=moved),
        won("then-3", member="Boris", occurred_at=moved, partner="Central"),
    )
    assert [result.activity.partner_id for result in batch.results if result.activity] == [
        world.partner,
        world.other_partner,
        world.partner,
    ]


async def test_a_thousand_items_are_taken_and_one_more_is_refused(world: World) -> None:
    items = [won(f"many-{n:04}") for n in range(1_000)]
    assert set(outcomes(await world.record(*items))) == {"RECORDED"}
    with pytest.raises(BatchTooLarge) as told:
        await world.record(*items, won("many-1000"))
    assert told.value.facts() == {"items": 1_001, "items_max": 1_000}
    assert outcomes(await world.record()) == []


async def test_statements_do_not_grow_with_the_batch(world: World) -> None:
    async def counted(*items: ActivityInput) -> int:
        del world.statements[:]
        await world.record(*items, source=world.refusing, correcting=items[0].reason is not None)
        # A pool also resets its connections and learns types.
        return sum("pg_" not in statement and "jit" not in statement for statement in world.statements)

    for reason in (None, "again"):
        few = [won(f"few-{n}", 100 if reason is None else 200, reason=reason) for n in range(2)]
        lot = [won(f"lot-{n}", 100 if reason is None else 200, reason=reason) for n in range(500)]
        assert await counted(*few) == await counted(*lot) <= 12


async def test_two_batches_racing_for_the_same_ids_record_each_once(world: World) -> None:
    start = asyncio.Barrier(2)

    async def batch(order: int) -> RecordedBatch:
        async def work(op: Operation) -> RecordedBatch:
            await start.wait()
            return await record_in(op, world.refusing, [won(f"race-{n:03}") for n in range(200)][::order])

        return await world.door.operate(SYSTEM, work)

    first, second = await asyncio.gather(batch(1), batch(-1))
    together = [(result.external_id, result.outcome) for result in first.results + second.results]
    assert sorted(together) == sorted(
        (f"race-{n:03}", outcome) for n in range(200) for outcome in (Outcome.DUPLICATE, Outcome.RECORDED)
    )
    assert len(first.changes) + len(second.changes) == 200


async def test_batches_that_cross_never_deadlock(world: World) -> None:
    """Old and new ids in opposite orders through eight connections: no attempt is retried, every id once."""
    attempts = 0
    await world.record(*(won(f"cross-{n:03}") for n in range(0, 60, 2)))

    async def batch(turn: int) -> RecordedBatch:
        async def work(op: Operation) -> RecordedBatch:
            nonlocal attempts
            attempts += 1
            items = [won(f"cross-{n:03}", source_version="1") for n in range(turn, 60 + turn)]
            return await record_in(op, world.refusing, items[:: 1 if turn % 2 else -1])

        return await world.door.operate(SYSTEM, work)

    batches = await asyncio.gather(*(batch(turn) for turn in range(8)))
    assert attempts == 8
    recorded = [r.external_id for b in batches for r in b.results if r.outcome is Outcome.RECORDED]
    assert sorted(recorded) == sorted({f"cross-{n:03}" for n in range(67)} - {f"cross-{n:03}" for n in range(0, 60, 2)})


async def test_every_revision_is_told_and_a_crash_before_commit_leaves_nothing(world: World) -> None:
    names = "SELECT name FROM outbox WHERE payload ->> 'deal_key' = $1 ORDER BY id"
    await world.record(won("told-1"))
    await world.record(won("told-1", 7), ActivityReversal(external_id="told-1"), correcting=True)
    told = [row["name"] for row in await world.door.database.fetch(names, "told-1")]
    assert told == ["activity.recorded", "activity.corrected", "activity.reversed"]
    stumbling = Door(world.door.database, Failpoints({"record.after_activities": "raise"}))
    with pytest.raises(Failpoint):
        await stumbling.operate(SYSTEM, lambda op: record_in(op, world.refusing, [won("crash-1")]))
    assert outcomes(await world.record(won("crash-1"))) == ["RECORDED"]


async def test_a_type_may_grow_and_never_change_what_stands(world: World) -> None:
    def with_attributes(*attributes: dict[str, object]) -> TypeDefinition:
        return replace(LOST, declaration={"attributes": list(attributes)})

    await define_types(world.door, SYSTEM, [with_attributes({"name": "why", "kind": "STRING"})])
    for attributes in ((), ({"name": "why", "kind": "INTEGER"},)):
        with pytest.raises(InvalidActivityType):
            await define_types(world.door, SYSTEM, [with_attributes(*attributes)])
    amounts = replace(LOST, code="x", declaration={"amounts": [{"basis": "NET", "units": ["POINTS"]}]})
    with pytest.raises(InvalidActivityType):
        await define_types(world.door, SYSTEM, [amounts])


async def test_sources_are_defined_by_operators_and_keep_their_id(world: World) -> None:
    again = await ensure_source(world.door, SYSTEM, SourceDefinition(code="crm", name="The CRM"))
    assert again.source_id == world.refusing.source_id
    assert (await source_by_code(world.door.database, "crm")).name == "The CRM"
    with pytest.raises(UnknownSource):
        await source_by_code(world.door.database, "none")
    member = Actor(principal_id=new_id(), role=Role.MEMBER)
    with pytest.raises(NotAllowed):
        await ensure_source(world.door, member, SourceDefinition(code="mine", name="Mine"))
