"""What sources tell of partners and members is stored by set, item by item, with ownership and dated membership."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.access.admitting import Invitation, assign_portfolio_in, link_account
from domain.access.principals import ANONYMOUS, SYSTEM, Actor, Relation, Role
from domain.access.reading import actor_again, actor_of_subject, partners_of
from domain.kernel.ids import new_id
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Database, UniqueViolation
from domain.partners import reading
from domain.partners.facts import FactKind, NewFact, SubjectKind, facts_as_of, memberships_as_of, record_facts_in
from domain.partners.opting import show_on_boards
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import BATCH_MAX, ItemResult, MemberKind, MemberRow, PartnerRow, PartnerType, Result

NOON = datetime(2017, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def statements() -> list[str]:
    return []


@pytest.fixture(scope="module")
async def db(database: str, statements: list[str]) -> AsyncIterator[Database]:
    opened = await Database.open(database, connections_max=8, on_query=statements.append)
    yield opened
    await opened.close()


@pytest.fixture
def door(db: Database) -> Door:
    return Door(db)


@pytest.fixture
def source_id() -> UUID:
    return new_id()


async def partners(door: Door, source_id: UUID, *rows: PartnerRow) -> list[ItemResult]:
    return await door.operate(SYSTEM, lambda op: register_partners_in(op, source_id, rows))


async def members(door: Door, source_id: UUID, *rows: MemberRow) -> list[ItemResult]:
    return await door.operate(SYSTEM, lambda op: register_members_in(op, source_id, rows))


def partner(external_id: str, parent: str | None = None, name: str | None = None) -> PartnerRow:
    return PartnerRow(external_id=external_id, name=name or f"Firm {external_id}", parent_external_id=parent)


def member(
    external_id: str, at: str | None = "north", since: datetime | None = None, left: datetime | None = None
) -> MemberRow:
    return MemberRow(
        external_id=external_id,
        name=f"Rep {external_id}",
        partner_external_id=at,
        email=f"{external_id}@example.com",
        partner_since=since,
        left_at=left,
    )


def outcomes(results: list[ItemResult]) -> list[str]:
    return [item.refusal.code() if item.refusal else item.result.value for item in results]


def ids(results: list[ItemResult]) -> list[UUID]:
    return [item.id for item in results if item.id is not None]


async def event_names(db: Database, aggregate_id: UUID) -> list[str]:
    rows = await db.fetch("SELECT name FROM outbox WHERE aggregate_id = $1 ORDER BY id", aggregate_id)
    return [row["name"] for row in rows]


async def test_the_same_rows_again_change_nothing(door: Door, db: Database, source_id: UUID) -> None:
    rows = (partner("north"), partner("south"))
    first = await partners(door, source_id, *rows)
    events = await db.fetchval("SELECT count(*) FROM outbox")
    again = await partners(door, source_id, *rows)
    assert outcomes(first) == ["REGISTERED", "REGISTERED"]
    assert outcomes(again) == ["UNCHANGED", "UNCHANGED"]
    assert ids(first) == ids(again)
    assert await db.fetchval("SELECT count(*) FROM outbox") == events


async def test_a_changed_row_moves_the_version_and_tells_it(door: Door, db: Database, source_id: UUID) -> None:
    [partner_id] = ids(await partners(door, source_id, partner("north")))
    changed = PartnerRow(external_id="north", name="North AG", types=(PartnerType.VAR,), country="CH")
    assert outcomes(await partners(door, source_id, changed)) == ["CHANGED"]
    [record] = await reading.partners_by_pairs(db, [(SYSTEM, partner_id)])
    assert record is not None
    assert (record.name, record.types, record.country, record.version) == ("North AG", (PartnerType.VAR,), "CH", 2)
    assert await event_names(db, partner_id) == ["partner.registered", "partner.changed"]


async def test_one_bad_row_never_loses_the_others(door: Door, source_id: UUID) -> None:
    results = await partners(
        door,
        source_id,
        partner("north"),
        PartnerRow(external_id="", name="Nobody"),
        PartnerRow(external_id="x", name="n" * 201),
        PartnerRow(external_id="y", name="n" * 200),
        PartnerRow(external_id="z", name="Zed", country="ch"),
        partner("north", name="Another North"),
        partner("north"),
        PartnerRow(external_id="nul", name="a\x00b"),
        partner("orphan", parent="nobody"),
    )
    assert outcomes(results) == [
        "REGISTERED",
        "INVALID_INPUT",
        "INVALID_INPUT",
        "REGISTERED",
        "INVALID_INPUT",
        "REPEATED_IN_BATCH",
        "UNCHANGED",
        "INVALID_INPUT",
        "PARTNER_UNKNOWN",
    ]


async def test_a_batch_holds_at_most_a_thousand(door: Door, source_id: UUID) -> None:
    rows = [partner(f"p{number}") for number in range(BATCH_MAX + 1)]
    with pytest.raises(InvalidInput):
        await partners(door, source_id, *rows)
    assert outcomes(await partners(door, source_id, *rows[:BATCH_MAX])) == ["REGISTERED"] * BATCH_MAX


async def test_parents_may_come_in_any_order_but_never_in_a_circle(door: Door, db: Database, source_id: UUID) -> None:
    results = await partners(door, source_id, partner("child", "parent"), partner("parent"))
    assert outcomes(results) == ["REGISTERED", "REGISTERED"]
    child, parent = ids(results)
    [record] = await reading.partners_by_pairs(db, [(SYSTEM, child)])
    assert record is not None
    assert record.parent_id == parent
    assert outcomes(await partners(door, source_id, partner("parent", "child"))) == ["HIERARCHY_REFUSED"]
    assert outcomes(await partners(door, source_id, partner("own", "own"))) == ["HIERARCHY_REFUSED"]
    ring = await partners(door, source_id, partner("a", "b"), partner("b", "c"), partner("c", "a"))
    assert set(outcomes(ring)) == {"HIERARCHY_REFUSED"}


async def test_a_chain_of_partners_has_at_most_eight_levels(door: Door, source_id: UUID) -> None:
    chain = [partner("level1"), *(partner(f"level{n}", f"level{n - 1}") for n in range(2, 9))]
    assert outcomes(await partners(door, source_id, *chain)) == ["REGISTERED"] * 8
    assert outcomes(await partners(door, source_id, partner("level9", "level8"))) == ["HIERARCHY_REFUSED"]


async def test_statements_do_not_grow_with_the_batch(door: Door, source_id: UUID, statements: list[str]) -> None:
    counts: list[int] = []
    for size in (2, 3, 400):  # the first lets the driver learn the types
        statements.clear()
        rows = [partner(f"{size}-{n}", parent=f"{size}-0" if n else None) for n in range(size)]
        await partners(door, source_id, *rows)
        await members(door, source_id, *(member(f"{size}-{n}", f"{size}-{n}") for n in range(size)))
        changed = [member(f"{size}-{n}", f"{size}-{(n + 1) % size}", NOON) for n in range(size)]
        await members(door, source_id, *changed)
        counts.append(len(statements))
    assert counts[1] == counts[2]


async def test_a_first_membership_holds_for_all_the_past_unless_dated(
    door: Door, db: Database, source_id: UUID
) -> None:
    [north] = ids(await partners(door, source_id, partner("north")))
    undated, dated = ids(await members(door, source_id, member("undated"), member("dated", since=NOON)))
    just_before = NOON - timedelta(microseconds=1)
    asked = [(undated, datetime(1990, 1, 1, tzinfo=UTC)), (dated, just_before), (dated, NOON)]
    assert await memberships_as_of(db, asked) == [north, None, north]
    assert await partners_of(db, [undated, dated, north]) == {undated: north, dated: north, north: north}


async def test_a_change_of_partner_ends_one_membership_and_begins_another(
    door: Door, db: Database, source_id: UUID
) -> None:
    north, south = ids(await partners(door, source_id, partner("north"), partner("south")))
    [ann] = ids(await members(door, source_id, member("ann")))
    assert outcomes(await members(door, source_id, member("ann", "south", NOON))) == ["CHANGED"]
    asked = [(ann, NOON - timedelta(days=1)), (ann, NOON), (ann, NOON + timedelta(days=400))]
    assert await memberships_as_of(db, asked) == [north, south, south]
    assert await partners_of(db, [ann]) == {ann: south}
    assert await event_names(db, ann) == ["member.registered", "member.changed"]
    [moved] = await db.fetch("SELECT payload FROM outbox WHERE aggregate_id = $1 AND name = 'member.changed'", ann)
    assert moved["payload"]["former_partner_id"] == str(north)
    assert outcomes(await members(door, source_id, member("ann", "south", NOON))) == ["UNCHANGED"]


async def test_a_membership_never_runs_backwards(door: Door, db: Database, source_id: UUID) -> None:
    await partners(door, source_id, partner("north"), partner("south"))
    [ann] = ids(await members(door, source_id, member("ann", since=NOON)))
    earlier = NOON - timedelta(seconds=1)
    refused = await members(door, source_id, member("ann", "south", NOON), member("bob", left=earlier, since=NOON))
    assert outcomes(refused) == ["MEMBERSHIP_OUT_OF_ORDER", "INVALID_INPUT"]
    assert outcomes(await members(door, source_id, member("ann", left=earlier, since=None))) == [
        "MEMBERSHIP_OUT_OF_ORDER"
    ]
    assert await event_names(db, ann) == ["member.registered"]


async def test_who_left_is_no_member_then_and_may_come_back(door: Door, db: Database, source_id: UUID) -> None:
    north, south = ids(await partners(door, source_id, partner("north"), partner("south")))
    [ann] = ids(await members(door, source_id, member("ann")))
    assert outcomes(await members(door, source_id, member("ann", left=NOON))) == ["CHANGED"]
    assert outcomes(await members(door, source_id, member("ann", left=NOON))) == ["UNCHANGED"]
    assert outcomes(await members(door, source_id, member("ann", left=NOON + timedelta(days=1)))) == ["INVALID_INPUT"]
    back = NOON + timedelta(days=30)
    assert outcomes(await members(door, source_id, member("ann", "south", NOON - timedelta(days=1)))) == [
        "MEMBERSHIP_OUT_OF_ORDER"
    ]
    assert outcomes(await members(door, source_id, member("ann", "south", back))) == ["CHANGED"]
    asked = [(ann, NOON - timedelta(days=1)), (ann, NOON), (ann, back)]
    assert await memberships_as_of(db, asked) == [north, None, south]


async def test_a_member_has_one_lasting_membership_whatever_is_written(door: Door, source_id: UUID) -> None:
    [north] = ids(await partners(door, source_id, partner("north")))
    [ann] = ids(await members(door, source_id, member("ann")))
    second = NewFact(
        subject_kind=SubjectKind.MEMBER,
        subject_id=ann,
        kind=FactKind.MEMBERSHIP,
        value={"value": str(north), "partner_id": str(north)},
        valid_from=NOON,
    )
    with pytest.raises(UniqueViolation, match="fact_lasting_membership_is_one"):
        await door.operate(SYSTEM, lambda op: record_facts_in(op, [second]))


async def test_an_administrator_who_changes_partner_steps_down(door: Door, db: Database, source_id: UUID) -> None:
    north, south = ids(await partners(door, source_id, partner("north"), partner("south")))
    [ann] = ids(await members(door, source_id, member("ann")))
    invitation = Invitation(
        issuer="test", subject=f"ann-{source_id}", role=Role.PARTNER_ADMIN, name="Ann", member_id=ann
    )
    account_id = await link_account(door, SYSTEM, invitation)
    before = await actor_of_subject(db, "test", invitation.subject)
    assert (before.role, before.partner_id) == (Role.PARTNER_ADMIN, north)
    await members(door, source_id, member("ann", "south", NOON))
    after = await actor_again(db, before)
    assert (after.role, after.partner_id) == (Role.MEMBER, south)
    assert await event_names(db, account_id) == ["account.linked", "account.changed"]


async def test_two_batches_at_once_register_each_partner_once(door: Door, db: Database, source_id: UUID) -> None:
    rows = [partner(f"p{number}") for number in range(200)]
    gathered = await asyncio.gather(
        *(partners(door, source_id, *(rows if turn % 2 else reversed(rows))) for turn in range(4))
    )
    registered = sum(outcomes(results).count("REGISTERED") for results in gathered)
    assert registered == 200
    assert await db.fetchval("SELECT count(*) FROM partner WHERE source_id = $1", source_id) == 200


async def test_ownership_is_decided_for_each_pair_of_viewer_and_id(door: Door, db: Database, source_id: UUID) -> None:
    north, south = ids(await partners(door, source_id, partner("north"), partner("south")))
    ann, bob, cid = ids(await members(door, source_id, member("ann"), member("bob"), member("cid", "south")))
    rep = Actor(principal_id=new_id(), role=Role.MEMBER, member_id=ann, partner_id=north)
    admin = Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, member_id=bob, partner_id=north)
    manager = await _manager(door, [south])
    every_manager = await _manager(door, None)
    machine = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=source_id)
    stranger = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=new_id())
    expected = {
        (rep, ann): Relation.OWN,
        (rep, bob): None,
        (rep, cid): None,
        (admin, bob): Relation.OWN,
        (admin, ann): Relation.PARTNER,
        (admin, cid): None,
        (manager, cid): Relation.OPERATOR,
        (manager, ann): None,
        (every_manager, ann): Relation.OPERATOR,
        (machine, ann): Relation.OPERATOR,
        (stranger, ann): None,
        (ANONYMOUS, ann): None,
        (SYSTEM, ann): Relation.OPERATOR,
    }
    pairs = list(expected)
    seen = await reading.members_by_pairs(db, pairs)
    assert [record and record.relation for record in seen] == list(expected.values())
    firms = {
        (rep, north): Relation.PARTNER,
        (rep, south): None,
        (admin, north): Relation.PARTNER,
        (admin, south): None,
        (manager, south): Relation.OPERATOR,
        (manager, north): None,
        (ANONYMOUS, north): None,
    }
    shown = await reading.partners_by_pairs(db, list(firms))
    assert [record and record.relation for record in shown] == list(firms.values())


async def test_pages_follow_names_and_hold_only_what_the_viewer_sees(door: Door, db: Database, source_id: UUID) -> None:
    north, _ = ids(await partners(door, source_id, partner("north"), partner("south")))
    await members(door, source_id, *(member(f"n{n}") for n in range(5)), member("s0", "south"))
    admin = Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, partner_id=north)
    first = await reading.members_page(db, admin, limit=3)
    last = first.records[-1]
    rest = await reading.members_page(db, admin, limit=3, after=(last.name, last.id))
    assert [record.external_id for record in (*first.records, *rest.records)] == ["n0", "n1", "n2", "n3", "n4"]
    assert (first.has_more, rest.has_more) == (True, False)
    machine = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=source_id)
    [of_north] = await reading.members_of_partners(db, [(machine, north)], limit=2)
    assert [record.external_id for record in of_north.records] == ["n0", "n1"]
    assert of_north.has_more
    found = await reading.partners_page(db, machine, search="SOUTH")
    assert [record.external_id for record in found.records] == ["south"]
    assert (await reading.partners_page(db, ANONYMOUS)).records == ()
    for limit in (0, 101):
        with pytest.raises(InvalidInput):
            await reading.partners_page(db, machine, limit=limit)


async def test_the_fact_that_began_last_speaks_for_its_kind(door: Door, db: Database, source_id: UUID) -> None:
    [north] = ids(await partners(door, source_id, partner("north")))

    def tier(value: str, since: datetime, until: datetime | None = None) -> NewFact:
        return NewFact(
            subject_kind=SubjectKind.PARTNER,
            subject_id=north,
            kind=FactKind.TIER,
            value={"value": value},
            valid_from=since,
            valid_until=until,
        )

    later = NOON + timedelta(days=10)
    facts = [
        tier("GOLD", NOON),
        tier("SILVER", NOON - timedelta(days=1)),
        tier("PLATINUM", later, NOON + timedelta(20)),
    ]
    await door.operate(SYSTEM, lambda op: record_facts_in(op, facts))
    instants = [NOON - timedelta(days=2), NOON - timedelta(hours=1), NOON, later, NOON + timedelta(days=20)]
    known = await facts_as_of(db, [(north, at) for at in instants], ["tier", "certificate"])
    assert [known.get((north, at)) for at in instants] == [
        None,
        {"tier": "SILVER"},
        {"tier": "GOLD"},
        {"tier": "PLATINUM"},
        {"tier": "GOLD"},
    ]


async def test_a_member_leaves_the_boards_by_their_own_word(door: Door, db: Database, source_id: UUID) -> None:
    await partners(door, source_id, partner("north"))
    [ann] = ids(await members(door, source_id, member("ann")))
    rep = Actor(principal_id=new_id(), role=Role.MEMBER, member_id=ann)
    for _ in range(2):
        await show_on_boards(door, rep, False)
    [record] = await reading.members_by_pairs(db, [(rep, ann)])
    assert record is not None
    assert (record.on_boards, record.version) == (False, 2)
    assert await event_names(db, ann) == ["member.registered", "member.changed"]


async def test_the_vendors_staff_need_no_partner(door: Door, db: Database, source_id: UUID) -> None:
    staff = MemberRow(external_id="vera", name="Vera", kind=MemberKind.VENDOR_STAFF)
    [vera] = ids(await members(door, source_id, staff))
    assert await memberships_as_of(db, [(vera, NOON)]) == [None]
    rep_without = MemberRow(external_id="ray", name="Ray")
    assert [item.result for item in await members(door, source_id, rep_without)] == [Result.REFUSED]


async def _manager(door: Door, portfolio: list[UUID] | None) -> Actor:
    subject = str(new_id())
    invitation = Invitation(issuer="test", subject=subject, role=Role.CHANNEL_MANAGER, name="Max")
    account_id = await link_account(door, SYSTEM, invitation)
    await door.operate(SYSTEM, lambda op: assign_portfolio_in(op, account_id, portfolio))
    return await actor_of_subject(door.database, "test", subject)
