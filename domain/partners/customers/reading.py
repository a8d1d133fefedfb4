"""Every question the face may ask of customers: the vendor's people alone are answered."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.sql import Connection, Database
from domain.partners.customers.customer import KeyKind
from domain.partners.customers.holding import HoldRecord, RelationRecord, holds_on, relations_of

Pair = tuple[Actor, UUID]

BY_ID = "SELECT * FROM customer WHERE id = ANY($1::uuid[])"
KEYS = "SELECT * FROM customer_key WHERE customer_id = ANY($1::uuid[]) ORDER BY kind, value LIMIT 20000"


@dataclass(frozen=True, kw_only=True)
class CustomerKeyRecord:
    """A match key in normal form."""

    kind: KeyKind
    value: str


@dataclass(frozen=True, kw_only=True)
class CustomerRecord:
    """A customer as the first who named it called it."""

    id: UUID
    name: str
    country: str | None
    vertical: str | None
    size: str | None
    recorded_at: datetime


async def customers_by_id(source: Database | Connection, pairs: Sequence[Pair]) -> Mapping[Pair, CustomerRecord]:
    """The customers of these ids, for the vendor's own people."""
    shown = [pair for pair in pairs if pair[0].is_operator]
    rows = await source.fetch(BY_ID, [customer_id for _, customer_id in shown]) if shown else []
    found = {row["id"]: CustomerRecord(**dict(row)) for row in rows}
    return {pair: found[pair[1]] for pair in shown if pair[1] in found}


async def keys_of_customers(
    source: Database | Connection, pairs: Sequence[Pair]
) -> Mapping[Pair, Sequence[CustomerKeyRecord]]:
    """The match keys of each customer."""
    found = defaultdict[UUID, list[CustomerKeyRecord]](list)
    for row in await source.fetch(KEYS, [customer_id for _, customer_id in pairs]):
        found[row["customer_id"]].append(CustomerKeyRecord(kind=KeyKind(row["kind"]), value=row["value"]))
    return {pair: found[pair[1]] for pair in pairs if pair[0].is_operator}


async def holds_of_customers(
    source: Database | Connection, pairs: Sequence[Pair]
) -> Mapping[Pair, Sequence[HoldRecord]]:
    """Who has each customer now."""
    found = await holds_on(source, {customer_id for _, customer_id in pairs})
    return {pair: found.get(pair[1], ()) for pair in pairs if pair[0].is_operator}


async def relations_of_customers(
    source: Database | Connection, pairs: Sequence[Pair]
) -> Mapping[Pair, Sequence[RelationRecord]]:
    """Who has to do with each customer now."""
    found = await relations_of(source, {customer_id for _, customer_id in pairs})
    return {pair: found.get(pair[1], ()) for pair in pairs if pair[0].is_operator}
