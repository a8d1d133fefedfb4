"""The sandbox's supplier: what the SKU says is what happens, every time, without a network.

A SKU is one of `Script`, after `parcel/` for goods that travel instead of a code; anything else delivers.
"""

import hashlib
from datetime import date
from enum import StrEnum

from catalog.suppliers.outcomes import (
    Asked,
    Delivered,
    Goods,
    Later,
    NotFound,
    Order,
    Outcome,
    Pending,
    RefusalReason,
    Refused,
    Unclear,
)

PARCEL = "parcel/"
LAST_GOOD_DAY = date(2099, 12, 31)
LATER_SECONDS = 2
PENDING_SECONDS = 5


class Script(StrEnum):
    """What can be forced. A first call is one under fence 1 or less; what is said of it changes once, after it."""

    DELIVER = "deliver"
    TIMEOUT_AFTER_SUCCESS = "timeout-after-success"
    TIMEOUT_BEFORE = "timeout-before"
    PARTIAL = "partial"
    DEAD_CODE = "dead-code"
    BUSY = "429"
    REFUND = "refund"
    PENDING = "pending"
    DOWN = "down"
    NEVER_KNOWN = "never-known"
    OUT_OF_STOCK = "out-of-stock"
    ADDRESS_INVALID = "address-invalid"
    SAME_CODE = "same-code"


class Scripted:
    """An adapter that plays the script of each order's SKU."""

    async def deliver(self, order: Order) -> Outcome:
        """What ordering answers."""
        first = order.fence <= 1
        match script_of(order.sku):
            case Script.TIMEOUT_AFTER_SUCCESS | Script.NEVER_KNOWN:
                return Unclear(reason="timeout")
            case Script.TIMEOUT_BEFORE if first:
                return Unclear(reason="timeout")
            case Script.BUSY if first:
                return Later(after_seconds=LATER_SECONDS)
            case Script.DOWN:
                return Later(after_seconds=LATER_SECONDS)
            case Script.PARTIAL if order.line_id.int % 2:
                return Refused(reason=RefusalReason.OUT_OF_STOCK)
            case Script.PENDING | Script.REFUND:
                return Pending(reference=_reference(order), check_after_seconds=PENDING_SECONDS)
            case Script.OUT_OF_STOCK:
                return Refused(reason=RefusalReason.OUT_OF_STOCK)
            case Script.ADDRESS_INVALID:
                return Refused(reason=RefusalReason.ADDRESS_INVALID)
            case _:
                return _delivered(order)

    async def ask(self, order: Order) -> Asked:
        """What asking for the order answers."""
        match script_of(order.sku):
            case Script.NEVER_KNOWN:
                return Unclear(reason="timeout")
            case Script.DOWN:
                return Later(after_seconds=LATER_SECONDS)
            case Script.TIMEOUT_BEFORE if order.fence <= 2:
                return NotFound()
            case Script.REFUND:
                return Refused(reason=RefusalReason.FAILED)
            case Script.OUT_OF_STOCK | Script.ADDRESS_INVALID:
                return await self.deliver(order)
            case Script.PARTIAL if order.line_id.int % 2:
                return Refused(reason=RefusalReason.OUT_OF_STOCK)
            case _:
                return _delivered(order)


def script_of(sku: str) -> Script:
    """The script that a SKU names; `deliver` for any other."""
    name = sku.removeprefix(PARCEL)
    return Script(name) if name in list(Script) else Script.DELIVER


def _delivered(order: Order) -> Delivered:
    if order.sku.startswith(PARCEL):
        tracking = {"carrier": "SANDBOX", "number": _digest(order)[:12].upper()}
        return Delivered(reference=_reference(order), tracking=tracking)
    script = script_of(order.sku)
    if script is Script.SAME_CODE:
        return Delivered(reference=_reference(order), goods=Goods(code="TEST-SAME-CODE-EVERY-TIME"))
    mark = "DEAD" if script is Script.DEAD_CODE else "TEST"
    text = _digest(order)[:16].upper()
    goods = Goods(code="-".join((mark, *(text[at : at + 4] for at in range(0, 16, 4)))), expires_on=LAST_GOOD_DAY)
    return Delivered(reference=_reference(order), goods=goods)


def _reference(order: Order) -> str:
    return f"scripted-{_digest(order)[16:28]}"


def _digest(order: Order) -> str:
    return hashlib.sha256(order.external_id.encode()).hexdigest()
