"""The catalog in pages: filtered, searched, sorted and cut in one statement, as far as the viewer is shown it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from catalog.items.eligibility import Person
from catalog.items.item import ItemKind, ItemRecord, ItemState
from catalog.items.loading import Source, item_record
from catalog.items.offering import persons_of
from catalog.items.plain_text import is_storable, search_expression
from catalog.items.reading import PRICE, PRICE_FROM
from catalog.items.sight import sees_everything
from domain.access.principals import Actor
from domain.kernel.refusals import InvalidInput
from domain.ledger.reading import wallets_of_members

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
SEARCH_LENGTH_MAX = 100
NAME_PREFIX = 60  # characters of a name that order it, so that a cursor stays short


class ItemSort(StrEnum):
    """In which order items are listed; the same place is decided by the id."""

    NEWEST = "NEWEST"
    CHEAPEST = "CHEAPEST"
    DEAREST = "DEAREST"
    NAME = "NAME"


# By what each order compares, in which direction, and of what type.
ORDERS: Mapping[ItemSort, tuple[str, str, str]] = {
    ItemSort.NEWEST: ("item.recorded_at", "DESC", "timestamptz"),
    ItemSort.CHEAPEST: (PRICE_FROM, "ASC", "bigint"),
    ItemSort.DEAREST: (PRICE_FROM, "DESC", "bigint"),
    ItemSort.NAME: ("left(coalesce(item.name ->> {locale}, item.name ->> 'en'), 60)", "ASC", "text"),
}


@dataclass(frozen=True, kw_only=True)
class CatalogFilter:
    """Which items are wanted; None and False do not narrow. Prices are those of any denomination that is offered.

    `can_redeem`: something of it can be redeemed right now, with the points there are. `affordable`: the points
    suffice. `for_others`: also what the member is not for (its offers say why).
    """

    kind: ItemKind | None = None
    category: str | None = None
    brand: str | None = None
    country: str | None = None
    price_from: int | None = None
    price_to: int | None = None
    unit: str | None = None
    state: ItemState | None = None
    supplier_id: UUID | None = None
    search: str | None = None
    can_redeem: bool = False
    affordable: bool = False
    for_others: bool = False


EVERYTHING = CatalogFilter()


@dataclass(kw_only=True)
class _Asked:
    """A statement in the making: its conditions and the arguments they name."""

    conditions: list[str] = field(default_factory=list[str])
    arguments: list[Any] = field(default_factory=list[Any])

    def argument(self, value: Any, kind: str) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}::{kind}"

    def narrow(self, condition: str, value: Any = None, kind: str = "text") -> None:
        """One more condition, in which `{}` stands for the value; none where there is no value to compare with."""
        if isinstance(value, str) and not is_storable(value):
            raise InvalidInput(field="filter", problem="holds a character that cannot be stored")
        if value is not None:
            self.conditions.append(condition.format(self.argument(value, kind)))

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions) or "true"


async def catalog(
    source: Source,
    actor: Actor,
    *,
    wanted: CatalogFilter = EVERYTHING,
    sort: ItemSort = ItemSort.NEWEST,
    locale: str = "en",
    limit: int = PAGE_MAX,
    after: tuple[datetime | int | str, UUID] | None = None,
    sandbox: bool = False,
) -> list[ItemRecord]:
    """A page of the items that the actor is shown, after the last (sort key, id) seen, at most 101.

    Members are shown what is listed, on offer and for them; keepers everything; others what is listed.
    Refuses: InvalidInput (limit, search).
    """
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInput(field="first", problem=f"1 to {PAGE_MAX - 1}")
    asked = await _asked(source, actor, wanted, sandbox=sandbox)
    statement = _page(asked, sort, locale, limit, after)
    rows = await source.fetch(statement, *asked.arguments)
    return [item_record(row, price_from=row["price_from"]) for row in rows]


async def page_asked(
    source: Source, actor: Actor, *, wanted: CatalogFilter = EVERYTHING, sort: ItemSort = ItemSort.NEWEST
) -> tuple[str, list[Any]]:
    """The statement and the arguments of a first page of `catalog`, for whoever explains it."""
    asked = await _asked(source, actor, wanted, sandbox=False)
    statement = _page(asked, sort, "en", PAGE_MAX, None)
    return statement, asked.arguments


def _page(
    asked: _Asked, sort: ItemSort, locale: str, limit: int, after: tuple[datetime | int | str, UUID] | None
) -> str:
    key, direction, kind = ORDERS[sort]
    if sort is ItemSort.NAME:
        key = key.format(locale=asked.argument(locale, "text"))
    if after is not None:
        last, last_id = asked.argument(after[0], kind), asked.argument(after[1], "uuid")
        asked.conditions.append(f"({key}, item.id) {'<' if direction == 'DESC' else '>'} ({last}, {last_id})")
    most = asked.argument(limit, "int")
    return f"""
        SELECT item.*, {PRICE_FROM} AS price_from FROM (
          SELECT item.* FROM catalog_item AS item JOIN supplier ON supplier.id = item.supplier_id
          WHERE {asked.where} ORDER BY {key} {direction}, item.id {direction} LIMIT {most}) AS item
        ORDER BY {key} {direction}, item.id {direction}"""


async def catalog_total(
    source: Source, actor: Actor, *, wanted: CatalogFilter = EVERYTHING, sandbox: bool = False
) -> int:
    """How many items `catalog` would show on all its pages."""
    asked = await _asked(source, actor, wanted, sandbox=sandbox)
    statement = f"""
        SELECT count(*) FROM catalog_item AS item JOIN supplier ON supplier.id = item.supplier_id
        WHERE {asked.where}"""
    row = await source.fetchrow(statement, *asked.arguments)
    return row["count"] if row else 0


def sort_key(sort: ItemSort, item: ItemRecord, locale: str) -> tuple[datetime | int | str, UUID]:
    """Where an item stands in an order: what a cursor holds."""
    match sort:
        case ItemSort.NEWEST:
            return item.recorded_at, item.id
        case ItemSort.NAME:
            return (item.name.get(locale) or item.name["en"])[:NAME_PREFIX], item.id
        case ItemSort.CHEAPEST | ItemSort.DEAREST:
            return item.price_from or 0, item.id


async def _asked(source: Source, actor: Actor, wanted: CatalogFilter, *, sandbox: bool) -> _Asked:
    asked = _Asked()
    _narrow_by_sight(asked, actor)
    _narrow_by_content(asked, wanted)
    balances: dict[str, int] = {}
    if actor.member_id is not None:
        person = (await persons_of(source, [actor.member_id], sandbox=sandbox)).get(actor.member_id)
        if person is None:
            asked.conditions.append("false")
            return asked
        if wanted.can_redeem or not wanted.for_others:
            _narrow_by_person(asked, person)
        if wanted.can_redeem:
            _narrow_by_limit(asked, actor.member_id, person.at)
        if wanted.can_redeem or wanted.affordable:
            pair = (actor, actor.member_id)
            wallets = (await wallets_of_members(source, [pair])).get(pair, [])
            balances = {wallet.unit: wallet.available for wallet in wallets}
    _narrow_by_denominations(asked, wanted, balances, is_member=actor.member_id is not None)
    return asked


def _narrow_by_sight(asked: _Asked, actor: Actor) -> None:
    if sees_everything(actor):
        return
    if actor.source_id is None:
        asked.conditions.append("item.state = 'LISTED'")
    else:
        asked.narrow("(item.state = 'LISTED' OR supplier.source_id = {})", actor.source_id, "uuid")


def _narrow_by_content(asked: _Asked, wanted: CatalogFilter) -> None:
    asked.narrow("item.kind = {}", wanted.kind)
    asked.narrow("item.categories ? {}", wanted.category)
    asked.narrow("lower(item.brand) = lower({})", wanted.brand)
    asked.narrow("(item.countries = '[]' OR item.countries ? {})", wanted.country)
    asked.narrow("item.unit = {}", wanted.unit)
    asked.narrow("item.state = {}", wanted.state)
    asked.narrow("item.supplier_id = {}", wanted.supplier_id, "uuid")
    if wanted.search is not None:
        if len(wanted.search) > SEARCH_LENGTH_MAX:
            raise InvalidInput(field="search", problem=f"at most {SEARCH_LENGTH_MAX} characters")
        asked.narrow("to_tsvector('simple', item.search) @@ to_tsquery('simple', {})", search_expression(wanted.search))


def _narrow_by_person(asked: _Asked, person: Person) -> None:
    """What eligibility.NOT_FOR_THEM says, in SQL; a test holds the two together."""
    if not person.may_test:
        asked.conditions.append("NOT item.is_test AND NOT supplier.is_test")
    asked.narrow("(item.valid_from IS NULL OR item.valid_from <= {})", person.at, "timestamptz")
    asked.narrow("(item.valid_until IS NULL OR item.valid_until > {})", person.at, "timestamptz")
    asked.narrow("(item.countries = '[]' OR item.countries ? {})", person.country or "")
    asked.narrow("(item.tiers = '[]' OR item.tiers ?| {})", sorted(person.tiers), "text[]")
    asked.narrow("(item.segments = '[]' OR item.segments ?| {})", sorted(person.segments), "text[]")
    asked.narrow("(item.partner_types = '[]' OR item.partner_types ?| {})", sorted(person.partner_types), "text[]")


def _narrow_by_limit(asked: _Asked, member_id: UUID, at: datetime) -> None:
    member, now = asked.argument(member_id, "uuid"), asked.argument(at, "timestamptz")
    asked.conditions.append(f"""(item.member_limit IS NULL OR item.member_limit > (
        SELECT count(*) FROM redemption_line AS line WHERE line.member_id = {member} AND line.item_id = item.id
        AND line.state NOT IN ('REFUNDED', 'CANCELLED', 'FAILED') AND (item.member_limit_days IS NULL
             OR line.recorded_at > {now} - make_interval(days => item.member_limit_days))))""")


def _narrow_by_denominations(
    asked: _Asked, wanted: CatalogFilter, balances: dict[str, int], *, is_member: bool
) -> None:
    """At least one denomination that is offered has the price, can be afforded, is there and can be delivered."""
    variant = _Asked(arguments=asked.arguments)
    variant.narrow(f"{PRICE} >= {{}}", wanted.price_from, "bigint")
    variant.narrow(f"{PRICE} <= {{}}", wanted.price_to, "bigint")
    if is_member and (wanted.can_redeem or wanted.affordable):
        known = asked.argument(list(balances), "text[]"), asked.argument(list(balances.values()), "bigint[]")
        variant.conditions.append(f"""{PRICE} <= coalesce((
            SELECT balance.available FROM unnest({known[0]}, {known[1]}) AS balance (unit, available)
            WHERE balance.unit = item.unit), 0)""")
    if is_member and wanted.can_redeem:
        variant.conditions.append("""item.state = 'LISTED' AND coalesce(d.stock, 1) > 0 AND EXISTS (
            SELECT 1 FROM fulfilment_route AS route JOIN supplier AS deliverer ON deliverer.id = route.supplier_id
            LEFT JOIN code_pool ON code_pool.id = route.pool_id
            WHERE route.denomination_id = d.id AND deliverer.state = 'ACTIVE'
            AND (deliverer.adapter <> 'CODE_POOL' OR code_pool.free > 0))""")
    if variant.conditions or is_member:
        asked.conditions.append(f"""EXISTS (SELECT 1 FROM denomination AS d
            WHERE d.item_id = item.id AND d.is_offered AND {variant.where})""")
