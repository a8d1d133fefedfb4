"""A template: the fields of its form, how values are read with every problem, and what terms they make; pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from domain.kernel.money import UNIT_CODE
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, is_whole
from domain.programs.audience import AudienceRule
from domain.programs.document import CODE, Problem
from domain.programs.program import Audience

TEXT_LENGTH_MAX = 200
FIELDS_MAX = 20
Texts = Mapping[str, str]


class FieldKind(StrEnum):
    """What a field of a form holds."""

    AMOUNT = "AMOUNT"
    COUNT = "COUNT"
    PERCENT = "PERCENT"
    CODE = "CODE"
    TEXT = "TEXT"
    UNIT = "UNIT"
    CHOICE = "CHOICE"


WHOLE = frozenset((FieldKind.AMOUNT, FieldKind.COUNT, FieldKind.PERCENT))


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One value that a CHOICE may have."""

    code: str
    label: Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field: AMOUNT in minor units, PERCENT in millionths, COUNT whole; without a default it must be filled in."""

    name: str
    kind: FieldKind
    label: Texts
    help: Texts
    default: int | str | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Choice, ...] = ()

    @property
    def is_required(self) -> bool:
        """True where nothing stands in for a value that is left out."""
        return self.default is None

    def problem(self, value: object) -> str | None:
        """What is wrong with the value, if anything is."""
        if self.kind in WHOLE:
            least, most = self.minimum or 0, AMOUNT_ABSOLUTE_MAX if self.maximum is None else self.maximum
            is_good = is_whole(value) and least <= cast("int", value) <= most
            return None if is_good else f"is a whole number from {least} to {most}"
        if not isinstance(value, str):
            return "is a text"
        match self.kind:
            case FieldKind.CODE:
                is_good, wanted = CODE.fullmatch(value), "is a code: a lower-case letter, then letters, digits, . _ -"
            case FieldKind.UNIT:
                is_good, wanted = UNIT_CODE.fullmatch(value), "is a unit code: 2 to 16 capital letters, digits, _"
            case FieldKind.CHOICE:
                codes = [choice.code for choice in self.choices]
                is_good, wanted = value in codes, f"is one of {', '.join(codes)}"
            case _:
                is_good, wanted = (
                    _is_text(value),
                    f"is a text of at most {TEXT_LENGTH_MAX} characters, without quotation marks",
                )
        return None if is_good else wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """A form that was filled in and read: what it holds is of its field's kind and within its bounds."""

    unit: str
    zone: str
    fields: Mapping[str, object]

    def whole(self, name: str) -> int:
        """A field of whole numbers."""
        return cast("int", self.fields[name])

    def text(self, name: str) -> str:
        """A field of text, a code, a unit or a choice."""
        return cast("str", self.fields[name])


@dataclass(frozen=True, kw_only=True)
class Template:
    """A kind of program: its form, and the pure function from values to a terms document."""

    code: str
    row: str
    name: Texts
    description: Texts
    fields: tuple[Field, ...]
    document: Callable[[Values], Mapping[str, object]]
    unit: str = "POINTS"
    audience: Audience = Audience.EVERYONE
    audience_rule: AudienceRule | None = None
    check: Callable[[Values], Problem | None] | None = None

    @property
    def default_unit(self) -> str:
        """What it awards unless another unit is given."""
        return self.unit

    def read(self, given: Mapping[str, object], *, unit: str, zone: str) -> Values | list[Problem]:
        """The values, defaults where nothing is given; or every problem, each with the name of its field."""
        known = {field.name for field in self.fields}
        problems = [
            Problem(path=str(name)[:64], reason="is not a field of this form") for name in given if name not in known
        ]
        found: dict[str, object] = {}
        for field in self.fields:
            value = given.get(field.name)
            value = field.default if value is None else value
            reason = "must be filled in" if value is None else field.problem(value)
            if reason:
                problems.append(Problem(path=field.name, reason=reason))
            found[field.name] = value
        values = Values(unit=unit, zone=zone, fields=found)
        if not problems and self.check is not None:
            wrong = self.check(values)
            problems += [wrong] if wrong else []
        return problems or values


def _is_text(value: str) -> bool:
    return len(value) <= TEXT_LENGTH_MAX and value.isprintable() and not set(value) & set('"\\')
