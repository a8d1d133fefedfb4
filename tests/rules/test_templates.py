"""Templates: every form makes terms that parse, and says every problem by the name of its field."""

import pytest

from domain.programs.templates.form import FIELDS_MAX, FieldKind, Template, Values
from domain.programs.templates.parts import both
from domain.programs.templates.registry import TEMPLATES, template_named
from domain.programs.terms import Terms

ROWS = {f"R{n}" for n in (*range(1, 9), *range(12, 19), 22, *range(24, 29))}
IDS = tuple(template.code for template in TEMPLATES)


def made(template: Template, **given: object) -> Terms:
    """The terms of the form with these values."""
    values = template.read(given, unit=template.unit, zone="Europe/Paris")
    assert isinstance(values, Values), values
    return Terms.from_json(template.document(values))


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_the_defaults_of_every_template_are_whole_terms(template: Template) -> None:
    terms = made(template)
    assert terms.unit == template.unit
    assert Terms.from_json(terms.to_json()).digest == terms.digest


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_every_number_of_a_form_may_stand_at_either_bound_or_is_refused_by_name(template: Template) -> None:
    for field in template.fields:
        if field.minimum is None and field.maximum is None:
            continue
        for value in (field.minimum or 0, field.maximum if field.maximum is not None else 10**6):
            read = template.read({field.name: value}, unit=template.unit, zone="UTC")
            if isinstance(read, Values):
                Terms.from_json(template.document(read))
            else:
                assert [problem.path for problem in read] != []
        beyond = (field.minimum or 0) - 1
        read = template.read({field.name: beyond}, unit=template.unit, zone="UTC")
        assert isinstance(read, list)
        assert [problem.path for problem in read] == [field.name]


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_every_form_speaks_english_and_french(template: Template) -> None:
    texts = [template.name, template.description]
    for field in template.fields:
        texts += [field.label, field.help, *(choice.label for choice in field.choices)]
    assert all(text["en"] and text["fr"] for text in texts)
    assert len(template.fields) <= FIELDS_MAX
    assert len({field.name for field in template.fields}) == len(template.fields)


def test_every_row_that_earns_has_a_template_and_codes_are_unique() -> None:
    assert {template.row for template in TEMPLATES} == ROWS
    assert len({template.code for template in TEMPLATES}) == len(TEMPLATES)
    assert template_named("spiff") is TEMPLATES[0]
    assert template_named("nothing") is None


def test_every_problem_of_a_form_is_told_at_once() -> None:
    read = TEMPLATES[0].read(
        {"amount_per_unit": 0, "product": 'a"b', "trigger": "Not a code", "colour": "red", "cap": "many"},
        unit="POINTS",
        zone="UTC",
    )
    assert isinstance(read, list)
    assert [problem.path for problem in read] == ["colour", "trigger", "product", "amount_per_unit", "cap"]


@pytest.mark.parametrize(
    ("code", "given", "path"),
    [
        ("quarterly_rebate", {"threshold_1": 5, "threshold_2": 5}, "threshold_2"),
        ("deal_registration", {"bonus": 0}, "bonus"),
        ("tier_multiplier", {"tier_1": "gold"}, "tier_2"),
        ("affiliate", {"upgrade": 0}, "upgrade"),
        ("made_to_measure", {"rate_least": 60_000}, "rate_most"),
        ("staged_award", {"signup": 0, "upgrade": 0, "renewal": 0, "bonus": 0}, "upgrade"),
    ],
)
def test_values_that_do_not_go_together_are_refused_at_one_of_them(
    code: str, given: dict[str, object], path: str
) -> None:
    template = template_named(code)
    assert template is not None
    read = template.read(given, unit=template.unit, zone="UTC")
    assert isinstance(read, list)
    assert [problem.path for problem in read] == [path]


def test_a_value_reaches_the_terms() -> None:
    template = template_named("spiff")
    assert template is not None
    (rule,) = made(template, product="GTX Basic", amount_per_unit=250, cap=1_000, campaign_cap=5_000).rules
    assert rule.condition == 'activity.product == "GTX Basic"'
    assert (rule.effect.to_json()["amount"], rule.caps[0].amount, rule.campaign_cap) == (250, 1_000, 5_000)


def test_a_text_of_a_form_cannot_become_a_condition() -> None:
    template = template_named("spiff")
    assert template is not None
    for text in ('" || true || "', "a\\", "x\n"):
        assert isinstance(template.read({"product": text}, unit="POINTS", zone="UTC"), list)


def test_kinds_of_fields_are_the_ones_a_form_can_draw() -> None:
    assert {field.kind for template in TEMPLATES for field in template.fields} == set(FieldKind)
    assert both("a", "b") == {"en": "a", "fr": "b"}
