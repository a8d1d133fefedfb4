"""Terms in words: every kind of effect, every limit and every change has its sentence in English and French."""

import pytest

from domain.programs.conditions import condition_text
from domain.programs.differences import CHANGES_MAX, differences
from domain.programs.effects.registry import EFFECT_KINDS
from domain.programs.saying import terms_sentence
from domain.programs.templates.registry import TEMPLATES, example_of
from domain.programs.terms import Terms
from tests.rules.builders import document

STEPS = [{"from": 0, "rate": 5}, {"from": 1_000_000, "rate": 8}]
EFFECTS: dict[str, dict[str, object]] = {
    "FIXED": {"kind": "FIXED", "amount": 300},
    "PER_UNIT": {"kind": "PER_UNIT", "amount": 10, "per": 10_000},
    "PERCENT": {"kind": "PERCENT", "ppm": 12_500},
    "BRACKETS": {"kind": "BRACKETS", "per": 10_000, "brackets": STEPS},
    "MILESTONE": {"kind": "MILESTONE", "milestones": [{"code": "m", "at": 5, "amount": 250}]},
}
SAID = {
    "FIXED": ("earns 300 POINTS, to the participant", "rapporte 300 POINTS, pour le participant"),
    "PER_UNIT": (
        "earns 10 POINTS for every 100.00 USD of the net amount",
        "rapporte 10 POINTS par tranche de 100,00 USD du montant net",
    ),
    "PERCENT": ("earns 1.25% of the net amount", "rapporte 1,25\u202f% du montant net"),
    "BRACKETS": (
        "by the net amount of the program, each part at its own rate: 5 POINTS for every 100.00 USD of the net amount"
        " from 0.00 USD on, 8 POINTS",
        "selon le montant net du programme, chaque part à son propre taux\u202f: 5 POINTS par tranche de 100,00 USD",
    ),
    "MILESTONE": ("by milestones of the program: 250 POINTS at 5 activities", "250 POINTS à 5 activités"),
}
LIMITED: dict[str, object] = {
    "effect": EFFECTS["FIXED"],
    "caps": [{"period": "MONTH", "amount": 900, "count": 3}],
    "period": "QUARTER",
    "campaign_cap": 5_000,
    "cooldown_minutes": 60,
    "hold_days": 14,
    "expires_after": {"days": 30},
    "moment": "PAID",
    "stacking": {"group": "deal", "mode": "ADDITIVE", "ceiling_ppm": 50_000},
    "beneficiaries": [{"to": "MEMBER", "share_ppm": 700_000}, {"to": "PARTNER", "share_ppm": "REST"}],
    "grants": [{"bundle": "thanks"}],
}


def said(terms: Terms, locale: str = "en") -> str:
    return terms_sentence(terms, locale, {"USD": 2})


def test_every_kind_of_effect_has_its_words() -> None:
    assert set(EFFECTS) == {kind.kind for kind in EFFECT_KINDS} == set(SAID)


@pytest.mark.parametrize("kind", sorted(EFFECTS))
def test_an_effect_is_said_with_its_own_numbers(kind: str) -> None:
    terms = Terms.from_json(document({"effect": EFFECTS[kind], "basis_unit": "USD"}))
    english, french = SAID[kind]
    assert english in said(terms)
    assert french in said(terms, "fr")


def test_every_limit_is_said() -> None:
    terms = Terms.from_json(document(LIMITED))
    assert said(terms).endswith(
        "shared: 70% to the participant, the rest to the firm, once it is paid. At most 900 POINTS and 3 activities per"
        " beneficiary a month. One activity counts every 60 minutes at most. All participants together get at most"
        " 5,000 POINTS. It can be used after 14 days. It expires 30 days later. Of one deal, in the group “deal”,"
        " everything counts. Together at most 5% of the deal. With it comes 1 × the bundle “thanks”."
    )
    assert "Au plus 900 POINTS et 3 activités par bénéficiaire et par mois." in said(terms, "fr")


@pytest.mark.parametrize("template", TEMPLATES, ids=[template.code for template in TEMPLATES])
def test_every_template_says_what_it_pays(template: object) -> None:
    terms = example_of(template)  # pyright: ignore[reportArgumentType] one of TEMPLATES
    for locale in ("en", "fr"):
        text = said(terms, locale)
        assert "{" not in text
        assert text.endswith(".")


@pytest.mark.parametrize(
    ("condition", "english", "french"),
    [
        (
            'partner.tier == "gold"',
            "the tier of the partner is “gold”",
            "le niveau du partenaire est «\u202fgold\u202f»",
        ),
        ("facts.certified && activity.quantity >= 3", "certified holds and the quantity is at least 3", "au moins 3"),
        ("!facts.certified", "certified does not hold", "certified n’est pas vrai"),
        ("facts.certified == false", "certified does not hold", "n’est pas vrai"),
        ('activity.helper != ""', "helper is not empty", "helper n’est pas vide"),
        ("activity.amount_net > 5", "`activity.amount_net > 5`", "`activity.amount_net > 5`"),
        ("tally.count < 3 || tally.count > 9", "`tally.count < 3 || tally.count > 9`", "`tally.count"),
        ('activity.product == "a && b"', '`activity.product == "a && b"`', "`activity"),
    ],
)
def test_a_condition_is_said_in_words_or_as_it_is_written(condition: str, english: str, french: str) -> None:
    assert condition_text(condition, "en") == english
    assert french in condition_text(condition, "fr")


def test_versions_differ_field_by_field_and_say_so() -> None:
    old = Terms.from_json(document({"effect": EFFECTS["FIXED"]}))
    assert differences(old, old) == []
    new = Terms.from_json(
        document({"effect": {"kind": "FIXED", "amount": 350}, "hold_days": 7, "caps": [{"count": 2}]})
    )
    found = {change.path.split(".", 1)[1]: change for change in differences(old, new)}
    assert set(found) == {"effect.amount", "hold_days", "caps[0]"}
    amount = found["effect.amount"]
    assert (amount.before, amount.after) == (300, 350)
    code = old.rules[0].code
    assert amount.text("en", {}) == f"The amount of rule “{code}” changes from 300 POINTS to 350 POINTS."
    assert amount.text("fr", {}) == f"Le montant de la règle «\u202f{code}\u202f» passe de 300 POINTS à 350 POINTS."
    assert found["caps[0]"].text("en", {}).startswith("A cap of rule")
    other = Terms.from_json(document({"effect": EFFECTS["FIXED"], "code": "other"}))
    gone, new_rule = differences(old, other)
    assert (gone.after, new_rule.before) == (None, None)
    assert "is gone" in gone.text("en", {})


def test_a_comparison_is_bounded() -> None:
    def many(amount: int) -> Terms:
        milestones = [{"code": f"m{n}", "at": n + 1, "amount": amount} for n in range(50)]
        effect = {"kind": "MILESTONE", "milestones": milestones}
        rules = [{"code": f"r{n}", "trigger": "deal.won", "effect": effect} for n in range(11)]
        return Terms.from_json(document() | {"rules": rules})

    assert len(differences(many(1), many(2))) == CHANGES_MAX
