"""Periods of rebates move along drawn edges here, many at a time, under their locks and with their events.

Lock order: periods by id → payouts by id → what the ledger locks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Row
from domain.rebates.events import REBATE_CHANGED, REBATE_MOVED
from domain.rebates.machine import RebateAction, RebateState, is_edge
from domain.rebates.reading import periods_by_id
from domain.rebates.refusals import RebateActionNotAvailable

LOCK = """
-- lock: rebate_period
SELECT * FROM rebate_period WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
# What a review found is kept until the next one; a reopened period is accepted, disputed and paid anew.
MOVE = """
UPDATE rebate_period AS period SET state = moved.state, version = period.version + 1, reason = moved.reason,
       approved_at = CASE WHEN moved.state = 'APPROVED' AND period.state = 'IN_REVIEW' THEN $4 ELSE approved_at END,
       approved_by = CASE WHEN moved.state = 'APPROVED' AND period.state = 'IN_REVIEW' THEN $5 ELSE approved_by END,
       paid_at = CASE WHEN moved.state = 'PAID' THEN $4 ELSE NULL END,
       accepted_at = CASE WHEN moved.state = 'REOPENED' THEN NULL ELSE accepted_at END,
       disputed_at = CASE WHEN moved.state = 'REOPENED' THEN NULL ELSE disputed_at END,
       payout_id = CASE WHEN moved.state = 'REOPENED' THEN NULL ELSE payout_id END
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS moved (id, state, reason)
WHERE period.id = moved.id
"""


@dataclass(frozen=True, kw_only=True)
class Period:
    """A period whose row is locked."""

    id: UUID
    program_id: UUID
    rule: str
    partner_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: RebateState
    final_granted: int | None
    payout_id: UUID | None
    version: int


@dataclass(frozen=True, kw_only=True)
class Move:
    """One period goes to a state; `amount` is what is final with it, where that is news."""

    period: Period
    to: RebateState
    reason: str | None = None
    amount: int | None = None


async def locked_in(op: Operation, actor: Actor, period_id: UUID, action: RebateAction) -> Period:
    """The period that the actor may do this with, locked until the operation ends.

    Refuses: NotFound; RebateActionNotAvailable.
    """
    pair = (actor, period_id)
    if pair not in await periods_by_id(op.sql, [pair]):
        raise NotFound(kind="rebate period", id=str(period_id))
    period = (await lock_periods_in(op, [period_id]))[period_id]
    # What was seen before the lock may have moved meanwhile.
    seen = (await periods_by_id(op.sql, [pair]))[pair]
    if action not in seen.available_actions:
        raise RebateActionNotAvailable(action=action.value, period_id=str(period_id), state=period.state.value)
    return period


async def lock_periods_in(op: Operation, period_ids: Collection[UUID]) -> Mapping[UUID, Period]:
    """The periods are locked by id until the operation ends."""
    return {row["id"]: period_of(row) for row in await op.sql.fetch(LOCK, list(period_ids))}


async def move_in(op: Operation, moves: Sequence[Move]) -> None:
    """Each period is in its new state. One statement.

    Refuses: RebateActionNotAvailable for an edge that is not drawn.
    """
    if not moves:
        return
    for move in moves:
        if not is_edge(move.period.state, move.to):
            raise RebateActionNotAvailable(
                action=move.to.value, period_id=str(move.period.id), state=move.period.state.value
            )
    await op.sql.execute(
        MOVE,
        [move.period.id for move in moves],
        [move.to.value for move in moves],
        [move.reason for move in moves],
        op.now,
        op.actor.principal_id,
    )
    for move in moves:
        tell_in(op, move.period, move)


def tell_in(op: Operation, period: Period, move: Move | None = None) -> None:
    """The partner hears where its period stands; without a move, that it is there."""
    op.tell(
        REBATE_MOVED.about(
            period.id,
            partner_id=period.partner_id,
            program_id=period.program_id,
            from_state=period.state.value if move else None,
            to_state=move.to.value if move else period.state.value,
            period_start=period.starts_at.isoformat(),
            amount=move.amount if move else None,
            reason=move.reason if move else None,
            version=period.version + 1 if move else period.version,
        )
    )


def tell_change_in(op: Operation, period: Period, kind: str) -> None:
    """The partner, and whoever follows it, hears what was said of a period."""
    op.tell(
        REBATE_CHANGED.about(
            period.id,
            partner_id=period.partner_id,
            program_id=period.program_id,
            kind=kind,
            version=period.version + 1,
        )
    )


def period_of(row: Row) -> Period:
    """A row of rebate_period as its record."""
    return Period(
        id=row["id"],
        program_id=row["program_id"],
        rule=row["rule"],
        partner_id=row["partner_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        state=RebateState(row["state"]),
        final_granted=row["final_granted"],
        payout_id=row["payout_id"],
        version=row["version"],
    )
