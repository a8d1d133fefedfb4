"""Defining sets of tiers, and setting a partner's tier by hand, for a time and with a reason."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.audit import record_in
from domain.access.principals import Actor
from domain.earning.memberships import Membership, Move, Signed, membership_of, move_in
from domain.earning.qualifying import TierSetRow, ended, next_look, set_of, values_in
from domain.earning.refusals import TiersRefused, TierUnknown
from domain.earning.tiers import MembershipReason, MembershipState, Standing, Tiers
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import UniqueViolation
from domain.partners.reading import partners_by_pairs
from domain.programs.document import CODE, InvalidTerms

FACT_KIND = re.compile(r"tier(_[a-z0-9]+)*")
FACT_KIND_LENGTH_MAX = 32
NAME_LENGTH_MAX = 200
NOTE_LENGTH_MAX = 500
OVERRIDE_MAX = timedelta(days=732)

LOCK_BY_CODE = "SELECT * FROM tier_set WHERE code = $1 FOR NO KEY UPDATE"
LOCK = "SELECT * FROM tier_set WHERE id = $1 FOR NO KEY UPDATE"
INSERT = """
INSERT INTO tier_set (id, code, name, fact_kind, document, evaluates_at, look_at, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $6, $6, 1)
"""
UPDATE = """
UPDATE tier_set SET name = $2, document = $3, evaluates_at = $4, look_at = $5, after_partner = NULL,
                    version = version + 1 WHERE id = $1
"""
STANDING = "SELECT * FROM tier_membership WHERE set_id = $1 AND partner_id = $2 AND valid_until IS NULL"


async def define_tier_set(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    code: str,
    name: Mapping[str, str],
    document: Mapping[str, Any],
    fact_kind: str = "tier",
) -> Outcome:
    """The set of this code stands as stated: a new one is evaluated at once, a changed one at its next evaluation; no
    tier of the past changes. Facts: tier_set_id.

    Refuses: InvalidInput (code, name, factKind: taken, or changed); TiersRefused.
    """
    if not CODE.fullmatch(code):
        raise InvalidInput(field="code", problem="is a code: a lower-case letter, then letters, digits, dots, dashes")
    if not all(1 <= len(text) <= NAME_LENGTH_MAX for text in name.values()):
        raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    if not FACT_KIND.fullmatch(fact_kind) or len(fact_kind) > FACT_KIND_LENGTH_MAX:
        raise InvalidInput(field="factKind", problem="is `tier`, or `tier_` with lower-case letters and digits")
    tiers = _read(document)

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await op.sql.fetchrow(LOCK_BY_CODE, code)
        if row is None:
            set_id = await _insert_in(op, (code, dict(name), fact_kind, dict(document)))
        elif row["fact_kind"] != fact_kind:
            raise InvalidInput(field="factKind", problem=f"stays {row['fact_kind']}, which rules read")
        else:
            set_id = row["id"]
            evaluates_at = min(row["evaluates_at"], tiers.next_evaluation(op.now))
            look_at = next_look(tiers, evaluates_at, op.now)
            await op.sql.execute(UPDATE, set_id, dict(name), dict(document), evaluates_at, look_at)
        await record_in(op, "defineTierSet", "tier_set", set_id, code=code)
        return {"tier_set_id": str(set_id)}

    return await door.operate_keyed(actor, "defineTierSet", keyed, work)


async def override_tier(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    set_id: UUID,
    partner_id: UUID,
    tier: str | None,
    until: datetime,
    reason: str,
) -> Outcome:
    """The partner has this tier (None: none) from now until then, whatever it sells; afterwards what it had before is
    evaluated again. Facts: membership of the set, the partner, the tier.

    Refuses: InvalidInput (until, reason); NotFound (set, partner); TierUnknown.
    """
    if not 1 <= len(reason.strip()) <= NOTE_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {NOTE_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        if not op.now < until <= op.now + OVERRIDE_MAX:
            raise InvalidInput(field="until", problem=f"lies ahead, by at most {OVERRIDE_MAX.days} days")
        found, before = await _standing_in(op, actor, set_id, partner_id)
        if tier is not None and not found.tiers.place(tier):
            raise TierUnknown(tier=tier, known=[one.code for one in found.tiers.tiers])
        state = MembershipState.QUALIFYING if tier is None else MembershipState.ACTIVE
        after = Standing(state=state, tier=tier, reason=MembershipReason.OVERRIDE, look_at=until)
        signed = Signed(principal_id=actor.principal_id, note=reason.strip())
        await _move_in(op, found, partner_id, before, after, signed)
        held = before and before.standing.tier
        await record_in(op, "overrideTier", "partner", partner_id, tier_set=set_id, before=held, now=tier)
        return {"tier_set_id": str(set_id), "partner_id": str(partner_id), "tier": tier}

    return await door.operate_keyed(actor, "overrideTier", keyed, work)


async def end_tier_override(door: Door, actor: Actor, keyed: Keyed, *, set_id: UUID, partner_id: UUID) -> Outcome:
    """The override ends now, and the partner has the tier that its metrics say. Facts: as of `override_tier`.

    Refuses: NotFound (set, partner, override).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        found, before = await _standing_in(op, actor, set_id, partner_id)
        if before is None or not before.is_override:
            raise NotFound(kind="override", id=str(partner_id))
        (values,) = await values_in(op, found.tiers, [(partner_id, found.tiers.window(op.now), op.now)])
        after = ended(found.tiers, before, values, op.now)
        await _move_in(op, found, partner_id, before, after, None)
        await record_in(op, "endTierOverride", "partner", partner_id, tier_set=set_id, now=after.tier)
        return {"tier_set_id": str(set_id), "partner_id": str(partner_id), "tier": after.tier}

    return await door.operate_keyed(actor, "endTierOverride", keyed, work)


async def _standing_in(
    op: Operation, actor: Actor, set_id: UUID, partner_id: UUID
) -> tuple[TierSetRow, Membership | None]:
    """The set, locked, and where the partner stands in it. Refuses: NotFound."""
    row = await op.sql.fetchrow(LOCK, set_id)
    if row is None:
        raise NotFound(kind="tier set", id=str(set_id))
    (partner,) = await partners_by_pairs(op.sql, [(actor, partner_id)])
    if partner is None:
        raise NotFound(kind="partner", id=str(partner_id))
    standing = await op.sql.fetchrow(STANDING, set_id, partner_id)
    return set_of(row), None if standing is None else membership_of(standing)


async def _move_in(
    op: Operation,
    found: TierSetRow,
    partner_id: UUID,
    before: Membership | None,
    after: Standing,
    signed: Signed | None,
) -> None:
    (values,) = await values_in(op, found.tiers, [(partner_id, found.tiers.window(op.now), op.now)])
    move = Move(partner_id=partner_id, before=before, after=after, values=values, at=op.now)
    await move_in(op, found.id, found.fact_kind, found.tiers, [move], signed)


async def _insert_in(op: Operation, told: tuple[str, dict[str, str], str, dict[str, Any]]) -> UUID:
    set_id = new_id()
    code, name, fact_kind, document = told
    try:
        await op.sql.execute(INSERT, set_id, code, name, fact_kind, document, op.now)
    except UniqueViolation as trouble:
        raise InvalidInput(field="factKind", problem="belongs to another set of tiers") from trouble
    return set_id


def _read(document: Mapping[str, Any]) -> Tiers:
    try:
        return Tiers.from_json(document)
    except InvalidTerms as trouble:
        problems = [f"{problem.path}: {problem.reason}" for problem in trouble.problems]
        raise TiersRefused(problems=problems) from trouble
