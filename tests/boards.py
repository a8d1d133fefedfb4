"""A small world for tests of boards: members, real events through the outbox, and a naive model of what must stand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.activities.events import ACTIVITY_CORRECTED, ACTIVITY_RECORDED, ACTIVITY_REVERSED
from domain.kernel import outbox
from domain.kernel.events import Event, EventType
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from leaderboards.defining import create_leaderboard_in
from leaderboards.metrics import Definition
from leaderboards.projecting import fold
from leaderboards.store import Store

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
REVENUE = {"event": "activity", "type": "deal.won", "value": {"basis": "NET"}, "unit": "USD"}
SOURCE = new_id()
FOLDS_MAX = 1_000


def minutes(count: int) -> datetime:
    """So many minutes after noon of 1 March 2026."""
    return T0 + timedelta(minutes=count)


def won(
    member_id: UUID | None,
    amount: int,
    at: datetime,
    *,
    activity_id: UUID | None = None,
    partner_id: UUID | None = None,
    kind: EventType = ACTIVITY_RECORDED,
    type: str = "deal.won",
    unit: str = "USD",
    revision: int = 1,
    quantity: int = 1,
    attributes: dict[str, object] | None = None,
) -> Event:
    """An activity event with whole content, as recording tells it."""
    return kind.about(
        activity_id or new_id(),
        member_id=member_id,
        partner_id=partner_id,
        source_id=str(SOURCE),
        type=type,
        revision=revision,
        occurred_at=at.isoformat(),
        quantity=quantity,
        amounts={"NET": {"amount": amount, "unit": unit}},
        attributes=attributes or {},
        deal_key=None,
    )


def corrected(activity_id: UUID, member_id: UUID, amount: int, at: datetime, **more: object) -> Event:
    return won(member_id, amount, at, activity_id=activity_id, kind=ACTIVITY_CORRECTED, revision=2, **more)


def reversed_(activity_id: UUID, member_id: UUID, amount: int, at: datetime, **more: object) -> Event:
    return won(member_id, amount, at, activity_id=activity_id, kind=ACTIVITY_REVERSED, revision=2, **more)


async def tell(database: Database, events: Sequence[Event]) -> None:
    """The events stand in the outbox, stamped."""
    for start in range(0, len(events), 1_000):
        async with database.transaction() as connection:
            await outbox.append(connection, datetime.now(UTC), events[start : start + 1_000])
    while await outbox.stamp(database, Failpoints()):
        pass


async def board(door: Door, code: str, **wanted: object) -> UUID:
    """A board of deals won, in USD, unless `wanted` says otherwise."""
    definition = Definition(**{"code": code, "name": {"en": code}, "metric": REVENUE, **wanted})

    async def work(op):
        return await create_leaderboard_in(op, definition)

    return await door.operate(SYSTEM, work)


async def fold_all(door: Door, store: Store | None = None) -> int:
    """Everything stamped is folded, also what folding itself told."""
    for step in range(FOLDS_MAX):
        while await outbox.stamp(door.database, door.failpoints):
            pass
        if await fold(door, store) == 0:
            return step
    raise AssertionError("the fold does not end")


async def members(database: Database, count: int, *, on_boards: bool = True, kind: str = "REP") -> list[UUID]:
    """Rows of members, named Rep 1 …"""
    ids = new_ids(count)
    await database.fetch(
        """
        INSERT INTO member (id, source_id, external_id, kind, name, locale, on_boards, recorded_at, version)
        SELECT id, $2, id::text, $3, 'Rep ' || place, 'en', $4, now(), 1
        FROM unnest($1::uuid[]) WITH ORDINALITY AS told (id, place)
        """,
        ids,
        SOURCE,
        kind,
        on_boards,
    )
    return ids


async def season_of(database: Database, board_id: UUID) -> UUID:
    """The board's one season."""
    return await database.fetchval("SELECT id FROM season WHERE leaderboard_id = $1", board_id)


async def standings(database: Database, season_id: UUID) -> list[tuple[UUID, int, datetime, int]]:
    """(subject, score, reached, contributions) in the total order."""
    rows = await database.fetch(
        "SELECT subject_id, score, reached_at, contributions FROM standing WHERE season_id = $1"
        " ORDER BY score DESC, reached_at, subject_id",
        season_id,
    )
    return [(row["subject_id"], row["score"], row["reached_at"], row["contributions"]) for row in rows]
