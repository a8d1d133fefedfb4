"""Every point of fulfilment kills its worker once: nothing is lost, nothing is twice, the supplier's book is ours."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.kernel.failpoints import POINTS
from domain.kernel.sql import Database
from tests.faults.fulfilment import ASKED, LINES, OWN_POINTS, PASSED, FulfilmentStage, fulfilment_stage
from tests.faults.roles import started
from tests.faults.supplying import RunningSupplier, supplying

KILLED_SECONDS_MAX = 60
# Here each workflow dies at its own points and around its commit (redeeming: test_crash_points.py); tests/long goes
# through all of them, in all modes.
KILLED = [
    (role, point)
    for role, points in PASSED.items()
    for point in points
    if role != "redeem" and (point in OWN_POINTS or point == "operation.after_commit")
]


@pytest.fixture(scope="module")
async def played(
    database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[FulfilmentStage, RunningSupplier]]:
    home: Path = tmp_path_factory.mktemp("home")
    connected = await Database.open(database, connections_max=8)
    environment = {"DATABASE_URL": database, "REDIS_URL": valkey_url, "GUERDON_HOME": str(home)}
    with supplying(home / "book.db") as supplier:
        async with fulfilment_stage(connected, supplier, environment) as stage:
            yield stage, supplier
    await connected.close()


def test_every_point_of_fulfilment_is_passed_by_a_workflow() -> None:
    rooms = ("redeem.", "fulfil.", "issue.", "release.", "complete.", "reveal.")
    assert {point for point in POINTS if point.startswith(rooms)} == set(OWN_POINTS)


@pytest.mark.parametrize(("role", "point"), KILLED)
async def test_a_worker_killed_anywhere_delivers_each_order_once(
    played: tuple[FulfilmentStage, RunningSupplier], role: str, point: str
) -> None:
    stage, supplier = played
    before = (await stage.shop.world.balances(stage.member))["available"]
    line_ids, told = await stage.prepare(role)
    process = started("work", stage.environment, f"{point}=crash", **told)
    await asyncio.to_thread(process.join, KILLED_SECONDS_MAX)
    assert process.exitcode == -signal.SIGKILL, f"{role} did not die at {point}"
    if role in ASKED:
        await stage.again(told)
    await stage.recover()
    assert not await stage.ended(role, line_ids, told, before)
    lines = await stage.lines(line_ids, told)
    assert (lines[0]["revealed_at"] is not None) == (role == "reveal")
    if role == "fulfil":
        sent = {external_id: times for external_id, _, _, times in supplier.book()["orders"]}
        assert {line_id.hex for line_id in line_ids} <= set(sent)


async def test_the_books_are_right_and_the_suppliers_is_ours_after_all_crashes(
    played: tuple[FulfilmentStage, RunningSupplier],
) -> None:
    stage, supplier = played
    await stage.recover()
    assert await stage.judged(supplier) == LINES * sum(role == "fulfil" for role, _ in KILLED)
