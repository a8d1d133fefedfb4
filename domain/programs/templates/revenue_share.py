"""R13: a part of what the customer pays, for some months or for life."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import BASIS_UNIT, HOLD_DAYS, both, count, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A part of each paid invoice, to the firm, while the subscription is young enough."""
    months = values.whole("months")
    told = rule(
        values,
        "share",
        {"kind": "PERCENT", "ppm": values.whole("rate")},
        basis="PAID",
        basis_unit=values.text("basis_unit"),
        subject="PARTNER",
        period="MONTH",
        condition=f"activity.month <= {months}" if months else None,
    )
    return terms(values, [told], attributes={"month": {"type": "INT", "default": 1}})


REVENUE_SHARE = Template(
    code="revenue_share",
    row="R13",
    name=both("Revenue share", "Partage de revenus"),
    description=both(
        "A part of every paid invoice of the customers a partner brought, for a term or for life.",
        "Une part de chaque facture payée par les clients apportés, pour une durée ou à vie.",
    ),
    fields=(
        trigger("invoice.paid"),
        BASIS_UNIT,
        percent(
            "rate",
            both("Part of what is paid", "Part de ce qui est payé"),
            both("Of the net amount that the customer paid.", "Du montant net que le client a payé."),
            default=200_000,
            minimum=1,
        ),
        count(
            "months",
            both("For how many months", "Pendant combien de mois"),
            both("Months of a subscription that pay; 0: for life.", "Mois d’abonnement qui paient ; 0 : à vie."),
            default=36,
            maximum=1_200,
        ),
        HOLD_DAYS,
    ),
    document=document,
    unit="USD",
)
