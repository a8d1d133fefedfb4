"""Sources tell of partners and members: upserts by set, with what follows downhill (ownership, membership facts)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from domain.access import admitting
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.refusals import Refusal
from domain.kernel.sql import Row
from domain.partners.events import MEMBER_CHANGED, MEMBER_REGISTERED, PARTNER_CHANGED, PARTNER_REGISTERED
from domain.partners.facts import FactKind, NewFact, SubjectKind, end_facts_in, record_facts_in
from domain.partners.refusals import PartnerUnknown
from domain.partners.registration import (
    HIERARCHY_LEVELS_MAX,
    Batch,
    ItemResult,
    MemberRow,
    Membership,
    MembershipChange,
    PartnerRow,
    Result,
    check_hierarchy,
    member_batch,
    membership_change,
    partner_batch,
)

ANCESTRY = f"""
WITH RECURSIVE up AS (
  SELECT id, external_id, parent_id, 1 AS level FROM partner WHERE source_id = $1 AND external_id = ANY($2::text[])
  UNION
  SELECT p.id, p.external_id, p.parent_id, up.level + 1 FROM partner p JOIN up ON p.id = up.parent_id
  WHERE up.level <= {HIERARCHY_LEVELS_MAX}
)
SELECT DISTINCT id, external_id, parent_id FROM up
"""
# Two batches that each add half of a circle must not pass each other.
HIERARCHY_LOCK = "SELECT pg_advisory_xact_lock(hashtext('guerdon.partner_hierarchy'))"

INSERT_PARTNERS = """
INSERT INTO partner (id, source_id, external_id, name, types, country, vertical, size, journey_stage, recorded_at,
                     version)
SELECT id, $9, external_id, name, to_jsonb(string_to_array(types, ',')), country, vertical, size, stage, $10, 1
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
     AS told (id, external_id, name, types, country, vertical, size, stage)
ON CONFLICT (source_id, external_id) DO NOTHING RETURNING id, external_id
"""
LOCK_PARTNERS = """
SELECT id, external_id, name, types, parent_id, country, vertical, size, journey_stage, version FROM partner
WHERE source_id = $1 AND external_id = ANY($2::text[]) ORDER BY external_id FOR NO KEY UPDATE
"""
UPDATE_PARTNERS = """
UPDATE partner SET name = told.name, types = to_jsonb(string_to_array(told.types, ',')), country = told.country,
                   vertical = told.vertical, size = told.size, journey_stage = told.stage, parent_id = told.parent_id,
                   version = told.version
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
            $9::bigint[]) AS told (id, name, types, country, vertical, size, stage, parent_id, version)
WHERE partner.id = told.id
"""
INSERT_MEMBERS = """
INSERT INTO member (id, source_id, external_id, kind, name, email, locale, partner_id, on_boards, recorded_at, left_at,
                    version)
SELECT id, $9, external_id, kind, name, email, locale, partner_id, true, $10, left_at, 1
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[])
     AS told (id, external_id, kind, name, email, locale, partner_id, left_at)
ON CONFLICT (source_id, external_id) DO NOTHING RETURNING id, external_id
"""
LOCK_MEMBERS = """
SELECT id, external_id, kind, name, email, locale, partner_id, left_at, version FROM member
WHERE source_id = $1 AND external_id = ANY($2::text[]) ORDER BY external_id FOR NO KEY UPDATE
"""
LATEST_MEMBERSHIPS = """
SELECT DISTINCT ON (subject_id) id, subject_id, (value ->> 'value')::uuid AS partner_id, valid_from, valid_until
FROM fact WHERE subject_id = ANY($1::uuid[]) AND kind = 'membership' ORDER BY subject_id, valid_from DESC
"""
UPDATE_MEMBERS = """
UPDATE member SET kind = told.kind, name = told.name, email = told.email, locale = told.locale,
                  partner_id = told.partner_id, left_at = told.left_at, version = told.version
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::bigint[])
     AS told (id, kind, name, email, locale, partner_id, left_at, version)
