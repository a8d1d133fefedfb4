"""Leads move along drawn edges here: to a partner's desk, along its work, and away from it.

Lock order of every operation of this room: customer keys → customers → leads by id → routings by partner → reports.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Row, json_texts
from domain.leads.distribution import Choice
from domain.leads.events import LEAD_MOVED, LEAD_TAKEN
from domain.leads.machine import LeadAction, LeadState, sources
from domain.leads.reading import leads_by_id
from domain.leads.refusals import LeadActionNotAvailable
from domain.partners.customers.holding import part_in

LOCK = """
-- lock: lead
SELECT lead.*, assignment.assigned_at FROM lead
LEFT JOIN lead_assignment AS assignment ON assignment.id = lead.assignment_id
WHERE lead.id = ANY($1::uuid[]) ORDER BY lead.id FOR NO KEY UPDATE OF lead
"""
MOVE = """
UPDATE lead SET state = moved.state, version = version + 1, reason = moved.reason,
       note = coalesce(moved.note, lead.note), due_at = moved.due_at, partner_id = moved.partner_id,
       member_id = moved.member_id,
       assignment_id = moved.assignment_id, accepted_at = moved.accepted_at, converted_at = moved.converted_at,
       attempts = moved.attempts, conversions = moved.conversions, opportunity = moved.opportunity
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[], $7::uuid[], $8::uuid[],
            $9::timestamptz[], $10::timestamptz[], $11::int[], $12::int[], $13::text[])
     AS moved (id, state, reason, note, due_at, partner_id, member_id, assignment_id, accepted_at, converted_at,
               attempts, conversions, opportunity)
WHERE lead.id = moved.id
"""
END_ASSIGNMENTS = """
UPDATE lead_assignment SET ended_at = $3, outcome = ended.outcome
FROM unnest($1::uuid[], $2::text[]) AS ended (id, outcome)
WHERE lead_assignment.id = ended.id AND ended_at IS NULL
"""
ASSIGN = """
INSERT INTO lead_assignment (id, lead_id, n, partner_id, member_id, why, assigned_at, due_at)
SELECT given.id, given.lead_id,
       1 + (SELECT count(*) FROM lead_assignment AS earlier WHERE earlier.lead_id = given.lead_id),
       given.partner_id, given.member_id, given.why::jsonb, $6, given.due_at
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $7::timestamptz[])
     AS given (id, lead_id, partner_id, member_id, why, due_at)
"""


@dataclass(frozen=True, kw_only=True)
class Lead:
    """A lead whose row is locked; `assigned_at` is when its present partner got it."""

    id: UUID
    origin: str
    customer: Mapping[str, Any]
    customer_id: UUID
    products: tuple[str, ...]
    value: int
    currency: str
    response_hours: int
    attempts_max: int
    attempts: int
    state: LeadState
    partner_id: UUID | None
    member_id: UUID | None
    assignment_id: UUID | None
    assigned_at: datetime
    due_at: datetime | None
    accepted_at: datetime | None
    converted_at: datetime | None
    conversions: int
    opportunity: str | None
    version: int


@dataclass(frozen=True, kw_only=True)
class Move:
    """A lead as it was, and as it is from now on; `ends` is how it ended with the partner it was with."""

    before: Lead
    after: Lead
    reason: str | None = None
    note: str | None = None
    ends: str | None = None


async def locked_in(op: Operation, actor: Actor, lead_id: UUID, action: LeadAction) -> Lead:
    """The lead that the actor may do this with, locked until the operation ends.

    Refuses: NotFound; LeadActionNotAvailable.
    """
    locked = await lock_leads_in(op, [lead_id])
    seen = (await leads_by_id(op.sql, [(actor, lead_id)])).get((actor, lead_id))
    if seen is None or lead_id not in locked:
        raise NotFound(kind="lead", id=str(lead_id))
    if action not in seen.available_actions:
        raise LeadActionNotAvailable(action=action.value, lead_id=str(lead_id), state=seen.state.value)
    return locked[lead_id]


async def lock_leads_in(op: Operation, lead_ids: Collection[UUID]) -> Mapping[UUID, Lead]:
    """The leads are locked by id until the operation ends."""
    return {row["id"]: _lead(row) for row in await op.sql.fetch(LOCK, list(lead_ids))}


def worked(lead: Lead, to: LeadState, **changed: Any) -> Lead:
    """The lead in another state on the same desk."""
    due_at = lead.due_at if to is LeadState.ASSIGNED else None
    return replace(lead, state=to, due_at=due_at, **changed)


def taken_away(lead: Lead, to: LeadState) -> Lead:
    """The lead on nobody's desk, with the vendor."""
    return replace(
        lead,
        state=to,
        due_at=None,
        partner_id=None,
        member_id=None,
        assignment_id=None,
        accepted_at=None,
        converted_at=None,
    )


