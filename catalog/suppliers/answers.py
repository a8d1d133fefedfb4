"""What an HTTP supplier's answer means: a status and a JSON body in, an outcome out; in doubt, it is unclear."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

import orjson

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

RETRY_SECONDS_DEFAULT = 5
RETRY_SECONDS_MAX = 3_600
CHECK_SECONDS_DEFAULT = 60
CHECK_SECONDS_MAX = 86_400
TEXT_LENGTH_MAX = 2_000
REFERENCE_LENGTH_MAX = 128
TRACKING_FIELDS_MAX = 20
AMOUNT_MAX = 10**15


class _WrongBody(ValueError):
    """The body is not what the contract says."""


def answered(order: Order, status: int, retry_after: str | None, body: bytes) -> Outcome:
    """What the answer to an order means. A refusal must be about this very order, or it is unclear."""
    found = asked_after(order, status, retry_after, body)
    return Unclear(reason="not found, of an order just sent") if isinstance(found, NotFound) else found


def asked_after(order: Order, status: int, retry_after: str | None, body: bytes) -> Asked:
    """What the answer to a question about an order means; NotFound only where the body says so of this order."""
    if status == 429:
        return Later(after_seconds=_seconds(retry_after))
    if status not in (200, 201, 202) and not 400 <= status < 500:
        return Unclear(reason=f"status {status}")
    try:
        said = _checked(order, body)
        return _meaning(status, said)
    except _WrongBody as trouble:
        return Unclear(reason=f"status {status}: {trouble}")


def _meaning(status: int, said: Mapping[str, Any]) -> Asked:
    state = said.get("status")
    if status >= 400:
        if state == "NOT_FOUND" and status == 404:
            return NotFound()
        if state == "REFUSED":
            return Refused(reason=_reason(said))
        raise _WrongBody("no reason given")
    if state == "PENDING":
        return Pending(reference=_text(said, "reference", REFERENCE_LENGTH_MAX), check_after_seconds=_check_after(said))
    if state == "DELIVERED" and status != 202:
        return Delivered(
            reference=_text(said, "reference", REFERENCE_LENGTH_MAX),
            goods=_goods(said.get("goods")),
            tracking=_tracking(said.get("tracking")),
            balance=_amount(said, "balance"),
        )
    if state == "REFUSED" and status == 200:
        return Refused(reason=_reason(said))
    raise _WrongBody("another status in the body")


def _checked(order: Order, body: bytes) -> Mapping[str, Any]:
    """The body as an object about this order: another id, amount or currency is somebody else's answer."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as trouble:
        raise _WrongBody("not JSON") from trouble
    if not isinstance(said, dict):
        raise _WrongBody("not an object")
    found = cast("dict[str, Any]", said)
    if found.get("externalId") != order.external_id:
        raise _WrongBody("about another order")
    if found.get("status") in ("DELIVERED", "PENDING") and (found.get("amount"), found.get("currency")) != (
        order.face_value,
        order.currency,
    ):
        raise _WrongBody("another amount or currency")
    return found


def _reason(said: Mapping[str, Any]) -> RefusalReason:
    reason = said.get("reason")
    if reason not in list(RefusalReason):
        raise _WrongBody("no reason that is known")
    return RefusalReason(str(reason))


def _goods(said: object) -> Goods | None:
    if said is None:
        return None
    if not isinstance(said, dict):
        raise _WrongBody("goods are not an object")
    goods = cast("dict[str, Any]", said)
    texts = {name: _text(goods, name, TEXT_LENGTH_MAX) for name in ("code", "pin", "url", "serial")}
    if texts["code"] is None and texts["url"] is None and texts["serial"] is None:
        raise _WrongBody("goods without code, url or serial")
    expires = _text(goods, "expiresOn", 10)
    try:
        return Goods(**texts, expires_on=None if expires is None else date.fromisoformat(expires))
    except ValueError as trouble:
        raise _WrongBody("expiresOn is not a date") from trouble


def _tracking(said: object) -> Mapping[str, Any] | None:
    if said is None:
        return None
    if not isinstance(said, dict):
        raise _WrongBody("tracking is not an object")
    found = cast("dict[str, Any]", said)
    if len(found) > TRACKING_FIELDS_MAX or not all(
        isinstance(value, str) and len(value) <= TEXT_LENGTH_MAX for value in found.values()
    ):
        raise _WrongBody("tracking holds a few texts")
    return found


def _text(said: Mapping[str, Any], name: str, length_max: int) -> str | None:
    value = said.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= length_max or not value.isprintable():
        raise _WrongBody(f"{name} is not text of 1 to {length_max} characters")
    return value


def _amount(said: Mapping[str, Any], name: str) -> int | None:
    value = said.get(name)
    if value is None:
        return None
    if type(value) is not int or abs(value) > AMOUNT_MAX:
        raise _WrongBody(f"{name} is not a whole amount")
    return value


def _check_after(said: Mapping[str, Any]) -> int:
    value = said.get("checkAfterSeconds", CHECK_SECONDS_DEFAULT)
    return min(max(value, 1), CHECK_SECONDS_MAX) if type(value) is int else CHECK_SECONDS_DEFAULT


def _seconds(text: str | None) -> int:
    return min(max(int(text), 1), RETRY_SECONDS_MAX) if text and text.isdecimal() else RETRY_SECONDS_DEFAULT
