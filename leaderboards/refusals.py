"""Every expected no of leaderboards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class BoardNotUnderstood(Refusal):
    """A part of a board's definition is missing, out of bounds or unknown."""

    field: str
    problem: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The board's {field} {problem}.",
        "fr": "Classement, {field} : {problem}.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class TooManyBoards(Refusal):
    """The deployment has as many boards as it may have."""

    boards_max: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There are {boards_max} boards already, which is the most.",
        "fr": "Il existe déjà {boards_max} classements, le maximum.",
    }


@dataclass(eq=False)
class PageExpired(Refusal):
    """The page belongs to a state of the board that is not known here (any more); start again at the top."""

    season_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This page's state of the board is gone; start again at the top.",
        "fr": "Cet état du classement n’existe plus ; reprenez depuis le début.",
    }
    stored: ClassVar[bool] = False
