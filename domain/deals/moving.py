"""Registrations move along drawn edges here, many at a time, with their holds and their events.

Lock order of every operation of this room: customer keys → customers by id → deals by id → what reports lock.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.deals.conflict import ConflictKind
from domain.deals.events import DEAL_CHANGED, DEAL_CONFLICT_SETTLED, DEAL_MOVED
from domain.deals.machine import HOLDING, DealAction, DealState, sources
from domain.deals.policy import DealPolicy
from domain.deals.reading import DealRecord, deals_by_id
from domain.deals.refusals import DealActionNotAvailable
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Row
from domain.kernel.turns import Turn
from domain.partners.customers.customer import scopes_overlap
from domain.partners.customers.holding import HoldRecord, end_holds_in, hold_until_in, holds_on
from domain.partners.customers.matching import lock_customers_in

LOCK = """
-- lock: deal
SELECT * FROM deal WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE deal SET state = moved.state, version = version + 1, reason = moved.reason,
       note = coalesce(moved.note, deal.note), due_at = moved.due_at, with_vendor_since = moved.with_vendor_since
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
     AS moved (id, state, reason, note, due_at, with_vendor_since)
WHERE deal.id = moved.id
"""
TURN = """
UPDATE deal SET version = version + 1, due_at = $2, with_vendor_since = $3 WHERE id = $1 RETURNING version
"""
SETTLE = """
UPDATE deal_conflict SET state = 'SETTLED', outcome = $2, settled_at = $3
WHERE deal_id = ANY($1::uuid[]) AND state <> 'SETTLED' RETURNING deal_id, kind
"""


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A registration whose row is locked."""

    id: UUID
    partner_id: UUID
    member_id: UUID
    policy: str
    opportunity: str | None
    customer: Mapping[str, Any]
    customer_id: UUID | None
    products: tuple[str, ...]
    state: DealState
    bound: DealPolicy | None
    turn: Turn
    extensions: int
    submitted_at: datetime | None
    approved_at: datetime | None
    won_at: datetime | None
    won_currency: str | None
    version: int

    @property
    def binding(self) -> DealPolicy:
        """The policy that binds it; every submitted registration has one."""
        assert self.bound is not None, "a submitted registration is bound to a policy"
        return self.bound


@dataclass(frozen=True, kw_only=True)
class Move:
    """One registration goes to a state; its partner's clock runs to `turn.due_at`, or stands still."""

    deal: Deal
    to: DealState
    turn: Turn = field(default_factory=lambda: Turn(due_at=None))
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Locked:
    """A registration, and the others that have its customer for a product of its scope now; all are locked."""

    deal: Deal
    seen: DealRecord
    rivals: tuple[Deal, ...]


async def locked_in(op: Operation, actor: Actor, deal_id: UUID, action: DealAction) -> Locked:
    """The registration that the actor may do this with, its customer and its rivals, locked until the operation ends.

    Refuses: NotFound; DealActionNotAvailable.
    """
    seen = (await deals_by_id(op.sql, [(actor, deal_id)])).get((actor, deal_id))
    if seen is None:
        raise NotFound(kind="deal", id=str(deal_id))
    customer_id = await op.sql.fetchval("SELECT customer_id FROM deal WHERE id = $1", deal_id)
    holds: Sequence[HoldRecord] = ()
    if customer_id is not None:
        await lock_customers_in(op, [customer_id])
        held = (await holds_on(op.sql, [customer_id])).get(customer_id, ())
        holds = [hold for hold in held if hold.reference_id != deal_id and not hold.is_over(op.now)]
    found = await lock_deals_in(op, {deal_id, *(hold.reference_id for hold in holds)})
    deal = found[deal_id]
    # What was seen before the lock may have moved meanwhile.
    seen = (await deals_by_id(op.sql, [(actor, deal_id)])).get((actor, deal_id), seen)
    if action not in seen.available_actions:
        raise DealActionNotAvailable(action=action.value, deal_id=str(deal_id), state=deal.state.value)
    rivals = tuple(
        found[hold.reference_id]
        for hold in holds
        if hold.reference_id in found and scopes_overlap(hold.products, deal.products)
    )
    return Locked(deal=deal, seen=seen, rivals=rivals)


