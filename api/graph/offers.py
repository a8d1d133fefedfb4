"""What a denomination is to the viewer now: its price, the points that are missing, and every reason why not."""

from datetime import datetime
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import one
from api.graph.scalars import Json, Points
from api.graph.texts import Locale, LocaleArgument
from api.graph.units import unit_of
from catalog.items.eligibility import Obstacle as ObstacleRecord
from catalog.items.eligibility import ObstacleCode
from catalog.items.item import GoalRecord
from catalog.items.item import Offer as OfferRecord
from catalog.items.reading import denominations_by_id, items_by_id, offers_to_viewers
from domain.ledger.reading import wallets_of_members


@strawberry.type(description="One reason why something cannot be redeemed: its facts, and the sentence to show.")
class Obstacle:
    code: ObstacleCode = strawberry.field(description="Stable code of the reason.")
    facts: Json = strawberry.field(description="The facts by name: codes, whole numbers, ISO instants; never a float.")

    @strawberry.field(description="The reason as a sentence with its facts.")
    @staticmethod
    def text(parent: strawberry.Parent[ObstacleRecord], info: Info, locale: LocaleArgument = None) -> str:
        return parent.text((locale or Locale(info.context.locale)).value)


@strawberry.type(description="What a denomination is to you now; a quote keeps its price for a while.")
class Offer:
    price: Points = strawberry.field(description="What it costs, in `unit`.")
    unit = unit_of("What the price counts in.")
    left_of_limit: int | None = strawberry.field(description="How many more of the item are for you; null: no limit.")
    obstacles: list[Obstacle] = strawberry.field(
        description="Everything that stands in the way except points, at most one a reason; empty if nothing does."
    )

    @strawberry.field(description="How many points you lack: the price less what is available to you.")
    @staticmethod
    async def points_missing(parent: strawberry.Parent[OfferRecord], info: Info) -> Points:
        return Points(parent.missing(await available(info, parent.unit)))

    @strawberry.field(description="True if nothing stands in the way and your points suffice.")
    @staticmethod
    async def can_redeem(parent: strawberry.Parent[OfferRecord], info: Info) -> bool:
        return parent.can_redeem(await available(info, parent.unit))


@strawberry.type(description="What you save for.")
class SavedGoal:
    denomination = one(nouns.DENOMINATION, denominations_by_id, "denomination_id", "What you save for.")
    item = one(nouns.CATALOG_ITEM, items_by_id, "item_id", "The item it belongs to.")
    recorded_at: datetime = strawberry.field(description="Since when.")

    @strawberry.field(graphql_type=Offer | None, description="What it is to you now: pointsMissing are still to go.")
    @staticmethod
    async def offer(parent: strawberry.Parent[GoalRecord], info: Info) -> OfferRecord | None:
        return await offer_of(info, parent.denomination_id)


async def offer_of(info: Info, denomination_id: UUID) -> OfferRecord | None:
    """The offer to the viewer, read together with those of the other denominations."""
    context = info.context
    if context.actor.member_id is None:
        return None
    return await context.batches.one(offers_to_viewers, denomination_id, sandbox=context.sandbox)


async def available(info: Info, unit: str) -> int:
    """What the viewer may spend in this unit as of now, read once an operation."""
    member_id = info.context.actor.member_id
    if member_id is None:
        return 0
    wallets = await info.context.batches.many(wallets_of_members, member_id)
    return next((wallet.available for wallet in wallets if wallet.unit == unit), 0)
