"""What funds, requests and claims are made of, their bounds, and the formulas that are stated to partners. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.activities.activity import Basis
from domain.activities.types import is_clean
from domain.funds.machine import ClaimState, RequestState
from domain.kernel.money import UNIT_CODE
from domain.kernel.points import Rounding, rounded_ratio
from domain.kernel.rates import Rates, converted
from domain.kernel.refusals import InvalidInput
from domain.kernel.turns import Turn

CLAIM_KIND = "fund_claim"  # what proof is attached to
PPM = 1_000_000
AMOUNT_MAX = 10**12
CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
TEXT_LENGTH_MAX = 500
TITLE_LENGTH_MAX = 200
REFERENCE_LENGTH_MAX = 128
ACTIVITIES_MAX = 50
TIERS_MAX = 20
TIER_LENGTH_MAX = 64
REMINDERS_MAX = 10
DAYS_MAX = 366
LINES_MAX = 10


class FundKind(StrEnum):
    """Where a fund's money comes from: a part of what partners do, or the vendor's own discretion."""

    ACCRUAL = "ACCRUAL"
    DISCRETIONARY = "DISCRETIONARY"


class LineState(StrEnum):
    """What became of one line of a claim."""

    OPEN = "OPEN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class LineRejection(StrEnum):
    """Why a line of a claim is not paid."""

    PROOF_MISSING = "PROOF_MISSING"
    NOT_IN_PLAN = "NOT_IN_PLAN"
    WRONG_DATA = "WRONG_DATA"
    OVERDUE = "OVERDUE"
    OTHER = "OTHER"


@dataclass(frozen=True, kw_only=True)
class EligibleActivity:
    """An activity that the fund pays for: the partner bears at least `cofund_ppm` of its cost, in millionths; the fund
    at most `amount_max` of its unit a request."""

    code: str
    name: Mapping[str, str]
    cofund_ppm: int = 0
    amount_max: int | None = None


@dataclass(frozen=True, kw_only=True)
class Accrual:
    """Of every activity of the type `trigger` the fund accrues so many millionths of its amount on `basis`, by the
    partner's tier when it occurred; `default_ppm` for any other tier and for none."""

    trigger: str
    basis: str
    tiers: Mapping[str, int]
    default_ppm: int = 0

    def ppm(self, tier: str | None) -> int:
        return self.tiers.get(tier, self.default_ppm) if tier is not None else self.default_ppm


@dataclass(frozen=True, kw_only=True)
class FundDraft:
    """A fund as it is defined. Money is used by `use_by` or lost: a part of `rollover_ppm` goes to the next year's fund
    if there is one, the rest to the pool."""

    code: str
    name: Mapping[str, str]
    unit: str
    kind: FundKind
    starts_at: datetime
    ends_at: datetime
    use_by: datetime
    activities: Sequence[EligibleActivity]
    reminder_days: Sequence[int] = (30, 7, 1)
    answer_days: int = 14
    claim_days: int = 60
    rollover_ppm: int = 0
    accrual: Accrual | None = None


@dataclass(frozen=True, kw_only=True)
class Fund:
    """A fund as it stands, without its pool."""

    id: UUID
    code: str
    unit: str
    kind: FundKind
    starts_at: datetime
    ends_at: datetime
    use_by: datetime
    reminder_days: tuple[int, ...]
    answer_days: int
    claim_days: int
    rollover_ppm: int
    rolls_into_id: UUID | None
    accrual: Accrual | None


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """A partner's part of a fund as it stands; `owed` was accrued, spent and then taken back by a correction."""

    id: UUID
    fund_id: UUID
    partner_id: UUID
    available: int
    owed: int
    use_by: datetime
    with_vendor_since: datetime | None
    version: int

    @property
    def turn(self) -> Turn:
        return Turn(due_at=self.use_by, with_vendor_since=self.with_vendor_since)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a partner means to do: the whole cost in minor units of `currency`, and the part they bear themselves."""

    activity: str
    title: str
    starts_on: date
    ends_on: date
    cost: int
    currency: str
    cofund_ppm: int


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it stands; `amount` is what it asks of the fund (0 before it was submitted), `approved` what it was
    granted, `unclaimed` what of that is neither claimed nor paid."""

    id: UUID
    fund_id: UUID
    allocation_id: UUID
    partner_id: UUID
    member_id: UUID | None
    plan: Plan
    amount: int
    approved: int
    unclaimed: int
    state: RequestState
    due_at: datetime | None
    with_vendor_since: datetime | None
    version: int
    claims: tuple[ClaimState, ...] = ()

    @property
    def turn(self) -> Turn:
        return Turn(due_at=self.due_at, with_vendor_since=self.with_vendor_since)


