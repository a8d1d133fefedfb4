"""R24: target and rate of each firm's own, within bounds, agreed on by both sides."""

from collections.abc import Mapping

from domain.programs.document import Problem
from domain.programs.program import Audience
from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import (
    BASIS_UNIT,
    HUNDRED_PERCENT,
    LIMITS,
    amount,
    both,
    percent,
    rule,
    terms,
    trigger,
)


def document(values: Values) -> Mapping[str, object]:
    """A part of what the firm sells in the quarter beyond its own target, at its own rate."""
    low, high = values.whole("rate_least"), values.whole("rate_most")
    least, most = values.whole("target_least"), values.whole("target_most")
    effect = {
        "kind": "BRACKETS",
        "mode": "MARGINAL",
        "per": HUNDRED_PERCENT,
        "brackets": [{"from": 0, "rate": 0}, {"from": {"parameter": "target"}, "rate": {"parameter": "rate"}}],
    }
    told = rule(values, "beyond", effect, basis_unit=values.text("basis_unit"), subject="PARTNER", period="QUARTER")
    parameters = {
        "target": {"type": "INT", "min": least, "max": most, "default": least},
        "rate": {"type": "INT", "min": low, "max": high, "default": low},
    }
    return terms(values, [told], parameters=parameters)


def check(values: Values) -> Problem | None:
    """Upper bounds are not below lower ones."""
    for name in ("target", "rate"):
        if values.whole(f"{name}_most") < values.whole(f"{name}_least"):
            return Problem(path=f"{name}_most", reason="is not below the least value")
    return None


MADE_TO_MEASURE = Template(
    code="made_to_measure",
    row="R24",
    name=both("Made to measure", "Sur mesure"),
    description=both(
        "Each firm has its own target and rate within your bounds; both sides agree to every version.",
        "Chaque société a sa cible et son taux dans vos limites ; les deux parties acceptent chaque version.",
    ),
    fields=(
        trigger("deal.won"),
        BASIS_UNIT,
        amount(
            "target_least",
            both("Least target", "Cible minimale"),
            both("Quarterly volume; also the standard.", "Volume trimestriel ; aussi la valeur standard."),
            default=1_000_000,
            minimum=1,
        ),
        amount(
            "target_most",
            both("Highest target", "Cible maximale"),
            both("Nobody's target is above it.", "Aucune cible au-dessus."),
            default=50_000_000,
            minimum=1,
        ),
        percent(
            "rate_least",
            both("Least rate", "Taux minimal"),
            both("Beyond the target; also the standard.", "Au-delà de la cible ; aussi la valeur standard."),
            default=10_000,
        ),
        percent(
            "rate_most",
            both("Highest rate", "Taux maximal"),
            both("Nobody's rate is above it.", "Aucun taux au-dessus."),
            default=50_000,
        ),
        *LIMITS,
    ),
    document=document,
    unit="USD",
    audience=Audience.ENROLLED,
    check=check,
)
