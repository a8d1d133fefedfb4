"""R17: a number of transactions each quarter, with something for the support activities on the way."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import LIMITS, amount, both, caps, count, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A bonus at half of the target and at the target, to the firm; and a little for every support activity."""
    target = values.whole("target")
    steps = [("half", (target + 1) // 2, values.whole("half_bonus")), ("target", target, values.whole("bonus"))]
    milestones = [{"code": code, "at": at, "amount": worth} for code, at, worth in steps if worth]
    effect = {"kind": "MILESTONE", "measure": "COUNT", "milestones": milestones}
    rules = [rule(values, "target", effect, basis="UNITS", subject="PARTNER", period="QUARTER")]
    if values.whole("support"):
        rules.append(
            rule(
                values,
                "support",
                {"kind": "FIXED", "amount": values.whole("support")},
                basis="UNITS",
                trigger=values.text("support_trigger"),
                period="QUARTER",
                caps=caps(values, "MONTH", count_field="support_per_month"),
            )
        )
    return terms(values, rules)


QUARTERLY_TARGET = Template(
    code="quarterly_target",
    row="R17",
    name=both("Quarterly target", "Objectif trimestriel"),
    description=both(
        "A number of deals each quarter, and the activities that lead there: both sides commit.",
        "Un nombre d’affaires par trimestre, et les activités qui y mènent : les deux parties s’engagent.",
    ),
    fields=(
        trigger("deal.won"),
        count(
            "target",
            both("Target per quarter", "Objectif par trimestre"),
            both("How many transactions.", "Combien de transactions."),
            default=12,
            minimum=2,
        ),
        amount(
            "bonus",
            both("Bonus at the target", "Prime à l’objectif"),
            both("For the firm, once a quarter.", "Pour la société, une fois par trimestre."),
            default=3_000,
            minimum=1,
        ),
        amount(
            "half_bonus",
            both("Bonus half-way", "Prime à mi-chemin"),
            both("At half of the target; 0: none.", "À la moitié de l’objectif ; 0 : aucune."),
            default=1_000,
        ),
        trigger("demo.given", "support_trigger", both("The support activity", "L’activité de soutien")),
        amount(
            "support",
            both("Per support activity", "Par activité de soutien"),
            both("For the person who did it; 0: nothing.", "Pour la personne ; 0 : rien."),
            default=20,
        ),
        count(
            "support_per_month",
            both("Support activities per month", "Activités de soutien par mois"),
            both("At most so many are paid; 0: no limit.", "Au plus autant sont payées ; 0 : sans limite."),
            default=10,
        ),
        *LIMITS,
    ),
    document=document,
)
