"""The windows of a board: half-open stretches of time in the board's zone (pure)."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.kernel.periods import EARLIEST, LATEST, period_of
from domain.kernel.periods import PeriodKind as WindowKind

__all__ = ["EARLIEST", "LATEST", "Window", "WindowKind", "window_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """start ≤ instant < end; no end means for ever."""

    starts_at: datetime
    ends_at: datetime | None

    def holds(self, instant: datetime) -> bool:
        return self.starts_at <= instant and (self.ends_at is None or instant < self.ends_at)


def window_of(kind: WindowKind, instant: datetime, zone: str, span: Window | None = None) -> Window | None:
    """The one window of this kind that holds the instant; None outside a program's `span`."""
    if kind is WindowKind.PROGRAM:
        return span if span is not None and span.holds(instant) else None
    period = period_of(kind, instant, ZoneInfo(zone))
    return Window(starts_at=period.start, ends_at=None if period.end == LATEST else period.end)
