"""Mutations of rebates: the vendor defines, targets, approves and reopens; the partner accepts or disputes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.readings import partner_by_id
from api.graph.rebates import RebatePeriod
from api.graph.scalars import Points
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.payouts.refusals import PayoutActionNotAvailable
from domain.programs.reading import enrollments_by_id, programs_by_id
from domain.programs.refusals import ParametersRefused
from domain.rebates.deciding import (
    accept_rebate,
    answer_rebate_dispute,
    approve_rebate,
    dispute_rebate,
    reopen_rebate,
)
from domain.rebates.defining import define_rebate, group_partner, propose_target
from domain.rebates.reading import periods_by_id
from domain.rebates.refusals import RebateActionNotAvailable, RebateRuleUnfit


@strawberry.input(description="A program that is a rebate.")
class DefineRebateInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program; its terms are published.")
    rule: str = strawberry.field(
        description="Code of the rule: BRACKETS per QUARTER or YEAR, subject and one beneficiary PARTNER."
    )
    dispute_days: int = strawberry.field(default=14, description="How long a partner may dispute, 0 to 90 days.")
    pass_through_ppm: int | None = strawberry.field(
        default=None, description="The part that partners pass on to customers, in millionths; recorded, not paid."
    )


@strawberry.input(description="Who counts together.")
class GroupPartnerInput:
    idempotency_key: str = key_field()
    partner_id: strawberry.ID = strawberry.field(description="Whose sales.")
    group_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner for whom they count, where rules aggregate groups; null: itself."
    )
    since: datetime | None = strawberry.field(default=None, description="From when on; by default, and at least: now.")


@strawberry.input(description="A target made to measure.")
class ProposeRebateTargetInput:
    idempotency_key: str = key_field()
    enrollment_id: strawberry.ID = strawberry.field(description="The partner's enrollment in the program.")
    at: datetime = strawberry.field(description="An instant in the period it is for.")
    target: Points | None = strawberry.field(default=None, description="For a whole period.")
    growth_ppm: int | None = strawberry.field(
        default=None, description="Or: last year's total and so many millionths more, at most ten times as much more."
    )


@strawberry.input(description="Figures that you agree with.")
class AcceptRebateInput:
    idempotency_key: str = key_field()
    period_id: strawberry.ID = strawberry.field(description="The period.")


@strawberry.input(description="Figures that you do not agree with.")
class DisputeRebateInput:
    idempotency_key: str = key_field()
    period_id: strawberry.ID = strawberry.field(description="The period.")
    note: str = strawberry.field(description="What is wrong, 1 to 2,000 characters.")


@strawberry.input(description="Your answer to a dispute.")
class AnswerRebateDisputeInput:
    idempotency_key: str = key_field()
    period_id: strawberry.ID = strawberry.field(description="The period.")
    upheld: bool = strawberry.field(description="True: the partner is right, and it is calculated again.")
    answer: str = strawberry.field(description="What you say to it, 1 to 2,000 characters.")


@strawberry.input(description="A period that is to be paid.")
class ApproveRebateInput:
    idempotency_key: str = key_field()
    period_id: strawberry.ID = strawberry.field(description="The period.")


@strawberry.input(description="A period that is to be calculated again.")
class ReopenRebateInput:
    idempotency_key: str = key_field()
    period_id: strawberry.ID = strawberry.field(description="The period.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


def _period_field() -> Any:
    return strawberry.field(graphql_type=RebatePeriod | None, description="The period as it stands now.")


@strawberry.type(description="The program is a rebate.")
class DefineRebateSuccess:
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM | None, description="The program.")


@strawberry.type(description="They count together.")
class GroupPartnerSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER | None, description="The partner.")


@strawberry.type(description="The target waits for the partner's consent.")
class ProposeRebateTargetSuccess:
    enrollment: Any = strawberry.field(graphql_type=nouns.ENROLLMENT | None, description="The enrollment.")


@strawberry.type(description="It may be approved.")
class AcceptRebateSuccess:
    period: Any = _period_field()


@strawberry.type(description="The vendor answers before anything is paid.")
class DisputeRebateSuccess:
    period: Any = _period_field()


@strawberry.type(description="The dispute is answered.")
class AnswerRebateDisputeSuccess:
    period: Any = _period_field()


@strawberry.type(description="It is APPROVED with a draft of its payout, or PAID where nothing is outstanding.")
class ApproveRebateSuccess:
    period: Any = _period_field()


@strawberry.type(description="It is REOPENED.")
class ReopenRebateSuccess:
    period: Any = _period_field()


@strawberry.type
class RebateMutation:
    @mutation(
        DefineRebateSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RebateRuleUnfit,
        description="Makes a program a rebate that is reviewed, disputed, approved and paid by period.",
    )
    async def define_rebate(self, info: Info, input: DefineRebateInput) -> Any:
        context = info.context
        done = await define_rebate(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.PROGRAM, input.program_id, "program"),
            rule=input.rule,
            dispute_days=input.dispute_days,
            pass_through_ppm=input.pass_through_ppm,
        )
        return DefineRebateSuccess(program=await context.batches.one(programs_by_id, UUID(done.facts["program_id"])))

    @mutation(
        GroupPartnerSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Lets a partner's sales count for the head of its group from now on, where rules aggregate groups.",
    )
    async def group_partner(self, info: Info, input: GroupPartnerInput) -> Any:
        context = info.context
        done = await group_partner(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.PARTNER, input.partner_id, "partner"),
            group_id=sure(Tag.PARTNER, input.group_id, "partner") if input.group_id else None,
            since=input.since,
        )
        return GroupPartnerSuccess(partner=await context.batches.one(partner_by_id, UUID(done.facts["partner_id"])))

    @mutation(
        ProposeRebateTargetSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RebateRuleUnfit,
        ParametersRefused,
        description="Proposes an enrolled partner its target of a period, in part where it joined inside of it.",
    )
    async def propose_rebate_target(self, info: Info, input: ProposeRebateTargetInput) -> Any:
        context = info.context
        done = await propose_target(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.ENROLLMENT, input.enrollment_id, "enrollment"),
            at=input.at,
            target=input.target,
            growth_ppm=input.growth_ppm,
        )
        enrollment = await context.batches.one(enrollments_by_id, UUID(done.facts["enrollment_id"]))
        return ProposeRebateTargetSuccess(enrollment=enrollment)

    @mutation(
        AcceptRebateSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RebateActionNotAvailable,
        description="Agrees with the final figures of your firm's period.",
    )
    async def accept_rebate(self, info: Info, input: AcceptRebateInput) -> Any:
        context = info.context
        done = await accept_rebate(context.door, context.actor, keyed(input), _period_id(input.period_id))
        return AcceptRebateSuccess(period=await _period(info, done))

    @mutation(
        DisputeRebateSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RebateActionNotAvailable,
        description="Disputes the final figures of your firm's period, in time.",
    )
    async def dispute_rebate(self, info: Info, input: DisputeRebateInput) -> Any:
        context = info.context
        done = await dispute_rebate(context.door, context.actor, keyed(input), _period_id(input.period_id), input.note)
        return DisputeRebateSuccess(period=await _period(info, done))

    @mutation(
        AnswerRebateDisputeSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RebateActionNotAvailable,
        description="Answers a dispute: the period is calculated again, or its figures stand.",
    )
    async def answer_rebate_dispute(self, info: Info, input: AnswerRebateDisputeInput) -> Any:
        context = info.context
        done = await answer_rebate_dispute(
            context.door,
            context.actor,
            keyed(input),
            _period_id(input.period_id),
            upheld=input.upheld,
            answer=input.answer,
        )
        return AnswerRebateDisputeSuccess(period=await _period(info, done))

    @mutation(
        ApproveRebateSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RebateActionNotAvailable,
        description="Approves a period that its partner accepted, or no longer may dispute, and drafts its payout.",
    )
    async def approve_rebate(self, info: Info, input: ApproveRebateInput) -> Any:
        context = info.context
        done = await approve_rebate(context.door, context.actor, keyed(input), _period_id(input.period_id))
        return ApproveRebateSuccess(period=await _period(info, done))

    @mutation(
        ReopenRebateSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RebateActionNotAvailable,
        PayoutActionNotAvailable,
        description="Reopens a period: it is calculated and reviewed again, and the difference is paid.",
    )
    async def reopen_rebate(self, info: Info, input: ReopenRebateInput) -> Any:
        context = info.context
        done = await reopen_rebate(context.door, context.actor, keyed(input), _period_id(input.period_id), input.reason)
        return ReopenRebateSuccess(period=await _period(info, done))


def _period_id(text: str) -> UUID:
    return sure(Tag.REBATE_PERIOD, text, "rebate period")


async def _period(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(periods_by_id, UUID(done.facts["period_id"]))
