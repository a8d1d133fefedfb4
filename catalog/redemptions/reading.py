"""Every question the face may ask of redemptions: who sees which, their lines, and for operators their attempts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from catalog.redemptions.machine import (
    ORDER_STATE_SQL,
    Action,
    AttemptState,
    Delivery,
    LineState,
    OrderState,
    available_actions,
)
from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.kernel.sql import Connection, Database, Row

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
LINES_MAX = 600  # of one order: ten units of a bundle, given ten times, each with five substitutes after it
ATTEMPTS_MAX = 50
HIDDEN = "••••"

# A key bound to a source is shown the orders of the members that this source registered.
RELATION = relation_sql(
    member="redemption.member_id",
    partner="redemption.partner_id",
    source="(SELECT source_id FROM member WHERE member.id = redemption.member_id)",
)
FOLDED = f"""
CROSS JOIN LATERAL (SELECT {ORDER_STATE_SQL} AS state, count(*) AS units
                    FROM redemption_line AS line WHERE line.redemption_id = redemption.id) AS folded
"""
COLUMNS = f"""
redemption.id, redemption.member_id, redemption.partner_id, redemption.origin, redemption.unit, redemption.total,
redemption.country, redemption.locale, redemption.recorded_at, redemption.version, folded.state, folded.units,
{RELATION} AS relation
"""

BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN redemption ON redemption.id = asked.id {FOLDED}) AS seen
WHERE relation IS NOT NULL
"""

OF_MEMBERS = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  CROSS JOIN LATERAL (
    SELECT * FROM redemption WHERE member_id = asked.id
      AND ($7::timestamptz IS NULL OR (recorded_at, id) < ($7, $8::uuid))
    ORDER BY recorded_at DESC, id DESC LIMIT $9) AS redemption {FOLDED}) AS seen
WHERE relation IS NOT NULL ORDER BY place, recorded_at DESC, id DESC
"""

# The line's own state narrows by index what the fold then decides.
PAGE = f"""
SELECT * FROM (
  SELECT {COLUMNS} FROM {VIEWERS} CROSS JOIN redemption {FOLDED}
  WHERE ($6::text IS NULL OR folded.state = $6)
    AND ($7::text IS NULL OR EXISTS (
          SELECT FROM redemption_line AS line WHERE line.redemption_id = redemption.id AND line.state = $7))
    AND ($8::uuid IS NULL OR redemption.member_id = $8) AND ($9::uuid IS NULL OR redemption.partner_id = $9)
    AND ($10::uuid IS NULL OR EXISTS (
          SELECT FROM redemption_line AS line WHERE line.redemption_id = redemption.id AND line.item_id = $10))
    AND ($11::timestamptz IS NULL OR redemption.recorded_at >= $11)
    AND ($12::timestamptz IS NULL OR redemption.recorded_at < $12)
    AND ($13::timestamptz IS NULL OR (redemption.recorded_at, redemption.id) {{past}} ($13, $14::uuid))) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at {{order}}, id {{order}} LIMIT $15
"""

LINE = """
line.id, line.redemption_id, line.n, line.item_id, line.denomination_id, line.price, line.face_value, line.currency,
line.fair_value, line.state, line.delivery, line.reason, line.held_until, line.tracking, line.expires_on,
line.recorded_at, line.ordered_at, line.fulfilled_at, line.revealed_at, line.ended_at, line.version, redemption.unit,
code.last_four
"""
CODE = """
LEFT JOIN voucher_code AS code ON code.line_id = line.id AND code.state = 'ISSUED'
"""

LINES_OF = f"""
SELECT * FROM (
  SELECT viewer.place, {LINE}, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN redemption ON redemption.id = asked.id
  JOIN redemption_line AS line ON line.redemption_id = redemption.id AND line.n <= {LINES_MAX} {CODE}) AS seen
WHERE relation IS NOT NULL ORDER BY place, n
"""

LINES_BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {LINE}, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN redemption_line AS line ON line.id = asked.id
  JOIN redemption ON redemption.id = line.redemption_id {CODE}) AS seen
WHERE relation IS NOT NULL
"""

ATTEMPTS = f"""
SELECT * FROM (
  SELECT viewer.place, attempt.id, attempt.line_id, attempt.n, attempt.supplier_id, attempt.priority, attempt.sku,
         attempt.state, attempt.reason, attempt.supplier_reference, attempt.calls, attempt.call_at,
         attempt.recorded_at, attempt.ended_at, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN redemption_line AS line ON line.id = asked.id JOIN redemption ON redemption.id = line.redemption_id
  CROSS JOIN LATERAL (SELECT * FROM fulfilment_attempt WHERE line_id = line.id
                      ORDER BY n DESC LIMIT {ATTEMPTS_MAX}) AS attempt) AS seen
WHERE relation = 'OPERATOR' ORDER BY place, n
"""


