"""A partner's admin claims what an approved activity cost, with the invoices as proof, several times if need be."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.files.attaching import attach_in
from domain.funds.fund import (
    CLAIM_KIND,
    Claim,
    Fund,
    LineState,
    NewClaimLine,
    Request,
    check_converted,
    check_lines,
    check_text,
    in_unit,
    share_of,
)
from domain.funds.journal import Bucket, Movement, MovementKind, post_in
from domain.funds.machine import CLAIM_POSSIBLE, ClaimAction, ClaimState, RequestAction
from domain.funds.moving import ClaimMove, hold_request_in, move_claim_in
from domain.funds.refusals import FundClaimNotInState, FundRateMissing, FundsInsufficient, FundTimeOver
from domain.funds.requesting import own_request_in
from domain.funds.sighting import check_own
from domain.funds.storing import locked_claims_in, locked_requests_in, rates_to, sure_fund
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.rates import RateMissing
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import sure_value

CLAIMS_MAX = 100

INSERT = """
INSERT INTO fund_claim (id, request_id, fund_id, allocation_id, partner_id, n, state, amount, recorded_at, submitted_at,
                        version)
VALUES ($1, $2, $3, $4, $5, $6, 'SUBMITTED', $7, $8, $8, 0)
"""
INSERT_LINES = """
INSERT INTO fund_claim_line (id, claim_id, request_id, invoice, invoiced_on, cost, currency, cost_in_unit, amount,
                             file_id, n)
SELECT line.id, $1, $2, line.invoice, line.invoiced_on, line.cost, line.currency, line.cost_in_unit, line.amount,
       line.file_id, line.n
