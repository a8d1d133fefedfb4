"""A partner's admin plans an activity, asks for funds, answers, and takes the request back."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.funds.extending import give_time_in
from domain.funds.fund import (
    Allocation,
    Fund,
    Plan,
    Request,
    check_converted,
    check_plan,
    check_text,
    in_unit,
    share_of,
)
from domain.funds.journal import Bucket, Movement, MovementKind, post_in
from domain.funds.machine import RequestAction, RequestState, is_possible
from domain.funds.moving import RequestMove, move_requests_in
from domain.funds.refusals import FundActivityNotEligible, FundRateMissing, FundRequestNotInState, FundTimeOver
from domain.funds.sighting import check_own
from domain.funds.storing import (
    allocation_of,
    eligible_activity,
    locked_requests_in,
    rates_to,
    sure_fund,
)
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.rates import RateMissing
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.turns import Turn

DRAFTS_MAX = 100

INSERT = """
INSERT INTO fund_request (id, fund_id, allocation_id, partner_id, member_id, activity, title, starts_on, ends_on, cost,
                          currency, cofund_ppm, state, due_at, recorded_at, queued_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'DRAFT', $13, $14, $14, 0)
"""
PLAN = """
UPDATE fund_request SET activity = $2, title = $3, starts_on = $4, ends_on = $5, cost = $6, currency = $7,
       cofund_ppm = $8 WHERE id = $1
"""
ALLOCATION = "SELECT * FROM fund_allocation WHERE id = $1"
DRAFTS = "SELECT count(*) FROM fund_request WHERE partner_id = $1 AND state = 'DRAFT'"


async def save_request(
    door: Door, actor: Actor, keyed: Keyed, *, allocation_id: UUID, request_id: UUID | None, plan: Plan
) -> Outcome:
    """The firm's draft, or what was rejected, says this plan; without `request_id` it is a new draft, at most 100 a
    partner. Facts: request_id.

    Refuses: NotFound (allocation, request); InvalidInput; FundRequestNotInState; FundActivityNotEligible.
    """
    check_plan(plan)

    async def work(op: Operation) -> Mapping[str, Any]:
        if request_id is None:
            request = await _new_in(op, actor, allocation_id, plan)
        else:
            request = await own_request_in(op, actor, request_id, RequestAction.EDIT)
            if request.allocation_id != allocation_id:
                raise NotFound(kind="fund request", id=str(request_id))
        await _check_eligible(op, await sure_fund(op.sql, request.fund_id), plan)
        await op.sql.execute(
            PLAN,
            request.id,
            plan.activity,
            plan.title,
            plan.starts_on,
            plan.ends_on,
            plan.cost,
            plan.currency,
            plan.cofund_ppm,
        )
        await move_requests_in(
            op, actor, [RequestMove(request=request, state=request.state, action=RequestAction.EDIT)]
        )
        return {"request_id": str(request.id)}

    return await door.operate_keyed(actor, "saveFundRequest", keyed, work)


async def submit_request(door: Door, actor: Actor, keyed: Keyed, request_id: UUID) -> Outcome:
    """The request waits for the vendor, and what it asks of the fund is set aside: the whole cost less the partner's
    part, in the fund's unit by today's rate. Facts: request_id.

    Refuses: NotFound; FundRequestNotInState; FundActivityNotEligible; FundTimeOver; FundRateMissing; FundsInsufficient.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        request = await own_request_in(op, actor, request_id, RequestAction.SUBMIT)
        fund = await sure_fund(op.sql, request.fund_id)
        allocation = await _allocation(op, request.allocation_id)
        turn = request.turn
        if request.state is RequestState.DRAFT:
            if not fund.starts_at <= op.now or allocation.turn.is_overdue(op.now):
                raise FundTimeOver(use_by=allocation.use_by.isoformat())
            turn = Turn(due_at=allocation.turn.due_by(op.now))
        elif turn.is_overdue(op.now):
            raise FundTimeOver(use_by=str(turn.due_at and turn.due_at.isoformat()))
        amount = await asked_of(op, fund, request.plan, op.now)
        await _check_eligible(op, fund, request.plan, amount)
        # What was rejected holds its money until it is submitted again: only the difference moves.
        more = amount - request.amount
        aside = (Bucket.AVAILABLE, Bucket.REQUESTED) if more > 0 else (Bucket.REQUESTED, Bucket.AVAILABLE)
        kind = MovementKind.REQUESTED if more > 0 else MovementKind.RELEASED
        await post_in(op, actor, [_movement(request, kind, *aside, abs(more))])
        move = RequestMove(
            request=request, state=RequestState.SUBMITTED, action=RequestAction.SUBMIT, turn=turn, amount=amount
        )
        await move_requests_in(op, actor, [move])
        return {"request_id": str(request.id)}

    return await door.operate_keyed(actor, "submitFundRequest", keyed, work)


async def answer_request(door: Door, actor: Actor, keyed: Keyed, request_id: UUID, note: str) -> Outcome:
    """The vendor has the request again. Facts: request_id. Refuses: NotFound; FundRequestNotInState; InvalidInput."""
    check_text(note, "note")

    async def work(op: Operation) -> Mapping[str, Any]:
        request = await own_request_in(op, actor, request_id, RequestAction.ANSWER)
        move = RequestMove(request=request, state=RequestState.SUBMITTED, action=RequestAction.ANSWER)
        await move_requests_in(op, actor, [move], note)
        return {"request_id": str(request.id)}

    return await door.operate_keyed(actor, "answerFundRequest", keyed, work)


