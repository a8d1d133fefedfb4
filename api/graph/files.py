"""Files: what people handed in as proof, with links to fetch them."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graph.context import Info
from api.graph.fields import Node, identity
from api.graph.ids import Tag, decode_as
from api.graph.scalars import Points
from domain.files.reading import FileRecord, own_files


@strawberry.type(
    description="A file that somebody handed in with POST /files. Whoever may see what it is attached to may see it."
)
class File(Node):
    id = identity(Tag.FILE)
    name: str = strawberry.field(description="As it was called when it was handed in, without what no name needs.")
    size: Points = strawberry.field(description="Bytes.")
    purpose: str = strawberry.field(description="What it was handed in for, a code.")
    recorded_at: datetime = strawberry.field(description="When it was handed in.")

    @strawberry.field(
        description="What it is by its content: application/pdf, image/png, image/jpeg, image/webp or text/csv."
    )
    @staticmethod
    def media_type(parent: strawberry.Parent[FileRecord]) -> str:
        return parent.media_type.value

    @strawberry.field(
        description="Where to fetch it, with no token, for five minutes by default; ask again for a new link."
    )
    @staticmethod
    def url(parent: strawberry.Parent[FileRecord], info: Info) -> str | None:
        links = info.context.files
        return None if links is None else links.write(parent.id, parent.read_at)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, FileRecord)


@strawberry.type
class FileQuery:
    @strawberry.field(
        graphql_type=File | None, description="A file that you handed in, by its id; null where there is none of yours."
    )
    async def file(self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]) -> Any:
        return await info.context.batches.one(own_files, decode_as(Tag.FILE, id))