WHERE member.id = told.id
"""


async def register_partners_in(op: Operation, source_id: UUID, rows: Sequence[PartnerRow]) -> list[ItemResult]:
    """Every row that can be is stored as told, one result per row in the order given; the same again changes nothing.

    Up to 1,000 rows in a fixed number of statements. Parents may stand in the same batch, before or after.
    Refuses: InvalidInput for the whole (too many rows); item by item InvalidInput, RepeatedInBatch, PartnerUnknown
    (the parent), HierarchyRefused.
    """
    batch = partner_batch(rows)
    known = await _ancestry(op, source_id, batch)
    told = list(batch.accepted.values())
    if not told:
        return batch.results({})
    new = await _insert(op, INSERT_PARTNERS, source_id, told, _partner_columns)
    present = await op.sql.fetch(LOCK_PARTNERS, source_id, [r.external_id for r in told if r.external_id not in new])
    ids = known | new | {row["external_id"]: row["id"] for row in present}
    stored = {row["external_id"]: row for row in present}
    changed: dict[str, int] = {}
    for row in told:
        before = stored.get(row.external_id)
        if before is None and row.parent_external_id is not None:
            changed[row.external_id] = 1
        elif before is not None and _partner_before(before) != _partner_content(row, ids):
            changed[row.external_id] = before["version"] + 1
    if changed:
        moved = [batch.accepted[external_id] for external_id in changed]
        parents = [ids[row.parent_external_id] if row.parent_external_id else None for row in moved]
        columns = _partner_columns(moved)[1:]
        versions = list(changed.values())
        await op.sql.execute(UPDATE_PARTNERS, [ids[row.external_id] for row in moved], *columns, parents, versions)
    await admitting.place_in(op, list(new.values()), list(new.values()))
    for partner_id in new.values():
        op.tell(PARTNER_REGISTERED.about(partner_id, partner_id=partner_id, source_id=str(source_id), version=1))
    for external_id, version in changed.items():
        if external_id not in new:
            op.tell(PARTNER_CHANGED.about(ids[external_id], partner_id=ids[external_id], version=version))
    return batch.results({row.external_id: (ids[row.external_id], _result(row, new, changed)) for row in told})


async def register_members_in(op: Operation, source_id: UUID, rows: Sequence[MemberRow]) -> list[ItemResult]:
    """Every row that can be is stored as told, one result per row in the order given; the same again changes nothing.

    Up to 1,000 rows in a fixed number of statements. A change of partner ends one membership fact and begins another;
    who administered the partner left behind no longer does.
    Refuses: InvalidInput for the whole (too many rows); item by item InvalidInput, RepeatedInBatch, PartnerUnknown,
    MembershipOutOfOrder.
    """
    batch = member_batch(rows)
    partners = await _partners_named(op, source_id, batch)
    told = list(batch.accepted.values())
    if not told:
        return batch.results({})
    new = await _insert(op, INSERT_MEMBERS, source_id, told, lambda rows: _member_columns(rows, partners))
    present = await op.sql.fetch(LOCK_MEMBERS, source_id, [r.external_id for r in told if r.external_id not in new])
    stored = {row["external_id"]: row for row in present}
    latest = {
        row["subject_id"]: row
        for row in (await op.sql.fetch(LATEST_MEMBERSHIPS, [row["id"] for row in present]) if present else [])
    }
    moves = _moves(batch, partners, new, stored, latest, op.now)
    changes = [move for move in moves if move.before is not None and _member_before(move.before) != move.content]
    await _write_changes(op, changes)
    await _write_memberships(op, moves)
    for move in moves:
        if move.before is None:
            op.tell(
                MEMBER_REGISTERED.about(
                    move.id,
                    member_id=move.id,
                    partner_id=move.partner_id,
                    source_id=str(source_id),
                    kind=move.row.kind.value,
                    version=1,
                )
            )
    changed = {move.row.external_id: 0 for move in changes}
    return batch.results({move.row.external_id: (move.id, _result(move.row, new, changed)) for move in moves})


R = TypeVar("R")
Columns = list[list[Any]]


@dataclass(frozen=True, kw_only=True)
class _Move:
    """One member's way from what is stored (None: new) to what is told."""

    id: UUID
    row: MemberRow
    partner_id: UUID | None
    before: Row | None
    fact_id: UUID | None
    membership: MembershipChange

    @property
    def content(self) -> tuple[object, ...]:
        row = self.row
        return (row.kind, row.name, row.email, row.locale, self.partner_id, row.left_at)

    @property
    def leaves(self) -> bool:
        return self.before is not None and self.membership.ends_at is not None


def _moves(
    batch: Batch[MemberRow],
    partners: Mapping[str, UUID],
    new: Mapping[str, UUID],
    stored: Mapping[str, Row],
    latest: Mapping[UUID, Row],
    now: datetime,
) -> list[_Move]:
    moves: list[_Move] = []
    for external_id, row in list(batch.accepted.items()):
        before = stored.get(external_id)
        member_id = new[external_id] if before is None else before["id"]
        fact = None if before is None else latest.get(member_id)
        span = None if fact is None else _span(fact)
        partner_id = partners[row.partner_external_id] if row.partner_external_id else None
        change = membership_change(row, partner_id, span, now)
        if isinstance(change, Refusal):
            batch.refuse(external_id, change)
            continue
        moves.append(
            _Move(
                id=member_id,
                row=row,
                partner_id=partner_id,
                before=before,
                fact_id=None if fact is None else fact["id"],
                membership=change,
            )
        )
    return moves


def _span(fact: Row) -> Membership:
    return Membership(partner_id=fact["partner_id"], since=fact["valid_from"], until=fact["valid_until"])


async def _write_changes(op: Operation, changes: Sequence[_Move]) -> None:
    if not changes:
        return
    rows = [move.row for move in changes]
    befores = [move.before for move in changes if move.before is not None]
    versions = [before["version"] + 1 for before in befores]
    await op.sql.execute(
        UPDATE_MEMBERS,
        [move.id for move in changes],
        [row.kind.value for row in rows],
        [row.name for row in rows],
        [row.email for row in rows],
        [row.locale for row in rows],
        [move.partner_id for move in changes],
        [row.left_at for row in rows],
        versions,
    )
    for move, before, version in zip(changes, befores, versions, strict=True):
        former = before["partner_id"] if before["partner_id"] != move.partner_id else None
        op.tell(
            MEMBER_CHANGED.about(
                move.id,
                member_id=move.id,
                partner_id=move.partner_id,
                version=version,
                former_partner_id=former and str(former),
                left_at=move.row.left_at and move.row.left_at.isoformat(),
            )
        )


