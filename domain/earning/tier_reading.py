"""What the face may ask of tiers: the sets, where a partner stood and stands, and what it needs to rise or to stay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.earning.measuring import Measured, MeasuredKind, measured
from domain.earning.tiers import MembershipReason, MembershipState, Tier, Tiers
from domain.kernel.sql import Connection, Database, Row

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
SETS_SHOWN_MAX = 20
PROGRESS_QUESTIONS_MAX = 20_000

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]
After = tuple[datetime, UUID] | None

# A member knows the tier of the firm they stand under.
RELATION = f"""coalesce({relation_sql(member="NULL::uuid", partner="held.partner_id")}, CASE
    WHEN EXISTS (SELECT 1 FROM belonging WHERE subject_id = viewer.member_id AND partner_id = held.partner_id)
    THEN 'PARTNER' END)"""
ASKED = f"{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place"
SETS = """
SELECT * FROM tier_set WHERE $1::text IS NULL OR code > $1 ORDER BY code LIMIT $2
"""
SETS_BY_ID = "SELECT * FROM tier_set WHERE id = ANY($1::uuid[])"
BY_ID = f"""
SELECT * FROM (SELECT place, held.*, {RELATION} AS relation FROM {ASKED}
               JOIN tier_membership AS held ON held.id = asked.id) AS seen WHERE relation IS NOT NULL
"""


def _page(of: str) -> str:
    return f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    SELECT held.*, {RELATION} AS relation FROM tier_membership AS held
    WHERE {of} AND {RELATION} IS NOT NULL AND ($7::timestamptz IS NULL OR (held.valid_from, held.id) < ($7, $8::uuid))
      AND ($9::bool IS NULL OR (held.valid_until IS NULL) = $9) AND ($10::text IS NULL OR held.state = $10)
    ORDER BY held.valid_from DESC, held.id DESC LIMIT $11) AS page
ORDER BY place, page.valid_from DESC, page.id DESC
"""


OF_PARTNERS = _page("held.partner_id = asked.id")
OF_SETS = _page("held.set_id = asked.id")
# Partners that the viewer stands to as a partner's or an operator: what a firm sold is nothing for its members.
PROGRESS = f"""
SELECT place, asked.id AS partner_id, seen.relation, guerdon_now() AS now FROM {ASKED} CROSS JOIN LATERAL (
    SELECT {relation_sql(member="NULL::uuid", partner="held.partner_id")} AS relation
    FROM (SELECT asked.id AS partner_id) AS held) AS seen
WHERE seen.relation IS NOT NULL
"""
STANDING = "SELECT * FROM tier_membership WHERE partner_id = ANY($1::uuid[]) AND valid_until IS NULL"


@dataclass(frozen=True, kw_only=True)
class TierSetRecord:
    """A set of tiers."""

    id: UUID
    code: str
    name: Mapping[str, str]
    fact_kind: str
    document: Mapping[str, Any]
    evaluates_at: datetime
    evaluated_at: datetime | None
    recorded_at: datetime
    version: int

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Its tiers, the lowest first."""
        return Tiers.from_json(self.document).tiers


@dataclass(frozen=True, kw_only=True)
class MembershipRecord:
    """Where a partner stood in a set, from an instant until another, or since then."""

    id: UUID
    set_id: UUID
    partner_id: UUID
    state: MembershipState
    tier: str | None
    reason: MembershipReason
    note: str | None
    look_at: datetime | None
    valid_from: datetime
    valid_until: datetime | None
    measured_at: datetime
    version: int
    relation: Relation

    @property
    def grace_ends_at(self) -> datetime | None:
        """When its grace ends."""
        return self.look_at if self.state is MembershipState.GRACE else None

    @property
    def override_ends_at(self) -> datetime | None:
        """When what was set by hand ends."""
        return self.look_at if self.reason is MembershipReason.OVERRIDE else None


@dataclass(frozen=True, kw_only=True)
class MetricProgress:
    """One metric now, against what it takes to stay and to rise; None where that takes nothing of it."""

    metric: str
    value: int
    unit: str | None
    stay_at: int | None
    rise_at: int | None

    @property
    def missing_to_stay(self) -> int | None:
        """How much more it takes to stay, 0 where it is reached."""
        return None if self.stay_at is None else max(self.stay_at - self.value, 0)

    @property
    def missing_to_rise(self) -> int | None:
        """How much more it takes to rise, 0 where it is reached."""
        return None if self.rise_at is None else max(self.rise_at - self.value, 0)


@dataclass(frozen=True, kw_only=True)
class TierProgress:
    """How a partner would do at the next evaluation, by all that is known now: its window ends with it."""

    set_id: UUID
    membership_id: UUID | None
    tier: str | None
    next_tier: str | None
    state: MembershipState
    stays: bool
    window_from: datetime
    evaluates_at: datetime
    metrics: tuple[MetricProgress, ...]


async def tier_sets(source: Source, *, limit: int, after: str | None = None) -> list[TierSetRecord]:
    """The sets of tiers in order of code; the same for everybody who may ask."""
    return [_set(row) for row in await source.fetch(SETS, after, min(limit, PAGE_MAX))]


async def tier_sets_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, TierSetRecord]:
    """The sets of these ids; the same for everybody who may ask."""
    rows = await source.fetch(SETS_BY_ID, [pair[1] for pair in pairs])
    known = {row["id"]: _set(row) for row in rows}
    return {pair: known[pair[1]] for pair in pairs if pair[1] in known}


async def memberships_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, MembershipRecord]:
    """Those of the memberships that the actor may see."""
    return {pairs[row["place"] - 1]: _membership(row) for row in await source.fetch(BY_ID, *_asked(pairs))}


async def memberships_of_partners(
    source: Source, pairs: Pairs, *, limit: int, after: After = None
) -> Mapping[Pair, list[MembershipRecord]]:
    """A page of each partner's memberships of all sets, newest first; `after` is (valid_from, id)."""
    arguments = (*_asked(pairs), *(after or (None, None)), None, None, min(limit, PAGE_MAX))
    return _grouped(pairs, await source.fetch(OF_PARTNERS, *arguments))


