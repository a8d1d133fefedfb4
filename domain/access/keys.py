"""API keys as values: `gk_live_<id>_<secret>`; the prefix is shown, of the secret only its SHA-256 is kept."""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum

ID_BYTES = 8
SECRET_BYTES = 32
KEY_LENGTH_MAX = 128


class KeyKind(StrEnum):
    """Where a key is good: `live` everywhere, `test` outside production only."""

    LIVE = "live"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class ApiKeyText:
    """A key's parts as its text spells them: `prefix` (`gk_live_<id>`) and the secret, 64 hexadecimal digits."""

    kind: KeyKind
    prefix: str
    secret: str = field(repr=False)

    @classmethod
    def made(cls, kind: KeyKind, random: bytes) -> "ApiKeyText":
        """The key that 40 random bytes spell: 8 for the id, 32 for the secret."""
        if len(random) != ID_BYTES + SECRET_BYTES:
            raise ValueError(f"a key needs {ID_BYTES + SECRET_BYTES} random bytes")
        return cls(kind=kind, prefix=f"gk_{kind}_{random[:ID_BYTES].hex()}", secret=random[ID_BYTES:].hex())

    @classmethod
    def read(cls, text: str) -> "ApiKeyText | None":
        """The parts of a key's text; None where it is none."""
        parts = text.split("_")
        if len(text) > KEY_LENGTH_MAX or len(parts) != 4 or parts[0] != "gk" or parts[1] not in list(KeyKind):
            return None
        kind, identity, secret = KeyKind(parts[1]), parts[2], parts[3]
        if not (_is_hex(identity, ID_BYTES) and _is_hex(secret, SECRET_BYTES)):
            return None
        return cls(kind=kind, prefix=f"gk_{kind}_{identity}", secret=secret)

    @property
    def text(self) -> str:
        """The whole key, shown once."""
        return f"{self.prefix}_{self.secret}"

    @property
    def secret_hash(self) -> bytes:
        """SHA-256 of the secret: enough for 256 random bits, and 1.2 µs."""
        return hashlib.sha256(bytes.fromhex(self.secret)).digest()

    def proves(self, secret_hash: bytes) -> bool:
        """True where this is the key whose hash was kept; takes the same time either way."""
        return hmac.compare_digest(self.secret_hash, secret_hash)


def is_key(text: str) -> bool:
    """True for a text that means to be one of our keys, well-formed or not."""
    return text.startswith("gk_")


def _is_hex(text: str, size: int) -> bool:
    return len(text) == 2 * size and all(letter in "0123456789abcdef" for letter in text)
