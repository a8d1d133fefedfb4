"""Entitlements begin with a fulfilled line of a benefit and end by time, by a lost tier or with their line."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from catalog.sends.entitlement import BenefitPeriod, EntitlementState, OnTierLoss, revokes_at
from catalog.sends.events import ENTITLEMENT_GRANTED, ENTITLEMENT_MOVED
from domain.access.principals import SYSTEM
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Row
from domain.partners.facts import FactKind, facts_as_of

STEP_MAX = 500
TIERS_CHECKED_AGAIN = timedelta(minutes=5)

INSERT = """
INSERT INTO entitlement (id, line_id, denomination_id, owner_kind, owner_id, partner_id, state, quota, used,
                         is_transferable, tiers, on_tier_loss, period, valid_from, valid_until, recorded_at, version)
SELECT asked.id, line.id, line.denomination_id,
       CASE WHEN redemption.partner_id IS NULL THEN 'MEMBER' ELSE benefit.owner_kind END,
       CASE WHEN benefit.owner_kind = 'PARTNER' THEN coalesce(redemption.partner_id, line.member_id)
            ELSE line.member_id END,
       redemption.partner_id, 'GRANTED', benefit.quota, 0, benefit.is_transferable, benefit.tiers,
       benefit.on_tier_loss, benefit.period, line.fulfilled_at,
       line.fulfilled_at + make_interval(days => benefit.valid_days), $3, 1
FROM unnest($1::uuid[], $2::uuid[]) AS asked (id, line_id)
JOIN redemption_line AS line ON line.id = asked.line_id AND line.state = 'FULFILLED'
JOIN redemption ON redemption.id = line.redemption_id
JOIN benefit ON benefit.denomination_id = line.denomination_id
ON CONFLICT (line_id) DO NOTHING
RETURNING id, line_id, owner_kind, owner_id, partner_id, quota, valid_until
"""

MOVED = "RETURNING id, owner_kind, owner_id, partner_id, state, used, version, reason"

REVOKE_OF_LINES = f"""
UPDATE entitlement SET state = 'REVOKED', reason = 'LINE_REFUNDED', ended_at = $2, version = version + 1
WHERE line_id = ANY($1::uuid[]) AND state IN ('GRANTED', 'ACTIVE') {MOVED}
"""

END = f"""
UPDATE entitlement SET state = CASE WHEN coalesce(revokes_at <= $1, false) THEN 'REVOKED' ELSE 'EXPIRED' END,
       reason = CASE WHEN coalesce(revokes_at <= $1, false) THEN 'TIER_LOST' END, ended_at = $1, version = version + 1
WHERE id IN (SELECT id FROM entitlement
             WHERE state IN ('GRANTED', 'ACTIVE') AND least(valid_until, revokes_at) <= $1
             ORDER BY least(valid_until, revokes_at), id LIMIT $2 FOR UPDATE SKIP LOCKED) {MOVED}
"""

TIED = """
SELECT id, owner_id, partner_id, tiers, on_tier_loss, period, revokes_at FROM entitlement
WHERE state IN ('GRANTED', 'ACTIVE') AND tiers <> '[]' AND (tier_checked_at IS NULL OR tier_checked_at <= $1)
ORDER BY tier_checked_at NULLS FIRST, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""

CHECKED = "UPDATE entitlement SET tier_checked_at = $2 WHERE id = ANY($1::uuid[])"

TIER_TOLD = f"""
UPDATE entitlement SET revokes_at = told.at, reason = CASE WHEN told.at IS NULL THEN NULL ELSE 'TIER_LOST' END,
       version = version + 1
FROM unnest($1::uuid[], $2::timestamptz[]) AS told (told_id, at) WHERE id = told.told_id {MOVED}
"""


async def entitle_in(op: Operation, line_ids: Sequence[UUID]) -> None:
    """Each of these lines that was fulfilled and is of a benefit has its entitlement, once. One statement."""
    if not line_ids:
        return
    for row in await op.sql.fetch(INSERT, new_ids(len(line_ids)), list(line_ids), op.now):
        op.tell(
            ENTITLEMENT_GRANTED.about(
                row["id"],
                member_id=member_of(row),
                partner_id=row["partner_id"],
                line_id=str(row["line_id"]),
                quota=row["quota"],
                valid_until=row["valid_until"] and row["valid_until"].isoformat(),
            )
        )


async def revoke_of_lines_in(op: Operation, line_ids: Collection[UUID]) -> None:
    """What is left of the entitlements of these refunded lines is gone."""
    if line_ids:
        tell_moved(op, await op.sql.fetch(REVOKE_OF_LINES, list(line_ids), op.now))


async def end_due(door: Door) -> int:
    """A step: up to 500 entitlements whose time is over have EXPIRED, or are REVOKED where a lost tier ended them."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(END, op.now, STEP_MAX)
        tell_moved(op, rows)
        return len(rows)

    return await door.operate(SYSTEM, work)


async def check_tiers(door: Door, *, again_after: timedelta = TIERS_CHECKED_AGAIN) -> int:
    """A step: up to 500 entitlements that are tied to a tier, least lately looked at first, know when they end.

    Answers how many were looked at.
    """

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(TIED, op.now - again_after, STEP_MAX)
        if not rows:
            return 0
        asked = [(one, op.now) for row in rows for one in (row["owner_id"], row["partner_id"]) if one is not None]
        facts = await facts_as_of(op.sql, list(dict.fromkeys(asked)), (FactKind.TIER,))
        told: dict[UUID, datetime | None] = {}
        for row in rows:
            of_owner = facts.get((row["owner_id"], op.now), {}).get(FactKind.TIER)
            of_partner = facts.get((row["partner_id"], op.now), {}).get(FactKind.TIER)
            ends = revokes_at(
                op.now,
                tiers=row["tiers"],
                held=_codes(of_owner) or _codes(of_partner),
                on_tier_loss=OnTierLoss(row["on_tier_loss"]),
                period=BenefitPeriod(row["period"]),
                before=row["revokes_at"],
            )
            if ends != row["revokes_at"]:
                told[row["id"]] = ends
        await op.sql.execute(CHECKED, [row["id"] for row in rows], op.now)
        if told:
            tell_moved(op, await op.sql.fetch(TIER_TOLD, list(told), list(told.values())))
        return len(rows)

    return await door.operate(SYSTEM, work)


def tell_moved(op: Operation, rows: Sequence[Row]) -> None:
    """An event for each entitlement as it stands now."""
    for row in rows:
        op.tell(
            ENTITLEMENT_MOVED.about(
                row["id"],
                member_id=member_of(row),
                partner_id=row["partner_id"],
                state=EntitlementState(row["state"]).value,
                used=row["used"],
                version=row["version"],
                reason=row["reason"],
            )
        )


def member_of(row: Row) -> UUID | None:
    """The member whose entitlement it is; None where it is a firm's."""
    return row["owner_id"] if row["owner_kind"] == "MEMBER" else None


def _codes(value: object) -> frozenset[str]:
    """The codes that a fact names: one text, or a list of them."""
    if isinstance(value, str):
        return frozenset({value})
    return frozenset(str(one) for one in cast("list[Any]", value)) if isinstance(value, list) else frozenset()
