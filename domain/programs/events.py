"""The events of programs."""

from domain.kernel.events import EventType

PROGRAM_CREATED = EventType(
    name="program.created",
    aggregate="program",
    description="A program was drafted.",
    payload={"code": "the program's code", "unit": "code of its unit"},
)
PROGRAM_CHANGED = EventType(
    name="program.changed",
    aggregate="program",
    description="A program moved to another state.",
    payload={"from_state": "the state before", "to_state": "the state now"},
)
PROGRAM_REVISED = EventType(
    name="program.revised",
    aggregate="program",
    description="A drafted program was changed.",
    payload={"fields": "names of what was changed"},
)
TERMS_PUBLISHED = EventType(
    name="terms.published",
    aggregate="terms",
    description="A version of a program's terms began to bind what is recorded from now on.",
    payload={"version": "number of the version", "cohort": "whom it binds", "effective_from": "ISO 8601 in UTC"},
)
ENROLLMENT_CHANGED = EventType(
    name="enrollment.changed",
    aggregate="enrollment",
    description="An enrollment was proposed, became active or ended.",
    payload={"state": "the state now", "cohort": "the cohort", "parameters_version": "newest version, 0 for none"},
)
EVENTS = (PROGRAM_CREATED, PROGRAM_CHANGED, PROGRAM_REVISED, TERMS_PUBLISHED, ENROLLMENT_CHANGED)
