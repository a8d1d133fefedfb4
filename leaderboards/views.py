"""What the face gets to see of boards: frozen records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access.principals import Relation
from leaderboards.boards import Operator, RankDisplay, Scope, Visibility
from leaderboards.standings import Entry, Place
from leaderboards.windows import WindowKind


class AnswerSource(StrEnum):
    """Where an answer was read: the index, or PostgreSQL itself; both say the same."""

    INDEX = "INDEX"
    LEDGER = "LEDGER"


@dataclass(frozen=True, kw_only=True)
class BoardShown:
    """A board as its viewers know it."""

    id: UUID
    code: str
    name: Mapping[str, str]
    metric: Mapping[str, Any]
    operator: Operator
    scope: Scope
    window_kind: WindowKind
    zone: str
    unit: str | None
    rank_display: RankDisplay
    program_id: UUID | None
    visibility: Visibility
    version: int


@dataclass(frozen=True, kw_only=True)
class SeasonShown:
    """One window of a board. What moves (seq, position) comes with the lines, never from here."""

    id: UUID
    board: BoardShown
    starts_at: datetime
    ends_at: datetime | None
    closed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Which state of a season an answer shows; generation 0 is PostgreSQL's own."""

    epoch: int
    generation: int
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PageAfter:
    """Where a page ended, pinned to the state it showed: the face seals it into a cursor."""

    epoch: int
    seq: int
    ordinal: int
    place: Place


@dataclass(frozen=True, kw_only=True)
class LinesShown:
    """Lines of a season at one version. `stale` says that the season has moved on since that version.

    `subjects`: how many stand on the whole board, where the answer's source knows it anyway.
    """

    season: SeasonShown
    version: Version
    as_of_position: int
    source: AnswerSource
    stale: bool
    entries: Sequence[Entry]
    next: PageAfter | None = None
    subjects: int | None = None


@dataclass(frozen=True, kw_only=True)
class RankShown:
    """Where one subject stands, at one version; no entry: it does not stand."""

    season_id: UUID
    subject_id: UUID
    entry: Entry | None
    version: Version
    source: AnswerSource


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One contribution: its origin (an activity or an award), its value, and whether it is in the score.

    For BEST only the value that attains the score is in it; elsewhere every one is.
    """

    origin_id: UUID
    value: int
    occurred_at: datetime
    in_score: bool


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Why a subject has its score: the newest contributions first, at most as many as asked, of `total`."""

    relation: Relation
    reasons: Sequence[Reason]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change of a standing, with the place before and after; None: not on the board."""

    seq: int
    subject_id: UUID
    before: Place | None
    after: Place | None
    position: int
    changed_at: datetime
