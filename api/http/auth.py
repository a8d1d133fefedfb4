"""Who calls: an API key or a token becomes an actor; everything else is refused before a resolver runs."""

import base64
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwt import JWTClaimsRegistry

from api.http.callers import Credentials
from api.http.errors import Code, RequestRefused
from api.http.issuer import DEVELOPMENT
from api.http.jwks import KeySource, OwnKeys
from api.http.signing import ACCESS_TOKEN_TYPE, ALGORITHM, SigningKey
from domain.access.keys import ApiKeyText, KeyKind, is_key
from domain.access.principals import ANONYMOUS, Actor, Identity, Role
from domain.access.reading import actor_again, actor_of_key, actor_of_subject
from domain.access.refusals import (
    AccountDisabled,
    AccountNotLinked,
    CredentialNotAccepted,
    IssuerUnreachable,
    KeyExpired,
    KeyRevoked,
    TokenExpired,
)
from domain.kernel.refusals import Refusal
from domain.kernel.sql import Database

TOKEN_LENGTH_MAX = 8_192
SUBJECT_LENGTH_MAX = 255
EMAIL_LENGTH_MAX = 254
KEY_ID_LENGTH_MAX = 256
LEEWAY_SECONDS = 60
# Asymmetric signatures only: with a shared secret, or none, whoever verifies could also sign.
OUTSIDE_ALGORITHMS = frozenset({"ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519"})

CODES: Mapping[type[Refusal], Code] = {
    CredentialNotAccepted: Code.UNAUTHENTICATED,
    KeyExpired: Code.UNAUTHENTICATED,
    TokenExpired: Code.TOKEN_EXPIRED,
    KeyRevoked: Code.ACCESS_REVOKED,
    AccountDisabled: Code.ACCESS_REVOKED,
    AccountNotLinked: Code.ACCOUNT_NOT_LINKED,
    IssuerUnreachable: Code.SIGN_IN_UNAVAILABLE,
}


@dataclass(frozen=True, kw_only=True)
class TrustedIssuer:
    """Whose tokens are believed. `account_issuer` is the name its accounts are linked under."""

    url: str
    audience: str
    account_issuer: str
    keys: KeySource
    algorithms: Collection[str] = OUTSIDE_ALGORITHMS
    kind: str | None = None


def development_issuer(url: str, audience: str, key: SigningKey) -> TrustedIssuer:
    """Our own issuer: one algorithm, and access tokens only."""
    return TrustedIssuer(
        url=url,
        audience=audience,
        account_issuer=DEVELOPMENT,
        keys=OwnKeys(key),
        algorithms=frozenset({ALGORITHM}),
        kind=ACCESS_TOKEN_TYPE,
    )


def outside_issuer(url: str, audience: str, keys: KeySource) -> TrustedIssuer:
    """An issuer named by setting; its accounts are linked under its URL."""
    return TrustedIssuer(url=url, audience=audience, account_issuer=url, keys=keys)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What a token proved: this subject of this issuer, until an instant; `email` only where it was verified."""

    account_issuer: str
    subject: str
    expires_at: datetime
    email: str | None = None

    @property
    def identity(self) -> Identity:
        """As the domain takes it."""
        return Identity(issuer=self.account_issuer, subject=self.subject, email=self.email)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The actor as the face wants it: an anonymous one has no principal, an id is text; `address` is where from."""

    actor: Actor = field(default=ANONYMOUS)
    address: str = "local"

    @property
    def principal_id(self) -> str | None:
        """The account's or key's id; None for an anonymous caller."""
        return None if self.actor.role is Role.ANONYMOUS else str(self.actor.principal_id)

    @property
    def is_stranger(self) -> bool:
        """True for somebody who is signed in, and linked to no account."""
        return self.actor.is_stranger

    @property
    def expires_at(self) -> datetime | None:
        """When the credential ends; None for never."""
        return self.actor.expires_at


