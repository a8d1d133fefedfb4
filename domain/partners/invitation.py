"""An invitation as values: how long it is good, where it stands, what may be done with it, and its token (pure)."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

GOOD_FOR = timedelta(days=14)
SENDS_MAX = 20
TOKEN_MARK = "gi_"
TOKEN_BYTES = 32
TOKEN_LENGTH_MAX = 64


class InvitationState(StrEnum):
    """Where an invitation stands; EXPIRED is an open one whose time ran out."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class InvitationAction(StrEnum):
    """What may be done with an invitation by those who invite."""

    RESEND = "RESEND"
    REVOKE = "REVOKE"


def state_at(stored: str, expires_at: datetime, now: datetime) -> InvitationState:
    """Where an invitation stands at an instant: at the one it expires at, it has."""
    state = InvitationState(stored)
    return InvitationState.EXPIRED if state is InvitationState.OPEN and expires_at <= now else state


def available_actions(state: InvitationState, sends: int) -> tuple[InvitationAction, ...]:
    """What may be done: an open or expired one is sent again, at most 20 times in all, or revoked."""
    if state not in (InvitationState.OPEN, InvitationState.EXPIRED):
        return ()
    return (InvitationAction.RESEND, InvitationAction.REVOKE) if sends < SENDS_MAX else (InvitationAction.REVOKE,)


def new_token() -> str:
    """A token that nobody guesses: 256 random bits."""
    return TOKEN_MARK + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.strip()[:TOKEN_LENGTH_MAX].encode()).digest()
