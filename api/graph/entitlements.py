"""Entitlements: the right to use a benefit so many times, used and passed on."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one, sure_reference, told
from api.graph.ids import Tag, decode_as
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Points
from catalog.items.reading import denominations_by_id
from catalog.sends.entitlement import EntitlementState, OnTierLoss, OwnerKind
from catalog.sends.listing import EntitlementRecord, entitlements_by_id
from catalog.sends.refusals import EntitlementNotOpen, NotTransferable, OtherOrganisation, QuotaExceeded
from catalog.sends.using import transfer_entitlement, use_entitlement
from domain.access.principals import Relation
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.type(description="The right to use a benefit so many times; it began when its order was fulfilled.")
class Entitlement(Node):
    id = identity(Tag.ENTITLEMENT)
    version: Points = strawberry.field(description="Moves with every change.")
    state: EntitlementState = strawberry.field(description="Where it stands.")
    reason: str | None = strawberry.field(description="Why it ended, or will end before its time, a code.")
    denomination = one(nouns.DENOMINATION, denominations_by_id, "denomination_id", "The benefit.")
    line_id = sure_reference(Tag.REDEMPTION_LINE, "line_id", "The line of an order that gave it.")
    owner: OwnerKind = told("owner_kind", OwnerKind, "Whose it is.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "The person whose it is; null for a firm's.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner within which it may pass.")
    quota: int = strawberry.field(description="How often it may be used in all.")
    used: int = strawberry.field(description="How often it was used.")
    left: int = strawberry.field(description="How often it may still be used.")
    transferable: bool = told("is_transferable", bool, "True if it may pass to somebody of the same partner.")
    on_tier_loss: OnTierLoss = strawberry.field(description="What becomes of it where its tier is lost.")
    valid_from: datetime = strawberry.field(description="From when on it is good.")
    valid_until: datetime | None = strawberry.field(description="Until when; null: no end.")
    revokes_at: datetime | None = strawberry.field(description="When it ends because a tier was lost.")
    recorded_at: datetime = strawberry.field(description="When it was given.")
    ended_at: datetime | None = strawberry.field(description="When it was used up, or ended.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(description="The tiers whose people keep it, at most 20; empty: everybody.")
    @staticmethod
    def tiers(parent: strawberry.Parent[EntitlementRecord]) -> list[str]:
        return list(parent.tiers)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, EntitlementRecord)


@strawberry.type
class EntitlementQuery:
    @strawberry.field(graphql_type=Entitlement | None, description="An entitlement; null where there is none for you.")
    async def entitlement(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(entitlements_by_id, decode_as(Tag.ENTITLEMENT, id))


@strawberry.input(description="A use of an entitlement.")
class UseEntitlementInput:
    idempotency_key: str = key_field()
    entitlement_id: strawberry.ID = strawberry.field(description="The entitlement.")
    quantity: int = strawberry.field(default=1, description="How many uses, 1 to what is left.")
    note: str = strawberry.field(default="", description="What for, at most 200 characters.")


@strawberry.input(description="Whose an entitlement is to be.")
class TransferEntitlementInput:
    idempotency_key: str = key_field()
    entitlement_id: strawberry.ID = strawberry.field(description="The entitlement.")
    member_id: strawberry.ID = strawberry.field(description="Somebody of the same partner.")


@strawberry.type(description="It was used.")
class UseEntitlementSuccess:
    entitlement: Entitlement | None = strawberry.field(description="The entitlement as it stands now.")


@strawberry.type(description="It is another's now.")
class TransferEntitlementSuccess:
    entitlement: Entitlement | None = strawberry.field(
        description="The entitlement as it stands now; null if it is not yours to see any more."
    )


@strawberry.type
class EntitlementMutation:
    @mutation(
        UseEntitlementSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        EntitlementNotOpen,
        QuotaExceeded,
        description="Uses a benefit, within its quota; the same key counts once.",
    )
    async def use_entitlement(self, info: Info, input: UseEntitlementInput) -> Any:
        context = info.context
        entitlement_id = sure(Tag.ENTITLEMENT, input.entitlement_id, "entitlement")
        await use_entitlement(context.door, context.actor, keyed(input), entitlement_id, input.quantity, input.note)
        return UseEntitlementSuccess(entitlement=await _entitlement(info, entitlement_id))

    @mutation(
        TransferEntitlementSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        EntitlementNotOpen,
        NotTransferable,
        OtherOrganisation,
        description="Passes what is left of an entitlement to somebody of the same partner.",
    )
    async def transfer_entitlement(self, info: Info, input: TransferEntitlementInput) -> Any:
        context = info.context
        entitlement_id = sure(Tag.ENTITLEMENT, input.entitlement_id, "entitlement")
        member_id = sure(Tag.MEMBER, input.member_id, "member")
        await transfer_entitlement(context.door, context.actor, keyed(input), entitlement_id, member_id)
        return TransferEntitlementSuccess(entitlement=await _entitlement(info, entitlement_id))


async def _entitlement(info: Info, entitlement_id: UUID) -> Any:
    return await info.context.batches.one(entitlements_by_id, entitlement_id)
