"""Why a subject stands where it does, and what moved on a board since."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Connection, Database, Row
from leaderboards.standings import Place
from leaderboards.views import Change, Reason, Reasons

REASONS_MAX = 100
ASKED_MAX = 1_000
CHANGES_MAX = 1_000

# A member's contributions are the member's, the firm's admin's and the operators'; a partner's are all of the firm's.
RELATION = relation_sql(
    member="CASE WHEN board.scope = 'MEMBERS' THEN asked.subject_id END",
    partner="CASE WHEN board.scope = 'MEMBERS' THEN belonging.partner_id ELSE asked.subject_id END",
)

# $1–$5 viewers, $6 seasons, $7 subjects, $8 how many each
REASONS = f"""
SELECT viewer.place, {RELATION} AS relation, board.operator, held.total, held.best, held.best_reached,
       part.origin_id, part.value, part.occurred_at
FROM {VIEWERS}
JOIN unnest($6::uuid[], $7::uuid[]) WITH ORDINALITY AS asked (season_id, subject_id, place) USING (place)
JOIN season ON season.id = asked.season_id
JOIN leaderboard AS board ON board.id = season.leaderboard_id
LEFT JOIN belonging ON belonging.subject_id = asked.subject_id
CROSS JOIN LATERAL (
  SELECT count(*) AS total, max(value) AS best FROM contribution
  WHERE season_id = asked.season_id AND subject_id = asked.subject_id
) AS sums
CROSS JOIN LATERAL (
  SELECT sums.total, sums.best, min(occurred_at) AS best_reached FROM contribution
  WHERE season_id = asked.season_id AND subject_id = asked.subject_id AND value = sums.best
) AS held
LEFT JOIN LATERAL (
  SELECT origin_id, value, occurred_at FROM contribution
  WHERE season_id = asked.season_id AND subject_id = asked.subject_id
  ORDER BY occurred_at DESC, origin_id LIMIT $8
) AS part ON true
WHERE {RELATION} IS NOT NULL
ORDER BY viewer.place, part.occurred_at DESC, part.origin_id
"""

# A change carries where the subject stood before it, as the window of a viewer needs both to know what it moves.
CHANGES = """
SELECT c.seq, c.subject_id, c.score, c.reached_at, c.position, c.changed_at,
       before.score AS score_before, before.reached_at AS reached_before
FROM standing_change AS c
LEFT JOIN LATERAL (
  SELECT score, reached_at FROM standing_change AS b
  WHERE b.season_id = c.season_id AND b.subject_id = c.subject_id AND b.seq < c.seq ORDER BY b.seq DESC LIMIT 1
) AS before ON true
WHERE c.season_id = $1 AND c.seq > $2 ORDER BY c.seq LIMIT $3
"""


async def reasons(
    source: Database | Connection, asked: Sequence[tuple[Actor, UUID, UUID]], *, first: int = REASONS_MAX
) -> list[Reasons | None]:
    """Per (actor, season, subject) the contributions behind the score, newest first; None: not the actor's to see.

    One statement. Refuses: InvalidInput (more than 1,000 at a time, first outside 1 to 100).
    """
    if len(asked) > ASKED_MAX or not 1 <= first <= REASONS_MAX:
        raise InvalidInput(field="first", problem=f"1 to {REASONS_MAX}, for at most {ASKED_MAX} at a time")
    rows = await source.fetch(
        REASONS,
        *viewer_arguments(actor for actor, _, _ in asked),
        [season_id for _, season_id, _ in asked],
        [subject_id for _, _, subject_id in asked],
        first,
    )
    found = dict[int, list[Row]]()
    for row in rows:
        found.setdefault(row["place"], []).append(row)
    return [_reasons(found[place]) if place in found else None for place in range(1, len(asked) + 1)]


async def changes(
    source: Database | Connection, season_id: UUID, after_seq: int, limit: int = CHANGES_MAX
) -> list[Change]:
    """The next changes of a season after a seq, dense, with the place before and after each.

    Refuses: InvalidInput (limit outside 1 to 1,000).
    """
    if not 1 <= limit <= CHANGES_MAX:
        raise InvalidInput(field="limit", problem=f"1 to {CHANGES_MAX}")
    return [
        Change(
            seq=row["seq"],
            subject_id=row["subject_id"],
            before=_place(row["subject_id"], row["score_before"], row["reached_before"]),
            after=_place(row["subject_id"], row["score"], row["reached_at"]),
            position=row["position"],
            changed_at=row["changed_at"],
        )
        for row in await source.fetch(CHANGES, season_id, after_seq, limit)
    ]


def _reasons(rows: Sequence[Row]) -> Reasons:
    return Reasons(
        relation=Relation(rows[0]["relation"]),
        reasons=[
            Reason(
                origin_id=row["origin_id"],
                value=row["value"],
                occurred_at=row["occurred_at"],
                in_score=row["operator"] != "BEST"
                or (row["value"], row["occurred_at"]) == (row["best"], row["best_reached"]),
            )
            for row in rows
            if row["origin_id"] is not None
        ],
        total=rows[0]["total"],
    )


def _place(subject_id: UUID, score: int | None, reached_at: datetime | None) -> Place | None:
    if score is None or reached_at is None:
        return None
    return Place(subject_id=subject_id, score=score, reached_at=reached_at)
