"""A code does not work: its owner says so, support settles it; recalled codes are replaced before anybody saw them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from catalog.codes.reading import codes_shown
from catalog.codes.records import Problem, last_day_too_late
from catalog.codes.taking import Issued, issue_in, lock_pools_in, reserve_in, void_in
from catalog.redemptions.delivering import tell_in
from catalog.redemptions.fulfilment_events import (
    CODE_PROBLEM_REPORTED,
    CODE_PROBLEM_SETTLED,
    CODE_REPLACED,
    DELIVERY_CHANGED,
    about_line,
)
from catalog.redemptions.line import Line
from catalog.redemptions.machine import Action, Delivery, LineState
from catalog.redemptions.moving import lock_lines_in, refund_in
from catalog.redemptions.refusals import ActionNotAvailable, NoCodeLeft, ProblemOpen, ProblemSettled
from domain.access import audit
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound

NOTE_LENGTH_MAX = 500
RECALLED_PER_STEP_MAX = 100
REPORTED = frozenset({Problem.ALREADY_USED, Problem.NOT_ACCEPTED, Problem.WRONG_VALUE, Problem.EXPIRED})

OPEN_OF = "SELECT line_id, id FROM code_problem WHERE line_id = ANY($1::uuid[]) AND state = 'OPEN'"
OPEN_PROBLEMS = """
INSERT INTO code_problem (id, line_id, problem, note, state, recorded_at)
SELECT id, line_id, $3, $4, 'OPEN', $5 FROM unnest($1::uuid[], $2::uuid[]) AS told (id, line_id)
"""
LINE_OF = "SELECT line_id FROM code_problem WHERE id = $1"
PROBLEM = "SELECT id, problem, state FROM code_problem WHERE id = $1 FOR NO KEY UPDATE"
SETTLE = "UPDATE code_problem SET state = $2, answer = $3, settled_at = $4 WHERE id = $1"
POOLS = """
SELECT line_id, pool_id FROM voucher_code WHERE line_id = ANY($1::uuid[]) AND state = 'ISSUED'
"""
FREE = """
SELECT asked.pool_id, found.codes FROM unnest($1::uuid[], $2::bigint[]) AS asked (pool_id, units)
CROSS JOIN LATERAL (SELECT count(*) AS codes FROM (
  SELECT FROM voucher_code WHERE pool_id = asked.pool_id AND state = 'FREE' AND (expires_on IS NULL OR expires_on > $3)
  LIMIT asked.units) AS first) AS found
"""
# The new code was not seen yet, so the line stands as it did before the old one was.
RENEWED = """
UPDATE redemption_line SET delivery = 'SENT', revealed_at = NULL, expires_on = told.expires_on, version = version + 1
FROM unnest($1::uuid[], $2::date[]) AS told (id, expires_on) WHERE redemption_line.id = told.id
"""
# A recalled code that a problem was opened for since is in people's hands.
RECALLED = """
SELECT code.line_id, code.id, code.pool_id, code.revealed_at IS NOT NULL AS seen
FROM voucher_code AS code JOIN code_batch AS batch ON batch.id = code.batch_id
WHERE code.state = 'ISSUED' AND code.problem = 'RECALLED' AND NOT EXISTS (
  SELECT FROM code_problem AS told WHERE told.line_id = code.line_id
  AND (told.state = 'OPEN' OR told.recorded_at >= batch.recalled_at))
