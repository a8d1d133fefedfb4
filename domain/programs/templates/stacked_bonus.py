"""R25: one program of a portfolio, whose deals pay together at most a part of the deal."""

from collections.abc import Mapping

from domain.programs.templates.form import Choice, Field, FieldKind, Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, both, count, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A part of the deal, within the group's ceiling."""
    stacking = {
        "group": values.text("group"),
        "mode": values.text("mode"),
        "priority": values.whole("priority"),
        "ceiling_ppm": values.whole("ceiling") or None,
    }
    effect = {"kind": "PERCENT", "ppm": values.whole("rate")}
    basis_unit = values.text("basis_unit")
    return terms(values, [rule(values, "bonus", effect, basis_unit=basis_unit, stacking=stacking)])


MODE = Field(
    name="mode",
    kind=FieldKind.CHOICE,
    label=both("Together with the others", "Avec les autres"),
    help=both("What happens when several programs reward one deal.", "Quand plusieurs programmes paient une affaire."),
    default="ADDITIVE",
    choices=(
        Choice(code="ADDITIVE", label=both("All of them, up to the ceiling", "Tous, jusqu’au plafond")),
        Choice(code="BEST_OF", label=both("The best one", "Le meilleur")),
        Choice(code="EXCLUSIVE", label=both("The first by priority", "Le premier par priorité")),
    ),
)
STACKED_BONUS = Template(
    code="stacked_bonus",
    row="R25",
    name=both("Bonus within a ceiling", "Prime sous plafond"),
    description=both(
        "One of several programs that reward the same deal; together they pay at most a part of it.",
        "L’un de plusieurs programmes qui récompensent la même affaire ; ensemble ils en paient au plus une part.",
    ),
    fields=(
        trigger("deal.won"),
        BASIS_UNIT,
        percent(
            "rate",
            both("Part of the deal", "Part de l’affaire"),
            both("Of its net amount.", "De son montant net."),
            default=20_000,
            minimum=1,
        ),
        Field(
            name="group",
            kind=FieldKind.CODE,
            label=both("Stacking group", "Groupe de cumul"),
            help=both("Programs of one group share their deals.", "Les programmes d’un groupe partagent les affaires."),
            default="deal",
        ),
        MODE,
        count(
            "priority",
            both("Priority", "Priorité"),
            both("The highest is served first.", "La plus haute est servie d’abord."),
            default=0,
            maximum=1_000,
        ),
        percent(
            "ceiling",
            both("Ceiling of the group", "Plafond du groupe"),
            both("The most that all pay of one deal; 0: none.", "Le maximum payé par affaire ; 0 : sans plafond."),
            default=50_000,
        ),
        *LIMITS,
    ),
    document=document,
    unit="USD",
)
