"""Why something was awarded or not: codes with facts, kept as JSON, told in English or French."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from domain.earning.explanation_texts import TEXTS
from domain.kernel.wording import language_of, number_text, percent_text

REASONS_MAX = 40
LOCALES = ("en", "fr")
# Told as a percentage; in millionths.
PARTS = frozenset({"ppm", "discount", "above", "keeps"})
# Told as a date; what ends at a midnight ends with the day before.
DATES = frozenset({"matures_at", "closes_at", "came_at", "awaited_until", "expires_at"})
ENDS_OF_DAYS = frozenset({"expires_at"})
UNIT_OF: Mapping[str, str] = {
    "amount": "unit",
    "asked": "unit",
    "left": "unit",
    "granted": "unit",
    "each": "unit",
    "whole_amount": "unit",
    "best_amount": "unit",
    "basis_amount": "basis_unit",
    "per": "basis_unit",
    "cap": "cap_unit",
    "ceiling": "ceiling_unit",
}


def told_at(instant: datetime, zone: ZoneInfo) -> str:
    """The instant as a fact: ISO 8601 on the wall clock of the zone, with its offset."""
    return instant.astimezone(zone).isoformat()


def as_of(explanation: Sequence[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """A stored explanation as it is to be told now: what was awaited and had to come by now never came."""
    return [
        {**step, "code": "NEVER_CAME"}
        if step.get("code") == "AWAITED" and datetime.fromisoformat(step["facts"]["awaited_until"]) < now
        else step
        for step in explanation
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One step of an explanation: its code and its facts in JSON terms (instants as ISO text)."""

    code: str
    facts: Mapping[str, object]

    def text(self, locale: str, exponents: Mapping[str, int] | None = None) -> str:
        """The sentence in French for "fr…", else in English; `exponents` are the decimals of each unit (default 0)."""
        language = language_of(locale)
        spoken = {name: _spoken(name, self.facts, language, exponents or {}) for name in self.facts}
        return TEXTS[self.code][language].format_map(spoken)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every step that led to an amount, in order; the last one decided."""

    reasons: tuple[Reason, ...]

    @property
    def code(self) -> str:
        """The code of the step that decided."""
        return self.reasons[-1].code if self.reasons else ""

    def plus(self, *reasons: Reason) -> "Explanation":
        """This explanation with further steps, at most 40."""
        return Explanation((*self.reasons, *reasons)[:REASONS_MAX])

    def text(self, locale: str, exponents: Mapping[str, int] | None = None) -> str:
        """All steps, one sentence after the other."""
        return " ".join(reason.text(locale, exponents) for reason in self.reasons)

    def to_json(self) -> list[dict[str, object]]:
        """The steps as a JSON list of {code, facts}."""
        return [{"code": reason.code, "facts": dict(reason.facts)} for reason in self.reasons]

    @classmethod
    def from_json(cls, document: Sequence[Mapping[str, object]]) -> "Explanation":
        """The explanation that `to_json` wrote. Refuses: KeyError for a code that has no text."""
        return cls(
            tuple(
                Reason(code=_known(str(item["code"])), facts=cast("Mapping[str, object]", item["facts"]))
                for item in document
            )
        )


def _known(code: str) -> str:
    if code not in TEXTS:
        raise KeyError(code)
    return code


def _spoken(name: str, facts: Mapping[str, object], language: str, exponents: Mapping[str, int]) -> str:
    value = facts[name]
    if name in UNIT_OF and isinstance(value, int):
        unit = facts.get(UNIT_OF[name])
        exponent = exponents.get(unit, 0) if isinstance(unit, str) else 0
        number = number_text(value, exponent, language)
        return f"{number} {unit}" if unit else number
    if name in PARTS and isinstance(value, int):
        return percent_text(value, language)
    if name.endswith(("_at", "_until", "_from_instant")) and isinstance(value, str):
        return _instant(name, value, language)
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "fr": ("non", "oui")}[language][value]
    if isinstance(value, int):
        return number_text(value, 0, language)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return ", ".join(f"{key} = {_spoken(key, entries, language, {})}" for key in entries) or "–"
    return str(value)


def _instant(name: str, value: str, language: str) -> str:
    instant = datetime.fromisoformat(value)
    if name in ENDS_OF_DAYS:
        instant -= timedelta(microseconds=1)
    date = instant.strftime("%Y-%m-%d" if language == "en" else "%d/%m/%Y")
    return date if name in DATES else f"{date} {instant:%H:%M}"
