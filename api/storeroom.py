"""The commands for the shop's storeroom: `guerdon codes`, `guerdon keys`, `guerdon reconcile`."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.keyrings import add_key, use_newest
from api.serving import with_servers
from api.settings import read_settings
from api.storekeeping import codes_from_file, list_reconciled, rewrapped
from api.terminal import console, progress_bar, with_parts
from api.upkeep import UpkeepRefused
from api.webhooks.registering import SEALED_SECRETS
from api.wiring import Wired
from catalog.rewrapping import keys_in_use
from domain.kernel.sealing import Keyring

codes = typer.Typer(no_args_is_help=True, help="The shop's voucher codes.")
keys = typer.Typer(no_args_is_help=True, help="The keys that codes, credentials and addresses are sealed under.")


@codes.command(name="import")
def import_codes_(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a CSV file: code, pin, url, expires_on")],
    pool: Annotated[str, typer.Option(help="supplier/pool, by their codes")],
    batch: Annotated[str | None, typer.Option(help="your id of the batch; by default the file's name")] = None,
    report: Annotated[Path | None, typer.Option(help="where to write one line per row, without codes")] = None,
) -> None:
    """Seal a file of voucher codes into a pool; safe to repeat and to kill. Nothing it prints or writes is a code."""

    async def run(parts: Wired) -> Any:
        with progress_bar() as bar:
            task = bar.add_task(f"Sealing {path.name}", total=None)
            return await codes_from_file(
                parts,
                path=path,
                pool=pool,
                batch=batch or path.name,
                report=report,
                progress=lambda done, rows: bar.update(task, completed=done, total=rows),
            )

    with with_servers(read_settings()) as served:
        counts = asyncio.run(with_parts(served, "guerdon-codes", run))
    typer.echo(", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items())) or "no rows")


def reconcile(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: externalId,state,amount,currency")],
    supplier: Annotated[str, typer.Option(help="the supplier's code")],
    since: Annotated[datetime, typer.Option(help="the list holds orders from this instant on, UTC")],
    until: Annotated[datetime, typer.Option(help="and before this one, UTC")],
) -> None:
    """Hold a supplier's list of orders against ours; exit 1 if they differ."""
    with with_servers(read_settings()) as served:
        work = with_parts(
            served,
            "guerdon-reconcile",
            lambda parts: list_reconciled(
                parts,
                path=path,
                supplier=supplier,
                starts_at=since.replace(tzinfo=UTC),
                ends_at=until.replace(tzinfo=UTC),
            ),
        )
        found = asyncio.run(work)
    for kind, count in found.counts.items():
        typer.echo(f"{count:>8} {kind.lower()}")
    if found.differs:
        sys.exit(1)


@keys.command(name="show")
def show_keys() -> None:
    """Which keys there are, and how much each has sealed."""
    with with_servers(read_settings()) as served:
        ring, used = asyncio.run(with_parts(served, "guerdon-keys", _keys_used))
    for name in dict.fromkeys((*ring.keys, *used)):
        said = "seals" if name == ring.current else "opens" if name in ring.keys else "MISSING"
        typer.echo(f"{name:<32} {said:<8} {used.get(name, 0):>8} sealed")


@keys.command(name="add")
def add_key_() -> None:
    """Make a new key that opens but does not seal yet: restart every process, then `guerdon keys rotate`."""
    typer.echo(add_key(_home_of_keys()))


@keys.command(name="rotate")
def rotate_keys(
    newest: Annotated[bool, typer.Option("--newest/--current", help="with the newest key, or the current")] = True,
) -> None:
    """Seal everything again under one key; safe to repeat and to kill. Restart every process after it."""
    settings = read_settings()
    if newest and settings.keys is None:
        use_newest(settings.home)

    async def run(parts: Wired) -> int:
        return await rewrapped(parts, lambda done: console.print(f"{done} sealed again"))

    with with_servers(settings) as served:
        done = asyncio.run(with_parts(served, "guerdon-keys", run))
    typer.echo(f"{done} values are sealed under the newest key.")


async def _keys_used(parts: Wired) -> tuple[Keyring, Mapping[str, int]]:
    return parts.keyring, await keys_in_use(parts.database, SEALED_SECRETS)


def _home_of_keys() -> Path:
    settings = read_settings()
    if settings.keys is not None:
        raise UpkeepRefused("GUERDON_KEYS holds the keys: put a new one behind the others there")
    return settings.home
