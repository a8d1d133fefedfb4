"""The statements of recording: each takes the whole batch, whatever its size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.activities.activity import ActivityState, ActivityStatus, Basis
from domain.activities.revisions import amounts_document
from domain.kernel.money import Amount
from domain.kernel.sql import Connection, Row

COLUMNS = """id, source_id, external_id, revision, state, type, occurred_at, member_id, partner_id, quantity, amounts,
attributes, deal_key, source_version, content_digest, first_recorded_at, bound_at, recorded_at"""

# In order of external id, so that two batches that bring the same new ids wait for each other in one direction.
INSERT = f"""
INSERT INTO activity ({COLUMNS})
SELECT {COLUMNS}
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[],
            $9::uuid[], $10::bigint[], $11::jsonb[], $12::jsonb[], $13::text[], $14::text[], $15::bytea[],
            $16::timestamptz[], $17::timestamptz[], $18::timestamptz[])
     AS told ({COLUMNS})
ORDER BY external_id COLLATE "C"
ON CONFLICT (source_id, external_id) DO NOTHING
RETURNING id
"""

LOCK = f"""
SELECT {COLUMNS} FROM activity WHERE source_id = $1 AND external_id = ANY($2::text[])
ORDER BY external_id COLLATE "C" FOR UPDATE
"""

UPDATE = """
UPDATE activity SET revision = told.revision, state = told.state, type = told.type, occurred_at = told.occurred_at,
  member_id = told.member_id, partner_id = told.partner_id, quantity = told.quantity, amounts = told.amounts,
  attributes = told.attributes, deal_key = told.deal_key, source_version = told.source_version,
  content_digest = told.content_digest, bound_at = told.bound_at, recorded_at = told.recorded_at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[],
            $9::uuid[], $10::bigint[], $11::jsonb[], $12::jsonb[], $13::text[], $14::text[], $15::bytea[],
            $16::timestamptz[], $17::timestamptz[], $18::timestamptz[])
     AS told (id, source_id, external_id, revision, state, type, occurred_at, member_id, partner_id, quantity, amounts,
              attributes, deal_key, source_version, content_digest, first_recorded_at, bound_at, recorded_at)
WHERE activity.id = told.id
"""

REVISIONS = """
INSERT INTO activity_revision (id, activity_id, revision, kind, content, content_digest, reason, principal_id,
                               recorded_at)
SELECT id, activity_id, revision, kind, content, content_digest, reason, $8, $9
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::jsonb[], $6::bytea[], $7::text[])
     AS told (id, activity_id, revision, kind, content, content_digest, reason)
"""

PAYLOADS = """
INSERT INTO activity_source (revision_id, payload, received_at)
SELECT revision_id, payload, $3 FROM unnest($1::uuid[], $2::jsonb[]) AS told (revision_id, payload)
"""


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One revision to be stored, with the raw payload it came from."""

    revision_id: UUID
    activity_id: UUID
    revision: int
    kind: str
    content: dict[str, object]
    digest: bytes
    reason: str | None
    payload: dict[str, object] | None


def state_of(row: Row) -> ActivityState:
    """A row of activity as everybody else sees it."""
    return ActivityState(
        activity_id=row["id"],
        source_id=row["source_id"],
        external_id=row["external_id"],
        revision=row["revision"],
        status=ActivityStatus(row["state"]),
        type=row["type"],
        occurred_at=row["occurred_at"],
        member_id=row["member_id"],
        partner_id=row["partner_id"],
        quantity=row["quantity"],
        amounts={
            Basis(basis): Amount(minor=amount["amount"], unit=amount["unit"])
            for basis, amount in row["amounts"].items()
        },
        attributes=row["attributes"],
        deal_key=row["deal_key"],
        source_version=row["source_version"],
        content_digest=row["content_digest"],
        first_recorded_at=row["first_recorded_at"],
        bound_at=row["bound_at"],
        recorded_at=row["recorded_at"],
    )


async def insert(connection: Connection, states: Sequence[ActivityState]) -> set[UUID]:
    """Inserts those whose (source, externalId) is new; answers the ids that were; waits for a rival's commit."""
    if not states:
        return set()
    return {row["id"] for row in await connection.fetch(INSERT, *_columns(states))}


async def lock(connection: Connection, source_id: UUID, external_ids: Iterable[str]) -> dict[str, ActivityState]:
    """Locks the activities of these external ids, in order, until the operation ends; answers them as they stand."""
    wanted = sorted(set(external_ids))
    if not wanted:
        return {}
    return {row["external_id"]: state_of(row) for row in await connection.fetch(LOCK, source_id, wanted)}


async def update(connection: Connection, states: Sequence[ActivityState]) -> None:
    """Writes the new state of activities that are locked or were just inserted."""
    if states:
        await connection.execute(UPDATE, *_columns(states))


async def append(connection: Connection, principal_id: UUID, now: datetime, revisions: Sequence[Revision]) -> None:
    """Appends the revisions, and their payloads apart."""
    if not revisions:
        return
    columns = zip(
        *((r.revision_id, r.activity_id, r.revision, r.kind, r.content, r.digest, r.reason) for r in revisions),
        strict=True,
    )
    await connection.execute(REVISIONS, *map(list, columns), principal_id, now)
    told = [(revision.revision_id, revision.payload) for revision in revisions if revision.payload is not None]
    if told:
        await connection.execute(PAYLOADS, [each[0] for each in told], [each[1] for each in told], now)


def _columns(states: Sequence[ActivityState]) -> list[list[object]]:
    rows = (
        (
            *(s.activity_id, s.source_id, s.external_id, s.revision, s.status.value, s.type, s.occurred_at),
            *(s.member_id, s.partner_id, s.quantity, amounts_document(s.amounts), dict(s.attributes), s.deal_key),
            *(s.source_version, s.content_digest, s.first_recorded_at, s.bound_at, s.recorded_at),
        )
        for s in states
    )
    return [list(column) for column in zip(*rows, strict=True)]
