"""Every question the face may ask of rebates: settings, periods of one's firm or portfolio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.sql import Connection, Database, Row
from domain.rebates.machine import RebateAction, RebateState, Standing, available_actions

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows

RELATION = relation_sql(member="NULL::uuid", partner="period.partner_id")
COLUMNS = f"period.*, program.unit, program.zone, guerdon_now() AS now, {RELATION} AS relation"
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN rebate_period AS period ON period.id = asked.id JOIN program ON program.id = period.program_id) AS seen
WHERE relation IS NOT NULL
"""
PAGE = f"""
SELECT * FROM (
  SELECT {COLUMNS}
  FROM {VIEWERS} CROSS JOIN rebate_period AS period JOIN program ON program.id = period.program_id
  WHERE ($6::text IS NULL OR period.state = $6) AND ($7::uuid IS NULL OR period.program_id = $7)
    AND ($8::uuid IS NULL OR period.partner_id = $8)
    AND ($9::timestamptz IS NULL OR (period.starts_at, period.id) < ($9, $10::uuid)) {{narrowed}}) AS seen
WHERE relation IS NOT NULL ORDER BY starts_at DESC, id DESC LIMIT $11
"""
# A narrow viewer gets a condition that an index serves; the relation still decides.
NARROWED: Mapping[Role, str] = {Role.PARTNER_ADMIN: "AND period.partner_id = viewer.partner_id"}
SETTINGS = """
SELECT program_id, rule, dispute_days, pass_through_ppm, version FROM rebate_program WHERE program_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, kw_only=True)
class PeriodRecord:
    """A period as this viewer may see it: the final figures are those of its last review, None before."""

    id: UUID
    program_id: UUID
    rule: str
    partner_id: UUID
    starts_at: datetime
    ends_at: datetime
    grace_ends_at: datetime
    state: RebateState
    unit: str
    zone: str
    baseline: int | None
    final_total: int | None
    final_due: int | None
    final_granted: int | None
    passed_on: int | None
    finalized_at: datetime | None
    dispute_until: datetime | None
    accepted_at: datetime | None
    disputed_at: datetime | None
    dispute: str | None
    answer: str | None
    reason: str | None
    approved_at: datetime | None
    payout_id: UUID | None
    paid_at: datetime | None
    recorded_at: datetime
    version: int
    now: datetime
    relation: Relation
    available_actions: tuple[RebateAction, ...]


@dataclass(frozen=True, kw_only=True)
class SettingsRecord:
    """What a program is as a rebate."""

    program_id: UUID
    rule: str
    dispute_days: int
    pass_through_ppm: int | None
    version: int


async def periods_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, PeriodRecord]:
    """Those of the periods that the actor may see."""
    rows = await source.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _period(row, pairs[row["place"] - 1][0]) for row in rows}


async def periods_page(
    source: Source,
    actor: Actor,
    *,
    state: RebateState | None = None,
    program_id: UUID | None = None,
    partner_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> list[PeriodRecord]:
    """A page of the periods that the actor may see, latest start first."""
    page = PAGE.format(narrowed=NARROWED.get(actor.role, ""))
    arguments = (state and state.value, program_id, partner_id, *(after or (None, None)), min(limit, PAGE_MAX))
    return [_period(row, actor) for row in await source.fetch(page, *viewer_arguments([actor]), *arguments)]


async def settings_of_programs(source: Source, pairs: Pairs) -> Mapping[Pair, SettingsRecord]:
    """Of each program that is a rebate, what it is as one; the caller has judged who sees the program."""
    rows = await source.fetch(SETTINGS, [key for _, key in pairs])
    found = {row["program_id"]: SettingsRecord(**row) for row in rows}
    return {pair: found[pair[1]] for pair in pairs if pair[1] in found}


def _period(row: Row, actor: Actor) -> PeriodRecord:
    state, relation, now = RebateState(row["state"]), Relation(row["relation"]), row["now"]
    standing = Standing(
        state=state,
        is_disputed=row["disputed_at"] is not None,
        is_accepted=row["accepted_at"] is not None,
        is_disputable=row["dispute_until"] is not None and now < row["dispute_until"],
        is_paying=row["payout_id"] is not None,
    )
    named = {name: row[name] for name in PeriodRecord.__dataclass_fields__ if name in NAMED}
    return PeriodRecord(
        **named,
        state=state,
        relation=relation,
        available_actions=available_actions(standing, relation=relation, role=actor.role),
    )


NAMED = frozenset(PeriodRecord.__dataclass_fields__) - {"state", "relation", "available_actions"}
