"""The races of two processes, round after round."""

from tests.long.plan import Counts, Plan
from tests.long.rounds import rounds_of


async def run(plan: Plan) -> Counts:
    """Winners were exact and nothing deadlocked, in every round. Refuses: SuiteFailed."""
    return await rounds_of(plan, ["tests/faults/test_races.py"])
