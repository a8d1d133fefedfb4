"""What an activity type declares, and whether the content of an activity keeps to it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from domain.activities.activity import (
    AMOUNT_MAX,
    AttributeValue,
    Basis,
    StoredValue,
)
from domain.activities.documents import Piece
from domain.activities.refusals import InvalidActivityType
from domain.kernel.money import Amount

ATTRIBUTES_MAX = 50
TEXT_LENGTH_MAX = 200
DEAL_KEY_LENGTH_MAX = 128
UNITS_MAX = 20
CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
UNCLEAN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class AttributeKind(StrEnum):
    """What an attribute holds; an INSTANT is kept as ISO 8601 in UTC."""

    STRING = "STRING"
    INTEGER = "INTEGER"
    BOOLEAN = "BOOLEAN"
    INSTANT = "INSTANT"


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One declared attribute; `length_max` in characters bounds a STRING."""

    name: str
    kind: AttributeKind
    required: bool = False
    length_max: int = TEXT_LENGTH_MAX


@dataclass(frozen=True, kw_only=True)
class AmountRule:
    """Whether an amount of this basis must be there, and in which units it may be."""

    basis: Basis
    units: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class DeclaredType:
    """An activity type: its attributes, amounts by basis, and the attribute that is the deal key."""

    code: str
    name: Mapping[str, str]
    attributes: Mapping[str, Attribute]
    amounts: Mapping[Basis, AmountRule]
    deal_key: str | None = None

    def document(self) -> dict[str, object]:
        """The declaration in JSON terms, as it is stored."""
        return {
            "attributes": [
                {"name": a.name, "kind": a.kind.value, "required": a.required, "length_max": a.length_max}
                for a in self.attributes.values()
            ],
            "amounts": [
                {"basis": rule.basis.value, "units": list(rule.units), "required": rule.required}
                for rule in self.amounts.values()
            ],
            "deal_key": self.deal_key,
        }


