"""Mutations of access: keys of machines, accounts of people, and the language the API speaks to one."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.enums import Locale
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.readings import account_by_id, api_key_by_id
from api.graph.viewer import Viewer, ViewerRecord
from domain.access.admitting import Invitation, link_account
from domain.access.granting import create_key, revoke_key
from domain.access.preferring import set_locale
from domain.access.principals import Role, Scope
from domain.access.refusals import AccountAlreadyLinked, RoleNotGrantable
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="A key for a machine.")
class CreateApiKeyInput:
    idempotency_key: str = key_field()
    name: str = strawberry.field(description="What it is for, 1 to 100 characters.")
    scopes: list[Scope] = strawberry.field(description="What it may do, at least one.")
    source_id: strawberry.ID | None = strawberry.field(
        default=None, description="The one source it records for and sees; unsaid: all of them."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="When it ends by itself.")


@strawberry.input(description="A key that is to end.")
class RevokeApiKeyInput:
    api_key_id: strawberry.ID = strawberry.field(description="The key.")


@strawberry.input(description="Somebody who may sign in from now on.")
class LinkAccountInput:
    issuer: str = strawberry.field(description="The address of the issuer that vouches for them.")
    subject: str = strawberry.field(description="Their subject at that issuer, 1 to 255 characters.")
    role: Role = strawberry.field(description="What they may do; nobody grants above the own role.")
    name: str = strawberry.field(description="Their name, 1 to 200 characters.")
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="The member they act as; with MEMBER and PARTNER_ADMIN only."
    )
    locale: Locale = strawberry.field(default=Locale.EN, description="The language the API speaks to them.")


@strawberry.input(description="The language the API speaks to you.")
class SetLocaleInput:
    locale: Locale = strawberry.field(description="The language.")


@strawberry.type(description="The key works.")
class CreateApiKeySuccess:
    api_key: Any = strawberry.field(graphql_type=nouns.API_KEY, description="The key without its secret.")
    secret: str | None = strawberry.field(
        description="The whole key: shown now and never again, null where the same request is sent again."
    )


@strawberry.type(description="The key proves nothing any more.")
class RevokeApiKeySuccess:
    api_key: Any = strawberry.field(graphql_type=nouns.API_KEY, description="The key.")


@strawberry.type(description="They may sign in.")
class LinkAccountSuccess:
    account: Any = strawberry.field(
        graphql_type=nouns.ACCOUNT | None, description="The account, for those who may see accounts."
    )


@strawberry.type(description="The API speaks to you in this language.")
class SetLocaleSuccess:
    viewer: Any = strawberry.field(graphql_type=Viewer, description="You.")


@strawberry.type
class AccessMutation:
    @mutation(CreateApiKeySuccess, NotFound, InvalidInput, KeyReused, description="A machine gets a scoped key.")
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> Any:
        context = info.context
        made = await create_key(
            context.door,
            context.actor,
            keyed(input),
            name=input.name,
            scopes=input.scopes,
            source_id=sure(Tag.SOURCE, input.source_id, "source") if input.source_id else None,
            expires_at=input.expires_at,
        )
        return CreateApiKeySuccess(api_key=await context.batches.one(api_key_by_id, made.id), secret=made.text)

    @mutation(RevokeApiKeySuccess, NotFound, description="A key proves nothing from now on.")
    async def revoke_api_key(self, info: Info, input: RevokeApiKeyInput) -> Any:
        context = info.context
        key_id = sure(Tag.API_KEY, input.api_key_id, "API key")
        await revoke_key(context.door, context.actor, key_id)
        return RevokeApiKeySuccess(api_key=await context.batches.one(api_key_by_id, key_id))

    @mutation(
        LinkAccountSuccess,
        NotFound,
        InvalidInput,
        RoleNotGrantable,
        AccountAlreadyLinked,
        description="Somebody's subject at an issuer may sign in, with one role.",
    )
    async def link_account(self, info: Info, input: LinkAccountInput) -> Any:
        context = info.context
        invitation = Invitation(
            issuer=input.issuer,
            subject=input.subject,
            role=input.role,
            name=input.name,
            member_id=sure(Tag.MEMBER, input.member_id, "member") if input.member_id else None,
            locale=input.locale.value,
        )
        account_id = await link_account(context.door, context.actor, invitation)
        return LinkAccountSuccess(account=await context.batches.one(account_by_id, account_id))

    @mutation(
        SetLocaleSuccess, NotFound, InvalidInput, description="The API speaks to you in this language from now on."
    )
    async def set_locale(self, info: Info, input: SetLocaleInput) -> Any:
        context = info.context
        await set_locale(context.door, context.actor, input.locale.value)
        return SetLocaleSuccess(viewer=ViewerRecord(actor=context.actor, locale=input.locale))