class Recognizer:
    """The face's `Authenticate`: one statement a request, nothing remembered, so a revocation counts at once."""

    def __init__(
        self,
        database: Database,
        issuers: Collection[TrustedIssuer],
        *,
        test_keys: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._test_keys, self._clock = database, test_keys, clock
        self._issuers = {issuer.url: issuer for issuer in issuers}

    async def __call__(self, credentials: Credentials) -> Caller:
        """The caller; anonymous where nothing was shown.

        Refuses: RequestRefused (UNAUTHENTICATED, TOKEN_EXPIRED, ACCESS_REVOKED, ACCOUNT_NOT_LINKED,
        SIGN_IN_UNAVAILABLE).
        """
        try:
            actor = await self.actor(credentials.authorization, strangers=credentials.admits_strangers)
            return Caller(actor=actor, address=credentials.address)
        except Refusal as refusal:
            raise _told(refusal) from None

    async def again(self, caller: Caller) -> Caller:
        """The same caller as of now, for each delivery of a long stream. Refuses: as calling."""
        try:
            return Caller(actor=await actor_again(self._database, caller.actor), address=caller.address)
        except Refusal as refusal:
            raise _told(refusal) from None

    async def actor(self, authorization: str | None, *, strangers: bool = False) -> Actor:
        """Whom the value of Authorization proves; with `strangers` also somebody whom no account is linked to.

        Refuses: CredentialNotAccepted; TokenExpired; KeyExpired; KeyRevoked; AccountNotLinked; AccountDisabled;
        IssuerUnreachable.
        """
        if not authorization:
            return ANONYMOUS
        scheme, _, text = authorization.partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text or len(text) > TOKEN_LENGTH_MAX:
            raise CredentialNotAccepted(reason="scheme")
        if is_key(text):
            key = ApiKeyText.read(text)
            if key is None or (key.kind is KeyKind.TEST and not self._test_keys):
                raise CredentialNotAccepted(reason="key")
            return await actor_of_key(self._database, key)
        proven = await self.prove(text)
        identity = proven.identity
        try:
            actor = await actor_of_subject(
                self._database, proven.account_issuer, proven.subject, expires_at=proven.expires_at
            )
        except AccountNotLinked:
            if not strangers:
                raise
            actor = Actor(principal_id=identity.principal_id, role=Role.APPLICANT, expires_at=proven.expires_at)
        return replace(actor, identity=identity)

    async def prove(self, token: str) -> Proven:
        """What the token proves, with 60 s of leeway.

        Refuses: CredentialNotAccepted; TokenExpired; IssuerUnreachable.
        """
        header, unproven = _peeked(token)
        issuer = self._issuers.get(str(unproven.get("iss")))
        algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if issuer is None:
            raise CredentialNotAccepted(reason="iss")
        if algorithm not in issuer.algorithms:
            raise CredentialNotAccepted(reason="alg")
        if issuer.kind is not None and str(kind).lower() != issuer.kind:
            raise CredentialNotAccepted(reason="typ")
        if not isinstance(key_id, str) or not 1 <= len(key_id) <= KEY_ID_LENGTH_MAX:
            raise CredentialNotAccepted(reason="kid")
        key = await issuer.keys.key(key_id)
        if key is None:
            raise CredentialNotAccepted(reason="kid")
        claims = JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer.url},
            aud={"essential": True, "value": issuer.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            proven = jwt.decode(token, key, algorithms=[str(algorithm)]).claims
            claims.validate(proven)
        except ExpiredTokenError:
            raise TokenExpired(expired_at=_instant(unproven.get("exp"))) from None
        except (JoseError, ValueError, TypeError):
            raise CredentialNotAccepted(reason="token") from None
        expires_at = _instant(proven["exp"])
        if len(proven["sub"]) > SUBJECT_LENGTH_MAX or "\x00" in proven["sub"] or expires_at is None:
            raise CredentialNotAccepted(reason="claims")
        return Proven(
            account_issuer=issuer.account_issuer,
            subject=proven["sub"],
            expires_at=expires_at,
            email=_verified_email(proven),
        )


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    email = claims.get("email")
    told = claims.get("email_verified") is True and isinstance(email, str) and len(email) <= EMAIL_LENGTH_MAX
    return str(email).strip().lower() if told else None


def _peeked(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims before anything is proven: only to choose issuer and key."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise CredentialNotAccepted(reason="form")
    decoded: list[Mapping[str, Any]] = []
    for part in parts[:2]:
        try:
            value = orjson.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
        except ValueError:
            raise CredentialNotAccepted(reason="form") from None
        if not isinstance(value, dict):
            raise CredentialNotAccepted(reason="form")
        decoded.append(cast("Mapping[str, Any]", value))
    return decoded[0], decoded[1]


def _instant(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(cast("float", seconds)), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _told(refusal: Refusal) -> RequestRefused:
    retry_after_ms = refusal.retry_after_ms if isinstance(refusal, IssuerUnreachable) else None
    return RequestRefused(CODES[type(refusal)], refusal.text("en"), retry_after_ms=retry_after_ms)
