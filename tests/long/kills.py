"""Random kill -9 of API, worker, PostgreSQL and Valkey while activities come in and a subscriber follows."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.serving import CHILDREN
from api.settings import read_settings
from api.upkeep import audited, new_key
from api.wiring import wired
from embedded.account import Account
from embedded.child import spawn
from tests.boards import board
from tests.building import build_world
from tests.faults.deals import Item
from tests.faults.face import Face
from tests.long.plan import Counts, Plan, SuiteFailed

KILLS = 20
PORTS = (18_430, 18_431)
WRITERS = 4
BATCH = 5
TEND_SECONDS = 0.5
LAST_WORDS = 4_000
SETTLE_SECONDS_MAX = 120
ACTIVITIES_MIN = KILLS * BATCH
TARGETS = ("api-0", "api-1", "worker", "postgres", "valkey")

TWICE = """
SELECT count(*) FROM (SELECT activity.id FROM activity
  LEFT JOIN due ON due.activity_id = activity.id LEFT JOIN award ON award.due_id = due.id
  GROUP BY activity.id HAVING count(award.id) <> 1) AS wrong
"""


@dataclass(kw_only=True)
class Company:
    """The processes of one deployment, started again when they were killed; `commands` are those that are not ours.

    `ended` counts processes of ours that ended by themselves: one whose server is away when it starts, which `guerdon
    serve` would start again, too.
    """

    plan: Plan
    environment: dict[str, str]
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    ports: Sequence[int] = PORTS
    ended: Counter[str] = field(default_factory=Counter[str])
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def start(self, name: str) -> None:
        kind, _, number = name.partition("-")
        environment = self.environment | ({"PORT": str(self.ports[int(number)])} if kind == "api" else {})
        command = self.commands.get(name) or ("-m", *CHILDREN[kind])
        with (self.plan.home / f"{name}.log").open("ab") as log:
            # As `guerdon serve` starts them: in sessions of their own, and gone when this process is.
            self.running[name] = spawn(
                [sys.executable, *command],
                account=Account(),
                folder=Path.cwd(),
                environment={**os.environ, **environment},
                output=log,
                death_signal=signal.SIGKILL,
            )

    async def kill(self, name: str) -> bool:
        """The part was killed with -9, and one of its kind is on its way up again; False: it was not up."""
        if name in self.running:
            process = self.running[name]
            if process.poll() is not None:
                return False
            del self.running[name]  # nobody else starts it
            process.kill()
            await asyncio.to_thread(process.wait)
            self.start(name)
            return True
        server = self.plan.servers.postgres if name == "postgres" else self.plan.servers.valkey
        if (pid := server.pid) is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    async def tend(self) -> None:
        """For ever: whoever ended by itself is started again. Refuses: SuiteFailed for one that is not ours."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            for name, process in list(self.running.items()):
                if process.poll() is None:
                    continue
                if name in self.commands:
                    raise SuiteFailed(f"{name} ended with {process.returncode}: {self.last_words(name)}")
                self.ended[name] += 1
                self.start(name)

    def last_words(self, name: str) -> str:
        """The end of its log."""
        return (self.plan.home / f"{name}.log").read_text(errors="replace")[-LAST_WORDS:]

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(kw_only=True)
class Traffic:
    """What was acknowledged, and what the subscriber saw."""

    faces: list[Face]
    chance: random.Random
    acknowledged: set[str] = field(default_factory=set[str])
    unknown: int = 0
    seen: Counter[str] = field(default_factory=Counter[str])
    resumed: int = 0
    gaps: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    followed: asyncio.Event = field(default_factory=asyncio.Event)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, writer: int) -> None:
        """Batches one after another; one whose answer was lost is sent again, to anyone, until it is answered."""
        number = 0
        while not self.over.is_set():
            batch: list[Item] = [
                {"id": f"w{writer}-{number}-{n}", "member_code": f"member-{(writer + n) % 4}", "days": number / 1_000}
                for n in range(BATCH)
            ]
            while (outcomes := await self.chance.choice(self.faces).record(batch)) is None:
                self.unknown += 1
                await asyncio.sleep(0.1)
            if not set(outcomes) <= {"RECORDED", "DUPLICATE"}:
                raise SuiteFailed(f"a batch was answered {outcomes}")
            self.acknowledged |= {one["id"] for one in batch}
            self.flowing.set()
            number += 1
            await asyncio.sleep(0.02)

    async def follow(self) -> None:
        """Every event after the last cursor kept, from whoever answers, for ever."""
        cursor: str | None = None
        while True:
            face = self.chance.choice(self.faces)
            try:
                async with face.following(cursor) as messages:
                    async for message in messages:
                        self.gaps += cursor is not None and message["previous"] != cursor
                        cursor = message["cursor"]
                        self.followed.set()
                        content = message["content"]
                        if content["__typename"] == "ActivityRecorded":
                            self.seen[content["id"]] += 1
            except Exception as trouble:  # whatever cuts the stream, a subscriber comes back with its cursor
                if isinstance(trouble, AssertionError):
                    raise
            self.resumed += 1
            await asyncio.sleep(0.1)


