"""Awards are posted here, with what is taken back beside them, and budgets are funded."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.kernel.events import Event
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Connection, Database
from domain.ledger import transfers
from domain.ledger.events import AWARD_GRANTED
from domain.ledger.journal import Journal
from domain.ledger.loading import open_debts, wallets_by_id, wallets_by_owner
from domain.ledger.lots import Lot
from domain.ledger.opening import lock_budgets_in
from domain.ledger.reversing import Lower, Reversed, draft_lowers, read_origins
from domain.ledger.transfers import Kind, Share
from domain.ledger.wallets import Owner, WalletState
from domain.ledger.writing import write_in

AMOUNT_MAX = 10**15
BATCH_MAX = 20_000  # raises and lowers of one operation: a batch of 1,000 activities with re-walks fits

OPEN_BUDGET = """
INSERT INTO budget (id, program_id, unit, balance) VALUES ($1, $2, $3, 0) ON CONFLICT (program_id, unit) DO NOTHING
"""

BUDGETS_OF_PROGRAMS = "SELECT id, program_id, unit FROM budget WHERE program_id = ANY($1::uuid[])"


@dataclass(frozen=True, kw_only=True)
class Raise:
    """One new award: number `n` of its due. `member_id` and `partner_id` are the envelope of its event."""

    due_id: UUID
    n: int
    owner: Owner
    program_id: UUID
    budget_id: UUID
    amount: int
    occurred_at: datetime
    matures_at: datetime
    expires_at: datetime | None
    rate_id: UUID | None
    explanation: list[dict[str, object]]
    rule: str
    activity_id: UUID | None
    milestone: str | None
    member_id: UUID | None
    partner_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class PostedBatch:
    """What was posted: the award of each raise and the reversal of each lower, in the order given."""

    award_ids: tuple[UUID, ...]
    reversals: tuple[Reversed, ...]


@dataclass(frozen=True, kw_only=True)
class Funded:
    """A budget after it was funded."""

    budget_id: UUID
    balance: int
    transaction_id: UUID


async def post_in(
    op: Operation,
    *,
    raises: Sequence[Raise],
    lowers: Sequence[Lower] = (),
    cause_kind: str = "activity",
    cause_of: Callable[[Raise], UUID] | None = None,
    backfill: bool = False,
) -> PostedBatch:
    """The raises are awards with their lots, the lowers are taken back, and both are matured up to now.

    Wallets (also those of the lowered awards) were opened and budgets locked by this operation. A raise's
    transaction names `cause_kind` and `cause_of` (its activity, or else its due); a lower's names its own cause.
    What a lower cannot take from its own lot is netted with the raises of the same wallet and program before any
    other lot or debt is touched. The number of statements does not depend on the number of items; at most 20,000.

    Refuses: BudgetExceeded, AwardExists, AlreadyReversed, ReversalExceedsAward, NotFound (an award of `lowers`).
    """
    if len(raises) + len(lowers) > BATCH_MAX:
        raise ValueError(f"an operation posts at most {BATCH_MAX} raises and lowers")
    if not raises and not lowers:
        return PostedBatch(award_ids=(), reversals=())
    journal = Journal(op.now, backfill=backfill)
    origins = await read_origins(op, lowers) if lowers else []
    wallets = await wallets_by_owner(op.sql, {item.owner for item in raises})
    others = {origin.wallet_id for origin in origins} - {wallet.id for wallet in wallets.values()}
    more = await wallets_by_id(op.sql, others) if others else {}
    journal.know(wallets=[*wallets.values(), *more.values()])
    in_debt = [wallet.id for wallet in journal.wallets.values() if wallet.receivable > 0]
    journal.know(debts=await open_debts(op.sql, in_debt) if in_debt else [])
    award_ids = _draft_raises(journal, raises, wallets, cause_kind, cause_of)
    fresh = [lot for lot in journal.lots.values() if lot.id not in journal.lots_as_read]
    reversals = await draft_lowers(op, journal, lowers, origins, frozenset(lot.id for lot in fresh))
    _mature_fresh(journal, {lot.id for lot in fresh})
    await write_in(op, journal)
    return PostedBatch(award_ids=tuple(award_ids), reversals=tuple(reversals))


def _draft_raises(
    journal: Journal,
    raises: Sequence[Raise],
    wallets: Mapping[Owner, WalletState],
    cause_kind: str,
    cause_of: Callable[[Raise], UUID] | None,
) -> list[UUID]:
    award_ids, lot_ids = new_ids(len(raises)), new_ids(len(raises))
    for item, award_id, lot_id in zip(raises, award_ids, lot_ids, strict=True):
        wallet = wallets[item.owner]
        matures_at = item.matures_at.astimezone(UTC)
        lot = Lot(
            id=lot_id,
            award_id=award_id,
            wallet_id=wallet.id,
            program_id=item.program_id,
            amount=item.amount,
            pending=item.amount,
            matures_at=matures_at,
            expires_at=item.expires_at.astimezone(UTC) if item.expires_at else None,
        )
        journal.lots[lot_id] = lot
        transaction_id = journal.draft(
            Kind.AWARD,
            unit=item.owner.unit,
            cause=(cause_kind, cause_of(item) if cause_of else item.activity_id or item.due_id),
            postings=transfers.awarded(
                wallet.id, item.budget_id, Share(lot_id=lot_id, program_id=item.program_id, amount=item.amount)
            ),
            effective_at=min(item.occurred_at.astimezone(UTC), matures_at),
            tell=_granted(award_id, wallet.id, item),
        )
        _state_award(journal, transaction_id, award_id, wallet, lot, item)
    return award_ids


def _state_award(
    journal: Journal, transaction_id: UUID, award_id: UUID, wallet: WalletState, lot: Lot, item: Raise
) -> None:
    journal.state(
        transaction_id,
        "award",
        {
            "id": award_id,
            "due_id": item.due_id,
            "n": item.n,
            "program_id": item.program_id,
            "budget_id": item.budget_id,
            "wallet_id": wallet.id,
            "amount": item.amount,
            "rate_id": item.rate_id,
            "transaction_id": transaction_id,
            "occurred_at": item.occurred_at.astimezone(UTC),
            "recorded_at": journal.now,
            "explanation": item.explanation,
        },
    )
    journal.state(
        transaction_id,
        "lot",
        {
            "id": lot.id,
            "award_id": award_id,
            "wallet_id": wallet.id,
            "program_id": item.program_id,
            "amount": item.amount,
            "matures_at": lot.matures_at,
        },
    )
    owner = wallet.owner
    seal = {"id": wallet.id, "owner_kind": owner.kind.value, "owner_id": owner.id, "unit": owner.unit}
    journal.stating[transaction_id].append(("wallet", seal))


def _granted(award_id: UUID, wallet_id: UUID, item: Raise) -> Callable[[UUID, bytes], Event]:
    def tell(transaction_id: UUID, seal: bytes) -> Event:
        return AWARD_GRANTED.about(
            award_id,
            member_id=item.member_id,
            partner_id=item.partner_id,
            program_id=item.program_id,
            transaction_id=transaction_id,
            digest=seal,
            wallet_id=str(wallet_id),
            unit=item.owner.unit,
            amount=item.amount,
            due_id=str(item.due_id),
            rule=item.rule,
            activity_id=str(item.activity_id) if item.activity_id else None,
            milestone=item.milestone,
            occurred_at=item.occurred_at.astimezone(UTC).isoformat(),
            matures_at=item.matures_at.astimezone(UTC).isoformat(),
            expires_at=item.expires_at.astimezone(UTC).isoformat() if item.expires_at else None,
        )

    return tell


def _mature_fresh(journal: Journal, fresh: set[UUID]) -> None:
    by_wallet = dict[UUID, list[Lot]]()
    for lot_id in sorted(fresh):
        lot = journal.lots[lot_id]
        by_wallet.setdefault(lot.wallet_id, []).append(lot)
    for wallet_id, lots in by_wallet.items():
        journal.bring_up_to_date(wallet_id, lots)


async def open_budget_in(op: Operation, *, program_id: UUID, unit: str) -> UUID:
    """The program has a budget in this unit, empty if it is new; answers its id."""
    await op.sql.execute(OPEN_BUDGET, new_id(), program_id, unit)
    return (await find_budgets(op.sql, [program_id]))[program_id, unit]


async def find_budgets(source: Database | Connection, program_ids: Collection[UUID]) -> Mapping[tuple[UUID, str], UUID]:
    """The budgets of these programs by (program, unit)."""
    rows = await source.fetch(BUDGETS_OF_PROGRAMS, list(program_ids))
    return {(row["program_id"], row["unit"]): row["id"] for row in rows}


async def fund_budget_in(
    op: Operation,
    *,
    program_id: UUID,
    unit: str,
    amount: int,
    reason: str,
    cause: tuple[str, UUID] | None = None,
) -> Funded:
    """The program's budget in this unit is raised by `amount` (lowered, if negative); it is created if missing.

    `cause` is the kind and id of what moved it, where that is more than a funding by hand.

    Refuses: InvalidInput (zero, or beyond 10^15); BudgetExceeded if it would go below zero.
    """
    if amount == 0 or abs(amount) > AMOUNT_MAX:
        raise InvalidInput(field="amount", problem=f"not zero, at most {AMOUNT_MAX}")
    budget_id = await open_budget_in(op, program_id=program_id, unit=unit)
    balance = (await lock_budgets_in(op, [budget_id]))[budget_id] + amount
    journal = Journal(op.now)
    transaction_id = journal.fund(
        program_id=program_id,
        budget_id=budget_id,
        unit=unit,
        amount=amount,
        balance=balance,
        reason=reason,
        cause=cause,
    )
    await write_in(op, journal)
    return Funded(budget_id=budget_id, balance=balance, transaction_id=transaction_id)
