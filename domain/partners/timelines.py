"""Facts that are counts over time: whoever knows the right steps has them stated, also of the past."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from domain.kernel.operation import Operation
from domain.kernel.timeline import Step, differences
from domain.partners.facts import NewFact, SubjectKind, record_facts_in

# (kind of subject, subject, kind of fact)
Subject = tuple[SubjectKind, UUID, str]

AFTER = timedelta(microseconds=1)
# What began last speaks; of two that began together, the one recorded last.
KNOWN = """
SELECT DISTINCT ON (subject_id, kind, valid_from) subject_id, kind, valid_from, value, recorded_at FROM fact
WHERE subject_id = ANY($1::uuid[]) AND kind = ANY($2::text[])
ORDER BY subject_id, kind, valid_from, recorded_at DESC, id DESC
"""


async def state_steps_in(op: Operation, wanted: Mapping[Subject, Sequence[Step]], *, flags: bool = False) -> None:
    """The facts of each subject and kind say at every instant what its steps say, 0 before the first; with `flags`
    true or false instead of a number. The caller has locked what the steps were read from. At most three statements.

    Refuses: InvalidInput (more facts at once than are taken).
    """
    if not wanted:
        return
    known = defaultdict[tuple[UUID, str], list[Step]](list)
    subjects, kinds = {subject_id for _, subject_id, _ in wanted}, {kind for _, _, kind in wanted}
    recorded_at = op.now
    for row in await op.sql.fetch(KNOWN, list(subjects), list(kinds)):
        # Who got the lock first may have begun later.
        recorded_at = max(recorded_at, row["recorded_at"] + AFTER)
        known[row["subject_id"], row["kind"]].append(Step(at=row["valid_from"], count=int(row["value"]["value"])))
    facts = [
        NewFact(
            subject_kind=subject_kind,
            subject_id=subject_id,
            kind=kind,
            value={"value": bool(step.count) if flags else step.count},
            valid_from=step.at,
        )
        for (subject_kind, subject_id, kind), steps in wanted.items()
        for step in differences(known[subject_id, kind], steps)
    ]
    await record_facts_in(op, facts, recorded_at=recorded_at)
