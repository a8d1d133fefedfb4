"""What differs between two versions of terms, field by field, with a sentence in English and French; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from domain.kernel.wording import amount_text, language_of, number_text, percent_text
from domain.programs.terms import Terms

CHANGES_MAX = 500
CHARACTERS_MAX = 200
PPM_NAMES = ("ppm", "share_ppm", "ceiling_ppm")
AMOUNT_NAMES = ("amount", "campaign_cap")

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "changed": "{what} changes from {before} to {after}.",
        "added": "{what} is new: {after}.",
        "removed": "{what} is gone; it was {before}.",
        "of": "{field} of {owner}",
        "rule": "rule “{code}”",
        "nothing": "nothing",
        "yes": "yes",
        "no": "no",
    },
    "fr": {
        "changed": "{what} passe de {before} à {after}.",
        "added": "{what} est nouveau\u202f: {after}.",
        "removed": "{what} disparaît\u202f; c’était {before}.",
        "of": "{field} de {owner}",
        "rule": "la règle «\u202f{code}\u202f»",
        "nothing": "rien",
        "yes": "oui",
        "no": "non",
    },
}
FIELDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "unit": "the unit",
        "zone": "the time zone",
        "window": "the window",
        "trigger": "the rewarded activity",
        "condition": "the condition",
        "effect": "the effect",
        "kind": "the kind of effect",
        "amount": "the amount",
        "ppm": "the percentage",
        "per": "the step",
        "mode": "the mode",
        "brackets": "a bracket",
        "milestones": "a milestone",
        "rate": "the rate",
        "from": "the threshold",
        "at": "the goal",
        "basis": "the basis",
        "basis_unit": "the currency",
        "moment": "the moment",
        "subject": "whose activities are added up",
        "period": "the period",
        "beneficiaries": "a beneficiary",
        "share_ppm": "the share",
        "caps": "a cap",
        "count": "the number",
        "campaign_cap": "the cap of the campaign",
        "cooldown_minutes": "the pause between two",
        "hold_days": "the days on hold",
        "expires_after": "the expiry",
        "days": "the days",
        "months": "the months",
        "stacking": "the stacking",
        "ceiling_ppm": "the ceiling",
        "priority": "the priority",
        "group": "the group",
        "allocate": "when scarcity is shared",
        "rounding": "the rounding",
        "grants": "a bundle",
        "rules": "a rule",
        "default": "the default",
        "min": "the least value",
        "max": "the highest value",
    },
    "fr": {
        "unit": "l’unité",
        "zone": "le fuseau horaire",
        "window": "la période de validité",
        "trigger": "l’activité récompensée",
        "condition": "la condition",
        "effect": "l’effet",
        "kind": "le type d’effet",
        "amount": "le montant",
        "ppm": "le pourcentage",
        "per": "la tranche",
        "mode": "le mode",
        "brackets": "une tranche",
        "milestones": "un palier",
        "rate": "le taux",
        "from": "le seuil",
        "at": "le but",
        "basis": "la base",
        "basis_unit": "la devise",
        "moment": "le moment",
        "subject": "celui dont on additionne les activités",
        "period": "la période",
        "beneficiaries": "un bénéficiaire",
        "share_ppm": "la part",
        "caps": "un plafond",
        "count": "le nombre",
        "campaign_cap": "le plafond de la campagne",
        "cooldown_minutes": "la pause entre deux",
        "hold_days": "les jours d’attente",
        "expires_after": "l’expiration",
        "days": "les jours",
        "months": "les mois",
        "stacking": "le cumul",
        "ceiling_ppm": "le plafond",
        "priority": "la priorité",
        "group": "le groupe",
        "allocate": "le moment du partage",
        "rounding": "l’arrondi",
        "grants": "un lot",
        "rules": "une règle",
        "default": "la valeur par défaut",
        "min": "la valeur minimale",
        "max": "la valeur maximale",
    },
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field that differs; `before` or `after` is None where the field is not there, or says nothing.

    `path` names the place in the canonical document; rules, milestones and other things with a code by it.
    """

    path: str
    before: object
    after: object
    unit: str

    def text(self, locale: str, exponents: Mapping[str, int]) -> str:
        """The change as a sentence; `exponents` are the decimals of each unit (default 0)."""
        language = language_of(locale)
        phrases = PHRASES[language]
        phrase = "added" if self.before is None else "removed" if self.after is None else "changed"
        said = phrases[phrase].format(
            what=self._what(language),
            before=self._shown(self.before, language, exponents),
            after=self._shown(self.after, language, exponents),
        )
        return said[:1].upper() + said[1:]

    @property
    def field(self) -> str:
        """The last name of the path, without its place in a list."""
        return self.path.rsplit(".", 1)[-1].split("[")[0]

    def _what(self, language: str) -> str:
        named = FIELDS[language].get(self.field) or f"`{self.path}`"
        if not self.path.startswith("rules["):
            return named
        owner = PHRASES[language]["rule"].format(code=self.path[len("rules[") :].split("]")[0])
        is_whole_rule = self.path.count(".") == 0
        return owner if is_whole_rule else PHRASES[language]["of"].format(field=named, owner=owner)

    def _shown(self, value: object, language: str, exponents: Mapping[str, int]) -> str:
        if value is None:
            return PHRASES[language]["nothing"]
        if isinstance(value, bool):
            return PHRASES[language]["yes" if value else "no"]
        if isinstance(value, int):
            if self.field in PPM_NAMES:
                return percent_text(value, language)
            if self.field in AMOUNT_NAMES:
                return amount_text(value, self.unit, language, exponents)
            return number_text(value, 0, language)
        if isinstance(value, dict):
            fields = cast("dict[str, object]", value)
            told = ", ".join(f"{name} {inner}" for name, inner in fields.items() if inner not in (None, [], {}))
            return _cut(told)
        return _cut(str(value))


def differences(before: Terms, after: Terms) -> list[Change]:
    """Every field that differs, in the order of the document, at most 500; none for the same terms."""
    found: list[Change] = []
    for path, was, now in _walk("", before.to_json(), after.to_json()):
        if len(found) == CHANGES_MAX:
            break
        found.append(Change(path=path, before=was, after=now, unit=after.unit))
    return found


def _walk(path: str, was: object, now: object) -> Iterator[tuple[str, object, object]]:
    if was == now:
        return
    if isinstance(was, dict) and isinstance(now, dict):
        yield from _walk_fields(path, cast("dict[str, object]", was), cast("dict[str, object]", now))
    elif isinstance(was, list) and isinstance(now, list):
        left, right = _by_name(cast("list[object]", was)), _by_name(cast("list[object]", now))
        for name in dict.fromkeys((*left, *right)):
            yield from _walk(f"{path}[{name}]", left.get(name), right.get(name))
    else:
        yield path, was, now


def _walk_fields(
    path: str, was: Mapping[str, object], now: Mapping[str, object]
) -> Iterator[tuple[str, object, object]]:
    for name in dict.fromkeys((*was, *now)):
        yield from _walk(f"{path}.{name}" if path else name, was.get(name), now.get(name))


def _by_name(items: list[object]) -> dict[str, object]:
    """Items by their code, or else by their place from 0."""
    named: dict[str, object] = {}
    for place, item in enumerate(items):
        code = cast("dict[str, object]", item).get("code") if isinstance(item, dict) else None
        named[str(code) if isinstance(code, str) else str(place)] = item
    return named


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS_MAX else f"{text[: CHARACTERS_MAX - 1]}…"