async def lock_deals_in(op: Operation, deal_ids: Collection[UUID]) -> Mapping[UUID, Deal]:
    """The registrations are locked by id until the operation ends; an id that is none's is left out."""
    return {row["id"]: deal_of(row) for row in await op.sql.fetch(LOCK, list(deal_ids))}


async def move_in(op: Operation, moves: Sequence[Move]) -> None:
    """Each registration is in its new state; one that no longer has its customer lets it go, and what the clock says of
    the others their holds say too. At most three statements. A registration moves once in `moves`.
    """
    if not moves:
        return
    for move in moves:
        if move.deal.state not in sources(move.to):
            raise DealActionNotAvailable(action=move.to.value, deal_id=str(move.deal.id), state=move.deal.state.value)
    await op.sql.execute(
        MOVE,
        [move.deal.id for move in moves],
        [move.to.value for move in moves],
        [move.reason for move in moves],
        [move.note for move in moves],
        [move.turn.due_at for move in moves],
        [move.turn.with_vendor_since for move in moves],
    )
    await end_holds_in(op, [move.deal.id for move in moves if move.to not in HOLDING])
    await hold_until_in(op, {move.deal.id: _until(move.turn) for move in moves if move.to in HOLDING})
    for move in moves:
        op.tell(
            DEAL_MOVED.about(
                move.deal.id,
                member_id=move.deal.member_id,
                partner_id=move.deal.partner_id,
                from_state=move.deal.state.value,
                to_state=move.to.value,
                reason=move.reason,
                due_at=_said(move.turn.due_at),
                version=move.deal.version + 1,
            )
        )


def moved(move: Move) -> Deal:
    """The registration as the move leaves it."""
    return replace(move.deal, state=move.to, turn=move.turn, version=move.deal.version + 1)


async def change_in(op: Operation, deal: Deal, kind: str, turn: Turn) -> None:
    """The registration stays in its state, and its clock says so from now on."""
    version = await op.sql.fetchval(TURN, deal.id, turn.due_at, turn.with_vendor_since)
    await hold_until_in(op, {deal.id: _until(turn)} if deal.state in HOLDING else {})
    op.tell(
        DEAL_CHANGED.about(
            deal.id,
            member_id=deal.member_id,
            partner_id=deal.partner_id,
            kind=kind,
            due_at=_said(turn.due_at),
            version=version,
        )
    )


async def settle_in(op: Operation, deals: Sequence[Deal], outcome: str) -> None:
    """What stood in the way of these registrations is settled so."""
    by_id = {deal.id: deal for deal in deals}
    for row in await op.sql.fetch(SETTLE, list(by_id), outcome, op.now):
        deal = by_id[row["deal_id"]]
        op.tell(
            DEAL_CONFLICT_SETTLED.about(
                deal.id,
                member_id=deal.member_id,
                partner_id=deal.partner_id,
                kind=ConflictKind(row["kind"]).value,
                state=outcome,
            )
        )


def deal_of(row: Row) -> Deal:
    """A row of deal as its record."""
    return Deal(
        id=row["id"],
        partner_id=row["partner_id"],
        member_id=row["member_id"],
        policy=row["policy"],
        opportunity=row["opportunity"],
        customer=row["customer"],
        customer_id=row["customer_id"],
        products=tuple(row["products"]),
        state=DealState(row["state"]),
        bound=DealPolicy.from_json(row["bound"]) if row["bound"] else None,
        turn=Turn(due_at=row["due_at"], with_vendor_since=row["with_vendor_since"]),
        extensions=row["extensions"],
        submitted_at=row["submitted_at"],
        approved_at=row["approved_at"],
        won_at=row["won_at"],
        won_currency=row["won_currency"],
        version=row["version"],
    )


def _until(turn: Turn) -> datetime | None:
    return None if turn.with_vendor_since is not None else turn.due_at


def _said(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
