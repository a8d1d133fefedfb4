"""Every expected no of earning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class UnitIsFull(Refusal):
    """The activity finds no room: a unit of evaluation would hold more than it may. The item alone is rejected."""

    rule: str
    limit: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The rule {rule} has counted {limit} activities of this subject in this period; no more fit.",
        "fr": "La règle {rule} a compté {limit} activités de ce participant sur la période ; il n’y a plus de place.",
    }


@dataclass(eq=False)
class VendorActivity(Refusal):
    """What the vendor granted by hand belongs to no rule: no source changes it, adjusting takes it back."""

    external_id: str
    type: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{external_id} was granted by the vendor by hand ({type}); adjust the points instead.",
        "fr": "{external_id} a été accordé par le fournisseur à la main ({type}) ; ajustez plutôt les points.",
    }


@dataclass(eq=False)
class AdjustmentExceedsAwards(Refusal):
    """More was to be taken back than the program ever granted this member and has not taken back yet."""

    standing: int
    asked: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Only {standing} can be taken back here, not {asked}.",
        "fr": "Seuls {standing} peuvent être repris ici, pas {asked}.",
    }


@dataclass(eq=False)
class BudgetShort(Refusal):
    """The program's budget does not hold what was to be granted whole."""

    left: int
    asked: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The budget holds {left}, not {asked}.",
        "fr": "Le budget contient {left}, pas {asked}.",
    }


@dataclass(eq=False)
class UnreadableFile(Refusal):
    """A file of an import is absent, too large, or not the table that the mapping declares; nothing of it is taken."""

    file: str
    problem: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The file {file} cannot be read: {problem}.",
        "fr": "Le fichier {file} ne peut pas être lu : {problem}.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class SourceHasNoMapping(Refusal):
    """The source has no mapping, so that a row says nothing."""

    source: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The source {source} has no mapping.",
        "fr": "La source {source} n’a pas de correspondance.",
    }


@dataclass(eq=False)
class ImportMoved(Refusal):
    """Another process imports the same file at the same time; it goes on, this one ends."""

    row: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Another import of this file has moved on to row {row}.",
        "fr": "Un autre import de ce fichier en est à la ligne {row}.",
    }
    stored: ClassVar[bool] = False


@dataclass(eq=False)
class TiersRefused(Refusal):
    """The document of a set of tiers is not valid; `problems` lists path and reason of each."""

    problems: list[str]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The tiers are not valid: {problems}",
        "fr": "Les niveaux ne sont pas valides : {problems}",
    }


@dataclass(eq=False)
class TierUnknown(Refusal):
    """The set has no tier of this code."""

    tier: str
    known: list[str]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is no tier {tier} in this set; there are {known}.",
        "fr": "Il n’y a pas de niveau {tier} dans cet ensemble ; il y a {known}.",
    }
