"""Funding a program's budget: the money a vendor sets aside, as a ledger transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.ledger.posting import fund_budget_in
from domain.programs.reaching import check_program_in


async def fund_budget(door: Door, actor: Actor, keyed: Keyed, *, program_id: UUID, amount: int, reason: str) -> Outcome:
    """The program's budget is higher by `amount` of its unit (negative: lower). Facts: budget_id, balance, amount.

    Refuses: NotFound (also outside the portfolio); InvalidInput (amount 0, out of bounds, reason empty);
    BudgetExceeded (lowered below zero).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        unit = await op.sql.fetchval("SELECT unit FROM program WHERE id = $1", program_id)
        if unit is None:
            raise NotFound(kind="program", id=str(program_id))
        await check_program_in(op, actor, program_id)
        funded = await fund_budget_in(op, program_id=program_id, unit=unit, amount=amount, reason=reason)
        return {"budget_id": str(funded.budget_id), "balance": funded.balance, "amount": amount}

    return await door.operate_keyed(actor, "fundBudget", keyed, work)
