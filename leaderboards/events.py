"""The events of leaderboards."""

from domain.kernel.events import EventType

BOARD_CREATED = EventType(
    name="board.created",
    aggregate="leaderboard",
    description="A leaderboard was defined; it folds every event from the first on.",
    payload={
        "code": "the board's code",
        "operator": "SUM, COUNT or BEST",
        "scope": "MEMBERS or PARTNERS",
        "window": "the kind of its seasons",
        "unit": "code of the unit it counts, or null",
    },
)
SEASON_OPENED = EventType(
    name="season.opened",
    aggregate="season",
    description="A window of a board got its first contribution, or a program's board its one season.",
    payload={
        "leaderboard_id": "the board",
        "starts_at": "first instant, ISO 8601 in UTC",
        "ends_at": "the instant it ends before, or null",
    },
)
SEASON_REBUILT = EventType(
    name="season.rebuilt",
    aggregate="season",
    description="A season's standings differed from the fold of its events and were replaced.",
    payload={"leaderboard_id": "the board", "epoch": "the season's new epoch", "replaced": "how many standings"},
)
EVENTS = (BOARD_CREATED, SEASON_OPENED, SEASON_REBUILT)
