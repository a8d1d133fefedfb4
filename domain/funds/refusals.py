"""Every expected no of funds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class FundsInsufficient(Refusal):
    """There is not so much left: of the allocation, of the pool, or of what was approved."""

    of: str
    wanted: int
    left: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{wanted} is more than what is left of the {of}: {left}.",
        "fr": "{wanted} dépasse ce qui reste ({of}) : {left}.",
    }


@dataclass(eq=False)
class FundRequestNotInState(Refusal):
    """The request is not in a state in which this can be done; its `availableActions` say what can."""

    fund_request_id: str
    state: str
    action: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the request is {state}.",
        "fr": "{action} n’est pas possible : la demande est {state}.",
    }


@dataclass(eq=False)
class FundClaimNotInState(Refusal):
    """The claim is not in a state in which this can be done; its `availableActions` say what can."""

    fund_claim_id: str
    state: str
    action: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the claim is {state}.",
        "fr": "{action} n’est pas possible : la demande de paiement est {state}.",
    }


@dataclass(eq=False)
class FundActivityNotEligible(Refusal):
    """The fund does not pay for this, or not for so much of it."""

    activity: str
    problem: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The fund does not pay for {activity}: {problem}",
        "fr": "Le fonds ne paie pas {activity} : {problem}",
    }


@dataclass(eq=False)
class FundTimeOver(Refusal):
    """The money was to be used by then."""

    use_by: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The money was to be used by {use_by}.",
        "fr": "L’argent devait être utilisé avant le {use_by}.",
    }


@dataclass(eq=False)
class FundRateMissing(Refusal):
    """There is no rate between the two units for that day: nothing is converted without one."""

    from_unit: str
    to_unit: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is no rate from {from_unit} to {to_unit} for that day.",
        "fr": "Il n’y a pas de taux de {from_unit} vers {to_unit} pour ce jour.",
    }


@dataclass(eq=False)
class FundExtensionNotOpen(Refusal):
    """An extension waits already, or none does."""

    fund_allocation_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The extension of this allocation is {state}.",
        "fr": "La prolongation de cette allocation est {state}.",
    }
