"""Mutations of invitations: sent, sent again, revoked, accepted; and the terms of participation published."""

from typing import Any

import strawberry

from api.graph.context import Info
from api.graph.enums import Locale
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.invitations import Invitation, ParticipationTerms
from api.graph.mutating import keyed, mutation, sure
from api.graph.viewer import Viewer, ViewerRecord
from domain.access.principals import Role
from domain.access.reading import actor_of_account
from domain.access.refusals import AccountAlreadyLinked, AccountDisabled, AccountNotLinked, RoleNotGrantable
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.partners.accepting import accept_invitation
from domain.partners.invitations import invitations_by_id
from domain.partners.inviting import Invited, invite_member, resend_invitation, revoke_invitation
from domain.partners.participation import participation_terms, publish_participation_terms
from domain.partners.refusals import (
    InvitationExpired,
    InvitationForAnother,
    InvitationNotOpen,
    InvitationOpen,
    ParticipationTermsChanged,
)


@strawberry.input(description="Somebody to ask in.")
class InviteMemberInput:
    idempotency_key: str = key_field()
    mailbox: str = strawberry.field(description="The address the invitation goes to, at most 254 characters.")
    name: str = strawberry.field(description="Their name, 1 to 200 characters.")
    role: Role = strawberry.field(
        default=Role.MEMBER, description="What they may do; nobody grants above the own role."
    )
    partner_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner they act for; a partner's administrator may leave out the own one."
    )
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="The member they are; null: whom your source told of with this mailbox, or a new one."
    )
    locale: Locale = strawberry.field(default=Locale.EN, description="The language the API speaks to them.")


@strawberry.input(description="An invitation to send again.")
class ResendInvitationInput:
    idempotency_key: str = key_field()
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.input(description="An invitation that nobody may accept any more.")
class RevokeInvitationInput:
    idempotency_key: str = key_field()
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.input(description="You accept an invitation; your sign-in is sent as for any request.")
class AcceptInvitationInput:
    idempotency_key: str = key_field()
    token: str = strawberry.field(description="The token that you were sent.")
    terms_version: int = strawberry.field(
        default=0, description="The version of the terms of participation that you agree to; 0 where there are none."
    )


@strawberry.input(description="A new text of the terms of participation.")
class PublishParticipationTermsInput:
    idempotency_key: str = key_field()
    text: LocalizedTextInput = strawberry.field(description="What is agreed to, at most 50,000 characters each.")


@strawberry.type(description="They may accept.")
class InviteMemberSuccess:
    invitation: Any = strawberry.field(graphql_type=Invitation | None, description="The invitation.")
    token: str | None = strawberry.field(
        description="What accepts it: shown now and never again, null where the same request is sent again."
    )


@strawberry.type(description="They may accept with the new token.")
class ResendInvitationSuccess:
    invitation: Any = strawberry.field(graphql_type=Invitation | None, description="The invitation.")
    token: str | None = strawberry.field(
        description="What accepts it: shown now and never again, null where the same request is sent again."
    )


@strawberry.type(description="Nobody may accept it.")
class RevokeInvitationSuccess:
    invitation: Any = strawberry.field(graphql_type=Invitation | None, description="The invitation.")


@strawberry.type(description="You have an account.")
class AcceptInvitationSuccess:
    viewer: Any = strawberry.field(graphql_type=Viewer, description="You, as you may act from now on.")


@strawberry.type(description="The text is in force.")
class PublishParticipationTermsSuccess:
    participation_terms: Any = strawberry.field(graphql_type=ParticipationTerms | None, description="The terms.")


@strawberry.type
class InvitationMutation:
    @mutation(
        InviteMemberSuccess,
        NotFound,
        InvalidInput,
        RoleNotGrantable,
        InvitationOpen,
        KeyReused,
        description="Somebody is asked in, for 14 days; you send them the token.",
    )
    async def invite_member(self, info: Info, input: InviteMemberInput) -> Any:
        context = info.context
        invited = Invited(
            mailbox=input.mailbox,
            name=input.name,
            role=input.role,
            partner_id=sure(Tag.PARTNER, input.partner_id, "partner") if input.partner_id else None,
            member_id=sure(Tag.MEMBER, input.member_id, "member") if input.member_id else None,
            locale=input.locale.value,
        )
        sent = await invite_member(context.door, context.actor, keyed(input), invited)
        return InviteMemberSuccess(invitation=await context.batches.one(invitations_by_id, sent.id), token=sent.token)

    @mutation(
        ResendInvitationSuccess,
        NotFound,
        InvalidInput,
        InvitationNotOpen,
        KeyReused,
        description="An invitation has a new token, good for 14 days; at most 20 times.",
    )
    async def resend_invitation(self, info: Info, input: ResendInvitationInput) -> Any:
        context = info.context
        invitation_id = sure(Tag.INVITATION, input.invitation_id, "invitation")
        sent = await resend_invitation(context.door, context.actor, keyed(input), invitation_id)
        return ResendInvitationSuccess(
            invitation=await context.batches.one(invitations_by_id, sent.id), token=sent.token
        )

    @mutation(
        RevokeInvitationSuccess,
        NotFound,
        InvalidInput,
        InvitationNotOpen,
        KeyReused,
        description="Nobody may accept an invitation any more.",
    )
    async def revoke_invitation(self, info: Info, input: RevokeInvitationInput) -> Any:
        context = info.context
        invitation_id = sure(Tag.INVITATION, input.invitation_id, "invitation")
        await revoke_invitation(context.door, context.actor, keyed(input), invitation_id)
        return RevokeInvitationSuccess(invitation=await context.batches.one(invitations_by_id, invitation_id))

    @mutation(
        AcceptInvitationSuccess,
        NotFound,
        InvalidInput,
        AccountNotLinked,
        AccountDisabled,
        InvitationExpired,
        InvitationNotOpen,
        InvitationForAnother,
        ParticipationTermsChanged,
        AccountAlreadyLinked,
        KeyReused,
        description="You accept an invitation with your own sign-in, and may act from then on.",
    )
    async def accept_invitation(self, info: Info, input: AcceptInvitationInput) -> Any:
        context = info.context
        account_id = await accept_invitation(
            context.door, context.actor, keyed(input), token=input.token, terms_version=input.terms_version
        )
        context.become(await actor_of_account(context.database, account_id, context.actor))
        return AcceptInvitationSuccess(viewer=ViewerRecord(actor=context.actor, locale=Locale(context.actor.locale)))

    @mutation(
        PublishParticipationTermsSuccess,
        InvalidInput,
        KeyReused,
        description="Whoever accepts from now on agrees to this text.",
    )
    async def publish_participation_terms(self, info: Info, input: PublishParticipationTermsInput) -> Any:
        context = info.context
        await publish_participation_terms(context.door, context.actor, keyed(input), input.text.texts())
        return PublishParticipationTermsSuccess(participation_terms=await participation_terms(context.database))
