"""Every expected no of access."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class CredentialNotAccepted(Refusal):
    """The token or key proves nothing: malformed, forged, unknown or for somebody else. The reason is a code."""

    reason: str
    texts: ClassVar = {
        "en": "This token or key is not accepted; sign in again.",
        "fr": "Ce jeton ou cette clé n’est pas accepté ; reconnectez-vous.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class TokenExpired(Refusal):
    """The token was good until its time ended: renew it."""

    expired_at: datetime | None
    texts: ClassVar = {
        "en": "Your sign-in has expired; renew it and try again.",
        "fr": "Votre connexion a expiré ; renouvelez-la et réessayez.",
    }
    retryable: ClassVar[bool] = True
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class IssuerUnreachable(Refusal):
    """The keys of the token's issuer cannot be had at the moment."""

    retry_after_ms: int
    texts: ClassVar = {
        "en": "Sign-ins cannot be checked for a moment; try again in {retry_after_ms} ms.",
        "fr": "Les connexions ne peuvent pas être vérifiées pour l’instant ; réessayez dans {retry_after_ms} ms.",
    }
    retryable: ClassVar[bool] = True
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class AccountNotLinked(Refusal):
    """The person is who they say, but nobody invited them here yet."""

    issuer: str
    texts: ClassVar = {
        "en": "You are signed in, but no member is linked to this account yet; ask your administrator.",
        "fr": "Vous êtes connecté, mais aucun membre n’est lié à ce compte ; adressez-vous à votre administrateur.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class AccountDisabled(Refusal):
    """The account was linked once and is no longer."""

    texts: ClassVar = {
        "en": "This account may no longer sign in; ask your administrator.",
        "fr": "Ce compte ne peut plus se connecter ; adressez-vous à votre administrateur.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class AccountAlreadyLinked(Refusal):
    """The issuer's subject has an account already."""

    texts: ClassVar = {
        "en": "This sign-in is linked to an account already.",
        "fr": "Cette connexion est déjà liée à un compte.",
    }


@dataclass(eq=False)
class RoleNotGrantable(Refusal):
    """The actor may not hand out this role, or not for this person."""

    role: str
    texts: ClassVar = {
        "en": "You may not give the role {role} to this account.",
        "fr": "Vous ne pouvez pas donner le rôle {role} à ce compte.",
    }


@dataclass(eq=False)
class AccountManagerAssigned(Refusal):
    """The account manager looks after this partner already, for a part of that time at least."""

    partner_id: str
    texts: ClassVar = {
        "en": "This account manager looks after the partner already in that time.",
        "fr": "Ce responsable de compte suit déjà ce partenaire pendant cette période.",
    }


@dataclass(eq=False)
class KeyExpired(Refusal):
    """The API key was good until its time ended."""

    prefix: str
    expired_at: datetime
    texts: ClassVar = {
        "en": "The key {prefix} expired on {expired_at}; create a new one.",
        "fr": "La clé {prefix} a expiré le {expired_at} ; créez-en une nouvelle.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class KeyRevoked(Refusal):
    """The API key was ended by an administrator."""

    prefix: str
    texts: ClassVar = {
        "en": "The key {prefix} was revoked.",
        "fr": "La clé {prefix} a été révoquée.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class ScopeMissing(Refusal):
    """The API key lacks the scope that this action needs."""

    action: str
    scope: str
    texts: ClassVar = {
        "en": "{action} needs a key with the scope {scope}.",
        "fr": "{action} demande une clé avec la portée {scope}.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class RateLimited(Refusal):
    """The subject has used up what a limit allows for now; nothing happened, and the key is not used up."""

    limit_name: str
    retry_after_ms: int
    texts: ClassVar = {
        "en": "Too many attempts in a short time; try again in {retry_after_ms} ms.",
        "fr": "Trop de tentatives en peu de temps ; réessayez dans {retry_after_ms} ms.",
    }
    retryable: ClassVar[bool] = True
    stored: ClassVar[bool] = False
