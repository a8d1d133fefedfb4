"""A server without its index of boards still answers, and says at /ready what is missing."""

import socket
from pathlib import Path

import httpx2

from api.face import build_server
from api.settings import Settings
from api.wiring import wired
from tests.graph.signing_in import running


async def readiness(settings: Settings) -> tuple[int, object]:
    """Status and body of /ready of a whole server with these settings."""
    listener = socket.create_server(("127.0.0.1", 0))
    async with (
        wired(settings, "test") as parts,
        running(build_server(parts), listener, settings),
        httpx2.AsyncClient(timeout=10) as client,
    ):
        answer = await client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/ready")
    return answer.status_code, answer.json()


async def test_ready_names_every_part_that_answers(database: str, valkey_url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=database, redis_url=valkey_url)
    assert await readiness(settings) == (200, {"status": "ready", "parts": ["database", "valkey"]})


async def test_an_unreachable_valkey_is_told_and_requests_are_taken(database: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never says a word
        silent_url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings = Settings(home=tmp_path, database_url=database, redis_url=silent_url)
        assert await readiness(settings) == (200, {"status": "ready", "parts": ["database"], "missing": ["valkey"]})
