"""Where a supplier may be called: public addresses only, looked up and judged by us at every call (no SSRF)."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

PORTS = frozenset({443, 8443})
URL_LENGTH_MAX = 500
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class AddressRefused(ValueError):
    """The URL or where it leads to is not a place that suppliers may be called at."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One checked place: connect to `url`, which names an address, and speak to `host` there."""

    url: str
    host: str
    authority: str


def checked_url(text: str, *, sandbox: bool) -> SplitResult:
    """The parts of a URL that may be called. A sandbox may also use http and any port, on this machine alone.

    Refuses: AddressRefused.
    """
    if len(text) > URL_LENGTH_MAX or not text.isascii() or not text.isprintable() or " " in text:
        raise AddressRefused(f"a URL is printable ASCII, at most {URL_LENGTH_MAX} characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as trouble:
        raise AddressRefused("this is not a URL") from trouble
    if parts.scheme != "https" and not (sandbox and parts.scheme == "http"):
        raise AddressRefused("must begin with https://")
    if not parts.hostname or "@" in parts.netloc or parts.fragment or parts.query:
        raise AddressRefused("names a host, no user, no query and no fragment")
    if port is not None and port not in PORTS and not sandbox:
        raise AddressRefused("the port is 443 or 8443")
    return parts


async def found_place(text: str, *, sandbox: bool) -> Place:
    """The place to connect to: its host was looked up just now, and every address it has is allowed.

    Refuses: AddressRefused; OSError where the host has no address.
    """
    parts = checked_url(text, sandbox=sandbox)
    assert parts.hostname is not None, "checked_url found a host"
    port = parts.port or (443 if parts.scheme == "https" else 80)
    told = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in told]
    if not addresses or not all(_allowed(address, parts, port, sandbox=sandbox) for address in addresses):
        raise AddressRefused("leads to an address that is not public")
    chosen = addresses[0].partition("%")[0]
    literal = f"[{chosen}]" if ":" in chosen else chosen
    return Place(
        url=f"{parts.scheme}://{literal}:{port}{parts.path or '/'}", host=parts.hostname, authority=parts.netloc
    )


def is_public(address: str) -> bool:
    """True for an address of the public internet; what hides an IPv4 address inside is judged by that one."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return False
        hidden = _hidden(found)
        if hidden is not None and not is_public(str(hidden)):
            return False
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def _allowed(address: str, parts: SplitResult, port: int, *, sandbox: bool) -> bool:
    if sandbox and ip_address(address.partition("%")[0]).is_loopback:
        return True
    return parts.scheme == "https" and port in PORTS and is_public(address)


def _hidden(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
