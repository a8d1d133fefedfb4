"""What the deployment decides about redeeming: how long a quote stands, limits, and gates (all off by default)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LINES_MAX = 10  # different denominations of one redemption
UNITS_MAX = 20  # units of one redemption, of all denominations together


@dataclass(frozen=True, kw_only=True)
class TaxThreshold:
    """The value of rewards, in minor units of `currency`, that a member may receive in a year without a tax form."""

    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class ShopPolicy:
    """Bounds are the largest value still accepted. A gate that is None, 0 or empty is off.

    `approval_above`: a redemption that costs more waits for approval, in whole units. `fraud_hold_minutes`: lines stay
    held so long before they are ordered. `tax_thresholds`: by country and calendar year (UTC). `sandbox`: test items
    are for everybody. `reveals_*`: within an hour by a member, and
    within a day of one line.
    """

    quote_seconds: int = 600
    lines_max: int = LINES_MAX
    units_max: int = UNITS_MAX
    quotes_per_minute: int = 60
    redemptions_per_minute: int = 10
    approval_above: int | None = None
    fraud_hold_minutes: int = 0
    tax_thresholds: Mapping[tuple[str, int], TaxThreshold] = field(default_factory=dict[tuple[str, int], TaxThreshold])
    reveals_per_hour: int = 10
    reveals_per_line: int = 3
    sandbox: bool = False
