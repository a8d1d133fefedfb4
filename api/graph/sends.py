"""Rewards that the vendor sends: the send as its operators see it, and what was sent to whom."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.bundles import Bundle, BundleOrder
from api.graph.context import Info
from api.graph.fields import Node, identity, one, page_by, told, wording
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import activity_by_id, member_by_id
from api.graph.scalars import Points
from api.graph.units import unit_of
from catalog.sends.listing import (
    RewardRecord,
    SendRecord,
    rewards_of_sends,
    sends_by_id,
    sends_page,
)
from catalog.sends.reading import bundle_orders_by_origin, bundles_by_id
from catalog.sends.sent import Content, RewardState, SendState
from domain.access.principals import Relation
from domain.programs.reading import programs_by_id


@strawberry.type(description="Something that was sent to somebody: it is theirs once they claim it.")
class SentReward(Node):
    id = identity(Tag.REWARD)
    version: Points = strawberry.field(description="Moves with every change.")
    state: RewardState = strawberry.field(description="Where it stands.")
    reason: str | None = strawberry.field(description="Why it was not sent, a code; for those who sent it.")
    address: str | None = strawberry.field(description="How the sender named the person, at most 254 characters.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who gets it; null where nobody was found.")
    content: Content = strawberry.field(description="What it is.")
    is_gift: bool = strawberry.field(description="True if it is accepted or declined instead of claimed.")
    amount: Points | None = strawberry.field(description="How many points, in `unit`; null for a bundle.")
    unit = unit_of("What the points count in.")
    bundle = one(Bundle, bundles_by_id, "bundle_id", "The bundle; null for points.")
    message = wording("message", "What the sender says, at most 2,000 characters.")
    fair_value: Points | None = strawberry.field(description="Its value for tax, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its value.")
    bundle_order = one(BundleOrder, bundle_orders_by_origin, "id", "What became of the bundle; null before.")
    activity = one(nouns.ACTIVITY, activity_by_id, "activity_id", "What the points were awarded for; null before.")
    sent_at: datetime | None = strawberry.field(description="When it was sent.")
    opened_at: datetime | None = strawberry.field(description="When it was first looked at.")
    expires_at: datetime | None = strawberry.field(description="Until when it can be claimed; null: for good.")
    claimed_at: datetime | None = strawberry.field(description="When it was claimed or accepted.")
    ended_at: datetime | None = strawberry.field(description="When it was declined, recalled, expired or failed.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, RewardRecord)


@strawberry.type(description="How many lines of a send stand in one state.")
class RewardCount:
    state: RewardState = strawberry.field(description="The state.")
    count: int = strawberry.field(description="How many lines stand so.")


@strawberry.type(description="Something the vendor sends to people, paid by the budget of a program.")
class RewardSend(Node):
    id = identity(Tag.REWARD_SEND)
    version: Points = strawberry.field(description="Moves with every change of the send itself.")
    state: SendState = strawberry.field(description="Where it stands.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program whose budget pays.")
    content: Content = strawberry.field(description="What is sent.")
    is_gift: bool = strawberry.field(description="True if it is accepted or declined instead of claimed.")
    needs_claim: bool = strawberry.field(description="False if it is its recipients' at once.")
    amount: Points | None = strawberry.field(description="How many points each, in `unit`; null for a bundle.")
    bundle = one(Bundle, bundles_by_id, "bundle_id", "The bundle; null for points.")
    message = wording("message", "What recipients are told, at most 2,000 characters.")
    unit = unit_of("What the budget counts in.")
    value: Points = strawberry.field(description="What one line takes of the budget, in `unit`.")
    fair_value: Points | None = strawberry.field(description="Of one line, for tax, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of the fair value.")
    recipient_count = told("recipients", int, "How many lines it has, 1 to 10,000.")
    send_at: datetime | None = strawberry.field(description="When it leaves, or left.")
    claim_days: int | None = strawberry.field(description="For how many days it can be claimed; null: for good.")
    recorded_at: datetime = strawberry.field(description="When it was composed.")
    sent_at: datetime | None = strawberry.field(description="When its last line was judged.")
    recalled_at: datetime | None = strawberry.field(description="When it was recalled.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(description="How its lines stand, at most nine.")
    @staticmethod
    def counts(parent: strawberry.Parent[SendRecord]) -> list[RewardCount]:
        return [RewardCount(state=RewardState(state), count=total) for state, total in sorted(parent.counts.items())]

    @strawberry.field(graphql_type=Connection[SentReward], description="Its lines, in their order.")
    @staticmethod
    async def recipients(
        parent: strawberry.Parent[SendRecord], info: Info, first: First = 25, after: After = None
    ) -> Page[Any]:
        return await page_by(info, rewards_of_sends, parent.id, first, after, key=lambda row: (row.n,), kinds=(int,))

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, SendRecord)


@strawberry.type
class SendQuery:
    @strawberry.field(
        graphql_type=Connection[RewardSend] | None, description="Sends, newest first, as far as they are yours to see."
    )
    async def reward_sends(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        state: Annotated[SendState | None, strawberry.argument(description="Only those that stand so.")] = None,
    ) -> Page[Any]:
        context = info.context
        seen = read_cursor(after, datetime, UUID)
        rows = await sends_page(context.database, context.actor, limit=limit_of(first), after=seen, state=state)
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=RewardSend | None, description="A send; null where there is none for you.")
    async def reward_send(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(sends_by_id, decode_as(Tag.REWARD_SEND, id))
