"""Every command but `serve`, which stays light: the two processes that it starts, and what a person runs by hand."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api.background import run_worker
from api.cli import announce_people, demo_key, serve_everything
from api.http.issuer import PATH as ISSUER_PATH
from api.http.issuer import mint_token
from api.http.keeping import KeyFileRefused
from api.http.signing import SigningKey
from api.listening import Listening, ListenRefused, listen, new_secret, secret_of
from api.logs import configure
from api.opening import prepare
from api.serving import postgres_programs, with_servers
from api.settings import SettingRefused, Settings, read_settings
from api.storeroom import codes, keys, reconcile
from api.terminal import console, progress_bar, with_parts
from api.upkeep import (
    UpkeepRefused,
    as_table,
    audited,
    backed_up,
    diagnosed,
    import_into,
    import_items,
    new_key,
    raise_epoch,
    rebuilt,
    restored,
)
from api.wiring import Wired
from catalog.items.importing import CatalogImported
from domain.earning.importing import Imported
from domain.kernel.refusals import Refusal
from migrations import migrate as apply_migrations

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Guerdon: partner incentives, explained.",
    # A traceback with its variables would print keys and codes.
    pretty_exceptions_show_locals=False,
)
app.add_typer(codes, name="codes")
app.add_typer(keys, name="keys")
app.command()(reconcile)
catalog_app = typer.Typer(no_args_is_help=True, help="What can be redeemed.")
app.add_typer(catalog_app, name="catalog")


@app.command()
def serve() -> None:
    """Everything: embedded servers if none are named, migrations, the demo story, API, worker and live page."""
    serve_everything()


@app.command()
def worker() -> None:
    """One worker process: stamps events, folds boards, matures points, heals the index."""
    settings = _settings()
    configure(as_json=settings.is_production)

    async def run() -> None:
        await apply_migrations(_address(settings))
        await with_parts(settings, "guerdon-worker", run_worker)

    asyncio.run(run())


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
        asyncio.run(prepare(served))
    announce_people(served)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    # The schema takes seconds to load, and no other command needs it.
    os.execv(sys.executable, [sys.executable, "-m", "api.face", "schema"])


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


@app.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a CSV file")],
    mapping: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="how its columns become activities")],
    source: Annotated[str, typer.Option(help="code of the source it comes from")] = "import",
    types: Annotated[Path | None, typer.Option(exists=True, help="activity types to declare first")] = None,
    report: Annotated[Path | None, typer.Option(help="where to write one line per row")] = None,
    corrects: Annotated[bool, typer.Option(help="a changed row is a correction")] = True,
) -> None:
    """Import a CRM export: each row ends recorded, skipped or rejected, with its reason; safe to repeat and to kill."""
    settings = _settings()

    async def run(parts: Wired) -> Imported:
        with progress_bar() as bar:
            task = bar.add_task(f"Importing {path.name}", total=None)
            return await import_into(
                parts,
                path=path,
                source=source,
                mapping=_read(mapping),
                types=_read(types) if types else [],
                report=report,
                corrects=corrects,
                progress=lambda at: bar.update(task, completed=at.ended, total=at.rows),
            )

    with with_servers(settings) as served:
        done = asyncio.run(with_parts(served, "guerdon-import", run))
    typer.echo(f"{done.rows} rows: " + ", ".join(f"{count} {name.lower()}" for name, count in done.counts.items()))


@catalog_app.command(name="import")
def import_catalog(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a CSV file, a row a denomination")],
    supplier: Annotated[str, typer.Option(help="code of the supplier whose items they are")],
    report: Annotated[Path | None, typer.Option(help="where to write one line per row")] = None,
) -> None:
    """Feed a supplier's items: each ends created, updated, unchanged or rejected; safe to repeat and to kill."""
    settings = _settings()

    async def run(parts: Wired) -> CatalogImported:
        with progress_bar() as bar:
            task = bar.add_task(f"Importing {path.name}", total=None)
            return await import_items(
                parts,
                path=path,
                supplier=supplier,
                report=report,
                progress=lambda at: bar.update(task, completed=at.ended, total=at.rows),
            )

    with with_servers(settings) as served:
        done = asyncio.run(with_parts(served, "guerdon-catalog", run))
    typer.echo(f"{done.rows} rows: " + ", ".join(f"{count} {name.lower()}" for name, count in done.counts.items()))


