"""A supplier called over HTTPS: signed requests, our line's id as the order's, every answer judged, none trusted."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx2
import orjson

from catalog.suppliers.addresses import AddressRefused, Place, found_place
from catalog.suppliers.answers import answered, asked_after
from catalog.suppliers.outcomes import Asked, Later, Order, Outcome, Unclear
from catalog.suppliers.signatures import signed_headers

CALL_SECONDS_MAX = 15.0
RESPONSE_BYTES_MAX = 65_536
UNREACHABLE_SECONDS = 10
MISPLACED_SECONDS = 3_600


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    retry_after: str | None
    body: bytes = field(repr=False)


class HttpPush:
    """POST `url` orders, GET `url`/<external id> asks. `clock` is the wall's: the other side compares it with its own.

    Redirects are answers like any other; a call ends within 15 s, at most 64 KB of its answer are read.
    """

    def __init__(
        self,
        *,
        url: str,
        secret: bytes,
        http: httpx2.AsyncClient,
        sandbox: bool = False,
        seconds_max: float = CALL_SECONDS_MAX,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url.rstrip("/")
        self._secret = secret
        self._http = http
        self._sandbox = sandbox
        self._seconds_max = seconds_max
        self._clock = clock

    async def deliver(self, order: Order) -> Outcome:
        """Orders; where the supplier was surely not reached, Later."""
        found = await self._call("POST", "", order.external_id, orjson.dumps(_told(order)))
        return answered(order, found.status, found.retry_after, found.body) if isinstance(found, _Answer) else found

    async def ask(self, order: Order) -> Asked:
        """Asks what became of the order."""
        found = await self._call("GET", f"/{order.external_id}", order.external_id, b"")
        return asked_after(order, found.status, found.retry_after, found.body) if isinstance(found, _Answer) else found

    async def _call(self, method: str, path: str, external_id: str, body: bytes) -> _Answer | Later | Unclear:
        sent = False
        try:
            async with asyncio.timeout(self._seconds_max):
                place = await found_place(self._url + path, sandbox=self._sandbox)
                sent = True
                return await self._send(method, place, external_id, body)
        except AddressRefused:
            return Later(after_seconds=MISPLACED_SECONDS)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Later(after_seconds=UNREACHABLE_SECONDS)
        except TimeoutError:
            return Unclear(reason="timeout") if sent else Later(after_seconds=UNREACHABLE_SECONDS)
        except OSError:
            return Unclear(reason="connection lost") if sent else Later(after_seconds=UNREACHABLE_SECONDS)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as trouble:
            return Unclear(reason=type(trouble).__name__)

    async def _send(self, method: str, place: Place, external_id: str, body: bytes) -> _Answer | Unclear:
        headers = {
            "host": place.authority,
            "accept": "application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
            # A connection is pooled by its address: another host there must not inherit this one's handshake.
            "connection": "close",
            **signed_headers(self._secret, external_id, int(self._clock()), body),
        }
        request = self._http.build_request(
            method, place.url, headers=headers, content=body, extensions={"sni_hostname": place.host}
        )
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds_max)
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            read = bytearray()
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > RESPONSE_BYTES_MAX:
                    return Unclear(reason=f"more than {RESPONSE_BYTES_MAX} bytes were answered")
            retry_after = response.headers.get("retry-after")
            return _Answer(status=response.status_code, retry_after=retry_after, body=bytes(read))
        finally:
            await response.aclose()


def _told(order: Order) -> dict[str, Any]:
    """The order as the supplier reads it."""
    return {
        "externalId": order.external_id,
        "sku": order.sku,
        "amount": order.face_value,
        "currency": order.currency,
        "country": order.country,
        "locale": order.locale,
        "recipient": None if order.recipient is None else asdict(order.recipient),
    }
