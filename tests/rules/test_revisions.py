"""What a further message about an activity means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from domain.activities.activity import ActivityStatus, Basis, OnChange
from domain.activities.refusals import InvalidActivityType
from domain.activities.revisions import (
    Standing,
    Stated,
    Verdict,
    compared,
    newest_version,
    reversal_verdict,
    verdict,
)
from domain.activities.types import Content, checked, declared_type
from domain.kernel.money import Amount

OLD, NEW = b"old", b"new"
ACTIVE, REVERSED = ActivityStatus.ACTIVE, ActivityStatus.REVERSED
REFUSE, CORRECT = OnChange.REFUSE, OnChange.CORRECT


@pytest.mark.parametrize(
    ("status", "standing", "digest", "incoming", "on_change", "correcting", "expected"),
    [
        (ACTIVE, None, OLD, None, REFUSE, False, Verdict.DUPLICATE),
        (ACTIVE, None, NEW, None, REFUSE, False, Verdict.CONFLICT),
        (ACTIVE, None, NEW, None, CORRECT, False, Verdict.CORRECTION),
        (ACTIVE, None, NEW, None, REFUSE, True, Verdict.CORRECTION),
        (ACTIVE, "3", NEW, "2", REFUSE, True, Verdict.STALE),
        (ACTIVE, "3", OLD, "2", CORRECT, False, Verdict.STALE),
        (ACTIVE, "3", NEW, "4", REFUSE, False, Verdict.CONFLICT),
        (ACTIVE, "9", NEW, "10", CORRECT, False, Verdict.CORRECTION),
        (ACTIVE, "3", NEW, "3", CORRECT, False, Verdict.CONFLICT),
        (ACTIVE, "3", NEW, "3", CORRECT, True, Verdict.CORRECTION),
        (ACTIVE, "3", OLD, "4", REFUSE, False, Verdict.DUPLICATE),
        (ACTIVE, "3", NEW, None, CORRECT, False, Verdict.CORRECTION),
        (REVERSED, None, OLD, None, REFUSE, False, Verdict.DUPLICATE),
        (REVERSED, None, OLD, None, CORRECT, False, Verdict.CORRECTION),
        (REVERSED, "3", OLD, "3", CORRECT, False, Verdict.DUPLICATE),
        (REVERSED, "3", OLD, "4", CORRECT, False, Verdict.CORRECTION),
        (REVERSED, None, NEW, None, REFUSE, False, Verdict.CONFLICT),
        (REVERSED, "3", OLD, "2", CORRECT, True, Verdict.STALE),
    ],
)
def test_a_message_means_what_its_content_version_and_way_say(
    status: ActivityStatus,
    standing: str | None,
    digest: bytes,
    incoming: str | None,
    on_change: OnChange,
    correcting: bool,
    expected: Verdict,
) -> None:
    current = Standing(digest=OLD, status=status, source_version=standing)
    assert verdict(current, digest, incoming, on_change=on_change, correcting=correcting) is expected


def test_what_nobody_recorded_is_new_and_cannot_be_taken_back() -> None:
    assert verdict(None, NEW, None, on_change=REFUSE, correcting=False) is Verdict.NEW
    assert reversal_verdict(None, None) is Verdict.NEW


def test_taking_back_happens_once_and_never_by_an_older_message() -> None:
    standing = Standing(digest=OLD, status=ACTIVE, source_version="5")
    assert reversal_verdict(standing, "4") is Verdict.STALE
    assert reversal_verdict(standing, None) is Verdict.CORRECTION
    assert reversal_verdict(replace(standing, status=REVERSED), None) is Verdict.DUPLICATE


@pytest.mark.parametrize(
    ("incoming", "current", "expected"),
    [
        ("2", "10", "OLDER"),
        ("10", "010", "SAME"),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "SAME"),
        ("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z", "NEWER"),
        ("5", "2026-01-01T00:00:00Z", "UNORDERED"),
        (None, "5", "UNORDERED"),
    ],
)
def test_versions_are_ordered_as_numbers_or_instants(incoming: str | None, current: str | None, expected: str) -> None:
    assert compared(incoming, current) == expected


def test_the_version_that_stands_never_goes_back() -> None:
    assert newest_version("4", "5") == "5"
    assert newest_version(None, "5") == "5"
    assert newest_version("6", "5") == "6"
    assert newest_version("1", None) == "1"


def stated(**changes: object) -> Stated:
    base = Stated(
        type="deal.won",
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
        member_id=UUID(int=1),
        partner_id=None,
        quantity=1,
        amounts={Basis.NET: Amount(minor=100, unit="USD"), Basis.LIST: Amount(minor=120, unit="USD")},
        attributes={"a": 1, "b": "x"},
    )
    return replace(base, **changes)


def test_the_digest_ignores_the_order_of_fields_and_the_zone_in_which_an_instant_is_written() -> None:
    same = stated(
        attributes={"b": "x", "a": 1},
        amounts={Basis.LIST: Amount(minor=120, unit="USD"), Basis.NET: Amount(minor=100, unit="USD")},
        occurred_at=datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    )
    assert same.digest() == stated().digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "deal.lost"},
        {"occurred_at": datetime(2026, 3, 1, 0, 0, 0, 1, tzinfo=UTC)},
        {"member_id": UUID(int=2)},
        {"partner_id": UUID(int=2)},
        {"quantity": 2},
        {"amounts": {Basis.NET: Amount(minor=101, unit="USD")}},
        {"attributes": {"a": True, "b": "x"}},
        {"attributes": {"a": 1}},
    ],
)
def test_the_digest_sees_every_field(changes: dict[str, object]) -> None:
    assert stated(**changes).digest() != stated().digest()


SALE = declared_type(
    "sale.booked",
    {"en": "Sale"},
    {
        "attributes": [
            {"name": "product", "kind": "STRING", "required": True, "length_max": 10},
            {"name": "seats", "kind": "INTEGER"},
            {"name": "renewal", "kind": "BOOLEAN"},
            {"name": "signed_at", "kind": "INSTANT"},
            {"name": "deal", "kind": "STRING", "length_max": 128},
        ],
        "amounts": [{"basis": "NET", "units": ["USD"], "required": True}, {"basis": "MARGIN", "units": ["USD"]}],
        "deal_key": "deal",
    },
)
NET = {Basis.NET: Amount(minor=10**15, unit="USD")}


def test_content_that_keeps_to_its_type_is_kept_in_one_form() -> None:
    found = checked(
        SALE,
        {**NET, Basis.MARGIN: Amount(minor=-5, unit="USD")},
        {"product": "x" * 10, "seats": 3, "renewal": False, "signed_at": "2026-01-01T02:00:00+02:00", "deal": "D1"},
    )
    assert isinstance(found, Content)
    assert found.attributes["signed_at"] == "2026-01-01T00:00:00+00:00"
    assert found.deal_key == "D1"


@pytest.mark.parametrize(
    ("amounts", "attributes", "path", "problem"),
    [
        (NET, {}, "attributes.product", "REQUIRED"),
        (NET, {"product": "x" * 11}, "attributes.product", "LENGTH"),
        (NET, {"product": ""}, "attributes.product", "LENGTH"),
        (NET, {"product": "a\x00"}, "attributes.product", "UNPRINTABLE"),
        (NET, {"product": 1}, "attributes.product", "NOT_A_STRING"),
        (NET, {"product": "x", "seats": True}, "attributes.seats", "NOT_AN_INTEGER"),
        (NET, {"product": "x", "seats": 10**15 + 1}, "attributes.seats", "TOO_LARGE"),
        (NET, {"product": "x", "renewal": "yes"}, "attributes.renewal", "NOT_A_BOOLEAN"),
        (NET, {"product": "x", "signed_at": "2026-01-01"}, "attributes.signed_at", "NOT_AN_INSTANT"),
        (NET, {"product": "x", "email": "a@b.example"}, "attributes.email", "NOT_DECLARED"),
        ({}, {"product": "x"}, "amounts.NET", "REQUIRED"),
        (
            {Basis.NET: Amount(minor=10**15 + 1, unit="USD")},
            {"product": "x"},
            "amounts.NET.amount",
            "AMOUNT_OUT_OF_BOUNDS",
        ),
        ({Basis.NET: Amount(minor=-1, unit="USD")}, {"product": "x"}, "amounts.NET.amount", "AMOUNT_OUT_OF_BOUNDS"),
        ({Basis.NET: Amount(minor=1, unit="EUR")}, {"product": "x"}, "amounts.NET.unit", "UNIT_NOT_ALLOWED"),
        ({**NET, Basis.LIST: Amount(minor=1, unit="USD")}, {"product": "x"}, "amounts.LIST", "NOT_DECLARED"),
    ],
)
def test_content_that_does_not_is_told_where(
    amounts: dict[Basis, Amount], attributes: dict[str, str | int | bool], path: str, problem: str
) -> None:
    found = checked(SALE, amounts, attributes)
    assert isinstance(found, tuple)
    assert [(each.path, each.problem) for each in found] == [(path, problem)]


def test_fifty_attributes_may_be_declared_and_fifty_one_may_not() -> None:
    def declaration(count: int) -> dict[str, object]:
        return {"attributes": [{"name": f"a{n}", "kind": "STRING"} for n in range(count)]}

    assert len(declared_type("t", {"en": "T"}, declaration(50)).attributes) == 50
    with pytest.raises(InvalidActivityType):
        declared_type("t", {"en": "T"}, declaration(51))


def test_a_wrong_declaration_is_told_with_every_path() -> None:
    with pytest.raises(InvalidActivityType) as told:
        declared_type(
            "Not A Code",
            {"fr": "Vente"},
            {
                "attributes": [{"name": "a", "kind": "FLOAT"}, {"name": "a", "kind": "STRING", "length_max": 201}],
                "amounts": [{"basis": "NET"}],
                "deal_key": "b",
                "colour": 1,
            },
        )
    assert {problem["path"] for problem in told.value.problems} == {
        "code",
        "name.en",
        "colour",
        "attributes[0].kind",
        "attributes[1].length_max",
        "attributes[1].name",
        "amounts[0].units",
        "deal_key",
    }
