"""The units of value that this deployment knows: read whole, because there are few."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from domain.kernel.sql import Connection, Database

UNITS_MAX = 100
AnyViewer = TypeVar("AnyViewer", bound=Hashable)


class UnitKind(StrEnum):
    """What a unit counts: the vendor's own points, or an ISO 4217 currency in minor units."""

    POINTS = "POINTS"
    MONEY = "MONEY"


@dataclass(frozen=True, kw_only=True)
class UnitRecord:
    """A unit; `exponent` is how many decimals an amount is shown with."""

    code: str
    kind: UnitKind
    exponent: int
    name: Mapping[str, str]


async def units(sql: Database | Connection) -> list[UnitRecord]:
    """Every unit in order of its code, at most a hundred."""
    rows = await sql.fetch("SELECT code, kind, exponent, name FROM unit ORDER BY code LIMIT $1", UNITS_MAX)
    return [
        UnitRecord(code=row["code"], kind=UnitKind(row["kind"]), exponent=row["exponent"], name=row["name"])
        for row in rows
    ]


async def units_by_code(
    sql: Database | Connection, pairs: Sequence[tuple[AnyViewer, str]]
) -> Mapping[tuple[AnyViewer, str], Sequence[UnitRecord]]:
    """Every unit under each pair, so that a batch of fields reads them once; the same for everybody."""
    known = await units(sql)
    return dict.fromkeys(pairs, known)
