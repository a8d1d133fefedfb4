"""The events of files; their names and contents are nobody's to hear of."""

from domain.kernel.events import EventType

FILE_STORED = EventType(
    name="file.stored",
    aggregate="file",
    description="Somebody handed in a file.",
    payload={"media_type": "what it is by its content", "size": "bytes", "purpose": "what for, a code"},
)
FILE_REMOVED = EventType(
    name="file.removed",
    aggregate="file",
    description="A file that nobody attached to anything was removed.",
    payload={"reason": "why, a code"},
)
EVENTS = (FILE_STORED, FILE_REMOVED)
