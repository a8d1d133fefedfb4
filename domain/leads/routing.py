"""Which partners take which leads, and who is chosen for one, with everybody's load as it is under the lock."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.access.reading import partners_of, reaches
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import sure_value
from domain.leads.distribution import Candidate
from domain.leads.events import LEAD_ROUTING_CHANGED

VALUES_MAX = 50
VALUE_LENGTH_MAX = 64
OPEN_MAX = 1_000
PARTNERS_MAX = 10_000

UPSERT = """
INSERT INTO lead_routing (partner_id, member_id, segments, verticals, countries, open_max, is_active, recorded_at,
                          version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)
ON CONFLICT (partner_id) DO UPDATE SET member_id = excluded.member_id, segments = excluded.segments,
  verticals = excluded.verticals, countries = excluded.countries, open_max = excluded.open_max,
  is_active = excluded.is_active, version = lead_routing.version + 1
RETURNING version
"""
# Loads are counted under these locks: two leads at one instant never overload a partner.
LOCK = """
-- lock: lead_routing
SELECT partner_id FROM lead_routing WHERE is_active ORDER BY partner_id LIMIT $1 FOR NO KEY UPDATE
"""
CANDIDATES = """
SELECT routing.*,
       (SELECT count(*) FROM lead WHERE lead.partner_id = routing.partner_id
        AND lead.state IN ('ASSIGNED', 'ACCEPTED', 'WORKING')) AS open,
       (SELECT max(assigned_at) FROM lead_assignment AS given WHERE given.partner_id = routing.partner_id) AS last_at
FROM lead_routing AS routing WHERE routing.partner_id = ANY($1::uuid[])
"""


async def route_leads(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    member_id: UUID,
    segments: Sequence[str] = (),
    verticals: Sequence[str] = (),
    countries: Sequence[str] = (),
    open_max: int = 10,
    is_active: bool = True,
) -> Outcome:
    """The member's partner takes such leads from now on, in the member's name, so many at once; an empty list is
    any. Facts: partner_id.

    Refuses: NotFound; InvalidInput.
    """
    for name, values in (("segments", segments), ("verticals", verticals), ("countries", countries)):
        if len(values) > VALUES_MAX or any(not 1 <= len(value) <= VALUE_LENGTH_MAX for value in values):
            raise InvalidInput(field=name, problem=f"at most {VALUES_MAX} of 1 to {VALUE_LENGTH_MAX} characters")
    if not 1 <= open_max <= OPEN_MAX:
        raise InvalidInput(field="openMax", problem=f"1 to {OPEN_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        partner_id = await reached_partner_in(op, actor, member_id)
        lists = (sorted(set(segments)), sorted(set(verticals)), sorted(set(countries)))
        version = await sure_value(op.sql, UPSERT, partner_id, member_id, *lists, open_max, is_active, op.now)
        op.tell(LEAD_ROUTING_CHANGED.about(partner_id, member_id=member_id, partner_id=partner_id, version=version))
        return {"partner_id": str(partner_id)}

    return await door.operate_keyed(actor, "routeLeads", keyed, work)


async def reached_partner_in(op: Operation, actor: Actor, member_id: UUID) -> UUID:
    """The partner under which the member stands, where the actor may act for it. Refuses: NotFound."""
    partner_id = (await partners_of(op.sql, [member_id])).get(member_id)
    if partner_id is None or not await reaches(op.sql, actor, partner_id):
        raise NotFound(kind="member", id=str(member_id))
    return partner_id


async def candidates_in(op: Operation) -> list[Candidate]:
    """Everybody who takes leads, with their load; locked until the operation ends."""
    locked = [row["partner_id"] for row in await op.sql.fetch(LOCK, PARTNERS_MAX)]
    return [
        Candidate(
            partner_id=row["partner_id"],
            member_id=row["member_id"],
            segments=frozenset(row["segments"]),
            verticals=frozenset(row["verticals"]),
            countries=frozenset(row["countries"]),
            open=row["open"],
            open_max=row["open_max"],
            last_at=row["last_at"],
        )
        for row in await op.sql.fetch(CANDIDATES, locked)
    ]
