"""The development issuer's one key: kept in GUERDON_HOME, shared by all processes, signing tokens and sealing codes."""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

KEY_FILE = "issuer-key.json"
ALGORITHM = "ES256"
ACCESS_TOKEN_TYPE = "at+jwt"
NONCE_BYTES = 12
SEALED_LENGTH_MAX = 4_096


class KeyFileRefused(RuntimeError):
    """The key file can be read by others, or holds no key: the process does not start."""


class SigningKey:
    """An ES256 key with its public half; also the secret under which codes and refresh tokens are sealed."""

    def __init__(self, key: ECKey) -> None:
        self._key = key
        self.key_id = key.thumbprint()
        spelled = cast("Mapping[str, str]", key.as_dict(private=True))
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"guerdon issuer seal")
        self._seal = AESGCM(derived.derive(spelled["d"].encode()))

    @classmethod
    def kept_in(cls, home: Path) -> "SigningKey":
        """The key of this home, made on first use, readable by its owner only.

        Refuses: KeyFileRefused where others may read the file or it holds no key.
        """
        path = home / KEY_FILE
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            _keep(path, orjson.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise KeyFileRefused(f"{path} can be read by others; make it 0600 or remove it")
        try:
            return cls(ECKey.import_key(orjson.loads(path.read_bytes())))
        except (ValueError, KeyError) as trouble:
            raise KeyFileRefused(f"{path} holds no key; remove it to make a new one") from trouble

    @property
    def public(self) -> ECKey:
        """The half that verifies."""
        return ECKey.import_key(cast("dict[str, Any]", self._key.as_dict(private=False)))

    def jwks(self) -> dict[str, Any]:
        """The key set to publish."""
        public = cast("Mapping[str, Any]", self._key.as_dict(private=False))
        return {"keys": [{**public, "kid": self.key_id, "alg": ALGORITHM, "use": "sig"}]}

    def sign(self, claims: Mapping[str, Any], kind: str) -> str:
        """The claims as a signed token of this kind (`typ`)."""
        header = {"alg": ALGORITHM, "kid": self.key_id, "typ": kind}
        return jwt.encode(header, dict(claims), self._key, algorithms=[ALGORITHM])

    def seal(self, purpose: str, content: Mapping[str, Any]) -> str:
        """The content, unreadable and unchangeable without this key, for one purpose only."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._seal.encrypt(nonce, orjson.dumps(content), purpose.encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def unseal(self, purpose: str, text: str) -> dict[str, Any] | None:
        """What was sealed for this purpose; None for anything else."""
        if len(text) > SEALED_LENGTH_MAX:
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return orjson.loads(self._seal.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode()))
        except (ValueError, InvalidTag):
            return None


def _keep(path: Path, content: bytes) -> None:
    # A link either makes the whole file or finds another process's: nobody ever reads half a key.
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
