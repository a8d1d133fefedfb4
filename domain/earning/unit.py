"""A unit of evaluation and what a walk over it makes: activities judged, and the dues they lead to."""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from domain.earning.explanation import Explanation, Reason
from domain.earning.tally import CapUse
from domain.earning.views import Beneficiary, Case, OrderKey
from domain.kernel.expressions import ConditionCache
from domain.kernel.periods import Period
from domain.kernel.rates import Rates
from domain.programs.effects.effect import Totals
from domain.programs.rules import Rule
from domain.programs.terms import Terms


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The unit of evaluation: (terms version, rule, subject, period), with the rates and compiled conditions to use.

    `closes_at` is when its period, with the grace of the program, is over.
    """

    terms: Terms
    terms_id: UUID
    terms_version: int
    rule: Rule
    subject: Beneficiary
    period: Period
    rates: Rates
    conditions: ConditionCache
    closes_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What one activity, or a milestone of the unit, is due to one beneficiary after caps, before stacking.

    `amount` is in minor units of `unit`, never negative; 0 is a non-award whose explanation says why.
    `matures_at` and `expires_at` (None: never) are what a lot opened for it would get, not before `waits_until`.
    """

    rule: str
    activity_id: UUID | None
    milestone: str | None
    beneficiary: Beneficiary
    amount: int
    unit: str
    basis_amount: int
    deal_key: str | None
    occurred_at: datetime
    matures_at: datetime
    expires_at: datetime | None
    explanation: Explanation
    order: OrderKey
    waits_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lowered:
    """A discount above a step, which keeps so many millionths of the reward."""

    discount: int
    above: int
    keeps_ppm: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """An activity that counts, with the totals around it and what was said on the way."""

    case: Case
    basis: int
    factor: Fraction
    before: Totals
    after: Totals
    reasons: tuple[Reason, ...]
    lowered: Lowered | None = None


@dataclass(kw_only=True, slots=True)
class Running:
    """The tally while it is walked."""

    seen: int
    totals: Totals
    quantity_total: int
    due_total: int
    last_counted_at: datetime | None
    milestones: tuple[str, ...]
    caps: dict[str, CapUse] = field(default_factory=dict[str, CapUse])
