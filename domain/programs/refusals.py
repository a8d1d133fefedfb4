"""Every expected no of programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class ProgramNotInState(Refusal):
    """The program's state does not allow this action."""

    program_id: str
    state: str
    action: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "A program in state {state} does not allow {action}.",
        "fr": "Un programme dans l’état {state} ne permet pas {action}.",
    }


@dataclass(eq=False)
class ProgramHasNoTerms(Refusal):
    """A program needs terms before it can go live."""

    program_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The program has no terms yet; publish a version first.",
        "fr": "Le programme n’a pas encore de conditions ; publiez-en d’abord une version.",
    }


@dataclass(eq=False)
class ProgramHasNoObjective(Refusal):
    """A program needs an objective before it is scheduled or goes live; `missing` names what it lacks of it."""

    program_id: str
    missing: list[str]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The program does not say what it is to reach: a metric, a baseline, a target and a date are needed.",
        "fr": "Le programme ne dit pas ce qu’il doit atteindre : il faut un indicateur, un point de départ, une cible"
        " et une date.",
    }


@dataclass(eq=False)
class ProgramNotSettled(Refusal):
    """A program is archived after its grace, once nothing of it is pending; `open_amount` still waits."""

    program_id: str
    settles_at: datetime
    open_amount: int
    retryable: ClassVar[bool] = True
    stored: ClassVar[bool] = False
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The program can be archived from {settles_at} on, once nothing is pending; {open_amount} still is.",
        "fr": "Le programme peut être archivé à partir du {settles_at}, quand rien n’est plus en attente ;"
        " {open_amount} l’est encore.",
    }


@dataclass(eq=False)
class TemplateRefused(Refusal):
    """A value of a template's form is missing, unknown or out of bounds; each problem names its field."""

    problems: list[dict[str, str]]
    stored: ClassVar[bool] = False
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Some fields of the form are not right yet.",
        "fr": "Certains champs du formulaire ne sont pas encore corrects.",
    }


@dataclass(eq=False)
class TermsRefused(Refusal):
    """The terms document is not valid; `problems` lists path and reason of each."""

    problems: list[str]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The terms are not valid: {problems}",
        "fr": "Les conditions ne sont pas valides : {problems}",
    }


@dataclass(eq=False)
class AlreadyEnrolled(Refusal):
    """The subject takes part in this program already."""

    enrollment_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This subject is enrolled already.",
        "fr": "Ce participant est déjà inscrit.",
    }


@dataclass(eq=False)
class ParametersRefused(Refusal):
    """A parameter is not declared by the terms, or outside the bounds they declare."""

    problems: list[str]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The parameters do not fit the terms: {problems}",
        "fr": "Les paramètres ne conviennent pas aux conditions : {problems}",
    }


@dataclass(eq=False)
class NothingToAccept(Refusal):
    """There is no proposed version of parameters that waits for this consent."""

    enrollment_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Nothing waits for your consent here.",
        "fr": "Rien n’attend votre accord ici.",
    }