async def _write_memberships(op: Operation, moves: Sequence[_Move]) -> None:
    ends = [(move.fact_id, move.membership.ends_at) for move in moves]
    await end_facts_in(op, {fact_id: at for fact_id, at in ends if fact_id is not None and at is not None})
    begins = [(move, move.membership.begins) for move in moves if move.membership.begins is not None]
    facts = [
        NewFact(
            subject_kind=SubjectKind.MEMBER,
            subject_id=move.id,
            kind=FactKind.MEMBERSHIP,
            value={"value": str(span.partner_id), "partner_id": str(span.partner_id)},
            valid_from=span.since,
            valid_until=span.until,
        )
        for move, span in begins
    ]
    await record_facts_in(op, facts)
    placed = {move.id: span.partner_id for move, span in begins}
    if placed:
        await admitting.place_in(op, list(placed.keys()), list(placed.values()))
    homeless = [move.id for move in moves if move.leaves and move.partner_id is None]
    if homeless:
        await admitting.displace_in(op, homeless)
    leavers = [move.id for move in moves if move.leaves]
    if leavers:
        await admitting.step_down_in(op, leavers)


async def _ancestry(op: Operation, source_id: UUID, batch: Batch[PartnerRow]) -> dict[str, UUID]:
    named = sorted({row.parent_external_id for row in batch.accepted.values() if row.parent_external_id})
    if not named:
        return {}
    await op.sql.execute(HIERARCHY_LOCK)
    rows = await op.sql.fetch(ANCESTRY, source_id, named)
    name_of = {row["id"]: row["external_id"] for row in rows}
    check_hierarchy(batch, {row["external_id"]: name_of.get(row["parent_id"]) for row in rows})
    return {row["external_id"]: row["id"] for row in rows}


async def _partners_named(op: Operation, source_id: UUID, batch: Batch[MemberRow]) -> dict[str, UUID]:
    named = sorted({row.partner_external_id for row in batch.accepted.values() if row.partner_external_id})
    rows = await op.sql.fetch(
        "SELECT external_id, id FROM partner WHERE source_id = $1 AND external_id = ANY($2::text[])", source_id, named
    )
    partners: dict[str, UUID] = {row["external_id"]: row["id"] for row in rows}
    for row in list(batch.accepted.values()):
        if row.partner_external_id and row.partner_external_id not in partners:
            batch.refuse(row.external_id, PartnerUnknown(external_id=row.partner_external_id))
    return partners


async def _insert(
    op: Operation, statement: str, source_id: UUID, rows: Sequence[R], columns: Callable[[Sequence[R]], Columns]
) -> dict[str, UUID]:
    ids = new_ids(len(rows))
    inserted = await op.sql.fetch(statement, ids, *columns(rows), source_id, op.now)
    return {row["external_id"]: row["id"] for row in inserted}


def _partner_columns(rows: Sequence[PartnerRow]) -> Columns:
    return [
        [row.external_id for row in rows],
        [row.name for row in rows],
        # asyncpg reads a list of lists as one array of two dimensions
        [",".join(kind.value for kind in row.types) for row in rows],
        [row.country for row in rows],
        [row.vertical for row in rows],
        [row.size for row in rows],
        [row.journey_stage.value for row in rows],
    ]


def _member_columns(rows: Sequence[MemberRow], partners: Mapping[str, UUID]) -> Columns:
    return [
        [row.external_id for row in rows],
        [row.kind.value for row in rows],
        [row.name for row in rows],
        [row.email for row in rows],
        [row.locale for row in rows],
        [partners[row.partner_external_id] if row.partner_external_id else None for row in rows],
        [row.left_at for row in rows],
    ]


def _partner_content(row: PartnerRow, ids: Mapping[str, UUID]) -> tuple[object, ...]:
    parent_id = ids[row.parent_external_id] if row.parent_external_id else None
    types = [kind.value for kind in row.types]
    return (row.name, types, parent_id, row.country, row.vertical, row.size, row.journey_stage.value)


def _partner_before(row: Row) -> tuple[object, ...]:
    fields = ("name", "types", "parent_id", "country", "vertical", "size", "journey_stage")
    return tuple(row[field] for field in fields)


def _member_before(row: Row) -> tuple[object, ...]:
    return tuple(row[field] for field in ("kind", "name", "email", "locale", "partner_id", "left_at"))


def _result(row: PartnerRow | MemberRow, new: Mapping[str, UUID], changed: Mapping[str, int]) -> Result:
    if row.external_id in new:
        return Result.REGISTERED
    return Result.CHANGED if row.external_id in changed else Result.UNCHANGED
