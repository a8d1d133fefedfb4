"""What stands before the first request: the newest schema of the database and, where it is wanted, the demo story."""

from api.demo.shopping import Shop as DemoShop
from api.demo.telling import is_told, tell
from api.settings import Settings
from api.terminal import progress_bar
from api.wiring import wired
from migrations import migrate


async def prepare(settings: Settings) -> None:
    """The database is at the newest schema, and the demo story is told where settings want it, once."""
    assert settings.database_url is not None, "serving gives every process its addresses"
    await migrate(settings.database_url)
    if not settings.demo:
        return
    async with wired(settings, "guerdon-demo") as parts:
        if await is_told(parts.door):
            return
        with progress_bar() as bar:
            task = bar.add_task("Telling the demo story", total=None)

            def progress(_what: str, done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            shop = DemoShop(door=parts.door, keyring=parts.keyring, policy=settings.shop)
            await tell(shop, parts.knowledge, settings.home, settings.url, progress)
