"""R16: a pilot with reduced benefits, for those who are invited."""

from collections.abc import Mapping

from domain.programs.program import Audience
from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, amount, both, caps, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A smaller part of each sale, up to a cap."""
    told = rule(
        values,
        "pilot",
        {"kind": "PERCENT", "ppm": values.whole("rate")},
        basis_unit=values.text("basis_unit"),
        caps=caps(values, "PROGRAM"),
    )
    return terms(values, [told])


PILOT = Template(
    code="pilot",
    row="R16",
    name=both("Pilot", "Pilote"),
    description=both(
        "Tries a program with a few partners, at reduced benefits and without penalty on exit.",
        "Essaie un programme avec quelques partenaires, à avantages réduits et sans pénalité de sortie.",
    ),
    fields=(
        trigger("deal.won"),
        BASIS_UNIT,
        percent(
            "rate",
            both("Part of each sale", "Part de chaque vente"),
            both("Less than the full program will pay.", "Moins que le programme complet."),
            default=5_000,
            minimum=1,
        ),
        amount(
            "cap",
            both("Cap per participant", "Plafond par participant"),
            both("The most one gets during the pilot; 0: no cap.", "Le maximum pendant le pilote ; 0 : sans."),
            default=50_000,
        ),
        *LIMITS,
    ),
    document=document,
    unit="USD",
    audience=Audience.ENROLLED,
)
