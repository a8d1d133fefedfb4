"""What the face may ask of sends and entitlements: operators their sends, members what was sent to them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from catalog.sends.entitlement import EntitlementState, OnTierLoss, OwnerKind
from catalog.sends.sent import Content, RewardState, SendState
from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.kernel.sql import Connection, Database, Row

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]
After = tuple[datetime, UUID] | None
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, kw_only=True)
class SendRecord:
    """A send as its operators see it; `counts` are lines by state."""

    id: UUID
    program_id: UUID
    content: Content
    amount: int | None
    bundle_id: UUID | None
    is_gift: bool
    needs_claim: bool
    message: Mapping[str, str]
    state: SendState
    unit: str
    value: int
    fair_value: int | None
    currency: str | None
    recipients: int
    send_at: datetime | None
    claim_days: int | None
    recorded_at: datetime
    sent_at: datetime | None
    recalled_at: datetime | None
    version: int
    counts: Mapping[str, int]
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class RewardRecord:
    """One line of a send: what was sent to whom; a member sees their own once it was sent."""

    id: UUID
    send_id: UUID
    n: int
    address: str
    member_id: UUID | None
    partner_id: UUID | None
    state: RewardState
    reason: str | None
    content: Content
    amount: int | None
    bundle_id: UUID | None
    is_gift: bool
    unit: str
    message: Mapping[str, str]
    fair_value: int | None
    currency: str | None
    activity_id: UUID | None
    recorded_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    expires_at: datetime | None
    claimed_at: datetime | None
    ended_at: datetime | None
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class EntitlementRecord:
    """The right to use a benefit so many times."""

    id: UUID
    line_id: UUID
    denomination_id: UUID
    owner_kind: OwnerKind
    owner_id: UUID
    partner_id: UUID | None
    state: EntitlementState
    reason: str | None
    quota: int
    used: int
    is_transferable: bool
    tiers: Sequence[str]
    on_tier_loss: OnTierLoss
    valid_from: datetime
    valid_until: datetime | None
    revokes_at: datetime | None
    recorded_at: datetime
    ended_at: datetime | None
    version: int
    relation: Relation

    @property
    def left(self) -> int:
        """How often it may still be used."""
        return self.quota - self.used

    @property
    def member_id(self) -> UUID | None:
        """Whose it is; None where it is a firm's."""
        return self.owner_id if self.owner_kind is OwnerKind.MEMBER else None


ASKED = f"{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place"

