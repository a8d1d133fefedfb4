"""Sealed places in streams: nobody can read, change or make one, and each belongs to one principal and one stream."""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES_MIN = 32
NONCE_BYTES = 12
FORM = struct.Struct(">B8sQQ")  # version, stream, epoch, position
VERSION = 1
TEXT_LENGTH = 71  # base64url without padding of nonce, form and tag (16)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Whose stream: a principal's, of one subscription with its filter."""

    principal_id: UUID
    name: str

    @property
    def digest(self) -> bytes:
        """What a cursor remembers of the name."""
        return hashlib.sha256(self.name.encode()).digest()[:8]


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place in the history of this epoch: a stamped position, or the seq of a season."""

    epoch: int
    value: int


class ForeignStream(ValueError):
    """A true cursor of this principal, but of another stream."""


class NoCursor(ValueError):
    """Not a cursor of ours, or another principal's."""


class CursorSeal:
    """Writes and reads cursors under a key derived from a secret of at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        assert len(secret) >= SECRET_BYTES_MIN, "a short secret can be guessed"
        self._cipher = AESGCM(_derived(secret, b"guerdon stream cursor"))
        self._nonces = _derived(secret, b"guerdon stream cursor nonce")

    def write(self, stream: Stream, position: Position) -> str:
        """The cursor of a place; the same place of the same stream has the same cursor."""
        content = FORM.pack(VERSION, stream.digest, position.epoch, position.value)
        owner = stream.principal_id.bytes
        # From the content, so that no nonce ever meets two contents, however many cursors are written.
        nonce = hmac.digest(self._nonces, owner + content, "sha256")[:NONCE_BYTES]
        return _spelled(nonce + self._cipher.encrypt(nonce, content, owner))

    def read(self, stream: Stream, text: str) -> Position:
        """The place that the cursor names. Refuses: NoCursor; ForeignStream."""
        try:
            if len(text) != TEXT_LENGTH:
                raise NoCursor
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if _spelled(sealed) != text:  # the last letter has bits that say nothing
                raise NoCursor
            owner = stream.principal_id.bytes
            content = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner)
            version, digest, epoch, value = FORM.unpack(content)
        except (binascii.Error, ValueError, InvalidTag, struct.error):
            raise NoCursor from None
        if version != VERSION:
            raise NoCursor
        if digest != stream.digest:
            raise ForeignStream
        return Position(epoch=epoch, value=value)


def _spelled(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)
