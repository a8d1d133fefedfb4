"""Every question the face may ask of leads: on whose desk, since when, why there; and who takes which."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.sql import Connection, Database, Row
from domain.leads.distribution import Why
from domain.leads.machine import LeadAction, LeadState, available_actions

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows

# What lies on nobody's desk is for those who see every partner, and for whoever shared it.
RELATION = f"""coalesce({relation_sql(member="lead.member_id", partner="lead.partner_id")}, CASE
    WHEN viewer.portfolio_of IS NOT NULL AND viewer.portfolio_of = lead.principal_id THEN 'OPERATOR' END)"""
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, lead.*, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN lead ON lead.id = asked.id) AS seen
WHERE relation IS NOT NULL
"""
PAGE = f"""
SELECT * FROM (
  SELECT lead.*, {RELATION} AS relation FROM {VIEWERS} CROSS JOIN lead
  WHERE ($6::text IS NULL OR lead.state = $6) AND ($7::uuid IS NULL OR lead.partner_id = $7)
    AND ($8::timestamptz IS NULL OR (lead.recorded_at, lead.id) < ($8, $9::uuid)) {{narrowed}}) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $10
"""
# A partner is shown its own time with the lead alone.
ASSIGNMENTS = f"""
SELECT place, assignment.*
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place
JOIN lead ON lead.id = asked.id AND {RELATION} IS NOT NULL
JOIN lead_assignment AS assignment ON assignment.lead_id = lead.id
WHERE {RELATION} = 'OPERATOR' OR assignment.id = lead.assignment_id
ORDER BY place, assignment.n
"""
ROUTINGS = f"""
SELECT * FROM (
  SELECT routing.*, {relation_sql(member="routing.member_id", partner="routing.partner_id")} AS relation
  FROM {VIEWERS} CROSS JOIN lead_routing AS routing
  WHERE $6::uuid IS NULL OR routing.partner_id > $6) AS seen
WHERE relation IS NOT NULL ORDER BY partner_id LIMIT $7
"""


# A narrow viewer gets a condition that an index serves; the relation still decides.
NARROWED: Mapping[Role, str] = {
    Role.MEMBER: "AND lead.member_id = viewer.member_id",
    Role.PARTNER_ADMIN: "AND (lead.partner_id = viewer.partner_id OR lead.member_id = viewer.member_id)",
}


@dataclass(frozen=True, kw_only=True)
class LeadRecord:
    """A lead as this viewer may see it."""

    id: UUID
    origin: str
    title: str
    customer: Mapping[str, Any]
    customer_id: UUID | None
    products: tuple[str, ...]
    value: int
    currency: str
    response_hours: int
    attempts_max: int
    attempts: int
    state: LeadState
    reason: str | None
    note: str | None
    partner_id: UUID | None
    member_id: UUID | None
    due_at: datetime | None
    accepted_at: datetime | None
    converted_at: datetime | None
    opportunity: str | None
    recorded_at: datetime
    version: int
    relation: Relation
    available_actions: tuple[LeadAction, ...]


@dataclass(frozen=True, kw_only=True)
class AssignmentRecord:
    """A lead was with a partner: since when, why, how long it took to answer, and how it ended there."""

    n: int
    partner_id: UUID
    member_id: UUID
    why: Why
    assigned_at: datetime
    due_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, kw_only=True)
class RoutingRecord:
    """Which leads a partner takes, and how many at once."""

    partner_id: UUID
    member_id: UUID
    segments: tuple[str, ...]
    verticals: tuple[str, ...]
    countries: tuple[str, ...]
    open_max: int
    is_active: bool
    recorded_at: datetime
    version: int


async def leads_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, LeadRecord]:
    """Those of the leads that the actor may see."""
    rows = await source.fetch(BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: _lead(row, pairs[row["place"] - 1][0]) for row in rows}


async def leads_page(
    source: Source,
    actor: Actor,
    *,
    state: LeadState | None = None,
    partner_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> list[LeadRecord]:
    """A page of the leads that the actor may see, newest first."""
    page = PAGE.format(narrowed=NARROWED.get(actor.role, ""))
    arguments = (state and state.value, partner_id, *(after or (None, None)), min(limit, PAGE_MAX))
    return [_lead(row, actor) for row in await source.fetch(page, *viewer_arguments([actor]), *arguments)]


async def assignments_of_leads(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[AssignmentRecord]]:
    """With whom each lead was, in order, at most a hundred."""
    found = defaultdict[Pair, list[AssignmentRecord]](list)
    for row in await source.fetch(ASSIGNMENTS, *_asked(pairs)):
        found[pairs[row["place"] - 1]].append(
            AssignmentRecord(
                n=row["n"],
                partner_id=row["partner_id"],
                member_id=row["member_id"],
                why=Why.from_json(row["why"]),
                assigned_at=row["assigned_at"],
                due_at=row["due_at"],
                answered_at=row["answered_at"],
                ended_at=row["ended_at"],
                outcome=row["outcome"],
            )
        )
    return found


async def routings_page(
    source: Source, actor: Actor, *, after: UUID | None = None, limit: int = PAGE_MAX
) -> list[RoutingRecord]:
    """Which leads the partners take that the actor may see, in order of their ids."""
    rows = await source.fetch(ROUTINGS, *viewer_arguments([actor]), after, min(limit, PAGE_MAX))
    return [
        RoutingRecord(
            partner_id=row["partner_id"],
            member_id=row["member_id"],
            segments=tuple(row["segments"]),
            verticals=tuple(row["verticals"]),
            countries=tuple(row["countries"]),
            open_max=row["open_max"],
            is_active=row["is_active"],
            recorded_at=row["recorded_at"],
            version=row["version"],
        )
        for row in rows
    ]


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return (*viewer_arguments(actor for actor, _ in pairs), [lead_id for _, lead_id in pairs])


def _lead(row: Row, actor: Actor) -> LeadRecord:
    state, relation = LeadState(row["state"]), Relation(row["relation"])
    names = (
        "id",
        "origin",
        "title",
        "customer",
        "value",
        "currency",
        "response_hours",
        "attempts_max",
        "attempts",
        "reason",
        "note",
        "partner_id",
        "member_id",
        "due_at",
        "accepted_at",
        "converted_at",
        "opportunity",
        "recorded_at",
        "version",
    )
    return LeadRecord(
        **{name: row[name] for name in names},
        customer_id=row["customer_id"] if actor.is_operator else None,
        products=tuple(row["products"]),
        state=state,
        relation=relation,
        available_actions=available_actions(state, relation=relation, role=actor.role),
    )
