"""Every question the face may ask of items: who sees which, their denominations, routes, offers and saved goals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from catalog.items.item import DenominationRecord, GoalRecord, ItemRecord, Offer, RouteRecord
from catalog.items.loading import (
    DENOMINATION_COLUMNS,
    NO_SUPPLY,
    Source,
    denomination_record,
    item_record,
    supplies_of,
)
from catalog.items.offering import offers_of
from catalog.items.sight import sees_everything
from domain.access.principals import Actor
from domain.kernel.refusals import InvalidInput

PAIRS_MAX = 10_000
DENOMINATIONS_MAX = 200

Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

# The price of a row `d` of denomination, as pricing.py works it out.
PRICE = """coalesce(d.price_fixed,
  div(d.face_value::numeric * d.price_numerator + d.price_denominator - 1, d.price_denominator)::bigint)"""
PRICE_FROM = f"(SELECT min({PRICE}) FROM denomination AS d WHERE d.item_id = item.id AND d.is_offered)"

# What was redeemed or is saved for keeps its name, though it is listed no more. $1 … $4 are the viewers' columns.
VIEWERS = """unnest($1::bool[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) WITH ORDINALITY
  AS viewer (sees_all, source_id, member_id, partner_id, id, turn)"""
VISIBLE = """(item.state = 'LISTED' OR viewer.sees_all OR supplier.source_id = viewer.source_id OR EXISTS (
  SELECT 1 FROM redemption JOIN redemption_line AS line ON line.redemption_id = redemption.id
  WHERE line.item_id = item.id AND (redemption.member_id = viewer.member_id
                                    OR redemption.partner_id = viewer.partner_id)) OR EXISTS (
  SELECT 1 FROM saved_goal JOIN denomination ON denomination.id = saved_goal.denomination_id
  WHERE saved_goal.member_id = viewer.member_id AND denomination.item_id = item.id))"""
ITEMS = f"""
SELECT viewer.turn, item.*, {PRICE_FROM} AS price_from FROM {VIEWERS}
JOIN catalog_item AS item ON item.id = viewer.id JOIN supplier ON supplier.id = item.supplier_id WHERE {VISIBLE}
"""
DENOMINATIONS = f"""
SELECT viewer.turn, d.* FROM {VIEWERS} JOIN denomination AS d ON d.id = viewer.id
JOIN catalog_item AS item ON item.id = d.item_id JOIN supplier ON supplier.id = item.supplier_id WHERE {VISIBLE}
"""
# What is offered no longer, only who keeps the catalog is shown.
OF_ITEMS = f"""
SELECT viewer.turn, {", ".join(f"d.{column.strip()}" for column in DENOMINATION_COLUMNS.split(","))} FROM {VIEWERS}
JOIN catalog_item AS item ON item.id = viewer.id JOIN supplier ON supplier.id = item.supplier_id
CROSS JOIN LATERAL (
  SELECT * FROM denomination WHERE item_id = item.id
  AND (is_offered OR viewer.sees_all OR supplier.source_id = viewer.source_id)
  ORDER BY place LIMIT {DENOMINATIONS_MAX}) AS d
WHERE {VISIBLE} ORDER BY viewer.turn, d.place
"""
GOALS = """
SELECT goal.member_id, goal.denomination_id, goal.recorded_at, denomination.item_id
FROM saved_goal AS goal JOIN denomination ON denomination.id = goal.denomination_id
WHERE goal.member_id = ANY($1::uuid[])
"""


async def items_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, ItemRecord]:
    """The items that their actor may see: listed ones, what they redeemed or save for, and all for its keepers."""
    rows = await source.fetch(ITEMS, *_viewers(pairs))
    return {pairs[row["turn"] - 1]: item_record(row, price_from=row["price_from"]) for row in rows}


async def denominations_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, DenominationRecord]:
    """The denominations of items that their actor may see."""
    rows = await source.fetch(DENOMINATIONS, *_viewers(pairs))
    return {pairs[row["turn"] - 1]: denomination_record(row) for row in rows}


async def denominations_of_items(source: Source, pairs: Pairs) -> Mapping[Pair, list[DenominationRecord]]:
    """Each item's denominations in their places, at most 200; those no longer offered for its keepers only."""
    grouped = defaultdict[Pair, list[DenominationRecord]](list)
    for row in await source.fetch(OF_ITEMS, *_viewers(pairs)):
        grouped[pairs[row["turn"] - 1]].append(denomination_record(row))
    return grouped


async def routes_of_denominations(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[RouteRecord]]:
    """Who delivers each denomination, in the order they are tried, at most five; whose they are, the matrix says."""
    supplies = await supplies_of(source, [denomination_id for _, denomination_id in pairs])
    return {pair: supplies.get(pair[1], NO_SUPPLY).routes for pair in pairs}


async def offers_to_viewers(source: Source, pairs: Pairs, *, sandbox: bool = False) -> Mapping[Pair, Offer]:
    """What each denomination costs the actor, as the member they are; nothing for those who are none."""
    asked = {(actor.member_id, key): (actor, key) for actor, key in pairs if actor.member_id is not None}
    offers = await offers_of(source, list(asked), sandbox=sandbox)
    return {asked[pair]: offer for pair, offer in offers.items()}


async def goals_of_members(source: Source, pairs: Pairs) -> Mapping[Pair, GoalRecord]:
    """What each member saves for, told to nobody but the member."""
    own = {member_id: (actor, member_id) for actor, member_id in pairs if actor.member_id == member_id}
    rows = await source.fetch(GOALS, list(own))
    return {
        own[row["member_id"]]: GoalRecord(
            member_id=row["member_id"],
            item_id=row["item_id"],
            denomination_id=row["denomination_id"],
            recorded_at=row["recorded_at"],
        )
        for row in rows
    }


def _viewers(pairs: Pairs) -> tuple[list[object], ...]:
    if len(pairs) > PAIRS_MAX:
        raise InvalidInput(field="ids", problem=f"at most {PAIRS_MAX}")
    actors = [actor for actor, _ in pairs]
    return (
        [sees_everything(actor) for actor in actors],
        [actor.source_id for actor in actors],
        [actor.member_id for actor in actors],
        [actor.partner_id for actor in actors],
        [key for _, key in pairs],
    )
