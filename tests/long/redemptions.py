"""Random kill -9 of everything while members redeem, over HTTP and by the door, at a supplier that fails a third.

Killed are the API processes, the workers, the redeemers, the supplier, PostgreSQL and Valkey, each once in every round
of all of them in an order drawn from the seed; after each kill come 30 to 70 redemptions, also drawn. What stands at
the end is judged by tests/faults/verdict.py, which `python -m tests.long planted` tries.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from uuid import UUID

import httpx2

from api.settings import read_settings
from api.upkeep import audited
from api.wiring import wired
from domain.kernel.refusals import TryLater
from domain.kernel.sql import TURBULENCE
from tests.building import World
from tests.faults.fulfilment import LAWS, FulfilmentStage, fulfilment_stage
from tests.faults.verdict import findings
from tests.long.kills import Company
from tests.long.market import APIS, REDEEMERS, WORKERS, Market, told_by
from tests.long.plan import Counts, Plan, SuiteFailed

KILLS_MIN = 20
REDEMPTIONS_PER_KILL = (30, 70)
AUDITED_EVERY = 1_000
MEMBERS = 16
CODES_MIN = 3_000
CODES_PER_MINUTE = 500
TARGETS = (*APIS, *WORKERS, *REDEEMERS, "supplier", "postgres", "valkey")
LEASE_SECONDS = 61
LEASES_END = 0.3
STANDSTILL_SECONDS_MAX = 180
STOP_SECONDS_MAX = 120
AUDIT_TRIES_MAX = 20
STOCK = "SELECT id, stock FROM denomination WHERE stock IS NOT NULL"
FULFILLED = "SELECT count(*) FROM redemption_line WHERE state = 'FULFILLED'"


@dataclass(frozen=True, kw_only=True)
class Before:
    """What every member had to spend, and what was in stock, before anybody redeemed."""

    points: Mapping[UUID, int]
    stock: Mapping[UUID, int]

    @classmethod
    async def of(cls, world: World) -> "Before":
        return cls(
            points={member: (await world.balances(member))["available"] for member in world.members},
            stock={row["id"]: row["stock"] for row in await world.database.fetch(STOCK)},
        )


@dataclass(kw_only=True)
class Run:
    """One run: its parts, who was killed how often, and which audits were clean."""

    plan: Plan
    market: Market
    stage: FulfilmentStage
    company: Company
    killed: Counter[str] = field(default_factory=Counter[str])
    audits: list[str] = field(default_factory=list[str])

    async def play(self) -> None:
        """Kills until the time is over, then everybody has her answers, and every order ended."""
        tending = asyncio.create_task(self.company.tend())
        playing = asyncio.create_task(self._kill())
        try:
            done, _ = await asyncio.wait({tending, playing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await self._no_more()
            await self._settled()
        finally:
            tending.cancel()
            playing.cancel()

    async def _kill(self) -> None:
        chance, wanted = random.Random(self.plan.seed), 0
        for name in _victims(chance):
            wanted += chance.randint(*REDEMPTIONS_PER_KILL)
            await self._redeemed(wanted)
            if self.plan.is_over and self.killed.total() >= KILLS_MIN:
                return
            if name in APIS:
                await self._serving(name)
            self.killed[name] += await self._killed(name)
            if chance.random() < LEASES_END:
                await self._leases_end()
            self.plan.show(f"{self.killed.total()} killed, {self.market.acknowledged()} redeemed")

    async def _serving(self, name: str) -> None:
        """The API process answers again, so that its death cuts somebody off. Refuses: SuiteFailed."""
        url = f"http://127.0.0.1:{self.market.ports[APIS.index(name)]}/ready"
        deadline = time.monotonic() + STANDSTILL_SECONDS_MAX
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            while time.monotonic() < deadline:
                try:
                    if (await client.get(url)).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise SuiteFailed(f"seed {self.plan.seed}: {name} does not become ready: {self.company.last_words(name)}")

    async def _killed(self, name: str) -> bool:
        if name != "supplier":
            return await self.company.kill(name)
        await self.market.kill_supplier()
        return True

    async def _redeemed(self, wanted: int) -> None:
        """So many were redeemed in all; each thousand was audited. Refuses: SuiteFailed where nobody is served."""
        seen, since = 0, time.monotonic()
        while (now := self.market.acknowledged()) < wanted:
            if now > seen:
                seen, since = now, time.monotonic()
            if time.monotonic() - since > STANDSTILL_SECONDS_MAX:
                raise SuiteFailed(f"seed {self.plan.seed}: nobody is served after {dict(self.killed)}")
            await asyncio.sleep(0.1)
        if now // AUDITED_EVERY > len(self.audits):
            await self._audit(f"after {now}")

    async def _audit(self, when: str) -> None:
        """`guerdon audit --strict` of a snapshot; who is on the way up again is waited for."""
        for _ in range(AUDIT_TRIES_MAX):
            try:
                async with wired(read_settings(self.stage.environment), "guerdon-audit") as parts:
                    report = await audited(parts, [])
                break
            except (TryLater, *TURBULENCE):
                await asyncio.sleep(1)
        else:
            raise SuiteFailed(f"seed {self.plan.seed}: no audit could be made {when}")
        broken = [f"{one['law']} {one['name']}: {one['violations']}" for one in report["checks"] if one["violations"]]
        broken += [f"{law} examined nothing" for law, examined in report["laws"].items() if not examined]
        if broken:
            raise SuiteFailed(f"seed {self.plan.seed}, audit {when}: {'; '.join(broken)}")
        self.audits.append(when)
        rows = sum(report["laws"].values())
        self.plan.say(f"audit --strict {when}: clean, {len(report['laws'])} laws, {rows} rows")

    async def _no_more(self) -> None:
        """The redeemers have the answers that they still wait for, and end; one that just started asks, too."""
        running = {name: self.company.running.pop(name) for name in REDEEMERS}
        self.market.over.touch()
        for name, process in running.items():
            if await asyncio.to_thread(process.wait, STOP_SECONDS_MAX) != 0:
                raise SuiteFailed(f"{name} ended with {process.returncode}: {self.company.last_words(name)}")

    async def _leases_end(self) -> None:
        """The clock jumps past every lease: whoever is still calling has become a zombie."""
        try:
            await self.stage.shop.wait(LEASE_SECONDS)
        except TURBULENCE:
            return

    async def _settled(self) -> None:
        """No order is open. Refuses: SuiteFailed where none ends for a while."""
        fewest, since = -1, time.monotonic()
        while time.monotonic() - since < STANDSTILL_SECONDS_MAX:
            try:
                waiting = await self.stage.open_calls()
            except TURBULENCE:
                waiting = fewest
            if waiting == 0:
                return
            if waiting < fewest or fewest < 0:
                fewest, since = waiting, time.monotonic()
            self.plan.show(f"{waiting} orders are still open")
            await self._leases_end()
            await asyncio.sleep(1)
        raise SuiteFailed(f"seed {self.plan.seed}: {fewest} orders stay open")

    async def judged(self, before: Before) -> Counts:
        """What was told outside, what stands, and what the supplier says are one. Refuses: SuiteFailed."""
        journals = self.market.journals()
        told = told_by(journals)
        told.given, told.stock = before.points, before.stock
        book = await asyncio.to_thread(self.market.supplier.book)
        states = {external_id: state for external_id, state, _, _ in book["orders"]}
        database = self.stage.shop.world.database
        found = await findings(database, told, supplier_id=self.stage.called, book=states, laws=LAWS)
        if found:
            raise SuiteFailed(f"seed {self.plan.seed}: " + "; ".join(found))
        await self._audit("at the end")
        return {
            "kills": self.killed.total(),
            **{f"kills of {name}": self.killed[name] for name in TARGETS},
            "ended by themselves": self.company.ended.total(),
            "acknowledged": len(told.acknowledged),
            **{f"acknowledged to {name}": len(journal.answered) for name, journal in journals.items()},
            "asked again after a cut": sum(len(journal.cut) for journal in journals.values()),
            "asked again by a successor": sum(len(journal.resumed) for journal in journals.values()),
            "lines delivered": await database.fetchval(FULFILLED),
            "orders at the supplier": len(states),
            "requests with a fault": sum(count for fault, count in book["requests"].items() if fault != "none"),
            "requests": sum(book["requests"].values()),
            "clean strict audits": len(self.audits),
            "lost": 0,
            "twice": 0,
        }


def _codes(plan: Plan) -> int:
    return CODES_MIN + round(CODES_PER_MINUTE * plan.minutes)


def _victims(chance: random.Random) -> Iterator[str]:
    """All of them again and again, each round in an order of its own."""
    while True:
        yield from chance.sample(TARGETS, len(TARGETS))


async def run(plan: Plan) -> Counts:
    """Nothing acknowledged is missing, every line was delivered once and paid once, the supplier's book is ours.

    Refuses: SuiteFailed.
    """
    with ExitStack() as stack:
        market = Market.opened(plan, stack)
        async with (
            plan.database(4) as database,
            fulfilment_stage(
                database, market.supplier, market.environment, codes=_codes(plan), members=MEMBERS
            ) as stage,
        ):
            world = stage.shop.world
            denominations = await market.stocked(stage)
            before = await Before.of(world)
            company = Company(
                plan=plan,
                environment=dict(stage.environment),
                commands=market.commands(world.members, denominations),
                ports=market.ports,
            )
            played = Run(plan=plan, market=market, stage=stage, company=company)
            try:
                for name in (*APIS, *WORKERS, *REDEEMERS):
                    company.start(name)
                await played.play()
                return await played.judged(before)
            finally:
                company.stop()
