"""Idempotency: what makes two requests the same one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

KEY_LENGTH_MAX = 128


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A caller's key with the request it stands for (the fields the client actually sent, coerced)."""

    key: str
    request: Mapping[str, Any]

    def fingerprint(self) -> bytes:
        """SHA-256 of the canonical request: keys sorted, no white space."""
        return hashlib.sha256(
            orjson.dumps(self.request, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        ).digest()
