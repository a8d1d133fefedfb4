"""Account managers look after partners for a time: assigned and unassigned with dates, acting while the span lasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.events import ACCOUNT_MANAGER_ASSIGNED, ACCOUNT_MANAGER_UNASSIGNED, PORTFOLIO_CHANGED
from domain.access.ownership import EVERY_PARTNER
from domain.access.principals import SYSTEM, Actor, Role
from domain.access.reading import partners_reached
from domain.access.refusals import AccountManagerAssigned
from domain.access.roles import PORTFOLIO_ROLES
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import ForeignKeyViolation, Row

PARTNERS_MAX = 1_000
STEP_MAX = 500

LOCK_ACCOUNT = "SELECT role FROM account WHERE id = $1 AND disabled_at IS NULL FOR NO KEY UPDATE"
OVERLAPPING = """
SELECT partner_id FROM account_manager WHERE account_id = $1 AND partner_id = ANY($2::uuid[])
AND ($4::timestamptz IS NULL OR since < $4) AND (until IS NULL OR until > $3) ORDER BY partner_id LIMIT 1
"""
ASSIGN = """
INSERT INTO account_manager (id, account_id, partner_id, since, until, acts, due_at, assigned_by, recorded_at)
SELECT told.id, $3, told.partner_id, $4, $5, false, $4, $6, $7
FROM unnest($1::uuid[], $2::uuid[]) AS told (id, partner_id)
"""
LOCK_ASSIGNMENT = "SELECT * FROM account_manager WHERE id = $1 FOR NO KEY UPDATE"
UNASSIGN = """
UPDATE account_manager SET until = $2, due_at = CASE WHEN acts THEN $2 ELSE due_at END, version = version + 1
WHERE id = $1
"""
DROP = "DELETE FROM account_manager WHERE id = $1"
DUE = """
SELECT id FROM account_manager WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
FOLLOW = """
UPDATE account_manager
SET acts = until IS NULL OR until > $2, due_at = CASE WHEN until > $2 THEN until END, version = version + 1
WHERE id = ANY($1::uuid[]) RETURNING account_id, partner_id
"""
# What a span says counts, whatever order the spans were judged in.
REACH = """
INSERT INTO reach (id, principal_id, partner_id, relation)
SELECT named.id, named.account_id, named.partner_id, 'OPERATOR'
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS named (id, account_id, partner_id)
WHERE EXISTS (SELECT FROM account_manager AS held WHERE held.account_id = named.account_id
              AND held.partner_id = named.partner_id AND held.acts)
ON CONFLICT ON CONSTRAINT reach_is_stated_once DO NOTHING
"""
REACH_NOT = """
DELETE FROM reach USING unnest($1::uuid[], $2::uuid[]) AS named (account_id, partner_id)
WHERE reach.principal_id = named.account_id AND reach.partner_id = named.partner_id AND reach.relation = 'OPERATOR'
AND NOT EXISTS (SELECT FROM account_manager AS held WHERE held.account_id = named.account_id
                AND held.partner_id = named.partner_id AND held.acts)
"""


@dataclass(frozen=True, kw_only=True)
class Span:
    """From an instant on (None: now), until another (excluded) or for good."""

    since: datetime | None = None
    until: datetime | None = None


