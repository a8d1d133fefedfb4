"""How fast one may ask: buckets of cost, shared in Valkey, local while it is away, and told in time on HTTP."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.face import build_server
from api.http.auth import Caller
from api.http.errors import Code, RequestRefused
from api.http.limiting import (
    ANONYMOUS_COST_PER_TOKEN,
    AWAY_SECONDS,
    TAKE,
    Allowance,
    BucketsAway,
    LocalBuckets,
    RateLimits,
    network_of,
)
from api.http.server import server_config
from api.settings import Limits, Profile, Settings, read_settings
from api.upkeep import new_key
from api.wiring import Wired, build_charge, wired
from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id

LIMITS = Limits(
    rate_key_cost_per_second=50,
    rate_key_cost_burst=100,
    rate_people_cost_per_second=10,
    rate_people_cost_burst=1_000,
    rate_anonymous_per_minute=3,
)
PROXY, CLIENT, OTHER = "10.0.0.1", "203.0.113.9", "203.0.113.10"


@dataclass(kw_only=True)
class Hand:
    """A clock that is moved by hand, in seconds."""

    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at


def somebody(role: Role, address: str = CLIENT) -> Caller:
    return Caller(actor=Actor(principal_id=new_id(), role=role), address=address)


async def refused(limits: RateLimits, caller: Caller, cost: int) -> int | None:
    """For how many milliseconds the caller is told to wait, or None."""
    try:
        await limits(caller, cost)
    except RequestRefused as trouble:
        return trouble.retry_after_ms if trouble.code is Code.RATE_LIMITED else -1
    return None


def local(hand: Hand) -> RateLimits:
    return RateLimits(LIMITS, LocalBuckets(hand), hand)


async def test_a_machine_spends_its_burst_and_then_fifty_a_second() -> None:
    hand = Hand()
    limits, machine = local(hand), somebody(Role.INTEGRATION)
    assert [await refused(limits, machine, cost) for cost in (60, 40, 1)] == [None, None, 20]
    assert await refused(limits, somebody(Role.INTEGRATION), 100) is None
    hand.at += 0.999
    assert await refused(limits, machine, 50) == 1
    hand.at += 0.001
    assert [await refused(limits, machine, cost) for cost in (50, 1)] == [None, 20]


async def test_what_is_dearer_than_a_bucket_takes_a_whole_one_and_is_paid_afterwards() -> None:
    hand = Hand()
    limits, machine = local(hand), somebody(Role.INTEGRATION)
    assert [await refused(limits, machine, cost) for cost in (250, 1)] == [None, 3_020]
    hand.at += 3.02
    assert [await refused(limits, machine, cost) for cost in (1, 1)] == [None, 20]


async def test_people_have_an_allowance_of_their_own_wherever_they_are() -> None:
    limits, person = local(Hand()), somebody(Role.MEMBER)
    assert [await refused(limits, person, cost) for cost in (1_000, 1)] == [None, 100]
    assert await refused(limits, replace(person, address=OTHER), 1) == 100


async def test_an_anonymous_address_asks_so_often_and_more_pays_more() -> None:
    hand = Hand()
    limits = local(hand)
    nobody, elsewhere = Caller(address=CLIENT), Caller(address=OTHER)
    assert [await refused(limits, nobody, cost) for cost in (0, ANONYMOUS_COST_PER_TOKEN, 1, 1)] == [None] * 3 + [
        20_000
    ]
    assert [await refused(limits, elsewhere, cost) for cost in (2 * ANONYMOUS_COST_PER_TOKEN + 1, 1)] == [None, 20_000]
    hand.at += 20
    assert [await refused(limits, nobody, 1) for _ in range(2)] == [None, 20_000]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (CLIENT, CLIENT),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", CLIENT),
        ("local", "local"),
    ],
)
def test_an_address_counts_for_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_a_process_remembers_so_many_buckets_and_forgets_the_longest_untouched() -> None:
    buckets = LocalBuckets(Hand(), buckets_max=2)
    assert [await buckets(name, 1_000, 1_000) for name in ("a", "b", "a", "b")] == [0, 0, 1, 1]
    assert [await buckets(name, 1_000, 1_000) for name in ("c", "b", "a")] == [0, 1, 0]


async def test_while_the_shared_buckets_are_away_the_own_ones_count_and_they_are_asked_again() -> None:
    hand, asked = Hand(), list[str]()

    async def away(bucket: str, cost_us: int, whole_us: int) -> int:
        asked.append(bucket)
        raise BucketsAway

    limits, machine = RateLimits(LIMITS, away, hand), somebody(Role.INTEGRATION)
    assert [await refused(limits, machine, cost) for cost in (100, 1)] == [None, 20]
    assert len(asked) == 1
    hand.at += AWAY_SECONDS
    assert await refused(limits, machine, 1) is None
    assert len(asked) == 2


@pytest.fixture
async def parts(fresh_database: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Wired]:
    environment = {
        "DATABASE_URL": fresh_database,
        "REDIS_URL": valkey_url,
        "GUERDON_HOME": str(tmp_path),
        "GUERDON_RATE_LIMITS": "1",
        "TRUSTED_PROXIES": PROXY,
        "GUERDON_RATE_ANONYMOUS_PER_MINUTE": "2",
    }
    async with wired(read_settings(environment), "guerdon-limits") as connected:
        await connected.redis.flushdb()
        yield connected


async def test_the_buckets_in_valkey_are_those_of_every_process(parts: Wired) -> None:
    an_hour = 3_600_000_000
    first, second = (parts.buckets.register_script(TAKE) for _ in range(2))
    answers = [
        int(await script(keys=["rate:one"], args=[an_hour // 3, an_hour])) for script in (first, second, first, second)
    ]
    assert answers[:3] == [0, 0, 0]
    assert 0 < answers[3] <= an_hour // 3_000
    assert int(await first(keys=["rate:dear"], args=[2 * an_hour, an_hour])) == 0
    assert 0 < int(await first(keys=["rate:dear"], args=[1, an_hour])) <= 2 * an_hour // 1_000
    assert 0 < await parts.redis.pttl("rate:one") <= an_hour // 1_000 + 1


async def test_without_valkey_the_limits_hold_in_the_process(parts: Wired) -> None:
    charge = build_charge(replace(parts, buckets=type(parts.buckets)(port=1)))
    assert charge is not None
    nobody = Caller(address=CLIENT)
    await charge(nobody, 1)
    await charge(nobody, 1)
    with pytest.raises(RequestRefused):
        await charge(nobody, 1)


@asynccontextmanager
async def asking(parts: Wired, address: str) -> AsyncGenerator[Callable[..., Any]]:
    """Asks the whole application, behind uvicorn's own middleware, from this address."""
    config = server_config(build_server(parts), parts.settings)
    config.load()
    app: Any = config.loaded_app
    transport = httpx2.ASGITransport(app=app, client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:

        async def ask(query: str = "{ __typename }", **headers: str) -> httpx2.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.post("/graphql", json={"query": query}, headers=named)

        yield ask


async def test_too_many_questions_are_answered_429_with_the_time_to_wait(parts: Wired) -> None:
    async with asking(parts, CLIENT) as ask:
        statuses = [(await ask()).status_code for _ in range(2)]
        answer = await ask()
    assert (statuses, answer.status_code) == ([200, 200], 429)
    extensions = answer.json()["errors"][0]["extensions"]
    assert (extensions["code"], extensions["retryable"]) == ("RATE_LIMITED", True)
    assert 0 < extensions["retryAfterMs"] <= 30_000
    assert int(answer.headers["retry-after"]) == -(-extensions["retryAfterMs"] // 1_000)
    key = await new_key(parts, name="crm", source=None, scopes=["activities:read"])
    async with asking(parts, CLIENT) as ask:
        assert (await ask(authorization=f"Bearer {key}")).status_code == 200


async def test_a_forwarded_address_counts_from_a_trusted_proxy_only(parts: Wired) -> None:
    async with asking(parts, PROXY) as ask:
        for address in (CLIENT, CLIENT, OTHER):
            assert (await ask(x_forwarded_for=address)).status_code == 200
        assert (await ask(x_forwarded_for=CLIENT)).status_code == 429
        assert (await ask(x_forwarded_for=f"{OTHER}, {CLIENT}")).status_code == 429
    async with asking(parts, "198.51.100.7") as ask:
        answers = [(await ask(x_forwarded_for=f"192.0.2.{number}")).status_code for number in range(3)]
    assert answers == [200, 200, 429]


def test_limits_are_off_in_development_and_on_elsewhere_unless_told() -> None:
    secret = {"GUERDON_SECRET": "x" * 32}
    for profile, switch, expected in (
        (Profile.DEVELOPMENT, "", False),
        (Profile.SANDBOX, "", True),
        (Profile.PRODUCTION, "", True),
        (Profile.DEVELOPMENT, "1", True),
        (Profile.PRODUCTION, "0", False),
    ):
        environment = {"GUERDON_PROFILE": profile.value, "GUERDON_RATE_LIMITS": switch, **secret}
        assert read_settings(environment).rate_limits is expected
    assert not Settings().rate_limits


def test_an_allowance_counts_in_microseconds() -> None:
    assert Allowance(burst=3, rate=0.05).microseconds(3) == 60_000_000
