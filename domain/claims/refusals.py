"""Every expected no of claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class ClaimNotInState(Refusal):
    """The claim is not in a state in which this can be done; its `availableActions` say what can."""

    claim_id: str
    state: str
    action: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the claim is {state}.",
        "fr": "{action} n’est pas possible : la demande est {state}.",
    }


@dataclass(eq=False)
class ClaimNotReady(Refusal):
    """Something keeps the claim from being submitted; `problems` lists the code and the line of each."""

    claim_id: str
    problems: list[Mapping[str, Any]]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The claim cannot be submitted yet: {problems}",
        "fr": "La demande ne peut pas encore être envoyée : {problems}",
    }


@dataclass(eq=False)
class ClaimInConflict(Refusal):
    """Somebody claimed the same invoice or serial number before: the conflict is to be decided first."""

    claim_id: str
    lines: list[int]
    texts: ClassVar[Mapping[str, str]] = {
        "en": "Lines {lines} are claimed by somebody else too: decide the conflict first.",
        "fr": "Les lignes {lines} sont aussi demandées par un autre : tranchez d’abord le conflit.",
    }


@dataclass(eq=False)
class ConflictDecided(Refusal):
    """The conflict was decided before, or is no longer one."""

    conflict_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "This conflict is no longer open: {state}.",
        "fr": "Ce conflit n’est plus ouvert : {state}.",
    }


@dataclass(eq=False)
class RulesNotOfCampaign(Refusal):
    """A rule of the program's terms would pay claims of every program: its condition does not name the campaign."""

    rules: list[str]
    campaign: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": 'The condition of {rules} must say activity.campaign == "{campaign}".',
        "fr": 'La condition de {rules} doit dire activity.campaign == "{campaign}".',
    }
