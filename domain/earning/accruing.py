"""What the units of one rule, subject and period have accrued: running totals, dues, and what was granted of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.sql import Connection, Database

KEYS_MAX = 1_000

# Terms may have several versions in a period, each with a unit of its own: the totals are of all, the newest leads on.
ACCRUED = """
SELECT asked.place, coalesce(sum(unit.basis_total), 0)::bigint AS total, coalesce(sum(unit.count), 0)::bigint AS count,
       coalesce(sum(unit.due), 0)::bigint AS due, coalesce(sum(unit.granted), 0)::bigint AS granted,
       coalesce(bool_or(unit.is_waiting), false) OR EXISTS (SELECT FROM late_truth) AS is_waiting,
       (array_agg(unit.terms_id ORDER BY unit.version DESC))[1] AS terms_id,
       coalesce((array_agg(unit.basis_total ORDER BY unit.version DESC))[1], 0)::bigint AS newest_total,
       coalesce((array_agg(unit.count ORDER BY unit.version DESC))[1], 0)::bigint AS newest_count
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[]) WITH ORDINALITY
     AS asked (program_id, rule, subject_id, period_start, place)
LEFT JOIN LATERAL (
  SELECT tally.terms_id, terms.version, coalesce((tally.state ->> 'basis_total')::bigint, 0) AS basis_total,
         coalesce((tally.state ->> 'count')::bigint, 0) AS count, dues.due, dues.granted,
         EXISTS (SELECT FROM rewalk WHERE rewalk.tally_id = tally.id) AS is_waiting
  FROM tally JOIN terms ON terms.id = tally.terms_id
  CROSS JOIN LATERAL (SELECT sum(due) AS due, sum(granted) AS granted FROM due WHERE due.tally_id = tally.id) AS dues
  WHERE tally.subject_id = asked.subject_id AND tally.program_id = asked.program_id AND tally.rule = asked.rule
    AND tally.period_start = asked.period_start) AS unit ON true
GROUP BY asked.place ORDER BY asked.place
"""


@dataclass(frozen=True, kw_only=True)
class AccrualKey:
    """The units of one rule of a program, whatever the version of its terms, for one subject and period."""

    program_id: UUID
    rule: str
    subject_id: UUID
    period_start: datetime


@dataclass(frozen=True, kw_only=True)
class Accrued:
    """The sum over the units; `newest_…` are of the newest terms alone. `is_waiting`: some are to be walked again."""

    total: int
    count: int
    due: int
    granted: int
    is_waiting: bool
    terms_id: UUID | None
    newest_total: int
    newest_count: int


async def accrued_of(source: Database | Connection, keys: Sequence[AccrualKey]) -> Mapping[AccrualKey, Accrued]:
    """What each key has accrued as of now, zeros where there is no unit; at most 1,000, one statement."""
    if len(keys) > KEYS_MAX:
        raise ValueError(f"at most {KEYS_MAX} accruals are read at once")
    if not keys:
        return {}
    rows = await source.fetch(
        ACCRUED,
        [key.program_id for key in keys],
        [key.rule for key in keys],
        [key.subject_id for key in keys],
        [key.period_start for key in keys],
    )
    return {
        key: Accrued(**{name: row[name] for name in Accrued.__dataclass_fields__})
        for key, row in zip(keys, rows, strict=True)
    }
