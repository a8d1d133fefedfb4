"""Partners' types with their proof: how each stands, applied for by partners, verified and enrolled by the vendor."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one
from api.graph.files import File
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import partner_by_id
from api.graph.scalars import Points
from domain.access.principals import Relation
from domain.files.refusals import FileAttached
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.partners.refusals import TypeNotInState
from domain.partners.registration import PartnerType
from domain.partners.standing import LapsedFor, StandingAction, StandingState
from domain.partners.standings import StandingRecord, proof_of_standings, standings_by_id, standings_page
from domain.partners.verifying import Wish, apply_for_type, move_type

StateArgument = Annotated[StandingState | None, strawberry.argument(description="Only those that stand so.")]
TypeArgument = Annotated[PartnerType | None, strawberry.argument(description="Only those of this type.")]


@strawberry.type(description="How far a partner is with one of its types, and what proves it.")
class PartnerTypeStanding(Node):
    id = identity(Tag.PARTNER_STANDING)
    version: Points = strawberry.field(description="Moves with every change.")
    type: PartnerType = strawberry.field(description="The type.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner.")
    state: StandingState = strawberry.field(description="How it stands.")
    available_actions: list[StandingAction] = strawberry.field(description="What may be done with it, at most six.")
    applied_at: datetime = strawberry.field(description="When it was applied for, last.")
    verified_at: datetime | None = strawberry.field(description="When its proof was verified, last.")
    enrolled_at: datetime | None = strawberry.field(description="When it was enrolled in what the type opens.")
    valid_until: datetime | None = strawberry.field(description="When its proof expires; null: never.")
    lapsed_at: datetime | None = strawberry.field(description="When it lapsed.")
    lapsed_for: LapsedFor | None = strawberry.field(description="Why it lapsed.")
    relation: Relation = strawberry.field(description="How you stand to the partner.")
    proof = many(File, proof_of_standings, "The files that prove it, at most 20.", nullable=True)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, StandingRecord)


@strawberry.input(description="A type that your firm is.")
class ApplyForPartnerTypeInput:
    idempotency_key: str = key_field()
    partner_id: strawberry.ID = strawberry.field(description="The partner.")
    type: PartnerType = strawberry.field(description="The type.")
    file_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID], description="Files of yours that prove it, at most 20 in all."
    )


@strawberry.input(description="What is to happen to a partner's type.")
class MovePartnerTypeInput:
    idempotency_key: str = key_field()
    standing_id: strawberry.ID = strawberry.field(description="The standing.")
    action: StandingAction = strawberry.field(description="What to do; EXPIRE comes with the time.")
    valid_until: datetime | None = strawberry.field(
        default=None, description="With VERIFY and RENEW: when the proof expires; null: never."
    )
    file_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID], description="Files of yours that prove it, at most 20 in all."
    )


@strawberry.type(description="It is applied for.")
class ApplyForPartnerTypeSuccess:
    standing: Any = strawberry.field(graphql_type=PartnerTypeStanding | None, description="How the type stands.")


@strawberry.type(description="It stands so.")
class MovePartnerTypeSuccess:
    standing: Any = strawberry.field(graphql_type=PartnerTypeStanding | None, description="How the type stands.")


@strawberry.type
class PartnerTypeQuery:
    @strawberry.field(
        graphql_type=Connection[PartnerTypeStanding] | None,
        description="Partners' types and how they stand, oldest first, as far as you may see.",
    )
    async def partner_type_standings(
        self, info: Info, first: First = 25, after: After = None, state: StateArgument = None, type: TypeArgument = None
    ) -> Any:
        seen = read_cursor(after, UUID)
        rows = await standings_page(
            info.context.database,
            info.context.actor,
            after=seen and seen[0],
            limit=limit_of(first),
            state=state,
            kind=type,
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.id,))


@strawberry.type
class PartnerTypeMutation:
    @mutation(
        ApplyForPartnerTypeSuccess,
        NotFound,
        InvalidInput,
        FileAttached,
        KeyReused,
        description="A partner applies for a type with its proof, or adds proof to what stands.",
    )
    async def apply_for_partner_type(self, info: Info, input: ApplyForPartnerTypeInput) -> Any:
        context = info.context
        standing_id = await apply_for_type(
            context.door,
            context.actor,
            keyed(input),
            partner_id=sure(Tag.PARTNER, input.partner_id, "partner"),
            kind=input.type,
            file_ids=[sure(Tag.FILE, one, "file") for one in input.file_ids],
        )
        return ApplyForPartnerTypeSuccess(standing=await context.batches.one(standings_by_id, standing_id))

    @mutation(
        MovePartnerTypeSuccess,
        NotFound,
        InvalidInput,
        FileAttached,
        TypeNotInState,
        KeyReused,
        description="A partner's type is verified, refused, enrolled, renewed or withdrawn.",
    )
    async def move_partner_type(self, info: Info, input: MovePartnerTypeInput) -> Any:
        context = info.context
        standing_id = sure(Tag.PARTNER_STANDING, input.standing_id, "partner type")
        wish = Wish(
            action=input.action,
            valid_until=input.valid_until,
            file_ids=[sure(Tag.FILE, one, "file") for one in input.file_ids],
        )
        await move_type(context.door, context.actor, keyed(input), standing_id, wish)
        return MovePartnerTypeSuccess(standing=await context.batches.one(standings_by_id, standing_id))
