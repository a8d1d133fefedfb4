"""What a process that is about to be killed does: the parts of a real one, wired from a real environment."""

import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
import uvicorn

from api.background import run_worker
from api.face import build_server
from api.http.server import server_config
from api.settings import read_settings
from api.upkeep import import_into, rebuilt
from api.wiring import Wired, wired
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.redeeming import Redeeming, redeem
from domain.access.principals import SYSTEM, Actor, Role
from domain.earning.recording import record_activities
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Outcome
from domain.kernel.sealing import Keyring
from tests.faults.deals import items_of
from tests.faults.hands import do_work

ROOT = Path(__file__).parents[2]
CSV = ROOT / "tests" / "data" / "crm_dirty" / "sales_pipeline.csv"
MAPPING = ROOT / "docs" / "mappings" / "crm_sales_pipeline.json"
TYPES = ROOT / "docs" / "mappings" / "crm_activity_types.json"
CONNECTIONS = "6"


async def _record(parts: Wired, told: Mapping[str, Any]) -> None:
    await record_activities(parts.door, parts.knowledge, SYSTEM, UUID(told["source"]), items_of(told["items"]))


async def _worker(parts: Wired, _told: Mapping[str, Any]) -> None:
    await run_worker(parts)


async def _api(parts: Wired, _told: Mapping[str, Any]) -> None:
    await uvicorn.Server(server_config(build_server(parts), parts.settings)).serve()


async def _import(parts: Wired, _told: Mapping[str, Any]) -> None:
    await imported(parts)


async def imported(parts: Wired) -> Mapping[str, int]:
    """The committed dirty export is imported; answers how its rows ended."""
    done = await import_into(
        parts,
        path=CSV,
        source="crm-export",
        mapping=json.loads(MAPPING.read_text()),
        types=json.loads(TYPES.read_text()),
        report=None,
        corrects=True,
        progress=lambda _: None,
    )
    return done.counts


async def _rebuild(parts: Wired, _told: Mapping[str, Any]) -> None:
    await rebuilt(parts, standings=False, index=True)


async def _work(parts: Wired, told: Mapping[str, Any]) -> None:
    await do_work(parts.door, parts.keyring, told)


async def _redeem(parts: Wired, told: Mapping[str, Any]) -> None:
    await accepted(parts.door, UUID(told["member"]), UUID(told["quote"]), parts.keyring)


async def accepted(door: Door, member_id: UUID, quote_id: UUID, keyring: Keyring) -> Outcome:
    """The member accepts the quote; the key is the quote's id."""
    actor = Actor(principal_id=member_id, role=Role.MEMBER, member_id=member_id)
    key = Keyed(key=str(quote_id), request={"quote": str(quote_id)})
    return await redeem(door, actor, key, Redeeming(quote_id=quote_id), ShopPolicy(), keyring)


ROLES: Mapping[str, Callable[[Wired, Mapping[str, Any]], Awaitable[None]]] = {
    "record": _record,
    "worker": _worker,
    "api": _api,
    "import": _import,
    "rebuild": _rebuild,
    "work": _work,
    "redeem": _redeem,
}


def play(role: str, environment: Mapping[str, str], told: Mapping[str, Any]) -> None:
    """The whole life of such a process."""
    os.setpgrp()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

    async def run() -> None:
        async with wired(read_settings(environment), f"guerdon-{role}") as parts:
            await ROLES[role](parts, told)

    asyncio.run(run())


def started(role: str, environment: Mapping[str, str], failpoints: str = "", **told: Any) -> ForkServerProcess:
    """A process of its own in this role, forked from one that has everything imported and nothing open."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.roles"])
    given = {"GUERDON_DATABASE_CONNECTIONS_MAX": CONNECTIONS, **environment, "GUERDON_FAILPOINTS": failpoints}
    process = context.Process(target=play, args=(role, given, told), daemon=True)
    process.start()
    return process
