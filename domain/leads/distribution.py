"""Which partner a lead goes to, and why. Pure.

Whoever has the customer as a registered deal gets the lead. Otherwise, of the partners that take such leads, have room
and did not have this one before: most matches of segment, vertical and country first; then the least load (open leads
over the most it takes); then whoever has waited longest; then by id, so that the answer is always the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class WhyCode(StrEnum):
    """Why a lead went to a partner."""

    REGISTERED_DEAL = "REGISTERED_DEAL"
    BEST_MATCH = "BEST_MATCH"
    BY_HAND = "BY_HAND"


TEXTS: Mapping[WhyCode, Mapping[str, str]] = {
    WhyCode.REGISTERED_DEAL: {
        "en": "Your registered deal with this customer.",
        "fr": "Votre affaire enregistrée avec ce client.",
    },
    WhyCode.BEST_MATCH: {
        "en": "Matches: {matches}; {open} of {open_max} leads open at that time.",
        "fr": "Correspondances : {matches} ; {open} opportunités ouvertes sur {open_max} à ce moment.",
    },
    WhyCode.BY_HAND: {"en": "Chosen by the vendor.", "fr": "Choisi par le fournisseur."},
}
MATCHES: Mapping[str, Mapping[str, str]] = {
    "en": {"SEGMENT": "segment", "VERTICAL": "vertical", "COUNTRY": "country", "": "none in particular"},
    "fr": {"SEGMENT": "segment", "VERTICAL": "secteur", "COUNTRY": "pays", "": "aucune en particulier"},
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What of a lead decides where it goes."""

    segment: str | None = None
    vertical: str | None = None
    country: str | None = None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A partner that takes leads: which (an empty set: any), how many at once, how many it has, since when."""

    partner_id: UUID
    member_id: UUID
    segments: frozenset[str] = frozenset()
    verticals: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    open: int = 0
    open_max: int = 10
    last_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Why:
    """The facts of a choice: what matched, and how much the partner had to do."""

    code: WhyCode
    matches: tuple[str, ...] = ()
    open: int | None = None
    open_max: int | None = None
    candidates: int | None = None

    def text(self, locale: str) -> str:
        """The sentence to show, in this language or else in English."""
        language = locale.split("-")[0] if locale.split("-")[0] in MATCHES else "en"
        names = MATCHES[language]
        said = ", ".join(names[match] for match in self.matches or ("",))
        return TEXTS[self.code][language].format(matches=said, open=self.open, open_max=self.open_max)

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code.value,
            "matches": list(self.matches),
            "open": self.open,
            "open_max": self.open_max,
            "candidates": self.candidates,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Why":
        return cls(
            code=WhyCode(document["code"]),
            matches=tuple(document["matches"]),
            open=document["open"],
            open_max=document["open_max"],
            candidates=document["candidates"],
        )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The partner and the person there, and why."""

    partner_id: UUID
    member_id: UUID
    why: Why


def choose(wanted: Wanted, candidates: Sequence[Candidate], without: Collection[UUID] = ()) -> Choice | None:
    """The partner that the lead goes to; None where nobody takes it. `without` are those who had it before."""
    fitting = [
        (one, matches)
        for one in candidates
        if one.partner_id not in without and one.open < one.open_max and (matches := _matches(wanted, one)) is not None
    ]
    if not fitting:
        return None
    best, matches = min(
        fitting,
        key=lambda found: (
            -len(found[1]),
            Fraction(found[0].open, found[0].open_max),
            found[0].last_at or LONG_AGO,
            found[0].partner_id,
        ),
    )
    why = Why(
        code=WhyCode.BEST_MATCH,
        matches=matches,
        open=best.open,
        open_max=best.open_max,
        candidates=len(fitting),
    )
    return Choice(partner_id=best.partner_id, member_id=best.member_id, why=why)


def _matches(wanted: Wanted, one: Candidate) -> tuple[str, ...] | None:
    """What the partner asked for and the lead has; None where it asked for something else."""
    found = list[str]()
    for name, value, taken in (
        ("SEGMENT", wanted.segment, one.segments),
        ("VERTICAL", wanted.vertical, one.verticals),
        ("COUNTRY", wanted.country, one.countries),
    ):
        if taken and value not in taken:
            return None
        if taken:
            found.append(name)
    return tuple(found)
