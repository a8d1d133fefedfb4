"""P2 on a real database: any order, repetition and delay of a set of revisions and facts ends in the same balances."""

import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.earning import evaluating
from domain.earning.evaluation import Walk, walk
from domain.earning.tally import Tally
from domain.earning.unit import Unit
from domain.earning.views import Case
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.laws.permutation import LawBroken, prove

SCHEDULES = 150
ORDER_LAWS = ("L1", "L2", "L4", "L5", "L6", "L7", "L8", "E1")
EVERY_KIND = {
    "FIXED",
    "PER_UNIT",
    "PERCENT",
    "BRACKETS_MARGINAL",
    "BRACKETS_RETROACTIVE",
    "MILESTONE",
    "caps",
    "shares",
    "EXCLUSIVE",
    "BEST_OF",
    "ADDITIVE",
    "ceiling",
    "parameters",
    "condition",
    "fact",
    "cooldown_minutes",
    "hold_days",
    "discount",
    "clawback",
    "awaits",
    "follows",
    "touch",
    "shared_caps",
    "AT_CLOSE",
    "moment",
}


@pytest.fixture
async def opened(fresh_database: str) -> AsyncIterator[Database]:
    database = await Database.open(fresh_database, connections_max=6)
    yield database
    await database.close()


@pytest.mark.timeout(400)
async def test_any_order_of_a_set_of_revisions_ends_in_the_same_balances(
    opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    first = int.from_bytes(os.urandom(3))
    with capsys.disabled():
        sys.stdout.write(f"\npermutation: seeds {first} to {first + SCHEDULES - 1} ")
        tried = await prove(opened, range(first, first + SCHEDULES))
        sys.stdout.write(f"{tried.deliveries} deliveries {dict(tried.outcomes)}\n")
    assert tried.schedules == SCHEDULES
    assert tried.kinds.keys() >= EVERY_KIND
    assert {"RECORDED", "CORRECTED", "REVERSED", "DUPLICATE", "STALE", "LEARNED"} <= tried.outcomes.keys()
    assert min(tried.paid, tried.in_debt, tried.holding) > 0
    assert await opened.fetchval("SELECT count(*) FROM outbox WHERE name = 'unit.rewalked'") > 0
    report = await audit(opened, ORDER_LAWS)
    assert report.is_clean(strict=True), report.to_json()


def walk_that_takes_late_activities_last(unit: Unit, tally: Tally, cases: list[Case]) -> Walk:
    """A planted violation: what comes late is appended, as if it had occurred last."""
    return walk(unit, replace(tally, last_key=None), cases)


async def test_the_law_notices_a_walk_that_takes_late_activities_last(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluating, "walk", walk_that_takes_late_activities_last)
    with pytest.raises(ExceptionGroup) as noticed:
        await prove(opened, range(60), together=1)
    assert noticed.group_contains(LawBroken)
