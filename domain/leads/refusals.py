"""Every expected no of leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class LeadActionNotAvailable(Refusal):
    """The lead is not in a state in which you can do this; its `availableActions` say what you can."""

    action: str
    lead_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the lead is {state}.",
        "fr": "{action} n’est pas possible : l’opportunité est {state}.",
    }


@dataclass(eq=False)
class LeadAnsweredTooLate(Refusal):
    """The time to answer is over: the lead goes to somebody else."""

    lead_id: str
    due_at: datetime
    texts: ClassVar[Mapping[str, str]] = {
        "en": "An answer was due by {due_at}; the lead goes to another partner.",
        "fr": "Une réponse était attendue avant le {due_at} ; l’opportunité va à un autre partenaire.",
    }


@dataclass(eq=False)
class NobodyTakesLead(Refusal):
    """No partner that takes such leads has room and has not had this one before."""

    lead_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "No partner takes this lead now; name one, or change who takes leads.",
        "fr": "Aucun partenaire ne prend cette opportunité maintenant ; nommez-en un, ou changez l’attribution.",
    }
