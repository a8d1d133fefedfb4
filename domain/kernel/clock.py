"""The one clock: the database's, through `guerdon_now()`, which a sandbox may move ahead."""

from datetime import datetime, timedelta

from domain.kernel.sql import Connection, sure_value

FUTURE_TOLERANCE = timedelta(minutes=5)  # a sender's clock may be this far ahead
SHIFT_MAX = timedelta(days=3660)


async def now(connection: Connection) -> datetime:
    """The instant as Guerdon counts it, aware, UTC."""
    return await sure_value(connection, "SELECT guerdon_now()")


async def advance_clock_in(connection: Connection, by: timedelta) -> datetime:
    """Moves the clock ahead for everybody, in a sandbox; answers the new now.

    Refuses: ValueError unless `by` is positive and the sum stays within ten years.
    """
    if not timedelta(0) < by <= SHIFT_MAX:
        raise ValueError("the clock moves ahead, by at most 3,660 days")
    await connection.execute("UPDATE clock_shift SET seconds = seconds + $1 WHERE id = 1", int(by.total_seconds()))
    return await now(connection)
