"""Moving a program's dates to another period: months stay months, and midnight stays midnight; pure."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Shift:
    """So many whole months, or else so much time on the wall clock of the zone."""

    zone: ZoneInfo
    months: int = 0
    span: timedelta = timedelta()

    def of(self, instant: datetime) -> datetime:
        """The instant that much later, in UTC; the 31st may become the 30th."""
        # Sums and differences of instants in one zone are those of its wall clock.
        wall = instant.astimezone(self.zone) + self.span
        if self.months:
            place = wall.year * 12 + wall.month - 1 + self.months
            year, month = place // 12, place % 12 + 1
            wall = wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))
        return wall.astimezone(UTC)


def shift_between(start: datetime, target: datetime, zone: ZoneInfo) -> Shift:
    """What moves `start` to `target`: whole months where both are the same day and hour of their months."""
    old, new = start.astimezone(zone), target.astimezone(zone)
    if (old.day, old.time()) == (new.day, new.time()):
        return Shift(zone=zone, months=(new.year - old.year) * 12 + new.month - old.month)
    return Shift(zone=zone, span=new - old)


def shifted_document(document: Mapping[str, object], shift: Shift) -> dict[str, object]:
    """The terms document with its window moved; everything else as it is."""
    window = cast("Mapping[str, object]", document.get("window") or {})
    moved = {name: _shifted_text(value, shift) if isinstance(value, str) else value for name, value in window.items()}
    return {**document, "window": moved}


def _shifted_text(text: str, shift: Shift) -> str:
    if len(text) == 10:
        day = date.fromisoformat(text)
        moved = shift.of(datetime(day.year, day.month, day.day, tzinfo=shift.zone))
        return moved.astimezone(shift.zone).date().isoformat()
    return shift.of(datetime.fromisoformat(text)).isoformat()
