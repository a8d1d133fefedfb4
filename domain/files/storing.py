"""Handing in a file: its bytes, its digest and what it is stand in the database, in one transaction."""

import hashlib
import re
from dataclasses import dataclass
from uuid import UUID

from domain.access.limiting import spend_in
from domain.access.principals import Actor
from domain.files.events import FILE_STORED
from domain.files.media import MediaType, media_type_of
from domain.files.refusals import FileTypeRefused
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput

PART_BYTES = 256 * 1024
NAME_LENGTH_MAX = 200
PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,31}")
SECONDS_PER_HOUR = 3_600
LIMIT = "file.stored"
# What no name of a file needs, and what would break out of a header or a folder.
UNNAMEABLE = re.compile(r'[\x00-\x1f\x7f"\\/<>|:*?\u202a-\u202e\u2066-\u2069]')

INSERT = """
INSERT INTO file_record (id, owner_id, name, media_type, size, digest, purpose, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
INSERT_PARTS = """
INSERT INTO file_part (id, file_id, n, content)
SELECT part.id, $1, part.place - 1, part.content
FROM unnest($2::uuid[], $3::bytea[]) WITH ORDINALITY AS part (id, content, place)
"""


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """What was handed in, as it is known from now on."""

    id: UUID
    name: str
    media_type: MediaType
    size: int


async def store_file(
    door: Door, actor: Actor, *, name: str, purpose: str, content: bytes, bytes_max: int, per_hour: int
) -> StoredFile:
    """The file stands under a fresh id, the actor's own, attached to nothing; two of the same content are two files.

    At most `bytes_max` bytes; a principal hands in at most `per_hour` files an hour.
    Refuses: InvalidInput (name, purpose, size); FileTypeRefused; RateLimited.
    """
    if not 1 <= len(content) <= bytes_max:
        raise InvalidInput(field="file", problem=f"1 to {bytes_max} bytes")
    if not PURPOSE.fullmatch(purpose):
        raise InvalidInput(field="purpose", problem="a code of 1 to 32 letters a-z, digits and underscores")
    shown = UNNAMEABLE.sub("_", name).strip(" .")
    if not 1 <= len(shown) <= NAME_LENGTH_MAX:
        raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    media_type = media_type_of(content)
    if media_type is None:
        raise FileTypeRefused(taken=[kind.value for kind in MediaType])
    digest = hashlib.sha256(content).digest()
    parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]

    async def work(op: Operation) -> StoredFile:
        await spend_in(op, actor.principal_id, LIMIT, per_hour, SECONDS_PER_HOUR)
        file_id = new_id()
        await op.sql.execute(
            INSERT, file_id, actor.principal_id, shown, media_type, len(content), digest, purpose, op.now
        )
        await op.sql.execute(INSERT_PARTS, file_id, new_ids(len(parts)), parts)
        op.tell(
            FILE_STORED.about(
                file_id,
                member_id=actor.member_id,
                partner_id=actor.partner_id,
                media_type=media_type.value,
                size=len(content),
                purpose=purpose,
            )
        )
        return StoredFile(id=file_id, name=shown, media_type=media_type, size=len(content))

    return await door.operate(actor, work)
