"""Every expected no of training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class TrainingActionNotAvailable(Refusal):
    """The training is not in a state in which you can do this; its `availableActions` say what you can."""

    action: str
    training_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the training is {state}.",
        "fr": "{action} n’est pas possible : la formation est {state}.",
    }


@dataclass(eq=False)
class AttemptConflict(Refusal):
    """Another content already stands under this external id; the first stands."""

    external_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{external_id} was already told with another content; the first stands.",
        "fr": "{external_id} a déjà été transmis avec un autre contenu ; le premier reste valable.",
    }


@dataclass(eq=False)
class StatementNotUnderstood(Refusal):
    """A statement or row of a learning system lacks something that an attempt needs; `path` says where."""

    path: str
    problem: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This cannot be read as an attempt: {path} ({problem}).",
        "fr": "Ceci ne peut pas être lu comme une tentative : {path} ({problem}).",
    }
