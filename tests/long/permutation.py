"""Random schedules on PostgreSQL until the time is over, from the seed on."""

from domain.ledger.auditing import audit
from tests.laws.permutation import Tried, prove
from tests.long.plan import Counts, Plan, SuiteFailed

SEEDS_AT_ONCE = 30


async def run(plan: Plan) -> Counts:
    """Every schedule kept the law, and the books are right at the end. Refuses: LawBroken, SuiteFailed."""
    first, total = plan.seed, Tried()
    async with plan.database() as database:
        while total.schedules == 0 or not plan.is_over:
            tried = await prove(database, range(first, first + SEEDS_AT_ONCE))
            first += SEEDS_AT_ONCE
            total.schedules += tried.schedules
            total.deliveries += tried.deliveries
            total.in_debt += tried.in_debt
            plan.show(f"{total.schedules} schedules")
        report = await audit(database)
    if report.violations:
        raise SuiteFailed(f"seed {plan.seed}: {report.to_json()}")
    return {"schedules": total.schedules, "deliveries": total.deliveries, "ended in debt": total.in_debt}
