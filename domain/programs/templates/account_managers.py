"""R18: the vendor's own account managers, in a pool of their own."""

from collections.abc import Mapping

from domain.programs.program import Audience
from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import LIMITS, amount, both, caps, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """So much for each deal of a partner that the account manager looks after."""
    effect = {"kind": "FIXED", "amount": values.whole("amount")}
    told = rule(values, "managed", effect, basis="UNITS", period="QUARTER", caps=caps(values, "QUARTER"))
    return terms(values, [told])


ACCOUNT_MANAGERS = Template(
    code="account_managers",
    row="R18",
    name=both("Account managers", "Responsables de comptes"),
    description=both(
        "The vendor's own people, enrolled one by one: their own budget, never on the partners' boards.",
        "Les personnes du fournisseur, inscrites une à une : leur propre budget, jamais aux classements partenaires.",
    ),
    fields=(
        trigger("deal.managed"),
        amount(
            "amount",
            both("Per deal of a managed partner", "Par affaire d’un partenaire suivi"),
            both("What one deal is worth.", "Ce que vaut une affaire."),
            default=100,
            minimum=1,
        ),
        amount(
            "cap",
            both("Cap per person and quarter", "Plafond par personne et trimestre"),
            both("The most one person gets; 0: no cap.", "Le maximum par personne ; 0 : sans plafond."),
            default=2_000,
        ),
        *LIMITS,
    ),
    document=document,
    audience=Audience.ENROLLED,
)
