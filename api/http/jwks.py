"""Where an issuer's public keys come from: our own file, or an outside issuer's published set, cached and rotated."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import httpx2
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey

from api.http.signing import SigningKey
from domain.access.refusals import IssuerUnreachable

PublicKey = RSAKey | ECKey | OKPKey

FETCH_SECONDS_MAX = 5.0
BYTES_MAX = 65_536
KEYS_MAX = 50
RSA_BITS_MIN = 2_048
FRESH_SECONDS = 600.0
STALE_SECONDS = 86_400.0
# An unknown key id asks again, but however many are shown, no more often than this.
PAUSE_SECONDS = 30.0
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class KeySource(Protocol):
    """Public keys by id."""

    async def key(self, key_id: str) -> PublicKey | None:
        """The key, None where the issuer has none of this id. Refuses: IssuerUnreachable."""
        ...


class OwnKeys:
    """The development issuer's one key."""

    def __init__(self, key: SigningKey) -> None:
        self._key_id, self._public = key.key_id, key.public

    async def key(self, key_id: str) -> PublicKey | None:
        """The key where the id is its own."""
        return self._public if key_id == self._key_id else None


class RemoteKeys:
    """An outside issuer's keys, found by discovery; kept ten minutes, or a day while the issuer cannot be reached."""

    def __init__(
        self,
        issuer: str,
        client: httpx2.AsyncClient,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._issuer, self._client, self._clock, self._pause = issuer, client, clock, pause_seconds
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._turn = asyncio.Lock()

    async def key(self, key_id: str) -> PublicKey | None:
        """The key of this id. Refuses: IssuerUnreachable where nothing usable is known."""
        if key_id in self._keys and self._age() < FRESH_SECONDS:
            return self._keys[key_id]
        async with self._turn:
            if (key_id not in self._keys or self._age() >= FRESH_SECONDS) and self._may_ask():
                self._asked_at = self._clock()
                await self._fetch()
        if self._age() >= STALE_SECONDS:
            raise IssuerUnreachable(retry_after_ms=int(self._pause * 1000))
        return self._keys.get(key_id)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _may_ask(self) -> bool:
        return self._asked_at is None or self._clock() - self._asked_at >= self._pause

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                found = await self._json(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self._issuer:
                    return
                published = await self._json(str(found.get("jwks_uri", "")))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError):
            return  # what is known stays in use until it is stale; then key() refuses
        listed = published.get("keys")
        self._keys = usable_keys(cast("list[object]", listed) if isinstance(listed, list) else [])
        self._fetched_at = self._clock()

    async def _json(self, url: str) -> Mapping[str, Any]:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
            raise ValueError("keys are fetched by https only")
        body = bytearray()
        async with self._client.stream("GET", url, follow_redirects=False) as response:
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > BYTES_MAX:
                    raise ValueError(f"more than {BYTES_MAX} bytes")
        decoded = orjson.loads(body)
        if not isinstance(decoded, dict):
            raise ValueError("no JSON object")
        return cast("Mapping[str, Any]", decoded)


def usable_keys(listed: list[object]) -> dict[str, PublicKey]:
    """The published keys that verify signatures, by id; at most 50, never a shared secret, RSA from 2,048 bits on."""
    keys: dict[str, PublicKey] = {}
    for one in listed[:KEYS_MAX]:
        if not isinstance(one, dict):
            continue
        spelled = cast("dict[str, Any]", one)
        if spelled.get("use", "sig") != "sig" or not isinstance(spelled.get("kid"), str):
            continue
        try:
            key = JWKRegistry.import_key(spelled)
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a key of a kind we do not know is no reason to refuse the others
        if isinstance(key, OctKey) or key.is_private:
            continue
        if isinstance(key, RSAKey) and key.raw_value.key_size < RSA_BITS_MIN:
            continue
        keys[spelled["kid"]] = key
    return keys
