"""Sends leave: line by line judged by employer and budget, what they are worth set aside or awarded at once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from catalog.redemptions.giving import Origin
from catalog.sends.events import REWARD_MOVED, REWARD_SENT, SEND_CHANGED
from catalog.sends.orders import NewOrder, bundles_in, open_orders_in
from catalog.sends.sent import (
    POLICY,
    Allotted,
    Content,
    EmployerPolicy,
    NotSent,
    RewardState,
    SendState,
    Worth,
    allotted,
    forbidden,
)
from catalog.sends.setting_aside import put_back_in, set_aside_in
from domain.access.principals import SYSTEM
from domain.earning.sending import SentPoints, send_points_in
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import TryLater
from domain.kernel.sql import Row
from domain.ledger.opening import lock_budgets_in, open_wallets_in
from domain.ledger.wallets import Owner, OwnerKind
from domain.partners.facts import facts_of

log = structlog.get_logger()

INLINE_MAX = 1_000  # lines that leave with the call itself
STEP_MAX = 500
SENDS_MAX = 50  # sends of one step
AGAIN_AFTER = timedelta(minutes=1)  # a send that broke is tried again

DUE = """
SELECT id FROM reward_send WHERE state = 'SCHEDULED' AND send_at <= guerdon_now() ORDER BY send_at, id LIMIT $1
"""

POSTPONE = """
UPDATE reward_send SET send_at = guerdon_now() + $2, version = version + 1 WHERE id = $1 AND state = 'SCHEDULED'
RETURNING program_id, version
"""

LOCK = """
-- lock: reward_send
SELECT send.*, budget.id AS budget_id
FROM reward_send AS send JOIN budget ON budget.program_id = send.program_id AND budget.unit = send.unit
WHERE send.id = $1 AND send.state = 'SCHEDULED' FOR NO KEY UPDATE OF send
"""

PENDING = """
-- lock: send_recipient
SELECT line.id, line.member_id, member.partner_id, member.left_at
FROM send_recipient AS line JOIN member ON member.id = line.member_id
WHERE line.send_id = $1 AND line.state = 'PENDING' ORDER BY line.n LIMIT $2 FOR NO KEY UPDATE OF line
"""

MOVE = """
UPDATE send_recipient SET state = moved.state, reason = moved.reason, partner_id = moved.partner_id,
       set_aside = moved.set_aside, activity_id = moved.activity_id, version = version + 1,
       sent_at = CASE WHEN moved.state <> 'FAILED' THEN $7::timestamptz END,
       expires_at = CASE WHEN moved.state = 'SENT' THEN $8::timestamptz END,
       claimed_at = CASE WHEN moved.state = 'CLAIMED' THEN $7::timestamptz END,
       ended_at = CASE WHEN moved.state = 'FAILED' THEN $7::timestamptz END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::uuid[])
     AS moved (id, state, reason, partner_id, set_aside, activity_id)
WHERE send_recipient.id = moved.id
"""

DONE = """
UPDATE reward_send SET state = 'SENT', sent_at = $2, version = version + 1
WHERE id = $1 AND NOT EXISTS (SELECT FROM send_recipient WHERE send_id = $1 AND state = 'PENDING')
RETURNING version, program_id
"""

EXPIRING = """
-- lock: send_recipient
SELECT id, send_id, member_id, partner_id FROM send_recipient
WHERE state IN ('SENT', 'OPENED') AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""

EXPIRE = """
UPDATE send_recipient SET state = 'EXPIRED', ended_at = $2, version = version + 1 WHERE id = ANY($1::uuid[])
"""


async def deliver_due(door: Door, *, lines_max: int = STEP_MAX, sends_max: int = SENDS_MAX) -> int:
    """A step: up to 500 lines of up to 50 due sends have left, each send in an operation, the one due longest first;
    answers how many lines were judged.

    One that breaks is in the log and due again in a minute: it holds up no other.
    """
    done = 0
    for row in await door.database.fetch(DUE, sends_max):
        left = lines_max - done
        if left <= 0:
            break
        try:
            done += await door.operate(
                SYSTEM, lambda op, send_id=row["id"], most=left: deliver_in(op, send_id, limit=most)
            )
        except TryLater:
            raise
        except Exception:  # a send that cannot leave must not keep the others from it
            log.exception("send.not_delivered", send=str(row["id"]))
            await door.operate(SYSTEM, lambda op, send_id=row["id"]: _postpone(op, send_id))
    return done


async def _postpone(op: Operation, send_id: UUID) -> None:
    row = await op.sql.fetchrow(POSTPONE, send_id, AGAIN_AFTER)
    if row is not None:
        state = SendState.SCHEDULED.value
        op.tell(SEND_CHANGED.about(send_id, program_id=row["program_id"], state=state, version=row["version"]))


