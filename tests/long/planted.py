"""The checker of redemptions is tried: each planted bug must be found in a round, and a round without one is clean."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from domain.kernel.sql import Database
from migrations import migrate
from tests.faults.planted_bugs import BUGS, Bug
from tests.faults.planted_round import played
from tests.long.plan import Counts, Plan, SuiteFailed

CONNECTIONS = 12
ROUND_SECONDS_MAX = 180
TEMPLATE, SCRATCH = "planted_template", "planted"


async def run(plan: Plan) -> Counts:
    """Every bug is caught; `caught` says how many, the others by which law or check. Refuses: SuiteFailed."""
    await _administer(plan, f"CREATE DATABASE {TEMPLATE}")
    await migrate(plan.servers.postgres.url(TEMPLATE))
    if found := await _round(plan, None):
        raise SuiteFailed(f"a round without a bug: {found}")
    caught = dict[str, str]()
    for bug in BUGS:
        if found := await _round(plan, bug):
            caught[bug.name] = found[0]
        plan.show(f"caught {len(caught)} of {len(BUGS)}")
    if missed := [bug.name for bug in BUGS if bug.name not in caught]:
        raise SuiteFailed(f"caught {len(caught)} of {len(BUGS)}; missed: {', '.join(missed)}")
    return {"caught": f"{len(caught)} of {len(BUGS)}", **caught}


async def _round(plan: Plan, bug: Bug | None) -> list[str]:
    async with _scratch(plan) as database:
        with pytest.MonkeyPatch.context() as patch:
            if bug is not None:
                bug.plant(patch)
            found = await asyncio.wait_for(played(database), ROUND_SECONDS_MAX)
    # A law says more than a history that broke.
    return sorted(found, key=lambda one: one.startswith("history"))


@asynccontextmanager
async def _scratch(plan: Plan) -> AsyncGenerator[Database]:
    await _administer(plan, f"CREATE DATABASE {SCRATCH} TEMPLATE {TEMPLATE}")
    database = await Database.open(plan.servers.postgres.url(SCRATCH), connections_max=CONNECTIONS)
    try:
        yield database
    finally:
        await database.close()
        await _administer(plan, f"DROP DATABASE {SCRATCH} WITH (FORCE)")


async def _administer(plan: Plan, statement: str) -> None:
    plain = await Database.open(plan.servers.postgres.url("postgres"), connections_max=1)
    try:
        await plain.fetch(statement)
    finally:
        await plain.close()
