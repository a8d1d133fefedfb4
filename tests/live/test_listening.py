"""`guerdon listen` brings to a laptop what a webhook would bring: the same ids and bodies, resumed by cursor."""

import asyncio
import io
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from api.graph.event_bodies import event_types
from api.listening import Listening, ListenRefused, secret_of
from api.webhooks.registering import Registry, create_endpoint
from api.webhooks.signing import secret_text
from domain.access.principals import Scope
from tests.building import deal
from tests.faults.receiver import Receiver, receiving
from tests.graph.asking import admin
from tests.live.stage import Stage, staged

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
async def stage(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(database, valkey_url, tmp_path_factory.mktemp("home"), heartbeat_seconds=0.4) as stage:
        await stage.world.launch({"effect": {"kind": "FIXED", "amount": 100}}, code="spring")
        yield stage


@pytest.fixture
async def key(stage: Stage) -> str:
    text, _ = await stage.machine(Scope.EVENTS_READ)
    await stage.settled()
    return text


async def began(listening: Listening) -> "asyncio.Task[None]":
    """It runs, and has its first cursor."""
    running = asyncio.create_task(listening.run())
    async with asyncio.timeout(10):
        while listening.after is None and not running.done():  # noqa: ASYNC110 it tells nobody
            await asyncio.sleep(0.02)
    return running


async def test_what_is_forwarded_is_what_a_webhook_brings(stage: Stage, key: str) -> None:
    parts = stage.parts
    registry = Registry(keyring=parts.keyring, reach=parts.reach, known_events=frozenset(event_types()))
    async with receiving() as laptop, receiving() as endpoint:
        made = await create_endpoint(
            parts.door, registry, admin(), stage.world.key(), url=endpoint.url, events=["award.granted"]
        )
        state = "SELECT state FROM webhook_endpoint WHERE id = $1"
        async with asyncio.timeout(10):
            while await parts.database.fetchval(state, made.endpoint_id) != "ACTIVE":  # noqa: ASYNC110 the database
                await asyncio.sleep(0.05)
        listening = Listening(url=stage.url, key=key, forward_to=laptop.url, events=["award.granted"])
        running = await began(listening)
        await stage.world.record(deal("listen-1", stage.world.members[0]))
        await laptop.until(1)
        await endpoint.until(1)
        listening.stop()
        await running
    (here,), (there,) = laptop.events, endpoint.events
    assert made.text is not None
    assert here.verified_by(secret_text(listening.secret)) == there.verified_by(made.text)
    assert (here.id, here.body) == (there.id, there.body)


async def test_it_resumes_from_its_cursor_and_misses_nothing(stage: Stage, key: str) -> None:
    said = io.StringIO()
    async with receiving() as laptop:
        first = Listening(url=stage.url, key=key, forward_to=laptop.url, console=Console(file=said, width=200))
        running = await began(first)
        first.stop()
        await running
        await stage.world.record(*(deal(f"missed-{n}", stage.world.members[0]) for n in range(3)))
        second = Listening(
            url=stage.url, key=key, forward_to=laptop.url, events=["activity.recorded"], after=first.after
        )
        running = await began(second)
        await laptop.until(3)
        second.stop()
        await running
    assert len({one.id for one in laptop.events}) == 3
    assert f"--after {first.after}" in said.getvalue()


async def test_a_key_that_may_not_listen_ends_it_with_the_reason(stage: Stage) -> None:
    text, _ = await stage.machine(Scope.ACTIVITIES_READ)
    for wrong in (text, "gk_live_nothing"):
        with pytest.raises(ListenRefused, match=r"SCOPE_MISSING|UNAUTHENTICATED"):
            await asyncio.wait_for(Listening(url=stage.url, key=wrong, forward_to=None).run(), 10)


@pytest.mark.parametrize("text", ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 400, "whsec_é"])
def test_a_secret_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ListenRefused):
        secret_of(text)


async def test_the_command_forwards_prints_and_ends_cleanly_on_ctrl_c(stage: Stage, key: str) -> None:
    async with receiving() as laptop:
        options = ("--url", stage.url, "--key", key, "--forward-to", laptop.url, "--events", "activity.recorded")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "api.commands", "listen", *options),
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "GUERDON_HOME": str(stage.parts.settings.home)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        await _recorded_until_heard(stage, laptop)
        process.send_signal(signal.SIGINT)
        told, trouble = await asyncio.wait_for(process.communicate(), 20)
    said = told.decode()
    assert process.returncode == 0, trouble.decode()
    assert "Traceback" not in trouble.decode()
    assert "activity.recorded" in said
    assert re.search(r"Resume with  --after \S+", said)
    secret = re.search(r"whsec_\S+", said)
    assert secret is not None
    assert laptop.events[0].verified_by(secret[0])


async def _recorded_until_heard(stage: Stage, laptop: Receiver) -> None:
    """Deals go on until the process, which needs a moment to start, has forwarded one."""
    async with asyncio.timeout(60):
        n = 0
        while not laptop.events:
            n += 1
            await stage.world.record(deal(f"command-{n}", stage.world.members[1]))
            await asyncio.sleep(0.3)
