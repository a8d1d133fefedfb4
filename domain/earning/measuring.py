"""Metrics by set: each subject's own metric over its own window, one statement a kind of metric and of subject."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.earning.metric import OF_ACTIVITIES, Metric, MetricKind
from domain.kernel.sql import Connection, Database, json_texts

ASKED_MAX = 20_000


class MeasuredKind(StrEnum):
    """Of whom something is measured; of a PROGRAM it is what everybody who may earn in it does."""

    MEMBER = "MEMBER"
    PARTNER = "PARTNER"
    PROGRAM = "PROGRAM"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One question: the metric of the subject over start ≤ t < end; levels are those of `end`."""

    kind: MeasuredKind
    subject_id: UUID
    metric: Metric
    start: datetime
    end: datetime


ASKED = """unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[])
     WITH ORDINALITY AS asked (subject_id, starts_at, ends_at, metric_text, place)
CROSS JOIN LATERAL (SELECT asked.metric_text::jsonb AS metric) AS read"""

OWN_ACTIVITY: Mapping[MeasuredKind, str] = {
    MeasuredKind.MEMBER: "activity.member_id = asked.subject_id",
    MeasuredKind.PARTNER: "activity.partner_id = asked.subject_id",
    MeasuredKind.PROGRAM: """EXISTS (
        SELECT FROM program WHERE program.id = asked.subject_id AND (program.audience = 'EVERYONE' OR EXISTS (
            SELECT FROM enrollment WHERE enrollment.program_id = program.id
            AND enrollment.subject_id IN (activity.member_id, activity.partner_id)
            AND enrollment.enrolled_at <= activity.occurred_at
            AND (enrollment.ended_at IS NULL OR enrollment.ended_at > activity.occurred_at))))""",
}
ADDED = """sum(CASE metric->>'kind'
        WHEN 'COUNT' THEN 1
        WHEN 'UNITS' THEN activity.quantity
        ELSE CASE WHEN activity.amounts #>> ARRAY[metric->>'basis', 'unit'] = metric->>'unit'
                  THEN (activity.amounts #>> ARRAY[metric->>'basis', 'amount'])::bigint ELSE 0 END
    END)::bigint"""


def of_activities(kind: MeasuredKind) -> str:
    """The statement for AMOUNT, COUNT and UNITS of such subjects: active activities, as they stand now."""
    return f"""
SELECT place, {ADDED} AS value FROM {ASKED}
JOIN activity ON {OWN_ACTIVITY[kind]} AND activity.state = 'ACTIVE' AND metric->'types' ? activity.type
    AND activity.occurred_at >= asked.starts_at AND activity.occurred_at < asked.ends_at
GROUP BY place
"""


OWN_AWARD: Mapping[MeasuredKind, str] = {
    MeasuredKind.MEMBER: "due.beneficiary_id = asked.subject_id",
    MeasuredKind.PARTNER: """(due.beneficiary_id = asked.subject_id OR due.beneficiary_id IN (
        SELECT subject_id FROM belonging WHERE belonging.partner_id = asked.subject_id))""",
    MeasuredKind.PROGRAM: "due.program_id = asked.subject_id",
}


def of_awards(kind: MeasuredKind) -> str:
    """The statement for EARNED of such subjects: what is granted of dues whose activity occurred in the window."""
    return f"""
SELECT place, sum(due.granted)::bigint AS value FROM {ASKED}
JOIN due ON {OWN_AWARD[kind]} AND due.unit = metric->>'unit'
    AND due.occurred_at >= asked.starts_at AND due.occurred_at < asked.ends_at
GROUP BY place
"""


TRUE_THEN = "{0}.valid_from <= asked.ends_at AND ({0}.valid_until IS NULL OR {0}.valid_until > asked.ends_at)"
HELD = f"held.kind = metric->>'fact' AND {TRUE_THEN.format('held')}"
OF_HOLDERS: Mapping[MeasuredKind, str] = {
    MeasuredKind.MEMBER: f"JOIN fact AS held ON held.subject_id = asked.subject_id AND {HELD}",
    MeasuredKind.PARTNER: f"""
JOIN fact AS membership ON membership.kind = 'membership' AND membership.value->>'value' = asked.subject_id::text
    AND {TRUE_THEN.format("membership")}
JOIN fact AS held ON held.subject_id = membership.subject_id AND {HELD}""",
    MeasuredKind.PROGRAM: f"JOIN fact AS held ON {HELD} AND held.subject_kind = 'MEMBER'",
}


def of_holders(kind: MeasuredKind) -> str:
    """The statement for HOLDERS: of how many different people the fact is true at the end of the window."""
    return f"""
SELECT place, count(DISTINCT held.subject_id)::bigint AS value FROM {ASKED} {OF_HOLDERS[kind]} GROUP BY place
"""


# The fact that began last speaks for its kind; what is no whole number counts as 0.
OF_FACTS = f"""
SELECT DISTINCT ON (place) place,
       CASE WHEN jsonb_typeof(held.value->(metric->>'field')) = 'number'
            THEN trunc((held.value->>(metric->>'field'))::numeric)::bigint ELSE 0 END AS value
FROM {ASKED} JOIN fact AS held ON held.subject_id = asked.subject_id AND {HELD}
ORDER BY place, held.valid_from DESC, held.recorded_at DESC, held.id DESC
"""


async def measured(source: Database | Connection, asked: Sequence[Measured]) -> list[int]:
    """The value of each question, in the same order, 0 where there is nothing. At most 20,000 questions; a statement
    for each kind of metric and of subject among them. Activities and awards count as they stand now, late ones too.
    """
    if len(asked) > ASKED_MAX:
        raise ValueError(f"at most {ASKED_MAX} are asked at once")
    values = [0] * len(asked)
    places = defaultdict[str, list[int]](list)
    for place, one in enumerate(asked):
        places[statement_for(one)].append(place)
    for statement, wanted in places.items():
        found = await source.fetch(
            statement,
            [asked[place].subject_id for place in wanted],
            [asked[place].start for place in wanted],
            [asked[place].end for place in wanted],
            json_texts(asked[place].metric.to_json() for place in wanted),
        )
        for row in found:
            values[wanted[row["place"] - 1]] = row["value"] or 0
    return values


def statement_for(one: Measured) -> str:
    """The statement that answers such a question."""
    if one.metric.kind in OF_ACTIVITIES:
        return of_activities(one.kind)
    if one.metric.kind is MetricKind.EARNED:
        return of_awards(one.kind)
    return of_holders(one.kind) if one.metric.kind is MetricKind.HOLDERS else OF_FACTS