@dataclass(frozen=True, kw_only=True)
class RedemptionRecord:
    """An order with the fold of its lines as its state."""

    id: UUID
    member_id: UUID
    partner_id: UUID | None
    origin: str
    unit: str
    total: int
    country: str | None
    locale: str
    state: OrderState
    units: int
    recorded_at: datetime
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class RedemptionLineRecord:
    """One unit of an order; `masked_code` shows the last four characters of a code that was issued, never more."""

    id: UUID
    redemption_id: UUID
    n: int
    item_id: UUID
    denomination_id: UUID
    unit: str
    price: int
    face_value: int | None
    currency: str | None
    fair_value: int | None
    state: LineState
    delivery: Delivery
    reason: str | None
    held_until: datetime | None
    tracking: Mapping[str, Any] | None
    expires_on: date | None
    masked_code: str | None
    available_actions: tuple[Action, ...]
    recorded_at: datetime
    ordered_at: datetime | None
    fulfilled_at: datetime | None
    revealed_at: datetime | None
    ended_at: datetime | None
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class AttemptRecord:
    """One try at one supplier, as operators see it."""

    id: UUID
    line_id: UUID
    n: int
    supplier_id: UUID
    priority: int
    sku: str
    state: AttemptState
    reason: str | None
    supplier_reference: str | None
    calls: int
    call_at: datetime | None
    recorded_at: datetime
    ended_at: datetime | None
    relation: Relation


class RedemptionSort(StrEnum):
    """The order of a page."""

    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


@dataclass(frozen=True, kw_only=True)
class RedemptionFilter:
    """Only those that match everything said; `line_state`: at least one line stands so."""

    state: OrderState | None = None
    line_state: LineState | None = None
    member_id: UUID | None = None
    partner_id: UUID | None = None
    item_id: UUID | None = None
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None


async def redemptions_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, RedemptionRecord]:
    """Those of the redemptions that their actor may be handed."""
    rows = await sql.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _redemption(row) for row in rows}


async def redemptions_of_members(
    sql: Source, pairs: Pairs, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Mapping[Pair, list[RedemptionRecord]]:
    """A page of each member's redemptions, newest first, as far as their actor may be handed them."""
    at, last_id = after or (None, None)
    keys = [key for _, key in pairs]
    rows = await sql.fetch(
        OF_MEMBERS, *viewer_arguments(actor for actor, _ in pairs), keys, at, last_id, min(limit, PAGE_MAX)
    )
    found = defaultdict[Pair, list[RedemptionRecord]](list)
    for row in rows:
        found[pairs[row["place"] - 1]].append(_redemption(row))
    return found


async def redemptions(
    sql: Source,
    actor: Actor,
    wanted: RedemptionFilter,
    *,
    sort: RedemptionSort = RedemptionSort.NEWEST,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[RedemptionRecord]:
    """A page of all that the actor may be handed and that matches."""
    at, last_id = after or (None, None)
    past, order = ("<", "DESC") if sort is RedemptionSort.NEWEST else (">", "ASC")
    rows = await sql.fetch(
        PAGE.format(past=past, order=order),
        *viewer_arguments([actor]),
        wanted.state,
        wanted.line_state,
        wanted.member_id,
        wanted.partner_id,
        wanted.item_id,
        wanted.recorded_from,
        wanted.recorded_until,
        at,
        last_id,
        min(limit, PAGE_MAX),
    )
    return [_redemption(row) for row in rows]


async def lines_of_redemptions(sql: Source, pairs: Pairs) -> Mapping[Pair, list[RedemptionLineRecord]]:
    """Each redemption's lines in order (at most 20 of a quote, the first 600 of what was given), as far as their
    actor may be handed them."""
    rows = await sql.fetch(LINES_OF, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    found = defaultdict[Pair, list[RedemptionLineRecord]](list)
    for row in rows:
        pair = pairs[row["place"] - 1]
        found[pair].append(_line(row, pair[0]))
    return found


async def lines_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, RedemptionLineRecord]:
    """Those of the lines that their actor may be handed."""
    rows = await sql.fetch(LINES_BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _line(row, pairs[row["place"] - 1][0]) for row in rows}


async def attempts_of_lines(sql: Source, pairs: Pairs) -> Mapping[Pair, list[AttemptRecord]]:
    """The last 50 attempts of each line in their order; to operators only."""
    rows = await sql.fetch(ATTEMPTS, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    found = defaultdict[Pair, list[AttemptRecord]](list)
    for row in rows:
        values: dict[str, Any] = dict(row)
        place = values.pop("place")
        values["state"], values["relation"] = AttemptState(row["state"]), Relation(row["relation"])
        found[pairs[place - 1]].append(AttemptRecord(**values))
    return found


def _redemption(row: Row) -> RedemptionRecord:
    values: dict[str, Any] = dict(row)
    values.pop("place", None)
    values["state"], values["relation"] = OrderState(row["state"]), Relation(row["relation"])
    return RedemptionRecord(**values)


def _line(row: Row, actor: Actor) -> RedemptionLineRecord:
    values: dict[str, Any] = dict(row)
    values.pop("place")
    last_four = values.pop("last_four")
    state, delivery, relation = LineState(row["state"]), Delivery(row["delivery"]), Relation(row["relation"])
    values["state"], values["delivery"], values["relation"] = state, delivery, relation
    has_code = last_four is not None
    return RedemptionLineRecord(
        **values,
        masked_code=f"{HIDDEN} {last_four}" if has_code else None,
        available_actions=available_actions(state, delivery, has_code=has_code, relation=relation, role=actor.role),
    )
