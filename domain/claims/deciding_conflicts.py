"""Two claims of one sale: the vendor decides for the first, the second or both, and neither learns of the other."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.claims.claim import Claim, Line, check_note
from domain.claims.holding import Key, hand_over_in, holders_in, keys_of, release_in, tell_decided
from domain.claims.refusals import ConflictDecided
from domain.claims.reversing import lose_lines_in
from domain.claims.reviewing import claims_for_vendor_in
from domain.claims.storing import locked_claims_in
from domain.earning.evaluating import Knowledge
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound, TryLater
from domain.kernel.sql import Row

FOUND = "SELECT program_id, first_claim_id, second_claim_id, keys FROM claim_conflict WHERE id = $1"
LOCK = "SELECT state FROM claim_conflict WHERE id = $1 FOR UPDATE"
RETRY_AFTER_MS = 100
DECIDE = """
UPDATE claim_conflict SET state = $2, reason = $3, decided_by = $4, decided_at = $5 WHERE id = $1
"""


class Winner(StrEnum):
    """For whom a conflict is decided."""

    FIRST = "FIRST"
    SECOND = "SECOND"
    BOTH = "BOTH"


async def decide_conflict(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, conflict_id: UUID, winner: Winner, reason: str
) -> Outcome:
    """FIRST: the second's lines of this sale are rejected. SECOND: those of whoever holds it are rejected, or reversed
    where they were approved, and the second holds it. BOTH: it is not the same sale. Facts: conflict_id.

    Refuses: NotFound; ConflictDecided; InvalidInput (reason).
    """
    check_note(reason, "reason")

    async def work(op: Operation) -> Mapping[str, Any]:
        found = await op.sql.fetchrow(FOUND, conflict_id)
        if found is None:
            raise NotFound(kind="claim conflict", id=str(conflict_id))
        second_id: UUID = found["second_claim_id"]
        keys = keys_of(found["keys"])
        holders = await holders_in(op, found["program_id"], keys)
        claims = await locked_claims_in(op, {second_id, *holders.values()})
        if not claims.keys() >= set((await holders_in(op, found["program_id"], keys)).values()):
            raise TryLater(retry_after_ms=RETRY_AFTER_MS)  # somebody else took it over meanwhile
        if claims.keys() - (await claims_for_vendor_in(op, actor, claims.keys())).keys():
            raise NotFound(kind="claim conflict", id=str(conflict_id))
        state = await op.sql.fetchval(LOCK, conflict_id)
        if state != "OPEN":
            raise ConflictDecided(conflict_id=str(conflict_id), state=str(state))
        await op.sql.execute(DECIDE, conflict_id, winner.value, reason, actor.principal_id, op.now)
        match winner:
            case Winner.FIRST:
                await _lose(op, knowledge, actor, [claims[second_id]], keys)
            case Winner.SECOND:
                await hand_over_in(op, found["program_id"], keys, second_id)
                others = [claim for claim_id, claim in claims.items() if claim_id != second_id]
                await _lose(op, knowledge, actor, others, keys)
            case Winner.BOTH:
                pass
        _tell(op, conflict_id, found, winner)
        return {"conflict_id": str(conflict_id)}

    return await door.operate_keyed(actor, "decideClaimConflict", keyed, work)


async def _lose(
    op: Operation, knowledge: Knowledge, actor: Actor, claims: Collection[Claim], keys: Collection[Key]
) -> None:
    lost: dict[UUID, list[Line]] = {
        claim.id: [line for line in claim.lines if not line.keys.isdisjoint(keys)] for claim in claims
    }
    await lose_lines_in(op, knowledge, actor, lost, claims)
    for claim in claims:
        gone = {line.id for line in lost[claim.id]}
        await release_in(op, claim, [line for line in claim.lines if line.stands and line.id not in gone])


def _tell(op: Operation, conflict_id: UUID, found: Row, winner: Winner) -> None:
    tell_decided(op, found["program_id"], conflict_id, found["first_claim_id"], found["second_claim_id"], winner.value)
