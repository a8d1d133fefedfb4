"""The events of partners: who sells for the vendor, who acts for whom, what became true of them. Ids, never names."""

from domain.kernel.events import EventType

PARTNER_REGISTERED = EventType(
    name="partner.registered",
    aggregate="partner",
    description="A partner was registered by a source.",
    payload={"source_id": "the source", "version": "1"},
)
PARTNER_CHANGED = EventType(
    name="partner.changed",
    aggregate="partner",
    description="What a source says of a partner changed; read it for its content.",
    payload={"version": "the partner's version from now on"},
)
MEMBER_REGISTERED = EventType(
    name="member.registered",
    aggregate="member",
    description="A member was registered by a source.",
    payload={"source_id": "the source", "kind": "REP or VENDOR_STAFF", "version": "1"},
)
MEMBER_CHANGED = EventType(
    name="member.changed",
    aggregate="member",
    description="What a source says of a member changed; read it for its content.",
    payload={
        "version": "the member's version from now on",
        "former_partner_id": "the partner left by this change, or null",
        "left_at": "when the member left, or null",
    },
)
FACT_RECORDED = EventType(
    name="fact.recorded",
    aggregate="fact",
    description="Something became true of a subject for a span of time; a span in the past makes rules look again.",
    payload={
        "subject_kind": "MEMBER or PARTNER",
        "subject_id": "of whom",
        "kind": "what kind of fact",
        "valid_from": "from when, ISO 8601 in UTC",
        "valid_until": "until when, or null",
    },
)
FACT_ENDED = EventType(
    name="fact.ended",
    aggregate="fact",
    description="A fact stops being true at an instant.",
    payload={
        "subject_kind": "MEMBER or PARTNER",
        "subject_id": "of whom",
        "kind": "what kind of fact",
        "valid_until": "until when, ISO 8601 in UTC",
    },
)
EVENTS = (PARTNER_REGISTERED, PARTNER_CHANGED, MEMBER_REGISTERED, MEMBER_CHANGED, FACT_RECORDED, FACT_ENDED)
