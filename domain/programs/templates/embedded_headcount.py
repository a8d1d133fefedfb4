"""R6: what a partner sells while somebody of the vendor works there, shared with that person."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, both, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A part of each sale of the assignment, split between the firm and the person who is assigned."""
    shares = [
        {"to": "activity.assignee", "share_ppm": values.whole("person_share")},
        {"to": "PARTNER", "share_ppm": "REST"},
    ]
    sold = rule(
        values,
        "assigned",
        {"kind": "PERCENT", "ppm": values.whole("rate")},
        basis_unit=values.text("basis_unit"),
        subject="PARTNER",
        period="QUARTER",
        condition='activity.assignee != ""',
        beneficiaries=shares,
    )
    return terms(values, [sold], attributes={"assignee": {"type": "STRING", "default": ""}})


EMBEDDED_HEADCOUNT = Template(
    code="embedded_headcount",
    row="R6",
    name=both("Embedded headcount", "Personnel intégré"),
    description=both(
        "The vendor's person works inside the partner; sales in that time pay both.",
        "Une personne du fournisseur travaille chez le partenaire ; les ventes de cette période paient les deux.",
    ),
    fields=(
        trigger("assignment.sale"),
        BASIS_UNIT,
        percent(
            "rate",
            both("Part of each sale", "Part de chaque vente"),
            both("Of its net amount.", "De son montant net."),
            default=20_000,
            minimum=1,
        ),
        percent(
            "person_share",
            both("Of which the person gets", "Dont la personne reçoit"),
            both("The rest goes to the firm.", "Le reste revient à la société."),
            default=500_000,
        ),
        *LIMITS,
    ),
    document=document,
    unit="USD",
)
