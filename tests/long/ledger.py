"""The ledger's stateful test against its model, round after round with new seeds, until the time is over."""

import asyncio

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from migrations import migrate
from tests.laws.test_ledger_model import LedgerMachine
from tests.long.plan import Counts, Plan, SuiteFailed
from tests.storage.ledger_book import Book

EXAMPLES = 10
STEPS = 60
LAWS = ("L1", "L2", "L3", "L5", "L6", "L7", "L8")


async def run(plan: Plan) -> Counts:
    """Every history ended as the model says. Refuses: what the machine asserts; SuiteFailed."""
    return await asyncio.to_thread(_rounds, plan)


def _rounds(plan: Plan) -> Counts:
    rounds = 0
    with asyncio.Runner() as runner:
        url = plan.servers.postgres.url()
        runner.run(migrate(url))
        opened = runner.run(Database.open(url))

        class Machine(LedgerMachine):
            """The machine over this suite's database."""

            def __init__(self) -> None:
                super().__init__()
                self.book, self.runner = Book(database=opened), runner

        bounds = settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        while rounds == 0 or not plan.is_over:
            run_state_machine_as_test(seed(plan.seed + rounds)(Machine), settings=bounds)
            rounds += 1
            plan.show(f"{rounds * EXAMPLES} histories")
        report = runner.run(audit(opened, LAWS))
        runner.run(opened.close())
    if report.violations:
        raise SuiteFailed(f"seed {plan.seed}: {report.to_json()}")
    return {"histories": rounds * EXAMPLES, "steps at most": rounds * EXAMPLES * STEPS}
