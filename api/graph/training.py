"""Training: courses with their versions, who stands where with them, and how firms stand to what is required."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, many, one, wanted, wording
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Points
from domain.access.principals import Relation
from domain.programs.reading import programs_by_id
from domain.training.attempt import AttemptOutcome
from domain.training.machine import TrainingAction, TrainingState
from domain.training.reading import (
    CourseRecord,
    TrainingRecord,
    attempts_of_trainings,
    certificates_of_trainings,
    course_versions_by_id,
    courses_by_id,
    courses_page,
    requirements_by_id,
    requirements_of_courses,
    standings_page,
    trainings_by_id,
    trainings_page,
    versions_of_courses,
)


@strawberry.type(description="A course as it was from an instant on.")
class CourseVersion:
    n: int = strawberry.field(description="Its number, from 1.")
    pass_mark: int = strawberry.field(description="The score out of 100 that passes.")
    expiry_months: int | None = strawberry.field(description="How many months a certificate lasts; null: for good.")
    reminder_days: list[int] = strawberry.field(
        description="How many days before its end somebody is reminded, at most 5."
    )
    recorded_at: datetime = strawberry.field(description="Since when it holds.")


@strawberry.type(description="A tier or a program needs so many certified people of a firm.")
class CourseRequirement:
    course = one(nouns.COURSE, courses_by_id, "course_id", "The course.")
    reps_min: int = strawberry.field(description="How many people.")
    tier: str | None = strawberry.field(description="The code of the tier that needs them.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program that needs them.")
    is_active: bool = strawberry.field(description="Whether it holds now.")
    recorded_at: datetime = strawberry.field(description="Since when it has been said.")
    version: Points = strawberry.field(description="Moves with every change.")


@strawberry.type(description="Something people learn, and are certified for.")
class Course(Node):
    id = identity(Tag.COURSE)
    version: Points = strawberry.field(description="Moves with every change.")
    code: str = strawberry.field(description="Its code; rules know its certificates by it.")
    name = wording("name", "What it is called; in the viewer's own language by default.")
    n: int = strawberry.field(description="The number of the version that holds now.")
    versions = many(CourseVersion, versions_of_courses, "Its versions, newest first, at most 100.")
    requirements = many(CourseRequirement, requirements_of_courses, "What tiers and programs need, at most 20.")
    recorded_at: datetime = strawberry.field(description="Since when there is one.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, CourseRecord)


@strawberry.type(description="What somebody did with a course, as a learning system told it.")
class TrainingAttempt:
    external_id: str = strawberry.field(description="Its id in that system.")
    outcome: AttemptOutcome = strawberry.field(description="How it ended by the pass mark, or that it began.")
    score: int | None = strawberry.field(description="Out of 100.")
    at: datetime = strawberry.field(description="When it happened.")
    recorded_at: datetime = strawberry.field(description="When it was told.")


@strawberry.type(description="Somebody is certified for a span of time.")
class Certification:
    valid_from: datetime = strawberry.field(description="From when.")
    valid_until: datetime | None = strawberry.field(description="Until when, excluded; null: for good.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked.")


@strawberry.type(description="A person's way through one version of a course.")
class Training(Node):
    id = identity(Tag.TRAINING)
    version: Points = strawberry.field(description="Moves with every change.")
    course = one(nouns.COURSE, courses_by_id, "course_id", "The course.")
    course_version = one(CourseVersion, course_versions_by_id, "course_version_id", "The version of it.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who learns.")
    state: TrainingState = strawberry.field(description="Where it stands.")
    score: int | None = strawberry.field(description="Of the first pass, or else of the last attempt, out of 100.")
    passed_at: datetime | None = strawberry.field(description="When it was passed first.")
    expires_at: datetime | None = strawberry.field(description="When the certificate ends; null: never, or none.")
    revoked_at: datetime | None = strawberry.field(description="When the vendor revoked it.")
    reason: str | None = strawberry.field(description="Why it was revoked.")
    attempts = many(TrainingAttempt, attempts_of_trainings, "What was tried, newest first, at most 100.")
    certifications = many(Certification, certificates_of_trainings, "Its certificates, newest first, at most 100.")
    available_actions: list[TrainingAction] = strawberry.field(description="What you may do with it now, at most two.")
    recorded_at: datetime = strawberry.field(description="When it began.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, TrainingRecord)


@strawberry.type(description="How a firm stands to what is required, once it had anybody certified.")
class RequirementStanding:
    requirement = one(CourseRequirement, requirements_by_id, "requirement_id", "What is required.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The firm.")
    certified: int = strawberry.field(description="How many of its people are certified.")
    is_met: bool = strawberry.field(description="Whether they are enough.")
    changed_at: datetime = strawberry.field(description="Since when it stands so.")
    relation: Relation = strawberry.field(description="How you stand to the firm.")


@strawberry.input(name="TrainingFilter", description="Only those that match everything said.")
class TrainingFilterInput:
    state: TrainingState | None = strawberry.field(default=None, description="Where they stand.")
    course_id: strawberry.ID | None = strawberry.field(default=None, description="Of this course.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="This person's.")


@strawberry.type
class TrainingQuery:
    @strawberry.field(graphql_type=Connection[Course] | None, description="All courses, in order of their codes.")
    async def courses(self, info: Info, first: First = 25, after: After = None) -> Page[Any]:
        last = read_cursor(after, str)
        rows = await courses_page(info.context.database, after=last[0] if last else None, limit=limit_of(first))
        return page_of(rows, first=first, after=after, key=lambda row: (row.code,))

    @strawberry.field(graphql_type=Course | None, description="A course by its id; null where there is none.")
    async def course(self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]) -> Any:
        return await info.context.batches.one(courses_by_id, decode_as(Tag.COURSE, id))

    @strawberry.field(
        graphql_type=Connection[Training] | None,
        description="Trainings, newest first: your own, your firm's people's, or those of the partners you answer for.",
    )
    async def trainings(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[TrainingFilterInput | None, strawberry.argument(description="Only those that match.")] = None,
    ) -> Page[Any]:
        rows = await trainings_page(
            info.context.database,
            info.context.actor,
            state=filter.state if filter else None,
            course_id=wanted(Tag.COURSE, filter.course_id) if filter else None,
            member_id=wanted(Tag.MEMBER, filter.member_id) if filter else None,
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(
        graphql_type=Training | None, description="A training by its id; null where there is none for you."
    )
    async def training(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(trainings_by_id, decode_as(Tag.TRAINING, id))

    @strawberry.field(
        graphql_type=Connection[RequirementStanding] | None,
        description="How firms stand to what tiers and programs need of them: your firm, or those you answer for.",
    )
    async def requirement_standings(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        is_met: Annotated[bool | None, strawberry.argument(description="Only those that are met, or not.")] = None,
        course_id: IdArgument = None,
    ) -> Page[Any]:
        last = read_cursor(after, UUID)
        rows = await standings_page(
            info.context.database,
            info.context.actor,
            is_met=is_met,
            course_id=wanted(Tag.COURSE, course_id),
            after=last[0] if last else None,
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.id,))
