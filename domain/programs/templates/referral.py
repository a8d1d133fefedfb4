"""Referral: a customer whom somebody brought, shared between who brought it and the firm."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import CAMPAIGN_CAP, LIMITS, amount, both, percent, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """A fixed amount a customer, split."""
    shares = [{"to": "MEMBER", "share_ppm": values.whole("person_share")}, {"to": "PARTNER", "share_ppm": "REST"}]
    effect = {"kind": "FIXED", "amount": values.whole("amount")}
    return terms(values, [rule(values, "referral", effect, basis="UNITS", beneficiaries=shares)])


REFERRAL = Template(
    code="referral",
    row="R14",
    name=both("Referral", "Parrainage"),
    description=both(
        "A fixed amount for each customer who was referred and bought, for the person and the firm.",
        "Un montant fixe par client recommandé qui a acheté, pour la personne et la société.",
    ),
    fields=(
        trigger("referral.won"),
        amount(
            "amount",
            both("Per customer", "Par client"),
            both("What one referred customer is worth.", "Ce que vaut un client recommandé."),
            default=10_000,
            minimum=1,
        ),
        percent(
            "person_share",
            both("Of which the person gets", "Dont la personne reçoit"),
            both("The rest goes to the firm.", "Le reste revient à la société."),
            default=1_000_000,
        ),
        CAMPAIGN_CAP,
        *LIMITS,
    ),
    document=document,
    unit="USD",
)
