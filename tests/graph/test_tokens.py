"""Tokens and keys become actors; whatever is forged, stale, foreign or revoked is refused before a resolver runs."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from api.http.auth import CODES
from api.http.issuer import DEVELOPMENT, mint_token
from api.settings import Settings
from domain.access.admitting import Invitation, link_account
from domain.access.granting import create_key_in, revoke_key
from domain.access.keys import KeyKind
from domain.access.principals import SYSTEM, Role, Scope
from domain.access.refusals import (
    AccountAlreadyLinked,
    AccountManagerAssigned,
    RateLimited,
    RoleNotGrantable,
    ScopeMissing,
)
from domain.kernel.operation import Door
from domain.kernel.refusals import every_refusal
from domain.kernel.sql import Database
from tests.graph.signing_in import ORIGIN, OutsideIssuer, Server, running, sign_in_server

ADA = "ada"


@pytest.fixture(scope="module")
async def door(database: str) -> AsyncIterator[Door]:
    db = await Database.open(database)
    opened = Door(db)
    await link_account(opened, SYSTEM, Invitation(issuer=DEVELOPMENT, subject=ADA, role=Role.ADMIN, name="Ada"))
    yield opened
    await opened.close()
    await db.close()


@pytest.fixture(scope="module")
async def outside() -> AsyncIterator[OutsideIssuer]:
    listener = socket.create_server(("127.0.0.1", 0))
    issuer = OutsideIssuer(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    async with running(issuer.app(), listener, Settings()):
        yield issuer


@pytest.fixture(scope="module")
async def server(door: Door, outside: OutsideIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), allowed_origins=(ORIGIN,), access_token_seconds=120)
    async with sign_in_server(door, settings, outside.url) as started:
        yield started


async def test_forged_and_stale_tokens_are_refused(server: Server) -> None:
    now = int(time.time())
    good = {"iss": server.issuer, "sub": ADA, "aud": "guerdon", "iat": now, "nbf": now, "exp": now + 60}
    assert await server.refusal(server.key.sign(good, "at+jwt")) == "ACCEPTED"
    wrong: dict[str, dict[str, Any]] = {
        "aud": {"aud": "other"},
        "no aud": {"aud": None},
        "iss": {"iss": "https://evil.test"},
        "no iss": {"iss": None},
        "nbf": {"nbf": now + 120},
        "no exp": {"exp": None},
        "exp as text": {"exp": "tomorrow"},
        "no sub": {"sub": None},
        "sub as number": {"sub": 7},
        "long sub": {"sub": "s" * 256},
    }
    for name, claims in wrong.items():
        told = {key: value for key, value in {**good, **claims}.items() if value is not None}
        assert await server.refusal(server.key.sign(told, "at+jwt")) == "UNAUTHENTICATED", name
    assert await server.refusal(server.key.sign({**good, "exp": now - 50}, "at+jwt")) == "ACCEPTED"
    assert await server.refusal(server.key.sign({**good, "exp": now - 62}, "at+jwt")) == "TOKEN_EXPIRED"
    assert await server.refusal(server.key.sign(good, "JWT")) == "UNAUTHENTICATED"
    assert await server.refusal(server.key.sign({**good, "sub": "nobody"}, "at+jwt")) == "ACCOUNT_NOT_LINKED"


async def test_only_the_issuers_own_key_and_algorithm_count(server: Server) -> None:
    now = int(time.time())
    claims = {"iss": server.issuer, "sub": ADA, "aud": "guerdon", "iat": now, "exp": now + 60}
    other, kid = ECKey.generate_key("P-256"), server.key.key_id
    public = json.dumps(server.key.jwks()["keys"][0]).encode()
    forged = {
        "another key under our id": _signed(claims, other, "ES256", kid),
        "an unknown id": _signed(claims, other, "ES256", "other"),
        "no id": _signed(claims, other, "ES256", None),
        "a shared secret": _signed(claims, OctKey.import_key(public), "HS256", kid),
        "another algorithm": _signed(claims, RSAKey.generate_key(2048), "RS256", kid),
        "none": _unsigned(claims, "none", kid),
        "None": _unsigned(claims, "None", kid),
        "a critical header": _unsigned(claims, "ES256", kid, crit=["x"]),
    }
    for name, token in forged.items():
        assert await server.refusal(token) == "UNAUTHENTICATED", name
    for text in ("a.b.c", "..", "a" * 8_193, "gk_live_x", ".".join(["e30"] * 5)):
        assert await server.refusal(text) == "UNAUTHENTICATED", text
    own = mint_token(server.key, issuer=server.issuer, audience="guerdon", subject=ADA, seconds=60)
    head, body, signature = own.split(".")
    assert await server.refusal(f"{head}.{body}.{signature[:-4]}AAAA") == "UNAUTHENTICATED"
    basic = await server.client.post(
        f"{server.url}/graphql", json={"query": "{ role }"}, headers={"authorization": f"Basic {own}"}
    )
    assert basic.status_code == 401


async def test_an_outside_issuers_keys_are_fetched_kept_and_rotated(
    server: Server, outside: OutsideIssuer, door: Door
) -> None:
    old, new = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
    outside.keys = [
        {**old.as_dict(private=False), "kid": "old"},
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "shared"},
        {"kty": "strange", "kid": "strange"},
    ]
    now = int(time.time())
    claims = {"iss": outside.url, "sub": "dora", "aud": ["guerdon", "x"], "iat": now, "exp": now + 60}
    token = _signed(claims, old, "RS256", "old")
    assert await server.refusal(token) == "ACCOUNT_NOT_LINKED"
    await link_account(door, SYSTEM, Invitation(issuer=outside.url, subject="dora", role=Role.ADMIN, name="Dora"))
    assert (await server.ask(token))[1]["data"]["role"] == "ADMIN"
    shared = OctKey.import_key({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0"})
    assert await server.refusal(_signed(claims, shared, "HS256", "shared")) == "UNAUTHENTICATED"
    asked = outside.asked
    await asyncio.gather(*(server.ask(token) for _ in range(5)))
    assert outside.asked == asked
    outside.keys = [{**new.as_dict(private=False), "kid": "new"}]
    await asyncio.sleep(0.25)
    assert (await server.ask(_signed(claims, new, "ES256", "new")))[0] == 200
    assert await server.refusal(token) == "UNAUTHENTICATED"


async def test_unknown_key_ids_do_not_hammer_an_issuer(server: Server, outside: OutsideIssuer) -> None:
    key, now = ECKey.generate_key("P-256"), int(time.time())
    claims = {"iss": outside.url, "sub": "dora", "aud": "guerdon", "iat": now, "exp": now + 60}
    await asyncio.sleep(0.25)
    asked, started = outside.asked, time.monotonic()
    await asyncio.gather(*(server.refusal(_signed(claims, key, "ES256", f"id{n}")) for n in range(20)))
    # Once, and once more for every pause that went by meanwhile on a slow machine.
    assert outside.asked - asked <= 2 + (time.monotonic() - started) // 0.2


async def test_an_issuer_that_cannot_be_reached_is_no_reason_to_refuse_for_ever(door: Door, tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    issuer = OutsideIssuer(url=f"http://127.0.0.1:{listener.getsockname()[1]}", down=True)
    key, now = ECKey.generate_key("P-256"), int(time.time())
    issuer.keys = [{**key.as_dict(private=False), "kid": "k"}]
    claims = {"iss": issuer.url, "sub": "nobody", "aud": "guerdon", "iat": now, "exp": now + 60}
    settings = Settings(home=tmp_path)
    async with running(issuer.app(), listener, settings), sign_in_server(door, settings, issuer.url) as server:
        token = _signed(claims, key, "ES256", "k")
        status, body = await server.ask(token)
        assert (status, body["errors"][0]["extensions"]["code"]) == (503, "SIGN_IN_UNAVAILABLE")
        assert body["errors"][0]["extensions"]["retryAfterMs"] == 200
        issuer.down = False
        await asyncio.sleep(0.25)
        assert await server.refusal(token) == "ACCOUNT_NOT_LINKED"


async def test_a_machine_shows_its_key(server: Server, door: Door) -> None:
    live = await door.operate(SYSTEM, lambda op: create_key_in(op, name="CRM", scopes=[Scope.ACTIVITIES_WRITE]))
    test = await door.operate(
        SYSTEM, lambda op: create_key_in(op, name="CRM", scopes=[Scope.ACTIVITIES_WRITE], kind=KeyKind.TEST)
    )
    _, body = await server.ask(live.text)
    assert body["data"] == {"role": "INTEGRATION", "principal": str(live.id)}
    assert await server.refusal(test.text or "") == "UNAUTHENTICATED"
    await revoke_key(door, SYSTEM, live.id)
    assert await server.refusal(live.text or "") == "ACCESS_REVOKED"


def test_every_refusal_of_a_credential_has_its_code() -> None:
    told = {kind for kind in every_refusal() if kind.__module__ == "domain.access.refusals"}
    beyond = {AccountAlreadyLinked, AccountManagerAssigned, RateLimited, RoleNotGrantable, ScopeMissing}
    assert told - beyond == set(CODES)


def _signed(claims: dict[str, Any], key: Any, algorithm: str, kid: str | None) -> str:
    header = {"alg": algorithm, "typ": "at+jwt", **({"kid": kid} if kid else {})}
    return jwt.encode(header, dict(claims), key, algorithms=[algorithm])


def _unsigned(claims: dict[str, Any], algorithm: str, kid: str, **header: Any) -> str:
    parts = ({"alg": algorithm, "typ": "at+jwt", "kid": kid, **header}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."
