"""Why something was awarded or not: codes with facts, kept as JSON, told in English or French."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from domain.earning.explanation_texts import TEXTS
from domain.kernel.wording import language_of, number_text, percent_text

REASONS_MAX = 40
LOCALES = ("en", "fr")
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
    if name == "ppm" and isinstance(value, int):
        return percent_text(value, language)
    if name.endswith(("_at", "_until", "_from_instant")) and isinstance(value, str):
        return _instant(value, language)
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "fr": ("non", "oui")}[language][value]
    if isinstance(value, int):
        return number_text(value, 0, language)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return ", ".join(f"{key} = {_spoken(key, entries, language, {})}" for key in entries) or "–"
    return str(value)


def _instant(value: str, language: str) -> str:
    instant = datetime.fromisoformat(value)
    pattern = "%Y-%m-%d %H:%M %Z" if language == "en" else "%d/%m/%Y %H:%M %Z"
    return instant.strftime(pattern).strip()