FROM unnest($3::uuid[], $4::text[], $5::date[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::uuid[])
     WITH ORDINALITY AS line (id, invoice, invoiced_on, cost, currency, cost_in_unit, amount, file_id, n)
"""
COUNT = "SELECT count(*) FROM fund_claim WHERE request_id = $1"
CLAIMED = """
SELECT invoice FROM fund_claim_line WHERE request_id = $1 AND invoice = ANY($2::text[]) AND state <> 'REJECTED' LIMIT 1
"""
REQUEST_OF = "SELECT request_id FROM fund_claim WHERE id = $1"
PROVE = """
UPDATE fund_claim_line AS line SET file_id = said.file_id
FROM unnest($2::uuid[], $3::uuid[]) AS said (id, file_id)
WHERE line.id = said.id AND line.claim_id = $1 AND line.state = 'OPEN'
"""
END_LINES = """
UPDATE fund_claim_line SET state = 'REJECTED', reason = $2 WHERE claim_id = $1 AND state <> 'REJECTED'
"""


async def submit_claim(
    door: Door, actor: Actor, keyed: Keyed, request_id: UUID, lines: Sequence[NewClaimLine]
) -> Outcome:
    """The claim waits for the vendor, and what it asks is set aside from what was approved: of each invoice the fund's
    part by the rate of its day, or less if less is asked. The clock of the request stands still. Facts: claim_id.

    Refuses: NotFound (request, file); FundRequestNotInState; InvalidInput; FundTimeOver; FundRateMissing;
    FundsInsufficient; FileAttached.
    """
    check_lines(lines)

    async def work(op: Operation) -> Mapping[str, Any]:
        request = await own_request_in(op, actor, request_id, RequestAction.CLAIM)
        if request.turn.is_overdue(op.now):
            raise FundTimeOver(use_by=str(request.due_at and request.due_at.isoformat()))
        fund = await sure_fund(op.sql, request.fund_id)
        number = await _next_number(op, request, lines)
        priced = await _priced(op, request, fund, lines)
        total = sum(amount for _, amount in priced)
        if total > request.unclaimed:
            raise FundsInsufficient(of="request", wanted=total, left=request.unclaimed)
        claim_id = new_id()
        await op.sql.execute(
            INSERT, claim_id, request.id, fund.id, request.allocation_id, request.partner_id, number, total, op.now
        )
        files = [line.file_id for line in lines if line.file_id is not None]
        await attach_in(op, actor, files, CLAIM_KIND, claim_id)
        await _insert_lines_in(op, claim_id, request.id, lines, priced)
        claim = (await locked_claims_in(op, [claim_id]))[claim_id]
        await post_in(op, actor, [claim_movement(claim, fund.id, MovementKind.CLAIMED, total)])
        await hold_request_in(op, request, request.unclaimed - total, vendor_holds=True)
        await move_claim_in(op, actor, ClaimMove(claim=claim, state=ClaimState.SUBMITTED, action=ClaimAction.SUBMIT))
        return {"claim_id": str(claim_id)}

    return await door.operate_keyed(actor, "submitFundClaim", keyed, work)


async def answer_claim(
    door: Door, actor: Actor, keyed: Keyed, claim_id: UUID, *, note: str | None, proofs: Mapping[UUID, UUID]
) -> Outcome:
    """The vendor has the claim again, with the file of each named line. Facts: claim_id.

    Refuses: NotFound (claim, open line, file); FundClaimNotInState; InvalidInput; FileAttached.
    """
    if note is not None:
        check_text(note, "note")

    async def work(op: Operation) -> Mapping[str, Any]:
        _, claim = await own_claim_in(op, actor, claim_id, ClaimAction.ANSWER)
        known = {line.id for line in claim.lines if line.state is LineState.OPEN}
        for line_id in proofs.keys() - known:
            raise NotFound(kind="fund claim line", id=str(line_id))
        await attach_in(op, actor, list(proofs.values()), CLAIM_KIND, claim.id)
        await op.sql.execute(PROVE, claim.id, list(proofs.keys()), list(proofs.values()))
        move = ClaimMove(claim=claim, state=ClaimState.IN_REVIEW, action=ClaimAction.ANSWER, note=note)
        await move_claim_in(op, actor, move)
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "answerFundClaim", keyed, work)


async def withdraw_claim(door: Door, actor: Actor, keyed: Keyed, claim_id: UUID) -> Outcome:
    """The claim is over; what it asked may be claimed again. Facts: claim_id.

    Refuses: NotFound; FundClaimNotInState.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        request, claim = await own_claim_in(op, actor, claim_id, ClaimAction.WITHDRAW)
        await end_lines_in(op, claim, "WITHDRAWN")
        await give_back_in(op, actor, request, claim, claim.amount)
        move = ClaimMove(claim=claim, state=ClaimState.WITHDRAWN, action=ClaimAction.WITHDRAW)
        await move_claim_in(op, actor, move)
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "withdrawFundClaim", keyed, work)


async def own_claim_in(op: Operation, actor: Actor, claim_id: UUID, action: ClaimAction) -> tuple[Request, Claim]:
    """The firm's own claim and its request, both locked, if the action is possible. Refuses: NotFound;
    FundClaimNotInState."""
    request, claim = await claim_with_request_in(op, claim_id)
    check_own(actor, claim.partner_id, "fund claim", claim_id)
    check_possible(claim, action)
    return request, claim


async def claim_with_request_in(op: Operation, claim_id: UUID) -> tuple[Request, Claim]:
    """The claim and its request, both locked, the request first. Refuses: NotFound."""
    request_id = await op.sql.fetchval(REQUEST_OF, claim_id)
    if request_id is None:
        raise NotFound(kind="fund claim", id=str(claim_id))
    request = (await locked_requests_in(op, [request_id]))[request_id]
    return request, (await locked_claims_in(op, [claim_id]))[claim_id]


def check_possible(claim: Claim, action: ClaimAction) -> None:
    """Refuses: FundClaimNotInState."""
    if claim.state not in CLAIM_POSSIBLE[action]:
        raise FundClaimNotInState(fund_claim_id=str(claim.id), state=claim.state.value, action=action.value)


