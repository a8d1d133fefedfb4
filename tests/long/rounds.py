"""Whole test files again and again, each round with the next seed, until the time is over."""

import asyncio
import sys
from collections.abc import Sequence

from tests.long.plan import Counts, Plan, SuiteFailed

OUTPUT_CHARACTERS = 6_000


async def rounds_of(plan: Plan, files: Sequence[str]) -> Counts:
    """Every round passed; at least one is played. Refuses: SuiteFailed with the end of a round's output."""
    rounds = 0
    while rounds == 0 or not plan.is_over:
        seed = plan.seed + rounds
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-q", f"--hypothesis-seed={seed}", "--timeout=600", *files),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise SuiteFailed(f"seed {seed}: {output.decode()[-OUTPUT_CHARACTERS:]}")
        rounds += 1
        plan.show(f"{rounds} rounds")
    return {"rounds": rounds}
