"""What learning systems say, read as attempts: xAPI statements, and rows of a CSV file by a mapping. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from domain.activities.activity import ActivityInput
from domain.activities.mapping import Rejected, Row, RowMapping, Skipped, flattened, mapped
from domain.kernel.refusals import InvalidInput, Refusal
from domain.training.attempt import AttemptOutcome
from domain.training.course import SCORE_MAX
from domain.training.recording import ITEMS_MAX, AttemptTold
from domain.training.refusals import StatementNotUnderstood

CSV_BYTES_MAX = 1_000_000
# The last part of a verb's address, as ADL and most systems write it.
VERBS: Mapping[str, AttemptOutcome] = {
    "launched": AttemptOutcome.STARTED,
    "initialized": AttemptOutcome.STARTED,
    "attempted": AttemptOutcome.STARTED,
    "passed": AttemptOutcome.PASSED,
    "completed": AttemptOutcome.PASSED,
    "mastered": AttemptOutcome.PASSED,
    "failed": AttemptOutcome.FAILED,
}


def attempt_of(statement: Mapping[str, object]) -> AttemptTold | Refusal:
    """An xAPI statement as an attempt. The course is the last part of the object's address; the person is the name of
    the actor's account (the source's own id) or the address of its mbox; `result.success` decides over the verb, and
    the score is `scaled` of 100, or else `raw` of `max`.
    """
    try:
        said = flattened(statement)
    except ValueError as trouble:
        return StatementNotUnderstood(path="$", problem=str(trouble))
    outcome = VERBS.get(_last(said.get("verb.id", "")))
    if outcome is None:
        return StatementNotUnderstood(path="verb.id", problem=f"one of {', '.join(VERBS)}")
    success = said.get("result.success", "")
    if outcome is not AttemptOutcome.STARTED and success in ("true", "false"):
        outcome = AttemptOutcome.PASSED if success == "true" else AttemptOutcome.FAILED
    for path in ("id", "object.id", "timestamp"):
        if not said.get(path):
            return StatementNotUnderstood(path=path, problem="is missing")
    try:
        at = datetime.fromisoformat(said["timestamp"])
    except ValueError:
        return StatementNotUnderstood(path="timestamp", problem="ISO 8601 with an offset is expected")
    score = _score(said)
    if isinstance(score, Refusal):
        return score
    return AttemptTold(
        external_id=said["id"],
        course=_last(said["object.id"]),
        member=said.get("actor.account.name") or None,
        email=said.get("actor.mbox", "").removeprefix("mailto:") or None,
        at=at,
        outcome=outcome,
        score=score,
    )


def attempts_of_csv(text: str, mapping: RowMapping) -> list[AttemptTold | Refusal]:
    """The rows of a CSV file as attempts, in order, skipped ones left out. The mapping's type is the outcome (STARTED,
    PASSED or FAILED); its attributes are `course`, and `score` and `version` where there are.

    Refuses: InvalidInput (more than 1 MB, another header, more than 1,000 rows).
    """
    if len(text.encode("utf-8", "replace")) > CSV_BYTES_MAX:
        raise InvalidInput(field="csv", problem=f"at most {CSV_BYTES_MAX} bytes")
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=mapping.delimiter)
    try:
        header = next(reader, [])
        missing = [column for column in mapping.columns if column not in header]
        if missing:
            raise InvalidInput(field="csv", problem=f"column {missing[0]} is missing")
        rows = [cells for cells in reader if cells]
    except csv.Error as trouble:
        raise InvalidInput(field="csv", problem=str(trouble)) from trouble
    if len(rows) > ITEMS_MAX:
        raise InvalidInput(field="csv", problem=f"at most {ITEMS_MAX} rows")
    found = [_row(header, cells, mapping) for cells in rows]
    return [each for each in found if each is not None]


def _row(header: Sequence[str], cells: Sequence[str], mapping: RowMapping) -> AttemptTold | Refusal | None:
    if len(cells) != len(header):
        return StatementNotUnderstood(path="row", problem=f"{len(cells)} cells under {len(header)} columns")
    row: Row = dict(zip(header, cells, strict=True))
    found = mapped(mapping, row, {})
    if isinstance(found, Skipped):
        return None
    if isinstance(found, Rejected):
        return StatementNotUnderstood(path=found.facts.get("field", found.external_id)[:100], problem=found.code)
    return _told(found)


def _told(found: ActivityInput) -> AttemptTold | Refusal:
    course, score, version = (found.attributes.get(name) for name in ("course", "score", "version"))
    if not isinstance(course, str) or not course:
        return StatementNotUnderstood(path="course", problem="is missing")
    if found.type not in set(AttemptOutcome):
        return StatementNotUnderstood(path="type", problem=f"one of {', '.join(AttemptOutcome)}")
    address = found.member if isinstance(found.member, str) and "@" in found.member else None
    return AttemptTold(
        external_id=found.external_id,
        course=course,
        member=None if address else found.member,
        email=address,
        at=found.occurred_at,
        outcome=AttemptOutcome(found.type),
        score=score if isinstance(score, int) else None,
        version=version if isinstance(version, int) else None,
    )


def _score(said: Mapping[str, str]) -> int | Refusal | None:
    """The score out of 100, rounded half up; None where none was told."""
    scaled, raw, most = (said.get(f"result.score.{name}", "") for name in ("scaled", "raw", "max"))
    if not scaled and not raw:
        return None
    path = "result.score.scaled" if scaled else "result.score.raw"
    try:
        part = Decimal(scaled) if scaled else Decimal(raw) / Decimal(most or SCORE_MAX)
    except (InvalidOperation, ZeroDivisionError):
        return StatementNotUnderstood(path=path, problem="a number is expected")
    if not part.is_finite() or not 0 <= part <= 1:
        return StatementNotUnderstood(path=path, problem="0 to 1 of the whole is expected")
    return int((part * SCORE_MAX).to_integral_value(ROUND_HALF_UP))


def _last(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
