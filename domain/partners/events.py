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
INVITATION_SENT = EventType(
    name="invitation.sent",
    aggregate="invitation",
    description="Somebody was invited, or invited again: the former token proves nothing any more.",
    payload={
        "role": "the role they will have",
        "sends": "how often it was sent, from 1",
        "expires_at": "until when it is good",
    },
)
INVITATION_REVOKED = EventType(
    name="invitation.revoked",
    aggregate="invitation",
    description="Nobody can accept the invitation any more.",
    payload={"role": "the role they would have had"},
)
INVITATION_ACCEPTED = EventType(
    name="invitation.accepted",
    aggregate="invitation",
    description="Somebody accepted, and has an account.",
    payload={
        "account_id": "their account",
        "role": "the role they have",
        "version": "the version of the terms of participation they agreed to",
    },
)
PARTICIPATION_TERMS_PUBLISHED = EventType(
    name="participation_terms.published",
    aggregate="participation_terms",
    description="Whoever accepts from now on agrees to another text.",
    payload={"version": "the version from now on"},
)
PARTNER_TYPE_MOVED = EventType(
    name="partner_type.moved",
    aggregate="partner_standing",
    description="A partner's type was applied for, verified, enrolled, renewed, or lapsed.",
    payload={
        "type": "the type",
        "from_state": "how it stood; NONE before the first application",
        "to_state": "how it stands",
        "reason": "why it lapsed, or null",
        "valid_until": "when its proof expires, or null",
    },
)
PARTNER_TYPE_EXPIRING = EventType(
    name="partner_type.expiring",
    aggregate="partner_standing",
    description="The proof of a partner's type expires within 30 days; told once a date.",
    payload={"type": "the type", "valid_until": "when it expires, ISO 8601 in UTC"},
)
PARTNERSHIP_MOVED = EventType(
    name="partnership.moved",
    aggregate="partner",
    description="The relation with a partner was suspended, is ending, has ended, or was taken up again.",
    payload={
        "from_state": "how it stood",
        "to_state": "how it stands",
        "valid_until": "until when its run-off lasts, or null",
        "version": "the partner's version from now on",
    },
)
EVENTS = (
    PARTNER_REGISTERED,
    PARTNER_CHANGED,
    MEMBER_REGISTERED,
    MEMBER_CHANGED,
    FACT_RECORDED,
    FACT_ENDED,
    INVITATION_SENT,
    INVITATION_REVOKED,
    INVITATION_ACCEPTED,
    PARTICIPATION_TERMS_PUBLISHED,
    PARTNER_TYPE_MOVED,
    PARTNER_TYPE_EXPIRING,
    PARTNERSHIP_MOVED,
)
