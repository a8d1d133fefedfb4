"""Who stays off rankings, and how members and partners are shown on them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.kernel.sql import Connection, Database


@dataclass(frozen=True, kw_only=True)
class OffBoards:
    """Of some members: those who opted out of rankings, and those who are the vendor's own staff."""

    opted_out: frozenset[UUID]
    vendor_staff: frozenset[UUID]

    def holds(self, subject_id: UUID, *, staff_allowed: bool) -> bool:
        """True if the subject must not be ranked."""
        return subject_id in self.opted_out or (not staff_allowed and subject_id in self.vendor_staff)


@dataclass(frozen=True, kw_only=True)
class SubjectShown:
    """How a member or partner is shown on a board; `former` members left their partner."""

    id: UUID
    name: str
    partner_id: UUID | None
    former: bool
    version: int


SUBJECTS_OFF_BOARDS = """
SELECT id, on_boards, kind FROM member WHERE id = ANY($1::uuid[]) AND (NOT on_boards OR kind = 'VENDOR_STAFF')
"""

SUBJECTS_SHOWN = """
SELECT id, name, partner_id, left_at IS NOT NULL AS former, version FROM member WHERE id = ANY($1::uuid[])
UNION ALL
SELECT id, name, id, false, version FROM partner WHERE id = ANY($1::uuid[])
"""


async def subjects_off_boards(source: Database | Connection, ids: Collection[UUID]) -> OffBoards:
    """Which of these subjects (unknown ids and partners: none) stay out of rankings."""
    rows = await source.fetch(SUBJECTS_OFF_BOARDS, list(ids)) if ids else []
    return OffBoards(
        opted_out=frozenset(row["id"] for row in rows if not row["on_boards"]),
        vendor_staff=frozenset(row["id"] for row in rows if row["kind"] == "VENDOR_STAFF"),
    )


async def subjects_shown(source: Database | Connection, ids: Collection[UUID]) -> Mapping[UUID, SubjectShown]:
    """How these members and partners are shown; an id that is neither is left out."""
    rows = await source.fetch(SUBJECTS_SHOWN, list(ids)) if ids else []
    return {
        row["id"]: SubjectShown(
            id=row["id"],
            name=row["name"],
            partner_id=row["partner_id"],
            former=row["former"],
            version=row["version"],
        )
        for row in rows
    }
