"""Every expected no of plans and objectives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class PlanActionNotAvailable(Refusal):
    """The plan's state, or the side you speak for, does not allow this."""

    state: str
    action: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A plan in state {state} does not allow you {action}.",
        "fr": "Un plan dans l’état {state} ne vous permet pas {action}.",
    }


@dataclass(eq=False)
class ObjectiveClosed(Refusal):
    """The objective is closed or was revised; it stays as it is."""

    objective_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This objective is {state}; it stays as it is.",
        "fr": "Cet objectif est {state} ; il reste tel quel.",
    }


@dataclass(eq=False)
class RevisionWaits(Refusal):
    """A proposed revision waits for its answer; one at a time."""

    objective_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A revision of this objective waits for its answer.",
        "fr": "Une révision de cet objectif attend sa réponse.",
    }


@dataclass(eq=False)
class ConsentNeeded(Refusal):
    """Who proposed a revision does not answer it: that takes the other side, or, within the vendor, another person."""

    objective_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A revision is answered by the other side, not by whoever proposed it.",
        "fr": "L’autre partie répond à une révision, pas celle qui l’a proposée.",
    }


@dataclass(eq=False)
class AlreadySettled(Refusal):
    """The commitment was settled, or the checkpoint held, before."""

    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This is {state} already.",
        "fr": "C’est déjà {state}.",
    }


@dataclass(eq=False)
class ReviewFrozen(Refusal):
    """The review of this period stands; it is never edited."""

    period: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The review of {period} is frozen; it is never edited.",
        "fr": "La revue de {period} est figée ; elle n’est jamais modifiée.",
    }
