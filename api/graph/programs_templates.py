"""Templates of programs: the forms from which a vendor makes drafts."""

from typing import Any

import strawberry

from api.graph.context import Info
from api.graph.fields import wording
from api.graph.scalars import Json, Points
from api.graph.texts import LocaleArgument, exponents
from domain.programs.program import Audience
from domain.programs.saying import terms_sentence
from domain.programs.templates.form import FieldKind, Template
from domain.programs.templates.registry import TEMPLATES, example_of


@strawberry.type(description="One value that a field of kind CHOICE may have.")
class TemplateChoice:
    code: str = strawberry.field(description="The value to send.")
    label = wording("label", "What it means.")


@strawberry.type(description="One field of a template's form.")
class TemplateField:
    name: str = strawberry.field(description="Its name in `values`.")
    kind: FieldKind = strawberry.field(description="What it holds.")
    label = wording("label", "What to write beside it.")
    help = wording("help", "What it does, in one sentence.")
    default: Json | None = strawberry.field(description="What stands in where it is left out, null for nothing.")
    minimum: Points | None = strawberry.field(description="The least value of a number.")
    maximum: Points | None = strawberry.field(description="The highest value of a number.")
    is_required: bool = strawberry.field(description="True where it has no default.")
    choices: list[TemplateChoice] = strawberry.field(description="What a CHOICE may be, at most 20.")


@strawberry.type(description="A kind of program: a form, from whose values `instantiateTemplate` makes a draft.")
class ProgramTemplate:
    code: str = strawberry.field(description="Its code.")
    row: str = strawberry.field(description="The row of the guide to kinds of programs, for example R5.")
    name = wording("name", "What it is called.")
    description = wording("description", "When to use it.")
    default_unit: str = strawberry.field(description="The unit it awards unless another is given.")
    audience: Audience = strawberry.field(description="Who earns unless something else is given.")
    fields: list[TemplateField] = strawberry.field(description="Its form, at most 20 fields.")

    @strawberry.field(description="What its terms pay with every default, as sentences.")
    @staticmethod
    async def sentence(parent: strawberry.Parent[Template], info: Info, locale: LocaleArgument = None) -> str:
        spoken = locale.value if locale else info.context.locale
        return terms_sentence(example_of(parent), spoken, await exponents(info))

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Template)


@strawberry.type
class ProgramTemplateQuery:
    @strawberry.field(
        graphql_type=list[ProgramTemplate], description="Every template there is, one for each kind; at most 100."
    )
    @staticmethod
    def program_templates() -> Any:
        return TEMPLATES