async def run(plan: Plan) -> Counts:
    """Nothing acknowledged is missing, nothing is there twice, the books are right, the subscriber missed nothing.

    Refuses: SuiteFailed.
    """
    chance = random.Random(plan.seed)
    environment = {
        "DATABASE_URL": plan.servers.postgres.url(),
        "REDIS_URL": plan.servers.valkey.url(),
        "GUERDON_HOME": str(plan.home / "keys"),
    }
    async with plan.database(3) as database:
        world = await build_world(database)
        await world.launch({"effect": {"kind": "FIXED", "amount": 10}})
        await board(world.door, "won")
        async with wired(read_settings(environment), "guerdon-key") as parts:
            key = await new_key(parts, name="crm", source="crm", scopes=["activities:write", "events:read"])
    company = Company(plan=plan, environment=environment)
    traffic = Traffic(faces=[Face(port, key) for port in PORTS], chance=chance)
    killed = Counter[str]()
    try:
        for name in ("api-0", "api-1", "worker"):
            company.start(name)
        await asyncio.gather(*(face.ready() for face in traffic.faces))
        async with asyncio.TaskGroup() as group:
            following = group.create_task(traffic.follow())
            tending = group.create_task(company.tend())
            await asyncio.wait_for(traffic.followed.wait(), SETTLE_SECONDS_MAX)
            writing = [group.create_task(traffic.write(n)) for n in range(WRITERS)]
            pause = max(0.3, 0.5 * (plan.minutes * 60 - (time.monotonic() - plan.began)) / KILLS)
            for number in range(KILLS):
                traffic.flowing.clear()
                await asyncio.wait_for(traffic.flowing.wait(), SETTLE_SECONDS_MAX)
                await asyncio.sleep(pause * chance.uniform(0.5, 1.5))
                name = TARGETS[number % len(TARGETS)] if number < len(TARGETS) else chance.choice(TARGETS)
                killed[name] += await company.kill(name)
                plan.show(f"{sum(killed.values())} killed, {len(traffic.acknowledged)} acknowledged")
            traffic.over.set()
            await asyncio.gather(*writing)
            await _settled(traffic)
            following.cancel()
            tending.cancel()
        await _judged(plan, environment, traffic)
    finally:
        company.stop()
    return {
        "kills": sum(killed.values()),
        **{f"kills of {name}": count for name, count in sorted(killed.items())},
        "acknowledged": len(traffic.acknowledged),
        "answers lost": traffic.unknown,
        "resumed": traffic.resumed,
        "missing": 0,
        "twice": 0,
    }


async def _settled(traffic: Traffic) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while len(traffic.seen) < len(traffic.acknowledged) and time.monotonic() < deadline:  # noqa: ASYNC110 two counts, no event
        await asyncio.sleep(0.2)


async def _judged(plan: Plan, environment: dict[str, str], traffic: Traffic) -> None:
    async with wired(read_settings(environment), "guerdon-audit") as parts:
        ids = [row["external_id"] for row in await parts.database.fetch("SELECT external_id FROM activity")]
        wrong = await parts.database.fetchval(TWICE)
        report = await audited(parts, [])
    found: list[str] = []
    if len(ids) < ACTIVITIES_MIN:
        found.append(f"only {len(ids)} activities came in: not a load, the run is invalid")
    if missing := traffic.acknowledged - set(ids):
        found.append(f"acknowledged and missing: {sorted(missing)[:5]}")
    if wrong:
        found.append(f"{wrong} activities have not exactly one award")
    if len(traffic.seen) != len(ids) or max(traffic.seen.values()) > 1 or traffic.gaps:
        found.append(
            f"the subscriber saw {len(traffic.seen)} of {len(ids)}, one {max(traffic.seen.values())} times,"
            f" with {traffic.gaps} broken chains"
        )
    if report["violations"]:
        found.append(str([check for check in report["checks"] if check["violations"]]))
    if found:
        raise SuiteFailed(f"seed {plan.seed}: " + "; ".join(found))
