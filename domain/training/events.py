"""The events of training: courses, how people stand, what is about to end, and what a firm lacks."""

from collections.abc import Mapping

from domain.kernel.events import EventType

COURSE_CHANGED = EventType(
    name="course.changed",
    aggregate="course",
    description="A course is new, or has another version; what was passed before keeps its own.",
    payload={"code": "its code", "n": "the number of the version that holds from now on"},
)
TRAINING_MOVED = EventType(
    name="training.moved",
    aggregate="training",
    description="A person stands elsewhere with a version of a course.",
    payload={
        "course_id": "the course",
        "n": "the number of its version",
        "from_state": "the state before, or null for a new one",
        "to_state": "the state from now on",
        "score": "the score of the first pass, or of the last attempt, or null",
        "expires_at": "when the certificate ends, or null",
        "reason": "why it was revoked, or null",
        "version": "the training's version from now on",
    },
)
CERTIFICATE_EXPIRING = EventType(
    name="certificate.expiring",
    aggregate="training",
    description="A certificate ends in so many days; told once a threshold.",
    payload={"course_id": "the course", "days": "the threshold in days", "expires_at": "when it ends"},
)
REQUIREMENT_CHANGED = EventType(
    name="course_requirement.changed",
    aggregate="course_requirement",
    description="A tier or program needs so many certified people of a firm, or needs them no longer.",
    payload={
        "course_id": "the course",
        "reps_min": "how many",
        "tier": "the code of the tier, or null",
        "is_active": "whether it still holds",
        "version": "its version from now on",
    },
)
_STANDING: Mapping[str, str] = {
    "requirement_id": "what is required",
    "course_id": "the course",
    "certified": "how many of the firm's people are certified",
    "reps_min": "how many are needed",
    "tier": "the tier that needs them, or null",
    "version": "the standing's version from now on",
}
REQUIREMENT_AT_RISK = EventType(
    name="partner.requirement_at_risk",
    aggregate="requirement_standing",
    description="A firm that has a tier, or takes part in a program, no longer has the certified people it needs.",
    payload=_STANDING,
)
REQUIREMENT_MET = EventType(
    name="partner.requirement_met",
    aggregate="requirement_standing",
    description="A firm has the certified people that a tier or program needs.",
    payload=_STANDING,
)
EVENTS = (
    COURSE_CHANGED,
    TRAINING_MOVED,
    CERTIFICATE_EXPIRING,
    REQUIREMENT_CHANGED,
    REQUIREMENT_AT_RISK,
    REQUIREMENT_MET,
)
