"""Every expected no of assignments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class AssignmentActionNotAvailable(Refusal):
    """The assignment is not in a state in which you can do this; its `availableActions` say what you can."""

    action: str
    assignment_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the assignment is {state}.",
        "fr": "{action} n’est pas possible : l’affectation est {state}.",
    }


@dataclass(eq=False)
class AssignmentOverlaps(Refusal):
    """Somebody is embedded with the partner at that time already, and one of the two is exclusive."""

    assignment_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Another exclusive assignment covers these dates; end it, or make both shared.",
        "fr": "Une autre affectation exclusive couvre ces dates ; terminez-la, ou partagez les deux.",
    }
