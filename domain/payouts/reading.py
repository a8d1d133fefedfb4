"""Every question the face may ask of payouts: one's own, all of them for finance, and the files they went out with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.sql import Connection, Database, Row
from domain.ledger.wallets import OwnerKind
from domain.payouts.machine import PayoutAction, PayoutState, available_actions
from domain.payouts.sheet import Line

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
LINES_MAX = 1_000

MEMBER = "CASE WHEN payout.owner_kind = 'MEMBER' THEN payout.owner_id END"
PARTNER = "CASE WHEN payout.owner_kind = 'PARTNER' THEN payout.owner_id END"
RELATION = relation_sql(member=MEMBER, partner=PARTNER)
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place AS of_place, payout.*, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN payout ON payout.id = asked.id) AS seen
WHERE relation IS NOT NULL
"""
PAGE = f"""
SELECT * FROM (
  SELECT payout.*, {RELATION} AS relation FROM {VIEWERS} CROSS JOIN payout
  WHERE ($6::text IS NULL OR payout.state = $6) AND ($7::text IS NULL OR payout.unit = $7)
    AND ($8::uuid IS NULL OR payout.owner_id = $8)
    AND ($9::timestamptz IS NULL OR (payout.recorded_at, payout.id) < ($9, $10::uuid)) {{narrowed}}) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $11
"""
# A narrow viewer gets a condition that an index serves; the relation still decides.
NARROWED: Mapping[Role, str] = {
    Role.MEMBER: "AND payout.owner_id = viewer.member_id",
    Role.PARTNER_ADMIN: "AND payout.owner_id IN (viewer.member_id, viewer.partner_id)",
}
EXPORTS_BY_ID = f"""
SELECT viewer.place, payout_export.* FROM {VIEWERS}
JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN payout_export ON payout_export.id = asked.id WHERE viewer.sees_all
"""
LINES = """
SELECT payout.export_id, payout.id, payout.owner_kind, payout.unit, payout.amount, payout.by_payroll, unit.exponent,
       coalesce(member.external_id, partner.external_id) AS external_id, coalesce(member.name, partner.name) AS name
FROM payout JOIN unit ON unit.code = payout.unit
     LEFT JOIN member ON payout.owner_kind = 'MEMBER' AND member.id = payout.owner_id
     LEFT JOIN partner ON payout.owner_kind = 'PARTNER' AND partner.id = payout.owner_id
WHERE payout.export_id = ANY($1::uuid[]) ORDER BY payout.export_id, payout.place
"""


@dataclass(frozen=True, kw_only=True)
class PayoutRecord:
    """A payout as this viewer may see it; `origin_id` is what it pays for, of the kind `origin_kind`."""

    id: UUID
    wallet_id: UUID
    member_id: UUID | None
    partner_id: UUID | None
    unit: str
    amount: int
    state: PayoutState
    by_payroll: bool
    origin_kind: str | None
    origin_id: UUID | None
    export_id: UUID | None
    bank_reference: str | None
    reason: str | None
    recorded_at: datetime
    approved_at: datetime | None
    exported_at: datetime | None
    settled_at: datetime | None
    version: int
    relation: Relation
    available_actions: tuple[PayoutAction, ...]


@dataclass(frozen=True, kw_only=True)
class ExportRecord:
    """A file of payouts, as it was handed out."""

    id: UUID
    unit: str
    by_payroll: bool
    payouts: int
    total: int
    recorded_at: datetime


async def payouts_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, PayoutRecord]:
    """Those of the payouts that the actor may see."""
    rows = await source.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["of_place"] - 1]: _payout(row, pairs[row["of_place"] - 1][0]) for row in rows}


async def payouts_page(
    source: Source,
    actor: Actor,
    *,
    state: PayoutState | None = None,
    unit: str | None = None,
    owner_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> list[PayoutRecord]:
    """A page of the payouts that the actor may see, newest first."""
    page = PAGE.format(narrowed=NARROWED.get(actor.role, ""))
    arguments = (state and state.value, unit, owner_id, *(after or (None, None)), min(limit, PAGE_MAX))
    return [_payout(row, actor) for row in await source.fetch(page, *viewer_arguments([actor]), *arguments)]


async def exports_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, ExportRecord]:
    """Those of the files that the actor may see: for whoever sees every payout."""
    rows = await source.fetch(EXPORTS_BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {
        pairs[row["place"] - 1]: ExportRecord(
            id=row["id"],
            unit=row["unit"],
            by_payroll=row["by_payroll"],
            payouts=row["payouts"],
            total=row["total"],
            recorded_at=row["recorded_at"],
        )
        for row in rows
    }


async def lines_of_exports(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[Line]]:
    """The lines of each file that the actor may see, at most 1,000 each; `payout` is yet to be said."""
    seen = await exports_by_id(source, pairs)
    lines: dict[UUID, list[Line]] = {export.id: [] for export in seen.values()}
    for row in await source.fetch(LINES, list(lines)):
        lines[row["export_id"]].append(
            Line(
                payout_id=row["id"],
                payout=str(row["id"]),
                owner_kind=row["owner_kind"],
                owner=row["external_id"] or "",
                name=row["name"] or "",
                unit=row["unit"],
                amount=row["amount"],
                exponent=row["exponent"],
                by_payroll=row["by_payroll"],
            )
        )
    return {pair: lines[export.id] for pair, export in seen.items()}


def _payout(row: Row, actor: Actor) -> PayoutRecord:
    state, is_member = PayoutState(row["state"]), row["owner_kind"] == OwnerKind.MEMBER
    return PayoutRecord(
        id=row["id"],
        wallet_id=row["wallet_id"],
        member_id=row["owner_id"] if is_member else None,
        partner_id=None if is_member else row["owner_id"],
        unit=row["unit"],
        amount=row["amount"],
        state=state,
        by_payroll=row["by_payroll"],
        origin_kind=row["origin_kind"],
        origin_id=row["origin_id"],
        export_id=row["export_id"],
        bank_reference=row["bank_reference"],
        reason=row["reason"],
        recorded_at=row["recorded_at"],
        approved_at=row["approved_at"],
        exported_at=row["exported_at"],
        settled_at=row["settled_at"],
        version=row["version"],
        relation=Relation(row["relation"]),
        available_actions=available_actions(state, role=actor.role),
    )
