"""Turns a row of text into an activity by a mapping, which is data; every no has its reason. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from domain.activities.activity import ActivityInput, ActivityReversal, AttributeValue, Basis
from domain.activities.types import AttributeKind, is_clean
from domain.kernel.money import Amount, AmountRefused, minor_units

Row = Mapping[str, str]
SideFiles = Mapping[str, Mapping[str, Row]]

CELL_LENGTH_MAX = 10_000
DEPTH_MAX = 8
FIELDS_MAX = 500
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
TRUE = frozenset({"true", "yes", "y", "1"})
FALSE = frozenset({"false", "no", "n", "0"})
# Formats beside those of strptime: whole numbers since 1970, and how many of them make a second.
EPOCHS: Mapping[str, int] = {"EPOCH_SECONDS": 1, "EPOCH_MILLISECONDS": 1_000}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Take:
    """Where a value comes from: a column or a constant, put right by a table before and after a look-up in a side file.

    A value that `file` does not know is UNKNOWN_VALUE; with `lenient` it is as if blank. `take` names the column of
    the side file that is the value; without it the key itself is, once known.
    """

    column: str | None = None
    constant: str | None = None
    normalise: Mapping[str, str] = field(default_factory=dict[str, str])
    file: str | None = None
    take: str | None = None
    lenient: bool = False


@dataclass(frozen=True, kw_only=True)
class Moment:
    """How an instant is written: ISO 8601, a strptime format or one of EPOCHS; one without an offset is of `zone`."""

    take: Take
    zone: str
    format: str | None = None


@dataclass(frozen=True, kw_only=True)
class AmountTake:
    """How an amount is written: in units of `currency` with `exponent` decimals, with these separators."""

    take: Take
    currency: str
    exponent: int
    decimal: str = "."
    thousands: str | None = None
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class AttributeTake:
    """How an attribute is written, and for which types it is stated (none named: all)."""

    take: Take
    kind: AttributeKind = AttributeKind.STRING
    format: str | None = None
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A row with one of these values (after white space, exactly) or a blank in the column is left out, for a reason.

    A row that `reverses` takes back what an earlier import recorded under its external id.
    """

    column: str
    values: frozenset[str]
    blank: bool
    reason: str
    reverses: bool = False


@dataclass(frozen=True, kw_only=True)
class SideFile:
    """A file beside the main one, looked up by one column."""

    file_name: str
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PartnersFrom:
    """Which columns of a side file are the partners."""

    file: str
    external_id: str
    name: str
    types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MembersFrom:
    """Which columns of a side file are the members and the partner each stands under."""

    file: str
    external_id: str
    name: str
    partner: str | None
    locale: str


