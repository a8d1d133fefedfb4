"""Which events somebody may be told, the shop's among them: a supplier's key hears of the lines ordered of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from catalog.suppliers.reading import supplier_of_source
from domain.access.matrix import Matrix
from domain.access.ownership import sight
from domain.access.principals import Actor
from domain.earning.entitling import entitled
from domain.kernel.events import StampedEvent
from domain.kernel.sql import Connection, Database

OF_LINES = frozenset({"redemption", "code", "code_problem"})  # aggregates whose events name lines
IN_STEP = ("items", "reasons")  # lists of the payload that go with its lines, one by one

# A line is the business of whom it was ordered of last.
OWN_LINES = """
SELECT line.id, line.price FROM redemption_line AS line
CROSS JOIN LATERAL (
  SELECT supplier_id FROM fulfilment_attempt AS attempt WHERE attempt.line_id = line.id ORDER BY n DESC LIMIT 1) AS last
WHERE line.id = ANY($1::uuid[]) AND last.supplier_id = $2
"""


async def entitled_of_all(
    source: Database | Connection, matrix: Matrix, action: str, actor: Actor, events: Sequence[StampedEvent]
) -> list[StampedEvent]:
    """Those of the events that the matrix grants the actor in this action. Of an event about lines of several
    suppliers, a supplier's key is told what concerns its own. At most three statements."""
    seen = sight(actor)
    if seen.source_id is None or seen.sees_all:
        return await entitled(source, matrix, action, actor, events)
    shares = await _shares(source, seen.source_id, events)
    granted = await entitled(source, matrix, action, actor, events, more_sources=dict.fromkeys(shares, seen.source_id))
    return [shares.get(event.event_id, event) for event in granted]


async def _shares(
    source: Database | Connection, source_id: UUID, events: Sequence[StampedEvent]
) -> Mapping[UUID, StampedEvent]:
    """Per event id what the supplier of the source is told of it; those that are no business of it are absent."""
    named = {event.event_id: _lines(event) for event in events if event.aggregate_kind in OF_LINES}
    line_ids = {UUID(line_id) for lines in named.values() for line_id in lines}
    supplier = await supplier_of_source(source, source_id) if line_ids else None
    if supplier is None:
        return {}
    rows = await source.fetch(OWN_LINES, list(line_ids), supplier.id)
    prices = {str(row["id"]): row["price"] for row in rows}
    found = dict[UUID, StampedEvent]()
    for event in events:
        payload = _share(event.payload, named.get(event.event_id, ()), prices, str(supplier.id))
        if payload is not None:
            found[event.event_id] = replace(event, payload=payload)
    return found


def _lines(event: StampedEvent) -> Sequence[str]:
    told = event.payload.get("line_id")
    return [told] if isinstance(told, str) else event.payload.get("lines", ())


def _share(
    payload: Mapping[str, Any], lines: Sequence[str], prices: Mapping[str, int], supplier_id: str
) -> Mapping[str, Any] | None:
    """The payload as far as it is about the supplier's own lines; None: it is about none of them."""
    if "supplier_id" in payload:
        # An attempt: it is its supplier's, whoever is tried after it.
        if not lines or payload["supplier_id"] != supplier_id:
            return None
        return {**payload, **({"next_supplier_id": None} if "next_supplier_id" in payload else {})}
    own = [place for place, line_id in enumerate(lines) if line_id in prices]
    if not own:
        return None
    if "lines" not in payload or len(own) == len(lines):
        return payload
    narrowed: dict[str, Any] = {**payload, "lines": [lines[place] for place in own]}
    narrowed |= {name: [payload[name][place] for place in own] for name in IN_STEP if name in payload}
    if "total" in payload:
        narrowed["total"] = sum(prices[lines[place]] for place in own)
    return narrowed
