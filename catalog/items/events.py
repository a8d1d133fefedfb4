"""The events of items: what the catalog shows has changed. Ids and codes, never names."""

from domain.kernel.events import EventType

ITEM_CHANGED = EventType(
    name="catalog_item.changed",
    aggregate="catalog_item",
    description="An item or one of its denominations is new or reads differently; read it for its content.",
    payload={
        "version": "the item's version from now on",
        "supplier_id": "whose item it is",
        "state": "DRAFT, LISTED or UNLISTED",
    },
)
GOAL_CHANGED = EventType(
    name="saved_goal.changed",
    aggregate="saved_goal",
    description="A member saves for something else from now on, or for nothing.",
    payload={"denomination_id": "what for, or null"},
)
EVENTS = (ITEM_CHANGED, GOAL_CHANGED)
