"""The vendor asks for more, and approves a request in full or for less, rejects it, or declines it for good."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.funds.extending import give_time_in
from domain.funds.fund import Fund, Request, check_amount, check_text
from domain.funds.journal import Bucket, Movement, MovementKind, post_in
from domain.funds.machine import RequestAction, RequestState
from domain.funds.moving import RequestMove, move_requests_in
from domain.funds.refusals import FundsInsufficient
from domain.funds.requesting import check_possible, claim_by, freed
from domain.funds.sighting import check_reaches_in
from domain.funds.storing import locked_requests_in, sure_fund
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.turns import Turn


class RequestDecision(StrEnum):
    """What the vendor decides on a request."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    DECLINE = "DECLINE"


async def ask_about_request(door: Door, actor: Actor, keyed: Keyed, request_id: UUID, question: str) -> Outcome:
    """The partner is asked, and has as much time as was left when the vendor got the request, and at least the fund's
    days for answering; then the request expires. Facts: request_id.

    Refuses: NotFound; FundRequestNotInState; InvalidInput (question).
    """
    check_text(question, "question")

    async def work(op: Operation) -> Mapping[str, Any]:
        request = await request_for_vendor_in(op, actor, request_id, RequestAction.REQUEST_INFORMATION)
        turn = time_to_answer(op, request, await sure_fund(op.sql, request.fund_id))
        action = RequestAction.REQUEST_INFORMATION
        move = RequestMove(request=request, state=RequestState.INFO_REQUESTED, action=action, turn=turn)
        await move_requests_in(op, actor, [move], question)
        return {"request_id": str(request.id)}

    return await door.operate_keyed(actor, "requestFundInformation", keyed, work)


async def decide_request(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    request_id: UUID,
    decision: RequestDecision,
    *,
    amount: int | None = None,
    note: str | None = None,
) -> Outcome:
    """APPROVE: so much may be claimed (all that was asked, without `amount`), the rest is free again. REJECT: the
    partner may change it and submit it again as long as their time lasts, and it keeps its money until then. DECLINE:
    it is over. What is not approved in full has a note that says why. Facts: request_id.

    Refuses: NotFound; FundRequestNotInState; InvalidInput; FundsInsufficient (more than was asked).
    """
    if note is not None:
        check_text(note, "note")
    if amount is not None:
        check_amount(amount, "amount")

    async def work(op: Operation) -> Mapping[str, Any]:
        request = await request_for_vendor_in(op, actor, request_id, RequestAction(decision.value))
        fund = await sure_fund(op.sql, request.fund_id)
        if decision is RequestDecision.APPROVE:
            move = await _approved_in(op, actor, request, fund, request.amount if amount is None else amount)
        elif decision is RequestDecision.REJECT:
            turn = time_to_answer(op, request, fund)
            action = RequestAction.REJECT
            move = RequestMove(request=request, state=RequestState.REJECTED, action=action, turn=turn)
        else:
            await post_in(op, actor, [freed(request)])
            await give_time_in(op, fund, request.allocation_id, request.turn.due_by(op.now))
            move = RequestMove(request=request, state=RequestState.DECLINED, action=RequestAction.DECLINE)
        if note is None and not (move.approved == request.amount):
            raise InvalidInput(field="note", problem="says why, unless all is approved")
        await move_requests_in(op, actor, [move], note)
        return {"request_id": str(request.id)}

    return await door.operate_keyed(actor, "decideFundRequest", keyed, work)


async def request_for_vendor_in(op: Operation, actor: Actor, request_id: UUID, action: RequestAction) -> Request:
    """The request of a partner in the actor's reach, locked, if the action is possible. Refuses: NotFound;
    FundRequestNotInState."""
    request = (await locked_requests_in(op, [request_id])).get(request_id)
    if request is None or request.state is RequestState.DRAFT:
        raise NotFound(kind="fund request", id=str(request_id))
    await check_reaches_in(op, actor, request.partner_id, "fund request", request_id)
    check_possible(request, action)
    return request


def time_to_answer(op: Operation, request: Request, fund: Fund) -> Turn:
    """What is left of the partner's own time, and at least the fund's days for answering."""
    least, left = op.now + timedelta(days=fund.answer_days), request.turn.due_by(op.now)
    return Turn(due_at=least if left is None else max(left, least))


async def _approved_in(op: Operation, actor: Actor, request: Request, fund: Fund, amount: int) -> RequestMove:
    if amount > request.amount:
        raise FundsInsufficient(of="request", wanted=amount, left=request.amount)
    granted = Movement(
        fund_id=request.fund_id,
        allocation_id=request.allocation_id,
        kind=MovementKind.APPROVED,
        source=Bucket.REQUESTED,
        target=Bucket.APPROVED,
        amount=amount,
        request_id=request.id,
    )
    rest = Movement(
        fund_id=request.fund_id,
        allocation_id=request.allocation_id,
        kind=MovementKind.RELEASED,
        source=Bucket.REQUESTED,
        target=Bucket.AVAILABLE,
        amount=request.amount - amount,
        request_id=request.id,
    )
    await post_in(op, actor, [granted, rest])
    if rest.amount:
        await give_time_in(op, fund, request.allocation_id, request.turn.due_by(op.now))
    due_at = max(request.turn.due_by(op.now) or op.now, claim_by(fund, request.plan))
    return RequestMove(
        request=request,
        state=RequestState.APPROVED,
        action=RequestAction.APPROVE,
        turn=Turn(due_at=due_at),
        approved=amount,
        unclaimed=amount,
    )
