"""The ledger's pure rules as tables: take-backs, debts, what moves by itself, signs and months."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.ledger import transfers
from domain.ledger.lots import Lot, take
from domain.ledger.periods import Booking, Period, book, month_of
from domain.ledger.reversals import Claim, Debt, Taken, cover, settle
from domain.ledger.transfers import Origin, Share
from domain.ledger.wallets import Expired, Matured, Settled, fold

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
PROGRAM, OTHER, WALLET = UUID(int=1), UUID(int=2), UUID(int=3)


def lot(number: int, *, program: UUID = PROGRAM, life: int | None = None, matures: int = 0, **parts: int) -> Lot:
    return Lot(
        id=UUID(int=number),
        award_id=UUID(int=number + 100),
        wallet_id=WALLET,
        program_id=program,
        amount=sum(parts.values()),
        matures_at=START + matures * DAY,
        expires_at=None if life is None else START + life * DAY,
        **parts,
    )


def debt(number: int, outstanding: int, *, day: int = 0) -> Debt:
    return Debt(
        id=UUID(int=number),
        wallet_id=WALLET,
        reversal_id=UUID(int=number),
        program_id=PROGRAM,
        budget_id=UUID(int=9),
        amount=outstanding,
        outstanding=outstanding,
        recorded_at=START + day * DAY,
    )


def claim(own: Lot, amount: int) -> Claim:
    return Claim(lot_id=own.id, program_id=own.program_id, amount=amount)


@pytest.mark.parametrize(
    ("own", "amount", "taken", "owed"),
    [
        (lot(1, pending=100), 100, [("pending", 100)], 0),
        (lot(1, available=60, redeemed=40), 100, [("available", 60)], 40),
        (lot(1, pending=10, available=20, expired=30), 45, [("pending", 10), ("available", 20), ("expired", 15)], 0),
        (lot(1, expired=100), 100, [("expired", 100)], 0),
        (lot(1, held=100), 30, [], 30),
        (lot(1, settled=100), 100, [], 100),
    ],
)
def test_a_take_back_takes_its_own_lot_in_order_and_owes_the_rest(
    own: Lot, amount: int, taken: list[tuple[str, int]], owed: int
) -> None:
    (coverage,), after = cover([claim(own, amount)], [own])
    assert [(part.part, part.amount) for part in coverage.taken] == taken
    assert coverage.owed == owed
    assert after[own.id].reversed == amount - owed


def test_other_available_lots_pay_by_earliest_expiry_and_held_ones_are_left_alone() -> None:
    own, late, soon, held = (
        lot(1, redeemed=100),
        lot(2, life=9, available=30),
        lot(3, life=5, available=40),
        lot(4, held=50),
    )
    (coverage,), _ = cover([claim(own, 100)], [own, late, soon, held])
    assert [(part.lot_id, part.target, part.amount) for part in coverage.taken] == [
        (soon.id, "settled", 40),
        (late.id, "settled", 30),
    ]
    assert coverage.owed == 30


def test_every_claim_takes_its_own_lot_before_any_takes_a_foreign_one() -> None:
    first, second = lot(1, redeemed=10), lot(2, available=10)
    coverages, _ = cover([claim(first, 10), claim(second, 10)], [first, second])
    assert [coverage.owed for coverage in coverages] == [10, 0]


def test_netting_takes_what_the_same_transaction_grants_in_the_same_program_only() -> None:
    own, fresh, foreign = lot(1, redeemed=50), lot(2, pending=30), lot(3, program=OTHER, pending=99)
    (coverage,), _ = cover([claim(own, 50)], [own, fresh, foreign], frozenset({fresh.id, foreign.id}))
    assert [(part.lot_id, part.amount) for part in coverage.taken] == [(fresh.id, 30)]
    assert coverage.owed == 20


def test_debts_are_paid_oldest_first_from_what_expires_first() -> None:
    old, young = debt(1, 50, day=1), debt(2, 50, day=2)
    payments, after = settle([young, old], [lot(1, available=30), lot(2, life=3, available=40)])
    assert [(payment.debt.id, payment.amount) for payment in payments] == [(old.id, 50), (young.id, 20)]
    assert [(part.lot_id, part.amount) for part in payments[0].taken] == [(UUID(int=2), 40), (UUID(int=1), 10)]
    assert sum(one.available for one in after.values()) == 0


def test_taking_stops_at_what_there_is() -> None:
    assert [(one.id.int, share) for one, share in take([lot(2, available=5), lot(1, life=1, available=5)], 7)] == [
        (1, 5),
        (2, 2),
    ]
    assert sum(share for _, share in take([lot(1, available=5)], 7)) == 5


def test_a_part_never_goes_below_zero() -> None:
    for amount in (0, -1, 6):
        with pytest.raises(ValueError):
            lot(1, available=5).moved(amount, "available", "held")


def test_the_fold_matures_expires_and_settles_each_at_its_own_instant() -> None:
    lots = [lot(1, pending=50, matures=2, life=4), lot(2, pending=10, matures=9)]
    steps, after, owed = fold(lots, [debt(7, 20, day=3)], START + 5 * DAY)
    assert steps[0] == Matured(lot_id=UUID(int=1), amount=50, at=START + 2 * DAY)
    assert isinstance(steps[1], Settled)
    assert (steps[1].payment.amount, steps[1].at) == (20, START + 3 * DAY)
    assert steps[2] == Expired(lot_id=UUID(int=1), amount=30, at=START + 4 * DAY)
    assert (after[UUID(int=1)].settled, after[UUID(int=2)].pending, owed[UUID(int=7)].outstanding) == (20, 10, 0)


def test_folding_in_two_goes_ends_as_folding_once() -> None:
    lots = [lot(n, pending=10 * n, matures=n, life=n + 2) for n in range(1, 6)]
    debts = [debt(7, 35), debt(8, 40, day=1)]
    once = fold(lots, debts, START + 6 * DAY)
    for day in range(7):
        first = fold(lots, debts, START + day * DAY)
        second = fold(first[1].values(), first[2].values(), START + 6 * DAY)
        assert (second[1], second[2]) == (once[1], once[2])


def test_what_is_held_does_not_expire() -> None:
    _, after, _ = fold([lot(1, life=1, available=3, held=4)], [], START + 2 * DAY)
    assert (after[UUID(int=1)].expired, after[UUID(int=1)].held) == (3, 4)


def test_every_transfer_sums_to_zero() -> None:
    share = Share(lot_id=UUID(int=5), program_id=PROGRAM, amount=60)
    owing = debt(1, 40)
    origin = Origin(program_id=PROGRAM, budget_id=UUID(int=9), pending_entry_id=None, budget_entry_id=None)
    taken = [(Taken(lot_id=share.lot_id, part="available", target="reversed", amount=60), PROGRAM)]
    clawback = transfers.taken_back(WALLET, origin, taken, 40)
    assert [(one.kind, one.amount) for one in clawback] == [
        ("available", -60),
        ("receivable", -40),
        ("recovering", 40),
        ("budget", 60),
    ]
    settlement = transfers.settled(owing, [replace(share, amount=40)])
    assert [(one.kind, one.amount) for one in settlement] == [
        ("available", -40),
        ("receivable", 40),
        ("recovering", -40),
        ("budget", 40),
    ]
    for postings in (
        clawback,
        settlement,
        transfers.funded(PROGRAM, UUID(int=9), 7),
        transfers.awarded(WALLET, UUID(int=9), share),
        transfers.matured(WALLET, share),
        transfers.expired(WALLET, share),
        transfers.held(WALLET, [share]),
        transfers.captured(WALLET, [share]),
        transfers.released(WALLET, [share]),
        transfers.written_off(owing, 40),
    ):
        assert sum(one.amount for one in postings) == 0
    assert transfers.balance_of("receivable", -40) == 40


def period(starts: datetime, *, grace_days: int = 10, closed: bool = False) -> Period:
    ends = month_of(starts, ZoneInfo("UTC"))[1]
    grace = ends + grace_days * DAY
    return Period(
        id=UUID(int=starts.month),
        program_id=PROGRAM,
        starts_at=starts,
        ends_at=ends,
        grace_ends_at=grace,
        closed_at=grace if closed else None,
    )


@pytest.mark.parametrize(
    ("now", "closed", "backfill", "booking"),
    [
        (START + 40 * DAY, False, False, Booking.OWN),
        (START + 41 * DAY - timedelta(microseconds=1), False, False, Booking.OWN),
        (START + 41 * DAY, False, False, Booking.ADJUSTMENT),
        (START + 45 * DAY, True, False, Booking.ADJUSTMENT),
        (START + 45 * DAY, False, True, Booking.OWN),
        (START + 45 * DAY, True, True, Booking.OWN),
    ],
)
def test_an_entry_is_booked_in_its_own_month_until_the_grace_is_over(
    now: datetime, closed: bool, backfill: bool, booking: Booking
) -> None:
    own, current = period(START, closed=closed), period(datetime(2026, 2, 1, tzinfo=UTC))
    chosen, how = book(own, current, now, backfill=backfill)
    assert how is booking
    assert chosen is (own if booking is Booking.OWN else current)


@pytest.mark.parametrize(
    ("zone", "instant", "starts", "ends"),
    [
        ("UTC", "2026-01-31T23:59:59.999999+00:00", "2026-01-01T00:00+00:00", "2026-02-01T00:00+00:00"),
        ("Europe/Paris", "2026-03-31T22:00+00:00", "2026-03-31T22:00+00:00", "2026-04-30T22:00+00:00"),
        ("Europe/Paris", "2026-03-31T21:59+00:00", "2026-02-28T23:00+00:00", "2026-03-31T22:00+00:00"),
        ("America/New_York", "2026-11-01T04:00+00:00", "2026-11-01T04:00+00:00", "2026-12-01T05:00+00:00"),
        ("Asia/Kathmandu", "2026-12-31T18:15+00:00", "2026-12-31T18:15+00:00", "2027-01-31T18:15+00:00"),
    ],
)
def test_a_month_is_the_calendar_s_in_the_program_s_zone(zone: str, instant: str, starts: str, ends: str) -> None:
    month = month_of(datetime.fromisoformat(instant), ZoneInfo(zone))
    assert month == (datetime.fromisoformat(starts), datetime.fromisoformat(ends))
