"""The audit at the end: every law of ledger and boards over all that happened, none broken, none without rows."""

from benchmarks.crm_figures import must_equal
from benchmarks.crm_stage import Figures, Stage
from domain.ledger.auditing import audit
from leaderboards.auditing import questions

LAWS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "E1", "E2", "B1", "B2")


async def the_books_are_clean(stage: Stage) -> Figures:
    """L1 to L8, E1, E2, B1 and B2 as `guerdon audit --strict` asks them; every check has rows to examine."""
    report = await audit(stage.database, more=questions(stage.store))
    found = [check.examples for check in report.checks if check.violations]
    must_equal("violations", (report.violations, found), (0, []))
    must_equal("laws", sorted(report.examined()), sorted(LAWS))
    must_equal("checks without rows", [check.name for check in report.checks if check.examined == 0], [])
    must_equal("clean and strict", report.is_clean(strict=True), True)
    return [
        "law   examined  broken  check",
        *(f"{one.law:<4} {one.examined:>9,} {one.violations:>7}  {one.name}" for one in report.checks),
    ]
