"""Can I redeem this, and why not: one table a reason, with facts, and a sentence in both languages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from catalog.items.eligibility import INSTANTS, TEXTS, Obstacle, ObstacleCode, Person, Terms, left_of_limit, obstacles

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OPEN = Terms(is_listed=True, is_test=False)
REP = Person(
    at=NOW,
    country="FR",
    tiers=frozenset({"GOLD"}),
    segments=frozenset({"SMB", "RETAIL"}),
    partner_types=frozenset({"VAR"}),
)
Code = ObstacleCode


def ago(*days: float) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(days=each) for each in days)


TABLE: tuple[tuple[dict[str, Any], dict[str, Any], Code | None, dict[str, Any]], ...] = (
    ({}, {}, None, {}),
    ({"is_listed": False}, {}, Code.NOT_LISTED, {}),
    ({}, {"left_at": NOW + timedelta(microseconds=1)}, None, {}),
    ({}, {"left_at": NOW}, Code.MEMBER_LEFT, {"left_at": "2026-06-01T12:00:00+00:00"}),
    ({"is_test": True}, {}, Code.TEST_ONLY, {}),
    ({"is_test": True}, {"may_test": True}, None, {}),
    ({"valid_from": NOW}, {}, None, {}),
    (
        {"valid_from": NOW + timedelta(microseconds=1)},
        {},
        Code.NOT_YET_VALID,
        {"valid_from": "2026-06-01T12:00:00.000001+00:00"},
    ),
    ({"valid_until": NOW + timedelta(microseconds=1)}, {}, None, {}),
    ({"valid_until": NOW}, {}, Code.NO_LONGER_VALID, {"valid_until": "2026-06-01T12:00:00+00:00"}),
    ({"countries": frozenset({"FR", "DE"})}, {}, None, {}),
    ({"countries": frozenset({"DE", "AT"})}, {}, Code.WRONG_COUNTRY, {"countries": ["AT", "DE"], "country": "FR"}),
    ({"countries": frozenset({"DE"})}, {"country": None}, Code.WRONG_COUNTRY, {"countries": ["DE"], "country": None}),
    ({"tiers": frozenset({"GOLD"})}, {}, None, {}),
    ({"tiers": frozenset({"PLATINUM"})}, {}, Code.WRONG_TIER, {"tiers": ["PLATINUM"], "tier": "GOLD"}),
    ({"tiers": frozenset({"GOLD"})}, {"tiers": frozenset[str]()}, Code.WRONG_TIER, {"tiers": ["GOLD"], "tier": None}),
    ({"segments": frozenset({"RETAIL", "BANKS"})}, {}, None, {}),
    ({"segments": frozenset({"BANKS"})}, {}, Code.WRONG_SEGMENT, {"segments": ["BANKS"]}),
    ({"partner_types": frozenset({"VAR"})}, {}, None, {}),
    ({"partner_types": frozenset({"MSP"})}, {}, Code.WRONG_PARTNER_TYPE, {"partner_types": ["MSP"]}),
    ({"member_limit": 2}, {"redeemed_at": ago(400)}, None, {}),
    (
        {"member_limit": 2},
        {"redeemed_at": ago(300, 400)},
        Code.MEMBER_LIMIT,
        {"redeemed": 2, "limit": 2, "days": None, "until": None},
    ),
    ({"member_limit": 2, "member_limit_days": 30}, {"redeemed_at": ago(1, 30)}, None, {}),
    (
        {"member_limit": 2, "member_limit_days": 30},
        {"redeemed_at": ago(1, 29)},
        Code.MEMBER_LIMIT,
        {"redeemed": 2, "limit": 2, "days": 30, "until": "2026-06-02T12:00:00+00:00"},
    ),
    ({"left_in_stock": 1}, {}, None, {}),
    ({"left_in_stock": 0}, {}, Code.OUT_OF_STOCK, {}),
    ({"can_be_delivered": False}, {}, Code.SUPPLIER_PAUSED, {}),
)


@pytest.mark.parametrize(("terms", "person", "code", "facts"), TABLE)
def test_each_reason_stands_at_its_edge(
    terms: dict[str, Any], person: dict[str, Any], code: Code | None, facts: dict[str, Any]
) -> None:
    found = obstacles(replace(OPEN, **terms), replace(REP, **person))
    assert found == (() if code is None else (Obstacle(code=code, facts=facts),))


def test_every_reason_has_a_case_and_a_sentence_in_both_languages() -> None:
    assert {code for _, _, code, _ in TABLE if code} == set(Code)
    for terms, person, code, facts in TABLE:
        if code is not None:
            (found,) = obstacles(replace(OPEN, **terms), replace(REP, **person))
            for locale in ("en", "fr"):
                text = found.text(locale)
                assert "{" not in text
                assert "None" not in text
                shown = [each for name, each in facts.items() if isinstance(each, str) and name not in INSTANTS]
                assert all(each in text for each in shown), text
                assert "T12:00" not in text, "an instant is for machines"
    assert all(set(texts) == set(Code) for texts in TEXTS.values())
    assert Obstacle(code=Code.OUT_OF_STOCK).text("de") == "This is out of stock."


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        (
            "en",
            [
                "This can be redeemed from 1 August 2026 on.",
                "You have redeemed this 1 times; 1 in 30 days is the most. Again from 30 June 2026 on.",
            ],
        ),
        (
            "fr",
            [
                "Ceci pourra être échangé à partir du 1er août 2026.",
                "Échangé 1 fois par vous ; le maximum est de 1 en 30 jours. À nouveau à partir du 30 juin 2026.",
            ],
        ),
    ],
)
def test_a_reader_is_told_days_and_not_instants(locale: str, texts: list[str]) -> None:
    later = datetime(2026, 8, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    terms = replace(OPEN, valid_from=later, member_limit=1, member_limit_days=30)
    assert [found.text(locale) for found in obstacles(terms, replace(REP, redeemed_at=ago(1)))] == texts


def test_everything_that_stands_in_the_way_is_told_at_once() -> None:
    terms = replace(OPEN, is_listed=False, left_in_stock=0, can_be_delivered=False, countries=frozenset({"DE"}))
    told = [each.code for each in obstacles(terms, REP)]
    assert told == [Code.NOT_LISTED, Code.WRONG_COUNTRY, Code.OUT_OF_STOCK, Code.SUPPLIER_PAUSED]


@pytest.mark.parametrize(
    ("limit", "days", "redeemed", "left"),
    [(None, None, ago(1), None), (3, None, ago(1, 400), 1), (3, 30, ago(1, 400), 2), (1, None, ago(1, 2), 0)],
)
def test_what_is_left_of_a_limit(
    limit: int | None, days: int | None, redeemed: tuple[datetime, ...], left: int | None
) -> None:
    terms = replace(OPEN, member_limit=limit, member_limit_days=days)
    assert left_of_limit(terms, replace(REP, redeemed_at=redeemed)) == left
