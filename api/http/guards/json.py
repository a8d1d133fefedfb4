"""Strict JSON: what is accepted here can be stored, echoed and compared without surprises."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NoReturn, cast

from api.http.errors import Code, RequestRefused

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_NOT_BRACKETS = re.compile(rb"[^\[\]{}]+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
EXPONENT_MAX = 308


def decode_json(body: bytes, *, nesting_max: int = 32, digits_max: int = 20, exact: bool = False) -> dict[str, Any]:
    """The object that `body` spells in strict JSON; with `exact`, a fraction is the text that spells it.

    Refuses: MALFORMED_JSON for anything but UTF-8 without a mark, nesting deeper than `nesting_max`, integers longer
    than `digits_max` digits, NaN, Infinity, numbers beyond a double, duplicate keys, lone surrogates, NUL, and any
    top other than an object.
    """
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _refused("a byte order mark is not allowed")
    _check_nesting(body, nesting_max)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("the text is not UTF-8") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=lambda digits: _integer(digits, digits_max),
            parse_float=lambda digits: _fraction(digits, digits_max, exact),
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        raise _refused("the text is not JSON") from None
    if not isinstance(value, dict):
        raise _refused("the top must be an object")
    found = cast("dict[str, Any]", value)
    # Escapes are rare; only they can bring NUL or a lone surrogate into text that decoded as UTF-8.
    if b"\\u" in body:
        _check_strings(found)
    return found


def encode_json(value: object) -> str:
    """Compact JSON as text, so that WebSockets carry it in text frames."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def every_part(value: object) -> Iterator[object]:
    """The value, and every key, member and item inside it, in no order."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, dict):
            waiting.extend(chain.from_iterable(cast("dict[str, object]", item).items()))
        elif isinstance(item, list):
            waiting.extend(cast("list[object]", item))


def _check_nesting(body: bytes, nesting_max: int) -> None:
    depth = 0
    brackets = _NOT_BRACKETS.sub(b"", _STRING.sub(b"", body))
    for byte in brackets:
        if byte in b"[{":
            depth += 1
            if depth > nesting_max:
                raise _refused(f"nested deeper than {nesting_max}")
        else:
            depth -= 1


def _check_strings(value: object) -> None:
    for item in every_part(value):
        if isinstance(item, str) and ("\x00" in item or _LONE_SURROGATE.search(item)):
            raise _refused("text may hold neither NUL nor half a surrogate pair")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refused("a key appears twice in one object")
    return found


def _integer(digits: str, digits_max: int) -> int:
    if len(digits.lstrip("-")) > digits_max:
        raise _refused(f"an integer has more than {digits_max} digits")
    return int(digits)


def _double(digits: str, digits_max: int) -> float:
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > 2 * digits_max or len(exponent) > len("-308") or abs(int(exponent or 0)) > EXPONENT_MAX:
        raise _refused("a number has too many digits")
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _refused("a number is too large")
    return value


def _fraction(digits: str, digits_max: int, exact: bool) -> float | str:
    value = _double(digits, digits_max)
    return digits if exact else value


def _no_constant(name: str) -> NoReturn:
    raise _refused(f"{name} is not JSON")


def _refused(reason: str) -> RequestRefused:
    return RequestRefused(Code.MALFORMED_JSON, f"The body is not acceptable JSON: {reason}.")
