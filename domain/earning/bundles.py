"""Rewards that are no points: bundles granted beside awards, one row a due and bundle, revoked with their due."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.earning.events import GRANT_GIVEN, GRANT_REVOKED
from domain.earning.lines import Line
from domain.kernel.events import Event, EventType
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Row

FOLLOWED_MAX = 1_000  # grants of one step

STANDING = """
SELECT id, due_id, bundle, quantity, n, state, member_id, program_id FROM reward_grant
WHERE due_id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""

INSERT = """
INSERT INTO reward_grant (id, due_id, bundle, n, quantity, member_id, partner_id, program_id, state, recorded_at)
SELECT *, 'GRANTED', $9
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::int[], $6::uuid[], $7::uuid[], $8::uuid[])
"""

REVOKE = "UPDATE reward_grant SET state = 'REVOKED', revoked_at = $2 WHERE id = ANY($1::uuid[])"

# A grant waits while what became of it was not followed up: first given, later perhaps revoked.
WAITING = """
SELECT id, due_id, bundle, quantity, member_id, partner_id, program_id, state FROM reward_grant
WHERE followed_state IS DISTINCT FROM state AND (bundle = ANY($1::text[]) OR state = 'REVOKED')
ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""

FOLLOW = "UPDATE reward_grant SET followed_state = state WHERE id = ANY($1::uuid[])"


class GrantState(StrEnum):
    """Whether the due that a bundle came with still stands."""

    GRANTED = "GRANTED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, kw_only=True)
class RewardGrant:
    """So many of a bundle for a member, beside the award of a due."""

    id: UUID
    due_id: UUID
    bundle: str
    quantity: int
    member_id: UUID
    partner_id: UUID | None
    program_id: UUID
    state: GrantState


async def write_grants_in(
    op: Operation, lines: Sequence[tuple[Line, Line | None]], partners: Mapping[UUID, UUID | None]
) -> None:
    """The bundles that come with these dues are granted, those that came with what is no longer due are revoked.

    `lines` are dues as they stand, beside as they stood; `partners` by due are the envelope of the events. Nothing is
    read or written where no bundle comes with any of them; else three statements for any number.
    """
    borne = [line for line, before in lines if line.bundles or (before is not None and before.bundles)]
    if not borne:
        return
    known: dict[tuple[UUID, str], list[Row]] = {}
    for row in await op.sql.fetch(STANDING, [line.id for line in borne]):
        known.setdefault((row["due_id"], row["bundle"]), []).append(row)
    missing = [
        (line, bundle, quantity)
        for line in borne
        for bundle, quantity in line.bundles.items()
        if not any(row["state"] == GrantState.GRANTED for row in known.get((line.id, bundle), ()))
    ]
    wanted = {(line.id, bundle) for line in borne for bundle in line.bundles}
    lost = [
        row for key, rows in known.items() if key not in wanted for row in rows if row["state"] == GrantState.GRANTED
    ]
    await _insert(op, missing, known, partners)
    if lost:
        await op.sql.execute(REVOKE, [row["id"] for row in lost], op.now)
        op.tell(*(_event(GRANT_REVOKED, row["id"], row, partners.get(row["due_id"])) for row in lost))


async def _insert(
    op: Operation,
    missing: Sequence[tuple[Line, str, int]],
    known: Mapping[tuple[UUID, str], Sequence[Row]],
    partners: Mapping[UUID, UUID | None],
) -> None:
    if not missing:
        return
    rows: list[dict[str, Any]] = [
        {
            "id": grant_id,
            "due_id": line.id,
            "bundle": bundle,
            "n": 1 + len(known.get((line.id, bundle), ())),
            "quantity": quantity,
            "member_id": line.beneficiary_id,
            "partner_id": partners.get(line.id),
            "program_id": line.program_id,
        }
        for grant_id, (line, bundle, quantity) in zip(new_ids(len(missing)), missing, strict=True)
    ]
    await op.sql.execute(INSERT, *([row[name] for row in rows] for name in rows[0]), op.now)
    op.tell(*(_event(GRANT_GIVEN, row["id"], row, row["partner_id"]) for row in rows))


def _event(kind: EventType, grant_id: UUID, row: Mapping[str, Any] | Row, partner_id: UUID | None) -> Event:
    return kind.about(
        grant_id,
        member_id=row["member_id"],
        partner_id=partner_id,
        program_id=row["program_id"],
        due_id=str(row["due_id"]),
        bundle=row["bundle"],
        quantity=row["quantity"],
    )


async def waiting_grants_in(op: Operation, bundles: Iterable[str], limit: int = FOLLOWED_MAX) -> list[RewardGrant]:
    """Grants of these bundles, and revoked ones, that nobody followed up yet; locked, those locked elsewhere left out.

    At most 1,000, oldest first.
    """
    rows = await op.sql.fetch(WAITING, sorted(bundles), min(limit, FOLLOWED_MAX))
    return [
        RewardGrant(
            id=row["id"],
            due_id=row["due_id"],
            bundle=row["bundle"],
            quantity=row["quantity"],
            member_id=row["member_id"],
            partner_id=row["partner_id"],
            program_id=row["program_id"],
            state=GrantState(row["state"]),
        )
        for row in rows
    ]


async def followed_in(op: Operation, grant_ids: Collection[UUID]) -> None:
    """What these grants stand at has been followed up."""
    if grant_ids:
        await op.sql.execute(FOLLOW, list(grant_ids))
