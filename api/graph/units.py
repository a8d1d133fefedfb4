"""Units of value: points of some kind, and currencies."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph.context import Info
from api.graph.fields import wording
from api.graph.readings import instant_now
from domain.kernel.units import UnitKind, units_by_code


@strawberry.type(description="A unit of value. Amounts of different units are never summed.")
class Unit:
    code: str = strawberry.field(description="POINTS, a further point kind, or an ISO 4217 code.")
    kind: UnitKind = strawberry.field(description="Points or money.")
    exponent: int = strawberry.field(description="How many decimals an amount is shown with: 2 turns 1050 into 10.50.")
    name = wording("name", "The unit's name.")


def unit_of(description: str, attribute: str = "unit") -> Any:
    """The field that names a record's unit."""

    @staticmethod
    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await unit(info, getattr(parent, attribute))

    return strawberry.field(resolver=resolve, graphql_type=Unit | None, description=description)


async def unit(info: Info, code: str | None) -> Any:
    """The unit of this code; None without one."""
    known = await info.context.batches.one(units_by_code, "*")
    return next((each for each in known or () if each.code == code), None)


@strawberry.type
class UnitQuery:
    @strawberry.field(description="The instant as Guerdon counts it; a sandbox may have moved it ahead.")
    async def now(self, info: Info) -> datetime:
        return await info.context.batches.sure(instant_now, "*")

    @strawberry.field(graphql_type=list[Unit], description="Every unit of this deployment, at most 100.")
    async def units(self, info: Info) -> Any:
        return await info.context.batches.one(units_by_code, "*")
