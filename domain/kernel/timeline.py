"""Spans of time as steps of a count, and which steps make what is known become what is wanted. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Span:
    """From an instant until another (excluded; None: for good)."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """So many from this instant on, until the next step."""

    at: datetime
    count: int


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that neither touch nor overlap, in order."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start):
        last = found[-1] if found else None
        if last is not None and (last.end is None or span.start <= last.end):
            end = None if last.end is None or span.end is None else max(last.end, span.end)
            found[-1] = Span(start=last.start, end=end)
        else:
            found.append(span)
    return found


def overlap(one: Span, other: Span) -> Span | None:
    """The time that is in both."""
    start = max(one.start, other.start)
    ends = [end for end in (one.end, other.end) if end is not None]
    end = min(ends, default=None)
    return None if end is not None and end <= start else Span(start=start, end=end)


def counted(spans: Mapping[UUID, Sequence[Span]]) -> list[Step]:
    """How many subjects are in a span of theirs, from each change to the next."""
    changes = defaultdict[datetime, int](int)
    for of_one in spans.values():
        for span in merged(of_one):
            changes[span.start] += 1
            if span.end is not None:
                changes[span.end] -= 1
    steps, count = list[Step](), 0
    for at, change in sorted(changes.items()):
        count += change
        if change:
            steps.append(Step(at=at, count=count))
    return steps


def differences(known: Sequence[Step], wanted: Sequence[Step]) -> list[Step]:
    """The steps to add so that what began last says everywhere what is wanted; before any step the count is 0."""
    stated = {step.at: step.count for step in known}
    asked = {step.at: step.count for step in wanted}
    stands, right, found = 0, 0, list[Step]()
    for at in sorted(stated.keys() | asked.keys()):
        stands, right = stated.get(at, stands), asked.get(at, right)
        if stands != right:
            found.append(Step(at=at, count=right))
            stands = right
    return found


def count_at(steps: Sequence[Step], at: datetime) -> int:
    """How many at this instant."""
    return next((step.count for step in reversed(steps) if step.at <= at), 0)
