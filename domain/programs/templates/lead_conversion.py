"""R22: the vendor shares leads; accepting one in time and converting it is rewarded."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, amount, both, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A little for accepting, a part of the deal for converting."""
    converted = rule(
        values,
        "converted",
        {"kind": "PERCENT", "ppm": values.whole("rate")},
        trigger=values.text("converted_trigger"),
        basis_unit=values.text("basis_unit"),
    )
    if not values.whole("accepted"):
        return terms(values, [converted])
    effect = {"kind": "FIXED", "amount": values.whole("accepted")}
    trigger_ = values.text("accepted_trigger")
    return terms(values, [rule(values, "accepted", effect, trigger=trigger_, basis="UNITS"), converted])


LEAD_CONVERSION = Template(
    code="lead_conversion",
    row="R22",
    name=both("Lead conversion", "Conversion de pistes"),
    description=both(
        "Leads that the vendor hands out: a small reward for answering, a larger one for the deal.",
        "Des pistes confiées par le fournisseur : un peu pour la réponse, davantage pour l’affaire.",
    ),
    fields=(
        trigger("lead.accepted", "accepted_trigger", both("The acceptance", "L’acceptation")),
        amount(
            "accepted",
            both("Per accepted lead", "Par piste acceptée"),
            both("0: acceptance is not paid.", "0 : l’acceptation ne paie pas."),
            default=1_000,
        ),
        trigger("lead.converted", "converted_trigger", both("The conversion", "La conversion")),
        percent(
            "rate",
            both("Part of the deal", "Part de l’affaire"),
            both("Of the net amount of the converted lead.", "Du montant net de la piste convertie."),
            default=30_000,
            minimum=1,
        ),
        BASIS_UNIT,
        *LIMITS,
    ),
    document=document,
    unit="USD",
)
