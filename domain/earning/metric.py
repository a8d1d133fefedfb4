"""What is measured of a partner, a person or a program, as data: sums over a window, or a level at its end; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from domain.programs.document import PARAMETER_NAME, Reader

TYPES_MAX = 20
FACT_LENGTH_MAX = 32
UNIT_LENGTH_MAX = 16
TYPE_LENGTH_MAX = 64


class MetricKind(StrEnum):
    """How a metric is read.

    AMOUNT adds up the amounts of activities in one currency, COUNT counts activities, UNITS adds up their quantities,
    EARNED adds up what was granted less what was taken back; these four run over a window. HOLDERS counts the people
    (of a partner) of whom a dated fact is true at the end of the window, FACT reads a whole number that a dated fact
    of the subject itself states there.
    """

    AMOUNT = "AMOUNT"
    COUNT = "COUNT"
    UNITS = "UNITS"
    EARNED = "EARNED"
    HOLDERS = "HOLDERS"
    FACT = "FACT"


class MetricBasis(StrEnum):
    """Which amount of an activity AMOUNT adds up."""

    LIST = "LIST"
    NET = "NET"
    MARGIN = "MARGIN"
    PAID = "PAID"


OF_ACTIVITIES = frozenset({MetricKind.AMOUNT, MetricKind.COUNT, MetricKind.UNITS})
LEVELS = frozenset({MetricKind.HOLDERS, MetricKind.FACT})
FIELDS: Mapping[MetricKind, tuple[str, ...]] = {
    MetricKind.AMOUNT: ("types", "basis", "unit"),
    MetricKind.COUNT: ("types",),
    MetricKind.UNITS: ("types",),
    MetricKind.EARNED: ("unit",),
    MetricKind.HOLDERS: ("fact",),
    MetricKind.FACT: ("fact", "field"),
}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What to measure. `types` are activity types; `unit` is the currency of AMOUNT or the unit of EARNED; `fact` is
    the kind of dated fact, `field` the member of its value that FACT reads."""

    kind: MetricKind
    types: tuple[str, ...] = ()
    basis: MetricBasis | None = None
    unit: str | None = None
    fact: str | None = None
    field: str | None = None

    @property
    def is_level(self) -> bool:
        """True for what stands at an instant; what adds up over a window begins at 0."""
        return self.kind in LEVELS

    def to_json(self) -> dict[str, object]:
        """The metric as its document writes it."""
        told: dict[str, object] = {"kind": self.kind.value}
        values: Mapping[str, object] = {
            "types": list(self.types),
            "basis": self.basis and self.basis.value,
            "unit": self.unit,
            "fact": self.fact,
            "field": self.field,
        }
        return told | {name: values[name] for name in FIELDS[self.kind]}


def metric_read(reader: Reader, *also: str) -> Metric:
    """The metric in the document; problems are noted in the reader. `also` are fields that stand beside it."""
    kind = reader.choice("kind", MetricKind)
    reader.only("kind", *FIELDS[kind], *also)
    types: tuple[str, ...] = ()
    if kind in OF_ACTIVITIES:
        types = _types(reader)
    basis = reader.choice("basis", MetricBasis, MetricBasis.NET) if kind is MetricKind.AMOUNT else None
    unit = reader.text("unit", UNIT_LENGTH_MAX) if kind in (MetricKind.AMOUNT, MetricKind.EARNED) else None
    fact = reader.text("fact", FACT_LENGTH_MAX) if kind in LEVELS else None
    field = reader.text("field", FACT_LENGTH_MAX, "value") if kind is MetricKind.FACT else None
    if field is not None and not PARAMETER_NAME.fullmatch(field):
        reader.problem("field", "is the name of a member of the fact: lower-case letters, digits, underscores")
    return Metric(kind=kind, types=types, basis=basis, unit=unit, fact=fact, field=field)


def _types(reader: Reader) -> tuple[str, ...]:
    found = reader.fields.get("types")
    listed = cast("list[object]", found) if isinstance(found, list) else []
    texts = [one for one in listed if isinstance(one, str) and 1 <= len(one) <= TYPE_LENGTH_MAX]
    if not 1 <= len(texts) <= TYPES_MAX or len(texts) != len(listed):
        reader.problem("types", f"is a list of 1 to {TYPES_MAX} activity types")
    return tuple(dict.fromkeys(texts))
