"""Claims: sales that reps state and prove, the vendor's queue of them, and what may be claimed at all."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, many, one, page_by, sure_reference, wanted
from api.graph.files import File
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import activity_by_id, member_by_id, partner_by_id
from api.graph.scalars import Points
from domain.access.principals import Relation
from domain.claims.claim import KeyKind, NamedRep
from domain.claims.machine import ClaimAction, ClaimLineState, ClaimState, ClaimTurn
from domain.claims.queues import (
    CampaignRecord,
    ConflictRecord,
    ConflictState,
    campaigns_by_id,
    campaigns_of_programs,
    conflicts,
    conflicts_of_claims,
    skus_of_programs,
)
from domain.claims.reading import (
    ClaimFilter,
    ClaimLineRecord,
    ClaimRecord,
    ClaimSort,
    claims,
    claims_by_id,
    files_of_claims,
    lines_of_claims,
    steps_of_claims,
)
from domain.programs.reading import programs_by_id


@strawberry.type(description="A SKU that may be claimed for sales of these days.")
class EligibleSku:
    sku: str = strawberry.field(description="As it stands in claims, at most 64 characters.")
    valid_from: date = strawberry.field(description="The first day of sale.")
    valid_until: date | None = strawberry.field(description="The last day of sale; null for good.")


@strawberry.type(description="What may be claimed in a program; a claim keeps the version it was submitted under.")
class ClaimCampaign:
    version: int = strawberry.field(description="Moves with every change of the window.")
    sold_from: datetime = strawberry.field(description="Sales from this instant on may be claimed.")
    sold_until: datetime = strawberry.field(description="Until this instant, excluded.")
    claims_until: datetime = strawberry.field(description="By when a claim must be submitted, excluded.")
    answer_days: int = strawberry.field(description="How many days there are at least to answer a question.")
    needs_proof: bool = strawberry.field(description="True if a claim comes with a file.")
    needs_serials: bool = strawberry.field(description="True if every unit comes with its serial number.")
    recorded_at: datetime = strawberry.field(description="Since when it says so.")

    @strawberry.field(graphql_type=Connection[EligibleSku], description="What may be claimed, in order of SKU.")
    @staticmethod
    async def skus(
        parent: strawberry.Parent[CampaignRecord], info: Info, first: First = 25, after: After = None
    ) -> Page[Any]:
        return await page_by(
            info,
            skus_of_programs,
            parent.program_id,
            first,
            after,
            key=lambda row: (row.sku, row.valid_from.isoformat()),
            kinds=(str, str),
        )


@strawberry.type(description="Who shares in a line.")
class ClaimRep:
    member_id = sure_reference(Tag.MEMBER, "member_id", "The person.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "The person, if you may see them.")
    share_ppm: int = strawberry.field(description="Their part, in millionths of the whole.")


@strawberry.type(description="One product of a sale that is claimed.")
class ClaimLine:
    id = identity(Tag.CLAIM_LINE)
    n: int = strawberry.field(description="Its number in the claim, from 1.")
    sku: str = strawberry.field(description="The product.")
    quantity: int = strawberry.field(description="Units.")
    sold_on: date = strawberry.field(description="The day of the sale, where the program is.")
    invoice: str = strawberry.field(description="The number of the invoice.")
    serials: list[str] = strawberry.field(description="Serial numbers, at most 50.")
    amount: Points | None = strawberry.field(description="What it was sold for, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of the amount.")
    state: ClaimLineState = strawberry.field(description="What became of it.")
    reason: str | None = strawberry.field(description="Why it was rejected or reversed, a code.")
    activity = one(
        nouns.ACTIVITY, activity_by_id, "activity_id", "What it counts as since it was approved, with what it earned."
    )
    decided_at: datetime | None = strawberry.field(description="When it was last decided.")

    @strawberry.field(
        graphql_type=list[ClaimRep], description="Who shares in it, at most 5; none: all is the claimant's."
    )
    @staticmethod
    def reps(parent: strawberry.Parent[ClaimLineRecord]) -> tuple[NamedRep, ...]:
        return parent.reps


@strawberry.type(description="What was done with a claim, and said.")
class ClaimStep:
    version: Points = strawberry.field(description="The claim's version from then on.")
    action: ClaimAction = strawberry.field(description="What was done.")
    state: ClaimState = strawberry.field(description="Where the claim stood afterwards.")
    is_vendor: bool = strawberry.field(description="True if the vendor did it.")
    note: str | None = strawberry.field(description="What was asked, answered or noted, at most 500 characters.")
    recorded_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="What two claims name both.")
class ClaimKey:
    kind: KeyKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(description="As it is compared: letters and digits.")


@strawberry.type(description="Two claims of one sale, for the vendor to decide; neither claimant hears of the other.")
class ClaimConflict(Node):
    id = identity(Tag.CLAIM_CONFLICT)
    state: ConflictState = strawberry.field(description="Whether it is open, or for whom it was decided.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program.")
    first_claim = one(nouns.CLAIM, claims_by_id, "first_claim_id", "The claim that held it, if you handle it.")
    second_claim = one(nouns.CLAIM, claims_by_id, "second_claim_id", "The claim that names it too.")
    keys: list[ClaimKey] = strawberry.field(description="What both name, at most 510.")
    reason: str | None = strawberry.field(description="Why it was decided so, at most 500 characters.")
    recorded_at: datetime = strawberry.field(description="When the second claim was submitted.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ConflictRecord)


@strawberry.type(description="A rep's claim that something was sold, with its proof.")
class Claim(Node):
    id = identity(Tag.CLAIM)
    version: Points = strawberry.field(description="Moves with every change.")
    state: ClaimState = strawberry.field(description="Where it stands.")
    turn: ClaimTurn | None = strawberry.field(description="Who has to act next; null once it is decided.")
    due_at: datetime | None = strawberry.field(
        description="By when the claimant must act; it moves on while the vendor holds the claim."
    )
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program.")
    campaign = one(ClaimCampaign, campaigns_by_id, "campaign_id", "The window it was submitted under.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who claims.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Their employer as of the sale.")
    lines = many(ClaimLine, lines_of_claims, "What was sold, at most 10.")
    files = many(File, files_of_claims, "Its proof, at most 20.")
    steps = many(ClaimStep, steps_of_claims, "What was done with it, the last steps, at most 50.")
    is_contested: bool | None = strawberry.field(
        description="True if somebody claimed a part of it before, and that is undecided; for the vendor."
    )
    conflicts = many(
        ClaimConflict,
        conflicts_of_claims,
        "Its conflicts, at most 100; for the vendor.",
        nullable=True,
    )
    available_actions: list[ClaimAction] = strawberry.field(description="What you may do with it now, at most eight.")
    recorded_at: datetime = strawberry.field(description="When it was drafted.")
    submitted_at: datetime | None = strawberry.field(description="When it was submitted.")
    decided_at: datetime | None = strawberry.field(description="When it was first decided whole.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ClaimRecord)


@strawberry.input(name="ClaimFilter", description="Only those that match everything said.")
class ClaimFilterInput:
    state: ClaimState | None = strawberry.field(default=None, description="In this state.")
    turn: ClaimTurn | None = strawberry.field(default=None, description="Waiting for this side.")
    program_id: strawberry.ID | None = strawberry.field(default=None, description="Of this program.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="This person's.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="Of this firm's people.")
    is_contested: bool | None = strawberry.field(
        default=None, description="Whether a conflict is open; for the vendor."
    )

    def asked(self) -> ClaimFilter:
        """As the reading takes it. Refuses: GraphQLError (BAD_INPUT) for an id of another kind."""
        return ClaimFilter(
            state=self.state,
            turn=self.turn,
            program_id=wanted(Tag.PROGRAM, self.program_id),
            member_id=wanted(Tag.MEMBER, self.member_id),
            partner_id=wanted(Tag.PARTNER, self.partner_id),
            is_contested=self.is_contested,
        )


@strawberry.type
class ClaimQuery:
    @strawberry.field(
        graphql_type=Connection[Claim] | None,
        description="Claims: your own, for partners' admins their firm's, for the vendor all that were submitted.",
    )
    async def claims(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[ClaimFilterInput | None, strawberry.argument(description="Only those that match.")] = None,
        sort: Annotated[ClaimSort, strawberry.argument(description="In which order.")] = ClaimSort.OLDEST,
    ) -> Page[Any]:
        context = info.context
        rows = await claims(
            context.database,
            context.actor,
            filter.asked() if filter else ClaimFilter(),
            sort=sort,
            limit=limit_of(first),
            after=read_cursor(after, datetime, UUID),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.queued_at, row.id))

    @strawberry.field(graphql_type=Claim | None, description="A claim; null where there is none for you.")
    async def claim(self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]) -> Any:
        return await info.context.batches.one(claims_by_id, decode_as(Tag.CLAIM, id))

    @strawberry.field(
        graphql_type=Connection[ClaimConflict] | None,
        description="Sales that were claimed twice, those that wait longest first.",
    )
    async def claim_conflicts(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        state: Annotated[
            ConflictState | None, strawberry.argument(description="Only those that stand so.")
        ] = ConflictState.OPEN,
        program_id: IdArgument = None,
    ) -> Page[Any]:
        context = info.context
        rows = await conflicts(
            context.database,
            context.actor,
            state=state,
            program_id=wanted(Tag.PROGRAM, program_id),
            limit=limit_of(first),
            after=read_cursor(after, datetime, UUID),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(
        graphql_type=ClaimCampaign | None, description="What may be claimed in a program now; null for nothing."
    )
    async def claim_campaign(
        self, info: Info, program_id: Annotated[strawberry.ID, strawberry.argument(description="The program.")]
    ) -> Any:
        return await info.context.batches.one(campaigns_of_programs, decode_as(Tag.PROGRAM, program_id))
