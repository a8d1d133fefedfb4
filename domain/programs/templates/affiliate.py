"""R14: an affiliate's link pays for the sign-up, for the upgrade, or for both."""

from collections.abc import Mapping

from domain.programs.document import Problem
from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import LIMITS, amount, both, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A fixed amount for each of the two conversions that is worth something."""
    rules = [
        rule(
            values,
            name,
            {"kind": "FIXED", "amount": values.whole(name)},
            basis="UNITS",
            trigger=values.text(f"{name}_trigger"),
        )
        for name in ("signup", "upgrade")
        if values.whole(name)
    ]
    return terms(values, rules)


def check(values: Values) -> Problem | None:
    """Something is paid."""
    if values.whole("signup") or values.whole("upgrade"):
        return None
    return Problem(path="upgrade", reason="neither the sign-up nor the upgrade would be paid")


AFFILIATE = Template(
    code="affiliate",
    row="R14",
    name=both("Affiliate link", "Lien d’affiliation"),
    description=both(
        "Pays those who bring visitors by a link or code: for the sign-up, the upgrade, or both.",
        "Paie ceux qui amènent des visiteurs par un lien ou un code : à l’inscription, au passage payant, ou aux deux.",
    ),
    fields=(
        trigger("affiliate.signup", "signup_trigger", both("The sign-up", "L’inscription")),
        amount(
            "signup",
            both("Per sign-up", "Par inscription"),
            both("0: sign-ups are not paid.", "0 : les inscriptions ne paient pas."),
            default=0,
        ),
        trigger("affiliate.upgrade", "upgrade_trigger", both("The upgrade", "Le passage payant")),
        amount(
            "upgrade",
            both("Per upgrade", "Par passage payant"),
            both("0: upgrades are not paid.", "0 : les passages payants ne paient pas."),
            default=5_000,
        ),
        *LIMITS,
    ),
    document=document,
    unit="USD",
    check=check,
)
