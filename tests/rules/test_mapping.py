"""Rows become activities by a mapping that is data, and a wrong mapping is told where it is wrong."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.activities.activity import ActivityInput, Basis
from domain.activities.mapping import (
    CELL_LENGTH_MAX,
    Rejected,
    RowMapping,
    SideFiles,
    Skipped,
    flattened,
    mapped,
    reversal_of,
)
from domain.activities.mapping_document import row_mapping
from domain.activities.refusals import InvalidMapping
from domain.kernel.money import Amount

FOLDER = Path(__file__).parents[2] / "docs" / "mappings"
CRM = row_mapping(json.loads((FOLDER / "crm_sales_pipeline.json").read_text()))
FILES: SideFiles = {
    "sales_teams": {"Ada": {"sales_agent": "Ada", "manager": "M", "regional_office": "North"}},
    "products": {"GTX Pro": {"product": "GTX Pro", "series": "GTX", "sales_price": "4821"}},
    "accounts": {"Acme": {"account": "Acme", "sector": "technolgy", "office_location": ""}},
}
ROW: Mapping[str, str] = {
    "opportunity_id": "O1",
    "sales_agent": "Ada",
    "product": "GTXPro",
    "account": "Acme",
    "deal_stage": "Won",
    "engage_date": "2016-10-20",
    "close_date": "2017-03-01",
    "close_value": "1054",
}

SMALL: Mapping[str, object] = {
    "columns": ["id", "kind", "when", "who", "value", "extra"],
    "external_id": {"column": "id"},
    "type": {"column": "kind"},
    "occurred_at": {"column": "when"},
    "member": {"column": "who"},
}
SMALL_ROW: Mapping[str, str] = {
    "id": "1",
    "kind": "call.made",
    "when": "2026-03-29T01:30:00",
    "who": "Ada",
    "value": "",
    "extra": "",
}


def small(**parts: object) -> RowMapping:
    return row_mapping({**SMALL, **parts})


def activity(mapping: RowMapping, row: Mapping[str, str], files: SideFiles | None = None) -> ActivityInput:
    made = mapped(mapping, row, files or {})
    assert isinstance(made, ActivityInput), made
    return made


def test_a_won_deal_of_the_crm_export_is_an_activity() -> None:
    made = activity(CRM, ROW, FILES)
    assert (made.external_id, made.type, made.member, made.partner, made.quantity) == ("O1", "deal.won", "Ada", None, 1)
    assert made.occurred_at == datetime(2017, 3, 1, tzinfo=UTC)
    assert made.amounts == {
        Basis.NET: Amount(minor=105_400, unit="USD"),
        Basis.LIST: Amount(minor=482_100, unit="USD"),
    }
    assert made.attributes == {
        "opportunity": "O1",
        "product": "GTX Pro",
        "series": "GTX",
        "account": "Acme",
        "sector": "technology",
        "engaged_at": datetime(2016, 10, 20, tzinfo=UTC),
    }
    assert made.payload == ROW


def test_an_open_deal_is_skipped_and_takes_back_what_it_was() -> None:
    made = mapped(CRM, {**ROW, "deal_stage": "Engaging"}, FILES)
    assert made == Skipped(external_id="O1", reason="OPEN_DEAL", reverses=True)
    assert isinstance(made, Skipped)
    assert reversal_of(made).external_id == "O1"


def test_a_lost_deal_has_no_net_amount() -> None:
    made = activity(CRM, {**ROW, "deal_stage": "Lost", "close_value": "0"}, FILES)
    assert made.type == "deal.lost"
    assert set(made.amounts) == {Basis.LIST}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"opportunity_id": " "}, "BLANK", "external_id"),
        ({"opportunity_id": "a\x01"}, "BAD_CHARACTERS", "external_id"),
        ({"deal_stage": "won"}, "UNKNOWN_VALUE", "type"),
        ({"close_date": "01.03.2017"}, "BAD_DATE", "occurred_at"),
        ({"close_date": "9999-12-32"}, "BAD_DATE", "occurred_at"),
        ({"engage_date": "x"}, "BAD_DATE", "attributes.engaged_at"),
        ({"close_value": "1e6"}, "BAD_NUMBER", "amounts.NET"),
        ({"close_value": "NaN"}, "BAD_NUMBER", "amounts.NET"),
        ({"close_value": "1.001"}, "BAD_NUMBER", "amounts.NET"),
        ({"close_value": "9" * 40}, "BAD_NUMBER", "amounts.NET"),
        ({"product": "GTX"}, "UNKNOWN_VALUE", "amounts.LIST"),
    ],
)
def test_a_row_that_cannot_be_read_says_where(changes: Mapping[str, str], code: str, field: str) -> None:
    made = mapped(CRM, {**ROW, **changes}, FILES)
    assert isinstance(made, Rejected)
    assert (made.code, made.facts["field"]) == (code, field)


def test_a_cell_of_ten_thousand_characters_is_read_and_a_longer_one_is_not() -> None:
    assert isinstance(mapped(small(), {**SMALL_ROW, "extra": "x" * CELL_LENGTH_MAX}, {}), ActivityInput)
    made = mapped(small(), {**SMALL_ROW, "extra": "x" * (CELL_LENGTH_MAX + 1)}, {})
    assert isinstance(made, Rejected)
    assert made.code == "CELL_TOO_LONG"


@pytest.mark.parametrize(
    ("zone", "format", "text", "expected"),
    [
        ("UTC", None, "2026-03-29T01:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("Europe/Paris", None, "2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("Europe/Paris", None, "2026-07-01T00:00:00Z", datetime(2026, 7, 1, tzinfo=UTC)),
        ("America/New_York", "%d/%m/%Y %H:%M", "02/11/2026 08:00", datetime(2026, 11, 2, 13, tzinfo=UTC)),
        ("America/New_York", "%d/%m/%Y %H:%M %z", "02/11/2026 08:00 +0100", datetime(2026, 11, 2, 7, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_the_zone_of_the_mapping(
    zone: str, format: str | None, text: str, expected: datetime
) -> None:
    mapping = small(zone=zone, occurred_at={"column": "when"} | ({"format": format} if format else {}))
    assert activity(mapping, {**SMALL_ROW, "when": text}).occurred_at == expected


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "minor"),
    [
        (".", None, "1054", 105_400),
        (".", None, "-0.5", -50),
        (".", ",", "1,234,567.89", 123_456_789),
        (",", ".", "1.234.567,89", 123_456_789),
        (",", "\u202f", "1\u202f234,5", 123_450),
        (",", None, "1.5", None),
        (".", None, "1,5", None),
        (".", None, "10.00", 1_000),
        (".", None, "10.000", 1_000),
        (".", None, "", None),
    ],
)
def test_an_amount_is_read_with_its_declared_separators(
    decimal: str, thousands: str | None, text: str, minor: int | None
) -> None:
    rule = {"column": "value", "currency": "EUR", "exponent": 2, "decimal": decimal}
    mapping = small(amounts={"NET": rule | ({"thousands": thousands} if thousands else {})})
    made = mapped(mapping, {**SMALL_ROW, "value": text}, {})
    if minor is None and text:
        assert isinstance(made, Rejected)
        assert made.code == "BAD_NUMBER"
    else:
        assert isinstance(made, ActivityInput)
        assert made.amounts == ({Basis.NET: Amount(minor=minor, unit="EUR")} if minor is not None else {})


def test_attributes_are_read_by_kind() -> None:
    def attribute(kind: str, text: str) -> object:
        mapping = small(attributes={"a": {"column": "extra", "kind": kind}})
        made = mapped(mapping, {**SMALL_ROW, "extra": text}, {})
        return made.code if isinstance(made, Rejected) else activity(mapping, {**SMALL_ROW, "extra": text}).attributes

    assert attribute("INTEGER", "-12") == {"a": -12}
    assert attribute("INTEGER", "1.5") == "BAD_NUMBER"
    assert attribute("INTEGER", "²") == "BAD_NUMBER"
    assert attribute("BOOLEAN", "Yes") == {"a": True}
    assert attribute("BOOLEAN", "0") == {"a": False}
    assert attribute("BOOLEAN", "maybe") == "BAD_FLAG"
    assert attribute("STRING", " x ") == {"a": "x"}
    assert attribute("STRING", "  ") == {}


def test_quantity_version_and_partner_come_from_columns_too() -> None:
    mapping = small(quantity={"column": "value"}, source_version={"column": "extra"}, partner={"constant": "Central"})
    made = activity(mapping, {**SMALL_ROW, "value": "3", "extra": "17"})
    assert (made.quantity, made.source_version, made.partner) == (3, "17", "Central")
    made = mapped(mapping, {**SMALL_ROW, "value": "-3"}, {})
    assert isinstance(made, Rejected)
    assert made.code == "BAD_NUMBER"


def test_a_row_may_be_rejected_by_a_condition() -> None:
    mapping = small(reject=[{"column": "extra", "blank": True, "reason": "NO_PROOF"}])
    made = mapped(mapping, SMALL_ROW, {})
    assert made == Rejected(external_id="1", code="NO_PROOF", facts={"column": "extra"})
    assert isinstance(mapped(mapping, {**SMALL_ROW, "extra": "x"}, {}), ActivityInput)


def test_a_json_document_is_a_row_too() -> None:
    row = flattened({"deal": {"id": 7, "won": True, "owner": None, "lines": [{"net": "1.50"}]}})
    assert row == {"deal.id": "7", "deal.won": "true", "deal.owner": "", "deal.lines.0.net": "1.50"}
    deep: object = "x"
    for _ in range(9):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="levels"):
        flattened({"a": deep})
    assert len(flattened({str(n): n for n in range(500)})) == 500
    with pytest.raises(ValueError, match="fields"):
        flattened({str(n): n for n in range(502)})


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("colour", "red", "colour"),
        ("columns", [], "columns"),
        ("columns", [f"c{n}" for n in range(201)], "columns"),
        ("encoding", "utf-16", "encoding"),
        ("zone", "Europe/Nowhere", "zone"),
        ("zone", "../etc/passwd", "zone"),
        ("external_id", None, "external_id"),
        ("external_id", {"column": "nope"}, "external_id.column"),
        ("external_id", {"column": "id", "constant": "x"}, "external_id"),
        ("member", None, "member"),
        ("member", {"column": "who", "file": "teams"}, "member.file"),
        ("member", {"column": "who", "take": "x"}, "member.take"),
        ("occurred_at", {"column": "when", "format": "%Q"}, "occurred_at.format"),
        ("amounts", {"GROSS": {"column": "value", "currency": "USD", "exponent": 2}}, "amounts.GROSS"),
        ("amounts", {"NET": {"column": "value", "exponent": 7, "currency": "USD"}}, "amounts.NET.exponent"),
        ("amounts", {"NET": {"column": "value", "exponent": 2}}, "amounts.NET.currency"),
        ("attributes", {"A b": {"column": "value"}}, "attributes.A b"),
        ("attributes", {f"a{n}": {"column": "value"} for n in range(51)}, "attributes"),
        ("attributes", {"a": {"column": "value", "kind": "FLOAT"}}, "attributes.a.kind"),
        ("skip", [{"column": "kind", "reason": "X"}], "skip[0]"),
        ("skip", [{"column": "kind", "in": ["a"], "reason": "lower"}], "skip[0].reason"),
        ("skip", [{"column": "kind", "in": ["a"], "reason": "X"}] * 51, "skip"),
        ("reject", [{"column": "kind", "in": ["a"], "reason": "X", "reverses": True}], "reject[0].reverses"),
        ("files", {"teams": {"file_name": "../x.csv", "key": "a", "columns": ["a"]}}, "files.teams.file_name"),
        ("files", {"teams": {"file_name": "x.csv", "key": "b", "columns": ["a"]}}, "files.teams.key"),
        ("partners", {"file": "teams", "external_id": "a", "name": "a"}, "partners.file"),
    ],
)
def test_a_wrong_mapping_is_told_where(path: str, value: object, told: str) -> None:
    document = deepcopy(dict(SMALL)) | {path: value}
    with pytest.raises(InvalidMapping) as refused:
        row_mapping(document)
    assert told in {problem["path"] for problem in refused.value.problems}
    assert len(refused.value.problems) <= 50


def test_a_mapping_at_its_bounds_is_read() -> None:
    mapping = small(
        attributes={f"a{n}": {"column": "value"} for n in range(50)},
        skip=[{"column": "kind", "in": ["a"], "reason": "X"}] * 50,
        member={"column": "who", "normalise": {f"v{n}": "w" for n in range(1_000)}},
    )
    assert (len(mapping.attributes), len(mapping.skip)) == (50, 50)
    with pytest.raises(InvalidMapping):
        small(member={"column": "who", "normalise": {f"v{n}": "w" for n in range(1_001)}})
