"""What a reward sent is, what may become of it, and whom it may not be sent to (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

ADDRESSES_MAX = 1_000  # of one call
RECIPIENTS_MAX = 10_000  # of one send, by a filter
MESSAGE_LENGTH_MAX = 2_000
AMOUNT_MAX = 10**12
CLAIM_DAYS_MAX = 3_660
ADDRESS_LENGTH_MAX = 254
FILTER_VALUES_MAX = 100
POLICY = "gift_policy"  # the kind of the dated fact of a partner: {allowed, ceiling, currency}


class Content(StrEnum):
    """What is sent."""

    POINTS = "POINTS"
    BUNDLE = "BUNDLE"


class SendState(StrEnum):
    """Where a send stands."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    SENT = "SENT"
    RECALLED = "RECALLED"


class RewardState(StrEnum):
    """Where one line of a send stands; a gift is ACCEPTED where another reward is CLAIMED."""

    PENDING = "PENDING"
    SENT = "SENT"
    OPENED = "OPENED"
    CLAIMED = "CLAIMED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    RECALLED = "RECALLED"
    FAILED = "FAILED"


class NotSent(StrEnum):
    """Why a line was not sent."""

    ADDRESS_UNKNOWN = "ADDRESS_UNKNOWN"
    ADDRESS_AMBIGUOUS = "ADDRESS_AMBIGUOUS"
    REPEATED = "REPEATED"
    MEMBER_LEFT = "MEMBER_LEFT"
    EMPLOYER_FORBIDS = "EMPLOYER_FORBIDS"
    EMPLOYER_CEILING = "EMPLOYER_CEILING"
    OVER_BUDGET = "OVER_BUDGET"


@dataclass(frozen=True, kw_only=True)
class SendPolicy:
    """What the deployment decides: a send worth more than this in all needs a second person; None: none does."""

    approval_above: int | None = None


@dataclass(frozen=True, kw_only=True)
class Address:
    """How the sender names somebody: by our id, an e-mail address, or the id at a source; `text` is what was said."""

    text: str
    member_id: UUID | None = None
    email: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Everybody who fits all that is stated; an empty tuple states nothing."""

    partner_ids: tuple[UUID, ...] = ()
    partner_types: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SendDraft:
    """What the vendor sends: points or a bundle, to the addresses or to whom the filter finds.

    `send_at` None: now. `is_draft`: not before it is scheduled. `claim_days` None: it can be claimed for good.
    """

    program_id: UUID
    message: Mapping[str, str]
    amount: int | None = None
    bundle_id: UUID | None = None
    addresses: Sequence[Address] = ()
    source_id: UUID | None = None
    filter: Filter | None = None
    is_gift: bool = False
    needs_claim: bool = True
    is_draft: bool = False
    send_at: datetime | None = None
    claim_days: int | None = None

    @property
    def content(self) -> Content:
        return Content.POINTS if self.amount is not None else Content.BUNDLE


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What one line takes of the budget, in minor units of `unit` (None: nothing), and its value for tax."""

    value: int
    unit: str | None
    fair_value: int | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class PricedItem:
    """One unit of a bundle's item: what it costs the vendor and its fair value, in minor units of `currency`."""

    quantity: int
    cost: int | None
    fair_value: int | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class EmployerPolicy:
    """What a recipient's employer allows: nothing, or gifts up to a fair value, in minor units of `currency`."""

    allowed: bool = True
    ceiling: int | None = None
    currency: str | None = None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "EmployerPolicy":
        """The policy that the fact states; what it leaves out is allowed."""
        ceiling = value.get("ceiling")
        return cls(
            allowed=value.get("allowed") is not False,
            ceiling=ceiling if isinstance(ceiling, int) else None,
            currency=value.get("currency"),
        )


@dataclass(frozen=True, kw_only=True)
class Allotted:
    """The lines that go out, in order, and why each of the others does not."""

    sent: tuple[UUID, ...] = ()
    refused: Mapping[UUID, NotSent] = field(default_factory=dict[UUID, NotSent])


class MixedCurrencies(ValueError):
    """The items of a bundle are not valued in one currency."""


def worth_of(items: Sequence[PricedItem], choose: int | None) -> Worth:
    """What a bundle takes of a budget: what its items cost, or else their fair value; of a choice the dearest ones.

    Refuses: MixedCurrencies.
    """
    currencies = {item.currency for item in items if item.currency is not None}
    if len(currencies) > 1:
        raise MixedCurrencies(", ".join(sorted(currencies)))
    currency = next(iter(currencies), None)
    taken = choose if choose is not None else len(items)
    costs = sorted(((item.cost or item.fair_value or 0) * item.quantity for item in items), reverse=True)
    values = sorted(((item.fair_value or 0) * item.quantity for item in items), reverse=True)
    is_valued = any(item.fair_value is not None for item in items)
    return Worth(
        value=sum(costs[:taken]),
        unit=currency,
        fair_value=sum(values[:taken]) if is_valued else None,
        currency=currency if is_valued else None,
    )


def forbidden(policy: EmployerPolicy | None, worth: Worth) -> NotSent | None:
    """Why the employer keeps this from being sent; a ceiling in another currency counts as too low."""
    if policy is None or (policy.allowed and policy.ceiling is None):
        return None
    if not policy.allowed:
        return NotSent.EMPLOYER_FORBIDS
    if worth.fair_value is None or worth.fair_value == 0:
        return None
    is_within = policy.currency == worth.currency and worth.fair_value <= (policy.ceiling or 0)
    return None if is_within else NotSent.EMPLOYER_CEILING


def allotted(lines: Sequence[tuple[UUID, NotSent | None]], *, value: int, left: int) -> Allotted:
    """In order, each line that nothing speaks against goes out as long as the budget holds its whole value."""
    sent: list[UUID] = []
    refused: dict[UUID, NotSent] = {}
    for line_id, reason in lines:
        if reason is not None:
            refused[line_id] = reason
        elif value > left:
            refused[line_id] = NotSent.OVER_BUDGET
        else:
            left -= value
            sent.append(line_id)
    return Allotted(sent=tuple(sent), refused=refused)
