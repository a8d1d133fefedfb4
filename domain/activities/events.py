"""The events of activities: each carries the whole current content, so that a reader needs no earlier one."""

from collections.abc import Mapping

from domain.kernel.events import EventType

CONTENT: Mapping[str, str] = {
    "source_id": "id of the source",
    "type": "code of the activity type",
    "revision": "number of the revision, from 1",
    "occurred_at": "when it happened, ISO 8601 in UTC",
    "quantity": "units sold or counted, whole",
    "amounts": "basis (LIST, NET, MARGIN, PAID) → {amount, unit}, whole minor units",
    "attributes": "the attributes that the type declares, none personal",
    "deal_key": "the deal it belongs to, or null",
}

ACTIVITY_RECORDED = EventType(
    name="activity.recorded",
    aggregate="activity",
    description="A partner did something: the first revision of an activity was stored.",
    payload=CONTENT,
)
ACTIVITY_CORRECTED = EventType(
    name="activity.corrected",
    aggregate="activity",
    description="A further revision replaced the content of an activity.",
    payload=CONTENT,
)
ACTIVITY_REVERSED = EventType(
    name="activity.reversed",
    aggregate="activity",
    description="An activity was taken back whole; its last content is carried for those who counted it.",
    payload=CONTENT,
)
EVENTS = (ACTIVITY_RECORDED, ACTIVITY_CORRECTED, ACTIVITY_REVERSED)
