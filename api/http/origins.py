"""Which web pages may connect: an explicit list, never a guess."""

from collections.abc import Mapping

from api.settings import Settings


def is_origin_allowed(headers: Mapping[str, str], settings: Settings) -> bool:
    """True for a listed origin, for a client without one, and outside production for the server's own pages.

    A client without Origin is no browser; it proves itself in connection_init. Behind a Host header that an attacker
    chooses "own" means nothing, so production wants its public address in ALLOWED_ORIGINS.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    origin = origin.lower()
    if origin in settings.allowed_origins:
        return True
    return not settings.is_production and origin.partition("://")[2] == headers.get("host", "").lower()
