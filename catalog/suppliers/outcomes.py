"""What a supplier is asked and what it can answer: the one contract of every adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


class RefusalReason(StrEnum):
    """Why a supplier surely did not deliver."""

    OUT_OF_STOCK = "OUT_OF_STOCK"
    ADDRESS_INVALID = "ADDRESS_INVALID"
    NOT_ALLOWED = "NOT_ALLOWED"
    LIMIT = "LIMIT"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Where goods go: opened from its seal only to fulfil, and never printed."""

    name: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    lines: tuple[str, ...] = field(default=(), repr=False)
    city: str | None = field(default=None, repr=False)
    postcode: str | None = field(default=None, repr=False)
    region: str | None = field(default=None, repr=False)
    country: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Order:
    """One unit to deliver. Amounts are minor units of `currency`; `fence` grows with every lease of the attempt."""

    attempt_id: UUID
    line_id: UUID
    fence: int
    sku: str
    face_value: int | None = None
    currency: str | None = None
    fair_value: int | None = None
    country: str | None = None
    locale: str = "en"
    recipient: Recipient | None = field(default=None, repr=False)

    @property
    def external_id(self) -> str:
        """The order's id at every supplier: the line's, 32 hexadecimal digits, so that no retry orders twice."""
        return self.line_id.hex


@dataclass(frozen=True, kw_only=True)
class Goods:
    """What a supplier hands over that must be sealed; never printed. `expires_on` is the last good day."""

    code: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    serial: str | None = field(default=None, repr=False)
    expires_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """The supplier delivered. `balance` is what it says is left of the vendor's prepaid money, in minor units."""

    reference: str | None = None
    goods: Goods | None = None
    tracking: Mapping[str, Any] | None = None
    balance: int | None = None


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Accepted and not delivered yet: ask after so many seconds."""

    reference: str | None = None
    check_after_seconds: int = 60


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Surely not delivered, now or later: the next route may be tried."""

    reason: RefusalReason


@dataclass(frozen=True, kw_only=True)
class Later:
    """Not now. Of `deliver`: nothing happened, the same attempt again. Of `ask`: nothing was learned, ask again."""

    after_seconds: int


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """It may have happened (timeout, 5xx, reset, wrong body): only asking resolves it. `reason` is for people."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class NotFound:
    """Answer of `ask`: the supplier surely does not know the id, so the order may be sent again under it."""


Outcome = Delivered | Pending | Refused | Later | Unclear
Asked = Outcome | NotFound


class Adapter(Protocol):
    """How one supplier is spoken to. Neither call raises for anything the supplier does; both end within 15 s."""

    async def deliver(self, order: Order) -> Outcome:
        """Orders under `order.external_id`; sent again, it is the same order."""
        ...

    async def ask(self, order: Order) -> Asked:
        """What became of the order; changes nothing."""
        ...
