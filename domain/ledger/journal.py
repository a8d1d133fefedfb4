"""A batch of transactions drafted in memory over the wallets it knows; nothing is stored until it is written."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event
from domain.kernel.ids import new_id
from domain.ledger import transfers
from domain.ledger.digests import Row
from domain.ledger.events import (
    BUDGET_FUNDED,
    DEBT_SETTLED,
    DEBT_WRITTEN_OFF,
    POINTS_CAPTURED,
    POINTS_EXPIRED,
    POINTS_HELD,
    POINTS_MATURED,
    POINTS_REFUNDED,
    POINTS_RELEASED,
)
from domain.ledger.lots import Lot
from domain.ledger.reversals import Debt
from domain.ledger.transfers import Kind, Posting, Share
from domain.ledger.wallets import Matured, Settled, Step, WalletState, fold, pay

Tell = Callable[[UUID, bytes], Event]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One transaction before it is written; `tell` makes its event once its digest is known."""

    id: UUID
    kind: Kind
    unit: str
    cause_kind: str
    cause_id: UUID
    reason: str | None
    effective_at: datetime
    postings: tuple[Posting, ...]
    tell: Tell


class Journal:
    """What one operation will write: transactions in order, new rows, and lots, debts and holds as they end up."""

    def __init__(self, now: datetime, *, backfill: bool = False) -> None:
        self.now = now
        self.backfill = backfill
        self.wallets = dict[UUID, WalletState]()
        self.lots = dict[UUID, Lot]()
        self.debts = dict[UUID, Debt]()
        self._debts_of = defaultdict[UUID, set[UUID]](set)
        self.drafts = list[Draft]()
        self.rows: dict[str, list[Row]] = {
            "award": [],
            "lot": [],
            "reversal": [],
            "debt": [],
            "hold": [],
            "hold_lot": [],
            "payment": [],
            "payment_lot": [],
        }
        self.stating = dict[UUID, list[tuple[str, Row]]]()
        self.lots_as_read = dict[UUID, Lot]()
        self.debts_as_read = dict[UUID, Debt]()
        self.reversed_by_award = dict[UUID, int]()
        self.holds_ended = dict[UUID, str]()
        self.holds_refunded = set[UUID]()
        self.payments_ended = dict[UUID, str]()
        self.payments_returned = set[UUID]()

    def know(self, wallets: Iterable[WalletState] = (), lots: Iterable[Lot] = (), debts: Iterable[Debt] = ()) -> None:
        """Takes in rows as they were read under their wallets' locks."""
        self.wallets.update((wallet.id, wallet) for wallet in wallets)
        for lot in lots:
            self.lots_as_read.setdefault(lot.id, lot)
            self.lots.setdefault(lot.id, lot)
        for debt in debts:
            self.debts_as_read.setdefault(debt.id, debt)
            self.owe(debt)

    def owe(self, debt: Debt) -> None:
        """Takes in a debt, old or new."""
        self.debts.setdefault(debt.id, debt)
        self._debts_of[debt.wallet_id].add(debt.id)

    def owed_by(self, wallet_id: UUID) -> dict[UUID, Debt]:
        """The wallet's debts of which something is outstanding."""
        known = (self.debts[debt_id] for debt_id in self._debts_of[wallet_id])
        return {debt.id: debt for debt in known if debt.outstanding > 0}

    def draft(
        self,
        kind: Kind,
        *,
        unit: str,
        cause: tuple[str, UUID],
        postings: Sequence[Posting],
        tell: Tell,
        effective_at: datetime | None = None,
        reason: str | None = None,
        transaction_id: UUID | None = None,
    ) -> UUID:
        """Adds a transaction; it is effective now unless said otherwise."""
        draft = Draft(
            id=transaction_id or new_id(),
            kind=kind,
            unit=unit,
            cause_kind=cause[0],
            cause_id=cause[1],
            reason=reason,
            effective_at=effective_at or self.now,
            postings=tuple(postings),
            tell=tell,
        )
        self.drafts.append(draft)
        return draft.id

    def state(self, transaction_id: UUID, table: str, row: Row) -> None:
        """Adds a new row that the transaction's digest covers."""
        self.rows[table].append(row)
        self.stating.setdefault(transaction_id, []).append((table, row))

    def bring_up_to_date(self, wallet_id: UUID, lots: Iterable[Lot]) -> None:
        """Matures, expires and settles the given lots of one wallet up to now, each at its own instant."""
        steps, after, owed = fold(lots, self.owed_by(wallet_id).values(), self.now)
        self.lots.update(after)
        self.debts.update(owed)
        for step in steps:
            self._step(self.wallets[wallet_id], step)

    def settle(self, wallet_id: UUID, lot_ids: Iterable[UUID]) -> None:
        """Pays the wallet's debts from what the named lots have available now."""
        owed = self.owed_by(wallet_id)
        if not owed:
            return
        for step in pay(self.lots, owed, lot_ids, self.now):
            self._step(self.wallets[wallet_id], step)
        self.debts.update(owed)

    def _step(self, wallet: WalletState, step: Step) -> None:
        if isinstance(step, Settled):
            self._settled(wallet, step)
            return
        share = self._share(step.lot_id, step.amount)
        kind, moved, event = (
            (Kind.MATURE, transfers.matured, POINTS_MATURED)
            if isinstance(step, Matured)
            else (Kind.EXPIRE, transfers.expired, POINTS_EXPIRED)
        )
        self.draft(
            kind,
            unit=wallet.owner.unit,
            cause=("lot", step.lot_id),
            postings=moved(wallet.id, share),
            effective_at=step.at,
            tell=told(event.about, wallet, wallet.id, share.program_id, step.amount),
        )

    def _settled(self, wallet: WalletState, step: Settled) -> None:
        payment = step.payment
        shares = [self._share(part.lot_id, part.amount) for part in payment.taken]
        self.draft(
            Kind.SETTLE,
            unit=wallet.owner.unit,
            cause=("debt", payment.debt.id),
            postings=transfers.settled(payment.debt, shares),
            effective_at=step.at,
            tell=told(DEBT_SETTLED.about, wallet, payment.debt.id, payment.debt.program_id, payment.amount),
        )

    def hold(self, wallet: WalletState, taken: Sequence[tuple[Lot, int]], reference: tuple[str, UUID]) -> UUID:
        """Sets the taken amounts aside; answers the hold's id."""
        hold_id, total = new_id(), sum(amount for _, amount in taken)
        shares = [self.move(lot.id, amount, "available", "held") for lot, amount in taken]
        transaction_id = self.draft(
            Kind.HOLD,
            unit=wallet.owner.unit,
            cause=("hold", hold_id),
            postings=transfers.held(wallet.id, shares),
            tell=told(
                POINTS_HELD.about,
                wallet,
                hold_id,
                None,
                total,
                reference_kind=reference[0],
                reference_id=str(reference[1]),
            ),
        )
        self.state(
            transaction_id,
            "hold",
            {
                "id": hold_id,
                "wallet_id": wallet.id,
                "reference_kind": reference[0],
                "reference_id": reference[1],
                "amount": total,
                "recorded_at": self.now,
            },
        )
        for share in shares:
            part = {"id": new_id(), "hold_id": hold_id, "lot_id": share.lot_id, "amount": share.amount}
            self.state(transaction_id, "hold_lot", part)
        return hold_id

    def capture(self, wallet: WalletState, hold_id: UUID, parts: Sequence[tuple[UUID, int]]) -> None:
        """Spends a hold's parts."""
        shares = [self.move(lot_id, amount, "held", "redeemed") for lot_id, amount in parts]
        self.holds_ended[hold_id] = "CAPTURED"
        self.draft(
            Kind.CAPTURE,
            unit=wallet.owner.unit,
            cause=("hold", hold_id),
            postings=transfers.captured(wallet.id, shares),
            tell=told(POINTS_CAPTURED.about, wallet, hold_id, None, _total(shares)),
        )

    def release(
        self, wallet: WalletState, hold_id: UUID, parts: Sequence[tuple[UUID, int]], extended: Mapping[UUID, datetime]
    ) -> None:
        """Gives a hold's parts back to their lots; `extended` are the lots that get a later expiry, and which."""
        shares = self.give_back(parts, "held", extended)
        self.holds_ended[hold_id] = "RELEASED"
        self.draft(
            Kind.RELEASE,
            unit=wallet.owner.unit,
            cause=("hold", hold_id),
            postings=transfers.released(wallet.id, shares),
            tell=told(POINTS_RELEASED.about, wallet, hold_id, None, _total(shares), extended=expiries_told(extended)),
        )

    def refund(
        self, wallet: WalletState, hold_id: UUID, parts: Sequence[tuple[UUID, int]], extended: Mapping[UUID, datetime]
    ) -> None:
        """Gives a captured hold's parts back to their lots, as `release` does for one that was not."""
        shares = self.give_back(parts, "redeemed", extended)
        self.holds_refunded.add(hold_id)
        self.draft(
            Kind.REFUND,
            unit=wallet.owner.unit,
            cause=("hold", hold_id),
            postings=transfers.refunded(wallet.id, shares),
            tell=told(POINTS_REFUNDED.about, wallet, hold_id, None, _total(shares), extended=expiries_told(extended)),
        )

    def give_back(
        self, parts: Sequence[tuple[UUID, int]], source: str, extended: Mapping[UUID, datetime]
    ) -> list[Share]:
        """The parts are available again in the lots they came from, of which some live longer; answers the shares."""
        shares = [self.move(lot_id, amount, source, "available") for lot_id, amount in parts]
        for lot_id, expires_at in extended.items():
            self.lots[lot_id] = replace(self.lots[lot_id], expires_at=expires_at)
        return shares

    def write_off(self, wallet: WalletState, debt: Debt, reason: str) -> None:
        """Gives up what is outstanding of a debt."""
        self.debts[debt.id] = replace(debt, outstanding=0)
        self.draft(
            Kind.WRITE_OFF,
            unit=wallet.owner.unit,
            cause=("debt", debt.id),
            postings=transfers.written_off(debt, debt.outstanding),
            reason=reason,
            tell=told(DEBT_WRITTEN_OFF.about, wallet, debt.id, debt.program_id, debt.outstanding),
        )

    def fund(
        self,
        *,
        program_id: UUID,
        budget_id: UUID,
        unit: str,
        amount: int,
        balance: int,
        reason: str,
        cause: tuple[str, UUID] | None = None,
    ) -> UUID:
        """Raises (or, negative, lowers) a budget; `balance` is what it will be. Answers the transaction's id."""
        transaction_id = new_id()

        def tell(own_id: UUID, seal: bytes) -> Event:
            return BUDGET_FUNDED.about(
                budget_id,
                program_id=program_id,
                transaction_id=own_id,
                digest=seal,
                unit=unit,
                amount=amount,
                balance=balance,
            )

        return self.draft(
            Kind.FUND,
            unit=unit,
            cause=cause or ("funding", transaction_id),
            postings=transfers.funded(program_id, budget_id, amount),
            reason=reason,
            tell=tell,
            transaction_id=transaction_id,
        )

    def move(self, lot_id: UUID, amount: int, source: str, target: str) -> Share:
        """So much of a lot goes from one part to another; answers it as a share."""
        self.lots[lot_id] = self.lots[lot_id].moved(amount, source, target)
        return self._share(lot_id, amount)

    def _share(self, lot_id: UUID, amount: int) -> Share:
        return Share(lot_id=lot_id, program_id=self.lots[lot_id].program_id, amount=amount)


def _total(shares: Iterable[Share]) -> int:
    return sum(share.amount for share in shares)


def expiries_told(extended: Mapping[UUID, datetime]) -> dict[str, str]:
    """New expiries of lots as an event spells them."""
    return {str(lot_id): expires_at.isoformat() for lot_id, expires_at in extended.items()}


def told(
    about: Callable[..., Event],
    wallet: WalletState,
    aggregate_id: UUID,
    program_id: UUID | None,
    amount: int,
    **more: object,
) -> Tell:
    """How a transaction that moved a wallet's points is told."""

    def tell(transaction_id: UUID, seal: bytes) -> Event:
        return about(
            aggregate_id,
            member_id=wallet.member_id,
            partner_id=wallet.partner_id,
            program_id=program_id,
            transaction_id=transaction_id,
            digest=seal,
            wallet_id=str(wallet.id),  # payloads are JSON: the driver's own UUID class is not
            unit=wallet.owner.unit,
            amount=amount,
            **more,
        )

    return tell