async def move_in(op: Operation, moves: Sequence[Move]) -> None:
    """Each lead is as its move says. Who has it no longer is told, and so is who has it. At most three statements.

    Refuses: LeadActionNotAvailable (no such edge).
    """
    for move in moves:
        if move.before.state not in sources(move.after.state):
            raise LeadActionNotAvailable(
                action=move.after.state.value, lead_id=str(move.before.id), state=move.before.state.value
            )
    await _write_in(op, moves)
    ended = [move for move in moves if move.ends is not None and move.before.assignment_id is not None]
    if ended:
        await op.sql.execute(
            END_ASSIGNMENTS, [move.before.assignment_id for move in ended], [move.ends for move in ended], op.now
        )
        await part_in(op, [move.before.id for move in ended])
    for move in moves:
        _tell(op, move)


async def assign_in(op: Operation, given: Sequence[tuple[Move, Choice]]) -> None:
    """Each lead is on its chosen partner's desk, to be answered within its hours."""
    if not given:
        return
    ids = new_ids(len(given))
    dues = [op.now + timedelta(hours=move.before.response_hours) for move, _ in given]
    moves = [
        replace(
            move,
            after=replace(
                move.before,
                state=LeadState.ASSIGNED,
                partner_id=choice.partner_id,
                member_id=choice.member_id,
                assignment_id=assignment_id,
                assigned_at=op.now,
                due_at=due,
                accepted_at=None,
                converted_at=None,
                attempts=move.before.attempts + 1,
            ),
        )
        for (move, choice), assignment_id, due in zip(given, ids, dues, strict=True)
    ]
    await op.sql.execute(
        ASSIGN,
        ids,
        [move.before.id for move, _ in given],
        [choice.partner_id for _, choice in given],
        [choice.member_id for _, choice in given],
        json_texts(choice.why.to_json() for _, choice in given),
        op.now,
        dues,
    )
    await move_in(op, moves)


async def _write_in(op: Operation, moves: Sequence[Move]) -> None:
    after = [move.after for move in moves]
    await op.sql.execute(
        MOVE,
        [one.id for one in after],
        [one.state.value for one in after],
        [move.reason for move in moves],
        [move.note for move in moves],
        [one.due_at for one in after],
        [one.partner_id for one in after],
        [one.member_id for one in after],
        [one.assignment_id for one in after],
        [one.accepted_at for one in after],
        [one.converted_at for one in after],
        [one.attempts for one in after],
        [one.conversions for one in after],
        [one.opportunity for one in after],
    )


def _tell(op: Operation, move: Move) -> None:
    before, after, version = move.before, move.after, move.before.version + 1
    has_left = before.partner_id is not None and before.assignment_id != after.assignment_id
    if has_left and move.ends in ("NOT_ANSWERED", "REASSIGNED"):
        op.tell(
            LEAD_TAKEN.about(
                before.id,
                member_id=before.member_id,
                partner_id=before.partner_id,
                reason=move.ends,
                version=version,
            )
        )
    # A partner that gives a lead back is told so; one to which it comes hears nothing of who had it.
    is_given_back = after.partner_id is None and move.ends == "RETURNED"
    owner = before if is_given_back else after
    is_new_desk = after.assignment_id is not None and after.assignment_id != before.assignment_id
    op.tell(
        LEAD_MOVED.about(
            after.id,
            member_id=owner.member_id,
            partner_id=owner.partner_id,
            from_state=None if is_new_desk else before.state.value,
            to_state=after.state.value,
            reason=move.reason,
            due_at=after.due_at and after.due_at.isoformat(),
            version=version,
        )
    )


def _lead(row: Row) -> Lead:
    names = (
        "id",
        "origin",
        "customer",
        "customer_id",
        "value",
        "currency",
        "response_hours",
        "attempts_max",
        "attempts",
        "partner_id",
        "member_id",
        "assignment_id",
        "due_at",
        "accepted_at",
        "converted_at",
        "conversions",
        "opportunity",
        "version",
    )
    return Lead(
        **{name: row[name] for name in names},
        products=tuple(row["products"]),
        state=LeadState(row["state"]),
        assigned_at=row["assigned_at"] or row["recorded_at"],
    )
