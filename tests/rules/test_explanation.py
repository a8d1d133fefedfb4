"""Explanations: every code speaks both languages, names only facts it has, and survives JSON."""

import ast
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from domain.earning.explanation import REASONS_MAX, Explanation, Reason, as_of, told_at
from domain.earning.explanation_texts import TEXTS

ROOT = Path(__file__).parents[2] / "domain"
SOURCES = [*ROOT.glob("earning/*.py"), *ROOT.glob("programs/effects/*.py"), ROOT / "programs" / "matching.py"]
FACTS: dict[str, object] = {"amount": 12_345, "unit": "USD", "ppm": 12_500, "inputs": {"facts.tier": "GOLD", "a": True}}


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", TEXTS)
def test_every_code_has_both_texts_with_the_same_facts(code: str) -> None:
    assert set(TEXTS[code]) == {"en", "fr"}
    assert named(TEXTS[code]["en"]) == named(TEXTS[code]["fr"])
    assert TEXTS[code]["en"] != TEXTS[code]["fr"]


def test_every_code_that_is_used_has_a_text_and_every_text_is_used() -> None:
    used = set(re.findall(r'"([A-Z][A-Z_]{3,})"', "".join(path.read_text() for path in SOURCES)))
    code_calls = {
        keyword.value.value
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("Reason", "Worth", "Withheld")
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert code_calls <= set(TEXTS)
    catalogue = (ROOT / "earning" / "explanation_texts.py").read_text()
    outside = set(
        re.findall(r'"([A-Z][A-Z_]{3,})"', "".join(p.read_text() for p in SOURCES if p.read_text() != catalogue))
    )
    assert set(TEXTS) <= outside, set(TEXTS) - outside
    assert used >= set(TEXTS)


def test_numbers_percentages_and_instants_are_told_as_each_language_does() -> None:
    reason = Reason(code="EFFECT_PERCENT", facts={**FACTS, "basis_amount": 987_600, "basis_unit": "USD"})
    assert reason.text("en", {"USD": 2}) == "1.25% of 9,876.00 USD makes 123.45 USD."
    assert reason.text("fr-CA", {"USD": 2}) == "1,25\u202f% de 9\u202f876,00 USD donnent 123,45 USD."
    held = Reason(code="HOLDS_UNTIL", facts={"matures_at": "2026-03-01T10:00:00+01:00"})
    assert held.text("en") == "It becomes available on 2026-03-01."
    assert held.text("fr") == "Disponible à partir du 01/03/2026."
    paused = Reason(code="COOLDOWN", facts={"pause_until": "2026-03-01T10:00:00+01:00"})
    assert paused.text("en") == "The activity before it counts alone until 2026-03-01 10:00."
    inputs = Reason(code="CONDITION_TRUE", facts=FACTS)
    assert inputs.text("en") == "Its condition holds (facts.tier = GOLD, a = yes)."


def test_instants_are_told_on_the_wall_clock_of_the_program_and_an_end_is_the_last_day() -> None:
    midnight = datetime(2026, 3, 31, 22, tzinfo=UTC)
    expires = Reason(code="EXPIRES_AT", facts={"expires_at": told_at(midnight, ZoneInfo("Europe/Paris"))})
    assert expires.facts == {"expires_at": "2026-04-01T00:00:00+02:00"}
    assert expires.text("en") == "It expires at the end of 2026-03-31."
    assert expires.text("fr") == "Expire à la fin du 31/03/2026."


def test_what_was_awaited_never_came_once_its_day_is_over() -> None:
    facts = {"trigger": "app.activated", "awaited_until": "2026-04-01T00:00:00+02:00"}
    told = [{"code": "RULE_MATCHED", "facts": {}}, {"code": "AWAITED", "facts": facts}]
    until = datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert [step["code"] for step in as_of(told, until)] == ["RULE_MATCHED", "AWAITED"]
    assert [step["code"] for step in as_of(told, until + timedelta(seconds=1))] == ["RULE_MATCHED", "NEVER_CAME"]


def test_an_explanation_survives_json_and_refuses_codes_without_a_text() -> None:
    told = Explanation((Reason(code="EFFECT_FIXED", facts=FACTS),)).plus(Reason(code="AMOUNT_OUT_OF_BOUNDS", facts={}))
    again = Explanation.from_json(json.loads(json.dumps(told.to_json())))
    assert again == told
    assert again.code == "AMOUNT_OUT_OF_BOUNDS"
    with pytest.raises(KeyError):
        Explanation.from_json([{"code": "NO_SUCH", "facts": {}}])


def test_an_explanation_is_bounded() -> None:
    reason = Reason(code="AMOUNT_OUT_OF_BOUNDS", facts={})
    assert len(Explanation(()).plus(*[reason] * (REASONS_MAX + 1)).reasons) == REASONS_MAX


def test_facts_that_hold_braces_or_odd_names_are_only_text() -> None:
    reason = Reason(code="CONDITION_ERROR", facts={"rule": "{problem}", "problem": "{0.__class__}"})
    assert reason.text("en") == "The condition of rule {problem} could not be judged: {0.__class__}"
