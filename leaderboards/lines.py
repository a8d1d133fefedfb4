"""The SQL of a board's lines: the same answers as the index gives, each statement with the version it was read at."""

from collections.abc import Sequence
from uuid import UUID

from domain.kernel.sql import Row
from leaderboards.standings import Entry, Place, RankDisplay, entry

VERSION = "season.seq, season.epoch, relay_state.epoch AS relay_epoch"
LINE = "line.subject_id, line.score, line.reached_at"

# Whether `{row}` stands behind or ahead of ($2, $3, $4): the first comparison is the one that an index can use.
BEHIND = "{row}.score <= $2 AND ({row}.score < $2 OR ({row}.reached_at, {row}.subject_id) > ($3, $4))"
BEFORE = "{row}.score >= {than}.score AND ({row}.score > {than}.score OR" + (
    " ({row}.reached_at, {row}.subject_id) < ({than}.reached_at, {than}.subject_id))"
)
AFTER = "{row}.score <= {than}.score AND ({row}.score < {than}.score OR" + (
    " ({row}.reached_at, {row}.subject_id) > ({than}.reached_at, {than}.subject_id))"
)

# For each score on the page: how many have it, and how many of them stand before the page's first line with it.
PEERS = """
peers AS (
  SELECT first.score, count(*) AS peers,
         count(*) FILTER (WHERE (held.reached_at, held.subject_id) < (first.reached_at, first.subject_id)) AS ahead
  FROM (SELECT DISTINCT ON (score) score, reached_at, subject_id FROM line ORDER BY score, reached_at, subject_id) first
  JOIN {held} AS held ON held.score = first.score
  WHERE {competing} GROUP BY first.score
)
"""
STANDING = "(SELECT subject_id, score, reached_at FROM standing WHERE season_id = $1)"
SHOWN = f"""
SELECT {VERSION}, {LINE}, peers.peers, peers.ahead, {{extra}}
FROM season CROSS JOIN relay_state LEFT JOIN line ON true LEFT JOIN peers ON peers.score = line.score
WHERE season.id = $1
"""

# $1 season, $2–$4 the place after which the page starts ($2 NULL: at the top), $5 limit, $6 competing
PAGE = f"""
WITH line AS MATERIALIZED (
  SELECT subject_id, score, reached_at FROM standing AS s
  WHERE season_id = $1 AND ($2::bigint IS NULL OR ({BEHIND.format(row="s")}))
  ORDER BY score DESC, reached_at, subject_id LIMIT $5
), {PEERS.format(held=STANDING, competing="$6::bool")}
{SHOWN.format(extra="season.folded_position AS as_of_position")}
"""

# As PAGE at an earlier seq ($7): who moved since is taken as of then, everybody else as of now. Cost: what moved since.
PAGE_AT = f"""
WITH was AS MATERIALIZED (
  SELECT moved.subject_id, last.score, last.reached_at
  FROM (SELECT DISTINCT subject_id FROM standing_change WHERE season_id = $1 AND seq > $7) AS moved
  CROSS JOIN LATERAL (
    SELECT score, reached_at FROM standing_change AS c
    WHERE c.season_id = $1 AND c.subject_id = moved.subject_id AND c.seq <= $7 ORDER BY c.seq DESC LIMIT 1
  ) AS last
  WHERE last.score IS NOT NULL
), held AS NOT MATERIALIZED (
  SELECT subject_id, score, reached_at FROM was
  UNION ALL
  SELECT s.subject_id, s.score, s.reached_at FROM standing AS s
  WHERE s.season_id = $1 AND NOT EXISTS (
    SELECT 1 FROM standing_change AS c WHERE c.season_id = $1 AND c.subject_id = s.subject_id AND c.seq > $7)
), line AS MATERIALIZED (
  (SELECT subject_id, score, reached_at FROM was WHERE $2::bigint IS NULL OR ({BEHIND.format(row="was")}))
  UNION ALL
  (SELECT subject_id, score, reached_at FROM standing AS s
   WHERE season_id = $1 AND ($2::bigint IS NULL OR ({BEHIND.format(row="s")})) AND NOT EXISTS (
     SELECT 1 FROM standing_change AS c WHERE c.season_id = $1 AND c.subject_id = s.subject_id AND c.seq > $7)
   ORDER BY score DESC, reached_at, subject_id LIMIT $5)
  ORDER BY score DESC, reached_at, subject_id LIMIT $5
), {PEERS.format(held="held", competing="$6::bool")}
{SHOWN.format(extra="(SELECT position FROM standing_change WHERE season_id = $1 AND seq = $7) AS as_of_position")}
"""

