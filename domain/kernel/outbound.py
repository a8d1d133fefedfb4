"""Calls to addresses that others give us: only to public ones that were just resolved and checked, bounded in all ways.

No redirect is followed, no proxy or credential is taken from the environment, every attempt resolves and checks anew
and opens its own connection to the very address that was checked, under the original name (TLS and Host).
Never inside an operation.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx2

URL_LENGTH_MAX = 2_000
SECONDS_MAX = 15.0
ANSWER_BYTES_MAX = 65_536
REQUEST_BYTES_MAX = 1_000_000
ADDRESSES_TRIED_MAX = 4
PORTS = frozenset({443, 8443})

CLOSED_V4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a carrier's translation
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: where clouds keep their metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "168.63.129.16/32",  # a cloud's own service under a public address
    )
)
OPEN_V6 = IPv6Network("2000::/3")
CLOSED_V6 = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # Teredo, benchmarks, overlays
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3ffe::/16",
        "3fff::/20",
    )
)
NAT64 = IPv6Network("64:ff9b::/96")
CLOSED_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "onion", "test", "invalid")

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Closed(StrEnum):
    """Why an address is none that we send to."""

    URL = "URL"
    SCHEME = "SCHEME"
    USER_INFO = "USER_INFO"
    PORT = "PORT"
    HOST = "HOST"
    UNRESOLVED = "UNRESOLVED"
    ADDRESS = "ADDRESS"


class DestinationClosed(Exception):
    """The URL may not be called; nothing was sent."""

    def __init__(self, reason: Closed) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where calls may go: public addresses over https, never `closed` ones (our own); loopback in a sandbox only."""

    loopback: bool = False
    closed: tuple[IPv4Network | IPv6Network, ...] = ()
    seconds: float = SECONDS_MAX

    @classmethod
    def of(cls, *, sandbox: bool, own_networks: Sequence[str] = (), seconds: float = SECONDS_MAX) -> "Reach":
        """The reach of a profile. Refuses: ValueError for a network that is none."""
        return cls(loopback=sandbox, closed=tuple(ip_network(each) for each in own_networks), seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A complete exchange: the status, at most 64 KB of the body as it came, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: int

    @property
    def retry_after_seconds(self) -> int | None:
        """What Retry-After asks for in seconds; a date, or nonsense, is not followed."""
        said = self.headers.get("retry-after", "").strip()
        return int(said) if said.isascii() and said.isdigit() and len(said) <= 6 else None


class Silence(StrEnum):
    """Why there is no answer."""

    CLOSED = "CLOSED"
    NOT_CONNECTED = "NOT_CONNECTED"
    TIMED_OUT = "TIMED_OUT"
    BROKEN = "BROKEN"


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """No usable answer. `sent` False: surely nothing arrived; True: it may have."""

    reason: Silence
    detail: str
    sent: bool
    milliseconds: int


def checked_url(url: str, reach: Reach) -> httpx2.URL:
    """The URL as it will be called, its host in ASCII. Refuses: DestinationClosed."""
    if len(url) > URL_LENGTH_MAX or any(ord(letter) <= 32 or letter == "\\" for letter in url):
        raise DestinationClosed(Closed.URL)
    try:
        parsed = httpx2.URL(url)
        host, port = parsed.raw_host.decode("ascii"), parsed.port
    except (httpx2.InvalidURL, ValueError, TypeError) as trouble:
        raise DestinationClosed(Closed.URL) from trouble
    if parsed.userinfo or "@" in url.partition("//")[2].partition("/")[0].partition("?")[0]:
        raise DestinationClosed(Closed.USER_INFO)
    near = reach.loopback and is_near(host)
    if parsed.scheme != "https" and not (near and parsed.scheme == "http"):
        raise DestinationClosed(Closed.SCHEME)
    if port is not None and port not in PORTS and not near:
        raise DestinationClosed(Closed.PORT)
    if not near:
        _check_host(host, reach)
    return parsed


def is_near(host: str) -> bool:
    """True for this machine under its plain names: localhost, 127.0.0.1 and the like, ::1."""
    if host == "localhost":
        return True
    try:
        found = ip_address(host)
        mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
        return (mapped or found).is_loopback
    except ValueError:
        return False


def is_open(address: str, reach: Reach) -> bool:
    """True for a public address; one that carries an IPv4 address (mapped, NAT64) is judged by that one."""
    try:
        found = _unwrapped(ip_address(address))
    except ValueError:
        return False
    if any(found in network for network in reach.closed if network.version == found.version):
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in CLOSED_V4)
    return found in OPEN_V6 and not any(found in network for network in CLOSED_V6)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _check_host(host: str, reach: Reach) -> None:
    try:
        literal = ip_address(host)
    except ValueError:
        labels = host.rstrip(".").lower().split(".")
        # A name whose last label is a number is an address in disguise (octal, hexadecimal, one whole number).
        numeric = labels[-1].isdigit() or labels[-1].startswith("0x")
        if numeric or len(labels) < 2 or not all(labels) or labels[-1] in CLOSED_NAMES or len(host) > 253:
            raise DestinationClosed(Closed.HOST) from None
    else:
        if not is_open(str(literal), reach):
            raise DestinationClosed(Closed.ADDRESS)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, best first, as the system resolves it. Refuses: OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)  # 1: SOCK_STREAM
    return list(dict.fromkeys(str(where[4][0]) for where in found))