@dataclass(frozen=True, kw_only=True)
class Content:
    """Amounts and attributes as they are stored, after the type was asked."""

    amounts: Mapping[Basis, Amount]
    attributes: Mapping[str, StoredValue]
    deal_key: str | None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong at a path: a code for programs, with the bound that was passed where there is one."""

    path: str
    problem: str
    bound: str | None = None


def declared_type(code: str, name: object, declaration: object) -> DeclaredType:
    """The type a JSON declaration states.

    Refuses: InvalidActivityType, with every problem and its path.
    """
    whole = Piece(declaration).fields(("attributes", "amounts", "deal_key"))
    if not CODE.fullmatch(code) or len(code) > 64:
        Piece(code, "code", whole.problems).note("words of a-z, 0-9 and _, joined by dots, at most 64 characters")
    names = {locale: piece.text(200) for locale, piece in Piece(name, "name", whole.problems).entries(10)}
    if "en" not in names:
        Piece(None, "name.en", whole.problems).note("an English name is expected")
    deal_key = whole.at("deal_key").optional_text(64)
    attributes = _attributes(whole.at("attributes"), deal_key)
    rules: dict[Basis, AmountRule] = {}
    for piece in whole.at("amounts").items(len(Basis)):
        rule = _amount_rule(piece)
        if rule.basis in rules:
            piece.at("basis").note("declared twice")
        rules[rule.basis] = rule
    found = attributes.get(deal_key) if deal_key else None
    if deal_key and (found is None or found.kind is not AttributeKind.STRING or found.length_max > DEAL_KEY_LENGTH_MAX):
        whole.at("deal_key").note(f"names no declared STRING of at most {DEAL_KEY_LENGTH_MAX} characters")
    if whole.problems:
        raise InvalidActivityType(type=code, problems=whole.problems)
    return DeclaredType(code=code, name=names, attributes=attributes, amounts=rules, deal_key=deal_key)


def _attributes(whole: Piece, deal_key: str | None) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {}
    for piece in whole.items(ATTRIBUTES_MAX):
        attribute = _attribute(piece, deal_key)
        if attribute.name in attributes:
            piece.at("name").note("declared twice")
        attributes[attribute.name] = attribute
    return attributes


def _attribute(piece: Piece, deal_key: str | None) -> Attribute:
    piece.fields(("name", "kind", "required", "length_max"))
    name = piece.at("name").text(64)
    if name and not NAME.fullmatch(name):
        piece.at("name").note("a-z, 0-9 and _, beginning with a letter")
    return Attribute(
        name=name,
        kind=AttributeKind(piece.at("kind").one_of(list(AttributeKind), AttributeKind.STRING)),
        required=piece.at("required").flag(),
        length_max=piece.at("length_max").whole(
            1, TEXT_LENGTH_MAX, DEAL_KEY_LENGTH_MAX if name == deal_key else TEXT_LENGTH_MAX
        ),
    )


def _amount_rule(piece: Piece) -> AmountRule:
    piece.fields(("basis", "units", "required"))
    units = piece.at("units").texts(UNITS_MAX, 16)
    if not units:
        piece.at("units").note("at least one unit is expected")
    return AmountRule(
        basis=Basis(piece.at("basis").one_of(list(Basis))), units=units, required=piece.at("required").flag()
    )


def checked(
    kind: DeclaredType, amounts: Mapping[Basis, Amount], attributes: Mapping[str, AttributeValue]
) -> Content | tuple[Problem, ...]:
    """The content as it is stored, or every problem with its path."""
    problems: list[Problem] = []
    stored: dict[str, StoredValue] = {}
    for name, value in attributes.items():
        declared = kind.attributes.get(name)
        if declared is None:
            problems.append(Problem(path=f"attributes.{name[:64]}", problem="NOT_DECLARED"))
            continue
        kept = _kept(declared, value)
        if isinstance(kept, Problem):
            problems.append(kept)
        else:
            stored[name] = kept
    problems += [
        Problem(path=f"attributes.{attribute.name}", problem="REQUIRED")
        for attribute in kind.attributes.values()
        if attribute.required and attribute.name not in attributes
    ]
    problems += [
        problem for basis, amount in amounts.items() if (problem := _amount_problem(kind, basis, amount)) is not None
    ]
    problems += [
        Problem(path=f"amounts.{rule.basis}", problem="REQUIRED")
        for rule in kind.amounts.values()
        if rule.required and rule.basis not in amounts
    ]
    if problems:
        return tuple(problems)
    deal_key = stored.get(kind.deal_key) if kind.deal_key else None
    return Content(amounts=dict(amounts), attributes=stored, deal_key=str(deal_key) if deal_key is not None else None)


def _kept(attribute: Attribute, value: AttributeValue) -> StoredValue | Problem:
    path = f"attributes.{attribute.name}"
    match attribute.kind:
        case AttributeKind.STRING:
            if not isinstance(value, str):
                return Problem(path=path, problem="NOT_A_STRING")
            if not 1 <= len(value) <= attribute.length_max:
                return Problem(path=path, problem="LENGTH", bound=f"1..{attribute.length_max}")
            return value if is_clean(value) else Problem(path=path, problem="UNPRINTABLE")
        case AttributeKind.INTEGER:
            if isinstance(value, bool) or not isinstance(value, int):
                return Problem(path=path, problem="NOT_AN_INTEGER")
            return value if abs(value) <= AMOUNT_MAX else Problem(path=path, problem="TOO_LARGE", bound=str(AMOUNT_MAX))
        case AttributeKind.BOOLEAN:
            return value if isinstance(value, bool) else Problem(path=path, problem="NOT_A_BOOLEAN")
        case AttributeKind.INSTANT:
            instant = _instant(value)
            return instant.isoformat() if instant else Problem(path=path, problem="NOT_AN_INSTANT")


def _amount_problem(kind: DeclaredType, basis: Basis, amount: Amount) -> Problem | None:
    path, rule = f"amounts.{basis}", kind.amounts.get(basis)
    if rule is None:
        return Problem(path=path, problem="NOT_DECLARED")
    if amount.unit not in rule.units:
        return Problem(path=f"{path}.unit", problem="UNIT_NOT_ALLOWED", bound=", ".join(rule.units))
    least = -AMOUNT_MAX if basis is Basis.MARGIN else 0  # selling below cost happens, a negative price does not
    if isinstance(amount.minor, bool) or not least <= amount.minor <= AMOUNT_MAX:
        return Problem(path=f"{path}.amount", problem="AMOUNT_OUT_OF_BOUNDS", bound=f"{least}..{AMOUNT_MAX}")
    return None


def _instant(value: AttributeValue) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def is_clean(text: str) -> bool:
    """True if the text can be stored and shown in one line: no control characters, no half of a character."""
    return UNCLEAN.search(text) is None
