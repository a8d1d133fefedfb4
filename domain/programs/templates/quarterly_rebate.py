"""R2: a rebate pays the firm a part of its quarter's volume, which grows past thresholds."""

from collections.abc import Mapping

from domain.programs.document import Problem
from domain.programs.templates.form import Choice, Field, FieldKind, Template, Values
from domain.programs.templates.parts import BASIS_UNIT, HUNDRED_PERCENT, amount, both, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """Three brackets over the quarter's net volume of the firm."""
    steps = [(0, "rate_base"), (values.whole("threshold_1"), "rate_1"), (values.whole("threshold_2"), "rate_2")]
    effect = {
        "kind": "BRACKETS",
        "mode": values.text("mode"),
        "per": HUNDRED_PERCENT,
        "brackets": [{"from": start, "rate": values.whole(rate)} for start, rate in steps],
    }
    basis_unit = values.text("basis_unit")
    return terms(values, [rule(values, "rebate", effect, basis_unit=basis_unit, subject="PARTNER", period="QUARTER")])


def check(values: Values) -> Problem | None:
    """The second threshold is above the first."""
    if values.whole("threshold_2") > values.whole("threshold_1"):
        return None
    return Problem(path="threshold_2", reason="is above the first threshold")


QUARTERLY_REBATE = Template(
    code="quarterly_rebate",
    row="R2",
    name=both("Quarterly rebate", "Remise trimestrielle"),
    description=both(
        "A part of a firm's quarterly volume, growing with it; money for the firm.",
        "Une part du volume trimestriel d’une société, qui croît avec lui ; de l’argent pour la société.",
    ),
    fields=(
        trigger("deal.won"),
        BASIS_UNIT,
        Field(
            name="mode",
            kind=FieldKind.CHOICE,
            label=both("How thresholds work", "Effet des seuils"),
            help=both(
                "Whether a threshold raises the rate of all sales of the quarter, or only of those beyond it.",
                "Un seuil relève-t-il le taux de toutes les ventes du trimestre, ou de celles au-delà seulement.",
            ),
            default="RETROACTIVE",
            choices=(
                Choice(code="RETROACTIVE", label=both("For all sales of the quarter", "Pour toutes les ventes")),
                Choice(code="MARGINAL", label=both("Only beyond the threshold", "Seulement au-delà du seuil")),
            ),
        ),
        percent(
            "rate_base",
            both("Rate from the first sale", "Taux dès la première vente"),
            both("May be 0: below the first threshold nothing is paid.", "Peut être 0 : rien sous le premier seuil."),
            default=0,
        ),
        amount(
            "threshold_1",
            both("First threshold", "Premier seuil"),
            both("Quarterly volume, in the currency of the sales.", "Volume trimestriel, dans la devise des ventes."),
            default=5_000_000,
            minimum=1,
        ),
        percent(
            "rate_1",
            both("Rate from the first threshold", "Taux dès le premier seuil"),
            both("The part that is paid from there on.", "La part versée à partir de là."),
            default=20_000,
        ),
        amount(
            "threshold_2",
            both("Second threshold", "Second seuil"),
            both("Above the first one.", "Au-dessus du premier."),
            default=10_000_000,
            minimum=2,
        ),
        percent(
            "rate_2",
            both("Rate from the second threshold", "Taux dès le second seuil"),
            both("The part that is paid from there on.", "La part versée à partir de là."),
            default=30_000,
        ),
    ),
    document=document,
    unit="USD",
    check=check,
)