ORDER BY code.issued_at, code.id LIMIT $1
"""


class Settlement(StrEnum):
    """How a problem ends."""

    REPLACE = "REPLACE"
    REFUND = "REFUND"
    REJECT = "REJECT"


STATES: Mapping[Settlement, str] = {
    Settlement.REPLACE: "REPLACED",
    Settlement.REFUND: "REFUNDED",
    Settlement.REJECT: "REJECTED",
}


# Points go back only by who may refund.
SETTLERS: Mapping[Settlement, frozenset[Role]] = {
    Settlement.REPLACE: frozenset({Role.SUPPORT, Role.ADMIN, Role.SYSTEM}),
    Settlement.REFUND: frozenset({Role.FINANCE, Role.ADMIN, Role.SYSTEM}),
    Settlement.REJECT: frozenset({Role.SUPPORT, Role.ADMIN, Role.SYSTEM}),
}


async def report_code_problem(
    door: Door, actor: Actor, keyed: Keyed, *, line_id: UUID, problem: Problem, note: str = ""
) -> Outcome:
    """The owner's problem with her code is open until somebody settles it. Facts: problem_id, redemption_id.

    Refuses: NotFound (also for somebody else's line); ActionNotAvailable (no code); ProblemOpen; InvalidInput (a note
    of at most 500 characters; RECALLED is not hers to say).
    """
    if len(note) > NOTE_LENGTH_MAX:
        raise InvalidInput(field="note", problem=f"at most {NOTE_LENGTH_MAX} characters")
    if problem not in REPORTED:
        raise InvalidInput(field="problem", problem=" | ".join(sorted(REPORTED)))

    async def work(op: Operation) -> Mapping[str, Any]:
        line = (await lock_lines_in(op, [line_id], points=False)).get(line_id)
        if line is None or actor.member_id is None or line.member_id != actor.member_id:
            raise NotFound(kind="line", id=str(line_id))
        if line.state is not LineState.FULFILLED or line_id not in await codes_shown(op.sql, [line_id]):
            raise ActionNotAvailable(action=Action.REPORT_PROBLEM.value, line_id=str(line_id), state=line.state.value)
        if open_ids := await op.sql.fetch(OPEN_OF, [line_id]):
            raise ProblemOpen(problem_id=str(open_ids[0]["id"]))
        problem_id = (await _open_in(op, [line], problem, note))[0]
        return {"problem_id": str(problem_id), "redemption_id": str(line.redemption_id)}

    return await door.operate_keyed(actor, "reportCodeProblem", keyed, work)


async def settle_code_problem(
    door: Door, actor: Actor, keyed: Keyed, *, problem_id: UUID, settlement: Settlement, answer: str | None = None
) -> Outcome:
    """The problem is settled: REPLACE voids the code and issues another of the same pool; REFUND voids it and gives the
    points back; REJECT says why not. On record; by support, a refund by finance, all by an administrator.
    Facts: problem_id, redemption_id.

    Refuses: NotAllowed; NotFound; ProblemSettled; NoCodeLeft; ActionNotAvailable; InvalidInput (an answer of 1 to 500
    characters, needed to reject).
    """
    if answer is not None and not 1 <= len(answer.strip()) <= NOTE_LENGTH_MAX:
        raise InvalidInput(field="answer", problem=f"1 to {NOTE_LENGTH_MAX} characters")
    if settlement is Settlement.REJECT and answer is None:
        raise InvalidInput(field="answer", problem="says why it is rejected")
    if actor.role not in SETTLERS[settlement]:
        raise NotAllowed(action=f"settleCodeProblem ({settlement})")

    async def work(op: Operation) -> Mapping[str, Any]:
        line_id = await op.sql.fetchval(LINE_OF, problem_id)
        if line_id is None:
            raise NotFound(kind="code problem", id=str(problem_id))
        line = (await lock_lines_in(op, [line_id]))[line_id]
        row = await op.sql.fetchrow(PROBLEM, problem_id)
        assert row is not None, "problems are never deleted"
        if row["state"] != "OPEN":
            raise ProblemSettled(state=row["state"])
        match settlement:
            case Settlement.REPLACE:
                if line.id not in await replace_in(op, [line], row["problem"]):
                    raise NoCodeLeft(line_id=str(line.id))
            case Settlement.REFUND:
                await refund_in(op, [line], "CODE_PROBLEM", row["problem"])
            case Settlement.REJECT:
                pass
        await _settle_in(op, line, problem_id, settlement, answer)
        return {"problem_id": str(problem_id), "redemption_id": str(line.redemption_id)}

    return await door.operate_keyed(actor, "settleCodeProblem", keyed, work)


async def replace_in(op: Operation, lines: Sequence[Line], problem: str) -> Mapping[UUID, Issued]:
    """The lines' issued codes are void, and each line has another of the same pool; whose pool is empty keeps the old.

    Answers the new codes. A line that is not FULFILLED keeps its code.
    """
    fulfilled = {line.id: line for line in lines if line.state is LineState.FULFILLED}
    pools = {row["line_id"]: row["pool_id"] for row in await op.sql.fetch(POOLS, list(fulfilled))}
    free = await _enough_in(op, pools)
    await void_in(op, free, problem)
    issued = await issue_in(op, await reserve_in(op, free))
    assert issued.keys() == free.keys(), "as many codes were free under the pools' lock"
    await op.sql.execute(RENEWED, list(issued), [one.expires_on for one in issued.values()])
    for line_id, one in issued.items():
        told = {"line_id": str(line_id), "redemption_id": str(fulfilled[line_id].redemption_id), "reason": problem}
        op.tell(about_line(CODE_REPLACED, one.code_id, fulfilled[line_id], **told))
    await tell_in(op, [fulfilled[line_id] for line_id in issued], DELIVERY_CHANGED, delivery=Delivery.SENT.value)
    return issued


async def hand_over_recalled(door: Door, limit: int = RECALLED_PER_STEP_MAX) -> int:
    """A step: up to `limit` recalled codes in members' hands are replaced, where nobody saw them and the pool has
    others; for the rest a problem is open. Answers how many.
    """

    async def work(op: Operation) -> int:
        seen_before = {row["line_id"]: row["seen"] for row in await op.sql.fetch(RECALLED, limit)}
        lines = await lock_lines_in(op, seen_before, points=False)
        # Looked at again under the lines' locks: somebody may have been shown her code, or another worker was here.
        rows = await op.sql.fetch(RECALLED, limit) if lines else []
        mine = [(lines[row["line_id"]], row["seen"]) for row in rows if row["line_id"] in lines]
        unseen = [line for line, seen in mine if not seen]
        replaced = await replace_in(op, unseen, Problem.RECALLED)
        await _open_in(op, [line for line, _ in mine if line.id not in replaced], Problem.RECALLED, "")
        return len(mine)

    return await door.operate(SYSTEM, work)


async def _enough_in(op: Operation, pools: Mapping[UUID, UUID]) -> Mapping[UUID, UUID]:
    """line → pool, of as many lines as each pool has a code for; the pools are locked, by id."""
    await lock_pools_in(op, pools.values())
    wanted = Counter(pools.values())
    too_late = last_day_too_late(op.now.date())
    left = {
        row["pool_id"]: row["codes"] for row in await op.sql.fetch(FREE, list(wanted), list(wanted.values()), too_late)
    }
    chosen = dict[UUID, UUID]()
    for line_id, pool_id in pools.items():
        if left[pool_id] > 0:
            left[pool_id] -= 1
            chosen[line_id] = pool_id
    return chosen


async def _open_in(op: Operation, lines: Sequence[Line], problem: Problem, note: str) -> list[UUID]:
    if not lines:
        return []
    ids = new_ids(len(lines))
    await op.sql.execute(OPEN_PROBLEMS, ids, [line.id for line in lines], problem.value, note, op.now)
    for problem_id, line in zip(ids, lines, strict=True):
        op.tell(about_line(CODE_PROBLEM_REPORTED, problem_id, line, line_id=str(line.id), problem=problem.value))
    return ids


async def _settle_in(op: Operation, line: Line, problem_id: UUID, settlement: Settlement, answer: str | None) -> None:
    state = STATES[settlement]
    await op.sql.execute(SETTLE, problem_id, state, answer, op.now)
    await audit.record_in(op, "code_problem.settled", "code_problem", problem_id, settlement=state, line_id=line.id)
    op.tell(about_line(CODE_PROBLEM_SETTLED, problem_id, line, line_id=str(line.id), settlement=state))