async def expire_due(door: Door) -> int:
    """A step: up to 500 lines that nobody claimed in time have EXPIRED, what was set aside for them is in its budget
    again; answers how many."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(EXPIRING, op.now, STEP_MAX)
        ids = [row["id"] for row in rows]
        await put_back_in(op, ids)
        await op.sql.execute(EXPIRE, ids, op.now)
        for row in rows:
            _tell(op, row, row["send_id"], RewardState.EXPIRED, None)
        return len(rows)

    return await door.operate(SYSTEM, work)


async def deliver_in(op: Operation, send_id: UUID, *, limit: int = STEP_MAX) -> int:
    """The next lines of a scheduled send have left, or say why not; after the last one it is SENT. Answers how many
    were judged. The number of statements does not depend on it."""
    send = await op.sql.fetchrow(LOCK, send_id)
    if send is None:
        return 0
    lines = await op.sql.fetch(PENDING, send_id, limit)
    at_once = not send["needs_claim"]
    pays_points = at_once and send["content"] == Content.POINTS
    found = await _allotted(op, send, lines, pays_points=pays_points)
    sent = [line for line in lines if line["id"] in set(found.sent)]
    activities: Mapping[str, UUID] = {}
    if pays_points and sent:
        points = [
            SentPoints(external_id=f"send:{line['id']}", member_id=line["member_id"], amount=send["amount"])
            for line in sent
        ]
        activities = await send_points_in(op, send["program_id"], points, reason=reason_of(send["message"]))
    else:
        await set_aside_in(op, send, send["value"] * len(sent))
    if at_once and not pays_points:
        await _open_orders(op, send, sent)
    await _move(op, send, lines, found, activities)
    done = await op.sql.fetchrow(DONE, send_id, op.now)
    if done is not None:
        state = SendState.SENT.value
        op.tell(SEND_CHANGED.about(send_id, program_id=done["program_id"], state=state, version=done["version"]))
    return len(lines)


def reason_of(message: Mapping[str, str]) -> str:
    """What an award of sent points gives as its reason: the beginning of the message."""
    return message.get("en", "")[:500]


async def _allotted(op: Operation, send: Row, lines: Sequence[Row], *, pays_points: bool) -> Allotted:
    policies = await _policies(op, {line["partner_id"] for line in lines if line["partner_id"] is not None})
    worth = Worth(value=send["value"], unit=send["unit"], fair_value=send["fair_value"], currency=send["currency"])
    judged = [
        (
            line["id"],
            NotSent.MEMBER_LEFT if line["left_at"] is not None else forbidden(policies.get(line["partner_id"]), worth),
        )
        for line in lines
    ]
    opened = {}
    if pays_points:
        # Wallets come before budgets in the lock order.
        owners = [Owner(kind=OwnerKind.MEMBER, id=line["member_id"], unit=send["unit"]) for line in lines]
        opened = await open_wallets_in(op, owners, bookings=[(send["program_id"], op.now)])
    left = await lock_budgets_in(op, [send["budget_id"]], wallets=opened.values())
    return allotted(judged, value=send["value"], left=left[send["budget_id"]])


async def _policies(op: Operation, partner_ids: set[UUID]) -> Mapping[UUID, EmployerPolicy]:
    """What each employer allows now; the fact that began last speaks."""
    known = await facts_of(op.sql, sorted(partner_ids), POLICY) if partner_ids else {}
    policies: dict[UUID, EmployerPolicy] = {}
    for partner_id, facts in known.items():
        for fact in facts:
            if fact.valid_from <= op.now and (fact.valid_until is None or fact.valid_until > op.now):
                policies[partner_id] = EmployerPolicy.of(fact.value)
    return policies


async def _open_orders(op: Operation, send: Row, sent: Sequence[Row]) -> None:
    bundle = (await bundles_in(op, ids=[send["bundle_id"]]))[0]
    await open_orders_in(
        op,
        [
            NewOrder(
                id=order_id,
                bundle=bundle,
                origin=Origin.SEND,
                origin_id=line["id"],
                member_id=line["member_id"],
                partner_id=line["partner_id"],
            )
            for order_id, line in zip(new_ids(len(sent)), sent, strict=True)
        ],
    )


async def _move(
    op: Operation, send: Row, lines: Sequence[Row], found: Allotted, activities: Mapping[str, UUID]
) -> None:
    expires_at = op.now + timedelta(days=send["claim_days"]) if send["claim_days"] else None
    reached = RewardState.SENT if send["needs_claim"] else RewardState.CLAIMED
    states = {line["id"]: RewardState.FAILED if line["id"] in found.refused else reached for line in lines}
    aside = 0 if activities else send["value"]
    await op.sql.execute(
        MOVE,
        [line["id"] for line in lines],
        [states[line["id"]].value for line in lines],
        [found.refused.get(line["id"]) for line in lines],
        [line["partner_id"] for line in lines],
        [0 if line["id"] in found.refused else aside for line in lines],
        [activities.get(f"send:{line['id']}") for line in lines],
        op.now,
        expires_at,
    )
    for line in lines:
        if line["id"] in found.refused:
            _tell(op, line, send["id"], RewardState.FAILED, found.refused[line["id"]])
            continue
        until: Any = expires_at.isoformat() if expires_at and send["needs_claim"] else None
        op.tell(
            REWARD_SENT.about(
                line["id"],
                member_id=line["member_id"],
                partner_id=line["partner_id"],
                send_id=str(send["id"]),
                expires_at=until,
            )
        )


def _tell(op: Operation, line: Row, send_id: UUID, state: RewardState, reason: NotSent | None) -> None:
    op.tell(
        REWARD_MOVED.about(
            line["id"],
            member_id=line["member_id"],
            partner_id=line["partner_id"],
            send_id=str(send_id),
            state=state.value,
            reason=reason,
        )
    )
