"""People sign in through the development issuer or an outside one; whatever is forged, stale or reused is refused."""

import asyncio
import base64
import json
import socket
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.http.issuer import DEVELOPMENT, DevelopmentIssuer, IssuerRefused
from api.http.signing import KEY_FILE, KeyFileRefused, SigningKey
from api.settings import Profile, Settings
from domain.access.admitting import Invitation, link_account, unlink_account
from domain.access.principals import SYSTEM, Role
from domain.access.reading import actor_of_subject
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from tests.graph.signing_in import (
    ORIGIN,
    REDIRECT,
    OutsideIssuer,
    Proof,
    Server,
    asking,
    choose,
    returned,
    running,
    sign_in_server,
    signed_in,
)

ADA, BOB = "ada", "bob&<co>"


@pytest.fixture(scope="module")
async def door(database: str) -> AsyncIterator[Door]:
    db = await Database.open(database)
    opened = Door(db)
    for subject, role in ((ADA, Role.ADMIN), (BOB, Role.CHANNEL_MANAGER)):
        await link_account(opened, SYSTEM, Invitation(issuer=DEVELOPMENT, subject=subject, role=role, name=subject))
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


async def test_code_and_pkce_lead_to_a_token_that_the_face_accepts(server: Server, door: Door) -> None:
    tokens = await signed_in(server, BOB)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 120)
    account = await actor_of_subject(door.database, DEVELOPMENT, BOB)
    status, body = await server.ask(tokens["access_token"])
    assert (status, body["data"]) == (200, {"role": "CHANNEL_MANAGER", "principal": str(account.principal_id)})
    assert (await server.ask(None))[1]["data"] == {"role": "ANONYMOUS", "principal": None}
    caller = await server.recognizer.actor(f"Bearer {tokens['access_token']}")
    assert caller.expires_at is not None
    assert 100 < caller.expires_at.timestamp() - time.time() <= 121


async def test_discovery_names_what_is_there(server: Server) -> None:
    found = (await server.client.get(f"{server.issuer}/.well-known/openid-configuration")).json()
    assert (found["issuer"], found["code_challenge_methods_supported"]) == (server.issuer, ["S256"])
    [key] = (await server.client.get(found["jwks_uri"])).json()["keys"]
    assert (key["alg"], key["use"], "d" in key) == ("ES256", "sig", False)


async def test_the_page_speaks_the_readers_language_and_trusts_no_name(server: Server) -> None:
    answer = await server.client.get(
        f"{server.issuer}/authorize", params=asking(Proof()), headers={"accept-language": "fr-CH,fr;q=0.9"}
    )
    assert 'lang="fr"' in answer.text
    assert "Responsable de réseau" in answer.text
    assert "<co>" not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_the_id_token_answers_the_nonce(server: Server) -> None:
    proof = Proof()
    back = await choose(server, ADA, asking(proof, nonce="n-7"))
    assert (back["state"], back["iss"]) == ("s-1", server.issuer)
    _, tokens = await _exchange(server, back["code"], proof)
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    assert (claims["nonce"], claims["aud"], claims["sub"]) == ("n-7", "guerdon-web", ADA)
    assert await server.refusal(tokens["id_token"]) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "more",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"response_type": "token"},
        {"state": "s" * 513},
    ],
)
async def test_a_request_without_s256_goes_back_with_an_error(server: Server, more: dict[str, str | None]) -> None:
    answer = await server.client.get(f"{server.issuer}/authorize", params=asking(Proof(), **more))
    assert returned(answer)["error"] in ("invalid_request", "unsupported_response_type")
    pressed = await server.client.post(f"{server.issuer}/authorize", data={**asking(Proof(), **more), "subject": ADA})
    assert "code" not in returned(pressed)


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("http://127.0.0.1:1/x", True),
        ("http://localhost/x?y=1", True),
        ("http://[::1]:5173/", True),
        (f"{ORIGIN}/signed-in", True),
        ("https://portal.example.evil.test/", False),
        ("https://portal.example@evil.test/", False),
        ("https://evil.test/?https://portal.example", False),
        ("http://portal.example/", False),
        ("https://127.0.0.1/", False),
        ("http://127.0.0.1.evil.test/", False),
        ("http://127.0.0.1:1/#x", False),
        ("http://127.0.0.1\\@evil.test/", False),
        ("http://127.0.0.1:99999/", False),
        ("http://user@127.0.0.1/", False),
        ("javascript:alert(1)", False),
        ("guerdon:/done", False),
        ("", False),
        ("http://127.0.0.1/" + "a" * 1_007, True),
        ("http://127.0.0.1/" + "a" * 1_008, False),
    ],
)
async def test_redirects_go_to_loopback_and_allowed_origins_only(server: Server, uri: str, allowed: bool) -> None:
    answer = await server.client.get(f"{server.issuer}/authorize", params=asking(Proof(), redirect_uri=uri))
    assert answer.status_code == (200 if allowed else 400)
    assert "location" not in answer.headers


async def test_a_parameter_named_twice_is_refused(server: Server) -> None:
    parameters = [*asking(Proof()).items(), ("redirect_uri", "http://127.0.0.1:2/other")]
    assert (await server.client.get(f"{server.issuer}/authorize", params=parameters)).status_code == 400


