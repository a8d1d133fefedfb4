"""What the commands for upkeep do: import a file, audit the books, rebuild boards, hand out keys, back up, check."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from api.webhooks.registering import SEALED_SECRETS
from api.wiring import Wired
from catalog.auditing import questions as shop_questions
from catalog.items.importing import CatalogImported, import_catalog
from catalog.items.importing import Progress as CatalogProgress
from catalog.rewrapping import keys_in_use
from domain.access.granting import create_key
from domain.access.keys import KeyKind
from domain.access.principals import SYSTEM, Scope
from domain.activities.activity import ActivityInput, ActivityReversal, OnChange, RecordedBatch
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types, ensure_source
from domain.earning.importing import Imported, Progress, import_file
from domain.earning.recording import record_and_award_in
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sql import sure_value
from domain.ledger.auditing import audit
from leaderboards.auditing import questions
from leaderboards.rebuilding import rebuild_index
from leaderboards.refolding import rebuild_standings

DURABLE: Mapping[str, str] = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
PARTS = ("postgres", "valkey")


class UpkeepRefused(RuntimeError):
    """A command that cannot do what was asked says why, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing the doctor looked at."""

    name: str
    healthy: bool
    said: str


async def import_into(
    parts: Wired,
    *,
    path: Path,
    source: str,
    mapping: Mapping[str, Any],
    types: Sequence[Mapping[str, Any]],
    report: Path | None,
    corrects: bool,
    progress: Callable[[Progress], None],
) -> Imported:
    """The file is imported under the source, which is defined by the mapping; see `import_file`."""
    if types:
        await define_types(parts.door, SYSTEM, [TypeDefinition(**declared) for declared in types])
    record = await ensure_source(
        parts.door,
        SYSTEM,
        SourceDefinition(
            code=source,
            name=source,
            on_change=OnChange.CORRECT if corrects else OnChange.REFUSE,
            backfill=True,
            mapping=mapping,
        ),
    )

    async def record_in(
        op: Operation, source_id: UUID, items: Sequence[ActivityInput | ActivityReversal]
    ) -> RecordedBatch:
        return await record_and_award_in(op, parts.knowledge, source_id, items)

    return await import_file(parts.door, SYSTEM, record, path, record_in, report=report, progress=progress)


async def import_items(
    parts: Wired, *, path: Path, supplier: str, report: Path | None, progress: Callable[[CatalogProgress], None]
) -> CatalogImported:
    """The file's items are fed under the supplier of this code; see `import_catalog`. Refuses: NotFound (supplier)."""
    supplier_id = await parts.database.fetchval("SELECT id FROM supplier WHERE code = $1", supplier)
    if supplier_id is None:
        raise NotFound(kind="supplier", id=supplier)
    return await import_catalog(parts.door, SYSTEM, supplier_id, path, report=report, progress=progress)


async def audited(parts: Wired, laws: Sequence[str]) -> dict[str, Any]:
    """What every law's checks found at one instant: rows examined and violations, in every room together.

    Refuses: UpkeepRefused for a law that nobody asks about.
    """
    try:
        report = await audit(parts.database, laws or None, more={**questions(parts.store), **shop_questions()})
    except ValueError as trouble:
        raise UpkeepRefused(str(trouble)) from trouble
    return report.to_json()


async def rebuilt(parts: Wired, *, standings: bool, index: bool) -> int:
    """Every season's standings are refolded from events, and its index reloaded; answers how many seasons."""
    seasons = [row["id"] for row in await parts.database.fetch("SELECT id FROM season ORDER BY id")]
    for season_id in seasons:
        if standings:
            await rebuild_standings(parts.door, season_id)
        if index:
            await rebuild_index(parts.database, parts.failpoints, parts.store, season_id)
    return len(seasons)


async def new_key(parts: Wired, *, name: str, source: str | None, scopes: Sequence[str]) -> str:
    """A new API key's text, told once. Refuses: UpkeepRefused for a source that does not exist."""
    source_id = None
    if source is not None:
        source_id = await parts.database.fetchval("SELECT id FROM source WHERE code = $1", source)
        if source_id is None:
            raise UpkeepRefused(f"there is no source {source}")
    kind = KeyKind.LIVE if parts.settings.is_production else KeyKind.TEST
    keyed = Keyed(key=str(new_id()), request={"name": name})
    made = await create_key(
        parts.door, SYSTEM, keyed, name=name, scopes=[Scope(one) for one in scopes], source_id=source_id, kind=kind
    )
    assert made.text is not None, "a fresh key is never a replay"
    return made.text


async def diagnosed(parts: Wired) -> list[Finding]:
    """What a doctor looks at: that PostgreSQL keeps its promises, that the index may not evict, that events flow."""
    found = list[Finding]()
    for name, wanted in DURABLE.items():
        value = await parts.database.fetchval("SELECT current_setting($1)", name)
        found.append(Finding(name=f"postgres {name}", healthy=value == wanted, said=value))
    checksums = await parts.database.fetchval("SELECT current_setting('data_checksums')")
    found.append(Finding(name="postgres data_checksums", healthy=checksums == "on", said=checksums))
    waiting = await parts.database.fetchval(
        "SELECT count(*) FROM outbox WHERE position IS NULL AND recorded_at < guerdon_now() - interval '10 seconds'"
    )
    found.append(Finding(name="events waiting for the worker", healthy=waiting == 0, said=str(waiting)))
    missing = sorted((await keys_in_use(parts.database, SEALED_SECRETS)).keys() - parts.keyring.keys.keys())
    said = f"missing: {', '.join(missing)}" if missing else "on the ring"
    found.append(Finding(name="keys of what is sealed", healthy=not missing, said=said))
    try:
        await parts.store.refuse_eviction()
        found.append(Finding(name="valkey", healthy=True, said="noeviction"))
    except Exception as trouble:  # whatever is wrong with the index is what the doctor has to say of it
        found.append(Finding(name="valkey", healthy=False, said=str(trouble)))
    return found


def backed_up(database_url: str, path: Path, programs: Path | None) -> str:
    """The database is in the file, in PostgreSQL's custom format; answers the file's SHA-256.

    Refuses: UpkeepRefused where pg_dump is missing or fails.
    """
    _run([_program("pg_dump", programs), "--format=custom", f"--file={path}", database_url])
    return hashlib.sha256(path.read_bytes()).hexdigest()


def restored(database_url: str, path: Path, programs: Path | None) -> None:
    """The database holds what the file holds; what was there before is gone. The caller raises the epoch after.

    Refuses: UpkeepRefused where pg_restore is missing or fails.
    """
    _run(
        [
            _program("pg_restore", programs),
            "--clean",
            "--if-exists",
            "--no-owner",
            f"--dbname={database_url}",
            str(path),
        ]
    )


async def raise_epoch(parts: Wired) -> int:
    """After a restore: every cursor and every index of before is refused from now on. Answers the new epoch."""
    return await parts.door.operate(
        SYSTEM,
        lambda op: sure_value(op.sql, "UPDATE relay_state SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch"),
    )


def _program(name: str, programs: Path | None) -> str:
    found = shutil.which(name, path=str(programs)) if programs else shutil.which(name)
    if found is None:
        raise UpkeepRefused(f"{name} is not installed here")
    return found


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UpkeepRefused(done.stderr.strip()[-500:] or f"{command[0]} failed")


def as_table(report: Mapping[str, Any]) -> list[tuple[str, str, int, int]]:
    """The audit's checks as rows: law, check, examined, violations."""
    return [(one["law"], one["name"], one["examined"], one["violations"]) for one in report["checks"]]
