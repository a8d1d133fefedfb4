"""R1: a SPIFF pays the rep so much for every unit of a product."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import (
    CAMPAIGN_CAP,
    LIMITS,
    MEMBER_CAP,
    amount,
    both,
    caps,
    equals,
    rule,
    terms,
    text,
    trigger,
)


def document(values: Values) -> Mapping[str, object]:
    """So much a unit of the product, to the rep, capped per rep and in all."""
    effect = {"kind": "PER_UNIT", "amount": values.whole("amount_per_unit")}
    condition = equals("activity.product", values.text("product"))
    sold = rule(values, "spiff", effect, basis="UNITS", condition=condition, caps=caps(values, "PROGRAM"))
    return terms(values, [sold], attributes={"product": {"type": "STRING", "default": ""}})


SPIFF = Template(
    code="spiff",
    row="R1",
    name=both("Product SPIFF", "SPIFF produit"),
    description=both(
        "A bonus for the rep, not the firm, for every unit sold of one product during a short campaign.",
        "Une prime au vendeur, et non à la société, pour chaque unité vendue d’un produit pendant une courte campagne.",
    ),
    fields=(
        trigger("claim.approved"),
        text(
            "product",
            both("Product", "Produit"),
            both("Only sales of this product; empty: of all.", "Seulement ce produit ; vide : tous."),
        ),
        amount(
            "amount_per_unit",
            both("Bonus per unit", "Prime par unité"),
            both("What one unit sold is worth to the rep.", "Ce que vaut une unité vendue pour le vendeur."),
            default=100,
            minimum=1,
        ),
        MEMBER_CAP,
        CAMPAIGN_CAP,
        *LIMITS,
    ),
    document=document,
)
