"""The tax gate: the value of a member's rewards of one calendar year stays within the threshold of their country."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from uuid import UUID

from catalog.redemptions.policy import ShopPolicy, TaxThreshold
from catalog.redemptions.quote import QuoteLine
from catalog.redemptions.refusals import CannotRedeem, TaxThresholdReached
from domain.kernel.operation import Operation

# Of the year in which value was sent; what is still on its way counts in this one.
RECEIVED = """
SELECT currency, sum(fair_value)::bigint AS total FROM redemption_line
WHERE member_id = $1 AND fair_value > 0
  AND (state = 'FULFILLED' AND fulfilled_at >= $2 AND fulfilled_at < $3
       OR state IN ('HELD', 'PENDING_APPROVAL', 'ORDERED'))
GROUP BY currency
"""

RATES = """
SELECT DISTINCT ON (from_unit) from_unit, numerator, denominator FROM rate
WHERE from_unit = ANY($1::text[]) AND to_unit = $2 AND valid_from <= $3 ORDER BY from_unit, valid_from DESC
"""


def threshold_of(policy: ShopPolicy, country: str | None, at: datetime) -> TaxThreshold | None:
    """The threshold that holds for somebody of this country in this year (UTC), if the deployment set one."""
    return policy.tax_thresholds.get((country, at.astimezone(UTC).year)) if country else None


async def judge_tax_in(
    op: Operation, member_id: UUID, country: str | None, lines: Sequence[QuoteLine], policy: ShopPolicy
) -> None:
    """What the member received or awaits this year and these lines stay within the threshold, if there is one.

    Other currencies are converted by the rate of today, upward; without a rate nothing is let through.

    Refuses: TaxThresholdReached; CannotRedeem (RATE_MISSING).
    """
    threshold = threshold_of(policy, country, op.now)
    if threshold is None or country is None:
        return
    year = op.now.astimezone(UTC).year
    span = (datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
    received = {row["currency"]: row["total"] for row in await op.sql.fetch(RECEIVED, member_id, *span)}
    added = Counter[str]()
    for line in lines:
        if line.fair_value and line.currency:
            added[line.currency] += line.fair_value * line.quantity
    rates = await _rates(op, received.keys() | added.keys(), threshold.currency)
    before = _worth(received, rates)
    if added and before + _worth(added, rates) > threshold.amount:
        raise TaxThresholdReached(
            country=country, year=year, threshold=threshold.amount, currency=threshold.currency, received=before
        )


async def _rates(op: Operation, currencies: set[str], target: str) -> Mapping[str, Fraction]:
    rows = await op.sql.fetch(RATES, sorted(currencies - {target}), target, op.now)
    rates = {row["from_unit"]: Fraction(int(row["numerator"]), int(row["denominator"])) for row in rows}
    rates[target] = Fraction(1)
    if missing := sorted(currencies - rates.keys()):
        facts = {"from": missing, "to": target}
        raise CannotRedeem(obstacles=[{"denomination_id": None, "code": "RATE_MISSING", "facts": facts}])
    return rates


def _worth(amounts: Mapping[str, int], rates: Mapping[str, Fraction]) -> int:
    return sum(ceil(amount * rates[currency]) for currency, amount in amounts.items())