async def memberships_of_sets(
    source: Source, pairs: Pairs, *, limit: int, after: After = None, state: MembershipState | None = None
) -> Mapping[Pair, list[MembershipRecord]]:
    """A page of where partners stand in each set now, as far as the actor may see them, newest first."""
    arguments = (*_asked(pairs), *(after or (None, None)), True, state, min(limit, PAGE_MAX))
    return _grouped(pairs, await source.fetch(OF_SETS, *arguments))


async def progress_of_partners(source: Source, pairs: Pairs) -> Mapping[Pair, list[TierProgress]]:
    """How each partner would do at the next evaluation of each set, at most 20 sets; three statements and one for each
    kind of metric. Partners beyond 20,000 questions in all are absent.
    """
    seen = await source.fetch(PROGRESS, *_asked(pairs))
    sets = await tier_sets(source, limit=SETS_SHOWN_MAX)
    partners = list({row["partner_id"] for row in seen})
    questions = sum(len(Tiers.from_json(one.document).metrics) for one in sets)
    partners = partners[: PROGRESS_QUESTIONS_MAX // max(questions, 1)]
    standing = await source.fetch(STANDING, partners)
    held = {(row["set_id"], row["partner_id"]): row for row in standing}
    known = defaultdict[UUID, list[TierProgress]](list)
    for one in sets:
        for partner_id, progress in (await _progress(source, one, partners, held)).items():
            known[partner_id].append(progress)
    return {pairs[row["place"] - 1]: known[row["partner_id"]] for row in seen if row["partner_id"] in known}


async def _progress(
    source: Source, one: TierSetRecord, partners: Sequence[UUID], held: Mapping[tuple[UUID, UUID], Row]
) -> Mapping[UUID, TierProgress]:
    tiers = Tiers.from_json(one.document)
    start, end = tiers.window(one.evaluates_at), one.evaluates_at
    questions = [
        Measured(kind=MeasuredKind.PARTNER, subject_id=partner_id, metric=metric, start=start, end=end)
        for partner_id in partners
        for metric in tiers.metrics.values()
    ]
    values = iter(await measured(source, questions))
    found: dict[UUID, TierProgress] = {}
    for partner_id in partners:
        by_metric = {code: next(values) for code in tiers.metrics}
        found[partner_id] = progress_in(tiers, one.id, held.get((one.id, partner_id)), by_metric, (start, end))
    return found


def progress_in(
    tiers: Tiers,
    set_id: UUID,
    held: Mapping[str, Any] | Row | None,
    values: Mapping[str, int],
    window: tuple[datetime, datetime],
) -> TierProgress:
    """The values against the tier that is held and the one above it."""
    place = tiers.place(held["tier"] if held is not None else None)
    at, above = tiers.at(place), tiers.at(place + 1)
    metrics = [
        MetricProgress(
            metric=code,
            value=values[code],
            unit=metric.unit,
            stay_at=None if at is None else at.keeps.get(code),
            rise_at=None if above is None else above.needs.get(code),
        )
        for code, metric in tiers.metrics.items()
    ]
    return TierProgress(
        set_id=set_id,
        membership_id=None if held is None else held["id"],
        tier=None if at is None else at.code,
        next_tier=None if above is None else above.code,
        state=MembershipState.QUALIFYING if held is None else MembershipState(held["state"]),
        stays=tiers.stays(place, values),
        window_from=window[0],
        evaluates_at=window[1],
        metrics=tuple(metrics),
    )


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs]


def _grouped(pairs: Pairs, rows: Sequence[Row]) -> Mapping[Pair, list[MembershipRecord]]:
    found = defaultdict[Pair, list[MembershipRecord]](list)
    for row in rows:
        found[pairs[row["place"] - 1]].append(_membership(row))
    return found


def _set(row: Row) -> TierSetRecord:
    return TierSetRecord(**{field.name: row[field.name] for field in fields(TierSetRecord)})


def _membership(row: Row) -> MembershipRecord:
    said: dict[str, Any] = {
        "state": MembershipState(row["state"]),
        "reason": MembershipReason(row["reason"]),
        "relation": Relation(row["relation"]),
    }
    return MembershipRecord(**{field.name: said.get(field.name, row[field.name]) for field in fields(MembershipRecord)})
