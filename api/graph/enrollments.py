"""Enrollments: who takes part in which program, and with which parameters of their own."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.enums import EnrollmentState
from api.graph.fields import Node, identity, many, one
from api.graph.ids import Tag
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Json, Points
from domain.access.principals import Relation
from domain.programs.reading import EnrollmentRecord, parameters_of, programs_by_id


@strawberry.type(description="One dated version of the parameters made to measure for a participant.")
class EnrollmentParameters:
    version: int = strawberry.field(description="From 1 upwards.")
    values: Json = strawberry.field(description="The parameters that the terms declare, by name.")
    valid_from: datetime = strawberry.field(description="Activities from this instant on follow them.")
    vendor_consented_at: datetime | None = strawberry.field(description="When the vendor agreed, null if not yet.")
    subject_consented_at: datetime | None = strawberry.field(
        description="When the participant agreed, null if not yet."
    )
    in_force: bool = strawberry.field(description="True for the version that counts now.")


@strawberry.type(description="A member or a partner takes part in a program under one cohort.")
class Enrollment(Node):
    id = identity(Tag.ENROLLMENT)
    version: Points = strawberry.field(description="Moves with every change.")
    state: EnrollmentState = strawberry.field(description="Whether they take part.")
    cohort: str = strawberry.field(description="Which terms bind them.")
    enrolled_at: datetime = strawberry.field(description="Since when.")
    ended_at: datetime | None = strawberry.field(description="Until when, null while they take part.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who takes part, null if a firm does.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Which firm takes part, null if a person does.")
    parameter_versions = many(
        EnrollmentParameters, parameters_of, "Every version of their parameters, newest first; at most 100."
    )
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(
        graphql_type=EnrollmentParameters | None, description="The parameters that count now, null if there are none."
    )
    @staticmethod
    async def parameters(parent: strawberry.Parent[EnrollmentRecord], info: Info) -> Any:
        versions = await info.context.batches.many(parameters_of, parent.id)
        return next((version for version in versions if version.in_force), None)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, EnrollmentRecord)
