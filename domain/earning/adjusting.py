"""Manual adjustment: an activity of its own kind, with a reason, that grants or takes back like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.activities.activity import ActivityInput, Mode
from domain.activities.recording import record_in
from domain.activities.sources import (
    SourceDefinition,
    TypeDefinition,
    define_types_in,
    ensure_source_in,
)
from domain.earning.lines import Line, insert_lines_in
from domain.earning.refusals import AdjustmentExceedsAwards, BudgetShort
from domain.earning.units import NewUnit, UnitKey, lock_units_in
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.periods import LATEST
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import json_texts, sure_value
from domain.ledger.opening import lock_budgets_in, open_wallets_in
from domain.ledger.posting import Raise, post_in
from domain.ledger.reversing import Lower
from domain.ledger.wallets import Owner, OwnerKind

VENDOR = "vendor"  # the source of what is granted by hand
ADJUSTED = "points.adjusted"
RULE = "adjustment"
REASON_LENGTH_MAX = 500
AWARDS_MAX = 1_000

PROGRAM = """
SELECT p.unit, p.starts_at, b.id AS budget_id,
       (SELECT id FROM terms
        WHERE program_id = p.id AND published_at <= guerdon_now() ORDER BY version DESC LIMIT 1) AS terms_id
FROM program p JOIN budget b ON b.program_id = p.id AND b.unit = p.unit WHERE p.id = $1
"""

STANDING = """
SELECT a.id, a.due_id, a.amount - a.reversed_total AS standing FROM award a JOIN wallet w ON w.id = a.wallet_id
WHERE w.owner_id = $1 AND w.unit = $2 AND a.program_id = $3 AND a.amount > a.reversed_total
ORDER BY a.recorded_at DESC, a.id DESC LIMIT $4
"""

LOWER_LINES = """
UPDATE due SET granted = due.granted - taken.amount, explanation = due.explanation || taken.reason::jsonb
FROM (SELECT id, sum(amount)::bigint AS amount, min(reason) AS reason
      FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS parts (id, amount, reason) GROUP BY id) AS taken
