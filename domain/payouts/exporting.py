"""Approved payouts go out as one file for a bank, or for payroll."""

from collections.abc import Mapping
from typing import Any

from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.payouts.machine import PayoutState
from domain.payouts.moving import PAYOUTS_MAX, Move, lock_payouts_in, move_in
from domain.payouts.refusals import NothingToPay

WAITING = """
SELECT id FROM payout WHERE state = 'APPROVED' AND unit = $1 AND by_payroll = $2 ORDER BY id LIMIT $3
"""
INSERT = """
INSERT INTO payout_export (id, unit, by_payroll, payouts, total, principal_id, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
PLACE = """
UPDATE payout SET export_id = $2, place = placed.place
FROM unnest($1::uuid[]) WITH ORDINALITY AS placed (id, place) WHERE payout.id = placed.id
"""


async def export_payouts(door: Door, actor: Actor, keyed: Keyed, *, unit: str, by_payroll: bool = False) -> Outcome:
    """All approved payouts of the unit, at most 1,000, are EXPORTED in one file: those of payroll, or the others.
    Facts: export_id.

    Refuses: NothingToPay.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        ids = [row["id"] for row in await op.sql.fetch(WAITING, unit, by_payroll, PAYOUTS_MAX)]
        found = [one for one in (await lock_payouts_in(op, ids)).values() if one.state is PayoutState.APPROVED]
        if not found:
            raise NothingToPay(unit=unit)
        export_id, total = new_id(), sum(payout.amount for payout in found)
        await op.sql.execute(INSERT, export_id, unit, by_payroll, len(found), total, actor.principal_id, op.now)
        await op.sql.execute(PLACE, [payout.id for payout in found], export_id)
        await move_in(op, [Move(payout=payout, to=PayoutState.EXPORTED) for payout in found])
        return {"export_id": str(export_id)}

    return await door.operate_keyed(actor, "exportPayouts", keyed, work)
