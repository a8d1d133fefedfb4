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
NO_STORE = MappingProxyType({"cache-control": "no-store"})


async def show_live(_: Request) -> Response:
    """200 as long as the event loop turns."""
    return JSONResponse({"status": "live"}, headers=NO_STORE)


def show_ready(ready: Readiness) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint: 200 when every part is ready, 503 naming those that are not; never their error texts."""

    async def show(_: Request) -> Response:
        try:
            async with asyncio.timeout(READY_SECONDS):
                parts = dict(await ready())
        except Exception as error:
            log("http").error("readiness.failed", exc_info=error)
            parts = {"readiness": "failed"}
        waiting = sorted(name for name, reason in parts.items() if reason is not None)
        for name in waiting:
            log("http").warning("readiness.waited", part=name, reason=parts[name])
        body = {"status": "waiting", "waiting": waiting} if waiting else {"status": "ready", "parts": sorted(parts)}
        return JSONResponse(body, 503 if waiting else 200, headers=NO_STORE)

    return show
