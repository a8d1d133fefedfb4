"""Liveness and readiness, answered without touching anything that can hang for long."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.logs import log

# Name of a part → why it is not ready, or None where it is.
Readiness = Callable[[], Awaitable[Mapping[str, str | None]]]
READY_SECONDS = 2.0
# What is derived from the database only makes answers quicker: it is told as missing, and requests are taken.
DERIVED = frozenset({"valkey"})
NO_STORE = MappingProxyType({"cache-control": "no-store"})


async def show_live(_: Request) -> Response:
    """200 as long as the event loop turns."""
    return JSONResponse({"status": "live"}, headers=NO_STORE)


def show_ready(ready: Readiness) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint: 200 when every part is ready that must be, 503 naming those that are not; never their error texts.

    A derived part that is not ready stands under `missing`, at either status.
    """

    async def show(_: Request) -> Response:
        try:
            async with asyncio.timeout(READY_SECONDS):
                parts = dict(await ready())
        except Exception as error:
            log("http").error("readiness.failed", exc_info=error)
            parts = {"readiness": "failed"}
        lacking = sorted(name for name, reason in parts.items() if reason is not None)
        for name in lacking:
            log("http").warning("readiness.waited", part=name, reason=parts[name])
        waiting = [name for name in lacking if name not in DERIVED]
        missing = [name for name in lacking if name in DERIVED]
        present = sorted(parts.keys() - set(lacking))
        body = {"status": "waiting", "waiting": waiting} if waiting else {"status": "ready", "parts": present}
        shown = body | {"missing": missing} if missing else body
        return JSONResponse(shown, 503 if waiting else 200, headers=NO_STORE)

    return show
