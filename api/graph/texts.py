"""Texts in a locale, and reasons: a code, its facts, and the sentence they make in English or French."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import strawberry

from api.graph.context import Info
from api.graph.enums import Locale
from api.graph.scalars import Json
from domain.earning.explanation import Reason as ReasonRecord
from domain.earning.explanation_texts import TEXTS
from domain.kernel.units import units_by_code

LocaleArgument = Annotated[
    Locale | None, strawberry.argument(description="The language wanted; the viewer's own by default.")
]


def in_locale(texts: Mapping[str, str], locale: Locale) -> str:
    """The text in this language, or else in English, or else in any."""
    return texts.get(locale.value) or texts.get("en") or next(iter(texts.values()), "")


@strawberry.type(description="One step of an explanation: what was decided, by which facts, and the sentence to show.")
class Reason:
    code: str = strawberry.field(description="Stable code of the step, for example RULE_MATCHED or BUDGET_TRIMMED.")
    facts: Json = strawberry.field(description="The facts by name: codes, whole amounts, ISO instants; never a float.")

    @strawberry.field(description="The step as a sentence with its facts.")
    @staticmethod
    async def text(parent: strawberry.Parent[ReasonRecord], info: Info, locale: LocaleArgument = None) -> str:
        spoken = (locale or Locale(info.context.locale)).value
        return parent.text(spoken, await exponents(info))


async def exponents(info: Info) -> Mapping[str, int]:
    """The decimals of each unit, read once an operation."""
    known = await info.context.batches.one(units_by_code, "*")
    return {unit.code: unit.exponent for unit in known or ()}


def reasons(explanation: Sequence[Mapping[str, Any]]) -> list[ReasonRecord]:
    """The steps of a stored explanation; a code that has no text any more keeps its facts and says its code."""
    return [
        ReasonRecord(code=str(step["code"]), facts=step.get("facts", {}))
        for step in explanation
        if str(step.get("code")) in TEXTS
    ]
