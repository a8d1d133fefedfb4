"""Every expected no of payouts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class PayoutActionNotAvailable(Refusal):
    """The payout is not in a state in which you can do this; its `availableActions` say what you can."""

    action: str
    payout_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the payout is {state}.",
        "fr": "{action} n’est pas possible : le versement est {state}.",
    }


@dataclass(eq=False)
class SecondPersonNeeded(Refusal):
    """Whoever drafted a payout of this size does not approve it."""

    payout_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A payout of this size is approved by somebody else than who drafted it.",
        "fr": "Un versement de ce montant est approuvé par une autre personne que celle qui l’a préparé.",
    }


@dataclass(eq=False)
class NothingToPay(Refusal):
    """No wallet has as much as the minimum, or nothing approved waits for an export."""

    unit: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is nothing in {unit} to pay out.",
        "fr": "Il n’y a rien à verser en {unit}.",
    }