class CheckedTransport(httpx2.AsyncBaseTransport):
    """Resolves, refuses the whole name if any of its addresses is closed, and connects to what was checked."""

    def __init__(self, reach: Reach, resolve: Resolve, verify: ssl.SSLContext | None = None) -> None:
        self._reach, self._resolve = reach, resolve
        # Nothing is kept alive: a kept connection would be an address that was checked some time ago.
        self._inner = httpx2.AsyncHTTPTransport(
            verify=verify or ssl.create_default_context(),
            trust_env=False,
            limits=httpx2.Limits(max_keepalive_connections=0, max_connections=100),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = checked_url(str(request.url), self._reach)
        addresses = await self._addresses(url)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_to(request, url, address))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_to(request, url, addresses[-1]))

    async def _addresses(self, url: httpx2.URL) -> Sequence[str]:
        host = url.raw_host.decode("ascii")
        try:
            found = await self._resolve(host, url.port or (443 if url.scheme == "https" else 80))
        except (OSError, UnicodeError) as trouble:
            raise DestinationClosed(Closed.UNRESOLVED) from trouble
        if not found:
            raise DestinationClosed(Closed.UNRESOLVED)
        near = self._reach.loopback and is_near(host)
        if not all(is_near(each) if near else is_open(each, self._reach) for each in found):
            raise DestinationClosed(Closed.ADDRESS)
        return found[:ADDRESSES_TRIED_MAX]

    async def aclose(self) -> None:
        await self._inner.aclose()


def _to(request: httpx2.Request, url: httpx2.URL, address: str) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        url.copy_with(host=address),
        headers=request.headers,  # Host is in them, as the caller named it
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": url.raw_host.decode("ascii")},
    )


def open_client(reach: Reach, *, by: Resolve = resolve, verify: ssl.SSLContext | None = None) -> httpx2.AsyncClient:
    """A client for `send`; the caller closes it. `by` resolves names, `verify` replaces the system's authorities."""
    return httpx2.AsyncClient(
        transport=CheckedTransport(reach, by, verify),
        timeout=reach.seconds,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "Guerdon", "Accept-Encoding": "identity"},
    )


async def send(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS_MAX,
) -> Answered | Unanswered:
    """One call, over after `seconds` whatever the other side does; a redirect is an answer like any other.

    Refuses: ValueError for a body above REQUEST_BYTES_MAX.
    """
    if len(body) > REQUEST_BYTES_MAX:
        raise ValueError(f"a request has at most {REQUEST_BYTES_MAX} bytes")
    began = time.monotonic()

    def silent(reason: Silence, detail: object, *, sent: bool) -> Unanswered:
        return Unanswered(reason=reason, detail=str(detail)[:200], sent=sent, milliseconds=_since(began))

    try:
        async with asyncio.timeout(seconds), client.stream(method, url, content=body, headers=headers) as response:
            read = await _bounded(response.aiter_raw())
            told = {name.lower(): value for name, value in response.headers.items()}
            return Answered(status=response.status_code, headers=told, body=read, milliseconds=_since(began))
    except DestinationClosed as closed:
        return silent(Silence.CLOSED, closed.reason, sent=False)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as trouble:
        return silent(Silence.NOT_CONNECTED, trouble, sent=False)
    except (TimeoutError, httpx2.TimeoutException):
        return silent(Silence.TIMED_OUT, f"no answer within {seconds:g} seconds", sent=True)
    except httpx2.InvalidURL:
        return silent(Silence.CLOSED, Closed.URL, sent=False)
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as trouble:
        return silent(Silence.BROKEN, type(trouble).__name__, sent=True)


async def _bounded(chunks: AsyncIterator[bytes]) -> bytes:
    read = bytearray()
    async for chunk in chunks:
        read += chunk
        if len(read) >= ANSWER_BYTES_MAX:
            break
    return bytes(read[:ANSWER_BYTES_MAX])


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)
