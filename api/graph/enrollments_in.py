"""Mutations of enrollments: taking part, and parameters that both sides consent to."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.scalars import Json
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.programs.enrolling import accept_parameters, enroll, propose_parameters
from domain.programs.reading import enrollments_by_id
from domain.programs.refusals import AlreadyEnrolled, NothingToAccept, ParametersRefused


@strawberry.input(description="Who is to take part.")
class EnrollInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="The person, unless it is a firm.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="The firm, unless it is a person.")
    cohort: str = strawberry.field(default="standard", description="Which terms bind them.")
    parameters: Json | None = strawberry.field(
        default=None, description="Their own parameters, by the names the terms declare; they wait for consent."
    )
    enrolled_at: datetime | None = strawberry.field(default=None, description="Since when; by default from now.")


@strawberry.input(description="Other parameters for a participant.")
class ProposeParametersInput:
    idempotency_key: str = key_field()
    enrollment_id: strawberry.ID = strawberry.field(description="The enrollment.")
    values: Json = strawberry.field(description="The parameters by name, whole.")
    valid_from: datetime | None = strawberry.field(default=None, description="Since when; by default from now.")


@strawberry.input(description="Consent to what was proposed.")
class AcceptParametersInput:
    idempotency_key: str = key_field()
    enrollment_id: strawberry.ID = strawberry.field(description="The enrollment.")


@strawberry.type(description="They take part, or will once they consent.")
class EnrollSuccess:
    enrollment: Any = strawberry.field(graphql_type=nouns.ENROLLMENT, description="The enrollment.")


@strawberry.type(description="The parameters wait for the participant's consent.")
class ProposeParametersSuccess:
    enrollment: Any = strawberry.field(graphql_type=nouns.ENROLLMENT, description="The enrollment.")


@strawberry.type(description="The parameters hold.")
class AcceptParametersSuccess:
    enrollment: Any = strawberry.field(graphql_type=nouns.ENROLLMENT, description="The enrollment.")


@strawberry.type
class EnrollmentMutation:
    @mutation(
        EnrollSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        AlreadyEnrolled,
        ParametersRefused,
        description="A member or a firm takes part in a program.",
    )
    async def enroll(self, info: Info, input: EnrollInput) -> Any:
        context = info.context
        if (input.member_id is None) == (input.partner_id is None):
            raise InvalidInput(field="memberId", problem="name a member or a partner, one of them")
        made = await enroll(
            context.door,
            context.actor,
            keyed(input),
            program_id=sure(Tag.PROGRAM, input.program_id, "program"),
            subject_kind="MEMBER" if input.member_id else "PARTNER",
            subject_id=(
                sure(Tag.MEMBER, input.member_id, "member")
                if input.member_id
                else sure(Tag.PARTNER, input.partner_id or "", "partner")
            ),
            cohort=input.cohort,
            parameters=json_object(input.parameters, "parameters") if input.parameters is not None else None,
            enrolled_at=input.enrolled_at,
        )
        return EnrollSuccess(enrollment=await _enrollment(info, UUID(made.facts["enrollment_id"])))

    @mutation(
        ProposeParametersSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ParametersRefused,
        description="Other parameters wait for the participant's consent; until then the former hold.",
    )
    async def propose_parameters(self, info: Info, input: ProposeParametersInput) -> Any:
        context = info.context
        enrollment_id = await _theirs(info, input.enrollment_id)
        await propose_parameters(
            context.door,
            context.actor,
            keyed(input),
            enrollment_id=enrollment_id,
            parameters=json_object(input.values, "values"),
            valid_from=input.valid_from,
        )
        return ProposeParametersSuccess(enrollment=await _enrollment(info, enrollment_id))

    @mutation(
        AcceptParametersSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        NothingToAccept,
        description="The participant consents to everything that was proposed.",
    )
    async def accept_parameters(self, info: Info, input: AcceptParametersInput) -> Any:
        context = info.context
        enrollment_id = await _theirs(info, input.enrollment_id)
        await accept_parameters(context.door, context.actor, keyed(input), enrollment_id=enrollment_id)
        return AcceptParametersSuccess(enrollment=await _enrollment(info, enrollment_id))


async def _theirs(info: Info, text: str) -> UUID:
    """The enrollment, if it is the actor's to see. Refuses: NotFound."""
    enrollment_id = sure(Tag.ENROLLMENT, text, "enrollment")
    asked = (info.context.actor, enrollment_id)
    if asked not in await enrollments_by_id(info.context.database, [asked]):
        raise NotFound(kind="enrollment", id=str(enrollment_id))
    return enrollment_id


async def _enrollment(info: Info, enrollment_id: UUID) -> Any:
    return await info.context.batches.one(enrollments_by_id, enrollment_id)
