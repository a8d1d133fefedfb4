"""Terms: the versions of a program's rules."""

from datetime import datetime

import strawberry

from api.graph import nouns
from api.graph.fields import Node, identity, one
from api.graph.ids import Tag
from api.graph.scalars import Json
from domain.programs.reading import TermsRecord, programs_by_id


@strawberry.type(description="One immutable version of a program's rules for one cohort.")
class Terms(Node):
    id = identity(Tag.TERMS)
    version: int = strawberry.field(description="From 1 upwards, within the program.")
    cohort: str = strawberry.field(description="Whom it binds; `standard` for everybody else.")
    effective_from: datetime = strawberry.field(description="Activities from this instant on follow it.")
    effective_until: datetime | None = strawberry.field(
        description="Activities before this instant do; null for no end."
    )
    published_at: datetime | None = strawberry.field(description="When it was published, null for a draft.")
    document: Json | None = strawberry.field(
        description="The rules as data: triggers, conditions, effects, caps, hold, expiry."
    )
    triggers: list[str] = strawberry.field(description="The activity types its rules react to, at most 100.")
    digest: str = strawberry.field(description="SHA-256 of the document, 64 hexadecimal digits.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, TermsRecord)
