"""How fast a caller may ask: token buckets of cost in Valkey, or in this process while Valkey is away."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from api.http.auth import Caller
from api.http.callers import Actor
from api.http.errors import Code, RequestRefused
from api.settings import Limits
from domain.access.principals import Role

MICROSECONDS = 1_000_000
ANONYMOUS_COST_PER_TOKEN = 200
LOCAL_BUCKETS_MAX = 10_000
AWAY_SECONDS = 1.0

# A bucket is one instant: when it will be full. KEYS: the bucket. ARGV: microseconds that the cost takes to come back,
# and those of a whole bucket. Answers 0, or the milliseconds to wait. What is dearer than a bucket takes a whole one.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, whole = tonumber(ARGV[1]), tonumber(ARGV[2])
local from = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local late = from + math.min(cost, whole) - now - whole
if late > 0 then return math.ceil(late / 1000) end
redis.call('SET', KEYS[1], string.format('%.0f', from + cost), 'PX', math.ceil((from + cost - now) / 1000) + 1)
return 0
"""


class BucketsAway(Exception):
    """The shared buckets cannot be asked at the moment."""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """A bucket of `burst` tokens, filled up at `rate` tokens a second."""

    burst: int
    rate: float

    def microseconds(self, tokens: int) -> int:
        """How long so many tokens take to come back."""
        return round(tokens * MICROSECONDS / self.rate)


class Take(Protocol):
    """Takes from the named bucket what comes back in `cost_us` of the `whole_us` that it takes to fill.

    Answers 0, or for how many milliseconds to wait. Refuses: BucketsAway.
    """

    async def __call__(self, bucket: str, cost_us: int, whole_us: int) -> int: ...


class LocalBuckets:
    """Buckets of this process: at most 10,000, those longest untouched are forgotten (and are full again)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, buckets_max: int = LOCAL_BUCKETS_MAX) -> None:
        self._clock, self._buckets_max = clock, buckets_max
        self._full_at: OrderedDict[str, int] = OrderedDict()

    async def __call__(self, bucket: str, cost_us: int, whole_us: int) -> int:
        now = int(self._clock() * MICROSECONDS)
        start = max(self._full_at.get(bucket, 0), now)
        late = start + min(cost_us, whole_us) - now - whole_us
        if late > 0:
            return -(-late // 1_000)
        self._full_at[bucket] = start + cost_us
        self._full_at.move_to_end(bucket)
        while len(self._full_at) > self._buckets_max:
            self._full_at.popitem(last=False)
        return 0


class RateLimits:
    """The face's `Charge`: machines and people pay the cost, an anonymous address a token per 200 units begun.

    Buckets are shared by all processes; while they are away, each process has its own, and asks again every second.
    """

    def __init__(self, limits: Limits, shared: Take, clock: Callable[[], float] = time.monotonic) -> None:
        self._machines = Allowance(burst=limits.rate_key_cost_burst, rate=limits.rate_key_cost_per_second)
        self._people = Allowance(burst=limits.rate_people_cost_burst, rate=limits.rate_people_cost_per_second)
        per_minute = limits.rate_anonymous_per_minute
        self._anonymous = Allowance(burst=per_minute, rate=per_minute / 60)
        self._shared, self._clock, self._away_until = shared, clock, 0.0
        self._local = LocalBuckets(clock)

    async def __call__(self, actor: Actor, cost: int) -> None:
        """The cost is taken from the caller's bucket. Refuses: RATE_LIMITED with retryAfterMs."""
        assert isinstance(actor, Caller), "the recognizer makes every caller"
        bucket, allowance, tokens = self._bucket(actor, cost)
        cost_us, whole_us = allowance.microseconds(tokens), allowance.microseconds(allowance.burst)
        wait_ms = await self._take(bucket, cost_us, whole_us)
        if wait_ms:
            raise RequestRefused(Code.RATE_LIMITED, retry_after_ms=wait_ms)

    def _bucket(self, caller: Caller, cost: int) -> tuple[str, Allowance, int]:
        if caller.principal_id is None:
            tokens = max(1, -(-cost // ANONYMOUS_COST_PER_TOKEN))
            return f"address:{network_of(caller.address)}", self._anonymous, tokens
        if caller.actor.role is Role.INTEGRATION:
            return f"key:{caller.principal_id}", self._machines, max(1, cost)
        return f"person:{caller.principal_id}", self._people, max(1, cost)

    async def _take(self, bucket: str, cost_us: int, whole_us: int) -> int:
        if self._clock() >= self._away_until:
            try:
                return await self._shared(bucket, cost_us, whole_us)
            except BucketsAway:
                self._away_until = self._clock() + AWAY_SECONDS
        return await self._local(bucket, cost_us, whole_us)


def network_of(address: str) -> str:
    """Whom an address counts for: an IPv4 address itself, an IPv6 address its /64, which one household has."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return f"{IPv6Address(int(known) >> 64 << 64)}/64"
