"""What proves that a message comes from its source: four schemes, chosen by data, compared in constant time. Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

TOLERANCE = timedelta(minutes=5)
SIGNATURES_MAX = 10
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Scheme(StrEnum):
    """How a source signs. All but HMAC_SHA256 sign a time too, which must lie within five minutes."""

    STANDARD_WEBHOOKS = "STANDARD_WEBHOOKS"
    HUBSPOT_V3 = "HUBSPOT_V3"
    STRIPE = "STRIPE"
    HMAC_SHA256 = "HMAC_SHA256"


class Encoding(StrEnum):
    """How an HMAC is written."""

    HEX = "HEX"
    BASE64 = "BASE64"


class Verdict(StrEnum):
    """Whether a message is proven, or why not."""

    PROVEN = "PROVEN"
    UNSIGNED = "UNSIGNED"
    FORGED = "FORGED"
    STALE = "STALE"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The scheme; header, prefix and encoding are those of HMAC_SHA256."""

    scheme: Scheme
    header: str = "x-signature"
    prefix: str = ""
    encoding: Encoding = Encoding.HEX


@dataclass(frozen=True, kw_only=True)
class SignedMessage:
    """What came over HTTP: `url` as the sender knows it, header names in lower case, the body byte for byte."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def judged(proof: Proof, secret: str, message: SignedMessage, now: datetime) -> Verdict:
    """Whether the secret's holder sent this body now."""
    match proof.scheme:
        case Scheme.STANDARD_WEBHOOKS:
            return _standard(secret, message, now)
        case Scheme.HUBSPOT_V3:
            return _hubspot(secret, message, now)
        case Scheme.STRIPE:
            return _stripe(secret, message, now)
        case Scheme.HMAC_SHA256:
            return _plain(proof, secret, message)


def _standard(secret: str, message: SignedMessage, now: datetime) -> Verdict:
    identity = message.headers.get("webhook-id", "")
    stamp, signed = message.headers.get("webhook-timestamp", ""), message.headers.get("webhook-signature", "")
    if not identity or not stamp or not signed:
        return Verdict.UNSIGNED
    try:
        key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    except (binascii.Error, ValueError):
        return Verdict.FORGED
    wanted = base64.b64encode(_mac(key, f"{identity}.{stamp}.".encode() + message.body)).decode()
    given = [one.removeprefix("v1,") for one in signed.split(" ")[:SIGNATURES_MAX] if one.startswith("v1,")]
    return _timed(wanted, given, _instant(stamp, 1), now)


def _hubspot(secret: str, message: SignedMessage, now: datetime) -> Verdict:
    stamp = message.headers.get("x-hubspot-request-timestamp", "")
    signed = message.headers.get("x-hubspot-signature-v3", "")
    if not stamp or not signed:
        return Verdict.UNSIGNED
    text = f"{message.method}{message.url}".encode() + message.body + stamp.encode()
    wanted = base64.b64encode(_mac(secret.encode(), text)).decode()
    return _timed(wanted, [signed], _instant(stamp, 1_000), now)


def _stripe(secret: str, message: SignedMessage, now: datetime) -> Verdict:
    parts = [part.partition("=") for part in message.headers.get("stripe-signature", "").split(",")[:SIGNATURES_MAX]]
    stamp = next((value for name, _, value in parts if name.strip() == "t"), "")
    given = [value for name, _, value in parts if name.strip() == "v1"]
    if not stamp or not given:
        return Verdict.UNSIGNED
    wanted = _mac(secret.encode(), f"{stamp}.".encode() + message.body).hex()
    return _timed(wanted, given, _instant(stamp, 1), now)


def _plain(proof: Proof, secret: str, message: SignedMessage) -> Verdict:
    signed = message.headers.get(proof.header, "")
    if not signed:
        return Verdict.UNSIGNED
    if not signed.startswith(proof.prefix):
        return Verdict.FORGED
    digest = _mac(secret.encode(), message.body)
    given = signed.removeprefix(proof.prefix)
    if proof.encoding is Encoding.BASE64:
        return _same(base64.b64encode(digest).decode(), [given])
    return _same(digest.hex(), [given.lower()])


def _timed(wanted: str, given: list[str], sent: datetime | None, now: datetime) -> Verdict:
    # The signature first: who cannot sign learns nothing of our clock.
    found = _same(wanted, given)
    if found is not Verdict.PROVEN:
        return found
    return Verdict.PROVEN if sent is not None and abs(now - sent) <= TOLERANCE else Verdict.STALE


def _same(wanted: str, given: list[str]) -> Verdict:
    matches = [hmac.compare_digest(wanted.encode(), one.encode()) for one in given]
    return Verdict.PROVEN if any(matches) else Verdict.FORGED


def _instant(text: str, per_second: int) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        return None
    try:
        return EPOCH + timedelta(seconds=int(text) / per_second)
    except OverflowError:
        return None


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()
