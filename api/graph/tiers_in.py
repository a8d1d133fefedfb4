"""Mutations of tiers: a set is defined, a partner's tier is set by hand and given back to its metrics."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.readings import partner_by_id
from api.graph.scalars import Json
from domain.earning.refusals import TiersRefused, TierUnknown
from domain.earning.tier_reading import tier_sets_by_id
from domain.earning.tiering import define_tier_set, end_tier_override, override_tier
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="A set of tiers, new or changed.")
class DefineTierSetInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(description="Its code: the same code again changes the set.")
    name: LocalizedTextInput = strawberry.field(description="Its name, 1 to 200 characters.")
    document: Json = strawberry.field(description="Its metrics, tiers and calendar; see the page on tiers.")
    fact_kind: str = strawberry.field(
        default="tier", description="Rules read the tier as `partner.` and this: `tier`, or `tier_` and a name."
    )


@strawberry.input(description="A tier that is set by hand, for a time.")
class OverrideTierInput:
    idempotency_key: str = key_field()
    tier_set_id: strawberry.ID = strawberry.field(description="The set of tiers.")
    partner_id: strawberry.ID = strawberry.field(description="The partner.")
    tier: str | None = strawberry.field(default=None, description="The code of the tier; by default none.")
    until: datetime = strawberry.field(description="Until when, at most 732 days ahead.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters; the partner sees it.")


@strawberry.input(description="An override that is not needed any more.")
class EndTierOverrideInput:
    idempotency_key: str = key_field()
    tier_set_id: strawberry.ID = strawberry.field(description="The set of tiers.")
    partner_id: strawberry.ID = strawberry.field(description="The partner.")


@strawberry.type(description="The set stands as stated.")
class DefineTierSetSuccess:
    tier_set: Any = strawberry.field(graphql_type=nouns.TIER_SET, description="The set of tiers.")


@strawberry.type(description="The partner has this tier for the time.")
class OverrideTierSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER, description="The partner.")


@strawberry.type(description="The partner has the tier that its metrics say.")
class EndTierOverrideSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER, description="The partner.")


@strawberry.type
class TierMutation:
    @mutation(
        DefineTierSetSuccess,
        InvalidInput,
        KeyReused,
        TiersRefused,
        description="Defines a set of tiers; a new one is evaluated at once, a changed one at its next evaluation.",
    )
    async def define_tier_set(self, info: Info, input: DefineTierSetInput) -> Any:
        context = info.context
        done = await define_tier_set(
            context.door,
            context.actor,
            keyed(input),
            code=input.code,
            name=input.name.texts(),
            document=json_object(input.document, "document"),
            fact_kind=input.fact_kind,
        )
        set_id = UUID(done.facts["tier_set_id"])
        return DefineTierSetSuccess(tier_set=await context.batches.sure(tier_sets_by_id, set_id))

    @mutation(
        OverrideTierSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        TierUnknown,
        description="Gives a partner a tier by hand, from now until then; it is told, and stands in the audit log.",
    )
    async def override_tier(self, info: Info, input: OverrideTierInput) -> Any:
        context = info.context
        partner_id = sure(Tag.PARTNER, input.partner_id, "partner")
        await override_tier(
            context.door,
            context.actor,
            keyed(input),
            set_id=sure(Tag.TIER_SET, input.tier_set_id, "tier set"),
            partner_id=partner_id,
            tier=input.tier,
            until=input.until,
            reason=input.reason,
        )
        return OverrideTierSuccess(partner=await context.batches.sure(partner_by_id, partner_id))

    @mutation(
        EndTierOverrideSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Ends what was set by hand before its time: the partner's metrics decide at once.",
    )
    async def end_tier_override(self, info: Info, input: EndTierOverrideInput) -> Any:
        context = info.context
        partner_id = sure(Tag.PARTNER, input.partner_id, "partner")
        set_id = sure(Tag.TIER_SET, input.tier_set_id, "tier set")
        await end_tier_override(context.door, context.actor, keyed(input), set_id=set_id, partner_id=partner_id)
        return EndTierOverrideSuccess(partner=await context.batches.sure(partner_by_id, partner_id))
