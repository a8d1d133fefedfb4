"""What proves that a message is ours: signatures of Standard Webhooks under every live secret. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from uuid import UUID

PREFIX = "whsec_"
SECRET_BYTES = 32


def secret_text(secret: bytes) -> str:
    """The secret as its owner is shown it, once."""
    return PREFIX + base64.b64encode(secret).decode()


def message_id(event_id: UUID) -> str:
    """The id that every try of a message carries."""
    return f"msg_{event_id.hex}"


def signed_headers(identity: str, timestamp: int, body: bytes, secrets: Sequence[bytes]) -> Mapping[str, str]:
    """The three headers; one signature for each secret, so that a receiver may change over at leisure."""
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(identity, timestamp, body, secret) for secret in secrets),
    }


def signature(identity: str, timestamp: int, body: bytes, secret: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, timestamp and body."""
    digest = hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def challenge_answer(secret: bytes, delivery_id: UUID) -> str:
    """What an endpoint must say back to prove that it wants to hear us: 32 hexadecimal digits nobody can guess."""
    return hmac.new(secret, b"challenge." + delivery_id.bytes, hashlib.sha256).hexdigest()[:32]
