"""The door for messages that sources send by themselves: each comes in once, and every item of it has ended."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.access.principals import Actor, Role, Scope
from domain.activities.activity import ActivityInput, ActivityReversal, ItemResult, Outcome
from domain.activities.connecting import Connected, mapping_of
from domain.activities.inlets import rows_of
from domain.activities.mapping import Mapped, Rejected, Skipped, mapped, reversal_of
from domain.activities.refusals import MessageConflict, UnknownActivity
from domain.earning.evaluating import Knowledge
from domain.earning.recording import record_and_award_in
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation

KEPT_DAYS = 30
FORGOTTEN_MAX = 1_000

TAKE = """
INSERT INTO inbox_message (id, source_id, message_id, digest, body, outcome, is_settled, received_at)
VALUES ($1, $2, $3, $4, NULL, '[]', false, $5) ON CONFLICT (source_id, message_id) DO NOTHING RETURNING id
"""
STANDING = """
SELECT id, digest, outcome, is_settled FROM inbox_message WHERE source_id = $1 AND message_id = $2 FOR UPDATE
"""
SETTLE = "UPDATE inbox_message SET outcome = $2, is_settled = $3, body = $4 WHERE id = $1"
FORGET = """
DELETE FROM inbox_message WHERE id IN (
  SELECT id FROM inbox_message WHERE is_settled AND received_at < guerdon_now() - make_interval(days => $1)
  ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING id
"""


@dataclass(frozen=True, kw_only=True)
class Received:
    """What became of a message: one outcome an item, in order; `repeated` where it had come in before."""

    items: Sequence[Mapping[str, Any]]
    repeated: bool


async def receive(
    door: Door, knowledge: Knowledge, connected: Connected, message_id: str, body: bytes, document: object
) -> Received:
    """Every item ended: recorded, duplicate, corrected, reversed, stale, skipped or rejected with its reason.

    The same message again answers as before; one with rejected items is judged anew, so that a corrected mapping helps.
    The body of such a message is kept until then.

    Refuses: MessageNotUnderstood; MessageConflict; InvalidInput (the mapping); BatchTooLarge; UnitIsFull; TryLater.
    """
    source = connected.source
    digest = hashlib.sha256(body).digest()
    actor = Actor(
        principal_id=source.source_id,
        role=Role.INTEGRATION,
        source_id=source.source_id,
        scopes=frozenset({Scope.ACTIVITIES_WRITE}),
    )

    async def work(op: Operation) -> Received:
        inbox_id = await op.sql.fetchval(TAKE, new_id(), source.source_id, message_id, digest, op.now)
        is_known = inbox_id is None
        if is_known:
            standing = await op.sql.fetchrow(STANDING, source.source_id, message_id)
            assert standing is not None, "what was inserted before stands"
            if standing["digest"] != digest:
                raise MessageConflict(message=message_id)
            if standing["is_settled"]:
                return Received(items=standing["outcome"], repeated=True)
            inbox_id = standing["id"]
        mapping = mapping_of(source)
        found = [mapped(mapping, row, {}) for row in rows_of(connected.inlet, document)]
        told = await _record(op, knowledge, connected, found)
        is_settled = all(item["outcome"] != Outcome.REJECTED.value for item in told)
        kept = None if is_settled else body
        await op.sql.execute(SETTLE, inbox_id, told, is_settled, kept)
        return Received(items=told, repeated=is_known)

    return await door.operate(actor, work)


async def forget_messages(door: Door, actor: Actor, *, days: int = KEPT_DAYS, limit: int = FORGOTTEN_MAX) -> int:
    """Settled messages that came in so many days ago are gone; what they recorded stands. Answers how many."""

    async def work(op: Operation) -> int:
        return len(await op.sql.fetch(FORGET, days, limit))

    return await door.operate(actor, work)


async def _record(
    op: Operation, knowledge: Knowledge, connected: Connected, found: Sequence[Mapped]
) -> list[dict[str, Any]]:
    """One outcome for each row; those that are activities, or take one back, are recorded as one batch."""
    items = {place: item for place, each in enumerate(found) if (item := _item(each)) is not None}
    batch = await record_and_award_in(op, knowledge, connected.source.source_id, list(items.values()))
    results = dict(zip(items, batch.results, strict=True))
    return [_told(each, results.get(place)) for place, each in enumerate(found)]


def _item(row: Mapped) -> ActivityInput | ActivityReversal | None:
    if isinstance(row, ActivityInput):
        return row
    return reversal_of(row) if isinstance(row, Skipped) and row.reverses else None


def _told(row: Mapped, result: ItemResult | None) -> dict[str, Any]:
    told: dict[str, Any] = {"externalId": row.external_id}
    if isinstance(row, Rejected):
        return told | {"outcome": Outcome.REJECTED.value, "code": row.code, "facts": dict(row.facts)}
    # What is left out and never stood here has nothing to be taken back.
    never_stood = result is not None and isinstance(result.refusal, UnknownActivity)
    if isinstance(row, Skipped) and (result is None or never_stood):
        return told | {"outcome": "SKIPPED", "code": row.reason}
    assert result is not None, "every item of the batch has its result"
    told["outcome"] = result.outcome.value
    if result.refusal is not None:
        return told | {"code": result.refusal.code(), "facts": result.refusal.facts()}
    return told
