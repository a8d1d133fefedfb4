"""Who has a customer: holds for a product scope, one at a time, and relations that begin and end."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Connection, Database, Row, json_texts
from domain.partners.customers.customer import RelationKind
from domain.partners.customers.events import CUSTOMER_RELATED

Source = Database | Connection

LIVE = "SELECT * FROM customer_hold WHERE customer_id = ANY($1::uuid[]) AND ended_at IS NULL ORDER BY since, id"
INSERT = """
INSERT INTO customer_hold (id, customer_id, reference_id, partner_id, member_id, products, since, until)
SELECT id, customer_id, reference_id, partner_id, member_id, products::jsonb, $7, NULL
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[])
     AS held (id, customer_id, reference_id, partner_id, member_id, products)
"""
UNTIL = """
UPDATE customer_hold SET until = said.until FROM unnest($1::uuid[], $2::timestamptz[]) AS said (reference_id, until)
WHERE customer_hold.reference_id = said.reference_id AND ended_at IS NULL
"""
END = "UPDATE customer_hold SET ended_at = $2 WHERE reference_id = ANY($1::uuid[]) AND ended_at IS NULL"
HAND_OVER = """
UPDATE customer_hold SET partner_id = $2, member_id = $3 WHERE reference_id = $1 AND ended_at IS NULL
"""
RELATIONS = """
SELECT * FROM customer_relation WHERE customer_id = ANY($1::uuid[]) AND ended_at IS NULL ORDER BY since, id
"""
RELATE = """
INSERT INTO customer_relation (id, customer_id, kind, partner_id, member_id, reference_id, since)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
PART = """
UPDATE customer_relation SET ended_at = $2 WHERE reference_id = ANY($1::uuid[]) AND ended_at IS NULL
RETURNING customer_id, kind
"""


@dataclass(frozen=True, kw_only=True)
class NewHold:
    """A partner takes a customer for some products; `reference_id` is what it hangs on."""

    customer_id: UUID
    reference_id: UUID
    partner_id: UUID
    member_id: UUID | None
    products: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class HoldRecord:
    """A hold that has not been ended; it is over all the same once `until` has come."""

    customer_id: UUID
    reference_id: UUID
    partner_id: UUID
    member_id: UUID | None
    products: tuple[str, ...]
    since: datetime
    until: datetime | None

    def is_over(self, now: datetime) -> bool:
        return self.until is not None and self.until <= now


@dataclass(frozen=True, kw_only=True)
class RelationRecord:
    """Somebody who has to do with a customer now."""

    customer_id: UUID
    kind: RelationKind
    partner_id: UUID | None
    member_id: UUID | None
    reference_id: UUID | None
    since: datetime


async def holds_on(source: Source, customer_ids: Collection[UUID]) -> Mapping[UUID, tuple[HoldRecord, ...]]:
    """The holds on each customer that have not been ended, oldest first."""
    found = defaultdict[UUID, list[HoldRecord]](list)
    for row in await source.fetch(LIVE, list(customer_ids)):
        found[row["customer_id"]].append(_hold(row))
    return {customer_id: tuple(holds) for customer_id, holds in found.items()}


async def hold_customers_in(op: Operation, holds: Sequence[NewHold]) -> None:
    """The partners have the customers, their clocks standing still. The customers are locked before; the database
    refuses a second hold on an overlapping scope (`customer_hold_is_one_per_scope`)."""
    if holds:
        await op.sql.execute(
            INSERT,
            new_ids(len(holds)),
            [hold.customer_id for hold in holds],
            [hold.reference_id for hold in holds],
            [hold.partner_id for hold in holds],
            [hold.member_id for hold in holds],
            json_texts(list(hold.products) for hold in holds),
            op.now,
        )


async def hold_until_in(op: Operation, until: Mapping[UUID, datetime | None]) -> None:
    """The holds of these references end then; None: not while the clock stands still."""
    if until:
        await op.sql.execute(UNTIL, list(until), list(until.values()))


async def end_holds_in(op: Operation, reference_ids: Collection[UUID]) -> None:
    """The customers are free again, as far as these references go."""
    if reference_ids:
        await op.sql.execute(END, list(reference_ids), op.now)


async def hand_over_hold_in(op: Operation, reference_id: UUID, partner_id: UUID, member_id: UUID | None) -> None:
    """Another partner has the customer from now on."""
    await op.sql.execute(HAND_OVER, reference_id, partner_id, member_id)


async def relations_of(source: Source, customer_ids: Collection[UUID]) -> Mapping[UUID, tuple[RelationRecord, ...]]:
    """Who has to do with each customer now, longest first."""
    found = defaultdict[UUID, list[RelationRecord]](list)
    for row in await source.fetch(RELATIONS, list(customer_ids)):
        found[row["customer_id"]].append(_relation(row))
    return {customer_id: tuple(relations) for customer_id, relations in found.items()}


async def relate_in(
    op: Operation,
    customer_id: UUID,
    kind: RelationKind,
    *,
    partner_id: UUID | None = None,
    member_id: UUID | None = None,
    reference_id: UUID | None = None,
) -> UUID:
    """Somebody has to do with the customer from now on; answers the relation, its own reference if it has no other."""
    relation_id = new_id()
    await op.sql.execute(
        RELATE, relation_id, customer_id, kind.value, partner_id, member_id, reference_id or relation_id, op.now
    )
    op.tell(CUSTOMER_RELATED.about(customer_id, kind=kind.value, state="BEGUN"))
    return relation_id


async def part_in(op: Operation, reference_ids: Collection[UUID]) -> int:
    """The relations that hang on these references have ended; answers how many did."""
    rows = await op.sql.fetch(PART, list(reference_ids), op.now)
    op.tell(*(CUSTOMER_RELATED.about(row["customer_id"], kind=row["kind"], state="ENDED") for row in rows))
    return len(rows)


def _hold(row: Row) -> HoldRecord:
    return HoldRecord(
        customer_id=row["customer_id"],
        reference_id=row["reference_id"],
        partner_id=row["partner_id"],
        member_id=row["member_id"],
        products=tuple(row["products"]),
        since=row["since"],
        until=row["until"],
    )


def _relation(row: Row) -> RelationRecord:
    return RelationRecord(
        customer_id=row["customer_id"],
        kind=RelationKind(row["kind"]),
        partner_id=row["partner_id"],
        member_id=row["member_id"],
        reference_id=row["reference_id"],
        since=row["since"],
    )
