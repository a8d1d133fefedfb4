"""Mutations by which members take what was sent or granted to them: open, claim, accept, choose, decline."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.redemptions_in import AddressInput
from catalog.redemptions.refusals import AddressNeeded
from catalog.sends.claiming import claim_reward, decline_gift, open_reward
from catalog.sends.granting import choose_rewards
from catalog.sends.listing import rewards_by_id
from catalog.sends.reading import bundle_orders_by_id
from catalog.sends.refusals import AddressConsentNeeded, ChoiceRefused, RewardNotOpen
from catalog.sends.settling import Shipping, shipping
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound

CLAIM_REFUSALS = (
    NotFound,
    InvalidInput,
    KeyReused,
    RewardNotOpen,
    ChoiceRefused,
    AddressNeeded,
    AddressConsentNeeded,
)
ADDRESS_SAYS = "Where goods of it are shipped."
CONSENT_SAYS = "True: the address may be passed on to whoever delivers; needed with an address."


@strawberry.input(description="A reward that is looked at.")
class OpenRewardInput:
    reward_id: strawberry.ID = strawberry.field(description="The reward, one of `viewer.rewards`.")


@strawberry.input(description="A reward that is claimed.")
class ClaimRewardInput:
    idempotency_key: str = key_field()
    reward_id: strawberry.ID = strawberry.field(description="The reward, one of `viewer.rewards`.")
    address: AddressInput | None = strawberry.field(default=None, description=ADDRESS_SAYS)
    address_consent: bool = strawberry.field(default=False, description=CONSENT_SAYS)


@strawberry.input(description="A gift that is accepted.")
class AcceptGiftInput:
    idempotency_key: str = key_field()
    reward_id: strawberry.ID = strawberry.field(description="The gift, one of `viewer.rewards`.")
    address: AddressInput | None = strawberry.field(default=None, description=ADDRESS_SAYS)
    address_consent: bool = strawberry.field(default=False, description=CONSENT_SAYS)


@strawberry.input(description="What is chosen of a bundle, and where it is shipped.")
class ChooseRewardsInput:
    idempotency_key: str = key_field()
    reward_id: strawberry.ID | None = strawberry.field(default=None, description="What was sent: it is claimed so.")
    bundle_order_id: strawberry.ID | None = strawberry.field(default=None, description="Or what a rule granted.")
    choices: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID],
        description="Denominations of the bundle, exactly as many as it says, at most 20; none for an address only.",
    )
    address: AddressInput | None = strawberry.field(default=None, description=ADDRESS_SAYS)
    address_consent: bool = strawberry.field(default=False, description=CONSENT_SAYS)


@strawberry.input(description="A gift that is not wanted.")
class DeclineGiftInput:
    idempotency_key: str = key_field()
    reward_id: strawberry.ID = strawberry.field(description="The gift, one of `viewer.rewards`.")


def _reward_field() -> Any:
    return strawberry.field(graphql_type=nouns.REWARD | None, description="The reward as it stands now.")


@strawberry.type(description="The reward counts as seen.")
class OpenRewardSuccess:
    reward: Any = _reward_field()


@strawberry.type(description="It is yours.")
class ClaimRewardSuccess:
    reward: Any = _reward_field()


@strawberry.type(description="It is yours.")
class AcceptGiftSuccess:
    reward: Any = _reward_field()


@strawberry.type(description="What you chose is ordered.")
class ChooseRewardsSuccess:
    reward: Any = strawberry.field(
        graphql_type=nouns.REWARD | None, description="What was sent; null for what a rule granted."
    )
    bundle_order: Any = strawberry.field(
        graphql_type=nouns.BUNDLE_ORDER | None, description="The bundle as it stands now."
    )


@strawberry.type(description="It went back to who sent it.")
class DeclineGiftSuccess:
    reward: Any = _reward_field()


@strawberry.type
class RewardMutation:
    @mutation(OpenRewardSuccess, NotFound, description="The reward counts as seen; again changes nothing.")
    async def open_reward(self, info: Info, input: OpenRewardInput) -> Any:
        context = info.context
        reward_id = await open_reward(context.door, context.actor, sure(Tag.REWARD, input.reward_id, "reward"))
        return OpenRewardSuccess(reward=await context.batches.one(rewards_by_id, reward_id))

    @mutation(
        ClaimRewardSuccess,
        *CLAIM_REFUSALS,
        description="Claims what was sent to you: points are awarded, a bundle is ordered.",
    )
    async def claim_reward(self, info: Info, input: ClaimRewardInput) -> Any:
        reward, _ = await _claimed(info, input, "claimReward")
        return ClaimRewardSuccess(reward=reward)

    @mutation(
        AcceptGiftSuccess,
        *CLAIM_REFUSALS,
        description="Accepts a personal gift; goods that are shipped take an address and your consent.",
    )
    async def accept_gift(self, info: Info, input: AcceptGiftInput) -> Any:
        reward, _ = await _claimed(info, input, "acceptGift")
        return AcceptGiftSuccess(reward=reward)

    @mutation(
        ChooseRewardsSuccess,
        *CLAIM_REFUSALS,
        description="Chooses from a bundle that was sent or granted to you, or says where it is shipped.",
    )
    async def choose_rewards(self, info: Info, input: ChooseRewardsInput) -> Any:
        context = info.context
        if (input.reward_id is None) == (input.bundle_order_id is None):
            raise InvalidInput(field="rewardId", problem="either rewardId or bundleOrderId")
        choices = [sure(Tag.DENOMINATION, one, "denomination") for one in input.choices]
        if input.bundle_order_id is not None:
            order_id = sure(Tag.BUNDLE_ORDER, input.bundle_order_id, "bundle order")
            await choose_rewards(
                context.door,
                context.actor,
                keyed(input),
                order_id,
                choices,
                _shipping(info, input),
                sandbox=context.sandbox,
            )
            return ChooseRewardsSuccess(
                reward=None, bundle_order=await context.batches.one(bundle_orders_by_id, order_id)
            )
        reward, order_id = await _claimed(info, input, "chooseRewards", choices)
        return ChooseRewardsSuccess(
            reward=reward, bundle_order=await context.batches.one(bundle_orders_by_id, order_id)
        )

    @mutation(
        DeclineGiftSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RewardNotOpen,
        description="Declines what was sent to you: what it was worth is in the sender's budget again.",
    )
    async def decline_gift(self, info: Info, input: DeclineGiftInput) -> Any:
        context = info.context
        reward_id = sure(Tag.REWARD, input.reward_id, "reward")
        await decline_gift(context.door, context.actor, keyed(input), reward_id)
        return DeclineGiftSuccess(reward=await context.batches.one(rewards_by_id, reward_id))


def _shipping(info: Info, asked: Any) -> Shipping | None:
    if asked.address is None:
        return None
    return shipping(asked.address.recipient(), has_consent=asked.address_consent, keyring=info.context.keyring)


async def _claimed(info: Info, asked: Any, operation: str, choices: Sequence[UUID] = ()) -> tuple[Any, UUID | None]:
    context = info.context
    reward_id = sure(Tag.REWARD, asked.reward_id, "reward")
    done = await claim_reward(
        context.door,
        context.actor,
        keyed(asked),
        reward_id,
        choices=choices,
        shipping=_shipping(info, asked),
        operation=operation,
        sandbox=context.sandbox,
    )
    order_id = UUID(done.facts["order_id"]) if done.facts["order_id"] else None
    return await context.batches.one(rewards_by_id, reward_id), order_id
