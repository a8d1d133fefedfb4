"""Points that the vendor sends to people: each an activity of its own kind, granted whole from a program's budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityState, Mode
from domain.activities.recording import record_in
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types_in, ensure_source_in
from domain.earning.adjusting import VENDOR
from domain.earning.lines import Line, insert_lines_in
from domain.earning.refusals import BudgetShort
from domain.earning.units import NewUnit, UnitKey, lock_units_in
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.periods import LATEST
from domain.kernel.refusals import NotFound
from domain.ledger.opening import lock_budgets_in, open_wallets_in
from domain.ledger.posting import Raise, fund_budget_in, post_in
from domain.ledger.wallets import Owner, OwnerKind

SENT = "reward.sent"
RULE = "reward.sent"

PROGRAM = """
SELECT p.unit, p.starts_at, b.id AS budget_id,
       (SELECT id FROM terms
        WHERE program_id = p.id AND published_at <= guerdon_now() ORDER BY version DESC LIMIT 1) AS terms_id
FROM program p JOIN budget b ON b.program_id = p.id AND b.unit = p.unit WHERE p.id = $1
"""


@dataclass(frozen=True, kw_only=True)
class SentPoints:
    """So many points for a member, under an external id of their own."""

    external_id: str
    member_id: UUID
    amount: int


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """What was taken from the budget before, for the thing of this kind and id, and goes back to be awarded."""

    kind: str
    id: UUID
    amount: int


async def send_points_in(
    op: Operation, program_id: UUID, sent: Sequence[SentPoints], *, reason: str, set_aside: SetAside | None = None
) -> Mapping[str, UUID]:
    """Each member has their points, available at once, for good: one award each, from the program's budget, which
    first gets back what was set aside. The number of statements does not depend on the number of members.

    Answers the activities by external id. Refuses: NotFound (program); BudgetShort; the first refusal of an activity.
    """
    program = await op.sql.fetchrow(PROGRAM, program_id)
    if program is None or program["terms_id"] is None:
        raise NotFound(kind="program", id=str(program_id))
    states = await _recorded(op, sent, reason)
    keys = {
        UnitKey(terms_id=program["terms_id"], rule=RULE, subject_id=one.member_id, period_start=program["starts_at"])
        for one in sent
    }
    units = await lock_units_in(op, dict.fromkeys(keys, NewUnit(program_id=program_id, period_end=LATEST)), [])
    tallies = {key.subject_id: unit.id for key, unit in units.items()}
    owners = {one.member_id: Owner(kind=OwnerKind.MEMBER, id=one.member_id, unit=program["unit"]) for one in sent}
    opened = await open_wallets_in(op, list(owners.values()), bookings=[(program_id, op.now)])
    left = (await lock_budgets_in(op, [program["budget_id"]], wallets=opened.values()))[program["budget_id"]]
    if set_aside is not None and set_aside.amount:
        funded = await fund_budget_in(
            op,
            program_id=program_id,
            unit=program["unit"],
            amount=set_aside.amount,
            reason="set aside before, to be awarded now",
            cause=(set_aside.kind, set_aside.id),
        )
        left = funded.balance
    asked = sum(one.amount for one in sent)
    if left < asked:
        raise BudgetShort(left=left, asked=asked)
    lines = [
        _line(op, line_id, one, program, program_id, tallies[one.member_id], states[one.external_id], reason)
        for line_id, one in zip(new_ids(len(sent)), sent, strict=True)
    ]
    await insert_lines_in(op, lines)
    partners = {state.activity_id: state.partner_id for state in states.values()}
    await post_in(op, raises=[_raise(line, owners[line.beneficiary_id], program, partners) for line in lines])
    return {external_id: state.activity_id for external_id, state in states.items()}


async def _recorded(op: Operation, sent: Sequence[SentPoints], reason: str) -> Mapping[str, ActivityState]:
    source = await ensure_source_in(op, SYSTEM, SourceDefinition(code=VENDOR, name="The vendor, by hand"))
    names = {"en": "Reward sent", "fr": "Récompense envoyée"}
    whole = {"attributes": [{"name": "amount", "kind": "INTEGER"}], "amounts": []}
    await define_types_in(op, SYSTEM, [TypeDefinition(code=SENT, name=names, declaration=whole)])
    items = [
        ActivityInput(
            external_id=one.external_id,
            type=SENT,
            occurred_at=op.now,
            member=one.member_id,
            attributes={"amount": one.amount},
            reason=reason,
        )
        for one in sent
    ]
    batch = await record_in(op, source, items, mode=Mode.WHOLE)
    return {change.current.external_id: change.current for change in batch.changes}


def _line(
    op: Operation,
    line_id: UUID,
    one: SentPoints,
    program: Mapping[str, Any],
    program_id: UUID,
    tally_id: UUID,
    state: ActivityState,
    reason: str,
) -> Line:
    facts = {"amount": one.amount, "unit": program["unit"], "reason": reason}
    return Line(
        id=line_id,
        tally_id=tally_id,
        program_id=program_id,
        terms_id=program["terms_id"],
        rule=RULE,
        activity_id=state.activity_id,
        milestone=None,
        beneficiary_kind="MEMBER",
        beneficiary_id=one.member_id,
        unit=program["unit"],
        own_due=one.amount,
        due=one.amount,
        granted=one.amount,
        awards=1,
        deal_key=None,
        stacking_group=None,
        occurred_at=op.now,
        matures_at=op.now,
        expires_at=None,
        explanation=[{"code": "SENT", "facts": facts}],
    )


def _raise(line: Line, owner: Owner, program: Mapping[str, Any], partners: Mapping[UUID, UUID | None]) -> Raise:
    return Raise(
        due_id=line.id,
        n=1,
        owner=owner,
        program_id=line.program_id,
        budget_id=program["budget_id"],
        amount=line.due,
        occurred_at=line.occurred_at,
        matures_at=line.matures_at,
        expires_at=None,
        rate_id=None,
        explanation=line.explanation,
        rule=RULE,
        activity_id=line.activity_id,
        milestone=None,
        member_id=line.beneficiary_id,
        partner_id=partners.get(line.activity_id) if line.activity_id else None,
    )
