"""What a wallet's owner, firm and vendor are shown, as of now and as of then."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.access.principals import Actor, Relation, Role
from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from domain.ledger import reading, statements
from domain.ledger.wallets import WalletState
from tests.storage.ledger_book import Book

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)


@pytest.fixture
async def book(database: str) -> AsyncIterator[Book]:
    opened = await Database.open(database)
    yield Book(database=opened)
    await opened.close()


def compared(wallet: WalletState | reading.WalletRecord) -> tuple[object, ...]:
    return (wallet.pending, wallet.available, wallet.held, wallet.receivable, wallet.next_due_at)


async def test_a_read_of_a_due_wallet_shows_what_the_worker_will_post(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    spent = await book.award(program, owner, 50)
    await book.capture(await book.hold(owner, 50))
    await book.take_back(spent, 50)
    await book.award(program, owner, 80, hold=timedelta(days=2), expires_in=timedelta(days=6))
    await book.award(program, owner, 9, hold=timedelta(days=90))
    wallet = await book.wallet(owner)
    for days in (1, 2, 4):
        await book.advance(days=days)
        pair = (ADMIN, wallet.id)
        seen = (await reading.wallets_by_id(book.database, [pair]))[pair]
        lots = (await reading.lots_of_wallets(book.database, [pair], limit=10))[pair]
        debts = (await reading.debts_of_wallets(book.database, [pair], limit=10, open_only=False))[pair]
        assert sum(lot.available for lot in lots) == seen.available
        assert sum(debt.outstanding for debt in debts) == seen.receivable
        assert compared(seen) == compared(await book.wallet(owner))


async def test_ownership_is_decided_for_each_pair(book: Book) -> None:
    program, owner, stranger, partner_id = await book.program(1_000), book.owner(), book.owner(), new_id()
    await book.award(program, owner, 10)
    await book.award(program, stranger, 20)
    manager = new_id()
    async with book.database.transaction() as connection:
        await connection.execute("INSERT INTO belonging (subject_id, partner_id) VALUES ($1, $2)", owner.id, partner_id)
        await connection.execute(
            "INSERT INTO reach (id, principal_id, partner_id, relation) VALUES ($1, $2, $3, 'OPERATOR')",
            new_id(),
            manager,
            partner_id,
        )  # fmt: skip the rows are a table
    mine, theirs = (await book.wallet(owner)).id, (await book.wallet(stranger)).id
    rep = Actor(principal_id=new_id(), role=Role.MEMBER, member_id=owner.id, partner_id=partner_id)
    admin = Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, member_id=new_id(), partner_id=partner_id)
    channel = Actor(principal_id=manager, role=Role.CHANNEL_MANAGER)
    pairs = [(actor, key) for actor in (rep, admin, channel, ADMIN) for key in (mine, theirs)]
    seen = await reading.wallets_by_id(book.database, pairs)
    assert {pair: record.relation for pair, record in seen.items()} == {
        (rep, mine): Relation.OWN,
        (admin, mine): Relation.PARTNER,
        (channel, mine): Relation.OPERATOR,
        (ADMIN, mine): Relation.OPERATOR,
        (ADMIN, theirs): Relation.OPERATOR,
    }
    entries = await reading.entries_of_wallets(book.database, pairs, limit=5)
    assert set(entries) == set(seen)
    owned = await reading.wallets_of_members(book.database, [(rep, owner.id), (rep, stranger.id)])
    assert [wallet.id for wallet in owned[rep, owner.id]] == [mine]
    assert not owned.get((rep, stranger.id))


async def test_entries_and_lots_come_in_pages_without_gap_or_repeat(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    for days in (3, 1, 2, None):
        await book.award(program, owner, 10, expires_in=timedelta(days=days) if days else None)
    pair = (ADMIN, (await book.wallet(owner)).id)
    seqs, after = list[int](), None
    while page := (await reading.entries_of_wallets(book.database, [pair], limit=5, after=after))[pair]:
        seqs += [entry.seq for entry in page]
        after = page[-1].seq
    assert seqs == list(range(12, 0, -1))
    first = (await reading.lots_of_wallets(book.database, [pair], limit=3))[pair]
    rest = (await reading.lots_of_wallets(book.database, [pair], limit=3, after=(first[-1].expires_at, first[-1].id)))[
        pair
    ]
    expiries = [lot.expires_at for lot in (*first, *rest)]
    assert expiries == [*sorted(at for at in expiries if at), None]
    coming = (await reading.upcoming_expiries(book.database, [pair], limit=2))[pair]
    assert [move.at for move in coming] == expiries[:2]
    for limit in (0, 102):
        with pytest.raises(ValueError):
            await reading.entries_of_wallets(book.database, [pair], limit=limit)


async def test_balances_as_of_an_instant_follow_effective_instants(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    start = await book.now()
    await book.award(program, owner, 100, hold=timedelta(days=3))
    await book.advance(days=10)
    await book.hold(owner, 40)
    pair = (ADMIN, (await book.wallet(owner)).id)

    async def at(days: int) -> tuple[int, int, int]:
        balance = (await statements.balances_as_of(book.database, [pair], at=start + timedelta(days=days)))[pair]
        return (balance.pending, balance.available, balance.held)

    assert [await at(days) for days in (-1, 1, 4, 11)] == [(0, 0, 0), (100, 0, 0), (0, 100, 0), (0, 60, 40)]


async def test_a_late_award_is_booked_as_adjustment_unless_its_source_is_a_backfill(book: Book) -> None:
    program, owner = await book.program(1_000, grace_days=5), book.owner()
    now = await book.now()
    long_ago = datetime(2019, 3, 31, 23, 30, tzinfo=UTC)
    await book.award(program, owner, 10, occurred_at=long_ago)
    await book.award(program, owner, 7, occurred_at=long_ago, backfill=True)
    pair = (ADMIN, (await book.wallet(owner)).id)
    then = await statements.statements_of(
        book.database, [pair], start=datetime(2019, 3, 1, tzinfo=UTC), until=datetime(2019, 4, 1, tzinfo=UTC)
    )
    assert [(line.kind, line.booking, line.pending, line.available) for line in then[pair].lines] == [
        ("AWARD", "OWN", 7, 0),
        ("MATURE", "OWN", -7, 7),
    ]
    since = datetime(now.year, now.month, 1, tzinfo=UTC)
    current = (await statements.statements_of(book.database, [pair], start=since, until=now + timedelta(days=40)))[pair]
    assert (current.opening.available, current.closing.available) == (7, 17)
    assert {line.booking for line in current.lines} == {"ADJUSTMENT"}
    owed = await statements.liabilities_of(book.database, [program.id], until=now + timedelta(days=40))
    assert [(one.unit, one.available) for one in owed] == [("POINTS", 17)]