async def cancel_request(door: Door, actor: Actor, keyed: Keyed, request_id: UUID) -> Outcome:
    """The request is over, and what it held and nobody was paid is free again. Facts: request_id.

    Refuses: NotFound; FundRequestNotInState (also while a claim against it waits).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        request = await own_request_in(op, actor, request_id, RequestAction.CANCEL)
        await post_in(op, actor, [freed(request)])
        if request.state is RequestState.SUBMITTED:
            fund = await sure_fund(op.sql, request.fund_id)
            await give_time_in(op, fund, request.allocation_id, request.turn.due_by(op.now))
        move = RequestMove(request=request, state=RequestState.CANCELLED, action=RequestAction.CANCEL, unclaimed=0)
        await move_requests_in(op, actor, [move])
        return {"request_id": str(request.id)}

    return await door.operate_keyed(actor, "cancelFundRequest", keyed, work)


async def own_request_in(op: Operation, actor: Actor, request_id: UUID, action: RequestAction) -> Request:
    """The firm's own request, locked, if the action is possible. Refuses: NotFound; FundRequestNotInState."""
    request = (await locked_requests_in(op, [request_id])).get(request_id)
    check_own(actor, request.partner_id if request else None, "fund request", request_id)
    assert request is not None, "an unknown request is nobody's own"
    check_possible(request, action)
    return request


def check_possible(request: Request, action: RequestAction) -> None:
    """Refuses: FundRequestNotInState."""
    if not is_possible(action, request.state, request.claims):
        raise FundRequestNotInState(fund_request_id=str(request.id), state=request.state.value, action=action.value)


async def asked_of(op: Operation, fund: Fund, plan: Plan, at: datetime) -> int:
    """What the plan asks of the fund, in its unit by the rate of the instant.

    Refuses: FundRateMissing; InvalidInput (out of bounds in the unit).
    """
    try:
        cost = in_unit(plan.cost, plan.currency, fund.unit, at, await rates_to(op.sql, fund.unit))
    except RateMissing as missing:
        raise FundRateMissing(from_unit=missing.from_unit, to_unit=missing.to_unit) from missing
    check_converted(cost, "cost")
    return share_of(cost, plan.cofund_ppm)


def freed(request: Request) -> Movement:
    """What the request holds goes back to what is available: all it asked, or what of the approved nobody claimed."""
    if request.state is RequestState.APPROVED:
        return _movement(request, MovementKind.RELEASED, Bucket.APPROVED, Bucket.AVAILABLE, request.unclaimed)
    return _movement(request, MovementKind.RELEASED, Bucket.REQUESTED, Bucket.AVAILABLE, request.amount)


def claim_by(fund: Fund, plan: Plan) -> datetime:
    """Until when what is approved may be claimed at least: so many days after the planned end."""
    return datetime.combine(plan.ends_on, time(), UTC) + timedelta(days=fund.claim_days + 1)


def _movement(request: Request, kind: MovementKind, source: Bucket, target: Bucket, amount: int) -> Movement:
    return Movement(
        fund_id=request.fund_id,
        allocation_id=request.allocation_id,
        kind=kind,
        source=source,
        target=target,
        amount=amount,
        request_id=request.id,
    )


async def _new_in(op: Operation, actor: Actor, allocation_id: UUID, plan: Plan) -> Request:
    row = await op.sql.fetchrow(ALLOCATION, allocation_id)
    check_own(actor, row["partner_id"] if row else None, "fund allocation", allocation_id)
    if (await op.sql.fetchval(DRAFTS, actor.partner_id) or 0) >= DRAFTS_MAX:
        raise InvalidInput(field="requestId", problem=f"at most {DRAFTS_MAX} drafts at a time")
    allocation, request_id = await _allocation(op, allocation_id), new_id()
    await op.sql.execute(
        INSERT,
        request_id,
        allocation.fund_id,
        allocation.id,
        allocation.partner_id,
        actor.member_id,
        plan.activity,
        plan.title,
        plan.starts_on,
        plan.ends_on,
        plan.cost,
        plan.currency,
        plan.cofund_ppm,
        allocation.use_by,
        op.now,
    )
    return (await locked_requests_in(op, [request_id]))[request_id]


async def _allocation(op: Operation, allocation_id: UUID) -> Allocation:
    row = await op.sql.fetchrow(ALLOCATION, allocation_id)
    assert row is not None, "a request names an allocation that exists"
    return allocation_of(row)


async def _check_eligible(op: Operation, fund: Fund, plan: Plan, amount: int | None = None) -> None:
    """The fund pays for the activity, with so much of the partner's own, inside its year. Refuses:
    FundActivityNotEligible; InvalidInput (currency)."""
    listed = await eligible_activity(op.sql, fund.id, plan.activity)
    problem = None
    if listed is None:
        problem = "it is not on the list"
    elif plan.cofund_ppm < listed.cofund_ppm:
        problem = f"the partner bears at least {listed.cofund_ppm} millionths"
    elif amount is not None and listed.amount_max is not None and amount > listed.amount_max:
        problem = f"at most {listed.amount_max}"
    elif amount == 0:
        problem = "nothing is left for the fund to pay"
    elif not fund.starts_at.date() <= plan.starts_on <= plan.ends_on <= fund.ends_at.date():
        problem = f"it is to happen from {fund.starts_at.date()} to {fund.ends_at.date()}"
    if problem is not None:
        raise FundActivityNotEligible(activity=plan.activity, problem=problem)