async def give_back_in(op: Operation, actor: Actor, request: Request, claim: Claim, amount: int) -> None:
    """So much of what the open claim asked may be claimed again; the request's clock runs on where no other claim is
    open. Both are locked."""
    back = claim_movement(
        claim, request.fund_id, MovementKind.UNCLAIMED, amount, source=Bucket.CLAIMED, target=Bucket.APPROVED
    )
    await post_in(op, actor, [back])
    # The claim that ends is still among the open ones.
    await hold_request_in(op, request, request.unclaimed + amount, vendor_holds=len(request.claims) > 1)


async def end_lines_in(op: Operation, claim: Claim, reason: str) -> None:
    """No line of the claim stands any more: its invoices may be claimed again."""
    await op.sql.execute(END_LINES, claim.id, reason)


def claim_movement(
    claim: Claim,
    fund_id: UUID,
    kind: MovementKind,
    amount: int,
    *,
    source: Bucket = Bucket.APPROVED,
    target: Bucket = Bucket.CLAIMED,
    reason: str | None = None,
) -> Movement:
    """Money of a claim that moves between two columns of its allocation."""
    return Movement(
        fund_id=fund_id,
        allocation_id=claim.allocation_id,
        kind=kind,
        source=source,
        target=target,
        amount=amount,
        request_id=claim.request_id,
        claim_id=claim.id,
        reason=reason,
    )


async def _next_number(op: Operation, request: Request, lines: Sequence[NewClaimLine]) -> int:
    """Refuses: InvalidInput (too many claims; an invoice that is claimed already)."""
    known = await sure_value(op.sql, COUNT, request.id)
    if known >= CLAIMS_MAX:
        raise InvalidInput(field="requestId", problem=f"at most {CLAIMS_MAX} claims a request")
    taken = await op.sql.fetchval(CLAIMED, request.id, [line.invoice for line in lines])
    if taken is not None:
        raise InvalidInput(field="lines.invoice", problem=f"{taken} is claimed already")
    return known + 1


async def _priced(op: Operation, request: Request, fund: Fund, lines: Sequence[NewClaimLine]) -> list[tuple[int, int]]:
    """Of each line its cost in the fund's unit and what it asks. Refuses: InvalidInput; FundRateMissing;
    FundsInsufficient (more than the fund's part)."""
    rates = await rates_to(op.sql, fund.unit)
    priced: list[tuple[int, int]] = []
    for line in lines:
        if line.invoiced_on > op.now.date():
            raise InvalidInput(field="lines.invoicedOn", problem="not in the future")
        try:
            at = datetime.combine(line.invoiced_on, time(), UTC)
            cost = in_unit(line.cost, line.currency, fund.unit, at, rates)
        except RateMissing as missing:
            raise FundRateMissing(from_unit=missing.from_unit, to_unit=missing.to_unit) from missing
        check_converted(cost, "lines.cost")
        share = share_of(cost, request.plan.cofund_ppm)
        amount = share if line.amount is None else line.amount
        if amount > share:
            raise FundsInsufficient(of="invoice", wanted=amount, left=share)
        if amount == 0:
            raise InvalidInput(field="lines.cost", problem="nothing is left for the fund to pay")
        priced.append((cost, amount))
    return priced


async def _insert_lines_in(
    op: Operation, claim_id: UUID, request_id: UUID, lines: Sequence[NewClaimLine], priced: Sequence[tuple[int, int]]
) -> None:
    await op.sql.execute(
        INSERT_LINES,
        claim_id,
        request_id,
        new_ids(len(lines)),
        [line.invoice for line in lines],
        [line.invoiced_on for line in lines],
        [line.cost for line in lines],
        [line.currency for line in lines],
        [cost for cost, _ in priced],
        [amount for _, amount in priced],
        [line.file_id for line in lines],
    )
