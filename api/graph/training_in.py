"""Mutations of training: the vendor defines, requires and revokes; people enroll and begin; learning systems report."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag, decode_as
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import at_most_a_batch, json_object, keyed, mutation, source_of, sure
from api.graph.refusing import Refusal, Told
from api.graph.scalars import Json
from domain.activities.mapping_document import row_mapping
from domain.activities.refusals import BatchTooLarge, InvalidMapping, UnknownSource
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.kernel.refusals import Refusal as DomainRefusal
from domain.training.attempt import AttemptOutcome
from domain.training.course import CourseSaid
from domain.training.defining import define_course
from domain.training.learning import enroll_in_course, start_course
from domain.training.machine import TrainingState
from domain.training.reading import courses_by_id, trainings_by_id
from domain.training.recording import AttemptItem, AttemptResult, AttemptTold, record_attempts
from domain.training.refusals import TrainingActionNotAvailable
from domain.training.requiring import require_certificates
from domain.training.revoking import revoke_certificate
from domain.training.statements import attempt_of, attempts_of_csv


@strawberry.input(description="What a course is from now on.")
class DefineCourseInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(description="Its code, a-z, 0-9 and _, at most 20 characters; it never changes.")
    name: LocalizedTextInput = strawberry.field(description="What it is called, at most 200 characters a language.")
    pass_mark: int = strawberry.field(description="The score out of 100 that passes.")
    expiry_months: int | None = strawberry.field(
        default=None, description="How many months a certificate lasts, 1 to 120; null: for good."
    )
    reminder_days: list[int] = strawberry.field(
        default_factory=list[int], description="How many days before its end to remind, at most 5, each 1 to 365."
    )


@strawberry.input(description="What a tier or a program needs of a firm.")
class RequireCertificatesInput:
    idempotency_key: str = key_field()
    course_id: strawberry.ID = strawberry.field(description="The course.")
    reps_min: int = strawberry.field(description="How many certified people, 1 to 10,000.")
    tier: str | None = strawberry.field(default=None, description="The code of the tier that needs them.")
    program_id: strawberry.ID | None = strawberry.field(default=None, description="Or the program.")
    is_active: bool = strawberry.field(default=True, description="False: it needs them no longer.")


@strawberry.input(description="Somebody takes a course up.")
class EnrollInCourseInput:
    idempotency_key: str = key_field()
    course_id: strawberry.ID = strawberry.field(description="The course.")
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="A colleague, for a firm's administrators to name; by default you."
    )


@strawberry.input(description="You begin a course.")
class StartCourseInput:
    idempotency_key: str = key_field()
    training_id: strawberry.ID = strawberry.field(description="Your training.")


@strawberry.input(description="A certificate that is taken away.")
class RevokeCertificateInput:
    idempotency_key: str = key_field()
    training_id: strawberry.ID = strawberry.field(description="The training.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")
    takes_back: bool = strawberry.field(default=True, description="Whether what passing earned is taken back.")


@strawberry.input(description="What somebody did with a course, as your system knows it.")
class AttemptInput:
    external_id: str = strawberry.field(description="Its id in your system, 1 to 128 characters.")
    course: str = strawberry.field(description="The code of the course.")
    outcome: AttemptOutcome = strawberry.field(description="How it ended; where there is a score, the score decides.")
    at: datetime = strawberry.field(description="When it happened; at most five minutes ahead.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="Who, by our id.")
    member_external_id: str | None = strawberry.field(default=None, description="Or by your source's id.")
    email: str | None = strawberry.field(default=None, description="Or by an address that one person alone has.")
    score: int | None = strawberry.field(default=None, description="Out of 100.")
    version: int | None = strawberry.field(
        default=None, description="The number of the course's version; by default the one that held then."
    )

    def told(self) -> AttemptTold:
        """As the room takes it."""
        named = self.member_id if self.member_id is not None else self.member_external_id
        found = (decode_as(Tag.MEMBER, self.member_id) or self.member_id) if self.member_id is not None else named
        return AttemptTold(
            external_id=self.external_id,
            course=self.course,
            member=found,
            email=self.email,
            at=self.at,
            outcome=self.outcome,
            score=self.score,
            version=self.version,
        )


@strawberry.input(description="Attempts to record.")
class RecordAttemptsInput:
    source_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where they come from; not needed for a key that is bound to a source."
    )
    items: list[AttemptInput] = strawberry.field(description="1 to 1,000 attempts, in one transaction.")


@strawberry.input(description="xAPI statements to record.")
class RecordStatementsInput:
    source_id: strawberry.ID | None = strawberry.field(default=None, description="Where they come from.")
    statements: list[Json] = strawberry.field(description="1 to 1,000 xAPI statements, each an object.")


@strawberry.input(description="A CSV file of attempts.")
class ImportAttemptsInput:
    source_id: strawberry.ID | None = strawberry.field(default=None, description="Where they come from.")
    csv: str = strawberry.field(description="The file with its header, at most 1 MB and 1,000 rows.")
    mapping: Json = strawberry.field(description="What its columns mean: a mapping document, as imports have it.")


@strawberry.type(description="What became of one attempt; one bad item never loses the others.")
class AttemptReported:
    external_id: str = strawberry.field(description="The item's id in your system; empty where it could not be read.")
    result: AttemptResult = strawberry.field(description="What became of it.")
    state: TrainingState | None = strawberry.field(description="Where the person stands now, if it was recorded.")

    @strawberry.field(graphql_type=Refusal | None, description="Why it was rejected, else null.")
    @staticmethod
    def refusal(parent: strawberry.Parent[AttemptItem], info: Info) -> Any:
        return Told(refusal=parent.refusal, locale=info.context.locale) if parent.refusal else None


def _course_field() -> Any:
    return strawberry.field(graphql_type=nouns.COURSE | None, description="The course as it stands now.")


def _training_field() -> Any:
    return strawberry.field(
        graphql_type=nouns.TRAINING | None, description="The training as it stands now; null if not yours to see."
    )


@strawberry.type(description="The course is as said.")
class DefineCourseSuccess:
    course: Any = _course_field()


@strawberry.type(description="The tier or program needs them.")
class RequireCertificatesSuccess:
    course: Any = _course_field()


@strawberry.type(description="It is ENROLLED, or stands where it stood.")
class EnrollInCourseSuccess:
    training: Any = _training_field()


@strawberry.type(description="It is IN_PROGRESS.")
class StartCourseSuccess:
    training: Any = _training_field()


@strawberry.type(description="It is REVOKED.")
class RevokeCertificateSuccess:
    training: Any = _training_field()


@strawberry.type(description="Every item has ended.")
class RecordAttemptsSuccess:
    results: list[AttemptReported] = strawberry.field(description="In the order of the items, at most 1,000.")


@strawberry.type(description="Every statement has ended.")
class RecordStatementsSuccess(RecordAttemptsSuccess):
    pass


@strawberry.type(description="Every row has ended, but those that the mapping skips.")
class ImportAttemptsSuccess(RecordAttemptsSuccess):
    pass


@strawberry.type
class TrainingMutation:
    @mutation(
        DefineCourseSuccess,
        InvalidInput,
        KeyReused,
        description="Says what a course is. Another pass mark, expiry or reminders make another version of it.",
    )
    async def define_course(self, info: Info, input: DefineCourseInput) -> Any:
        context = info.context
        said = CourseSaid(
            code=input.code,
            name=input.name.texts(),
            pass_mark=input.pass_mark,
            expiry_months=input.expiry_months,
            reminder_days=tuple(input.reminder_days),
        )
        done = await define_course(context.door, context.actor, keyed(input), said)
        return DefineCourseSuccess(course=await _course(info, done))

    @mutation(
        RequireCertificatesSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Says how many certified people of a firm a tier or a program needs; who lacks them is told.",
    )
    async def require_certificates(self, info: Info, input: RequireCertificatesInput) -> Any:
        context = info.context
        done = await require_certificates(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.COURSE, input.course_id, "course"),
            reps_min=input.reps_min,
            tier=input.tier,
            program_id=sure(Tag.PROGRAM, input.program_id, "program") if input.program_id else None,
            is_active=input.is_active,
        )
        return RequireCertificatesSuccess(course=await _course(info, done))

    @mutation(
        RevokeCertificateSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        TrainingActionNotAvailable,
        description="Takes a certificate away, and what passing earned.",
    )
    async def revoke_certificate(self, info: Info, input: RevokeCertificateInput) -> Any:
        context = info.context
        done = await revoke_certificate(
            context.door,
            context.knowledge,
            context.actor,
            keyed(input),
            sure(Tag.TRAINING, input.training_id, "training"),
            reason=input.reason,
            takes_back=input.takes_back,
        )
        return RevokeCertificateSuccess(training=await _training(info, done))

    @mutation(
        EnrollInCourseSuccess, NotFound, InvalidInput, KeyReused, description="Takes a course up, in today's version."
    )
    async def enroll_in_course(self, info: Info, input: EnrollInCourseInput) -> Any:
        context = info.context
        course_id = sure(Tag.COURSE, input.course_id, "course")
        member_id = sure(Tag.MEMBER, input.member_id, "member") if input.member_id else None
        done = await enroll_in_course(context.door, context.actor, keyed(input), course_id, member_id=member_id)
        return EnrollInCourseSuccess(training=await _training(info, done))

    @mutation(
        StartCourseSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        TrainingActionNotAvailable,
        description="Begins a course, or begins it again after failing.",
    )
    async def start_course(self, info: Info, input: StartCourseInput) -> Any:
        context = info.context
        training_id = sure(Tag.TRAINING, input.training_id, "training")
        done = await start_course(context.door, context.actor, keyed(input), training_id)
        return StartCourseSuccess(training=await _training(info, done))


REFUSED = (NotFound, InvalidInput, BatchTooLarge, UnknownSource)


@strawberry.type
class AttemptMutation:
    @mutation(
        RecordAttemptsSuccess,
        *REFUSED,
        description="Records what people did with courses; the same again changes nothing: (source, externalId) is the"
        " key, in any order. What is passed for the first time is rewarded in the same transaction.",
    )
    async def record_attempts(self, info: Info, input: RecordAttemptsInput) -> Any:
        at_most_a_batch(input.items, "items")
        return RecordAttemptsSuccess(results=await _recorded(info, input.source_id, [i.told() for i in input.items]))

    @mutation(RecordStatementsSuccess, *REFUSED, description="As recordAttempts, from xAPI statements.")
    async def record_statements(self, info: Info, input: RecordStatementsInput) -> Any:
        at_most_a_batch(input.statements, "statements")
        items = [attempt_of(json_object(statement, "statements")) for statement in input.statements]
        return RecordStatementsSuccess(results=await _recorded(info, input.source_id, items))

    @mutation(
        ImportAttemptsSuccess,
        *REFUSED,
        InvalidMapping,
        description="As recordAttempts, from a CSV file whose columns a mapping explains.",
    )
    async def import_attempts(self, info: Info, input: ImportAttemptsInput) -> Any:
        mapping = row_mapping(json_object(input.mapping, "mapping"))
        items = attempts_of_csv(input.csv, mapping)
        return ImportAttemptsSuccess(results=await _recorded(info, input.source_id, items))


async def _recorded(info: Info, source_id: str | None, items: list[AttemptTold | DomainRefusal]) -> Any:
    context = info.context
    source = source_of(context.actor, source_id)
    return await record_attempts(context.door, context.knowledge, context.actor, source, items)


async def _course(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(courses_by_id, UUID(done.facts["course_id"]))


async def _training(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(trainings_by_id, UUID(done.facts["training_id"]))
