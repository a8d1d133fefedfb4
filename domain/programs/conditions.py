"""A condition in words, where it is a conjunction of plain comparisons; else as it is written; pure."""

import re
from collections.abc import Mapping

COMPARISON = re.compile(r'([a-z]+)\.([a-z_][a-z0-9_]*) (==|!=|>=|<=|>|<) ("[^"\\]*"|-?\d+|true|false)')
BARE = re.compile(r"(!?)([a-z]+)\.([a-z_][a-z0-9_]*)")
DISCOUNT = re.compile(r"activity\.amount_net \* 100 >= activity\.amount_list \* (\d{1,3})")

SIGNS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "==": "is",
        "!=": "is not",
        ">=": "is at least",
        "<=": "is at most",
        ">": "is more than",
        "<": "is less than",
    },
    "fr": {
        "==": "est",
        "!=": "n’est pas",
        ">=": "est au moins",
        "<=": "est au plus",
        ">": "dépasse",
        "<": "est inférieur à",
    },
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "and": "and",
        "true": "holds",
        "false": "does not hold",
        "nothing": "empty",
        "quoted": "“{}”",
        "partner": "{} of the partner",
        "member": "{} of the participant",
        "parameters": "the agreed {}",
        "discount": "the discount is at most {}%",
    },
    "fr": {
        "and": "et",
        "true": "est vrai",
        "false": "n’est pas vrai",
        "nothing": "vide",
        "quoted": "«\u202f{}\u202f»",
        "partner": "{} du partenaire",
        "member": "{} du participant",
        "parameters": "{} convenu",
        "discount": "la remise est au plus de {}\u202f%",
    },
}
KNOWN: Mapping[str, Mapping[str, str]] = {
    "en": {
        "tally.count": "the number so far",
        "activity.quantity": "the quantity",
        "activity.source": "the source",
        "activity.type": "the type",
        "partner.tier": "the tier of the partner",
        "member.tier": "the tier of the participant",
    },
    "fr": {
        "tally.count": "le nombre à ce jour",
        "activity.quantity": "la quantité",
        "activity.source": "la source",
        "activity.type": "le type",
        "partner.tier": "le niveau du partenaire",
        "member.tier": "le niveau du participant",
    },
}
# Numbers of these are in minor units of a currency that the condition does not name.
IN_MINOR_UNITS = ("amount_", "basis_total", "due_total")


def condition_text(condition: str, language: str) -> str:
    """What must hold, as the end of a sentence that begins with "if"."""
    said = [_part(part.strip(), language) for part in condition.split(" && ")]
    told = [part for part in said if part is not None]
    if len(told) < len(said):
        return f"`{condition}`"
    return f" {WORDS[language]['and']} ".join(told)


def _part(part: str, language: str) -> str | None:
    words = WORDS[language]
    discount = DISCOUNT.fullmatch(part)
    if discount:
        return words["discount"].format(100 - int(discount[1]))
    bare = BARE.fullmatch(part)
    if bare:
        return f"{_variable(bare[2], bare[3], language)} {words['false' if bare[1] else 'true']}"
    compared = COMPARISON.fullmatch(part)
    if compared is None or compared[2].startswith(IN_MINOR_UNITS):
        return None
    root, name, sign, value = compared.groups()
    variable = _variable(root, name, language)
    if value in ("true", "false"):
        holds = (value == "true") == (sign == "==")
        return f"{variable} {words['true' if holds else 'false']}" if sign in ("==", "!=") else None
    return f"{variable} {SIGNS[language][sign]} {_value(value, language)}"


def _value(value: str, language: str) -> str:
    if not value.startswith('"'):
        return value
    return WORDS[language]["quoted"].format(value.strip('"')) if value != '""' else WORDS[language]["nothing"]


def _variable(root: str, name: str, language: str) -> str:
    known = KNOWN[language].get(f"{root}.{name}")
    return known or WORDS[language].get(root, "{}").format(name.replace("_", " "))
