"""One line of history for the rows of all rooms, applied by `migrate` under one advisory lock."""

from tortoise.context import TortoiseContext
from tortoise.migrations.api import migrate as apply_migrations

APP = "guerdon"
MODELS = (
    "domain.kernel.tables",
    "domain.access.tables",
    "domain.ledger.tables",
    "domain.files.tables",
    "domain.partners.tables",
    "domain.partners.customers.tables",
    "domain.programs.tables",
    "domain.activities.tables",
    "domain.earning.tables",
    "domain.claims.tables",
    "domain.deals.tables",
    "domain.leads.tables",
    "domain.plans.tables",
    "domain.payouts.tables",
    "domain.rebates.tables",
    "domain.funds.tables",
    "domain.training.tables",
    "domain.assignments.tables",
    "leaderboards.tables",
    "catalog.suppliers.tables",
    "catalog.codes.tables",
    "catalog.items.tables",
    "catalog.redemptions.tables",
    "catalog.sends.tables",
    "api.webhooks.tables",
)
LOCK = 7_150_431_277_001  # any constant of ours: one migration at a time on one database


def tortoise_config(database_url: str) -> dict[str, object]:
    """The ORM's configuration for a `postgres://` URL; all rooms are one app with one line of migrations."""
    return {
        "connections": {"default": "asyncpg://" + database_url.split("://", 1)[1]},
        "apps": {APP: {"models": list(MODELS), "default_connection": "default", "migrations": "migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def migrate(database_url: str) -> None:
    """Bring the database to the newest schema; a second process waits for the first, then finds nothing to do."""
    async with TortoiseContext() as guard:
        await guard.init(config=tortoise_config(database_url))
        connection = guard.db("default")
        async with connection._in_transaction() as held:  # pyright: ignore[reportPrivateUsage] the ORM names no public one
            await held.execute_query(f"SELECT pg_advisory_xact_lock({LOCK})")
            async with TortoiseContext():
                await apply_migrations(config=tortoise_config(database_url))
