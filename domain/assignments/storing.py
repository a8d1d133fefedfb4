"""Assignments as rows: their partner locked, written with their dates, moved by set, and stated as dated facts."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.assignments.events import ASSIGNMENT_MOVED
from domain.assignments.machine import EDGES, AssignmentState
from domain.assignments.refusals import AssignmentActionNotAvailable
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Row
from domain.kernel.timeline import Span, counted
from domain.partners.facts import FactKind, SubjectKind
from domain.partners.timelines import state_steps_in

LOCK_PARTNERS = "SELECT id FROM partner WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
LOCK_MEMBERS = "SELECT id, kind FROM member WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
BY_IDS = "SELECT * FROM assignment WHERE id = ANY($1::uuid[])"
MOVE = """
UPDATE assignment SET state = moved.state, ends_at = moved.ends_at, version = version + 1
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS moved (id, state, ends_at) WHERE assignment.id = moved.id
"""
# What began after it is gone, and what goes on beyond it ends there.
CUT = """
WITH gone AS (DELETE FROM assignment_span WHERE assignment_id = $1 AND valid_from >= $2)
UPDATE assignment_span SET valid_until = $2 WHERE assignment_id = $1 AND valid_from < $2 AND valid_until > $2
"""
SPAN = """
INSERT INTO assignment_span (id, assignment_id, valid_from, valid_until)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
"""
SPANS = """
SELECT assignment.id, assignment.partner_id, assignment.member_id, span.valid_from, span.valid_until
FROM assignment JOIN assignment_span AS span ON span.assignment_id = assignment.id
WHERE assignment.partner_id = ANY($1::uuid[]) OR assignment.member_id = ANY($2::uuid[])
"""
COUNT_AGAIN = "UPDATE assignment_target SET look_at = $2 WHERE partner_id = ANY($1::uuid[])"


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """An assignment whose partner and person are locked."""

    id: UUID
    partner_id: UUID
    member_id: UUID
    is_exclusive: bool
    weight: int
    monthly_cost: int
    starts_at: datetime
    ends_at: datetime
    state: AssignmentState
    version: int


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where an assignment goes, and until when it lasts then."""

    assignment: Assignment
    state: AssignmentState
    ends_at: datetime


async def locked_in(op: Operation, assignment_ids: Collection[UUID]) -> list[Assignment]:
    """The assignments with their partners and people locked until the operation ends. Four statements."""
    rows = await op.sql.fetch(BY_IDS, list(assignment_ids))
    await op.sql.fetch(LOCK_PARTNERS, list({row["partner_id"] for row in rows}))
    await op.sql.fetch(LOCK_MEMBERS, list({row["member_id"] for row in rows}))
    return [assignment_of(row) for row in await op.sql.fetch(BY_IDS, list(assignment_ids))]


async def move_in(op: Operation, moves: Sequence[Move]) -> None:
    """Each assignment is where its move says, and is told. One statement.

    Refuses: AssignmentActionNotAvailable (no such edge).
    """
    if not moves:
        return
    for move in moves:
        one = move.assignment
        if move.state is not one.state and move.state not in EDGES[one.state]:
            raise AssignmentActionNotAvailable(
                action=move.state.value, assignment_id=str(one.id), state=one.state.value
            )
    ids = [move.assignment.id for move in moves]
    await op.sql.execute(MOVE, ids, [move.state.value for move in moves], [move.ends_at for move in moves])
    for move in moves:
        one = move.assignment
        tell(op, one, from_state=one.state, to_state=move.state, ends_at=move.ends_at, version=one.version + 1)


def tell(
    op: Operation,
    one: Assignment,
    *,
    from_state: AssignmentState | None,
    to_state: AssignmentState,
    ends_at: datetime,
    version: int,
) -> None:
    """Partner and person hear of it."""
    op.tell(
        ASSIGNMENT_MOVED.about(
            one.id,
            member_id=one.member_id,
            partner_id=one.partner_id,
            from_state=from_state and from_state.value,
            to_state=to_state.value,
            starts_at=one.starts_at.isoformat(),
            ends_at=ends_at.isoformat(),
            version=version,
        )
    )


async def span_in(op: Operation, assignment_id: UUID, start: datetime, end: datetime) -> None:
    """The assignment counts inside these dates, too; nothing for none."""
    if start < end:
        await op.sql.execute(SPAN, new_ids(1), [assignment_id], [start], [end])


async def cut_in(op: Operation, assignment_id: UUID, at: datetime) -> None:
    """From this instant on the assignment counts no longer."""
    await op.sql.execute(CUT, assignment_id, at)


async def state_in(op: Operation, assignments: Collection[Assignment]) -> None:
    """The facts of these partners and people say how many are embedded there, and where; targets are counted again."""
    partners, members = {one.partner_id for one in assignments}, {one.member_id for one in assignments}
    spans = defaultdict[tuple[SubjectKind, UUID, str], dict[UUID, list[Span]]](dict)
    for subject_kind, subjects in ((SubjectKind.PARTNER, partners), (SubjectKind.MEMBER, members)):
        for subject_id in subjects:
            spans[subject_kind, subject_id, FactKind.ASSIGNMENT.value] = {}
    for row in await op.sql.fetch(SPANS, list(partners), list(members)):
        span = Span(start=row["valid_from"], end=row["valid_until"])
        for subject_kind, subject_id, known in (
            (SubjectKind.PARTNER, row["partner_id"], partners),
            (SubjectKind.MEMBER, row["member_id"], members),
        ):
            if subject_id in known:
                of_one = spans[subject_kind, subject_id, FactKind.ASSIGNMENT.value]
                of_one.setdefault(row["id"], []).append(span)
    await state_steps_in(op, {subject: counted(of_one) for subject, of_one in spans.items()})
    await op.sql.execute(COUNT_AGAIN, list(partners), op.now)


def assignment_of(row: Row) -> Assignment:
    """A row of assignment."""
    names = (
        "id",
        "partner_id",
        "member_id",
        "is_exclusive",
        "weight",
        "monthly_cost",
        "starts_at",
        "ends_at",
        "version",
    )
    return Assignment(**{name: row[name] for name in names}, state=AssignmentState(row["state"]))
