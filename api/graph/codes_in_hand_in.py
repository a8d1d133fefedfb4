"""Mutations of codes in members' hands: shown to their owner, reported where they do not work, and settled."""

from datetime import date
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fulfilment import CodeProblem
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from catalog.codes.records import Problem
from catalog.redemptions.problems import Settlement, report_code_problem, settle_code_problem
from catalog.redemptions.queues import code_problems_by_id
from catalog.redemptions.reading import lines_by_id
from catalog.redemptions.refusals import ActionNotAvailable, NoCodeLeft, ProblemOpen, ProblemSettled
from catalog.redemptions.revealing import reveal
from domain.access.refusals import RateLimited
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="The line whose code is to be shown.")
class RevealVoucherCodeInput:
    idempotency_key: str = key_field()
    line_id: strawberry.ID = strawberry.field(description="Your line.")


@strawberry.input(description="A code that does not work.")
class ReportCodeProblemInput:
    idempotency_key: str = key_field()
    line_id: strawberry.ID = strawberry.field(description="Your line.")
    problem: Problem = strawberry.field(description="What is wrong; RECALLED is not yours to say.")
    note: str = strawberry.field(default="", description="What you add, at most 500 characters.")


@strawberry.input(description="How a problem ends.")
class SettleCodeProblemInput:
    idempotency_key: str = key_field()
    problem_id: strawberry.ID = strawberry.field(description="The open problem.")
    settlement: Settlement = strawberry.field(description="Another code, the points back, or neither.")
    answer: str | None = strawberry.field(
        default=None, description="What the owner is answered, 1 to 500 characters; needed to REJECT."
    )


@strawberry.type(description="The code, once: keep it, and store it nowhere that others read.")
class RevealVoucherCodeSuccess:
    line: Any = strawberry.field(graphql_type=nouns.REDEMPTION_LINE | None, description="The line as it stands now.")
    voucher_code: str | None = strawberry.field(description="The code, if it has one.")
    pin: str | None = strawberry.field(description="Its PIN, if it has one.")
    url: str | None = strawberry.field(description="The link where it is claimed, if it has one.")
    serial: str | None = strawberry.field(description="Its serial number, if it has one.")
    expires_on: date | None = strawberry.field(description="The last day it is good, if it ends.")


@strawberry.type(description="Somebody will look at it.")
class ReportCodeProblemSuccess:
    problem: CodeProblem | None = strawberry.field(description="The problem.")


@strawberry.type(description="The problem is settled.")
class SettleCodeProblemSuccess:
    problem: CodeProblem | None = strawberry.field(description="The problem.")


@strawberry.type
class CodesInHandMutation:
    @mutation(
        RevealVoucherCodeSuccess,
        NotFound,
        InvalidInput,
        ActionNotAvailable,
        RateLimited,
        KeyReused,
        description="Shows a code to its owner, and to nobody else ever; the same key shows it again, free of limits.",
    )
    async def reveal_voucher_code(self, info: Info, input: RevealVoucherCodeInput) -> Any:
        context = info.context
        line_id = sure(Tag.REDEMPTION_LINE, input.line_id, "line")
        shown = await reveal(context.door, context.actor, keyed(input), context.keyring, line_id, context.shop)
        return RevealVoucherCodeSuccess(
            line=await context.batches.one(lines_by_id, line_id),
            voucher_code=shown.goods.code,
            pin=shown.goods.pin,
            url=shown.goods.url,
            serial=shown.goods.serial,
            expires_on=shown.goods.expires_on,
        )

    @mutation(
        ReportCodeProblemSuccess,
        NotFound,
        InvalidInput,
        ActionNotAvailable,
        ProblemOpen,
        KeyReused,
        description="Tells the vendor that your code does not work.",
    )
    async def report_code_problem(self, info: Info, input: ReportCodeProblemInput) -> Any:
        context = info.context
        done = await report_code_problem(
            context.door,
            context.actor,
            keyed(input),
            line_id=sure(Tag.REDEMPTION_LINE, input.line_id, "line"),
            problem=input.problem,
            note=input.note,
        )
        return ReportCodeProblemSuccess(problem=await _problem(info, done.facts["problem_id"]))

    @mutation(
        SettleCodeProblemSuccess,
        NotFound,
        InvalidInput,
        ActionNotAvailable,
        ProblemSettled,
        NoCodeLeft,
        KeyReused,
        description="Replaces a code that does not work, gives the points back, or says why not.",
    )
    async def settle_code_problem(self, info: Info, input: SettleCodeProblemInput) -> Any:
        context = info.context
        done = await settle_code_problem(
            context.door,
            context.actor,
            keyed(input),
            problem_id=sure(Tag.CODE_PROBLEM, input.problem_id, "code problem"),
            settlement=input.settlement,
            answer=input.answer,
        )
        return SettleCodeProblemSuccess(problem=await _problem(info, done.facts["problem_id"]))


async def _problem(info: Info, problem_id: str) -> Any:
    return await info.context.batches.one(code_problems_by_id, UUID(problem_id))
