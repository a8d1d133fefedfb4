"""An invoice or serial number is held by one claim of a program; who names it second waits for the vendor."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from domain.claims.claim import Claim, KeyKind, Line, ReversalReason
from domain.claims.events import CLAIM_CONFLICT_DECIDED, CLAIM_CONFLICT_FOUND
from domain.claims.machine import ClaimLineState
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation

Key = tuple[KeyKind, str]
LOST = ReversalReason.CLAIMED_BEFORE.value

# One order for everybody, so that two claims of the same sale wait for each other in one direction only.
TAKE = """
INSERT INTO claim_key (id, program_id, kind, value, claim_id, recorded_at)
SELECT wanted.id, $2, wanted.kind, wanted.value, $3, $6 FROM unnest($1::uuid[], $4::text[], $5::text[])
       AS wanted (id, kind, value) ORDER BY wanted.kind, wanted.value
ON CONFLICT (program_id, kind, value) DO NOTHING
"""
HOLDERS = """
SELECT kind, value, claim_id FROM claim_key
JOIN unnest($2::text[], $3::text[]) AS wanted (kind, value) USING (kind, value) WHERE program_id = $1
"""
CONFLICT = """
INSERT INTO claim_conflict (id, program_id, first_claim_id, second_claim_id, keys, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
FREE = """
DELETE FROM claim_key USING unnest($2::text[], $3::text[]) AS freed (kind, value)
WHERE claim_key.claim_id = $1 AND claim_key.kind = freed.kind AND claim_key.value = freed.value
"""
HAND_OVER = """
UPDATE claim_key SET claim_id = $4 FROM unnest($2::text[], $3::text[]) AS moved (kind, value)
WHERE claim_key.program_id = $1 AND claim_key.kind = moved.kind AND claim_key.value = moved.value
"""
# Whoever waited longest takes what became free.
WAITING = """
SELECT c.id, c.second_claim_id, c.first_claim_id, c.keys FROM claim_conflict AS c
WHERE c.state = 'OPEN' AND c.first_claim_id = ANY($1::uuid[]) ORDER BY c.recorded_at, c.id FOR UPDATE
"""
OWN = """
SELECT id, first_claim_id FROM claim_conflict WHERE state = 'OPEN' AND second_claim_id = $1
ORDER BY recorded_at, id FOR UPDATE
"""
GONE = "UPDATE claim_conflict SET state = 'GONE', decided_at = $2 WHERE id = ANY($1::uuid[])"
CLASHING = """
SELECT id, second_claim_id, keys FROM claim_conflict WHERE state = 'OPEN' AND second_claim_id = ANY($1::uuid[])
"""


def keys_json(keys: Iterable[Key]) -> list[Mapping[str, str]]:
    """As a conflict stores them."""
    return [{"kind": kind.value, "value": value} for kind, value in sorted(keys)]


def keys_of(stored: Iterable[Mapping[str, str]]) -> frozenset[Key]:
    """As a conflict stored them."""
    return frozenset((KeyKind(one["kind"]), one["value"]) for one in stored)


async def hold_in(op: Operation, claim: Claim) -> int:
    """The claim holds what nobody held; for each claim that held some of the rest there is a conflict. Answers how
    many. Who comes second in time waits for the first to commit."""
    keys = sorted({key for line in claim.lines for key in line.keys})
    kinds, values = [kind.value for kind, _ in keys], [value for _, value in keys]
    await op.sql.execute(TAKE, new_ids(len(keys)), claim.program_id, claim.id, kinds, values, op.now)
    clashing = defaultdict[UUID, set[Key]](set)
    for key, holder in (await holders_in(op, claim.program_id, keys)).items():
        if holder != claim.id:
            clashing[holder].add(key)
    for holder, shared in sorted(clashing.items()):
        conflict_id = new_id()
        await op.sql.execute(CONFLICT, conflict_id, claim.program_id, holder, claim.id, keys_json(shared), op.now)
        op.tell(
            CLAIM_CONFLICT_FOUND.about(
                conflict_id,
                program_id=claim.program_id,
                first_claim_id=str(holder),
                second_claim_id=str(claim.id),
            )
        )
    return len(clashing)


async def holders_in(op: Operation, program_id: UUID, keys: Collection[Key]) -> Mapping[Key, UUID]:
    """Which claim holds each of the keys; keys that nobody holds are absent."""
    rows = await op.sql.fetch(HOLDERS, program_id, [kind.value for kind, _ in keys], [value for _, value in keys])
    return {(KeyKind(row["kind"]), row["value"]): row["claim_id"] for row in rows}


async def clashing_in(op: Operation, claim_ids: Collection[UUID]) -> Mapping[UUID, frozenset[Key]]:
    """Of each claim the keys that it named second and that are undecided."""
    found: dict[UUID, frozenset[Key]] = {}
    for row in await op.sql.fetch(CLASHING, list(claim_ids)):
        found[row["second_claim_id"]] = found.get(row["second_claim_id"], frozenset()) | keys_of(row["keys"])
    return found


async def hand_over_in(op: Operation, program_id: UUID, keys: Collection[Key], claim_id: UUID) -> None:
    """The claim holds the keys from now on, whoever held them."""
    values = [value for _, value in keys]
    await op.sql.execute(HAND_OVER, program_id, [kind.value for kind, _ in keys], values, claim_id)


async def release_in(op: Operation, claim: Claim, standing: Iterable[Line]) -> None:
    """What no standing line of the claim names is free, and goes to who waited for it longest; a conflict of which
    nothing is left is GONE. Its own conflicts end with its last standing line. A refunded sale stays
    claimed."""
    refunded = (line for line in claim.lines if line.state is ClaimLineState.REVERSED and line.reason != LOST)
    still = [*standing, *refunded]
    ended: list[tuple[UUID, UUID, UUID]] = []
    if not still:  # before anything else: who frees a key for this claim waits here, or finds its conflict gone
        own = await op.sql.fetch(OWN, claim.id)
        ended += [(row["id"], row["first_claim_id"], claim.id) for row in own]
    kept = {key for line in still for key in line.keys}
    freed = sorted({key for line in claim.lines for key in line.keys} - kept)
    if freed:
        await op.sql.execute(FREE, claim.id, [kind.value for kind, _ in freed], [value for _, value in freed])
    for row in await op.sql.fetch(WAITING, [claim.id]) if freed else []:
        wanted = sorted(keys_of(row["keys"]) & set(freed))
        kinds, values = [kind.value for kind, _ in wanted], [value for _, value in wanted]
        second = row["second_claim_id"]
        await op.sql.execute(TAKE, new_ids(len(wanted)), claim.program_id, second, kinds, values, op.now)
        held = await holders_in(op, claim.program_id, keys_of(row["keys"]))
        if all(holder == second for holder in held.values()):
            ended.append((row["id"], claim.id, second))
    if ended:
        await op.sql.execute(GONE, [conflict_id for conflict_id, _, _ in ended], op.now)
    for conflict_id, first, second in ended:
        tell_decided(op, claim.program_id, conflict_id, first, second, "GONE")


def tell_decided(op: Operation, program_id: UUID, conflict_id: UUID, first: UUID, second: UUID, state: str) -> None:
    """Operators hear what became of the conflict."""
    op.tell(
        CLAIM_CONFLICT_DECIDED.about(
            conflict_id, program_id=program_id, first_claim_id=str(first), second_claim_id=str(second), state=state
        )
    )
