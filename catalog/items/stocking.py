"""Stock of denominations: taken and given back by guarded update, in order of their ids; NULL never runs out."""

from collections.abc import Collection, Mapping
from uuid import UUID

from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput

DENOMINATIONS_MAX = 1_000
UNITS_MAX = 10_000

# What is not counted is not locked: whoever redeems it waits for nobody.
LOCK = "SELECT id FROM denomination WHERE id = ANY($1::uuid[]) AND stock IS NOT NULL ORDER BY id FOR NO KEY UPDATE"
TAKE = """
WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, units)), taken AS (
  UPDATE denomination SET stock = stock - wanted.units FROM wanted
  WHERE denomination.id = wanted.id AND stock >= wanted.units RETURNING denomination.id
)
SELECT id FROM taken UNION ALL SELECT denomination.id FROM denomination JOIN wanted USING (id) WHERE stock IS NULL
"""
GIVE_BACK = """
UPDATE denomination SET stock = stock + given.units FROM unnest($1::uuid[], $2::bigint[]) AS given (id, units)
WHERE denomination.id = given.id AND stock IS NOT NULL
"""


async def take_stock_in(op: Operation, wanted: Mapping[UUID, int]) -> frozenset[UUID]:
    """So many units of each denomination are taken; answers those whose stock did not suffice (or that do not exist),
    of which nothing was taken. Counted rows are locked in order of their ids until the operation ends.

    Refuses: InvalidInput (more than 1,000 denominations, units outside 1 … 10,000).
    """
    if not wanted:
        return frozenset()
    ids = await _locked(op, wanted)
    rows = await op.sql.fetch(TAKE, ids, [wanted[denomination_id] for denomination_id in ids])
    return frozenset(wanted) - {row["id"] for row in rows}


async def give_stock_back_in(op: Operation, counts: Mapping[UUID, int]) -> None:
    """So many units of each denomination are there again; where stock is not counted, nothing changes.

    Refuses: InvalidInput (more than 1,000 denominations, units outside 1 … 10,000).
    """
    if not counts:
        return
    ids = await _locked(op, counts)
    await op.sql.execute(GIVE_BACK, ids, [counts[denomination_id] for denomination_id in ids])


async def lock_stock_in(op: Operation, denomination_ids: Collection[UUID]) -> list[UUID]:
    """The counted ones of these denominations are locked in order of their ids, which are answered.

    Refuses: InvalidInput (more than 1,000).
    """
    if len(denomination_ids) > DENOMINATIONS_MAX:
        raise InvalidInput(field="denominations", problem=f"at most {DENOMINATIONS_MAX}")
    # Locked first, in one order: an update alone takes them in the order of its plan.
    ids = sorted(denomination_ids)
    await op.sql.execute(LOCK, ids)
    return ids


async def _locked(op: Operation, counts: Mapping[UUID, int]) -> list[UUID]:
    if any(not 1 <= units <= UNITS_MAX for units in counts.values()):
        raise InvalidInput(field="units", problem=f"1 to {UNITS_MAX}")
    return await lock_stock_in(op, counts.keys())