@dataclass(frozen=True, kw_only=True)
class NewClaimLine:
    """One invoice of an activity: its whole cost; `amount` asks less of the fund than its share, in the fund's unit."""

    invoice: str
    invoiced_on: date
    cost: int
    currency: str
    amount: int | None = None
    file_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ClaimLine:
    """A line as it stands, with what it asks of the fund."""

    id: UUID
    claim_id: UUID
    n: int
    amount: int
    file_id: UUID | None
    state: LineState


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim as it stands, with its lines in order."""

    id: UUID
    request_id: UUID
    allocation_id: UUID
    partner_id: UUID
    state: ClaimState
    amount: int
    approved: int
    due_at: datetime | None
    version: int
    submitted_at: datetime
    lines: tuple[ClaimLine, ...]


def share_of(cost: int, cofund_ppm: int) -> int:
    """What the fund pays of a cost: all but the partner's part, rounded down to a whole minor unit."""
    return cost * (PPM - cofund_ppm) // PPM


def in_unit(cost: int, currency: str, unit: str, at: datetime, rates: Rates) -> int:
    """The cost in the fund's unit by the rate valid at the instant, half up. Refuses: RateMissing."""
    return cost if currency == unit else converted(cost, rates.as_of(currency, unit, at), Rounding.HALF_UP)


def accrued(amount: int, ppm: int) -> int:
    """What an activity worth `amount` accrues: that many millionths, half up to a whole minor unit."""
    return rounded_ratio(amount * ppm, PPM, Rounding.HALF_UP)


def rolled_over(available: int, rollover_ppm: int) -> int:
    """What of unused money goes to the next year's fund, rounded down; the rest returns to the pool."""
    return available * rollover_ppm // PPM


def next_reminder(use_by: datetime, reminder_days: Sequence[int], told: int | None) -> datetime | None:
    """When the next reminder is due: at the largest threshold below the one told last; None after the smallest."""
    left = [days for days in reminder_days if told is None or days < told]
    return use_by - timedelta(days=max(left)) if left else None


def threshold_at(use_by: datetime, reminder_days: Sequence[int], now: datetime) -> int | None:
    """The smallest threshold that has been reached, in days before `use_by`; None before the first."""
    return min((days for days in reminder_days if use_by - timedelta(days=days) <= now), default=None)


def check_draft(draft: FundDraft) -> None:
    """Refuses: InvalidInput for anything out of bounds, naming the field."""
    check_code(draft.code, "code")
    for name in (*draft.name.values(), *(text for one in draft.activities for text in one.name.values())):
        check_text(name, "name", TITLE_LENGTH_MAX)
    if not draft.starts_at < draft.use_by <= draft.ends_at:
        raise InvalidInput(field="useBy", problem="after the fund begins, at the latest when it ends")
    if not 1 <= len(draft.activities) <= ACTIVITIES_MAX or len({one.code for one in draft.activities}) < len(
        draft.activities
    ):
        raise InvalidInput(field="activities", problem=f"1 to {ACTIVITIES_MAX}, each code once")
    for one in draft.activities:
        check_code(one.code, "activities")
        check_ppm(one.cofund_ppm, "activities.cofundPpm", below=PPM)
        if one.amount_max is not None:
            check_amount(one.amount_max, "activities.amountMax")
    if len(draft.reminder_days) > REMINDERS_MAX or len(set(draft.reminder_days)) < len(draft.reminder_days):
        raise InvalidInput(field="reminderDays", problem=f"at most {REMINDERS_MAX}, each once")
    for days in (*draft.reminder_days, draft.answer_days, draft.claim_days):
        if not 1 <= days <= DAYS_MAX:
            raise InvalidInput(field="days", problem=f"1 to {DAYS_MAX}")
    check_ppm(draft.rollover_ppm, "rolloverPpm")
    if (draft.accrual is not None) != (draft.kind is FundKind.ACCRUAL):
        raise InvalidInput(field="accrual", problem="an accrual fund says what accrues, no other does")
    if draft.accrual is not None:
        _check_accrual(draft.accrual)


