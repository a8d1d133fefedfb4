"""Caps: the most that a beneficiary gets in a period, of one rule or of several rules together."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.kernel.periods import NESTED_IN, PeriodKind
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX
from domain.programs.document import Number, Reader, number_json

CAPS_MAX = 4
CAP_COUNT_MAX = 10_000
SHARED_CAPS_MAX = 10
SHARED_RULES_MAX = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """At most this amount, and this many paid activities, per beneficiary in each period inside the unit."""

    period: PeriodKind
    amount: Number | None
    count: Number | None

    def to_json(self) -> dict[str, object]:
        """The cap as the document writes it."""
        return {"period": self.period.value, "amount": _json(self.amount), "count": _json(self.count)}


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedCap:
    """Caps over several rules at once, whose units become one; `code` names that unit."""

    code: str
    rules: tuple[str, ...]
    caps: tuple[Cap, ...]

    def to_json(self) -> dict[str, object]:
        """The shared cap as the document writes it."""
        return {"code": self.code, "rules": list(self.rules), "caps": [cap.to_json() for cap in self.caps]}


def caps_read(reader: Reader, period: PeriodKind) -> tuple[Cap, ...]:
    """The caps in the field `caps`, in periods that lie inside this one; problems are noted in the reader."""
    return tuple(_cap(inner, period) for inner in reader.each("caps", CAPS_MAX))


def shared_caps_read(reader: Reader, periods: dict[str, PeriodKind]) -> tuple[SharedCap, ...]:
    """The shared caps of the terms, whose rules have these periods; problems are noted in the reader.

    A shared cap of one period may be written without `caps`: {"code", "rules", "period", "amount", "count"}.
    """
    found: list[SharedCap] = []
    for inner in reader.each("shared_caps", SHARED_CAPS_MAX):
        rules = inner.codes("rules", SHARED_RULES_MAX)
        known = {periods[code] for code in rules if code in periods}
        if len(rules) < 2 or any(code not in periods for code in rules):
            inner.problem("rules", "are two or more rules of these terms")
        elif len(known) > 1:
            inner.problem("rules", "have one period, that of their common unit")
        period = next(iter(known), PeriodKind.PROGRAM)
        if inner.has("caps"):
            inner.only("code", "rules", "caps")
            caps = caps_read(inner, period)
        else:
            inner.only("code", "rules", "period", "amount", "count")
            caps = (_cap(inner, period, "code", "rules"),)
        found.append(SharedCap(code=inner.code("code"), rules=rules, caps=caps))
    taken = [*periods, *(shared.code for shared in found)]
    if len(set(taken)) < len(taken):
        reader.problem("shared_caps", "have codes of their own, different from every rule's")
    named = [code for shared in found for code in shared.rules]
    if len(set(named)) < len(named):
        reader.problem("shared_caps", "a rule stands in one of them at most, and once")
    return tuple(found)


def _cap(reader: Reader, period: PeriodKind, *more: str) -> Cap:
    reader.only("period", "amount", "count", *more)
    cap = Cap(
        period=reader.choice("period", PeriodKind, period),
        amount=reader.optional("amount", lambda: reader.number("amount", 0, AMOUNT_ABSOLUTE_MAX)),
        count=reader.optional("count", lambda: reader.number("count", 0, CAP_COUNT_MAX)),
    )
    if period not in NESTED_IN[cap.period]:
        reader.problem("period", f"a {cap.period} does not lie wholly inside the rule's {period}")
    if cap.amount is None and cap.count is None:
        reader.problem("amount", "a cap limits the amount, the count or both")
    return cap


def caps_json(caps: Sequence[Cap]) -> list[dict[str, object]]:
    """The caps as the document writes them."""
    return [cap.to_json() for cap in caps]


def _json(number: Number | None) -> object:
    return None if number is None else number_json(number)
