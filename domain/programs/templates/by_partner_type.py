"""R15: start-up, education, non-profit and app partner programs, in a currency of benefits of their own."""

from collections.abc import Mapping

from domain.programs.audience import AudienceRule
from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import EXPIRES_MONTHS, amount, both, caps, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """So much an activity for the firm, capped a year, and not together with other such programs."""
    told = rule(
        values,
        "benefit",
        {"kind": "FIXED", "amount": values.whole("amount")},
        basis="UNITS",
        subject="PARTNER",
        period="YEAR",
        caps=caps(values, "YEAR", amount_field="yearly_cap"),
        stacking={"group": "partner_type", "mode": "BEST_OF"},
    )
    return terms(values, [told])


BY_PARTNER_TYPE = Template(
    code="by_partner_type",
    row="R15",
    name=both("Start-ups, education, non-profits", "Start-up, éducation, associations"),
    description=both(
        "Benefits for partners of some types only; who is of several gets the best, not all.",
        "Des avantages pour certains types de partenaires ; qui relève de plusieurs reçoit le meilleur, pas tous.",
    ),
    fields=(
        trigger("solution.activated"),
        amount(
            "amount",
            both("Benefit per activation", "Avantage par activation"),
            both("What one activation is worth to the firm.", "Ce que vaut une activation pour l’organisation."),
            default=500,
            minimum=1,
        ),
        amount(
            "yearly_cap",
            both("Cap per year", "Plafond annuel"),
            both("The most one firm gets a year; 0: no cap.", "Le maximum par organisation et par an ; 0 : sans."),
            default=10_000,
        ),
        EXPIRES_MONTHS,
    ),
    document=document,
    audience_rule=AudienceRule(types=("STARTUP", "EDUCATION", "NONPROFIT", "APP")),
)
