"""Whose turn it is in a case that two sides handle: while the vendor holds it, the partner's clock stands still."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A partner's deadline: `due_at` counts only the partner's own time; `with_vendor_since` stops the clock."""

    due_at: datetime | None
    with_vendor_since: datetime | None = None

    def handed_over(self, at: datetime) -> "Turn":
        """The case is with the vendor from then on; what is handed over late is handed over all the same."""
        return self if self.with_vendor_since is not None else Turn(due_at=self.due_at, with_vendor_since=at)

    def handed_back(self, at: datetime) -> "Turn":
        """The case is with the partner again, who has as much time left as when it was handed over."""
        return Turn(due_at=self.due_by(at))

    def due_by(self, now: datetime) -> datetime | None:
        """The deadline as it stands now: it moves with the clock as long as the vendor holds the case."""
        if self.due_at is None or self.with_vendor_since is None:
            return self.due_at
        return self.due_at + max(now - self.with_vendor_since, timedelta())

    def is_overdue(self, now: datetime) -> bool:
        """True where the partner's own time ran out: at the instant itself it has."""
        due = self.due_by(now)
        return due is not None and due <= now