async def assign_account_manager(
    door: Door, actor: Actor, keyed: Keyed, *, account_id: UUID, partner_ids: Sequence[UUID], span: Span
) -> list[UUID]:
    """The account manager looks after these partners for the span, 1 to 1,000; answers the assignments' ids in the
    order of the partners'. A manager hands out partners of the own portfolio only.

    Refuses: NotFound (the account is no account manager's; a partner that is not the actor's); InvalidInput (number,
    span); AccountManagerAssigned (to one of them in that time); KeyReused; TryLater.
    """
    wanted = sorted(set(partner_ids))
    if not 1 <= len(wanted) <= PARTNERS_MAX:
        raise InvalidInput(field="partnerIds", problem=f"1 to {PARTNERS_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        since = span.since or op.now
        if since < op.now:
            raise InvalidInput(field="since", problem="must not be past")
        if span.until is not None and span.until <= since:
            raise InvalidInput(field="until", problem="must be after since")
        await _check_partners(op, actor, wanted)
        if await op.sql.fetchval(LOCK_ACCOUNT, account_id) != Role.ACCOUNT_MANAGER:
            raise NotFound(kind="account", id=str(account_id))
        taken = await op.sql.fetchval(OVERLAPPING, account_id, wanted, since, span.until)
        if taken is not None:
            raise AccountManagerAssigned(partner_id=str(taken))
        ids = new_ids(len(wanted))
        try:
            await op.sql.execute(ASSIGN, ids, wanted, account_id, since, span.until, op.actor.principal_id, op.now)
        except ForeignKeyViolation:
            raise NotFound(kind="partner", id="") from None
        for assignment_id, partner_id in zip(ids, wanted, strict=True):
            op.tell(
                ACCOUNT_MANAGER_ASSIGNED.about(
                    assignment_id,
                    partner_id=partner_id,
                    account_id=str(account_id),
                    valid_from=since.isoformat(),
                    valid_until=span.until and span.until.isoformat(),
                )
            )
        await audit.record_in(op, "account_manager.assigned", "account", account_id, partners=len(wanted))
        if since <= op.now:
            await _follow_in(op, ids)
        return {"ids": [str(one) for one in ids]}

    outcome = await door.operate_keyed(actor, "assignAccountManager", keyed, work)
    return [UUID(one) for one in outcome.facts["ids"]]


async def unassign_account_manager(
    door: Door, actor: Actor, keyed: Keyed, assignment_id: UUID, until: datetime | None = None
) -> UUID:
    """The account manager looks after the partner until then (None: now) and no longer; one that ended earlier stays
    as it is, one that would not have begun is gone. Answers the partner's id.

    Refuses: NotFound; InvalidInput (an instant that is past); KeyReused; TryLater.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        at = until or op.now
        if at < op.now:
            raise InvalidInput(field="until", problem="must not be past")
        row = await op.sql.fetchrow(LOCK_ASSIGNMENT, assignment_id)
        if row is None:
            raise NotFound(kind="account manager", id=str(assignment_id))
        await _check_partners(op, actor, [row["partner_id"]], kind="account manager", shown=assignment_id)
        if row["until"] is None or row["until"] > at:
            await _end_in(op, row, at)
        return {"partner_id": str(row["partner_id"])}

    outcome = await door.operate_keyed(actor, "unassignAccountManager", keyed, work)
    return UUID(outcome.facts["partner_id"])


async def follow_assignments(door: Door) -> int:
    """A step: up to 500 assignments that begin or end by now are in force; answers how many."""

    async def work(op: Operation) -> int:
        due = [row["id"] for row in await op.sql.fetch(DUE, op.now, STEP_MAX)]
        await _follow_in(op, due)
        return len(due)

    return await door.operate(SYSTEM, work)


async def _end_in(op: Operation, row: Row, at: datetime) -> None:
    if row["since"] >= at:
        await op.sql.execute(DROP, row["id"])
    else:
        await op.sql.execute(UNASSIGN, row["id"], at)
        if at <= op.now:
            await _follow_in(op, [row["id"]])
    op.tell(
        ACCOUNT_MANAGER_UNASSIGNED.about(
            row["id"],
            partner_id=row["partner_id"],
            account_id=str(row["account_id"]),
            valid_until=at.isoformat(),
        )
    )
    await audit.record_in(op, "account_manager.unassigned", "account", row["account_id"], partner_id=row["partner_id"])


async def _follow_in(op: Operation, ids: Sequence[UUID]) -> None:
    """What each of these assignments says as of now is what the account reaches. Four statements."""
    if not ids:
        return
    rows = await op.sql.fetch(FOLLOW, list(ids), op.now)
    accounts, partners = [row["account_id"] for row in rows], [row["partner_id"] for row in rows]
    await op.sql.execute(REACH, new_ids(len(rows)), accounts, partners)
    await op.sql.execute(REACH_NOT, accounts, partners)
    counted = await op.sql.fetch(
        "SELECT account.id, count(reach.id) AS partners FROM account LEFT JOIN reach ON reach.principal_id = account.id"
        " AND reach.relation = 'OPERATOR' WHERE account.id = ANY($1::uuid[]) GROUP BY account.id ORDER BY account.id",
        sorted(set(accounts)),
    )
    for row in counted:
        op.tell(PORTFOLIO_CHANGED.about(row["id"], partners=row["partners"]))


async def _check_partners(
    op: Operation, actor: Actor, partner_ids: Sequence[UUID], *, kind: str = "partner", shown: UUID | None = None
) -> None:
    """All are the actor's to hand out. Refuses: NotFound, as for what does not exist."""
    if actor.role not in PORTFOLIO_ROLES:
        return
    reached = await partners_reached(op.sql, actor.principal_id, partner_ids)
    beyond = next((one for one in partner_ids if one not in reached), None)
    if beyond is not None and EVERY_PARTNER not in reached:
        raise NotFound(kind=kind, id=str(shown or beyond))
