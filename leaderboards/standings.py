"""How contributions become a score, in which order subjects stand, and which rank is shown (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leaderboards.boards import Operator, RankDisplay

SCORE_ABSOLUTE_MAX = 2**53 - 1  # the index keeps scores as doubles; a larger sum stays at the bound


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One live contribution of a subject."""

    value: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A subject's score, the instant it was reached, and of how many contributions."""

    score: int
    reached_at: datetime
    contributions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A subject in the total order: who stands before whom never depends on chance."""

    subject_id: UUID
    score: int
    reached_at: datetime

    @property
    def key(self) -> tuple[int, datetime, bytes]:
        """Ascending: higher score, earlier reached, lower id (by its bytes, as PostgreSQL compares)."""
        return (-self.score, self.reached_at, self.subject_id.bytes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of a board: the shown rank, its place in the total order from 1, and how many others tie (COMPETITION)."""

    rank: int
    ordinal: int
    subject_id: UUID
    score: int
    reached_at: datetime
    tied_with: int

    @property
    def place(self) -> Place:
        return Place(subject_id=self.subject_id, score=self.score, reached_at=self.reached_at)


def fold(operator: Operator, parts: Iterable[Part]) -> Score | None:
    """The score of one subject's live contributions; None without any.

    Reached: the latest contribution that counts (SUM, COUNT), or the earliest that attains the score (BEST).
    """
    held = list(parts)
    if not held:
        return None
    if operator is Operator.BEST:
        best = max(part.value for part in held)
        reached = min(part.occurred_at for part in held if part.value == best)
        return Score(score=best, reached_at=reached, contributions=len(held))
    total = len(held) if operator is Operator.COUNT else sum(part.value for part in held)
    return Score(score=bounded(total), reached_at=max(part.occurred_at for part in held), contributions=len(held))


def extended(operator: Operator, score: Score | None, added: Sequence[Part]) -> Score | None:
    """The score after more contributions, the earlier ones unseen; None if only a fold of all can tell."""
    more = fold(operator, added)
    if score is None or more is None:
        return score or more
    contributions = score.contributions + more.contributions
    if operator is Operator.BEST:
        best = min((score, more), key=lambda one: (-one.score, one.reached_at))
        return Score(score=best.score, reached_at=best.reached_at, contributions=contributions)
    if SCORE_ABSOLUTE_MAX in (abs(score.score), abs(more.score)):
        return None
    reached = max(score.reached_at, more.reached_at)
    return Score(score=bounded(score.score + more.score), reached_at=reached, contributions=contributions)


def bounded(total: int) -> int:
    """The total within ±(2^53 − 1)."""
    return max(-SCORE_ABSOLUTE_MAX, min(SCORE_ABSOLUTE_MAX, total))


def ranked(places: Iterable[Place], display: RankDisplay) -> list[Entry]:
    """All lines of a board in order: the plain statement that SQL and index must agree with."""
    ordered = sorted(places, key=lambda place: place.key)
    peers = dict[int, list[int]]()
    for ordinal, place in enumerate(ordered, 1):
        peers.setdefault(place.score, []).append(ordinal)
    return [
        entry(place, ordinal, better=peers[place.score][0] - 1, tied=len(peers[place.score]) - 1, display=display)
        for ordinal, place in enumerate(ordered, 1)
    ]


def entry(place: Place, ordinal: int, *, better: int, tied: int, display: RankDisplay) -> Entry:
    """A line, given its ordinal, how many have a strictly better score and how many others the same."""
    competing = display is RankDisplay.COMPETITION
    return Entry(
        rank=better + 1 if competing else ordinal,
        ordinal=ordinal,
        subject_id=place.subject_id,
        score=place.score,
        reached_at=place.reached_at,
        tied_with=tied if competing else 0,
    )
