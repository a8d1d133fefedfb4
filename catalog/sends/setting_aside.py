"""What a send takes out of its program's budget and what it puts back (C4): one transaction of the ledger each time."""

from collections.abc import Mapping
from uuid import UUID

from domain.kernel.operation import Operation
from domain.ledger.posting import fund_budget_in

CAUSE = "send"

GIVE_UP = """
WITH given AS (
  SELECT id, send_id, set_aside FROM send_recipient WHERE id = ANY($1::uuid[]) AND set_aside > 0 FOR NO KEY UPDATE
), emptied AS (
  UPDATE send_recipient SET set_aside = 0 FROM given WHERE send_recipient.id = given.id
)
SELECT given.send_id, send.program_id, send.unit, sum(given.set_aside)::bigint AS amount
FROM given JOIN reward_send AS send ON send.id = given.send_id GROUP BY 1, 2, 3 ORDER BY 1
"""


async def set_aside_in(op: Operation, send: Mapping[str, object], amount: int) -> None:
    """So much of the program's budget stands outside of it, for lines of this send.

    Refuses: BudgetExceeded.
    """
    if amount:
        await _fund(op, send["id"], send["program_id"], send["unit"], -amount, "set aside for a send")


async def put_back_in(op: Operation, recipient_ids: list[UUID]) -> None:
    """What was set aside for these lines is in its budget again; a line for which nothing is puts nothing back."""
    for row in await op.sql.fetch(GIVE_UP, recipient_ids) if recipient_ids else ():
        await _fund(op, row["send_id"], row["program_id"], row["unit"], row["amount"], "a send did not come about")


async def _fund(op: Operation, send_id: object, program_id: object, unit: object, amount: int, reason: str) -> None:
    assert isinstance(send_id, UUID), "a send has an id"
    assert isinstance(program_id, UUID), "a send has a program"
    await fund_budget_in(
        op, program_id=program_id, unit=str(unit), amount=amount, reason=reason, cause=(CAUSE, send_id)
    )
