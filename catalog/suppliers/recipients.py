"""Addresses at rest: a redemption's recipient sealed under the keyring, bound to its redemption."""

from dataclasses import asdict
from uuid import UUID

import orjson

from catalog.suppliers.outcomes import Recipient
from domain.kernel.sealing import Keyring


def sealed_recipient(keyring: Keyring, redemption_id: UUID, recipient: Recipient) -> bytes:
    """The recipient under its seal, for `shipment.sealed`."""
    return keyring.seal(orjson.dumps(asdict(recipient)), shipment_context(redemption_id))


def opened_recipient(keyring: Keyring, redemption_id: UUID, sealed: bytes) -> Recipient:
    """Who the goods of the redemption are for. Refuses: SealBroken (a fault)."""
    said = orjson.loads(keyring.open(sealed, shipment_context(redemption_id)))
    return Recipient(**said | {"lines": tuple(said["lines"])})


def shipment_context(redemption_id: UUID) -> str:
    """What a sealed address is bound to."""
    return f"shipment:{redemption_id}"
