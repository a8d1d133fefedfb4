"""A file becomes part of what it proves: whoever may see that may see the file, and it stays as long."""

from collections.abc import Collection
from uuid import UUID

from domain.access.principals import Actor
from domain.files.refusals import FileAttached
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import sure_value

FILES_MAX = 20

LOCK = """
SELECT id, owner_id, attached_kind, attached_id FROM file_record WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
COUNT = "SELECT count(*) FROM file_record WHERE attached_kind = $1 AND attached_id = $2 AND NOT id = ANY($3::uuid[])"
ATTACH = """
UPDATE file_record SET attached_kind = $2, attached_id = $3, attached_at = $4
WHERE id = ANY($1::uuid[]) AND attached_id IS NULL
"""


async def attach_in(op: Operation, actor: Actor, file_ids: Collection[UUID], kind: str, subject_id: UUID) -> None:
    """The files are part of the subject from now on, also where they were already; a subject has at most 20.

    Each must be the actor's own. The caller has locked the subject's root before.
    Refuses: NotFound; FileAttached; InvalidInput (more than 20 files).
    """
    wanted = sorted(set(file_ids))
    if not wanted:
        return
    if len(wanted) > FILES_MAX:
        raise InvalidInput(field="fileIds", problem=f"at most {FILES_MAX}")
    own = {row["id"]: row for row in await op.sql.fetch(LOCK, wanted) if row["owner_id"] == actor.principal_id}
    for file_id in wanted:
        if file_id not in own:
            raise NotFound(kind="file", id=str(file_id))
        if own[file_id]["attached_id"] not in (None, subject_id) or own[file_id]["attached_kind"] not in (None, kind):
            raise FileAttached(file_id=str(file_id))
    if await sure_value(op.sql, COUNT, kind, subject_id, wanted) + len(wanted) > FILES_MAX:
        raise InvalidInput(field="fileIds", problem=f"at most {FILES_MAX} together with those it has")
    await op.sql.execute(ATTACH, wanted, kind, subject_id, op.now)
