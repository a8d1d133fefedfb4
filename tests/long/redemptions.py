"""Random kill -9 of redeemers, workers, supplier, PostgreSQL and Valkey, with a supplier that fails a third.

What stands at the end is judged by tests/faults/verdict.py, which `python -m tests.long planted` tries.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from api.settings import read_settings
from api.upkeep import audited
from api.wiring import wired
from domain.kernel.sql import TURBULENCE
from tests.faults.fulfilment import LAWS, FulfilmentStage, fulfilment_stage
from tests.faults.supplier import Fault
from tests.faults.supplying import RunningSupplier, supplying
from tests.faults.verdict import Told, findings
from tests.long.kills import Company
from tests.long.plan import Counts, Plan, SuiteFailed
from tests.long.redeemers import Journal

KILLS_MIN = 20
KILLS_PER_MINUTE = 6
REDEEMERS = 2
MEMBERS = 8
REDEMPTIONS_MIN = 100
CODES = 30_000
OVER = "over"
TARGETS = ("redeemer-0", "redeemer-1", "worker-0", "worker-1", "supplier", "postgres", "valkey")
PERCENT = 30
LEASE_SECONDS = 61
SETTLE_SECONDS_MAX = 600
STOP_SECONDS_MAX = 60
# One that hangs keeps a call busy for 15 s: it comes as often as each of the others.
FAULTS = [fault.value for fault in Fault]


@dataclass(kw_only=True)
class Market:
    """The supplier, which may be killed and comes back with its book; and the journals of those who redeem."""

    plan: Plan
    stack: ExitStack
    supplier: RunningSupplier

    @classmethod
    def opened(cls, plan: Plan, stack: ExitStack) -> "Market":
        return cls(plan=plan, stack=stack, supplier=stack.enter_context(cls._supplying(plan, 0)))

    @staticmethod
    def _supplying(plan: Plan, port: int) -> AbstractContextManager[RunningSupplier]:
        return supplying(plan.home / "book.db", seed=plan.seed, percent=PERCENT, faults=FAULTS, port=port)

    async def kill_supplier(self) -> None:
        port = urlsplit(self.supplier.url).port or 0
        self.supplier.kill()
        self.supplier = await asyncio.to_thread(self.stack.enter_context, self._supplying(self.plan, port))

    def journal_of(self, name: str) -> Path:
        return self.plan.home / f"{name}.jsonl"

    def acknowledged(self) -> int:
        """How many redemptions were answered so far."""
        paths = [self.journal_of(name) for name in TARGETS[:REDEEMERS]]
        return sum(path.read_bytes().count(b'"ok"') for path in paths if path.exists())

    def commands(self, stage: FulfilmentStage) -> Mapping[str, tuple[str, ...]]:
        """How each redeemer is started, with members of its own."""
        denominations = [str(stage.goods[kind][1]) for kind in ("called", "called", "pooled")]
        members = stage.shop.world.members
        told = {
            name: {
                "journal": str(self.journal_of(name)),
                "over": str(self.plan.home / OVER),
                "database": stage.environment["DATABASE_URL"],
                "members": [str(member) for member in members[place::REDEEMERS]],
                "denominations": denominations,
                "seed": self.plan.seed,
            }
            for place, name in enumerate(TARGETS[:REDEEMERS])
        }
        return {name: ("-m", "tests.long.redeemers", orjson.dumps(one).decode()) for name, one in told.items()}

    def told(self) -> Told:
        """What the redeemers were told in all."""
        journals = [Journal.opened(self.journal_of(name)) for name in TARGETS[:REDEEMERS]]
        told = Told()
        for journal in journals:
            told.acknowledged |= set(journal.answered.values())
            told.odd += [f"{key} was answered twice, differently" for key in journal.odd]
            told.odd += [f"{key} was never answered" for key in journal.asked.keys() - journal.answered.keys()]
        return told


async def run(plan: Plan) -> Counts:
    """Nothing acknowledged is missing, every line was delivered once and paid once, the supplier's book is ours.

    Refuses: SuiteFailed.
    """
    environment = {
        "DATABASE_URL": plan.servers.postgres.url(),
        "REDIS_URL": plan.servers.valkey.url(),
        "GUERDON_HOME": str(plan.home / "keys"),
    }
    killed = Counter[str]()
    with ExitStack() as stack:
        market = Market.opened(plan, stack)
        async with (
            plan.database(4) as database,
            fulfilment_stage(database, market.supplier, environment, codes=CODES, members=MEMBERS) as stage,
        ):
            world = stage.shop.world
            given = {member: (await world.balances(member))["available"] for member in world.members}
            company = Company(plan=plan, environment=dict(stage.environment), commands=market.commands(stage))
            try:
                for name in TARGETS[:4]:
                    company.start(name)
                await _kill(plan, market, company, stage, killed)
                await _no_more(plan, company)
                await _settled(plan, stage)
            finally:
                company.stop()
            told = market.told()
            told.given = given
            seen = await _judged(stage, market, told, environment)
    return {
        "kills": sum(killed.values()),
        **{f"kills of {name}": count for name, count in sorted(killed.items())},
        "acknowledged": len(told.acknowledged),
        **seen,
        "lost": 0,
        "twice": 0,
    }


async def _kill(plan: Plan, market: Market, company: Company, stage: FulfilmentStage, killed: "Counter[str]") -> None:
    chance = random.Random(plan.seed)
    kills = max(KILLS_MIN, round(KILLS_PER_MINUTE * plan.minutes))
    for number in range(kills):
        left = plan.minutes * 60 - (time.monotonic() - plan.began)
        await asyncio.sleep(max(0.5, left / (kills - number)) * chance.uniform(0.6, 1.4))
        name = TARGETS[number] if number < len(TARGETS) else chance.choice(TARGETS)
        if name == "supplier":
            await market.kill_supplier()
        else:
            await company.kill(name)
        killed[name] += 1
        if chance.random() < 0.3:
            await _leases_end(stage)
        plan.show(f"{sum(killed.values())} killed, {market.acknowledged()} redeemed")
    while market.acknowledged() < REDEMPTIONS_MIN:  # noqa: ASYNC110  # a count in files, no event
        await asyncio.sleep(0.2)


async def _no_more(plan: Plan, company: Company) -> None:
    """The redeemers have the answers that they still wait for, and end; one that just started asks for its own too."""
    (plan.home / OVER).touch()
    for name in TARGETS[:REDEEMERS]:
        process = company.running.pop(name)
        if await asyncio.to_thread(process.wait, STOP_SECONDS_MAX) != 0:
            raise SuiteFailed(f"{name} ended with {process.returncode}: see its log")


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


async def _judged(
    stage: FulfilmentStage, market: Market, told: Told, environment: Mapping[str, str]
) -> Mapping[str, int]:
    book = await asyncio.to_thread(market.supplier.book)
    states = {external_id: state for external_id, state, _, _ in book["orders"]}
    found = await findings(stage.shop.world.database, told, supplier_id=stage.called, book=states, laws=LAWS)
    async with wired(read_settings({**environment, **stage.environment}), "guerdon-audit") as parts:
        report = await audited(parts, [])
    found += [f"audit {one['law']} {one['name']}: {one['violations']}" for one in report["checks"] if one["violations"]]
    if found:
        raise SuiteFailed(f"seed {market.plan.seed}: " + "; ".join(found))
    lines = await stage.shop.world.database.fetchval("SELECT count(*) FROM redemption_line WHERE state = 'FULFILLED'")
    faults = sum(count for fault, count in book["requests"].items() if fault != "none")
    return {"lines delivered": lines, "orders at the supplier": len(states), "requests with a fault": faults}
