"""The checker of redemptions: what members were told, what stands, what the supplier says it did; each finding named.

It is itself tried: `python -m tests.long planted` breaks the code a dozen ways, and each must be found here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from catalog.auditing import questions
from domain.kernel.sql import Database
from domain.ledger.auditing import audit

SPENT = """
SELECT line.member_id, sum(line.price)::bigint AS points FROM redemption_line AS line
WHERE line.state IN ('HELD', 'PENDING_APPROVAL', 'ORDERED', 'FULFILLED') GROUP BY line.member_id
"""
LEFT = "SELECT owner_id, available FROM wallet WHERE owner_kind = 'MEMBER' AND unit = 'POINTS'"
# What a supplier that we call delivered; a line it delivered has its code.
TOLD = """
SELECT replace(line.id::text, '-', '') AS id, line.state, count(code.id) AS codes
FROM fulfilment_attempt AS attempt JOIN redemption_line AS line ON line.id = attempt.line_id
LEFT JOIN voucher_code AS code ON code.line_id = line.id
WHERE attempt.supplier_id = $1 AND attempt.state = 'DELIVERED' GROUP BY line.id, line.state
"""
STOCK = """
SELECT denomination.id, denomination.stock, count(line.id) FILTER (WHERE line.state IN
         ('HELD', 'PENDING_APPROVAL', 'ORDERED', 'FULFILLED', 'REFUNDED')) AS taken
FROM denomination LEFT JOIN redemption_line AS line ON line.denomination_id = denomination.id
WHERE denomination.stock IS NOT NULL GROUP BY denomination.id
"""


@dataclass(kw_only=True)
class Told:
    """What the world outside knows: redemptions that were acknowledged, and members' points before and after sends.

    `given` are the points that each member had in all; `stock` is each counted denomination's at the start; `odd` is
    whatever was answered that should not have been.
    """

    acknowledged: set[UUID] = field(default_factory=set[UUID])
    given: Mapping[UUID, int] = field(default_factory=dict[UUID, int])
    stock: Mapping[UUID, int] = field(default_factory=dict[UUID, int])
    odd: list[str] = field(default_factory=list[str])


async def findings(
    database: Database, told: Told, *, supplier_id: UUID, book: Mapping[str, str], laws: Sequence[str] | None = None
) -> list[str]:
    """Everything that is wrong, each by the law or the check that found it; empty: nothing acknowledged is lost,
    nothing happened twice, no points are both spent and given back, the supplier's book is ours.

    `book` is the supplier's own: state by external id.
    """
    found = [f"history: {one}" for one in told.odd[:5]]
    report = await audit(database, laws, more=questions())
    found += [f"{one.law} {one.name}: {one.violations}" for one in report.checks if one.violations]
    found += [f"{law} examined nothing" for law, rows in report.examined().items() if rows == 0]
    rows = await database.fetch("SELECT redemption_id, state FROM redemption_line")
    found += _named("acknowledged and missing", told.acknowledged - {row["redemption_id"] for row in rows})
    states = Counter(row["state"] for row in rows)
    if waiting := {state: states[state] for state in ("HELD", "PENDING_APPROVAL", "ORDERED") if states[state]}:
        found.append(f"lines still wait: {waiting}")
    found += await _points(database, told)
    found += await _stock(database, told)
    return found + await _supplied(database, supplier_id, book)


async def _points(database: Database, told: Told) -> list[str]:
    spent = {row["member_id"]: row["points"] for row in await database.fetch(SPENT)}
    left = {row["owner_id"]: row["available"] for row in await database.fetch(LEFT)}
    wrong = [each for each, given in told.given.items() if left.get(each, 0) != given - spent.get(each, 0)]
    return _named("points left are not points given less what was bought", wrong)


async def _stock(database: Database, told: Told) -> list[str]:
    rows = {row["id"]: row for row in await database.fetch(STOCK)}
    wrong = [each for each, first in told.stock.items() if first != rows[each]["stock"] + rows[each]["taken"]]
    return _named("stock left is not stock given less what was bought", wrong)


async def _supplied(database: Database, supplier_id: UUID, book: Mapping[str, str]) -> list[str]:
    ours = {row["id"]: row for row in await database.fetch(TOLD, supplier_id)}
    theirs = {external_id for external_id, state in book.items() if state == "DELIVERED"}
    found = _named("the supplier delivered what we do not know of", theirs - set(ours))
    found += _named("the supplier knows nothing of what it delivered to us", set(ours) - theirs)
    return found + _named(
        "a delivered line has not one code, or is not fulfilled",
        [each for each, row in ours.items() if row["codes"] != 1 or row["state"] not in ("FULFILLED", "REFUNDED")],
    )


def _named(what: str, which: Iterable[object]) -> list[str]:
    some = sorted(map(str, which))
    return [f"{what}: {len(some)}, first {some[0]}"] if some else []
