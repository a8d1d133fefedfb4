"""Reads a JSON document field by field and collects every problem with its path, instead of stopping at the first."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, TypeVar, cast

from domain.kernel.points import is_whole

CODE = re.compile(r"[a-z][a-z0-9_.\-]{0,63}")
PROBLEMS_MAX = 100
PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
EnumT = TypeVar("EnumT", bound=StrEnum)
ReadT = TypeVar("ReadT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong at one place of a document ("rules[0].effect.points")."""

    path: str
    reason: str


class InvalidTerms(ValueError):
    """A terms document that is refused, with every problem found (at most 100)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.reason}" for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True, slots=True)
class FromParameter:
    """A number that the enrollment's parameter of this name supplies; its declared bounds are remembered."""

    name: str
    minimum: int
    maximum: int


Number: TypeAlias = int | FromParameter


def number_value(number: Number, parameters: Mapping[str, object]) -> int:
    """The number itself, or the parameter's value. Refuses: KeyError where the parameters were not resolved."""
    if isinstance(number, FromParameter):
        value = parameters[number.name]
        if not is_whole(value):
            raise KeyError(number.name)
        return cast("int", value)
    return number


def number_json(number: Number) -> object:
    """The number as the document wrote it."""
    return {"parameter": number.name} if isinstance(number, FromParameter) else number


def least(number: Number) -> int:
    """The smallest value the number may take."""
    return number.minimum if isinstance(number, FromParameter) else number


def most(number: Number) -> int:
    """The largest value the number may take."""
    return number.maximum if isinstance(number, FromParameter) else number


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """One object of the document, its path, and the problems found so far (shared by all readers of a document)."""

    fields: Mapping[str, object]
    path: str
    problems: list[Problem] = field(default_factory=list[Problem])
    numbers: Mapping[str, FromParameter] = field(default_factory=dict[str, FromParameter])

    def problem(self, name: str, reason: str) -> None:
        """Notes a problem at the field; after the hundredth they are no longer noted."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(path=self.at(name), reason=reason))

    def at(self, name: str) -> str:
        """The path of the field."""
        return f"{self.path}.{name}" if self.path and name else self.path or name

    def only(self, *names: str) -> None:
        """Notes every field that is not one of these."""
        for name in self.fields:
            if name not in names:
                self.problem(str(name)[:64], f"is not known here; known are {', '.join(names)}")

    def has(self, name: str) -> bool:
        """True when the field is there and not null."""
        return self.fields.get(name) is not None

    def inner(self, name: str) -> "Reader":
        """A reader of the object in the field; an empty one, with a problem noted, when it is not an object."""
        return self._reader(self.fields.get(name), self.at(name))

    def each(self, name: str, items_max: int, items_min: int = 0) -> list["Reader"]:
        """Readers of the objects in the list, which holds items_min … items_max."""
        items = self.fields.get(name)
        if items is None and items_min == 0:
            return []
        if not isinstance(items, list) or not items_min <= len(cast("list[object]", items)) <= items_max:
            self.problem(name, f"is a list of {items_min} to {items_max} objects")
            return []
        path = self.at(name)
        return [self._reader(item, f"{path}[{index}]") for index, item in enumerate(cast("list[object]", items))]

    def named(self, name: str, items_max: int, pattern: re.Pattern[str] = PARAMETER_NAME) -> dict[str, "Reader"]:
        """Readers by name of an object whose values are objects, or a bare text standing for {"type": text}."""
        found = self.fields.get(name)
        if found is None:
            return {}
        if not isinstance(found, dict) or len(cast("dict[object, object]", found)) > items_max:
            self.problem(name, f"is an object of at most {items_max} names")
            return {}
        path = self.at(name)
        readers: dict[str, Reader] = {}
        for key, item in cast("dict[object, object]", found).items():
            if not isinstance(key, str) or not pattern.fullmatch(key):
                self.problem(name, f"{str(key)[:64]!r} is not a name: lower-case letters, digits and underscores")
                continue
            readers[key] = self._reader({"type": item} if isinstance(item, str) else item, f"{path}.{key}")
        return readers

    def text(self, name: str, characters_max: int, default: str | None = None) -> str:
        """The text in the field, 1 … characters_max long."""
        value = self.fields.get(name, default)
        if not isinstance(value, str) or not 1 <= len(value) <= characters_max or "\x00" in value:
            self.problem(name, f"is a text of 1 to {characters_max} characters")
            return default or "?"
        return value

    def code(self, name: str) -> str:
        """A code: lower-case letters, digits, and . _ - after the first letter, at most 64."""
        value = self.text(name, 64)
        if value != "?" and not CODE.fullmatch(value):
            self.problem(name, "is a code: a lower-case letter, then lower-case letters, digits, dots, dashes")
        return value

    def codes(self, name: str, items_max: int) -> tuple[str, ...]:
        """The list of 1 … items_max different codes in the field."""
        items = self.fields.get(name)
        found = cast("list[object]", items) if isinstance(items, list) else []
        texts = [item for item in found if isinstance(item, str) and CODE.fullmatch(item)]
        if not 1 <= len(texts) <= items_max or len(set(texts)) < len(found):
            self.problem(name, f"is a list of 1 to {items_max} different codes")
        return tuple(texts)

    def choice(self, name: str, kinds: type[EnumT], default: EnumT | None = None) -> EnumT:
        """The member of the enumeration that the field names."""
        value = self.fields.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value in kinds.__members__:
            return kinds[value]
        self.problem(name, f"is one of {', '.join(kinds.__members__)}")
        return default or next(iter(kinds))

    def number(self, name: str, minimum: int, maximum: int, default: int | None = None) -> Number:
        """A whole number within the bounds, or {"parameter": name} of an INT parameter declared within them."""
        value = self.fields.get(name, default)
        if is_whole(value) and minimum <= cast("int", value) <= maximum:
            return cast("int", value)
        if isinstance(value, dict) and set(cast("dict[str, object]", value)) == {"parameter"}:
            return self._parameter(name, cast("dict[str, object]", value)["parameter"], minimum, maximum)
        self.problem(name, f'is a whole number from {minimum} to {maximum}, or {{"parameter": …}}')
        return minimum

    def whole(self, name: str, minimum: int, maximum: int, default: int | None = None) -> int:
        """A whole number within the bounds, written out."""
        value = self.fields.get(name, default)
        if is_whole(value) and minimum <= cast("int", value) <= maximum:
            return cast("int", value)
        self.problem(name, f"is a whole number from {minimum} to {maximum}")
        return minimum

    def optional(self, name: str, read: Callable[[], ReadT]) -> ReadT | None:
        """What `read` finds when the field is there, else nothing."""
        return read() if self.has(name) else None

    def _parameter(self, name: str, parameter: object, minimum: int, maximum: int) -> Number:
        declared = self.numbers.get(parameter) if isinstance(parameter, str) else None
        if declared is None:
            self.problem(name, f"{str(parameter)[:64]!r} is not a declared INT parameter")
            return minimum
        if declared.minimum < minimum or declared.maximum > maximum:
            self.problem(name, f"the bounds of {declared.name} must lie within {minimum} to {maximum}")
            return minimum
        return declared

    def _reader(self, value: object, path: str) -> "Reader":
        if not isinstance(value, dict):
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(Problem(path=path, reason="is an object"))
            value = {}
        return Reader(fields=cast("dict[str, object]", value), path=path, problems=self.problems, numbers=self.numbers)
