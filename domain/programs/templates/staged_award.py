"""R27: sign-up, upgrade and renewal are worth more and more; and so many customers a quarter a bonus."""

from collections.abc import Mapping

from domain.programs.document import Problem
from domain.programs.templates.form import Field, Template, Values
from domain.programs.templates.parts import LIMITS, amount, both, count, rule, terms, trigger

STAGES = ("signup", "upgrade", "renewal")


def stage(name: str, default: int, en: str, fr: str) -> Field:
    """What a customer's stage is worth."""
    return amount(name, both(en, fr), both("0: this stage is not paid.", "0 : cette étape ne paie pas."), default)


def document(values: Values) -> Mapping[str, object]:
    """A rule a stage, and a milestone over the upgrades of the quarter."""
    rules = [
        rule(
            values,
            name,
            {"kind": "FIXED", "amount": values.whole(name)},
            basis="UNITS",
            trigger=values.text(f"{name}_trigger"),
        )
        for name in STAGES
        if values.whole(name)
    ]
    if values.whole("bonus"):
        milestone = {"code": "customers", "at": values.whole("customers"), "amount": values.whole("bonus")}
        effect = {"kind": "MILESTONE", "measure": "COUNT", "milestones": [milestone]}
        upgraded = values.text("upgrade_trigger")
        rules.append(rule(values, "customers", effect, basis="UNITS", trigger=upgraded, period="QUARTER"))
    return terms(values, rules)


def check(values: Values) -> Problem | None:
    """Something is paid."""
    if any(values.whole(name) for name in (*STAGES, "bonus")):
        return None
    return Problem(path="upgrade", reason="no stage would be paid")


STAGED_AWARD = Template(
    code="staged_award",
    row="R27",
    name=both("Staged award", "Prime par étapes"),
    description=both(
        "For freemium products: the customer's sign-up, upgrade and renewal each pay, and a number of customers too.",
        "Pour un freemium : inscription, passage payant et renouvellement paient, et un nombre de clients aussi.",
    ),
    fields=(
        trigger("customer.signed_up", "signup_trigger", both("The sign-up", "L’inscription")),
        stage("signup", 10, "Per sign-up", "Par inscription"),
        trigger("customer.upgraded", "upgrade_trigger", both("The upgrade", "Le passage payant")),
        stage("upgrade", 100, "Per upgrade", "Par passage payant"),
        trigger("customer.renewed", "renewal_trigger", both("The renewal", "Le renouvellement")),
        stage("renewal", 50, "Per renewal", "Par renouvellement"),
        count(
            "customers",
            both("Customers per quarter", "Clients par trimestre"),
            both("Upgrades of one participant that bring the bonus.", "Passages payants qui donnent la prime."),
            default=25,
            minimum=1,
        ),
        amount(
            "bonus",
            both("Bonus for so many customers", "Prime pour ce nombre de clients"),
            both("Once a quarter; 0: none.", "Une fois par trimestre ; 0 : aucune."),
            default=1_000,
        ),
        *LIMITS,
    ),
    document=document,
    check=check,
)
