"""Links to files: whoever was shown one may fetch the file for a few minutes, and nobody can make or change one."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.graph.ids import Tag, encode_id

SECRET_BYTES_MIN = 32


class FileLinks:
    """Writes and proves links under a key derived from a secret of at least 32 bytes."""

    def __init__(self, secret: bytes, *, url: str, seconds: int) -> None:
        assert len(secret) >= SECRET_BYTES_MIN, "a short secret can be guessed"
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"guerdon file link").derive(secret)
        self._url, self._life = url, timedelta(seconds=seconds)

    def write(self, file_id: UUID, now: datetime) -> str:
        """The address of the file, good for the life of a link from now on."""
        expires = int((now + self._life).timestamp())
        proof = f"expires={expires}&signature={self._sign(file_id, expires)}"
        return f"{self._url}/files/{encode_id(Tag.FILE, file_id)}?{proof}"

    def proves(self, file_id: UUID, expires: str, signature: str, now: datetime) -> bool:
        """True for what `write` wrote, before it expires."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and signature.isascii()):
            return False
        if not hmac.compare_digest(self._sign(file_id, int(expires)), signature):
            return False
        return now < datetime.fromtimestamp(int(expires), UTC)

    def _sign(self, file_id: UUID, expires: int) -> str:
        digest = hmac.digest(self._key, file_id.bytes + expires.to_bytes(8, "big"), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
