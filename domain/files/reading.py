"""Every question about files: those of a subject, one's own, and the bytes of one."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.files.media import MediaType
from domain.kernel.sql import Connection, Database, Row

Source = Database | Connection
Pair = tuple[Actor, UUID]

COLUMNS = """
file.id, file.name, file.media_type, file.size, file.purpose, file.recorded_at, file.attached_kind, file.attached_id,
guerdon_now() AS read_at
"""
OF_SUBJECTS = f"""
SELECT {COLUMNS} FROM file_record AS file
WHERE file.attached_kind = $1 AND file.attached_id = ANY($2::uuid[]) ORDER BY file.recorded_at, file.id
"""
OWN = f"""
SELECT asked.place, {COLUMNS} FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (owner_id, id, place)
JOIN file_record AS file ON file.id = asked.id AND file.owner_id = asked.owner_id
"""
BY_ID = f"SELECT {COLUMNS} FROM file_record AS file WHERE file.id = $1"
PART = "SELECT content FROM file_part WHERE file_id = $1 AND n = $2"


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """A file as whoever was handed it sees it; `read_at` is when it was read: a link to it is good from then on."""

    id: UUID
    name: str
    media_type: MediaType
    size: int
    purpose: str
    recorded_at: datetime
    attached_kind: str | None
    attached_id: UUID | None
    read_at: datetime


async def files_of(source: Source, kind: str, subject_ids: Collection[UUID]) -> Mapping[UUID, list[FileRecord]]:
    """The files of each subject, at most 20, oldest first. Whoever asks has decided who may see the subjects."""
    found = defaultdict[UUID, list[FileRecord]](list)
    for row in await source.fetch(OF_SUBJECTS, kind, list(subject_ids)):
        found[row["attached_id"]].append(_file(row))
    return found


async def own_files(source: Source, pairs: Sequence[Pair]) -> Mapping[Pair, FileRecord]:
    """Those of the files that their actor handed in."""
    rows = await source.fetch(OWN, [actor.principal_id for actor, _ in pairs], [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _file(row) for row in rows}


async def file_by_id(source: Source, file_id: UUID) -> FileRecord | None:
    """The file, for whoever proved by a signed link that they may have it."""
    row = await source.fetchrow(BY_ID, file_id)
    return None if row is None else _file(row)


async def content_of(source: Database, file_id: UUID) -> AsyncIterator[bytes]:
    """The file's bytes, a part of at most 256 KB after the other, each read when it is asked for."""
    n = 0
    while (part := await source.fetchval(PART, file_id, n)) is not None:
        yield part
        n += 1


def _file(row: Row) -> FileRecord:
    values: dict[str, Any] = dict(row)
    values.pop("place", None)
    values["media_type"] = MediaType(row["media_type"])
    return FileRecord(**values)
