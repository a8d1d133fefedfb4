"""The events of sends: bundles, rewards sent, entitlements. Ids, amounts, codes; never names, messages, addresses."""

from domain.kernel.events import EventType

BUNDLE_CHANGED = EventType(
    name="bundle.changed",
    aggregate="bundle",
    description="A bundle is new or reads differently; read it for its content.",
    payload={"code": "the bundle's code", "version": "its version from now on"},
)
BUNDLE_ORDER_OPENED = EventType(
    name="bundle_order.opened",
    aggregate="bundle_order",
    description="A member is given a bundle; it is ordered at once, or waits for their choice or address.",
    payload={
        "bundle_id": "the bundle",
        "origin": "GRANT or SEND",
        "origin_id": "which one",
        "waits_for": "CHOICE, ADDRESS or null",
    },
)
BUNDLE_ORDER_MOVED = EventType(
    name="bundle_order.moved",
    aggregate="bundle_order",
    description="A bundle is ordered, substituted or taken back; read it for the state of its parts.",
    payload={
        "version": "the order's version afterwards",
        "waits_for": "CHOICE, ADDRESS or null",
        "substituted": "how many parts were tried with a substitute",
        "cancelled": "how many lines were cancelled",
        "refunded": "how many lines were refunded",
    },
)
SEND_CHANGED = EventType(
    name="reward_send.changed",
    aggregate="reward_send",
    description="A send was drafted, scheduled, sent out or recalled.",
    payload={"state": "DRAFT, SCHEDULED, SENT or RECALLED", "version": "the send's version afterwards"},
)
REWARD_SENT = EventType(
    name="reward.sent_to",
    aggregate="reward",
    description="A reward was sent to a member.",
    payload={"send_id": "the send", "expires_at": "until when it can be claimed, or null"},
)
REWARD_MOVED = EventType(
    name="reward.moved",
    aggregate="reward",
    description="A reward was opened, claimed, accepted, declined, recalled, has expired, or could not be sent.",
    payload={"send_id": "the send", "state": "its new state", "reason": "why it could not be sent, a code, or null"},
)
ENTITLEMENT_GRANTED = EventType(
    name="entitlement.granted",
    aggregate="entitlement",
    description="Somebody may use a benefit.",
    payload={
        "line_id": "the redemption's line that gave it",
        "quota": "how often",
        "valid_until": "until when, or null",
    },
)
ENTITLEMENT_MOVED = EventType(
    name="entitlement.moved",
    aggregate="entitlement",
    description="An entitlement was used, passed on, ended, or will end because a tier was lost.",
    payload={
        "state": "its state",
        "used": "how often it was used by now",
        "version": "its version afterwards",
        "reason": "why it ended or will end, a code, or null",
    },
)
EVENTS = (
    BUNDLE_CHANGED,
    BUNDLE_ORDER_OPENED,
    BUNDLE_ORDER_MOVED,
    SEND_CHANGED,
    REWARD_SENT,
    REWARD_MOVED,
    ENTITLEMENT_GRANTED,
    ENTITLEMENT_MOVED,
)
