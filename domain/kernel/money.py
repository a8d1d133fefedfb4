"""Units of value, and the declared parsers by which amounts enter as whole minor units."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from domain.kernel.points import is_whole, is_within_bounds

EXPONENT_MAX = 6
UNIT_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,15}")
PLAIN_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
PATH_PARTS_MAX = 16
DOCUMENT_CHARACTERS_MAX = 2_000_000


class AmountRefused(ValueError):
    """An amount that could not enter: `path` says where it stood, `reason` why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'amount'}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A unit of value: its code (POINTS, EUR, …) and how many decimals its major unit has (0 … 6)."""

    code: str
    exponent: int

    def __post_init__(self) -> None:
        if not UNIT_CODE.fullmatch(self.code):
            raise ValueError(f"{self.code!r} is not a unit code")
        if not is_whole(self.exponent) or not 0 <= self.exponent <= EXPONENT_MAX:
            raise ValueError(f"the exponent of {self.code} is a whole number from 0 to {EXPONENT_MAX}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """So many minor units of the unit with this code."""

    minor: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AmountParser:
    """Reads one amount out of a document: where it stands, in which currency, with how many decimals.

    `path` and `currency_path` are dotted keys; a fixed `currency` and a `currency_path` exclude each other.
    """

    path: str
    exponent: int
    currency: str | None = None
    currency_path: str | None = None

    def __post_init__(self) -> None:
        if (self.currency is None) == (self.currency_path is None):
            raise ValueError("a parser names either a currency or the path of one")
        if self.currency is not None:
            Unit(code=self.currency, exponent=self.exponent)
        if max(len(path.split(".")) for path in (self.path, self.currency_path or "")) > PATH_PARTS_MAX:
            raise ValueError(f"a path has at most {PATH_PARTS_MAX} parts")

    def parse(self, document: Mapping[str, object]) -> Amount:
        """The amount in minor units. Refuses: AmountRefused (absent, a float, excess decimals, out of bounds)."""
        minor = minor_units(found(document, self.path), exponent=self.exponent, path=self.path)
        if self.currency is not None:
            return Amount(minor=minor, unit=self.currency)
        code = found(document, self.currency_path or "")
        if not isinstance(code, str) or not UNIT_CODE.fullmatch(code):
            raise AmountRefused(self.currency_path or "", f"{code!r} is not a unit code")
        return Amount(minor=minor, unit=code)


def found(document: Mapping[str, object], path: str) -> object:
    """The value at the dotted path. Refuses: AmountRefused when a part of the path is absent."""
    value: object = document
    for part in path.split("."):
        inner = _fields(value)
        if part not in inner:
            raise AmountRefused(path, f"there is no {part!r}")
        value = inner[part]
    return value


def _fields(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def minor_units(value: object, *, exponent: int, path: str = "") -> int:
    """Decimal text, a Decimal from JSON text, or an int of major units, as whole minor units.

    Zeros after the last declared decimal are accepted, other digits there are not.
    Refuses: AmountRefused for floats and other types, for excess decimals, and beyond ± 10^15.
    """
    if isinstance(value, str):
        text = value.strip()
        if not PLAIN_DECIMAL.fullmatch(text):
            raise AmountRefused(path, f"{value[:60]!r} is not a plain decimal number")
        number = Decimal(text)
    elif isinstance(value, Decimal) or is_whole(value):
        number = Decimal(cast("Decimal | int", value))
    else:
        raise AmountRefused(path, f"a {type(value).__name__} is not an amount: send decimal text or a JSON number")
    if not number.is_finite() or number.adjusted() > 20:
        raise AmountRefused(path, "is beyond ± 10^15 minor units")
    sign, digits, scale = number.as_tuple()
    shift = int(scale) + exponent
    magnitude = int("".join(map(str, digits)))
    if shift < 0:
        magnitude, excess = divmod(magnitude, 10 ** min(-shift, len(digits) + 1))
        if excess:
            raise AmountRefused(path, f"has more than {exponent} decimals")
    else:
        magnitude *= 10**shift
    minor = -magnitude if sign else magnitude
    if not is_within_bounds(minor):
        raise AmountRefused(path, "is beyond ± 10^15 minor units")
    return minor


def document_from_text(text: str) -> Mapping[str, object]:
    """A JSON object whose fractional numbers are Decimals, never floats.

    Refuses: AmountRefused for text that is not a JSON object, NaN or Infinity, or more than 2,000,000 characters.
    """
    if len(text) > DOCUMENT_CHARACTERS_MAX:
        raise AmountRefused("", f"a document has at most {DOCUMENT_CHARACTERS_MAX} characters")
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as problem:
        raise AmountRefused("", f"is not JSON: {problem}") from problem
    if not isinstance(document, dict):
        raise AmountRefused("", "is not a JSON object")
    return cast("dict[str, object]", document)


def _not_a_number(name: str) -> object:
    raise ValueError(f"{name} is not a number")
