"""The events of customers: ids and codes, never names. They name no partner, and so reach the vendor alone."""

from domain.kernel.events import EventType

CUSTOMER_RECORDED = EventType(
    name="customer.recorded",
    aggregate="customer",
    description="A customer became known.",
    payload={"version": "1"},
)
CUSTOMER_RELATED = EventType(
    name="customer.related",
    aggregate="customer",
    description="Somebody has to do with a customer from now on, or no longer.",
    payload={"kind": "VENDOR_REP, INCUMBENT or LEAD", "state": "BEGUN or ENDED"},
)
EVENTS = (CUSTOMER_RECORDED, CUSTOMER_RELATED)
