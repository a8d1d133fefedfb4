"""Mutations by which the vendor handles claims: taken up, asked back, decided one or many at once, reversed."""

from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.claims import ClaimConflict
from api.graph.claims_in import claim_field, claim_told
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.refusing import Refusal, Told
from domain.claims.claim import RejectionReason, ReversalReason
from domain.claims.deciding import Decision, Verdict, approve_claims, decide_claim
from domain.claims.deciding_conflicts import Winner, decide_conflict
from domain.claims.queues import conflicts_by_id
from domain.claims.reading import claims_by_id
from domain.claims.refusals import ClaimInConflict, ClaimNotInState, ConflictDecided, RulesNotOfCampaign
from domain.claims.reversing import reverse_claim
from domain.claims.reviewing import request_information, review_claim
from domain.earning.refusals import UnitIsFull
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound, refusal_again

LINES_SAY = "Which approved lines, at most 10; all, if none are named."


@strawberry.input(description="Takes a claim up.")
class ReviewClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")


@strawberry.input(description="Asks the claimant for more.")
class RequestClaimInformationInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    question: str = strawberry.field(description="What is missing, 1 to 500 characters.")


@strawberry.input(description="What becomes of one line.")
class ClaimVerdictInput:
    line_id: strawberry.ID = strawberry.field(description="An open line.")
    rejected: RejectionReason | None = strawberry.field(default=None, description="Why not; without, it is approved.")


@strawberry.input(description="Decides lines of a claim.")
class DecideClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    lines: list[ClaimVerdictInput] | None = strawberry.field(
        default=None, description="Lines, at most 10, others stay open; without, all open lines are approved."
    )
    note: str | None = strawberry.field(default=None, description="For the claimant, at most 500 characters.")


@strawberry.input(description="Approves claims whole.")
class ApproveClaimsInput:
    idempotency_key: str = key_field()
    claim_ids: list[strawberry.ID] = strawberry.field(description="Different claims, at most 100.")


@strawberry.input(description="Takes approved lines back.")
class ReverseClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    line_ids: list[strawberry.ID] | None = strawberry.field(default=None, description=LINES_SAY)
    reason: ReversalReason = strawberry.field(description="Why: it is shown to the claimant.")
    note: str | None = strawberry.field(default=None, description="For the claimant, at most 500 characters.")


@strawberry.input(description="Decides who of two claimed a sale.")
class DecideClaimConflictInput:
    idempotency_key: str = key_field()
    conflict_id: strawberry.ID = strawberry.field(description="The conflict.")
    winner: Winner = strawberry.field(description="For whom; BOTH: it is not the same sale.")
    reason: str = strawberry.field(description="Why, for the vendor's own record, 1 to 500 characters.")


@strawberry.type(description="It is in review.")
class ReviewClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="The claimant was asked.")
class RequestClaimInformationSuccess:
    claim: Any = claim_field()


@strawberry.type(description="The lines are decided; what is approved has earned.")
class DecideClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="What became of one claim.")
class ClaimApproval:
    claim: Any = strawberry.field(graphql_type=nouns.CLAIM | None, description="The claim as it stands now.")
    refusal: Any = strawberry.field(graphql_type=Refusal | None, description="Why it was not approved, else null.")


@strawberry.type(description="Every claim was approved, or says why not.")
class ApproveClaimsSuccess:
    results: list[ClaimApproval] = strawberry.field(description="In the order of the claims, at most 100.")


@strawberry.type(description="The lines count no longer.")
class ReverseClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="The conflict is decided.")
class DecideClaimConflictSuccess:
    conflict: Any = strawberry.field(graphql_type=ClaimConflict | None, description="The conflict as it stands now.")


@strawberry.type
class ClaimDecisionMutation:
    @mutation(
        ReviewClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        description="Says that somebody looks at the claim.",
    )
    async def review_claim(self, info: Info, input: ReviewClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.CLAIM, input.claim_id, "claim")
        done = await review_claim(context.door, context.actor, keyed(input), claim_id)
        return ReviewClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        RequestClaimInformationSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        description="Asks the claimant for more. The claim is rejected if they do not answer by its `dueAt`.",
    )
    async def request_claim_information(self, info: Info, input: RequestClaimInformationInput) -> Any:
        context, claim_id = info.context, sure(Tag.CLAIM, input.claim_id, "claim")
        done = await request_information(context.door, context.actor, keyed(input), claim_id, input.question)
        return RequestClaimInformationSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        DecideClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        ClaimInConflict,
        RulesNotOfCampaign,
        UnitIsFull,
        description="Approves or rejects lines; what is approved earns at once.",
    )
    async def decide_claim(self, info: Info, input: DecideClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.CLAIM, input.claim_id, "claim")
        verdicts = None
        if input.lines is not None:
            verdicts = [
                Verdict(line_id=sure(Tag.CLAIM_LINE, one.line_id, "claim line"), rejected=one.rejected)
                for one in input.lines
            ]
        decision = Decision(claim_id=claim_id, verdicts=verdicts, note=input.note)
        done = await decide_claim(context.door, context.knowledge, context.actor, keyed(input), decision)
        return DecideClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        ApproveClaimsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Approves many claims whole; one that cannot be approved never holds up the others.",
    )
    async def approve_claims(self, info: Info, input: ApproveClaimsInput) -> Any:
        context = info.context
        claim_ids = [sure(Tag.CLAIM, one, "claim") for one in input.claim_ids]
        done = await approve_claims(context.door, context.knowledge, context.actor, keyed(input), claim_ids)
        results: list[ClaimApproval] = []
        for one in done.facts["results"]:
            refused = one["refusal"] and refusal_again(one["refusal"], one["facts"])
            results.append(
                ClaimApproval(
                    claim=await context.batches.one(claims_by_id, UUID(one["claim_id"])),
                    refusal=Told(refusal=refused, locale=context.locale) if refused else None,
                )
            )
        return ApproveClaimsSuccess(results=results)

    @mutation(
        ReverseClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        description="Takes back what approved lines earned; what is spent is owed, and settled by what is earned next.",
    )
    async def reverse_claim(self, info: Info, input: ReverseClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.CLAIM, input.claim_id, "claim")
        lines = input.line_ids
        done = await reverse_claim(
            context.door,
            context.knowledge,
            context.actor,
            keyed(input),
            claim_id,
            line_ids=None if lines is None else [sure(Tag.CLAIM_LINE, one, "claim line") for one in lines],
            reason=input.reason,
            note=input.note,
        )
        return ReverseClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        DecideClaimConflictSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ConflictDecided,
        description="Decides a sale that was claimed twice: the loser's lines are rejected, or reversed if paid.",
    )
    async def decide_claim_conflict(self, info: Info, input: DecideClaimConflictInput) -> Any:
        context, conflict_id = info.context, sure(Tag.CLAIM_CONFLICT, input.conflict_id, "claim conflict")
        done = await decide_conflict(
            context.door, context.knowledge, context.actor, keyed(input), conflict_id, input.winner, input.reason
        )
        conflict = await context.batches.one(conflicts_by_id, UUID(done.facts["conflict_id"]))
        return DecideClaimConflictSuccess(conflict=conflict)
