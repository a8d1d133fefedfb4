"""R5: a bonus for the deal that was registered first, and won."""

from collections.abc import Mapping

from domain.programs.document import Problem
from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import BASIS_UNIT, LIMITS, amount, both, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A fixed bonus, a part of the deal, or both."""
    rules: list[Mapping[str, object]] = []
    if values.whole("bonus"):
        rules.append(rule(values, "bonus", {"kind": "FIXED", "amount": values.whole("bonus")}, basis="UNITS"))
    if values.whole("rate"):
        effect = {"kind": "PERCENT", "ppm": values.whole("rate")}
        rules.append(rule(values, "share", effect, basis_unit=values.text("basis_unit")))
    return terms(values, rules)


def check(values: Values) -> Problem | None:
    """Something is paid."""
    if values.whole("bonus") or values.whole("rate"):
        return None
    return Problem(path="bonus", reason="with neither a bonus nor a part of the deal, nothing would be paid")


DEAL_REGISTRATION = Template(
    code="deal_registration",
    row="R5",
    name=both("Deal registration bonus", "Prime d’enregistrement d’affaire"),
    description=both(
        "Rewards a registered deal when it is won: partners tell early, and are protected.",
        "Récompense une affaire enregistrée quand elle est gagnée : le partenaire annonce tôt et il est protégé.",
    ),
    fields=(
        trigger("deal.registered_won"),
        amount(
            "bonus",
            both("Fixed bonus", "Prime fixe"),
            both("For every registered deal that is won; 0: none.", "Pour chaque affaire gagnée ; 0 : aucune."),
            default=500,
        ),
        percent(
            "rate",
            both("Part of the deal", "Part de l’affaire"),
            both("Of its net amount; 0: none.", "De son montant net ; 0 : aucune."),
            default=0,
        ),
        BASIS_UNIT,
        *LIMITS,
    ),
    document=document,
    check=check,
)
