"""Which adapter speaks to a supplier; those without an outward call have none here."""

from uuid import UUID

import httpx2
import orjson

from catalog.suppliers.http_push import HttpPush
from catalog.suppliers.outcomes import Adapter
from catalog.suppliers.reading import AdapterKind, SupplierRecord
from catalog.suppliers.scripted import Scripted
from catalog.suppliers.signatures import secret_bytes
from domain.kernel.sealing import Keyring

CALLED = frozenset({AdapterKind.HTTP_PUSH, AdapterKind.SCRIPTED})


def adapter_for(
    supplier: SupplierRecord, keyring: Keyring, http: httpx2.AsyncClient, *, sandbox: bool = False
) -> Adapter:
    """The adapter of a supplier that is called (`CALLED`); `sandbox` allows this machine's own addresses.

    Refuses: ValueError for a supplier that is not called; SealBroken (a fault).
    """
    match supplier.adapter:
        case AdapterKind.SCRIPTED:
            return Scripted()
        case AdapterKind.HTTP_PUSH:
            assert supplier.sealed_credentials is not None, "no such supplier is defined without its secret"
            opened = orjson.loads(keyring.open(supplier.sealed_credentials, supplier_context(supplier.id)))
            return HttpPush(
                url=supplier.settings["url"], secret=secret_bytes(opened["secret"]), http=http, sandbox=sandbox
            )
        case AdapterKind.CODE_POOL | AdapterKind.PULL_QUEUE | AdapterKind.BY_HAND:
            raise ValueError(f"a supplier of kind {supplier.adapter} is not called")


def supplier_context(supplier_id: UUID) -> str:
    """What a supplier's sealed credentials are bound to."""
    return f"supplier:{supplier_id}"