async def test_a_code_fits_one_verifier_one_client_and_one_address(server: Server) -> None:
    proof = Proof()
    code = (await choose(server, ADA, asking(proof)))["code"]
    for more in (
        {"code_verifier": Proof().verifier},
        {"code_verifier": ""},
        {"client_id": "another"},
        {"redirect_uri": REDIRECT + "/"},
        {"code": code[:-2] + ("AA" if code[-2:] != "AA" else "BB")},
        {"code": ""},
    ):
        assert await _exchange(server, **{"code": code, "proof": proof, **more}) == (400, {"error": "invalid_grant"})
    assert (await _exchange(server, code, proof))[0] == 200


async def test_a_code_used_twice_ends_what_grew_from_it(server: Server) -> None:
    proof = Proof()
    code = (await choose(server, ADA, asking(proof)))["code"]
    _, tokens = await _exchange(server, code, proof)
    assert await _exchange(server, code, proof) == (400, {"error": "invalid_grant"})
    assert (await _refresh(server, tokens["refresh_token"]))[0] == 400


async def test_a_code_lasts_a_minute(server: Server) -> None:
    proof = Proof()
    code = (await choose(server, ADA, asking(proof)))["code"]
    server.clock.ahead = 61
    try:
        assert (await _exchange(server, code, proof))[0] == 400
    finally:
        server.clock.ahead = 0


async def test_refreshing_rotates_and_a_reuse_ends_the_family(server: Server) -> None:
    first = (await signed_in(server, ADA))["refresh_token"]
    status, second = await _refresh(server, first)
    assert status == 200
    assert (await server.ask(second["access_token"]))[0] == 200
    status, third = await _refresh(server, second["refresh_token"])
    assert status == 200
    assert (await _refresh(server, first))[0] == 400
    assert (await _refresh(server, third["refresh_token"]))[0] == 400


async def test_of_two_refreshes_at_once_at_most_one_wins(server: Server) -> None:
    token = (await signed_in(server, ADA))["refresh_token"]
    answers = await asyncio.gather(*(_refresh(server, token) for _ in range(6)))
    assert [status for status, _ in answers].count(200) == 1


async def test_signing_out_ends_the_family(server: Server) -> None:
    token = (await signed_in(server, ADA))["refresh_token"]
    answer = await server.client.post(f"{server.issuer}/revoke", data={"token": token})
    assert answer.status_code == 200
    assert (await _refresh(server, token))[0] == 400


async def test_a_refresh_token_ends_with_its_client_its_account_and_its_fortnight(server: Server, door: Door) -> None:
    invitation = Invitation(issuer=DEVELOPMENT, subject="cid", role=Role.ADMIN, name="Cid")
    account_id = await link_account(door, SYSTEM, invitation)
    tokens = await signed_in(server, "cid")
    assert (await server.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"], client_id="x"))[
        0
    ] == 400
    server.clock.ahead = 14 * 86_400 + 1
    assert (await _refresh(server, tokens["refresh_token"]))[0] == 400
    server.clock.ahead = 0
    await unlink_account(door, SYSTEM, account_id)
    assert (await _refresh(server, tokens["refresh_token"]))[0] == 400
    assert await server.refusal(tokens["access_token"]) == "ACCESS_REVOKED"


async def test_the_token_endpoint_reads_small_forms_only(server: Server) -> None:
    for content, kind in (
        (b"grant_type=refresh_token&refresh_token=" + b"a" * 8_192, "application/x-www-form-urlencoded"),
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
    ):
        answer = await server.client.post(f"{server.issuer}/token", content=content, headers={"content-type": kind})
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert await server.token(grant_type="password") == (400, {"error": "unsupported_grant_type"})


async def test_a_page_of_an_allowed_origin_may_read_the_tokens(server: Server) -> None:
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.test", None)):
        answer = await server.client.post(f"{server.issuer}/token", data={"x": "y"}, headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed


async def test_production_has_no_development_issuer(door: Door, tmp_path: Path) -> None:
    settings = Settings(profile=Profile.PRODUCTION, home=tmp_path)
    with pytest.raises(IssuerRefused):
        DevelopmentIssuer(door, SigningKey.kept_in(tmp_path), settings, url="http://127.0.0.1/issuer")


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first, second = SigningKey.kept_in(tmp_path), SigningKey.kept_in(tmp_path)
    file = tmp_path / KEY_FILE
    assert first.key_id == second.key_id
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert second.unseal("code", first.seal("code", {"a": 1})) == {"a": 1}
    assert second.unseal("refresh", first.seal("code", {"a": 1})) is None
    file.chmod(0o644)
    with pytest.raises(KeyFileRefused):
        SigningKey.kept_in(tmp_path)


async def _exchange(server: Server, code: str, proof: Proof, **more: str) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "client_id": "guerdon-web",
        "code_verifier": proof.verifier,
        **more,
    }
    return await server.token(**form)


async def _refresh(server: Server, token: str) -> tuple[int, dict[str, Any]]:
    return await server.token(grant_type="refresh_token", refresh_token=token, client_id="guerdon-web")
