"""The development issuer's one key: kept in GUERDON_HOME, shared by all processes, signing tokens and sealing codes."""

import base64
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

from api.http.keeping import KeyFileRefused, kept_bytes

KEY_FILE = "issuer-key.json"
ALGORITHM = "ES256"
ACCESS_TOKEN_TYPE = "at+jwt"
NONCE_BYTES = 12
SEALED_LENGTH_MAX = 4_096


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
        kept = kept_bytes(home, KEY_FILE, lambda: orjson.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
        try:
            return cls(ECKey.import_key(orjson.loads(kept)))
        except (ValueError, KeyError) as trouble:
            raise KeyFileRefused(f"{home / KEY_FILE} holds no key; remove it to make a new one") from trouble

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