# A send is for those who see everything, and for who sent it.
SEND_RELATION = """CASE WHEN viewer.sees_all OR send.principal_id = viewer.portfolio_of THEN 'OPERATOR' END"""
SEND = f"""
SELECT send.*, {SEND_RELATION} AS relation,
       (SELECT coalesce(jsonb_object_agg(state, total), '{{}}')
        FROM (SELECT state, count(*) AS total FROM send_recipient WHERE send_id = send.id GROUP BY state) AS counted
       ) AS counts
FROM reward_send AS send"""
SENDS_BY_ID = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({SEND} WHERE send.id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
SENDS = f"""
SELECT {SEND.strip().removeprefix("SELECT")} CROSS JOIN {VIEWERS}
WHERE {SEND_RELATION} IS NOT NULL AND ($6::timestamptz IS NULL OR (send.recorded_at, send.id) < ($6, $7::uuid))
  AND ($8::text IS NULL OR send.state = $8)
ORDER BY send.recorded_at DESC, send.id DESC LIMIT $9
"""

REWARD_RELATION = relation_sql(
    member="CASE WHEN line.state NOT IN ('PENDING', 'FAILED') THEN line.member_id END", partner="line.partner_id"
)
REWARD = f"""
SELECT line.*, send.content, send.amount, send.bundle_id, send.is_gift, send.unit, send.message, send.fair_value,
       send.currency, coalesce({SEND_RELATION}, {REWARD_RELATION}) AS relation
FROM send_recipient AS line JOIN reward_send AS send ON send.id = line.send_id"""
REWARDS_BY_ID = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({REWARD} WHERE line.id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
REWARDS_OF_MEMBERS = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {REWARD} WHERE line.member_id = asked.id AND line.state NOT IN ('PENDING', 'FAILED')
        AND ($7::timestamptz IS NULL OR (line.recorded_at, line.id) < ($7, $8::uuid))
    ORDER BY line.recorded_at DESC, line.id DESC LIMIT $9) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.recorded_at DESC, page.id DESC
"""
REWARDS_OF_SENDS = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {REWARD} WHERE line.send_id = asked.id AND ($7::int IS NULL OR line.n > $7)
    ORDER BY line.n LIMIT $8) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.n
"""

ENTITLEMENT_RELATION = relation_sql(
    member="CASE WHEN e.owner_kind = 'MEMBER' THEN e.owner_id END", partner="e.partner_id"
)
ENTITLEMENT = f"SELECT e.*, {ENTITLEMENT_RELATION} AS relation FROM entitlement AS e"
ENTITLEMENTS_BY_ID = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({ENTITLEMENT} WHERE e.id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
ENTITLEMENTS_OF_OWNERS = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {ENTITLEMENT} WHERE e.owner_id = asked.id
        AND ($7::timestamptz IS NULL OR (e.recorded_at, e.id) < ($7, $8::uuid))
    ORDER BY e.recorded_at DESC, e.id DESC LIMIT $9) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.recorded_at DESC, page.id DESC
"""


async def sends_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, SendRecord]:
    """Those of the sends that the actor may see."""
    return {pairs[row["place"] - 1]: _send(row) for row in await sql.fetch(SENDS_BY_ID, *_asked(pairs))}


async def sends_page(
    sql: Source, actor: Actor, *, limit: int, after: After = None, state: SendState | None = None
) -> list[SendRecord]:
    """The sends this actor may see, newest first; `after` is (recorded_at, id)."""
    arguments = (*viewer_arguments([actor]), *(after or (None, None)), state, min(limit, PAGE_MAX))
    return [_send(row) for row in await sql.fetch(SENDS, *arguments)]


async def rewards_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, RewardRecord]:
    """Those of the lines that the actor may see."""
    return {pairs[row["place"] - 1]: _reward(row) for row in await sql.fetch(REWARDS_BY_ID, *_asked(pairs))}


async def rewards_of_members(
    sql: Source, pairs: Pairs, *, limit: int, after: After = None
) -> Mapping[Pair, list[RewardRecord]]:
    """A page of what was sent to each member, newest first; `after` is (recorded_at, id)."""
    arguments = (*_asked(pairs), *(after or (None, None)), min(limit, PAGE_MAX))
    return _grouped(pairs, [(row, _reward(row)) for row in await sql.fetch(REWARDS_OF_MEMBERS, *arguments)])


async def rewards_of_sends(
    sql: Source, pairs: Pairs, *, limit: int, after: int | None = None
) -> Mapping[Pair, list[RewardRecord]]:
    """A page of each send's lines in order, as far as the actor may see them; `after` is n."""
    rows = await sql.fetch(REWARDS_OF_SENDS, *_asked(pairs), after, min(limit, PAGE_MAX))
    return _grouped(pairs, [(row, _reward(row)) for row in rows])


async def entitlements_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, EntitlementRecord]:
    """Those of the entitlements that the actor may see."""
    rows = await sql.fetch(ENTITLEMENTS_BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: _entitlement(row) for row in rows}


async def entitlements_of_owners(
    sql: Source, pairs: Pairs, *, limit: int, after: After = None
) -> Mapping[Pair, list[EntitlementRecord]]:
    """A page of each member's or partner's own entitlements, newest first; `after` is (recorded_at, id)."""
    arguments = (*_asked(pairs), *(after or (None, None)), min(limit, PAGE_MAX))
    return _grouped(pairs, [(row, _entitlement(row)) for row in await sql.fetch(ENTITLEMENTS_OF_OWNERS, *arguments)])


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs]


def _grouped(pairs: Pairs, rows: Sequence[tuple[Row, RecordT]]) -> Mapping[Pair, list[RecordT]]:
    found = defaultdict[Pair, list[RecordT]](list)
    for row, record in rows:
        found[pairs[row["place"] - 1]].append(record)
    return found


def _send(row: Row) -> SendRecord:
    said: dict[str, Any] = {
        "content": Content(row["content"]),
        "state": SendState(row["state"]),
        "relation": Relation(row["relation"]),
    }
    return SendRecord(**{name: said.get(name, row[name]) for name in SendRecord.__dataclass_fields__})


def _reward(row: Row) -> RewardRecord:
    said: dict[str, Any] = {
        "content": Content(row["content"]),
        "state": RewardState(row["state"]),
        "relation": Relation(row["relation"]),
    }
    return RewardRecord(**{name: said.get(name, row[name]) for name in RewardRecord.__dataclass_fields__})


def _entitlement(row: Row) -> EntitlementRecord:
    said: dict[str, Any] = {
        "owner_kind": OwnerKind(row["owner_kind"]),
        "state": EntitlementState(row["state"]),
        "on_tier_loss": OnTierLoss(row["on_tier_loss"]),
        "relation": Relation(row["relation"]),
    }
    return EntitlementRecord(**{name: said.get(name, row[name]) for name in EntitlementRecord.__dataclass_fields__})
