"""Value-bearing limits: a bucket per subject and limit, spent with the operation and never twice for one token."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.access.limiting import CAPACITY_MAX, PER_SECONDS_MAX, PRUNE_MAX, prune_buckets, spend_in
from domain.access.principals import SYSTEM
from domain.access.refusals import RateLimited
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3_600


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    opened = await Database.open(database)
    yield opened
    await opened.close()


@pytest.fixture
def door(db: Database) -> Door:
    return Door(db)


async def spend(door: Door, subject: str, capacity: int, *, at: datetime = NOON, tokens: int = 1) -> None:
    """One attempt at the given instant, against a limit per hour."""
    await door.operate(
        SYSTEM, lambda op: spend_in(replace(op, now=at), subject, "reveal", capacity, HOUR, tokens=tokens)
    )


async def test_ten_an_hour_are_ten_and_the_eleventh_is_told_when_to_come_back(door: Door) -> None:
    rep = str(new_id())
    for _ in range(10):
        await spend(door, rep, 10)
    with pytest.raises(RateLimited) as refused:
        await spend(door, rep, 10)
    assert refused.value.retry_after_ms == 6 * 60 * 1_000
    back_at = NOON + timedelta(milliseconds=refused.value.retry_after_ms)
    with pytest.raises(RateLimited):
        await spend(door, rep, 10, at=back_at - timedelta(milliseconds=1))
    await spend(door, rep, 10, at=back_at)
    with pytest.raises(RateLimited):
        await spend(door, rep, 10, at=back_at)


async def test_a_bucket_never_holds_more_than_its_capacity(door: Door) -> None:
    rep = str(new_id())
    await spend(door, rep, 3)
    later = NOON + timedelta(days=9)
    await spend(door, rep, 3, at=later, tokens=3)
    with pytest.raises(RateLimited):
        await spend(door, rep, 3, at=later)


async def test_subjects_and_limits_have_buckets_of_their_own(door: Door) -> None:
    rep = new_id()

    async def both(op: Operation) -> None:
        await spend_in(op, rep, "redeem", 1, 60)
        await spend_in(op, rep, "reveal", 1, HOUR)
        await spend_in(op, f"{rep}:{new_id()}", "reveal.item", 1, HOUR)

    await door.operate(SYSTEM, both)
    await spend(door, str(new_id()), 1)
    with pytest.raises(RateLimited) as refused:
        await door.operate(SYSTEM, lambda op: spend_in(op, rep, "redeem", 1, 60))
    assert refused.value.limit_name == "redeem"


async def test_what_is_refused_for_another_reason_gives_its_token_back(door: Door) -> None:
    rep = str(new_id())

    async def spends_then_fails(op: Operation) -> dict[str, str]:
        await spend_in(op, rep, "reveal", 1, HOUR)
        raise NotFound(kind="redemption", id="r-1")

    for number in range(3):
        with pytest.raises(NotFound):
            await door.operate_keyed(SYSTEM, "reveal", Keyed(key=f"{rep}-{number}", request={}), spends_then_fails)
    await door.operate(SYSTEM, lambda op: spend_in(op, rep, "reveal", 1, HOUR))


async def test_a_limited_attempt_does_not_use_its_key_up_and_a_replay_is_free(door: Door) -> None:
    rep, keyed = str(new_id()), Keyed(key="reveal-1", request={"line": 1})
    instants = iter((NOON, NOON, NOON + timedelta(hours=1)))

    async def reveal(op: Operation) -> dict[str, str]:
        await spend_in(replace(op, now=next(instants)), rep, "reveal", 1, HOUR)
        return {"revealed": "yes"}

    await door.operate_keyed(SYSTEM, "reveal", Keyed(key="reveal-0", request={}), reveal)
    with pytest.raises(RateLimited):
        await door.operate_keyed(SYSTEM, "reveal", keyed, reveal)
    assert not (await door.operate_keyed(SYSTEM, "reveal", keyed, reveal)).replayed
    assert (await door.operate_keyed(SYSTEM, "reveal", keyed, reveal)).replayed


async def test_many_at_once_spend_every_token_once(door: Door) -> None:
    rep = str(new_id())
    answers = await asyncio.gather(*(spend(door, rep, 5) for _ in range(12)), return_exceptions=True)
    assert [type(one) for one in answers if one is not None] == [RateLimited] * 7


@pytest.mark.parametrize(
    ("capacity", "per_seconds", "tokens"),
    [(0, 1, 1), (CAPACITY_MAX + 1, 1, 1), (1, 0, 1), (1, PER_SECONDS_MAX + 1, 1), (2, 1, 3), (2, 1, 0)],
)
async def test_a_limit_out_of_bounds_is_a_bug(door: Door, capacity: int, per_seconds: int, tokens: int) -> None:
    with pytest.raises(ValueError):
        await door.operate(SYSTEM, lambda op: spend_in(op, "rep", "odd", capacity, per_seconds, tokens=tokens))


async def test_limits_at_their_bounds_hold(door: Door) -> None:
    await door.operate(SYSTEM, lambda op: spend_in(op, "rep", "wide", CAPACITY_MAX, 1, tokens=CAPACITY_MAX))
    await door.operate(SYSTEM, lambda op: spend_in(op, "rep", "long", 1, PER_SECONDS_MAX))


async def test_full_buckets_are_forgotten_in_bounded_steps(door: Door, db: Database) -> None:
    await db.fetch("DELETE FROM rate_bucket")
    now = await db.fetchval("SELECT guerdon_now()")
    ids = new_ids(PRUNE_MAX + 2)
    await db.fetch(
        "INSERT INTO rate_bucket (id, limit_name, subject, full_at)"
        " SELECT id, 'reveal', id::text, $2 FROM unnest($1::uuid[]) AS new (id)",
        ids[1:],
        now - timedelta(seconds=1),
    )
    await db.fetch("INSERT INTO rate_bucket VALUES ($1, 'reveal', 'busy', $2)", ids[0], now + timedelta(hours=1))
    assert [await prune_buckets(door) for _ in range(3)] == [PRUNE_MAX, 1, 0]
    assert await db.fetchval("SELECT subject FROM rate_bucket") == "busy"
