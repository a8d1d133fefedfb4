"""Invitations and the terms of participation: who was asked in, and what everybody agrees to."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, one, wanted, wording
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Points
from api.graph.texts import Locale
from domain.access.principals import Relation, Role
from domain.partners.invitation import InvitationAction, InvitationState
from domain.partners.invitations import InvitationRecord, invitations_by_id, invitations_page
from domain.partners.participation import ParticipationTermsRecord, participation_terms

StateArgument = Annotated[InvitationState | None, strawberry.argument(description="Only those that stand so.")]


@strawberry.type(description="Somebody was asked in. The token that accepts it is shown once, to who invites.")
class Invitation(Node):
    id = identity(Tag.INVITATION)
    version: Points = strawberry.field(description="Moves with every change.")
    mailbox: str = strawberry.field(description="The address that was invited, at most 254 characters.")
    name: str = strawberry.field(description="The person's name, at most 200 characters.")
    role: Role = strawberry.field(description="The role they will have.")
    locale: Locale = strawberry.field(description="The language the API will speak to them.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner they will act for; null for the vendor's.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "The member they act as; null until one is known.")
    state: InvitationState = strawberry.field(description="Where it stands.")
    available_actions: list[InvitationAction] = strawberry.field(description="What may be done with it, at most two.")
    terms_version: int = strawberry.field(description="The version of the terms of participation when it was sent.")
    accepted_terms: int | None = strawberry.field(description="The version that was agreed to; null until accepted.")
    sends: int = strawberry.field(description="How often it was sent, 1 to 20.")
    recorded_at: datetime = strawberry.field(description="When it was first sent.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted.")
    ended_at: datetime | None = strawberry.field(description="When it was accepted or revoked.")
    relation: Relation = strawberry.field(description="How you stand to its partner.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, InvitationRecord)


@strawberry.type(description="What everybody agrees to who takes part: one version, which never changes.")
class ParticipationTerms:
    version: int = strawberry.field(description="Its number, from 1.")
    text = wording("text", "What is agreed to, at most 50,000 characters.")
    published_at: datetime = strawberry.field(description="Since when it is in force.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ParticipationTermsRecord)


@strawberry.type
class InvitationQuery:
    @strawberry.field(
        graphql_type=Connection[Invitation] | None, description="Who was asked in, newest first, as far as you may see."
    )
    async def invitations(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        partner_id: IdArgument = None,
        state: StateArgument = None,
    ) -> Any:
        context = info.context
        rows = await invitations_page(
            context.database,
            context.actor,
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
            partner_id=wanted(Tag.PARTNER, partner_id),
            state=state,
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=Invitation | None, description="An invitation; null where it is not yours to see.")
    async def invitation(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(invitations_by_id, decode_as(Tag.INVITATION, id))

    @strawberry.field(
        graphql_type=ParticipationTerms | None,
        description="The terms of participation in force; null where there are none, which is version 0.",
    )
    async def participation_terms(self, info: Info) -> Any:
        return await participation_terms(info.context.database)
