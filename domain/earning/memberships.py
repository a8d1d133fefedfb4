"""Tier memberships as they are stored: the next span of many partners at once, its dated facts, and its events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.earning.events import TIER_AT_RISK, TIER_CHANGED
from domain.earning.tiers import MembershipReason, MembershipState, Needed, Standing, Tiers, needed
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Row, json_texts
from domain.partners.facts import NewFact, SubjectKind, end_facts_in, record_facts_in

CLOSE = """
UPDATE tier_membership SET valid_until = closed.at, version = version + 1
FROM unnest($1::uuid[], $2::timestamptz[]) AS closed (closed_id, at) WHERE id = closed.closed_id
"""
INSERT = """
INSERT INTO tier_membership (id, set_id, partner_id, state, tier, reason, note, principal_id, earned_before, look_at,
                             valid_from, fact_id, measured, measured_at, recorded_at, version)
SELECT id, $2, partner_id, state, tier, reason, $6, $7, earned_before, look_at, valid_from, fact_id, measured::jsonb,
       valid_from, $13, 1
FROM unnest($1::uuid[], $3::uuid[], $4::text[], $5::text[], $8::text[], $9::text[], $10::timestamptz[],
            $11::timestamptz[], $12::uuid[], $14::text[])
     AS new (id, partner_id, state, tier, reason, earned_before, look_at, valid_from, fact_id, measured)
"""
MEASURED = """
UPDATE tier_membership SET measured = told.measured::jsonb, measured_at = told.at, version = version + 1
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS told (told_id, at, measured) WHERE id = told.told_id
"""


@dataclass(frozen=True, kw_only=True)
class Membership:
    """The span that stands now: what an evaluation needs to know of it."""

    id: UUID
    partner_id: UUID
    standing: Standing
    earned_before: str | None
    valid_from: datetime
    fact_id: UUID | None

    @property
    def is_override(self) -> bool:
        """True where the vendor set the tier by hand, until `standing.look_at`."""
        return self.standing.reason is MembershipReason.OVERRIDE


@dataclass(frozen=True, kw_only=True)
class Move:
    """One partner at one evaluation: the membership before it (None: none), what it is from `at` on, and the values."""

    partner_id: UUID
    before: Membership | None
    after: Standing
    values: Mapping[str, int]
    at: datetime

    @property
    def is_change(self) -> bool:
        """True where another span begins."""
        return self.before is None or self.before.standing != self.after


@dataclass(frozen=True, kw_only=True)
class Signed:
    """Who set a tier by hand, and why."""

    principal_id: UUID
    note: str


def membership_of(row: Row) -> Membership:
    """The membership in a row of its table."""
    return Membership(
        id=row["id"],
        partner_id=row["partner_id"],
        standing=Standing(
            state=MembershipState(row["state"]),
            tier=row["tier"],
            reason=MembershipReason(row["reason"]),
            look_at=row["look_at"],
        ),
        earned_before=row["earned_before"],
        valid_from=row["valid_from"],
        fact_id=row["fact_id"],
    )


async def move_in(
    op: Operation,
    set_id: UUID,
    fact_kind: str,
    tiers: Tiers,
    moves: Sequence[Move],
    signed: Signed | None = None,
) -> int:
    """Every partner stands as its move says, from its instant on; answers how many changed. What stood before keeps
    its span, ended at that instant. The tier is a dated fact of the partner from then on.
    """
    stayed = [(move.before, move) for move in moves if not move.is_change and move.before is not None]
    if stayed:
        ids, instants = [before.id for before, _ in stayed], [move.at for _, move in stayed]
        await op.sql.execute(MEASURED, ids, instants, json_texts(move.values for _, move in stayed))
    changes = [move for move in moves if move.is_change]
    if not changes:
        return 0
    closed = [(move.before.id, move.at) for move in changes if move.before is not None]
    await op.sql.execute(CLOSE, [one[0] for one in closed], [one[1] for one in closed])
    facts = await _facts_in(op, fact_kind, changes)
    ids = new_ids(len(changes))
    await op.sql.execute(
        INSERT,
        ids,
        set_id,
        [move.partner_id for move in changes],
        [move.after.state.value for move in changes],
        [move.after.tier for move in changes],
        None if signed is None else signed.note,
        None if signed is None else signed.principal_id,
        [move.after.reason.value for move in changes],
        [_earned_before(move) for move in changes],
        [move.after.look_at for move in changes],
        [move.at for move in changes],
        facts,
        op.now,
        json_texts(move.values for move in changes),
    )
    for membership_id, move in zip(ids, changes, strict=True):
        _tell(op, set_id, tiers, membership_id, move)
    return len(changes)


async def _facts_in(op: Operation, kind: str, changes: Sequence[Move]) -> list[UUID | None]:
    """The fact that each change's tier stands as; one that goes on is left alone, one that ends is ended."""
    ended: dict[UUID, datetime] = {}
    facts = list[UUID | None]()
    new = list[tuple[int, NewFact]]()
    for place, move in enumerate(changes):
        before = move.before
        is_set = move.after.reason is MembershipReason.OVERRIDE
        goes_on = before is not None and before.standing.tier == move.after.tier and not before.is_override
        if goes_on and not is_set and before is not None:
            facts.append(before.fact_id)
            continue
        if before is not None and before.fact_id is not None:
            ended[before.fact_id] = move.at
        facts.append(None)
        if move.after.tier is not None:
            until = move.after.look_at if is_set else None
            new.append((place, _fact(kind, move, until)))
    await end_facts_in(op, ended)
    made = await record_facts_in(op, [fact for _, fact in new])
    for (place, _), fact_id in zip(new, made, strict=True):
        facts[place] = fact_id
    return facts


def _fact(kind: str, move: Move, until: datetime | None) -> NewFact:
    return NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=move.partner_id,
        kind=kind,
        value={"value": move.after.tier, "reason": move.after.reason.value},
        valid_from=move.at,
        valid_until=until,
    )


def _earned_before(move: Move) -> str | None:
    """Under an override, the tier that was held without one."""
    if move.after.reason is not MembershipReason.OVERRIDE or move.before is None:
        return None
    return move.before.earned_before if move.before.is_override else move.before.standing.tier


def _tell(op: Operation, set_id: UUID, tiers: Tiers, membership_id: UUID, move: Move) -> None:
    op.tell(
        TIER_CHANGED.about(
            membership_id,
            partner_id=move.partner_id,
            tier_set_id=str(set_id),
            from_tier=None if move.before is None else move.before.standing.tier,
            to_tier=move.after.tier,
            from_state=None if move.before is None else move.before.standing.state.value,
            to_state=move.after.state.value,
            reason=move.after.reason.value,
            valid_from=move.at.isoformat(),
        )
    )
    if move.after.state is MembershipState.GRACE and move.after.look_at is not None:
        tell_at_risk(op, set_id, tiers, membership_id, move, move.after.look_at)


def tell_at_risk(
    op: Operation, set_id: UUID, tiers: Tiers, membership_id: UUID, move: Move, decides_at: datetime
) -> None:
    """The partner and whoever looks after it know what is missing, and by when."""
    tier = tiers.at(tiers.place(move.after.tier))
    short = [] if tier is None else [one for one in needed(tier.keeps, move.values) if one.missing]
    op.tell(
        TIER_AT_RISK.about(
            membership_id,
            partner_id=move.partner_id,
            tier_set_id=str(set_id),
            tier=move.after.tier,
            missing=_missing(short),
            decides_at=decides_at.isoformat(),
        )
    )


def _missing(short: Sequence[Needed]) -> dict[str, int]:
    return {one.metric: one.missing for one in short}
