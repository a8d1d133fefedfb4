"""Which customer is meant: found by its keys or made, and locked, for many at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Connection, Database
from domain.partners.customers.customer import SIMILARITY_MIN, CustomerSaid, KeyKind, KnownCustomer, meant
from domain.partners.customers.events import CUSTOMER_RECORDED

SIMILAR_MAX = 20

# lock: customer keys, before there need be a row of them
LOCK_KEYS = "SELECT pg_advisory_xact_lock(hashtextextended(key, 1717)) FROM unnest($1::text[]) AS key"
# All keys of every customer that has one of these.
KNOWN = """
SELECT customer.id, customer.country, every.kind, every.value
FROM customer JOIN customer_key AS every ON every.customer_id = customer.id
WHERE customer.id IN (
  SELECT customer_id FROM customer_key JOIN unnest($1::text[], $2::text[]) AS asked (kind, value) USING (kind, value))
"""
INSERT = """
INSERT INTO customer (id, name, country, vertical, size, recorded_at)
SELECT *, $6 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
"""
INSERT_KEYS = """
INSERT INTO customer_key (id, customer_id, kind, value)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
"""
LOCK = "SELECT id FROM customer WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
# `%` is served by the index with a lower bar; the similarity then decides. The customer itself is not among them.
SIMILAR = """
SELECT asked.customer_id, found.customer_id AS similar_id
FROM unnest($1::uuid[], $2::text[]) AS asked (customer_id, name)
CROSS JOIN LATERAL (
  SELECT key.customer_id, similarity(key.value, asked.name) AS nearness FROM customer_key AS key
  WHERE key.kind = 'NAME' AND key.value % asked.name AND key.customer_id <> asked.customer_id
    AND similarity(key.value, asked.name) >= $3
  ORDER BY nearness DESC, key.customer_id LIMIT $4) AS found
"""


async def customers_in(op: Operation, said: Sequence[CustomerSaid]) -> list[UUID]:
    """The customers that are meant, in the same order, made where nobody knew them, and locked until the end of the
    operation. At most six statements, however many are asked.

    Refuses: InvalidInput (what is said of one).
    """
    keys = [one.keys() for one in said]
    flat = sorted({(kind.value, value) for each in keys for kind, value in each.items()})
    await op.sql.execute(LOCK_KEYS, [f"{kind} {value}" for kind, value in flat])
    known = await _known(op.sql, flat)
    made: list[tuple[UUID, CustomerSaid, Mapping[KeyKind, str]]] = []
    ids: list[UUID] = []
    for one, each in zip(said, keys, strict=True):
        found = meant(each, one.country, known.values())
        if found is None:
            found = KnownCustomer(
                id=new_id(), country=one.country, keys={kind: frozenset({value}) for kind, value in each.items()}
            )
            known[found.id] = found
            made.append((found.id, one, each))
        ids.append(found.id)
    await _insert_in(op, made)
    await lock_customers_in(op, ids)
    return ids


async def lock_customers_in(op: Operation, customer_ids: Sequence[UUID]) -> None:
    """The customers are locked by id until the operation ends: before anything that hangs on them."""
    await op.sql.fetch(LOCK, sorted(set(customer_ids)))


async def similar_customers(
    source: Database | Connection, asked: Sequence[tuple[UUID, str]]
) -> Mapping[UUID, tuple[UUID, ...]]:
    """For each (customer, normal name) the other customers whose names are similar, nearest first, at most 20 each."""
    rows = await source.fetch(
        SIMILAR, [customer_id for customer_id, _ in asked], [name for _, name in asked], SIMILARITY_MIN, SIMILAR_MAX
    )
    found = defaultdict[UUID, list[UUID]](list)
    for row in rows:
        found[row["customer_id"]].append(row["similar_id"])
    return {customer_id: tuple(others) for customer_id, others in found.items()}


async def _known(source: Database | Connection, flat: Sequence[tuple[str, str]]) -> dict[UUID, KnownCustomer]:
    rows = await source.fetch(KNOWN, [kind for kind, _ in flat], [value for _, value in flat])
    keys = defaultdict[UUID, defaultdict[KeyKind, set[str]]](lambda: defaultdict(set))
    countries: dict[UUID, str | None] = {}
    for row in rows:
        keys[row["id"]][KeyKind(row["kind"])].add(row["value"])
        countries[row["id"]] = row["country"]
    return {
        found: KnownCustomer(
            id=found, country=countries[found], keys={kind: frozenset(values) for kind, values in each.items()}
        )
        for found, each in keys.items()
    }


async def _insert_in(op: Operation, made: Sequence[tuple[UUID, CustomerSaid, Mapping[KeyKind, str]]]) -> None:
    if not made:
        return
    await op.sql.execute(
        INSERT,
        [customer_id for customer_id, _, _ in made],
        [said.name for _, said, _ in made],
        [said.country for _, said, _ in made],
        [said.vertical for _, said, _ in made],
        [said.size for _, said, _ in made],
        op.now,
    )
    flat = [(customer_id, kind.value, value) for customer_id, _, keys in made for kind, value in keys.items()]
    await op.sql.execute(
        INSERT_KEYS,
        new_ids(len(flat)),
        [customer_id for customer_id, _, _ in flat],
        [kind for _, kind, _ in flat],
        [value for _, _, value in flat],
    )
    op.tell(*(CUSTOMER_RECORDED.about(customer_id, version=1) for customer_id, _, _ in made))
