"""R4: market development funds that accrue to the firm as a part of its revenue."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, both, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A part of each sale goes into the firm's fund, and is lost if it is not used in time."""
    effect = {"kind": "PERCENT", "ppm": values.whole("rate")}
    basis_unit = values.text("basis_unit")
    return terms(values, [rule(values, "accrual", effect, basis_unit=basis_unit, subject="PARTNER", period="QUARTER")])


MDF_ACCRUAL = Template(
    code="mdf_accrual",
    row="R4",
    name=both("MDF accrual", "Fonds marketing (MDF)"),
    description=both(
        "A part of a firm's revenue accrues as marketing money, typically 2 to 5 %; use it or lose it.",
        "Une part du chiffre d’affaires alimente un budget marketing, souvent 2 à 5 % ; à utiliser dans le délai.",
    ),
    fields=(
        trigger("deal.won"),
        BASIS_UNIT,
        percent(
            "rate",
            both("Part of revenue", "Part du chiffre d’affaires"),
            both("Which part of each sale accrues.", "Quelle part de chaque vente alimente le fonds."),
            default=30_000,
            minimum=1,
        ),
        *LIMITS,
    ),
    document=document,
    unit="USD",
)
