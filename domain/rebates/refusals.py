"""Every expected no of rebates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class RebateActionNotAvailable(Refusal):
    """The period is not in a state in which you can do this; its `availableActions` say what you can."""

    action: str
    period_id: str
    state: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "{action} is not possible: the period is {state}.",
        "fr": "{action} n’est pas possible : la période est {state}.",
    }


@dataclass(eq=False)
class RebateRuleUnfit(Refusal):
    """The rule, or the terms, cannot be a rebate like this."""

    rule: str
    problem: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The rule {rule} cannot be a rebate: {problem}.",
        "fr": "La règle {rule} ne peut pas être une ristourne : {problem}.",
    }
