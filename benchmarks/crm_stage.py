"""The stage on which a CRM export is played: a fresh database with a live program and boards, before any import."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.crm_figures import MAIN, PERCENT, Known
from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityReversal, OnChange, RecordedBatch
from domain.activities.sources import SourceDefinition, SourceRecord, TypeDefinition, define_types, ensure_source
from domain.earning.evaluating import Knowledge
from domain.earning.importing import Imported, Progress, import_file
from domain.earning.recording import record_and_award_in
from domain.kernel import outbox
from domain.kernel.expressions import ConditionCache
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Database
from domain.programs.budgeting import fund_budget
from domain.programs.defining import change_program_state, create_program, publish_terms
from domain.programs.matching import TermsCache
from domain.programs.objective import Objective
from domain.programs.program import Audience, ProgramAction, ProgramDraft
from leaderboards.defining import create_leaderboard
from leaderboards.metrics import Definition
from leaderboards.projecting import fold
from leaderboards.rebuilding import heal
from leaderboards.store import Store
from leaderboards.windows import Window

MAPPINGS = Path(__file__).parents[1] / "docs" / "mappings"
BATCH = 1_000
BUDGET = 10**13
FOLDS_MAX = 10_000
INDEX_TIMEOUT_MS = 5_000  # a busy machine is no reason to compare PostgreSQL with itself
START, END = datetime(2017, 1, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)

PERCENT_OF_NET: Mapping[str, Any] = {
    "code": "won",
    "trigger": "deal.won",
    "effect": {"kind": "PERCENT", "ppm": PERCENT * 10_000},
    "basis": "NET",
    "basis_unit": "USD",
    "period": "MONTH",
}
REVENUE: Mapping[str, Any] = {"event": "activity", "type": "deal.won", "value": {"basis": "NET"}, "unit": "USD"}
DEALS: Mapping[str, Any] = {"event": "activity", "type": "deal.won", "value": {"count": True}}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What every step works on; `progress` hears how far an import is."""

    folder: Path
    scratch: Path
    known: Known
    database: Database
    door: Door
    store: Store
    knowledge: Knowledge
    source: SourceRecord
    program_id: UUID
    boards: Mapping[str, UUID]
    batch: int
    progress: Callable[[Progress], None]


Figures = Sequence[str]
Step = Callable[[Stage], Awaitable[Figures]]


@asynccontextmanager
async def stage_at(
    folder: Path,
    known: Known,
    *,
    database_url: str,
    valkey_url: str,
    scratch: Path,
    batch: int = BATCH,
    progress: Callable[[Progress], None] = lambda _: None,
) -> AsyncIterator[Stage]:
    """A stage in a migrated, empty database: the CRM as a source with its mapping, the program live, boards waiting."""
    database = await Database.open(database_url, connections_max=4, application="guerdon-crm")
    door, store = Door(database), Store.open(valkey_url, timeout_ms=INDEX_TIMEOUT_MS)
    try:
        types = json.loads((MAPPINGS / "crm_activity_types.json").read_text(encoding="utf-8"))
        mapping = json.loads((MAPPINGS / "crm_sales_pipeline.json").read_text(encoding="utf-8"))
        await define_types(door, SYSTEM, [TypeDefinition(**each) for each in types])
        definition = SourceDefinition(
            code="crm", name="CRM export", on_change=OnChange.CORRECT, backfill=True, mapping=mapping
        )
        program_id = await launched(door, "won-deals", "USD", [PERCENT_OF_NET], budget=BUDGET)
        yield Stage(
            folder=folder,
            scratch=scratch,
            known=known,
            database=database,
            door=door,
            store=store,
            knowledge=Knowledge(terms=TermsCache(), conditions=ConditionCache()),
            source=await ensure_source(door, SYSTEM, definition),
            program_id=program_id,
            boards=await _boards(door, program_id),
            batch=batch,
            progress=progress,
        )
    finally:
        await store.close()
        await door.close()
        await database.close()


