"""The vendor makes a fund for a fiscal year, fills its pool, and gives partners their parts of it."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.earning.reporting import workflow_source_in
from domain.funds.events import FUND_DEFINED, FUND_FILLED
from domain.funds.fund import Fund, FundDraft, FundKind, check_amount, check_draft, check_text, next_reminder
from domain.funds.journal import Bucket, Movement, MovementKind, post_in
from domain.funds.refusals import FundTimeOver
from domain.funds.reporting import WORKFLOW
from domain.funds.sighting import check_reaches_in
from domain.funds.storing import locked_fund_in, locked_funds_in
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import AlreadyExists, InvalidInput, NotFound
from domain.kernel.sql import json_texts
from domain.kernel.units import UnitKind

INSERT = """
INSERT INTO fund (id, code, name, unit, kind, starts_at, ends_at, use_by, reminder_days, answer_days, claim_days,
                  rollover_ppm, accrual, moved_at, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
ON CONFLICT (code) DO NOTHING RETURNING id
"""
INSERT_ACTIVITIES = """
INSERT INTO fund_activity (id, fund_id, code, name, cofund_ppm, amount_max)
SELECT said.id, $1, said.code, said.name::jsonb, said.cofund_ppm, said.amount_max
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int[], $6::bigint[])
     AS said (id, code, name, cofund_ppm, amount_max)
"""
ALLOCATE = """
INSERT INTO fund_allocation (id, fund_id, partner_id, use_by, remind_at, moved_at, recorded_at)
SELECT said.id, $1, said.partner_id, $4, $5, $6, $6 FROM unnest($2::uuid[], $3::uuid[]) AS said (id, partner_id)
ON CONFLICT (fund_id, partner_id) DO NOTHING
"""
ALLOCATIONS = "SELECT partner_id, id FROM fund_allocation WHERE fund_id = $1 AND partner_id = ANY($2::uuid[])"
ROLLS = "UPDATE fund SET rolls_into_id = $2, version = version + 1 WHERE id = $1"
UNIT = "SELECT kind FROM unit WHERE code = $1"


async def define_fund(
    door: Door, actor: Actor, keyed: Keyed, draft: FundDraft, *, rolls_from_id: UUID | None = None
) -> Outcome:
    """The fund exists, its pool is empty. With `rolls_from_id` what is left of that year's fund rolls into it. The type
    `mdf.claimed` is declared. Facts: fund_id.

    Refuses: InvalidInput; AlreadyExists (the code); NotFound (the fund to roll from).
    """
    check_draft(draft)

    async def work(op: Operation) -> Mapping[str, Any]:
        kind = await op.sql.fetchval(UNIT, draft.unit)
        if kind is None or (draft.kind is FundKind.ACCRUAL and kind != UnitKind.MONEY):
            raise InvalidInput(field="unit", problem="a known unit; of money for an accrual fund")
        fund_id = new_id()
        made = await op.sql.fetchval(
            INSERT,
            fund_id,
            draft.code,
            dict(draft.name),
            draft.unit,
            draft.kind.value,
            draft.starts_at,
            draft.ends_at,
            draft.use_by,
            list(draft.reminder_days),
            draft.answer_days,
            draft.claim_days,
            draft.rollover_ppm,
            None if draft.accrual is None else {**vars(draft.accrual), "tiers": dict(draft.accrual.tiers)},
            op.now,
        )
        if made is None:
            raise AlreadyExists(kind="fund", name=draft.code)
        await _list_activities_in(op, fund_id, draft)
        if rolls_from_id is not None:
            await _roll_in(op, rolls_from_id, fund_id, draft)
        await workflow_source_in(op, WORKFLOW)
        op.tell(FUND_DEFINED.about(fund_id, unit=draft.unit))
        return {"fund_id": str(fund_id)}

    return await door.operate_keyed(actor, "defineFund", keyed, work)


async def fill_fund(door: Door, actor: Actor, keyed: Keyed, fund_id: UUID, amount: int, reason: str) -> Outcome:
    """The pool holds so much more. Facts: fund_id. Refuses: NotFound; InvalidInput."""
    check_amount(amount, "amount")
    check_text(reason, "reason")

    async def work(op: Operation) -> Mapping[str, Any]:
        fund = await locked_fund_in(op, fund_id)
        filled = Movement(
            fund_id=fund.id,
            allocation_id=None,
            kind=MovementKind.FILLED,
            source=Bucket.OUTSIDE,
            target=Bucket.POOL,
            amount=amount,
            reason=reason,
        )
        await post_in(op, actor, [filled])
        op.tell(FUND_FILLED.about(fund.id, amount=amount, unit=fund.unit))
        return {"fund_id": str(fund.id)}

    return await door.operate_keyed(actor, "fillFund", keyed, work)


async def allocate_fund(
    door: Door, actor: Actor, keyed: Keyed, *, fund_id: UUID, partner_id: UUID, amount: int
) -> Outcome:
    """The partner has so much more of the fund, out of its pool; to be used by when the fund says. Facts:
    allocation_id.

    Refuses: NotFound (fund; partner, also outside the portfolio); InvalidInput; FundsInsufficient; FundTimeOver.
    """
    check_amount(amount, "amount")

    async def work(op: Operation) -> Mapping[str, Any]:
        fund = await locked_fund_in(op, fund_id)
        if await op.sql.fetchval("SELECT id FROM partner WHERE id = $1", partner_id) is None:
            raise NotFound(kind="partner", id=str(partner_id))
        await check_reaches_in(op, actor, partner_id, "partner", partner_id)
        if fund.use_by <= op.now:
            raise FundTimeOver(use_by=fund.use_by.isoformat())
        allocation_id = (await allocations_in(op, fund, [partner_id]))[partner_id]
        given = Movement(
            fund_id=fund.id,
            allocation_id=allocation_id,
            kind=MovementKind.ALLOCATED,
            source=Bucket.POOL,
            target=Bucket.AVAILABLE,
            amount=amount,
        )
        await post_in(op, actor, [given])
        return {"allocation_id": str(allocation_id)}

    return await door.operate_keyed(actor, "allocateFund", keyed, work)


async def allocations_in(op: Operation, fund: Fund, partner_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """The allocation of each partner in the fund, which is locked; those that were missing are made, empty."""
    wanted = sorted(set(partner_ids))
    remind_at = next_reminder(fund.use_by, fund.reminder_days, None)
    await op.sql.execute(ALLOCATE, fund.id, new_ids(len(wanted)), wanted, fund.use_by, remind_at, op.now)
    return {row["partner_id"]: row["id"] for row in await op.sql.fetch(ALLOCATIONS, fund.id, wanted)}


async def _list_activities_in(op: Operation, fund_id: UUID, draft: FundDraft) -> None:
    await op.sql.execute(
        INSERT_ACTIVITIES,
        fund_id,
        new_ids(len(draft.activities)),
        [one.code for one in draft.activities],
        json_texts(dict(one.name) for one in draft.activities),
        [one.cofund_ppm for one in draft.activities],
        [one.amount_max for one in draft.activities],
    )


async def _roll_in(op: Operation, from_id: UUID, fund_id: UUID, draft: FundDraft) -> None:
    former = (await locked_funds_in(op, [from_id])).get(from_id)
    if former is None:
        raise NotFound(kind="fund", id=str(from_id))
    if former.unit != draft.unit or former.use_by >= draft.use_by or former.rolls_into_id is not None:
        raise InvalidInput(field="rollsFromId", problem="an earlier fund of the same unit that rolls into no other")
    await op.sql.execute(ROLLS, from_id, fund_id)
