"""What a code is made of: read and judged, compared with others, masked, and written for its seal."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from catalog.suppliers.outcomes import Goods

FIELD_LENGTH_MAX = 500
URL_LENGTH_MAX = 2_000
# Today in the supplier's country may be tomorrow here: a code is given only if it is good beyond this many days.
DAYS_LEFT_MIN = 1
COLUMNS = ("code", "pin", "url", "serial", "expires_on")
_GAPS = re.compile(r"[\s\-‐‑‒–—]+")


class Problem(StrEnum):
    """What is wrong with a code that was given."""

    ALREADY_USED = "ALREADY_USED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    WRONG_VALUE = "WRONG_VALUE"
    EXPIRED = "EXPIRED"
    RECALLED = "RECALLED"


class Rejection(StrEnum):
    """Why a row of an import is not taken."""

    EMPTY = "EMPTY"
    TOO_LONG = "TOO_LONG"
    NOT_PRINTABLE = "NOT_PRINTABLE"
    NOT_A_DATE = "NOT_A_DATE"
    NOT_A_LINK = "NOT_A_LINK"
    EXPIRED = "EXPIRED"
    CARD_NUMBER = "CARD_NUMBER"


@dataclass(frozen=True, kw_only=True)
class CodeRow:
    """One row of an import as it was sent; never printed."""

    code: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    serial: str | None = field(default=None, repr=False)
    expires_on: str | date | None = None


def row_of(columns: Mapping[str, str | None]) -> CodeRow:
    """A row of a CSV file; columns are named as in `COLUMNS`, in any case, `expiresOn` too; others are ignored."""
    named = {name.strip().lower().replace("expireson", "expires_on"): text for name, text in columns.items()}
    return CodeRow(**{name: named.get(name) or None for name in COLUMNS})


def judged(row: CodeRow, today: date) -> Goods | Rejection:
    """The goods of a row, its texts trimmed, or why it is not taken."""
    texts = {name: (getattr(row, name) or "").strip() or None for name in ("code", "pin", "url", "serial")}
    if texts["code"] is None and texts["url"] is None:
        return Rejection.EMPTY
    for name, text in texts.items():
        if text is not None and len(text) > (URL_LENGTH_MAX if name == "url" else FIELD_LENGTH_MAX):
            return Rejection.TOO_LONG
        if text is not None and not text.isprintable():
            return Rejection.NOT_PRINTABLE
    if texts["url"] is not None and not texts["url"].startswith("https://"):
        return Rejection.NOT_A_LINK
    if texts["code"] is not None and is_card_number(texts["code"]):
        return Rejection.CARD_NUMBER
    expires_on = row.expires_on
    if isinstance(expires_on, str):
        try:
            expires_on = date.fromisoformat(expires_on.strip())
        except ValueError:
            return Rejection.NOT_A_DATE
    if expires_on is not None and expires_on <= last_day_too_late(today):
        return Rejection.EXPIRED
    return Goods(**texts, expires_on=expires_on)


def last_day_too_late(today: date) -> date:
    """A code whose last good day is this one or earlier is not given any more."""
    return today + timedelta(days=DAYS_LEFT_MIN)


def compared(goods: Goods) -> str:
    """The text by which doubles are found: the code without spaces and dashes and in capitals, or the exact link.

    Two codes that differ only in case or spacing count as one: giving one code twice is worse than asking a supplier
    about a coincidence, and the row says DUPLICATE. Refuses: ValueError for goods without code, link and serial.
    """
    if goods.code is not None:
        return "code:" + _GAPS.sub("", unicodedata.normalize("NFKC", goods.code)).upper()
    found = goods.url or goods.serial
    if found is None:
        raise ValueError("goods to seal have a code, a link or a serial")
    return "link:" + found.strip()


def last_four(goods: Goods) -> str:
    """What may be shown to tell codes apart: the last four characters, fewer of a short code, none of a link."""
    if goods.code is None:
        return ""
    text = _GAPS.sub("", goods.code)
    shown = min(4, len(text) // 3)
    return text[-shown:] if shown else ""


def written(goods: Goods) -> bytes:
    """The goods as they are sealed."""
    said: dict[str, Any] = {name: getattr(goods, name) for name in COLUMNS if getattr(goods, name) is not None}
    return orjson.dumps(said)


def read(plain: bytes) -> Goods:
    """What `written` wrote."""
    said = orjson.loads(plain)
    expires_on = said.pop("expires_on", None)
    return Goods(**said, expires_on=expires_on and date.fromisoformat(expires_on))


def code_context(pool_id: UUID, code_id: UUID) -> str:
    """What a sealed code is bound to: copied into another row, it does not open."""
    return f"code:{pool_id}:{code_id}"


def pool_context(pool_id: UUID) -> str:
    """What a pool's sealed data key is bound to."""
    return f"code-pool:{pool_id}"


def is_card_number(text: str) -> bool:
    """True for what is a payment card's number by network, length and check digit: those are never stored."""
    digits = re.sub(r"[ \-]", "", text)
    if not re.fullmatch(r"4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}", digits):
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