WHERE due.id = taken.id
"""


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """Whom, in which program, by how many points (signed, in the program's unit), and why."""

    member_id: UUID
    program_id: UUID
    amount: int
    reason: str


async def adjust_points(door: Door, actor: Actor, keyed: Keyed, adjustment: Adjustment) -> Outcome:
    """Upward: one award from the program's budget, available at once, that never expires. Downward: the member's
    newest awards in the program are taken back, as by a correction; what is spent already becomes a debt.
    Facts: activity_id, wallet_id, amount.

    Refuses: NotFound (program, member); InvalidInput (amount, reason); BudgetShort; AdjustmentExceedsAwards.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        return await adjust_in(op, keyed.key, adjustment)

    return await door.operate_keyed(actor, "adjustPoints", keyed, work)


async def adjust_in(op: Operation, external_id: str, wanted: Adjustment) -> Mapping[str, Any]:
    """As `adjust_points`, in the caller's operation."""
    if wanted.amount == 0 or abs(wanted.amount) > AMOUNT_ABSOLUTE_MAX:
        raise InvalidInput(field="amount", problem=f"not zero, at most {AMOUNT_ABSOLUTE_MAX}")
    if not 1 <= len(wanted.reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")
    program = await op.sql.fetchrow(PROGRAM, wanted.program_id)
    if program is None or program["terms_id"] is None:
        raise NotFound(kind="program", id=str(wanted.program_id))
    activity_id, partner_id, revision_id = await _recorded(op, external_id, wanted)
    owner = Owner(kind=OwnerKind.MEMBER, id=wanted.member_id, unit=program["unit"])
    if wanted.amount > 0:
        await _grant(op, wanted, program, activity_id, partner_id, owner)
    else:
        await _take_back(op, wanted, program, revision_id, owner)
    wallet = (await open_wallets_in(op, [owner]))[owner]
    return {"activity_id": str(activity_id), "wallet_id": str(wallet.id), "amount": wanted.amount}


async def _recorded(op: Operation, external_id: str, wanted: Adjustment) -> tuple[UUID, UUID | None, UUID]:
    source = await ensure_source_in(op, SYSTEM, SourceDefinition(code=VENDOR, name="The vendor, by hand"))
    names = {"en": "Manual adjustment", "fr": "Ajustement manuel"}
    whole = {"attributes": [{"name": "amount", "kind": "INTEGER"}], "amounts": []}
    await define_types_in(op, SYSTEM, [TypeDefinition(code=ADJUSTED, name=names, declaration=whole)])
    item = ActivityInput(
        external_id=f"{op.actor.principal_id}:{external_id}"[:128],
        type=ADJUSTED,
        occurred_at=op.now,
        member=wanted.member_id,
        attributes={"amount": wanted.amount},
        reason=wanted.reason,
    )
    batch = await record_in(op, source, [item], mode=Mode.WHOLE)
    state = batch.changes[0].current
    revision_id = await sure_value(
        op.sql,
        "SELECT id FROM activity_revision WHERE activity_id = $1 AND revision = $2",
        state.activity_id,
        state.revision,
    )
    return state.activity_id, state.partner_id, revision_id


async def _grant(
    op: Operation,
    wanted: Adjustment,
    program: Mapping[str, Any],
    activity_id: UUID,
    partner_id: UUID | None,
    owner: Owner,
) -> None:
    key = UnitKey(
        terms_id=program["terms_id"], rule=RULE, subject_id=wanted.member_id, period_start=program["starts_at"]
    )
    new = NewUnit(program_id=wanted.program_id, period_end=LATEST)
    unit = (await lock_units_in(op, {key: new}, []))[key]
    opened = await open_wallets_in(op, [owner], bookings=[(wanted.program_id, op.now)])
    left = (await lock_budgets_in(op, [program["budget_id"]], wallets=opened.values()))[program["budget_id"]]
    if left < wanted.amount:
        raise BudgetShort(left=left, asked=wanted.amount)
    facts = {"amount": wanted.amount, "unit": program["unit"], "reason": wanted.reason}
    explanation: list[dict[str, Any]] = [{"code": "ADJUSTED", "facts": facts}]
    line = Line(
        id=new_id(),
        tally_id=unit.id,
        program_id=wanted.program_id,
        terms_id=program["terms_id"],
        rule=RULE,
        activity_id=activity_id,
        milestone=None,
        beneficiary_kind="MEMBER",
        beneficiary_id=wanted.member_id,
        unit=program["unit"],
        own_due=wanted.amount,
        due=wanted.amount,
        granted=wanted.amount,
        awards=1,
        deal_key=None,
        stacking_group=None,
        occurred_at=op.now,
        matures_at=op.now,
        expires_at=None,
        explanation=explanation,
    )
    await insert_lines_in(op, [line])
    award = Raise(
        due_id=line.id,
        n=1,
        owner=owner,
        program_id=wanted.program_id,
        budget_id=program["budget_id"],
        amount=wanted.amount,
        occurred_at=op.now,
        matures_at=op.now,
        expires_at=None,
        rate_id=None,
        explanation=explanation,
        rule=RULE,
        activity_id=activity_id,
        milestone=None,
        member_id=wanted.member_id,
        partner_id=partner_id,
    )
    await post_in(op, raises=[award])


async def _take_back(
    op: Operation, wanted: Adjustment, program: Mapping[str, Any], revision_id: UUID, owner: Owner
) -> None:
    opened = await open_wallets_in(op, [owner], bookings=[(wanted.program_id, op.now)])
    await lock_budgets_in(op, [program["budget_id"]], wallets=opened.values())
    left, lowers, lines = -wanted.amount, list[Lower](), list[UUID]()
    rows = await op.sql.fetch(STANDING, wanted.member_id, program["unit"], wanted.program_id, AWARDS_MAX)
    for row in rows:
        amount = min(left, row["standing"])
        if amount > 0:
            lowers.append(Lower(award_id=row["id"], amount=amount, cause_id=revision_id, reason=wanted.reason))
            lines.append(row["due_id"])
            left -= amount
    if left > 0:
        raise AdjustmentExceedsAwards(standing=-wanted.amount - left, asked=-wanted.amount)
    told = [[{"code": "TAKEN_BACK", "facts": {"amount": one.amount, "reason": wanted.reason}}] for one in lowers]
    await op.sql.execute(LOWER_LINES, lines, [one.amount for one in lowers], json_texts(told))
    await post_in(op, raises=[], lowers=lowers)
