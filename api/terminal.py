"""What every command shares: a console for people, a bar for long work, and the parts of a process."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.settings import Settings
from api.wiring import Wired, wired

console = Console(stderr=True)
Answer = TypeVar("Answer")


async def with_parts(settings: Settings, name: str, work: Callable[[Wired], Awaitable[Answer]]) -> Answer:
    """The work's answer, over a process's parts that are closed after it."""
    async with wired(settings, name) as parts:
        return await work(parts)


def progress_bar() -> Progress:
    """A bar on standard error: what is done, of how much, and for how long."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
