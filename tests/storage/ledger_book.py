"""A small book to write in: a program, owners, and the ledger's doors with everything but the point left out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.kernel import clock
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Database
from domain.ledger.holding import Reference, capture_in, hold_each_in, hold_in, refund_in, release_in
from domain.ledger.opening import lock_budgets_in, open_wallets_in
from domain.ledger.paying import Claim, pay_each_in, prepare_each_in, return_each_in, withdraw_each_in
from domain.ledger.posting import PostedBatch, Raise, fund_budget_in, post_in
from domain.ledger.reversing import Lower
from domain.ledger.wallets import Owner, OwnerKind, WalletState

Answer = TypeVar("Answer")

PROGRAM = """
INSERT INTO program (id, code, name, description, zone, unit, state, visibility, audience, starts_at, grace_days,
                     debt_policy, expired_hold_days, recorded_at, version)
VALUES ($1, $2, '{"en": "A program"}', '{}', $3, $7, 'LIVE', 'MEMBERS', 'EVERYONE', '2017-01-01Z', $4, $5, $6,
        guerdon_now(), 1)
"""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program and its budget."""

    id: UUID
    budget_id: UUID


@dataclass(kw_only=True)
class Book:
    """The doors of the ledger over one database."""

    database: Database
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        self.door = Door(self.database)

    async def do(self, work: Callable[[Operation], Awaitable[Answer]]) -> Answer:
        return await self.door.operate(SYSTEM, work)

    async def now(self) -> datetime:
        return await self.database.fetchval("SELECT guerdon_now()")

    async def advance(self, **by: int) -> None:
        async with self.database.transaction() as connection:
            await clock.advance_clock_in(connection, timedelta(**by))

    async def program(
        self,
        budget: int = 1_000_000,
        *,
        unit: str = "POINTS",
        zone: str = "UTC",
        grace_days: int = 10,
        debt_policy: str = "REFUSE",
        expired_hold_days: int = 30,
    ) -> Program:
        program_id = new_id()
        async with self.database.transaction() as connection:
            await connection.execute(
                PROGRAM, program_id, f"program-{program_id}", zone, grace_days, debt_policy, expired_hold_days, unit
            )
        funded = await self.do(
            lambda op: fund_budget_in(op, program_id=program_id, unit=unit, amount=budget, reason="opening")
        )
        return Program(id=program_id, budget_id=funded.budget_id)

    def owner(self, kind: OwnerKind = OwnerKind.MEMBER, unit: str = "POINTS") -> Owner:
        return Owner(kind=kind, id=new_id(), unit=unit)

    async def award(
        self,
        program: Program,
        owner: Owner,
        amount: int,
        *,
        hold: timedelta = timedelta(0),
        expires_in: timedelta | None = None,
        occurred_at: datetime | None = None,
        backfill: bool = False,
    ) -> UUID:
        """An award that happened now (or at `occurred_at`); `expires_in` counts from now. Answers its id."""
        now = await self.now()
        one = self.raise_(
            program, owner, amount, occurred_at or now, hold=hold, expires_at=now + expires_in if expires_in else None
        )
        return (await self.post([one], backfill=backfill)).award_ids[0]

    def raise_(
        self,
        program: Program,
        owner: Owner,
        amount: int,
        occurred_at: datetime,
        *,
        hold: timedelta = timedelta(0),
        expires_at: datetime | None = None,
    ) -> Raise:
        return Raise(
            due_id=new_id(),
            n=1,
            owner=owner,
            program_id=program.id,
            budget_id=program.budget_id,
            amount=amount,
            occurred_at=occurred_at,
            matures_at=occurred_at + hold,
            expires_at=expires_at,
            rate_id=None,
            explanation=[{"code": "FIXED", "facts": {"amount": amount}}],
            rule="fixed",
            activity_id=new_id(),
            milestone=None,
            member_id=owner.id,
            partner_id=None,
        )

    async def post(
        self, raises: list[Raise], lowers: list[Lower] | None = None, *, backfill: bool = False
    ) -> PostedBatch:
        """The way every batch is posted: periods, wallets, budgets, entries."""

        async def work(op: Operation) -> PostedBatch:
            bookings = [(item.program_id, item.occurred_at) for item in raises]
            lowered = await self._owners_of(op, lowers or [])
            wallets = await open_wallets_in(op, {item.owner for item in raises} | lowered, bookings=bookings)
            await lock_budgets_in(op, {item.budget_id for item in raises}, wallets=wallets.values())
            return await post_in(op, raises=raises, lowers=lowers or [], backfill=backfill)

        return await self.do(work)

    async def _owners_of(self, op: Operation, lowers: list[Lower]) -> set[Owner]:
        rows = await op.sql.fetch(
            "SELECT owner_kind, owner_id, unit FROM wallet JOIN award ON award.wallet_id = wallet.id"
            " WHERE award.id = ANY($1::uuid[])",
            [lower.award_id for lower in lowers],
        )
        return {Owner(kind=OwnerKind(row["owner_kind"]), id=row["owner_id"], unit=row["unit"]) for row in rows}

    async def take_back(self, award_id: UUID, amount: int, cause_id: UUID | None = None) -> PostedBatch:
        return await self.post([], [Lower(award_id=award_id, amount=amount, cause_id=cause_id or new_id())])

    async def hold(self, owner: Owner, amount: int) -> UUID:
        reference = Reference(kind="redemption", id=new_id())
        return await self.do(lambda op: hold_in(op, owner, amount, reference))

    async def hold_each(self, owner: Owner, *amounts: int) -> list[UUID]:
        parts = [(Reference(kind="redemption", id=new_id()), amount) for amount in amounts]
        return await self.do(lambda op: hold_each_in(op, owner, parts))

    async def capture(self, hold_id: UUID) -> None:
        await self.do(lambda op: capture_in(op, hold_id))

    async def release(self, hold_id: UUID) -> None:
        await self.do(lambda op: release_in(op, hold_id))

    async def refund(self, hold_id: UUID) -> None:
        await self.do(lambda op: refund_in(op, hold_id))

    async def prepare(self, owner: Owner, amount: int, kind: str = "payout") -> UUID:
        """So much of the owner's money is to be paid out; answers the payment's id."""
        wallet = await self.wallet(owner)
        claim = Claim(wallet_id=wallet.id, amount=amount, reference=Reference(kind=kind, id=new_id()))
        prepared = (await self.do(lambda op: prepare_each_in(op, [claim])))[0]
        assert prepared is not None, "only a claim of all may find nothing"
        return prepared.payment_id

    async def pay(self, payment_id: UUID) -> None:
        await self.do(lambda op: pay_each_in(op, [payment_id]))

    async def withdraw(self, payment_id: UUID) -> None:
        await self.do(lambda op: withdraw_each_in(op, [payment_id]))

    async def bring_back(self, payment_id: UUID) -> None:
        await self.do(lambda op: return_each_in(op, [payment_id]))

    async def wallet(self, owner: Owner) -> WalletState:
        """The wallet, brought up to date."""
        return (await self.do(lambda op: open_wallets_in(op, [owner])))[owner]

    async def balance(self, program: Program) -> int:
        return await self.database.fetchval("SELECT balance FROM budget WHERE id = $1", program.budget_id)


LONG_AGO = datetime(2017, 1, 1, tzinfo=UTC)
