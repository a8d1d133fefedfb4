"""The `guerdon` command: everything a person runs, and the two processes that `serve` starts."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.background import run_worker
from api.demo.telling import is_told, tell
from api.http.server import server_config
from api.http.signing import SigningKey
from api.http.issuer import PATH as ISSUER_PATH
from api.http.issuer import mint_token
from api.logs import configure
from api.schema import sdl
from api.serving import run_children, with_servers
from api.settings import Settings, SettingRefused, read_settings
from api.wiring import Wired, build_server, wired
from migrations import migrate as apply_migrations

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Guerdon: partner incentives, explained.")
console = Console(stderr=True)
Answer = TypeVar("Answer")


@app.command()
def serve() -> None:
    """Everything: embedded servers if none are named, migrations, the demo story, API, worker and live page."""
    settings = _settings()
    with with_servers(settings) as served:
        asyncio.run(_prepare(served))
        run_children(served, lambda: _announce(served))


@app.command(hidden=True)
def api() -> None:
    """One API process, as `serve` starts it."""
    settings = _settings()
    configure(as_json=settings.is_production)

    async def run() -> None:
        async with wired(settings, "guerdon-api") as parts:
            await uvicorn.Server(server_config(build_server(parts), settings)).serve()

    asyncio.run(run())


@app.command()
def worker() -> None:
    """One worker process: stamps events, folds boards, matures points, heals the index."""
    settings = _settings()
    configure(as_json=settings.is_production)
    asyncio.run(_with_parts(settings, "guerdon-worker", run_worker))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with with_servers(_settings()) as served:
        asyncio.run(apply_migrations(_address(served)))
    console.print("The database is at the newest schema.")


@app.command()
def demo() -> None:
    """Tell the demo story into an empty database."""
    with with_servers(_settings()) as served:
        asyncio.run(_prepare(served))
    _announce_people(served)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    typer.echo(sdl(), nl=False)


@app.command()
def token(subject: str, seconds: Annotated[int, typer.Option(min=1, max=900)] = 900) -> None:
    """Print an access token of the development issuer for a linked subject."""
    settings = _settings()
    key = SigningKey.kept_in(settings.home)
    typer.echo(
        mint_token(
            key,
            issuer=settings.url + ISSUER_PATH,
            audience=settings.oidc_audience,
            subject=subject,
            seconds=seconds,
        )
    )


@app.command()
def settings() -> None:
    """Print every setting of this process, without secrets."""
    for name, value in _settings().described().items():
        typer.echo(f"{name} = {value}")


def main() -> None:
    """The entry point; a setting that cannot be used ends it with one sentence."""
    try:
        app()
    except SettingRefused as refused:
        console.print(f"[red]{refused}[/red]")
        sys.exit(2)


def _settings() -> Settings:
    return read_settings()


def _address(settings: Settings) -> str:
    assert settings.database_url is not None, "with_servers fills both addresses"
    return settings.database_url


async def _with_parts(settings: Settings, name: str, work: Callable[[Wired], Awaitable[Answer]]) -> Answer:
    async with wired(settings, name) as parts:
        return await work(parts)


async def _prepare(settings: Settings) -> None:
    await apply_migrations(_address(settings))
    if not settings.demo:
        return
    async with wired(settings, "guerdon-demo") as parts:
        if await is_told(parts.door):
            return
        with _progress() as bar:
            task = bar.add_task("Telling the demo story", total=None)

            def progress(_what: str, done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            await tell(parts.door, parts.knowledge, settings.home, settings.url, progress)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _announce(settings: Settings) -> None:
    typer.echo(f"\nGuerdon is at {settings.url}")
    typer.echo(f"  live page   {settings.url}/")
    typer.echo(f"  GraphQL     {settings.url}/graphql   (a browser gets GraphiQL)")
    typer.echo(f"  schema      {settings.url}/schema.graphql")
    typer.echo(f"  ready       {settings.url}/ready")
    _announce_people(settings)
    typer.echo("\nCtrl-C stops everything.\n")


def _announce_people(settings: Settings) -> None:
    path = settings.home / "demo.json"
    if not path.exists():
        return
    told = _read(path)
    typer.echo("\nSign in as (development issuer, no password):")
    for person in told["people"]:
        typer.echo(f"  {person['subject']:<10} {person['name']:<18} {person['role']}")
    typer.echo(f"  integration key: {told['integrationKey']}")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


if __name__ == "__main__":
    main()