def check_plan(plan: Plan) -> None:
    """Refuses: InvalidInput for anything out of bounds, naming the field."""
    check_code(plan.activity, "activity")
    check_text(plan.title, "title", TITLE_LENGTH_MAX)
    check_unit(plan.currency, "currency")
    check_amount(plan.cost, "cost")
    check_ppm(plan.cofund_ppm, "cofundPpm", below=PPM)
    if plan.ends_on < plan.starts_on or (plan.ends_on - plan.starts_on).days > DAYS_MAX:
        raise InvalidInput(field="endsOn", problem=f"not before startsOn, nor more than {DAYS_MAX} days after it")


def check_lines(lines: Sequence[NewClaimLine]) -> None:
    """Refuses: InvalidInput for anything out of bounds, naming the field."""
    if not 1 <= len(lines) <= LINES_MAX:
        raise InvalidInput(field="lines", problem=f"1 to {LINES_MAX}")
    for line in lines:
        check_text(line.invoice, "lines.invoice", REFERENCE_LENGTH_MAX)
        check_unit(line.currency, "lines.currency")
        check_amount(line.cost, "lines.cost")
        if line.amount is not None:
            check_amount(line.amount, "lines.amount")
    if len({line.invoice for line in lines}) < len(lines):
        raise InvalidInput(field="lines", problem="each invoice once")


def check_code(code: str, field: str) -> None:
    """Refuses: InvalidInput."""
    if not CODE.fullmatch(code):
        raise InvalidInput(field=field, problem="1 to 64 of a-z, 0-9, _ . -")


def check_ppm(ppm: int, field: str, *, below: int = PPM + 1) -> None:
    """Refuses: InvalidInput."""
    if not 0 <= ppm < below:
        raise InvalidInput(field=field, problem=f"0 to {below - 1} millionths")


def check_amount(amount: int, field: str) -> None:
    """Refuses: InvalidInput."""
    if not 1 <= amount <= AMOUNT_MAX:
        raise InvalidInput(field=field, problem=f"1 to {AMOUNT_MAX}")


def check_converted(amount: int, field: str) -> None:
    """Refuses: InvalidInput for a cost that the fund's unit has no room for."""
    if amount > AMOUNT_MAX:
        raise InvalidInput(field=field, problem=f"at most {AMOUNT_MAX} in the fund's unit")


def check_unit(code: str, field: str) -> None:
    """Refuses: InvalidInput."""
    if not UNIT_CODE.fullmatch(code):
        raise InvalidInput(field=field, problem="a currency, or the code of the fund's unit")


def check_text(text: str, field: str, length_max: int = TEXT_LENGTH_MAX) -> None:
    """Refuses: InvalidInput."""
    if not 1 <= len(text) <= length_max or not is_clean(text.replace("\n", " ")):
        raise InvalidInput(field=field, problem=f"1 to {length_max} printable characters")


def _check_accrual(accrual: Accrual) -> None:
    if not 1 <= len(accrual.trigger) <= 64:
        raise InvalidInput(field="accrual.trigger", problem="1 to 64 characters")
    if accrual.basis not in tuple(Basis):
        raise InvalidInput(field="accrual.basis", problem=" or ".join(Basis))
    if len(accrual.tiers) > TIERS_MAX or any(not 1 <= len(tier) <= TIER_LENGTH_MAX for tier in accrual.tiers):
        raise InvalidInput(field="accrual.tiers", problem=f"at most {TIERS_MAX}, of 1 to {TIER_LENGTH_MAX} characters")
    for ppm in (*accrual.tiers.values(), accrual.default_ppm):
        check_ppm(ppm, "accrual")
