"""Imports a file in a process of its own that is killed after its first batch: `python -m … url source file`."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityReversal, RecordedBatch
from domain.activities.recording import record_in
from domain.activities.sources import source_by_code, source_by_id
from domain.earning.importing import import_file
from domain.kernel.failpoints import Failpoints
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Database


async def record(op: Operation, source_id: UUID, items: Sequence[ActivityInput | ActivityReversal]) -> RecordedBatch:
    return await record_in(op, await source_by_id(op.sql, source_id), items)


async def main(url: str, code: str, path: str) -> None:
    database = await Database.open(url, connections_max=2)
    door = Door(database, Failpoints({"import.after_batch": "crash"}))
    await import_file(door, SYSTEM, await source_by_code(database, code), Path(path), record, batch=10)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