@app.command()
def audit(
    strict: Annotated[bool, typer.Option(help="fail also where a law had nothing to examine")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the whole report as JSON")] = False,
    laws: Annotated[str, typer.Option(help="only these, comma separated")] = "",
) -> None:
    """Examine every law of ledger, events and boards; exit 1 if one is broken."""
    settings, chosen = _settings(), [law for law in laws.split(",") if law]
    with with_servers(settings) as served:
        report = asyncio.run(with_parts(served, "guerdon-audit", lambda parts: audited(parts, chosen)))
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        for law, name, examined, violations in as_table(report):
            typer.echo(f"{law:<3} {examined:>10} examined {violations:>6} broken   {name}")
    unexamined = [law for law, examined in report["laws"].items() if examined == 0]
    if report["violations"] or (strict and unexamined):
        console.print(f"[red]broken: {report['violations']}, not examined: {unexamined}[/red]")
        sys.exit(1)


@app.command()
def rebuild(
    standings: Annotated[bool, typer.Option(help="refold the events")] = False,
    index: Annotated[bool, typer.Option(help="reload the index")] = False,
) -> None:
    """Rebuild every board: its standings from events, its index from standings (both, if neither is named)."""
    both = not standings and not index
    with with_servers(_settings()) as served:
        work = with_parts(
            served,
            "guerdon-rebuild",
            lambda parts: rebuilt(parts, standings=standings or both, index=index or both),
        )
        seasons = asyncio.run(work)
    typer.echo(f"{seasons} seasons are rebuilt.")


@app.command()
def key(
    name: str,
    source: Annotated[str | None, typer.Option(help="code of the source it may write to")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="e.g. activities:write; repeat for more")] = None,
) -> None:
    """Print a new API key, once."""
    with with_servers(_settings()) as served:
        scopes = scope or ["activities:write", "events:read"]
        work = with_parts(served, "guerdon-key", lambda parts: new_key(parts, name=name, source=source, scopes=scopes))
        typer.echo(asyncio.run(work))


@app.command(name="listen")
def listen_(
    forward_to: Annotated[str | None, typer.Option(help="where to post them, e.g. http://localhost:3000/hook")] = None,
    events: Annotated[list[str] | None, typer.Option(help="only these, e.g. award.granted; repeat for more")] = None,
    key_: Annotated[str | None, typer.Option("--key", help="a key with events:read; here: the demo's")] = None,
    url: Annotated[str | None, typer.Option(help="the server, if it is not this machine's")] = None,
    after: Annotated[str | None, typer.Option(help="the cursor to resume from")] = None,
    secret: Annotated[str | None, typer.Option(help="sign with this whsec_… instead of a new one")] = None,
) -> None:
    """Show events as they happen, or forward them, signed like webhooks, to a server on this laptop."""
    settings = _settings()
    credential = key_ or demo_key(settings)
    if credential is None:
        raise UpkeepRefused("--key is needed: a key with the scope events:read (guerdon key NAME)")
    listening = Listening(
        url=(url or settings.url).rstrip("/"),
        key=credential,
        forward_to=forward_to,
        events=events or (),
        after=after,
        secret=secret_of(secret) if secret else new_secret(),
    )
    asyncio.run(listen(listening))


@app.command()
def doctor() -> None:
    """Check that the servers keep their promises; exit 1 if one does not."""
    with with_servers(_settings()) as served:
        found = asyncio.run(with_parts(served, "guerdon-doctor", diagnosed))
    for one in found:
        typer.echo(f"{'ok ' if one.healthy else 'BAD'} {one.name}: {one.said}")
    if not all(one.healthy for one in found):
        sys.exit(1)


@app.command()
def backup(path: Path) -> None:
    """Write the whole database to a file."""
    with with_servers(_settings()) as served:
        typer.echo(f"{path} sha256 {backed_up(_address(served), path, postgres_programs())}")


@app.command()
def restore(path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Put a backup back; cursors and boards of before start anew."""
    with with_servers(_settings()) as served:
        restored(_address(served), path, postgres_programs())
        epoch = asyncio.run(with_parts(served, "guerdon-restore", raise_epoch))
    typer.echo(f"restored; the epoch is {epoch}")


@app.command()
def settings() -> None:
    """Print every setting of this process, without secrets."""
    for name, value in _settings().described().items():
        typer.echo(f"{name} = {value}")


def main() -> None:
    """The entry point; a setting that cannot be used ends it with one sentence."""
    try:
        app()
    except (SettingRefused, UpkeepRefused, KeyFileRefused, ListenRefused, Refusal) as refused:
        console.print(f"[red]{refused}[/red]")
        sys.exit(2)


def _settings() -> Settings:
    return read_settings()


def _address(settings: Settings) -> str:
    assert settings.database_url is not None, "with_servers fills both addresses"
    return settings.database_url


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


if __name__ == "__main__":
    main()