async def launched(door: Door, code: str, unit: str, rules: Sequence[Mapping[str, Any]], *, budget: int) -> UUID:
    """A live program for everyone from 2017 on, in UTC, with these rules and this budget."""
    draft = ProgramDraft(
        code=code,
        name={"en": code},
        zone="UTC",
        unit=unit,
        starts_at=START,
        audience=Audience.EVERYONE,
        objective=Objective(metric="deals.won", baseline=0, target=1, due_at=END),
    )
    created = await create_program(door, SYSTEM, fresh_key(), draft)
    program_id = UUID(created.facts["program_id"])
    document = {"unit": unit, "zone": "UTC", "rules": [dict(rule) for rule in rules]}
    await publish_terms(door, SYSTEM, fresh_key(), program_id, document)
    await fund_budget(door, SYSTEM, fresh_key(), program_id=program_id, amount=budget, reason="opening")
    await change_program_state(door, SYSTEM, fresh_key(), program_id, ProgramAction.LAUNCH)
    return program_id


async def _boards(door: Door, program_id: UUID) -> Mapping[str, UUID]:
    earned = {"event": "award", "unit": "USD", "program": str(program_id)}
    span = Window(starts_at=START, ends_at=END)
    wanted = (
        Definition(code="year", name={"en": "Won in the year"}, metric=REVENUE, window_kind="YEAR"),
        Definition(
            code="quarter",
            name={"en": "Won in the quarter"},
            metric=REVENUE,
            window_kind="QUARTER",
            rank_display="COMPETITION",
        ),
        Definition(code="count", name={"en": "Deals"}, metric=DEALS, operator="COUNT", window_kind="YEAR"),
        Definition(code="best", name={"en": "Largest deal"}, metric=REVENUE, operator="BEST", window_kind="YEAR"),
        Definition(code="partners", name={"en": "Won by office"}, metric=REVENUE, scope="PARTNERS", window_kind="YEAR"),
        Definition(
            code="earned",
            name={"en": "Earned in the program"},
            metric=earned,
            window_kind="PROGRAM",
            program_id=program_id,
            span=span,
        ),
        Definition(code="ever", name={"en": "Earned ever"}, metric=earned, window_kind="ALL_TIME"),
    )
    found: dict[str, UUID] = {}
    for definition in wanted:
        created = await create_leaderboard(door, SYSTEM, fresh_key(), definition)
        found[definition.code] = UUID(created.facts["leaderboard_id"])
    return found


async def imported(stage: Stage, folder: Path) -> Imported:
    """The main file of a folder, imported and awarded; the report stands in the scratch folder, the boards follow."""
    done = await import_file(
        stage.door,
        SYSTEM,
        stage.source,
        folder / MAIN,
        partial(_award, stage.knowledge),
        batch=stage.batch,
        report=stage.scratch / "report.csv",
        progress=stage.progress,
    )
    await folded(stage)
    return done


async def folded(stage: Stage) -> None:
    """Every event is stamped, folded into its boards and in the index, also those that folding itself told."""
    for _ in range(FOLDS_MAX):
        while await outbox.stamp(stage.database, stage.door.failpoints):
            pass
        if await fold(stage.door, stage.store) == 0:
            break
    else:
        raise AssertionError("the fold does not end")
    await heal(stage.database, stage.door.failpoints, stage.store)


async def now(stage: Stage) -> datetime:
    """The instant as the database counts it."""
    return await stage.database.fetchval("SELECT guerdon_now()")


async def _award(
    knowledge: Knowledge, op: Operation, source_id: UUID, items: Sequence[ActivityInput | ActivityReversal]
) -> RecordedBatch:
    return await record_and_award_in(op, knowledge, source_id, items)


def fresh_key() -> Keyed:
    """A key that nobody used."""
    return Keyed(key=str(new_id()), request={})
