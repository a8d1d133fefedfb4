"""Requests that prove where they come from: the headers of Standard Webhooks over id, time and body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

SECRET_PREFIX = "whsec_"
SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 64


def signed_headers(secret: bytes, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """webhook-id, webhook-timestamp (seconds since 1970) and webhook-signature, `v1,` and base64 of HMAC-SHA-256."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def secret_bytes(text: str) -> bytes:
    """The key that `whsec_` and base64 spell. Refuses: ValueError unless it has 24 to 64 bytes."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as trouble:
        raise ValueError("a secret is whsec_ and base64") from trouble
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise ValueError(f"a secret has {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes")
    return key
