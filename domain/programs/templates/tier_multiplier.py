"""R12: the same sale is worth more in a higher tier."""

from collections.abc import Mapping

from domain.programs.document import Problem
from domain.programs.templates.form import Field, FieldKind, Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, both, percent, rule, terms, trigger


def tier(number: int, default: str) -> Field:
    """The code of a tier."""
    return Field(
        name=f"tier_{number}",
        kind=FieldKind.CODE,
        label=both(f"Tier {number}", f"Niveau {number}"),
        help=both("Code of a tier of the partner, as of the day.", "Code d’un niveau du partenaire, ce jour-là."),
        default=default,
    )


def rate(name: str, en: str, fr: str, default: int) -> Field:
    """What a sale is worth in a tier."""
    return percent(name, both(en, fr), both("Part of the net amount.", "Part du montant net."), default=default)


def document(values: Values) -> Mapping[str, object]:
    """A rate for each of two tiers, and one for everybody else."""
    first, second = values.text("tier_1"), values.text("tier_2")
    conditions = {
        "rate": f'partner.tier != "{first}" && partner.tier != "{second}"',
        "rate_1": f'partner.tier == "{first}"',
        "rate_2": f'partner.tier == "{second}"',
    }
    rules = [
        rule(
            values,
            name.replace("rate", "tier"),
            {"kind": "PERCENT", "ppm": values.whole(name)},
            basis_unit=values.text("basis_unit"),
            condition=condition,
        )
        for name, condition in conditions.items()
    ]
    return terms(values, rules, partner={"tier": {"type": "STRING", "default": ""}})


def check(values: Values) -> Problem | None:
    """The tiers differ."""
    is_same = values.text("tier_1") == values.text("tier_2")
    return Problem(path="tier_2", reason="is another tier than the first") if is_same else None


TIER_MULTIPLIER = Template(
    code="tier_multiplier",
    row="R12",
    name=both("Tier multiplier", "Taux par niveau"),
    description=both(
        "Deliberately unequal: the same sale pays more in a higher tier, by the tier on the day of the sale.",
        "Volontairement inégal : la même vente rapporte plus à un niveau élevé, selon le niveau le jour de la vente.",
    ),
    fields=(
        trigger("deal.won"),
        BASIS_UNIT,
        rate("rate", "Rate without a tier", "Taux sans niveau", 10_000),
        tier(1, "silver"),
        rate("rate_1", "Rate in tier 1", "Taux au niveau 1", 15_000),
        tier(2, "gold"),
        rate("rate_2", "Rate in tier 2", "Taux au niveau 2", 20_000),
        *LIMITS,
    ),
    document=document,
    unit="USD",
    check=check,
)
