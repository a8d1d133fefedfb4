"""Two hundred members for the last code over two processes, five hundred rounds or as many as there is time for."""

from tests.faults.last_code import crowded_shop, play, scarce
from tests.long.plan import Counts, Plan, SuiteFailed

ROUNDS = 500
ROUNDS_AT_ONCE = 50


async def run(plan: Plan) -> Counts:
    """One winner in every round, no deadlock, every law. At least fifty rounds. Refuses: SuiteFailed."""
    rounds = winners = overlap = 0
    async with plan.database() as database:
        shop = await crowded_shop(database)
        while rounds == 0 or (rounds < ROUNDS and not plan.is_over):
            played = await play(shop, [await scarce(shop, rounds + number) for number in range(ROUNDS_AT_ONCE)])
            rounds, winners = rounds + played.rounds, winners + played.winners
            overlap = max(overlap, played.overlap)
            if played.wrong or played.deadlocks:
                raise SuiteFailed(f"{played}: {played.wrong[:5]}")
            plan.show(f"{rounds} rounds")
    return {"rounds": rounds, "winners": winners, "peak overlap": overlap, "deadlocks": 0}
