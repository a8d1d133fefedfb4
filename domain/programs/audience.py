"""Who of all partners a program is for, as data: lists of types, countries, tiers and segments; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from domain.programs.document import Problem

VALUES_MAX = 100
COUNTRY = re.compile(r"[A-Z]{2}")
VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")
TIER, SEGMENT = "tier", "segment"
# Which dated fact answers which list.
DATED: Mapping[str, str] = {"tiers": TIER, "segments": SEGMENT}


@dataclass(frozen=True, kw_only=True)
class AudienceRule:
    """A list that is empty asks nothing; of every other one the partner, or the member, has at least one value.

    Types and countries are the partner's own; tiers and segments are dated facts, judged as of the activity.
    """

    types: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()

    def to_json(self) -> dict[str, list[str]] | None:
        """The lists that ask something, None for none."""
        told = {name: list(values) for name, values in self._lists().items() if values}
        return told or None

    @property
    def fact_kinds(self) -> frozenset[str]:
        """The kinds of dated fact it reads."""
        return frozenset(DATED[name] for name, values in self._lists().items() if values and name in DATED)

    def names(self, types: Sequence[str], country: str | None) -> bool:
        """True when a partner of these types, in this country, is not left out by what it is."""
        return (not self.types or not set(self.types).isdisjoint(types)) and (
            not self.countries or country in self.countries
        )

    def misses(self, facts: Sequence[Mapping[str, object]]) -> str | None:
        """The first of "tiers", "segments" that none of these facts (of the member, of the partner) answers."""
        for name, kind in DATED.items():
            wanted = self._lists()[name]
            if wanted and not any(_held(one.get(kind)) & set(wanted) for one in facts):
                return name
        return None

    def problem(self) -> Problem | None:
        """The first thing that is wrong with it."""
        for name, values in self._lists().items():
            pattern = COUNTRY if name == "countries" else VALUE
            if len(values) > VALUES_MAX:
                return Problem(path=name, reason=f"is a list of at most {VALUES_MAX}")
            if not all(pattern.fullmatch(value) for value in values):
                what = "ISO 3166 codes of two capital letters" if name == "countries" else "codes of 1 to 64 characters"
                return Problem(path=name, reason=f"holds {what}")
        return None

    def _lists(self) -> Mapping[str, tuple[str, ...]]:
        return {
            "types": self.types,
            "countries": self.countries,
            "tiers": self.tiers,
            "segments": self.segments,
        }


def audience_read(told: Mapping[str, Sequence[str]] | None) -> AudienceRule | None:
    """The rule as it was stored, None for none."""
    if not told:
        return None
    return AudienceRule(**{name: tuple(told.get(name, ())) for name in ("types", "countries", "tiers", "segments")})


def _held(value: object) -> set[str]:
    """A fact says one value, or several."""
    if isinstance(value, list):
        return {str(one) for one in cast("list[object]", value)}
    return set() if value is None else {str(value)}