# $1 season, $2 subject, $3 neighbours on each side, $4 competing
AROUND = f"""
WITH me AS MATERIALIZED (
  SELECT subject_id, score, reached_at FROM standing WHERE season_id = $1 AND subject_id = $2
), line AS MATERIALIZED (
  SELECT * FROM me
  UNION ALL
  (SELECT s.subject_id, s.score, s.reached_at FROM standing AS s, me
   WHERE s.season_id = $1 AND {BEFORE.format(row="s", than="me")}
   ORDER BY s.score, s.reached_at DESC, s.subject_id DESC LIMIT $3)
  UNION ALL
  (SELECT s.subject_id, s.score, s.reached_at FROM standing AS s, me
   WHERE s.season_id = $1 AND {AFTER.format(row="s", than="me")}
   ORDER BY s.score DESC, s.reached_at, s.subject_id LIMIT $3)
), {PEERS.format(held=STANDING, competing="$4::bool")}
{
    SHOWN.format(
        extra=f'''season.folded_position AS as_of_position, (
  SELECT count(*) FROM standing AS s, me WHERE s.season_id = $1 AND {BEFORE.format(row="s", than="me")}
) AS before'''
    )
}
"""

# For few subjects of a season: counts those ahead of each.
RANKS_OF_FEW = f"""
SELECT {VERSION}, asked.season_id, asked.subject_id, line.score, line.reached_at,
       ahead.better, ahead.before, ahead.peers
FROM unnest($1::uuid[], $2::uuid[]) AS asked (season_id, subject_id)
JOIN season ON season.id = asked.season_id CROSS JOIN relay_state
LEFT JOIN standing AS line ON line.season_id = asked.season_id AND line.subject_id = asked.subject_id
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE s.score > line.score) AS better,
         count(*) FILTER (WHERE {BEFORE.format(row="s", than="line")}) AS before,
         count(*) FILTER (WHERE s.score = line.score) AS peers
  FROM standing AS s WHERE s.season_id = line.season_id AND s.score >= line.score
) AS ahead ON true
"""

# For many subjects of a season: ranks the whole season once.
RANKS_OF_MANY = f"""
WITH line AS MATERIALIZED (
  SELECT * FROM (
    SELECT season_id, subject_id, score, reached_at,
         row_number() OVER (PARTITION BY season_id ORDER BY score DESC, reached_at, subject_id) - 1 AS before,
         rank() OVER (PARTITION BY season_id ORDER BY score DESC) - 1 AS better,
         count(*) OVER (PARTITION BY season_id, score) AS peers
    FROM standing WHERE season_id = ANY($1::uuid[])
  ) AS whole WHERE subject_id = ANY($2::uuid[])
)
SELECT {VERSION}, asked.season_id, asked.subject_id, line.score, line.reached_at, line.better, line.before, line.peers
FROM unnest($1::uuid[], $2::uuid[]) AS asked (season_id, subject_id)
JOIN season ON season.id = asked.season_id CROSS JOIN relay_state
LEFT JOIN line ON line.season_id = asked.season_id AND line.subject_id = asked.subject_id
"""


def entries(rows: Sequence[Row], before: int, display: RankDisplay) -> list[Entry]:
    """The lines of a page, of which `before` lines stand before its first."""
    places = sorted((_place(row) for row in rows if row["subject_id"] is not None), key=lambda place: place.key)
    peers = {row["score"]: (row["peers"] or 0, row["ahead"] or 0) for row in rows if row["subject_id"] is not None}
    shown = list[Entry]()
    better = 0
    for ordinal, place in enumerate(places, before + 1):
        count, ahead = peers[place.score]
        if not shown or shown[-1].score != place.score:
            better = ordinal - 1 - ahead
        shown.append(entry(place, ordinal, better=better, tied=count - 1, display=display))
    return shown


def ranked_entry(row: Row, display: RankDisplay) -> Entry | None:
    """The line of one subject, or None if it does not stand."""
    if row["score"] is None:
        return None
    return entry(_place(row), row["before"] + 1, better=row["better"], tied=row["peers"] - 1, display=display)


def _place(row: Row) -> Place:
    subject_id: UUID = row["subject_id"]
    return Place(subject_id=subject_id, score=row["score"], reached_at=row["reached_at"])
