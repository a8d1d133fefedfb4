"""Mutations by which the vendor defines bundles and benefits."""

from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.bundles import Bundle
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import keyed, mutation, sure
from catalog.items.reading import denominations_by_id
from catalog.sends.bundling import BundleMode, ItemDraft
from catalog.sends.defining import BundleDraft, define_benefit, define_bundle
from catalog.sends.entitlement import BenefitDraft, BenefitPeriod, OnTierLoss, OwnerKind
from catalog.sends.reading import bundles_by_id
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="So many units of one denomination in a bundle.")
class BundleItemInput:
    denomination_id: strawberry.ID = strawberry.field(description="What is given.")
    quantity: int = strawberry.field(default=1, description="How many units, 1 to 10.")
    substitutes: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID], description="Denominations that stand in, in order, at most five."
    )

    def draft(self) -> ItemDraft:
        """As the room takes it. Refuses: NotFound for an id of another kind."""
        return ItemDraft(
            denomination_id=sure(Tag.DENOMINATION, self.denomination_id, "denomination"),
            quantity=self.quantity,
            substitutes=tuple(sure(Tag.DENOMINATION, one, "denomination") for one in self.substitutes),
        )


@strawberry.input(description="A bundle, new or changed.")
class DefineBundleInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(description="Its code, 1 to 64 characters: a known one is changed.")
    name: LocalizedTextInput = strawberry.field(description="Its name, at most 200 characters a language.")
    mode: BundleMode = strawberry.field(description="How its items belong together.")
    choose: int | None = strawberry.field(default=None, description="Of a CHOICE, how many of the items are taken.")
    items: list[BundleItemInput] = strawberry.field(
        description="1 to 20 different denominations; at most 10 units are given together."
    )


@strawberry.input(description="What a denomination of a BENEFIT item gives.")
class DefineBenefitInput:
    idempotency_key: str = key_field()
    denomination_id: strawberry.ID = strawberry.field(description="The denomination.")
    quota: int = strawberry.field(default=1, description="How often it may be used, 1 to 1,000,000.")
    valid_days: int | None = strawberry.field(default=None, description="For how many days, 1 to 3,660; null: no end.")
    owner: OwnerKind = strawberry.field(default=OwnerKind.MEMBER, description="Whose it is.")
    transferable: bool = strawberry.field(
        default=False, description="True if it may pass to somebody of the same partner."
    )
    tiers: list[str] = strawberry.field(
        default_factory=list[str], description="The tiers whose people keep it, at most 20; empty: everybody."
    )
    on_tier_loss: OnTierLoss = strawberry.field(
        default=OnTierLoss.KEEP, description="What becomes of it where the tier is lost."
    )
    period: BenefitPeriod = strawberry.field(
        default=BenefitPeriod.QUARTER, description="The calendar that PERIOD_END means, in UTC."
    )


@strawberry.type(description="The bundle stands.")
class DefineBundleSuccess:
    bundle: Any = strawberry.field(graphql_type=Bundle | None, description="The bundle as it stands now.")


@strawberry.type(description="The benefit stands; entitlements that were given before keep what they were given.")
class DefineBenefitSuccess:
    denomination: Any = strawberry.field(graphql_type=nouns.DENOMINATION | None, description="The denomination.")


@strawberry.type
class BundleMutation:
    @mutation(
        DefineBundleSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="A bundle stands under its code; what was given before stays as it was.",
    )
    async def define_bundle(self, info: Info, input: DefineBundleInput) -> Any:
        context = info.context
        draft = BundleDraft(
            code=input.code,
            name=input.name.texts(),
            mode=input.mode,
            choose=input.choose,
            items=[item.draft() for item in input.items],
        )
        done = await define_bundle(context.door, context.actor, keyed(input), draft)
        return DefineBundleSuccess(bundle=await context.batches.one(bundles_by_id, UUID(done.facts["bundle_id"])))

    @mutation(
        DefineBenefitSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Says what a benefit gives: how often, how long, whose it is, and what a lost tier does to it.",
    )
    async def define_benefit(self, info: Info, input: DefineBenefitInput) -> Any:
        context = info.context
        denomination_id = sure(Tag.DENOMINATION, input.denomination_id, "denomination")
        draft = BenefitDraft(
            denomination_id=denomination_id,
            quota=input.quota,
            valid_days=input.valid_days,
            owner_kind=input.owner,
            is_transferable=input.transferable,
            tiers=tuple(input.tiers),
            on_tier_loss=input.on_tier_loss,
            period=input.period,
        )
        await define_benefit(context.door, context.actor, keyed(input), draft)
        return DefineBenefitSuccess(denomination=await context.batches.one(denominations_by_id, denomination_id))
