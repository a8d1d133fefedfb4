"""R26: rewards the margin of a sale that fits, and none that was bought with a discount."""

from collections.abc import Mapping

from domain.programs.templates.form import Choice, Field, FieldKind, Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, both, count, percent, rule, terms, text, trigger


def document(values: Values) -> Mapping[str, object]:
    """A part of the margin, at the moment that matters, below a discount, in a vertical."""
    kept = 100 - values.whole("discount_most")
    conditions = [f"activity.amount_net * 100 >= activity.amount_list * {kept}"] if kept else []
    if values.text("vertical"):
        conditions.append(f'activity.vertical == "{values.text("vertical")}"')
    told = rule(
        values,
        "margin",
        {"kind": "PERCENT", "ppm": values.whole("rate")},
        basis="MARGIN",
        basis_unit=values.text("basis_unit"),
        moment=values.text("moment"),
        condition=" && ".join(conditions) or None,
    )
    return terms(values, [told], attributes={"vertical": {"type": "STRING", "default": ""}})


MARGIN_FIT = Template(
    code="margin_fit",
    row="R26",
    name=both("Margin and fit", "Marge et adéquation"),
    description=both(
        "Pays a part of the margin instead of the volume, and nothing above a discount: no reward for selling out.",
        "Paie une part de la marge et non du volume, et rien au-delà d’une remise : brader ne rapporte pas.",
    ),
    fields=(
        trigger("deal.won"),
        BASIS_UNIT,
        percent(
            "rate",
            both("Part of the margin", "Part de la marge"),
            both("Of what is left to you.", "De ce qui vous reste."),
            default=50_000,
            minimum=1,
        ),
        count(
            "discount_most",
            both("Highest discount in %", "Remise maximale en %"),
            both("A higher one earns nothing; 100: any.", "Au-delà, rien ; 100 : toute remise."),
            default=20,
            maximum=100,
        ),
        Field(
            name="moment",
            kind=FieldKind.CHOICE,
            label=both("The moment that counts", "Le moment qui compte"),
            help=both("When the sale is rewarded.", "Quand la vente est récompensée."),
            default="BOOKED",
            choices=(
                Choice(code="BOOKED", label=both("Booked", "Commandée")),
                Choice(code="PAID", label=both("Paid", "Payée")),
                Choice(code="ACTIVATED", label=both("Activated", "Activée")),
                Choice(code="RENEWED", label=both("Renewed", "Renouvelée")),
            ),
        ),
        text(
            "vertical",
            both("Vertical of the customer", "Secteur du client"),
            both("Only customers of this one; empty: of any.", "Seulement celui-ci ; vide : tous."),
        ),
        *LIMITS,
    ),
    document=document,
    unit="USD",
)
