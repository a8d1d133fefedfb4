"""R8: points and a bundle of the catalog together."""

from collections.abc import Mapping

from domain.programs.templates.form import Field, FieldKind, Template, Values
from domain.programs.templates.parts import LIMITS, amount, both, count, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """For each activity points, and so many of a bundle."""
    grants = [{"bundle": values.text("bundle"), "quantity": values.whole("quantity")}]
    effect = {"kind": "FIXED", "amount": values.whole("amount")}
    return terms(values, [rule(values, "reward", effect, basis="UNITS", grants=grants)])


HYBRID = Template(
    code="hybrid",
    row="R8",
    name=both("Hybrid reward", "Récompense mixte"),
    description=both(
        "Points and something from the catalog together, for example a voucher with every milestone deal.",
        "Des points et quelque chose du catalogue ensemble, par exemple un bon avec chaque affaire.",
    ),
    fields=(
        trigger("deal.won"),
        amount(
            "amount",
            both("Points", "Points"),
            both("What comes beside the bundle; may be 0.", "Ce qui accompagne le lot ; peut être 0."),
            default=100,
        ),
        Field(
            name="bundle",
            kind=FieldKind.CODE,
            label=both("Bundle", "Lot"),
            help=both("Code of a bundle of the catalog.", "Code d’un lot du catalogue."),
            default="thanks",
        ),
        count(
            "quantity",
            both("How many", "Combien"),
            both("Bundles per activity.", "Lots par activité."),
            default=1,
            minimum=1,
            maximum=10,
        ),
        *LIMITS,
    ),
    document=document,
)
