"""Parts of awards are taken back here, what cannot be covered becomes a debt, and debts are written off."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.ledger import transfers
from domain.ledger.events import AWARD_REVERSED
from domain.ledger.journal import Journal
from domain.ledger.loading import lots_by_id, spendable_lots
from domain.ledger.lots import Lot
from domain.ledger.opening import bring_up_to_date_in
from domain.ledger.refusals import AlreadyReversed, DebtIsPaid, ReversalExceedsAward
from domain.ledger.reversals import Claim, Coverage, Debt, cover
from domain.ledger.transfers import Kind
from domain.ledger.wallets import WalletState
from domain.ledger.writing import write_in

REASON_LENGTH_MAX = 500

ORIGINS = """
SELECT award.id AS award_id, award.program_id, award.budget_id, award.wallet_id, award.amount, award.reversed_total,
       award.occurred_at, lot.id AS lot_id, pending.id AS pending_entry_id, budgeted.id AS budget_entry_id,
       EXISTS (SELECT FROM reversal WHERE reversal.award_id = award.id AND reversal.cause_id = asked.cause_id) AS done
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (award_id, cause_id, place)
JOIN award ON award.id = asked.award_id
JOIN lot ON lot.award_id = award.id
JOIN entry AS pending ON pending.transaction_id = award.transaction_id AND pending.kind = 'pending'
JOIN entry AS budgeted ON budgeted.transaction_id = award.transaction_id AND budgeted.kind = 'budget'
ORDER BY place
"""

DEBT = """
SELECT id, wallet_id, reversal_id, program_id, budget_id, amount, outstanding, recorded_at FROM debt WHERE id = $1
"""


@dataclass(frozen=True, kw_only=True)
class Lower:
    """A part of one award to be taken back for one cause, which can do so once."""

    award_id: UUID
    amount: int
    cause_id: UUID
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reversed:
    """What one lower did: how much of it became a debt."""

    reversal_id: UUID
    award_id: UUID
    amount: int
    indebted: int


@dataclass(frozen=True, kw_only=True)
class AwardOrigin:
    """An award as it stands before a part of it is taken back, with the entries that granted it."""

    award_id: UUID
    program_id: UUID
    budget_id: UUID
    wallet_id: UUID
    amount: int
    reversed_total: int
    occurred_at: datetime
    lot_id: UUID
    pending_entry_id: UUID
    budget_entry_id: UUID


async def read_origins(op: Operation, lowers: Sequence[Lower]) -> list[AwardOrigin]:
    """The awards of the lowers, in their order.

    Refuses: NotFound; AlreadyReversed; ReversalExceedsAward, counting lowers of one award together.
    """
    rows = await op.sql.fetch(ORIGINS, [lower.award_id for lower in lowers], [lower.cause_id for lower in lowers])
    if len(rows) != len(lowers):
        missing = {lower.award_id for lower in lowers} - {row["award_id"] for row in rows}
        raise NotFound(kind="award", id=str(min(missing)))
    asked = defaultdict[UUID, int](int)
    for lower, row in zip(lowers, rows, strict=True):
        if lower.amount <= 0:
            raise InvalidInput(field="amount", problem="more than zero")
        if row["done"]:
            raise AlreadyReversed
        asked[lower.award_id] += lower.amount
        if row["reversed_total"] + asked[lower.award_id] > row["amount"]:
            raise ReversalExceedsAward
    return [AwardOrigin(**{name: value for name, value in row.items() if name != "done"}) for row in rows]


async def draft_lowers(
    op: Operation,
    journal: Journal,
    lowers: Sequence[Lower],
    origins: Sequence[AwardOrigin],
    fresh: frozenset[UUID],
) -> list[Reversed]:
    """Drafts the reversal of each lower, wallet by wallet; answers them in the order given."""
    if not lowers:
        return []
    asked = defaultdict[UUID, int](int)
    places = defaultdict[UUID, list[int]](list)
    for place, (lower, origin) in enumerate(zip(lowers, origins, strict=True)):
        asked[origin.wallet_id] += lower.amount
        places[origin.wallet_id].append(place)
    journal.know(lots=await lots_by_id(op.sql, {origin.lot_id for origin in origins}))
    # An own lot may stand among the spendable ones without covering others, so those it could hide are asked for too.
    own = defaultdict[UUID, int](int)
    for lot_id in {origin.lot_id for origin in origins}:
        own[journal.lots[lot_id].wallet_id] += journal.lots[lot_id].available
    spendable = await spendable_lots(op.sql, {wallet_id: asked[wallet_id] + own[wallet_id] for wallet_id in asked})
    journal.know(lots=[lot for lots in spendable.values() for lot in lots])
    lots_of = defaultdict[UUID, list[Lot]](list)
    for lot in journal.lots.values():
        lots_of[lot.wallet_id].append(lot)
    done = dict[int, Reversed]()
    for wallet_id in sorted(places):
        claims = [
            Claim(lot_id=origins[place].lot_id, program_id=origins[place].program_id, amount=lowers[place].amount)
            for place in places[wallet_id]
        ]
        here = frozenset(lot.id for lot in lots_of[wallet_id] if lot.id in fresh)
        coverages, after = cover(claims, lots_of[wallet_id], here)
        journal.lots.update(after)
        for place, coverage in zip(places[wallet_id], coverages, strict=True):
            done[place] = _draft(journal, lowers[place], origins[place], coverage)
    return [done[place] for place in range(len(lowers))]


def _draft(journal: Journal, lower: Lower, origin: AwardOrigin, coverage: Coverage) -> Reversed:
    wallet = journal.wallets[origin.wallet_id]
    reversal_id = new_id()
    total = journal.reversed_by_award.get(origin.award_id, 0) + lower.amount
    journal.reversed_by_award[origin.award_id] = total
    taken = [(part, journal.lots[part.lot_id].program_id) for part in coverage.taken]
    transaction_id = journal.draft(
        Kind.REVERSE,
        unit=wallet.owner.unit,
        cause=("reversal", lower.cause_id),
        postings=transfers.taken_back(
            wallet.id,
            transfers.Origin(
                program_id=origin.program_id,
                budget_id=origin.budget_id,
                pending_entry_id=origin.pending_entry_id,
                budget_entry_id=origin.budget_entry_id,
            ),
            taken,
            coverage.owed,
        ),
        reason=lower.reason,
        tell=_taken_back(wallet, origin, lower, origin.reversed_total + total, coverage.owed),
    )
    journal.state(
        transaction_id,
        "reversal",
        {
            "id": reversal_id,
            "award_id": lower.award_id,
            "cause_id": lower.cause_id,
            "amount": lower.amount,
            "transaction_id": transaction_id,
            "recorded_at": journal.now,
        },
    )
    if coverage.owed:
        debt = Debt(
            id=new_id(),
            wallet_id=wallet.id,
            reversal_id=reversal_id,
            program_id=origin.program_id,
            budget_id=origin.budget_id,
            amount=coverage.owed,
            outstanding=coverage.owed,
            recorded_at=journal.now,
        )
        journal.owe(debt)
        row = {name: getattr(debt, name) for name in debt.__dataclass_fields__ if name != "outstanding"}
        journal.state(transaction_id, "debt", row)
    return Reversed(reversal_id=reversal_id, award_id=lower.award_id, amount=lower.amount, indebted=coverage.owed)


def _taken_back(
    wallet: WalletState, origin: AwardOrigin, lower: Lower, total: int, owed: int
) -> Callable[[UUID, bytes], Event]:
    def tell(transaction_id: UUID, seal: bytes) -> Event:
        return AWARD_REVERSED.about(
            origin.award_id,
            member_id=wallet.member_id,
            partner_id=wallet.partner_id,
            program_id=origin.program_id,
            transaction_id=transaction_id,
            digest=seal,
            wallet_id=str(wallet.id),
            unit=wallet.owner.unit,
            amount=lower.amount,
            reversed_total=total,
            remaining=origin.amount - total,
            cause_id=str(lower.cause_id),
            indebted=owed,
            occurred_at=origin.occurred_at.isoformat(),
        )

    return tell


async def write_off_in(op: Operation, debt_id: UUID, reason: str) -> int:
    """Nothing of the debt is outstanding any more; answers how much the vendor gave up.

    Refuses: NotFound; InvalidInput (a reason of 1 to 500 characters); DebtIsPaid.
    """
    if not 1 <= len(reason) <= REASON_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")
    row = await op.sql.fetchrow(DEBT, debt_id)
    if row is None:
        raise NotFound(kind="debt", id=str(debt_id))
    wallets = await bring_up_to_date_in(op, [row["wallet_id"]], budget_ids=[row["budget_id"]])
    now_standing = await op.sql.fetchrow(DEBT, debt_id)
    assert now_standing is not None, "debts are never deleted"
    debt = Debt(**now_standing)
    if debt.outstanding == 0:
        raise DebtIsPaid
    journal = Journal(op.now)
    journal.know(wallets=wallets.values(), debts=[debt])
    journal.write_off(wallets[debt.wallet_id], debt, reason)
    await write_in(op, journal)
    return debt.outstanding
