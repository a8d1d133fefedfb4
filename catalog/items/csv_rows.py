"""Rows of a CSV feed as what they say of items: a row a denomination, the rows of one item together (pure)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from catalog.items.item import Image, ItemKind, ItemState
from catalog.items.said import UNSAID, DenominationSaid, ItemSaid, RouteSaid
from domain.kernel.refusals import LOCALES, InvalidInput

IDENTITY = "external_id"
EMPTIED = "-"  # in a cell: what stands is emptied; an empty cell says nothing
SEPARATOR = "|"
TRUTHS: Mapping[str, bool] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
TEXTS = ("name", "description", "instructions")
LISTS = ("categories", "countries", "tiers", "segments", "partner_types")

Row = Mapping[str, str]


def item_said(rows: Sequence[Row]) -> ItemSaid:
    """What the rows of one item say: the first of the item itself, each of its denomination.

    Refuses: InvalidInput (a cell that is no number, instant, truth or known code).
    """
    row = rows[0]
    said: dict[str, Any] = {name: found for name, read in COLUMNS.items() if (found := read(row, name)) is not UNSAID}
    for name in TEXTS:
        texts = {locale: row.get(f"{name}_{locale}", "").strip() for locale in LOCALES}
        if any(texts.values()):
            said[name] = {locale: text for locale, text in texts.items() if text not in ("", EMPTIED)}
    if row.get("image_url", "").strip():
        said["images"] = () if row["image_url"].strip() == EMPTIED else (_image(row),)
    variants = tuple(_denomination(each) for each in rows if each.get("denomination_id", "").strip())
    if variants:
        said["denominations"] = variants
    return ItemSaid(external_id=row[IDENTITY].strip(), **said)


def _cell(row: Row, name: str) -> str:
    return row.get(name, "").strip()


def _text(row: Row, name: str) -> Any:
    cell = _cell(row, name)
    return UNSAID if not cell else None if cell == EMPTIED else cell


def _number(row: Row, name: str) -> Any:
    cell = _text(row, name)
    if not isinstance(cell, str):
        return cell
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 16):
        raise InvalidInput(field=name, problem="is a whole number of at most 16 digits")
    return int(cell)


def _instant(row: Row, name: str) -> Any:
    cell = _text(row, name)
    if not isinstance(cell, str):
        return cell
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        raise InvalidInput(field=name, problem="is ISO 8601, such as 2026-03-31T22:00:00Z") from None


def _list(row: Row, name: str) -> Any:
    cell = _text(row, name)
    if not isinstance(cell, str):
        return cell if cell is UNSAID else ()
    return tuple(part.strip() for part in cell.split(SEPARATOR))


def _truth(row: Row, name: str) -> Any:
    return _known(row, name, TRUTHS)


def _kind(row: Row, name: str) -> Any:
    return _known(row, name, {kind.value.lower(): kind for kind in ItemKind})


def _state(row: Row, name: str) -> Any:
    return _known(row, name, {state.value.lower(): state for state in ItemState})


def _unit(row: Row, name: str) -> Any:
    return _cell(row, name) or UNSAID


def _known(row: Row, name: str, known: Mapping[str, object]) -> object:
    cell = _cell(row, name).lower()
    if cell and cell not in known:
        raise InvalidInput(field=name, problem=f"one of {', '.join(known)}")
    return known[cell] if cell else UNSAID


COLUMNS: Mapping[str, Callable[[Row, str], Any]] = {
    "kind": _kind,
    "state": _state,
    "brand": _text,
    **dict.fromkeys(LISTS, _list),
    "unit": _unit,
    "needs_address": _truth,
    "needs_approval": _truth,
    "is_test": _truth,
    "valid_from": _instant,
    "valid_until": _instant,
    "member_limit": _number,
    "member_limit_days": _number,
}


def _image(row: Row) -> Image:
    width, height = (_number(row, f"image_{side}") for side in ("width", "height"))
    if not isinstance(width, int) or not isinstance(height, int):
        raise InvalidInput(field="image_url", problem="needs image_width and image_height")
    alt = {locale: text for locale in LOCALES if (text := _cell(row, f"image_alt_{locale}"))}
    return Image(url=_cell(row, "image_url"), width=width, height=height, alt=alt)


def _denomination(row: Row) -> DenominationSaid:
    numerator, slash, denominator = _cell(row, "price_ratio").partition("/")
    ratio = {"price_numerator": numerator, "price_denominator": denominator if slash else numerator and "1"}
    routes = RouteSaid(**{name: _cell(row, name) or None for name in ("supplier", "sku", "pool")})
    return DenominationSaid(
        external_id=_cell(row, "denomination_id"),
        name={locale: text for locale in LOCALES if (text := _cell(row, f"denomination_name_{locale}"))},
        face_value=_amount(row, "face_value"),
        currency=_cell(row, "currency") or None,
        price_fixed=_amount(row, "price"),
        **{name: _amount({name: text}, name) for name, text in ratio.items()},
        fair_value=_amount(row, "fair_value"),
        cost=_amount(row, "cost"),
        stock=_number(row, "stock"),
        routes=UNSAID if routes == RouteSaid() else (routes,),
    )


def _amount(row: Row, name: str) -> int | None:
    found = _number(row, name)
    return found if isinstance(found, int) else None


# Every column that a feed may have; another is a mistake that would otherwise go unnoticed.
KNOWN = frozenset(
    {
        IDENTITY,
        *COLUMNS,
        *(f"{name}_{locale}" for name in (*TEXTS, "image_alt", "denomination_name") for locale in LOCALES),
        *("image_url", "image_width", "image_height"),
        *("denomination_id", "face_value", "currency", "price", "price_ratio", "fair_value", "cost", "stock"),
        *("supplier", "sku", "pool"),
    }
)