@dataclass(frozen=True, kw_only=True)
class RowMapping:
    """A whole mapping document as values."""

    columns: tuple[str, ...]
    encoding: str
    delimiter: str
    external_id: Take
    type: Take
    types: Mapping[str, str]
    occurred_at: Moment
    member: Take | None
    partner: Take | None
    quantity: Take | None
    source_version: Take | None
    amounts: Mapping[Basis, AmountTake]
    attributes: Mapping[str, AttributeTake]
    skip: tuple[Condition, ...]
    reject: tuple[Condition, ...]
    files: Mapping[str, SideFile]
    partners: PartnersFrom | None
    members: MembersFrom | None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """The row is none of our business, for a reason; with `reverses` what stood under its id is to be taken back."""

    external_id: str
    reason: str
    reverses: bool = False


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The row cannot be an activity: a code and the facts that show where."""

    external_id: str
    code: str
    facts: Mapping[str, str]


@dataclass(eq=False)
class _Wrong(Exception):
    code: str
    facts: Mapping[str, str]


Mapped = ActivityInput | Skipped | Rejected


def mapped(mapping: RowMapping, row: Row, files: SideFiles) -> Mapped:
    """What one row is: an activity, left out with a reason, or rejected with a reason."""
    external_id = ""
    try:
        external_id = _identity(mapping, row, files)
        _check_cells(row)
        for condition in mapping.reject:
            if _holds(condition, row):
                return Rejected(external_id=external_id, code=condition.reason, facts={"column": condition.column})
        for condition in mapping.skip:
            if _holds(condition, row):
                return Skipped(external_id=external_id, reason=condition.reason, reverses=condition.reverses)
        return _activity(mapping, external_id, row, files)
    except _Wrong as wrong:
        return Rejected(external_id=external_id, code=wrong.code, facts=wrong.facts)


def identity_of(mapping: RowMapping, row: Row, files: SideFiles) -> str:
    """The external id of a row; empty where it has none."""
    try:
        return _identity(mapping, row, files)
    except _Wrong:
        return ""


def reversal_of(skipped: Skipped) -> ActivityReversal:
    """The wish to take back what stands under a row that is now left out."""
    return ActivityReversal(external_id=skipped.external_id, reason=skipped.reason)


def flattened(document: Mapping[str, object]) -> dict[str, str]:
    """A JSON object as a row of text: nested names joined by dots, lists by place, numbers as written, null blank.

    Refuses: ValueError beyond 8 levels or 500 fields.
    """
    row: dict[str, str] = {}
    _flatten("", document, row, 0)
    return row


def _flatten(path: str, value: object, row: dict[str, str], depth: int) -> None:
    if depth > DEPTH_MAX or len(row) > FIELDS_MAX:
        raise ValueError(f"a document has at most {DEPTH_MAX} levels and {FIELDS_MAX} fields")
    if isinstance(value, Mapping):
        for name, part in cast("Mapping[str, object]", value).items():
            _flatten(f"{path}.{name}" if path else name, part, row, depth + 1)
    elif isinstance(value, list):
        for place, part in enumerate(cast("list[object]", value)):
            _flatten(f"{path}.{place}", part, row, depth + 1)
    else:
        row[path] = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _activity(mapping: RowMapping, external_id: str, row: Row, files: SideFiles) -> ActivityInput:
    stage = _needed("type", mapping.type, row, files)
    kind = mapping.types.get(stage) if mapping.types else stage
    if kind is None:
        raise _Wrong(code="UNKNOWN_VALUE", facts={"field": "type", "value": stage[:100]})
    quantity = _found("quantity", mapping.quantity, row, files) if mapping.quantity else None
    if quantity is not None and not (quantity.isascii() and quantity.isdigit() and len(quantity) <= 10):
        raise _Wrong(code="BAD_NUMBER", facts={"field": "quantity", "value": quantity[:100]})
    amounts = {
        basis: amount
        for basis, rule in mapping.amounts.items()
        if (not rule.types or kind in rule.types) and (amount := _amount(basis, rule, row, files)) is not None
    }
    attributes = {
        name: value
        for name, rule in mapping.attributes.items()
        if (not rule.types or kind in rule.types)
        and (value := _attribute(name, rule, mapping.occurred_at.zone, row, files)) is not None
    }
    text = _needed("occurred_at", mapping.occurred_at.take, row, files)
    return ActivityInput(
        external_id=external_id,
        type=kind,
        occurred_at=_instant("occurred_at", text, mapping.occurred_at.format, mapping.occurred_at.zone),
        member=_found("member", mapping.member, row, files) if mapping.member else None,
        partner=_found("partner", mapping.partner, row, files) if mapping.partner else None,
        quantity=int(quantity) if quantity is not None else 1,
        amounts=amounts,
        attributes=attributes,
        source_version=_found("source_version", mapping.source_version, row, files) if mapping.source_version else None,
        payload=dict(row),
    )


def _identity(mapping: RowMapping, row: Row, files: SideFiles) -> str:
    external_id = _needed("external_id", mapping.external_id, row, files)
    if not is_clean(external_id):
        raise _Wrong(code="BAD_CHARACTERS", facts={"field": "external_id"})
    return external_id


def _check_cells(row: Row) -> None:
    for column, cell in row.items():
        if len(cell) > CELL_LENGTH_MAX:
            raise _Wrong(code="CELL_TOO_LONG", facts={"column": column[:100], "length_max": str(CELL_LENGTH_MAX)})
        if UNSTORABLE.search(cell):
            raise _Wrong(code="BAD_CHARACTERS", facts={"column": column[:100]})


def _holds(condition: Condition, row: Row) -> bool:
    value = row.get(condition.column, "").strip()
    return value in condition.values or (condition.blank and not value)


def _found(name: str, take: Take, row: Row, files: SideFiles) -> str | None:
    """The value, or None where it is blank."""
    value = take.constant if take.column is None else row.get(take.column, "").strip()
    if not value:
        return None
    value = take.normalise.get(value, value)
    if take.file is None:
        return value
    known = files.get(take.file, {}).get(value)
    if known is None:
        if take.lenient:
            return None
        raise _Wrong(code="UNKNOWN_VALUE", facts={"field": name, "value": value[:100], "file": take.file})
    taken = known.get(take.take, "").strip() if take.take else value
    return take.normalise.get(taken, taken) or None


def _needed(name: str, take: Take, row: Row, files: SideFiles) -> str:
    value = _found(name, take, row, files)
    if value is None:
        raise _Wrong(code="BLANK", facts={"field": name} | ({"column": take.column} if take.column else {}))
    return value


def _amount(basis: Basis, rule: AmountTake, row: Row, files: SideFiles) -> Amount | None:
    text = _found(f"amounts.{basis}", rule.take, row, files)
    if text is None:
        return None
    plain = text.replace(rule.thousands, "") if rule.thousands else text
    plain = plain if rule.decimal == "." else plain.replace(".", "?").replace(rule.decimal, ".")
    try:
        minor = minor_units(plain, exponent=rule.exponent)
    except AmountRefused as refused:
        facts = {"field": f"amounts.{basis}", "value": text[:100], "why": refused.reason[:200]}
        raise _Wrong(code="BAD_NUMBER", facts=facts) from refused
    return Amount(minor=minor, unit=rule.currency)


def _attribute(name: str, rule: AttributeTake, zone: str, row: Row, files: SideFiles) -> AttributeValue | None:
    path = f"attributes.{name}"
    text = _found(path, rule.take, row, files)
    if text is None:
        return None
    match rule.kind:
        case AttributeKind.STRING:
            return text
        case AttributeKind.INTEGER:
            digits = text.removeprefix("-")
            if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
                raise _Wrong(code="BAD_NUMBER", facts={"field": path, "value": text[:100]})
            return int(text)
        case AttributeKind.BOOLEAN:
            if text.lower() not in TRUE | FALSE:
                raise _Wrong(code="BAD_FLAG", facts={"field": path, "value": text[:100]})
            return text.lower() in TRUE
        case AttributeKind.INSTANT:
            return _instant(path, text, rule.format, zone)


def _instant(name: str, text: str, format: str | None, zone: str) -> datetime:
    """The instant in UTC; a bare date is the start of that day in the zone."""
    try:
        if format is not None and format in EPOCHS:
            if not (text.isascii() and text.isdigit()):
                raise ValueError(text)
            return EPOCH + timedelta(milliseconds=int(text) * 1_000 // EPOCHS[format])
        instant = datetime.strptime(text, format) if format else datetime.fromisoformat(text)  # noqa: DTZ007 the zone follows
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=ZoneInfo(zone))
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as trouble:
        raise _Wrong(code="BAD_DATE", facts={"field": name, "value": text[:100]}) from trouble
