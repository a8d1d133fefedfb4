"""A metric and a board's definition from data and back, with every reason why not (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, cast
from uuid import UUID
from zoneinfo import available_timezones

from leaderboards.boards import PRIZE_TYPES, Counted, Measure, Metric, Operator, RankDisplay, Scope, Visibility
from leaderboards.refusals import BoardNotUnderstood
from leaderboards.windows import EARLIEST, LATEST, Window, WindowKind

CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
NAME_LENGTH_MAX = 200
LOCALES_MAX = 10
BASES = ("LIST", "NET", "MARGIN", "PAID")
UNIT = re.compile(r"[A-Z][A-Z0-9_]{0,15}")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")

Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A board as somebody wants it; `metric` is data, `span` the program's own window for PROGRAM boards."""

    code: str
    name: Mapping[str, str]
    metric: Mapping[str, Any]
    operator: str = Operator.SUM
    scope: str = Scope.MEMBERS
    window_kind: str = WindowKind.ALL_TIME
    zone: str = "UTC"
    rank_display: str = RankDisplay.ORDINAL
    visibility: str = Visibility.MEMBERS
    program_id: UUID | None = None
    span: Window | None = field(default=None)


@dataclass(frozen=True, kw_only=True)
class Understood:
    """The same definition, checked."""

    metric: Metric
    operator: Operator
    scope: Scope
    window_kind: WindowKind
    rank_display: RankDisplay
    visibility: Visibility


def understood(wanted: Definition) -> Understood:
    """The definition with its parts understood. Refuses: BoardNotUnderstood (field, problem)."""
    if not CODE.fullmatch(wanted.code):
        raise BoardNotUnderstood(field="code", problem="1 to 64 of a-z, 0-9, dot, dash, underscore")
    if "en" not in wanted.name or len(wanted.name) > LOCALES_MAX:
        raise BoardNotUnderstood(field="name", problem=f"needs a text in en, at most {LOCALES_MAX} locales")
    if not all(1 <= len(text) <= NAME_LENGTH_MAX for text in wanted.name.values()):
        raise BoardNotUnderstood(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    if wanted.zone not in available_timezones():
        raise BoardNotUnderstood(field="zone", problem="not an IANA time zone")
    window_kind = _one_of(WindowKind, "window", wanted.window_kind)
    if (window_kind is WindowKind.PROGRAM) != (wanted.span is not None):
        raise BoardNotUnderstood(field="span", problem="given with the window PROGRAM, and only then")
    if window_kind is WindowKind.PROGRAM and wanted.program_id is None:
        raise BoardNotUnderstood(field="program", problem="the window PROGRAM needs a program")
    if wanted.span is not None and not EARLIEST <= wanted.span.starts_at < (wanted.span.ends_at or LATEST) <= LATEST:
        raise BoardNotUnderstood(field="span", problem="starts before it ends, in the years 1900 to 8999")
    return Understood(
        metric=metric_of(wanted.metric),
        operator=_one_of(Operator, "operator", wanted.operator),
        scope=_one_of(Scope, "scope", wanted.scope),
        window_kind=window_kind,
        rank_display=_one_of(RankDisplay, "rankDisplay", wanted.rank_display),
        visibility=_one_of(Visibility, "visibility", wanted.visibility),
    )


def metric_of(data: Mapping[str, Any]) -> Metric:
    """The metric that the data describes. Refuses: BoardNotUnderstood."""
    counted = _one_of(Counted, "metric.event", data.get("event"))
    known = {"event", "unit", "prizes", "vendor_staff"}
    known |= {"type", "value"} if counted is Counted.ACTIVITY else {"program"}
    if unknown := sorted(set(data) - known):
        raise BoardNotUnderstood(field="metric", problem=f"does not know {unknown[0][:64]!r}")
    prizes, vendor_staff = _flag(data, "prizes"), _flag(data, "vendor_staff")
    if counted is Counted.AWARD:
        return Metric(
            counted=counted,
            unit=_word(UNIT, "metric.unit", data.get("unit")),
            program_id=_id(data.get("program")),
            prizes=prizes,
            vendor_staff=vendor_staff,
        )
    activity_type = _word(WORD, "metric.type", data.get("type"))
    if activity_type.startswith(PRIZE_TYPES) and not prizes:
        raise BoardNotUnderstood(field="metric.type", problem="counts prizes only with prizes: true")
    measure, measure_name = _measure(data.get("value"))
    unit = data.get("unit")
    if (measure is Measure.BASIS) != (unit is not None):
        raise BoardNotUnderstood(field="metric.unit", problem="given with a basis, and only then")
    return Metric(
        counted=counted,
        activity_type=activity_type,
        measure=measure,
        measure_name=measure_name,
        unit=None if unit is None else _word(UNIT, "metric.unit", unit),
        prizes=prizes,
        vendor_staff=vendor_staff,
    )


def metric_data(metric: Metric) -> dict[str, object]:
    """The metric as data, so that `metric_of(metric_data(metric)) == metric`."""
    flags: dict[str, object] = {"prizes": metric.prizes, "vendor_staff": metric.vendor_staff}
    if metric.counted is Counted.AWARD:
        program = None if metric.program_id is None else str(metric.program_id)
        return {"event": metric.counted.value, "program": program, "unit": metric.unit, **flags}
    assert metric.measure is not None, "a metric of activities has a measure"
    value = {metric.measure.value: metric.measure_name or True}
    return {
        "event": metric.counted.value,
        "type": metric.activity_type,
        "value": value,
        "unit": metric.unit,
        **flags,
    }


def _measure(value: object) -> tuple[Measure, str | None]:
    if not isinstance(value, Mapping) or len(cast("Mapping[str, object]", value)) != 1:
        raise BoardNotUnderstood(field="metric.value", problem="is one of basis, quantity, attribute, count")
    ((word, name),) = cast("Mapping[str, object]", value).items()
    measure = _one_of(Measure, "metric.value", word)
    if measure is Measure.BASIS:
        if name not in BASES:
            raise BoardNotUnderstood(field="metric.value.basis", problem="is one of " + ", ".join(BASES))
        return measure, str(name)
    if measure is Measure.ATTRIBUTE:
        return measure, _word(WORD, "metric.value.attribute", name)
    if name is not True:
        raise BoardNotUnderstood(field=f"metric.value.{word}", problem="is true")
    return measure, None


def _one_of(kinds: type[Kind], name: str, value: object) -> Kind:
    try:
        return kinds(value)
    except ValueError:
        raise BoardNotUnderstood(field=name, problem="is one of " + ", ".join(kinds)) from None


def _word(pattern: "re.Pattern[str]", name: str, value: object) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise BoardNotUnderstood(field=name, problem=f"matches {pattern.pattern}")


def _flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name, False)
    if isinstance(value, bool):
        return value
    raise BoardNotUnderstood(field=f"metric.{name}", problem="is true or false")


def _id(value: object) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(str(value))
    except ValueError:
        raise BoardNotUnderstood(field="metric.program", problem="is an id or null") from None
