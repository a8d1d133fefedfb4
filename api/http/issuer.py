"""The development issuer: OIDC (code + PKCE, rotating refresh) for demonstration people, never in production."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from api.http.issuer_pages import Person, choose_page, locale_of, refused_page
from api.http.signing import ACCESS_TOKEN_TYPE, ALGORITHM, SigningKey
from api.settings import Settings
from domain.access.principals import SYSTEM
from domain.access.reading import accounts_of_issuer, actor_of_subject
from domain.access.refusals import AccountDisabled, AccountNotLinked
from domain.access.spending import Spent, end_family_in, spend_in
from domain.kernel.ids import new_id
from domain.kernel.operation import Door

# Accounts of this issuer are kept under a name that does not change with the port.
DEVELOPMENT = "development"
PATH = "/issuer"
CODE_SECONDS = 60
FAMILY_SECONDS = 14 * 86_400
FORM_BYTES_MAX = 8_192
FORM_FIELDS_MAX = 20
STATE_LENGTH_MAX = 512
NO_STORE: Mapping[str, str] = {"cache-control": "no-store", "pragma": "no-cache"}
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})

CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class IssuerRefused(RuntimeError):
    """The development issuer was asked for in the production profile."""


class DevelopmentIssuer:
    """Signs in the people whose accounts are linked to `development`. Any public client may ask.

    Redirects go to loopback addresses (any port) and under allowed origins only. `url` is where it is reached.
    """

    def __init__(
        self,
        door: Door,
        key: SigningKey,
        settings: Settings,
        *,
        url: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if settings.is_production:
            raise IssuerRefused("the development issuer never runs in the production profile: set OIDC_ISSUER")
        self._door, self._key, self._clock = door, key, clock
        self._origins = settings.allowed_origins
        self._audience = settings.oidc_audience
        self._access_seconds = settings.access_token_seconds
        self.url = url

    def routes(self) -> list[Route]:
        """Discovery, keys, sign-in page, token and revocation, under `/issuer`."""
        return [
            Route(f"{PATH}/.well-known/openid-configuration", self._discovery, methods=["GET"]),
            Route(f"{PATH}/jwks", self._jwks, methods=["GET"]),
            Route(f"{PATH}/authorize", self._show, methods=["GET"]),
            Route(f"{PATH}/authorize", self._choose, methods=["POST"]),
            Route(f"{PATH}/token", self._token, methods=["POST"]),
            Route(f"{PATH}/revoke", self._revoke, methods=["POST"]),
        ]

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "revocation_endpoint": f"{self.url}/revoke",
                "jwks_uri": f"{self.url}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid", "offline_access"],
                "ui_locales_supported": ["en", "fr"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(self._key.jwks())

    async def _show(self, request: Request) -> Response:
        asked = _single(request.url.query)
        locale = locale_of((asked or {}).get("ui_locales"), request.headers.get("accept-language"))
        refused = self._refused(asked, locale)
        if asked is None or refused is not None:
            return refused or refused_page("repeated", locale)
        accounts = await accounts_of_issuer(self._door.database, DEVELOPMENT)
        people = [Person(subject=one.subject, name=one.name, role=one.role.value) for one in accounts]
        return choose_page(people, f"{PATH}/authorize", asked, asked["redirect_uri"], locale)

    async def _choose(self, request: Request) -> Response:
        asked = await _form(request)
        locale = locale_of((asked or {}).get("ui_locales"), request.headers.get("accept-language"))
        refused = self._refused(asked, locale)
        if asked is None or refused is not None:
            return refused or refused_page("repeated", locale)
        subject = asked.get("subject", "")
        if not await self._may_sign_in(subject):
            return refused_page("subject", locale)
        now = int(self._clock())
        grant = {
            "jti": str(new_id()),
            "fam": str(new_id()),
            "sub": subject,
            "cid": asked["client_id"],
            "nonce": asked.get("nonce"),
            "end": now + FAMILY_SECONDS,
            "exp": now + CODE_SECONDS,
            "uri": asked["redirect_uri"],
            "chl": asked["code_challenge"],
        }
        return self._back(asked, {"code": self._key.seal("code", grant)})

    def _refused(self, asked: Mapping[str, str] | None, locale: str) -> Response | None:
        if asked is None:
            return refused_page("repeated", locale)
        if not CLIENT_ID.fullmatch(asked.get("client_id", "")):
            return refused_page("client", locale)
        if not self.is_redirect_allowed(asked.get("redirect_uri", "")):
            return refused_page("redirect", locale)
        if asked.get("response_type") != "code":
            return self._back(asked, {"error": "unsupported_response_type"})
        if len(asked.get("state", "")) > STATE_LENGTH_MAX or len(asked.get("nonce", "")) > STATE_LENGTH_MAX:
            return self._back({**asked, "state": ""}, {"error": "invalid_request"})
        if asked.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(asked.get("code_challenge", "")):
            return self._back(asked, {"error": "invalid_request", "error_description": "PKCE with S256 is required"})
        return None

    def is_redirect_allowed(self, uri: str) -> bool:
        """True for a loopback address of a native app or local page, and for a page under an allowed origin."""
        if len(uri) > 1_024 or not uri.isascii() or not uri.isprintable() or any(c in uri for c in " \\#"):
            return False
        try:
            parts = urlsplit(uri)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        if "@" in parts.netloc:
            return False
        if parts.scheme == "http" and host in LOOPBACK_HOSTS:
            return True
        return f"{parts.scheme}://{parts.netloc}".lower() in self._origins

    def _back(self, asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
        parts = urlsplit(asked["redirect_uri"])
        told = {**answer, "iss": self.url, **({"state": asked["state"]} if asked.get("state") else {})}
        query = "&".join(part for part in (parts.query, urlencode(told)) if part)
        target = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))
        return RedirectResponse(target, 303, headers=NO_STORE)

    async def _token(self, request: Request) -> Response:
        asked = await _form(request)
        if asked is None:
            return _error("invalid_request")
        match asked.get("grant_type"):
            case "authorization_code":
                grant = self._code(asked)
            case "refresh_token":
                grant = self._key.unseal("refresh", asked.get("refresh_token", ""))
            case _:
                return _error("unsupported_grant_type")
        if grant is None or grant["exp"] <= self._clock() or grant["cid"] != asked.get("client_id"):
            return _error("invalid_grant")
        family_ends_at = datetime.fromtimestamp(grant["end"], UTC)
        spent = await self._door.operate(
            SYSTEM, lambda op: spend_in(op, UUID(grant["jti"]), UUID(grant["fam"]), family_ends_at)
        )
        if spent is not Spent.FRESH or not await self._may_sign_in(grant["sub"]):
            return _error("invalid_grant")
        return JSONResponse(self._tokens(grant), headers=NO_STORE)

    def _code(self, asked: Mapping[str, str]) -> dict[str, Any] | None:
        grant = self._key.unseal("code", asked.get("code", ""))
        verifier = asked.get("code_verifier", "")
        if grant is None or grant["uri"] != asked.get("redirect_uri") or not VERIFIER.fullmatch(verifier):
            return None
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return grant if hmac.compare_digest(digest, grant["chl"]) else None

    async def _may_sign_in(self, subject: str) -> bool:
        try:
            await actor_of_subject(self._door.database, DEVELOPMENT, subject)
        except (AccountNotLinked, AccountDisabled):
            return False
        return True

    def _tokens(self, grant: Mapping[str, Any]) -> dict[str, Any]:
        now = int(self._clock())
        renewed = {
            "jti": str(new_id()),
            "fam": grant["fam"],
            "sub": grant["sub"],
            "cid": grant["cid"],
            "end": grant["end"],
            "exp": grant["end"],
        }
        identity = {"iss": self.url, "sub": grant["sub"], "aud": grant["cid"], "iat": now, "exp": now + 300}
        if grant.get("nonce"):
            identity["nonce"] = grant["nonce"]
        return {
            "access_token": mint_token(
                self._key,
                issuer=self.url,
                audience=self._audience,
                subject=grant["sub"],
                seconds=self._access_seconds,
                client_id=grant["cid"],
                now=now,
            ),
            "token_type": "Bearer",
            "expires_in": self._access_seconds,
            "refresh_token": self._key.seal("refresh", renewed),
            "id_token": self._key.sign(identity, "JWT"),
            "scope": "openid offline_access",
        }

    async def _revoke(self, request: Request) -> Response:
        asked = await _form(request)
        if asked is None:
            return _error("invalid_request")
        grant = self._key.unseal("refresh", asked.get("token", ""))
        if grant is not None:
            ends_at = datetime.fromtimestamp(grant["end"], UTC)
            await self._door.operate(SYSTEM, lambda op: end_family_in(op, UUID(grant["fam"]), ends_at))
        return Response(status_code=200, headers=NO_STORE)


def mint_token(
    key: SigningKey,
    *,
    issuer: str,
    audience: str,
    subject: str,
    seconds: int,
    client_id: str = "guerdon-cli",
    now: int | None = None,
    email: str | None = None,
) -> str:
    """An access token of the development issuer for a subject, good for `seconds`; `email` is told as verified."""
    issued_at = int(time.time()) if now is None else now
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "client_id": client_id,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + seconds,
        "jti": str(new_id()),
    }
    if email is not None:
        claims |= {"email": email, "email_verified": True}
    return key.sign(claims, ACCESS_TOKEN_TYPE)


def _error(code: str) -> Response:
    return JSONResponse({"error": code}, 400, headers=NO_STORE)


async def _form(request: Request) -> dict[str, str] | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return None
    return _single(body.decode("ascii", "replace"))


def _single(text: str) -> dict[str, str] | None:
    """Parameters by name; None where one comes twice, there are too many, or they are no text."""
    if len(text) > FORM_BYTES_MAX:
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        return None
    found = dict(pairs)
    return None if len(found) < len(pairs) or any("\x00" in value for value in found.values()) else found
