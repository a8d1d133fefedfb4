"""What a feed said and what stood before, made into the whole that stands now: plain text, known routes (pure)."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime

from catalog.items.bounds import (
    ALT_LENGTH_MAX,
    BRAND_LENGTH_MAX,
    CATEGORIES_MAX,
    CODES_MAX,
    DENOMINATIONS_EVER_MAX,
    DENOMINATIONS_MAX,
    NAME_LENGTH_MAX,
    ROUTES_MAX,
    TEXT_LENGTH_MAX,
    check,
    plain_codes,
    plain_line,
    plain_texts,
)
from catalog.items.content import DenominationContent, ItemContent, Route
from catalog.items.said import UNSAID, DenominationSaid, ItemSaid, RouteSaid, Unsaid
from domain.kernel.refusals import InvalidInput

# The route of (supplier code, SKU, pool code); None: the item's own supplier, no pool.
RouteOf = Callable[[str | None, str, str | None], Route]


def merged(said: ItemSaid, before: ItemContent | None, route_of: RouteOf) -> ItemContent:
    """What stands once the feed was heard: texts plain, everything within its bounds.

    Denominations are replaced by external id; those that a given list lacks are no longer offered. `route_of` finds
    the route of (supplier code, SKU, pool code). Refuses: InvalidInput; what `route_of` refuses.
    """
    told = {
        one.name: value
        for one in fields(said)
        if one.name != "denominations" and (value := getattr(said, one.name)) is not UNSAID
    }
    content = replace(before or ItemContent(external_id=said.external_id), **told)
    content = _cleaned(content)
    if not isinstance(said.denominations, Unsaid):
        known = {one.external_id: one for one in before.denominations} if before else {}
        content = replace(content, denominations=_denominations(said.denominations, known, route_of))
    check(content)
    return content


def _denominations(
    said: tuple[DenominationSaid, ...],
    known: Mapping[str, DenominationContent],
    route_of: RouteOf,
) -> tuple[DenominationContent, ...]:
    if not 1 <= len(said) <= DENOMINATIONS_MAX:
        raise InvalidInput(field="denominations", problem=f"1 to {DENOMINATIONS_MAX}")
    told = {one.external_id: _denomination(one, known.get(one.external_id), route_of) for one in said}
    if len(told) < len(said):
        raise InvalidInput(field="denominations", problem="each external id at most once")
    gone = [replace(one, is_offered=False) for external_id, one in known.items() if external_id not in told]
    if len(told) + len(gone) > DENOMINATIONS_EVER_MAX:
        raise InvalidInput(field="denominations", problem=f"at most {DENOMINATIONS_EVER_MAX}, with those of before")
    return (*told.values(), *sorted(gone, key=lambda one: one.external_id))


def _denomination(
    said: DenominationSaid,
    before: DenominationContent | None,
    route_of: RouteOf,
) -> DenominationContent:
    if not isinstance(said.routes, Unsaid):
        routes = said.routes or (RouteSaid(),)
    else:
        routes = (RouteSaid(),) if before is None else ()
    if len(routes) > ROUTES_MAX:
        raise InvalidInput(field="routes", problem=f"at most {ROUTES_MAX}")
    found = tuple(route_of(one.supplier, one.sku or said.external_id, one.pool) for one in routes)
    stock = said.stock
    if isinstance(stock, Unsaid):
        stock = before.stock if before else None
    return DenominationContent(
        external_id=said.external_id,
        name=plain_texts("denominations.name", said.name, NAME_LENGTH_MAX),
        face_value=said.face_value,
        currency=said.currency,
        price_fixed=said.price_fixed,
        price_numerator=said.price_numerator,
        price_denominator=said.price_denominator,
        fair_value=said.fair_value,
        cost=said.cost,
        stock=stock,
        is_offered=True,
        routes=found or (before.routes if before else ()),
    )


def _cleaned(content: ItemContent) -> ItemContent:
    return replace(
        content,
        name=plain_texts("name", content.name, NAME_LENGTH_MAX),
        description=plain_texts("description", content.description, TEXT_LENGTH_MAX),
        instructions=plain_texts("instructions", content.instructions, TEXT_LENGTH_MAX),
        brand=plain_line("brand", content.brand, BRAND_LENGTH_MAX) or None if content.brand else None,
        categories=plain_codes("categories", content.categories, CATEGORIES_MAX),
        images=tuple(
            replace(image, alt=plain_texts("images.alt", image.alt, ALT_LENGTH_MAX)) for image in content.images
        ),
        countries=tuple(sorted(set(content.countries))),
        valid_from=_in_utc(content.valid_from),
        valid_until=_in_utc(content.valid_until),
        tiers=plain_codes("tiers", content.tiers, CODES_MAX),
        segments=plain_codes("segments", content.segments, CODES_MAX),
        partner_types=plain_codes("partnerTypes", content.partner_types, CODES_MAX),
    )


def _in_utc(instant: datetime | None) -> datetime | None:
    # One instant has one digest, whatever the offset it was told with; without an offset it is refused later.
    return instant if instant is None or instant.tzinfo is None else instant.astimezone(UTC)
