"""Terms: the versions of a program's rules."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one
from api.graph.ids import Tag, decode_as
from api.graph.scalars import Json
from api.graph.texts import LocaleArgument, exponents
from domain.programs.differences import Change, differences
from domain.programs.reading import TermsRecord, programs_by_id, terms_by_id
from domain.programs.saying import terms_sentence
from domain.programs.terms import Terms as TermsDocument


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

    @strawberry.field(description="What it pays, as sentences that are made from the rules.")
    @staticmethod
    async def sentence(parent: strawberry.Parent[TermsRecord], info: Info, locale: LocaleArgument = None) -> str:
        spoken = locale.value if locale else info.context.locale
        return terms_sentence(TermsDocument.from_json(parent.document), spoken, await exponents(info))

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, TermsRecord)


@strawberry.type(description="One field that differs between two versions of rules.")
class TermsChange:
    path: str = strawberry.field(description="Its place; rules and milestones are named by their code.")
    before: Json | None = strawberry.field(description="What it was; null where it was not there.")
    after: Json | None = strawberry.field(description="What it is; null where it is there no longer.")

    @strawberry.field(description="The change as a sentence.")
    @staticmethod
    async def text(parent: strawberry.Parent[Change], info: Info, locale: LocaleArgument = None) -> str:
        return parent.text(locale.value if locale else info.context.locale, await exponents(info))

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Change)


@strawberry.type
class TermsQuery:
    @strawberry.field(
        graphql_type=list[TermsChange] | None,
        description="What differs between two versions, field by field, at most 500; null where one may not be seen.",
    )
    async def terms_diff(
        self,
        info: Info,
        before: Annotated[strawberry.ID, strawberry.argument(name="from", description="The earlier version.")],
        after: Annotated[strawberry.ID, strawberry.argument(name="to", description="The later version.")],
    ) -> Any:
        batches = info.context.batches
        found: list[TermsDocument] = []
        for terms_id in (decode_as(Tag.TERMS, before), decode_as(Tag.TERMS, after)):
            record = await batches.one(terms_by_id, terms_id) if terms_id else None
            if record is None:
                return None
            found.append(TermsDocument.from_json(record.document))
        return differences(*found)
