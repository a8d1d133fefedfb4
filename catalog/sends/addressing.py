"""Whom a send is for: named people found as far as the sender may see them, everybody a filter finds, rows of a CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.sends.refusals import AudienceTooLarge
from catalog.sends.sent import (
    ADDRESS_LENGTH_MAX,
    ADDRESSES_MAX,
    FILTER_VALUES_MAX,
    RECIPIENTS_MAX,
    Address,
    Filter,
    NotSent,
)
from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput

CSV_COLUMNS = ("email", "external_id")
CSV_BYTES_MAX = 500_000

RELATION = relation_sql(member="m.id", partner="m.partner_id", source="m.source_id")
VIEWER = VIEWERS.replace("place)", "viewer_place)")

NAMED = f"""
SELECT asked.place, m.id FROM {VIEWER}
CROSS JOIN unnest($6::uuid[], $7::text[], $8::text[]) WITH ORDINALITY AS asked (member_id, email, external_id, place)
JOIN member AS m ON m.id = asked.member_id OR lower(m.email) = asked.email
                 OR (m.source_id = $9 AND m.external_id = asked.external_id)
WHERE m.left_at IS NULL AND {RELATION} IS NOT NULL ORDER BY asked.place, m.id
"""

FOUND = f"""
SELECT m.id FROM {VIEWER} CROSS JOIN member AS m LEFT JOIN partner AS p ON p.id = m.partner_id
CROSS JOIN LATERAL (SELECT
  (SELECT value -> 'value' FROM fact WHERE subject_id = m.id AND kind = 'segment' AND valid_from <= $6
     AND (valid_until IS NULL OR valid_until > $6) ORDER BY valid_from DESC, recorded_at DESC, id DESC LIMIT 1) AS own,
  (SELECT value -> 'value' FROM fact WHERE subject_id = p.id AND kind = 'segment' AND valid_from <= $6
     AND (valid_until IS NULL OR valid_until > $6) ORDER BY valid_from DESC, recorded_at DESC, id DESC LIMIT 1) AS firm
) AS segment
CROSS JOIN LATERAL (SELECT coalesce(
  (SELECT value -> 'value' FROM fact WHERE subject_id = m.id AND kind = 'tier' AND valid_from <= $6
     AND (valid_until IS NULL OR valid_until > $6) ORDER BY valid_from DESC, recorded_at DESC, id DESC LIMIT 1),
  (SELECT value -> 'value' FROM fact WHERE subject_id = p.id AND kind = 'tier' AND valid_from <= $6
     AND (valid_until IS NULL OR valid_until > $6) ORDER BY valid_from DESC, recorded_at DESC, id DESC LIMIT 1)) AS held
) AS tier
WHERE m.left_at IS NULL AND {RELATION} IS NOT NULL
  AND (cardinality($7::uuid[]) = 0 OR m.partner_id = ANY($7))
  AND (cardinality($8::text[]) = 0 OR p.types ?| $8)
  AND (cardinality($9::text[]) = 0 OR p.country = ANY($9))
  AND (cardinality($10::text[]) = 0 OR p.vertical = ANY($10) OR p.size = ANY($10)
       OR segment.own ?| $10 OR segment.firm ?| $10)
  AND (cardinality($11::text[]) = 0 OR tier.held ?| $11)
ORDER BY m.id LIMIT $12
"""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One line of a send before it is sent: the member it is for, or why it is for nobody."""

    text: str
    member_id: UUID | None
    reason: NotSent | None = None


async def named_in(op: Operation, actor: Actor, addresses: Sequence[Address], source_id: UUID | None) -> list[Found]:
    """Each address with its member, in order: one that nobody (or nobody the actor may see) has, that several people
    have, or that names somebody a second time, says so. One statement.

    Refuses: InvalidInput (number, length).
    """
    if not 1 <= len(addresses) <= ADDRESSES_MAX:
        raise InvalidInput(field="recipients", problem=f"1 to {ADDRESSES_MAX}")
    if any(not 1 <= len(one.text) <= ADDRESS_LENGTH_MAX for one in addresses):
        raise InvalidInput(field="recipients", problem=f"1 to {ADDRESS_LENGTH_MAX} characters each")
    rows = await op.sql.fetch(
        NAMED,
        *viewer_arguments([actor]),
        [one.member_id for one in addresses],
        [one.email and one.email.strip().lower() for one in addresses],
        [one.external_id for one in addresses],
        source_id,
    )
    members: dict[int, list[UUID]] = {}
    for row in rows:
        members.setdefault(row["place"] - 1, []).append(row["id"])
    found: list[Found] = []
    seen = set[UUID]()
    for place, one in enumerate(addresses):
        known = members.get(place, [])
        reason = NotSent.ADDRESS_UNKNOWN if not known else NotSent.ADDRESS_AMBIGUOUS if len(known) > 1 else None
        if reason is None and known[0] in seen:
            reason = NotSent.REPEATED
        seen.update(known[:1])
        found.append(Found(text=one.text, member_id=None if reason else known[0], reason=reason))
    return found


async def filtered_in(op: Operation, actor: Actor, wanted: Filter) -> list[Found]:
    """Everybody the filter finds now, as far as the actor may see them. One statement.

    Refuses: InvalidInput (a filter that states nothing, or too many values); AudienceTooLarge.
    """
    stated = (wanted.partner_ids, wanted.partner_types, wanted.countries, wanted.segments, wanted.tiers)
    if not any(stated) or any(len(values) > FILTER_VALUES_MAX for values in stated):
        raise InvalidInput(field="filter", problem=f"states something, with at most {FILTER_VALUES_MAX} values each")
    rows = await op.sql.fetch(
        FOUND, *viewer_arguments([actor]), op.now, *(list(values) for values in stated), RECIPIENTS_MAX + 1
    )
    if len(rows) > RECIPIENTS_MAX:
        raise AudienceTooLarge(found=len(rows), limit=RECIPIENTS_MAX)
    return [Found(text="", member_id=row["id"]) for row in rows]


def addresses_of_csv(text: str) -> list[Address]:
    """The addresses of a CSV whose header names `email` or `external_id`; other columns are left alone.

    Refuses: InvalidInput (size, header, number of rows).
    """
    if len(text.encode()) > CSV_BYTES_MAX:
        raise InvalidInput(field="csv", problem=f"at most {CSV_BYTES_MAX} bytes")
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    column = next((name for name in CSV_COLUMNS if name in (reader.fieldnames or ())), None)
    if column is None:
        raise InvalidInput(field="csv", problem=f"its first row names one of {', '.join(CSV_COLUMNS)}")
    found: list[Address] = []
    for row in reader:
        value = (row.get(column) or "").strip()
        if len(found) == ADDRESSES_MAX:
            raise InvalidInput(field="csv", problem=f"at most {ADDRESSES_MAX} rows")
        if value and column == "email":
            found.append(Address(text=value, email=value))
        elif value:
            found.append(Address(text=value, external_id=value))
    return found
