"""Secrets at rest: AES-256-GCM under named keys that live outside the database, and blind indexes to find doubles.

A sealed value says which key sealed it, so that keys can be rotated; its context (which row it belongs to) is bound to
it, so that a value copied into another row does not open.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID_LENGTH_MAX = 32


class SealBroken(RuntimeError):
    """A sealed value does not open: another context, a damaged value, or a key that is not on the ring. A fault."""


@dataclass(frozen=True, kw_only=True)
class Keyring:
    """The key-encryption keys by their ids, the one that seals today, and the key of the blind indexes.

    Refuses: ValueError for keys that are not 32 bytes, an id above 32 characters, a current id without its key.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"no key is named {self.current}")
        if any(not 1 <= len(key_id.encode()) <= KEY_ID_LENGTH_MAX for key_id in self.keys):
            raise ValueError(f"a key's id has 1 to {KEY_ID_LENGTH_MAX} bytes")
        if any(len(key) != KEY_BYTES for key in (*self.keys.values(), self.index_key)):
            raise ValueError(f"a key has {KEY_BYTES} bytes")

    def seal(self, plain: bytes, context: str) -> bytes:
        """The value under today's key, openable only with the same context."""
        name = self.current.encode()
        return bytes([len(name)]) + name + seal_with(self.keys[self.current], plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Refuses: SealBroken."""
        key = self.keys.get(sealed_by(sealed))
        if key is None:
            raise SealBroken("the key that sealed this is not on the ring")
        return open_with(key, sealed[1 + sealed[0] :], context)

    def blind(self, value: str) -> bytes:
        """The same 32 bytes for the same value, telling nothing of it: for uniqueness without opening a seal."""
        return hmac.new(self.index_key, value.encode(), hashlib.sha256).digest()


def sealed_by(sealed: bytes) -> str:
    """The id of the key that sealed this value."""
    return sealed[1 : 1 + sealed[0]].decode(errors="replace")


def new_data_key() -> bytes:
    """32 random bytes: a key of its own for one set of values, itself kept sealed."""
    return secrets.token_bytes(KEY_BYTES)


def seal_with(key: bytes, plain: bytes, context: str) -> bytes:
    """Nonce and ciphertext under one key; the context is authenticated, not stored."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def open_with(key: bytes, sealed: bytes, context: str) -> bytes:
    """What `seal_with` sealed. Refuses: SealBroken."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except InvalidTag as trouble:
        raise SealBroken("the value does not open here") from trouble
