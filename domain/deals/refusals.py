"""Every expected no of deals: none tells who else is concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class DealActionNotAvailable(Refusal):
    """The registration is not in a state in which you can do this; its `availableActions` say what you can."""

    action: str
    deal_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the registration is {state}.",
        "fr": "{action} n’est pas possible : l’enregistrement est {state}.",
    }


@dataclass(eq=False)
class CustomerProtected(Refusal):
    """Somebody else has this customer for these products now; to let this one in, the other is to be displaced."""

    deal_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This customer is protected for these products by another registration.",
        "fr": "Ce client est protégé pour ces produits par un autre enregistrement.",
    }


@dataclass(eq=False)
class DisputeOver(Refusal):
    """The time to give evidence is over."""

    deal_id: str
    due_at: datetime
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Evidence was due by {due_at}.",
        "fr": "Les preuves étaient attendues avant le {due_at}.",
    }


@dataclass(eq=False)
class NoExtensionLeft(Refusal):
    """The protection was extended as often as its policy allows."""

    deal_id: str
    extensions_max: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The protection was extended {extensions_max} times, as often as it can be.",
        "fr": "La protection a été prolongée {extensions_max} fois, le maximum prévu.",
    }


@dataclass(eq=False)
class WinTooLate(Refusal):
    """The deal was won before it was registered, or after its protection and the grace that follows it."""

    deal_id: str
    grace_until: datetime
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The registration counts for deals won from its submission until {grace_until}.",
        "fr": "L’enregistrement compte pour les affaires gagnées de sa soumission jusqu’au {grace_until}.",
    }


@dataclass(eq=False)
class DealPolicyUnknown(Refusal):
    """There is no policy of this code."""

    policy: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is no deal policy {policy}.",
        "fr": "Il n’y a pas de règle d’enregistrement {policy}.",
    }
