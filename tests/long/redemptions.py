"""Random kill -9 of workers, supplier, PostgreSQL and Valkey while members redeem from a supplier that fails a third.

The checker here judges what stands at the end; one that is itself tried with planted bugs belongs beside `_judged`.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from api.settings import read_settings
from api.upkeep import audited
from api.wiring import wired
from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.redeeming import Redeeming, redeem
from domain.access.principals import Actor, Role
from domain.access.refusals import RateLimited
from domain.kernel.keys import Keyed
from domain.kernel.refusals import TryLater
from domain.kernel.sql import TURBULENCE, Database
from tests.faults.fulfilment import FulfilmentStage, fulfilment_stage
from tests.faults.supplier import Fault
from tests.faults.supplying import RunningSupplier, supplying
from tests.faults.workers import SANDBOX
from tests.long.kills import Company
from tests.long.plan import Counts, Plan, SuiteFailed
from tests.orders import KEYRING

KILLS = 20
WRITERS = 4
REDEMPTIONS_MIN = 100
TARGETS = ("worker-0", "worker-1", "supplier", "postgres", "valkey")
PERCENT = 30
LEASE_SECONDS = 61
SETTLE_SECONDS_MAX = 600
# The one that hangs keeps a call busy for 15 s: it is drawn as often as each of the others.
FAULTS = [fault.value for fault in Fault]


@dataclass(kw_only=True)
class Market:
    """The supplier, which may be killed and comes back with its book; and what members were acknowledged."""

    plan: Plan
    stack: ExitStack
    supplier: RunningSupplier
    acknowledged: set[UUID] = field(default_factory=set[UUID])
    unknown: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def opened(cls, plan: Plan, stack: ExitStack) -> "Market":
        return cls(plan=plan, stack=stack, supplier=stack.enter_context(cls._supplying(plan, 0)))

    @staticmethod
    def _supplying(plan: Plan, port: int):  # a context manager of the function below
        return supplying(plan.home / "book.db", seed=plan.seed, percent=PERCENT, faults=FAULTS, port=port)

    async def kill_supplier(self) -> None:
        port = urlsplit(self.supplier.url).port or 0
        self.supplier.kill()
        self.supplier = await asyncio.to_thread(self.stack.enter_context, self._supplying(self.plan, port))

    async def redeem(self, stage: FulfilmentStage, writer: int, chance: random.Random) -> None:
        """One redemption after another; one whose answer was lost is asked for again under its key."""
        member = stage.member
        actor = Actor(principal_id=member, role=Role.MEMBER, member_id=member)
        number = 0
        while not self.over.is_set():
            _, denomination_id = stage.goods[chance.choice(("called", "called", "pooled"))]
            key = f"w{writer}-{number}"
            quote_id: UUID | None = None
            while True:
                try:
                    if quote_id is None:
                        wanted = [Wanted(denomination_id=denomination_id, quantity=chance.randint(1, 3))]
                        quote_id = (await quote(stage.shop.door, actor, wanted, SANDBOX)).id
                    keyed = Keyed(key=key, request={"quote": str(quote_id)})
                    done = await redeem(stage.shop.door, actor, keyed, Redeeming(quote_id=quote_id), SANDBOX, KEYRING)
                    break
                except (TryLater, RateLimited, *TURBULENCE):  # a clock that jumps ahead makes who came before late
                    self.unknown += 1
                    await asyncio.sleep(0.2)
            self.acknowledged.add(UUID(done.facts["redemption_id"]))
            number += 1
            await asyncio.sleep(0.05)


async def run(plan: Plan) -> Counts:
    """Nothing acknowledged is missing, every line was delivered once and paid once, the supplier's book is ours.

    Refuses: SuiteFailed.
    """
    chance = random.Random(plan.seed)
    environment = {
        "DATABASE_URL": plan.servers.postgres.url(),
        "REDIS_URL": plan.servers.valkey.url(),
        "GUERDON_HOME": str(plan.home / "keys"),
    }
    killed = Counter[str]()
    with ExitStack() as stack:
        market = Market.opened(plan, stack)
        async with (
            plan.database(10) as database,
            fulfilment_stage(database, market.supplier, environment, codes=20_000) as stage,
        ):
            company = Company(plan=plan, environment=dict(stage.environment))
            try:
                for name in TARGETS[:2]:
                    company.start(name)
                async with asyncio.TaskGroup() as group:
                    for writer in range(WRITERS):
                        group.create_task(market.redeem(stage, writer, random.Random(f"{plan.seed}-{writer}")))
                    await _kill(plan, market, company, stage, chance, killed)
                    market.over.set()
                await _settled(plan, stage)
            finally:
                company.stop()
            orders = await _judged(stage, market, environment)
    return {
        "kills": sum(killed.values()),
        **{f"kills of {name}": count for name, count in sorted(killed.items())},
        "redemptions": len(market.acknowledged),
        "answers lost": market.unknown,
        "orders at the supplier": orders,
        "lost": 0,
        "twice": 0,
    }


async def _kill(
    plan: Plan,
    market: Market,
    company: Company,
    stage: FulfilmentStage,
    chance: random.Random,
    killed: "Counter[str]",
) -> None:
    pause = max(1.0, 0.6 * (plan.minutes * 60 - (time.monotonic() - plan.began)) / KILLS)
    for number in range(KILLS):
        await asyncio.sleep(pause * chance.uniform(0.5, 1.5))
        name = TARGETS[number % len(TARGETS)] if number < len(TARGETS) else chance.choice(TARGETS)
        if name == "supplier":
            await market.kill_supplier()
        else:
            await company.kill(name)
        killed[name] += 1
        if chance.random() < 0.3:
            await _leases_end(stage)
        plan.show(f"{sum(killed.values())} killed, {len(market.acknowledged)} redeemed")
    while len(market.acknowledged) < REDEMPTIONS_MIN:  # noqa: ASYNC110  # a count, no event
        await asyncio.sleep(0.2)


async def _leases_end(stage: FulfilmentStage) -> None:
    """The clock jumps past every lease: whoever is still calling has become a zombie."""
    try:
        await stage.shop.wait(LEASE_SECONDS)
    except TURBULENCE:
        return


async def _settled(plan: Plan, stage: FulfilmentStage) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            if not (waiting := await stage.open_calls()):
                return
            plan.show(f"{waiting} orders are still open")
        except TURBULENCE:
            pass
        await _leases_end(stage)
        await asyncio.sleep(1)
    raise SuiteFailed(f"seed {plan.seed}: orders are still open")


async def _judged(stage: FulfilmentStage, market: Market, environment: Mapping[str, str]) -> int:
    database: Database = stage.shop.world.database
    rows = await database.fetch("SELECT redemption_id, state FROM redemption_line")
    found: list[str] = []
    if missing := market.acknowledged - {row["redemption_id"] for row in rows}:
        found.append(f"acknowledged and missing: {sorted(missing)[:5]}")
    states = Counter(row["state"] for row in rows)
    if set(states) != {"FULFILLED"}:
        found.append(f"lines are {dict(states)}")
    async with wired(read_settings({**environment, **stage.environment}), "guerdon-audit") as parts:
        report = await audited(parts, [])
    if report["violations"]:
        found.append(str([check for check in report["checks"] if check["violations"]]))
    if found:
        raise SuiteFailed(f"seed {market.plan.seed}: " + "; ".join(found))
    return await stage.judged(market.supplier)
