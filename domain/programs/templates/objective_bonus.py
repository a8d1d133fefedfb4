"""R28: a bonus for the firm that met its objective."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import CAMPAIGN_CAP, LIMITS, amount, both, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A fixed amount for each objective that was met."""
    effect = {"kind": "FIXED", "amount": values.whole("amount")}
    return terms(values, [rule(values, "objective", effect, basis="UNITS", subject="PARTNER", period="QUARTER")])


OBJECTIVE_BONUS = Template(
    code="objective_bonus",
    row="R28",
    name=both("Bonus for an objective", "Prime d’objectif"),
    description=both(
        "A bonus for a firm when an objective that both sides agreed on is met.",
        "Une prime pour la société quand un objectif convenu entre les deux parties est atteint.",
    ),
    fields=(
        trigger("objective.met"),
        amount(
            "amount",
            both("Bonus", "Prime"),
            both("For each objective that was met.", "Pour chaque objectif atteint."),
            default=2_000,
            minimum=1,
        ),
        CAMPAIGN_CAP,
        *LIMITS,
    ),
    document=document,
)
