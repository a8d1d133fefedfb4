"""What a viewer may know of a standing beyond its line: how many contributions, how far to the next, and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.sql import Connection, Database
from leaderboards.standings import Entry

Place = tuple[UUID, UUID]  # a season and a subject

DETAILS = """
SELECT asked.place, standing.contributions, better.score - standing.score AS to_next
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (season_id, subject_id, place)
JOIN standing ON standing.season_id = asked.season_id AND standing.subject_id = asked.subject_id
LEFT JOIN LATERAL (
  SELECT score FROM standing AS other WHERE other.season_id = asked.season_id AND other.score > standing.score
  ORDER BY other.score LIMIT 1
) AS better ON true
"""
TOTALS = "SELECT season_id, count(*) AS total FROM standing WHERE season_id = ANY($1::uuid[]) GROUP BY season_id"

TEXTS: Mapping[str, Mapping[str, str]] = {
    "SCORE_COUNTED": {
        "en": "{contributions} contributions make the score of {score}.",
        "fr": "{contributions} contributions font le score de {score}.",
    },
    "TIE_BY_TIME": {
        "en": "{tied_with} others have the same score and share the rank; who reached it earlier stands first.",
        "fr": "{tied_with} autres ont le même score et partagent le rang ; le premier à l’avoir atteint est devant.",
    },
    "NEXT_SCORE": {
        "en": "{points_to_next} more reach the next score above.",
        "fr": "Il manque {points_to_next} pour atteindre le score supérieur.",
    },
    "LEADS": {"en": "Nobody has a higher score.", "fr": "Personne n’a un score plus élevé."},
}


@dataclass(frozen=True, kw_only=True)
class StandingDetails:
    """How many contributions a score holds, and what is missing to the next score above (None for the highest)."""

    contributions: int
    to_next: int | None


@dataclass(frozen=True, kw_only=True)
class RankReason:
    """One thing to say about a rank: a code with its facts."""

    code: str
    facts: Mapping[str, int]

    def text(self, locale: str, exponents: Mapping[str, int] | None = None) -> str:
        """The sentence in French for fr, else in English."""
        return TEXTS[self.code]["fr" if locale.startswith("fr") else "en"].format(**self.facts)


def rank_reasons(entry: Entry, details: StandingDetails) -> Sequence[RankReason]:
    """Why the line stands where it does (pure)."""
    told = [RankReason(code="SCORE_COUNTED", facts={"contributions": details.contributions, "score": entry.score})]
    if entry.tied_with:
        told.append(RankReason(code="TIE_BY_TIME", facts={"tied_with": entry.tied_with}))
    if details.to_next is None:
        return [*told, RankReason(code="LEADS", facts={})]
    return [*told, RankReason(code="NEXT_SCORE", facts={"points_to_next": details.to_next})]


async def details_of(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, Place]]
) -> Mapping[tuple[Actor, Place], StandingDetails]:
    """The details of each (season, subject), for whoever was shown its line; one statement."""
    rows = await sql.fetch(DETAILS, [season for _, (season, _) in pairs], [subject for _, (_, subject) in pairs])
    return {
        pairs[row["place"] - 1]: StandingDetails(contributions=row["contributions"], to_next=row["to_next"])
        for row in rows
    }


async def totals_of(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], int]:
    """How many stand in each season, for whoever was shown the season; one statement."""
    rows = await sql.fetch(TOTALS, list({season for _, season in pairs}))
    found = {row["season_id"]: row["total"] for row in rows}
    return {pair: found.get(pair[1], 0) for pair in pairs}
