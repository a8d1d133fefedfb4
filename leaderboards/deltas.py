"""What a live board sends: a window of lines, and the difference between two windows (pure). Law S1 is proved here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from leaderboards.standings import Entry
from leaderboards.views import Change, LinesShown, Version


@dataclass(frozen=True, kw_only=True)
class View:
    """The lines a viewer looks at (the top, or around one subject) at one version, in order.

    `full` says that it has as many lines as it may: what stands behind the last one cannot come in by itself.
    """

    version: Version
    entries: Sequence[Entry]
    full: bool

    @classmethod
    def of(cls, lines: LinesShown, size: int) -> "View":
        """The view that a reading of at most `size` lines shows."""
        return cls(version=lines.version, entries=tuple(lines.entries), full=len(lines.entries) >= size)


@dataclass(frozen=True, kw_only=True)
class Delta:
    """From one version to another: the lines that are new or read differently, and who left the view."""

    since: Version
    version: Version
    changed: Sequence[Entry]
    left: Sequence[UUID]
    full: bool

    @property
    def empty(self) -> bool:
        """True if nobody has to be told; the version moves on all the same."""
        return not self.changed and not self.left


class NotThatView(ValueError):
    """A delta was applied to another version than it starts from: fetch the whole view again."""


def difference(before: View, after: View) -> Delta:
    """What makes `before` into `after`."""
    held = {entry.subject_id: entry for entry in before.entries}
    there = {entry.subject_id for entry in after.entries}
    return Delta(
        since=before.version,
        version=after.version,
        changed=tuple(entry for entry in after.entries if held.get(entry.subject_id) != entry),
        left=tuple(entry.subject_id for entry in before.entries if entry.subject_id not in there),
        full=after.full,
    )


def applied(view: View, delta: Delta) -> View:
    """The view after a delta: what a client computes. Refuses: NotThatView."""
    if view.version != delta.since:
        raise NotThatView(f"the delta starts at {delta.since}, the view shows {view.version}")
    gone = set(delta.left)
    held = {entry.subject_id: entry for entry in view.entries if entry.subject_id not in gone}
    held.update({entry.subject_id: entry for entry in delta.changed})
    entries = tuple(sorted(held.values(), key=lambda entry: entry.ordinal))
    return View(version=delta.version, entries=entries, full=delta.full)


def moves(view: View, changes: Iterable[Change]) -> bool:
    """False only if these changes certainly leave the view as it reads, ranks and ties included: nobody looks again.

    That is so when every one of them stays behind the last line's score, and no line below is missing.
    """
    if not view.full or not view.entries:
        return True
    last = view.entries[-1].score
    return any(
        place is not None and place.score >= last for change in changes for place in (change.before, change.after)
    )
