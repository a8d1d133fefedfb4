"""The events of suppliers: ids, codes and amounts, never a credential."""

from domain.kernel.events import EventType

SUPPLIER_DEFINED = EventType(
    name="supplier.defined",
    aggregate="supplier",
    description="A supplier stands as defined, new or changed.",
    payload={"code": "the supplier's code", "adapter": "how it delivers", "credentials_changed": "true or false"},
)
SUPPLIER_STATE_CHANGED = EventType(
    name="supplier.state_changed",
    aggregate="supplier",
    description="A supplier was paused, or takes orders again.",
    payload={"state": "ACTIVE or PAUSED"},
)
FLOAT_LOW = EventType(
    name="supplier.float_low",
    aggregate="supplier",
    description="The vendor's prepaid money at a supplier fell below the alert; told once for each time it falls.",
    payload={
        "balance": "what is left, in minor units",
        "currency": "its currency",
        "alert_below": "the threshold, in minor units",
    },
)
SUPPLIER_RECONCILED = EventType(
    name="supplier.reconciled",
    aggregate="supplier",
    description="A supplier's own list of orders was held against ours.",
    payload={"reconciliation_id": "what was found", "counts": "how many orders agree and differ, by kind"},
)
EVENTS = (SUPPLIER_DEFINED, SUPPLIER_STATE_CHANGED, FLOAT_LOW, SUPPLIER_RECONCILED)
