"""A supplier's own list of orders held against ours: what agrees, and each difference; pure."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ORDERS_MAX = 10_000
CSV_CHARACTERS_MAX = 2_000_000
COLUMNS = ("externalId", "state", "amount", "currency")
AMOUNT_MAX = 10**15
_ID = re.compile(r"[0-9a-f]{32}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_WHOLE = re.compile(r"[0-9]{1,16}")


class TheirState(StrEnum):
    """What a supplier's list says of an order."""

    DELIVERED = "DELIVERED"
    PENDING = "PENDING"
    REFUSED = "REFUSED"
    REFUNDED = "REFUNDED"


class Difference(StrEnum):
    """How two lists can disagree about one order."""

    ONLY_THEIRS = "ONLY_THEIRS"
    ONLY_OURS = "ONLY_OURS"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    STATE_DIFFERS = "STATE_DIFFERS"
    LISTED_TWICE = "LISTED_TWICE"


class ListRefused(ValueError):
    """The list cannot be read: in which row, and why."""


@dataclass(frozen=True, kw_only=True)
class TheirOrder:
    """One order of the supplier's list; `external_id` is what we ordered under. Amounts are minor units."""

    external_id: str
    state: TheirState
    amount: int | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class OurOrder:
    """The last attempt at the supplier for one line."""

    external_id: str
    state: str
    amount: int | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class Found:
    """Counts by kind (`AGREES` among them), and every difference as {kind, externalId, theirs, ours}."""

    counts: Mapping[str, int]
    differences: Sequence[Mapping[str, Any]]


# What our attempt may be while theirs is in that state.
AGREEING: Mapping[TheirState, frozenset[str]] = {
    TheirState.DELIVERED: frozenset({"DELIVERED"}),
    TheirState.PENDING: frozenset({"SENT", "UNKNOWN", "INTENT"}),
    TheirState.REFUSED: frozenset({"REFUSED"}),
    TheirState.REFUNDED: frozenset({"REFUSED"}),
}


def compared(theirs: Sequence[TheirOrder], ours: Mapping[str, OurOrder], expected: frozenset[str]) -> Found:
    """The two lists held against each other; `expected` are those of ours that their list should hold."""
    differences = list[Mapping[str, Any]]()
    agrees, seen = 0, set[str]()
    for order in theirs:
        mine = ours.get(order.external_id)
        kind = Difference.LISTED_TWICE if order.external_id in seen else _difference(order, mine)
        seen.add(order.external_id)
        if kind is None:
            agrees += 1
        else:
            differences.append(_told(kind, order.external_id, order, mine))
    for external_id in sorted(expected - seen):
        differences.append(_told(Difference.ONLY_OURS, external_id, None, ours[external_id]))
    counts = {"AGREES": agrees} | {
        kind.value: sum(one["kind"] == kind.value for one in differences) for kind in Difference
    }
    return Found(counts=counts, differences=differences)


def orders_of_csv(text: str) -> list[TheirOrder]:
    """The orders of a CSV file with the columns externalId, state, amount (minor units) and currency.

    Refuses: ListRefused (too long, a column is missing, a row that is none).
    """
    if len(text) > CSV_CHARACTERS_MAX:
        raise ListRefused(f"more than {CSV_CHARACTERS_MAX} characters")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise ListRefused(f"no column {', '.join(missing)}")
    found = list[TheirOrder]()
    try:
        for row in reader:
            if len(found) >= ORDERS_MAX:
                raise ListRefused(f"more than {ORDERS_MAX} orders")
            found.append(_order(reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}))
    except csv.Error as trouble:
        raise ListRefused(f"line {reader.line_num}: {trouble}") from trouble
    return found


def _order(line: int, row: Mapping[str, str]) -> TheirOrder:
    external_id, state, amount, currency = (row[name] for name in COLUMNS)
    if not _ID.fullmatch(external_id.replace("-", "").lower()):
        raise ListRefused(f"line {line}: externalId is not one of ours")
    if state.upper() not in list(TheirState):
        raise ListRefused(f"line {line}: state is none of {', '.join(TheirState)}")
    if amount and (not _WHOLE.fullmatch(amount) or int(amount) > AMOUNT_MAX):
        raise ListRefused(f"line {line}: amount is not a whole number of minor units")
    if currency and not _CURRENCY.fullmatch(currency):
        raise ListRefused(f"line {line}: currency is not three capitals")
    return TheirOrder(
        external_id=external_id.replace("-", "").lower(),
        state=TheirState(state.upper()),
        amount=int(amount) if amount else None,
        currency=currency or None,
    )


def _difference(order: TheirOrder, mine: OurOrder | None) -> Difference | None:
    if mine is None:
        return Difference.ONLY_THEIRS
    if mine.state not in AGREEING[order.state]:
        return Difference.STATE_DIFFERS
    if (order.amount, order.currency) != (mine.amount, mine.currency):
        return Difference.AMOUNT_DIFFERS
    return None


def _told(kind: Difference, external_id: str, theirs: TheirOrder | None, ours: OurOrder | None) -> Mapping[str, Any]:
    return {"kind": kind.value, "externalId": external_id, "theirs": _shown(theirs), "ours": _shown(ours)}


def _shown(order: TheirOrder | OurOrder | None) -> Mapping[str, Any] | None:
    if order is None:
        return None
    return {"state": str(order.state), "amount": order.amount, "currency": order.currency}
