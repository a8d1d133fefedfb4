"""Events as they are sent live: ids, amounts and codes of what happened, one type for each that a portal shows."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import strawberry

from api.graph.activities import BasisAmount, BasisAmountRecord
from api.graph.enums import PointsMove
from api.graph.event_shapes import RewardEvent, carried, carried_id, carried_instant
from api.graph.fields import sure_reference
from api.graph.ids import Tag, encode_id
from api.graph.scalars import Points
from api.graph.workflow_events import WORKFLOW_EVENTS
from catalog.codes.records import Problem
from catalog.items.events import ITEM_CHANGED
from catalog.items.item import ItemState
from catalog.redemptions.events import EVENTS as REDEMPTION_EVENTS
from catalog.redemptions.fulfilment_events import (
    CODE_PROBLEM_REPORTED,
    CODE_PROBLEM_SETTLED,
    CODE_REPLACED,
    CODE_REVEALED,
    DELIVERY_CHANGED,
    FULFILMENT_PARKED,
    FULFILMENT_REFUSED,
    FULFILMENT_RETRIED,
)
from catalog.redemptions.machine import Delivery
from catalog.redemptions.queues import ProblemState
from catalog.sends.bundling import WaitsFor
from catalog.sends.entitlement import EntitlementState
from catalog.sends.events import (
    BUNDLE_ORDER_MOVED,
    BUNDLE_ORDER_OPENED,
    ENTITLEMENT_MOVED,
    REWARD_MOVED,
    REWARD_SENT,
    SEND_CHANGED,
)
from catalog.sends.sent import RewardState, SendState
from domain.activities.activity import Basis
from domain.activities.events import ACTIVITY_CORRECTED, ACTIVITY_RECORDED, ACTIVITY_REVERSED
from domain.earning.events import GRANT_GIVEN, GRANT_REVOKED
from domain.kernel.events import StampedEvent
from domain.ledger.events import (
    AWARD_GRANTED,
    AWARD_REVERSED,
    BUDGET_FUNDED,
    DEBT_SETTLED,
    DEBT_WRITTEN_OFF,
    POINTS_CAPTURED,
    POINTS_EXPIRED,
    POINTS_HELD,
    POINTS_MATURED,
    POINTS_REFUNDED,
    POINTS_RELEASED,
)
from domain.payouts.events import PAYOUT_MOVED
from domain.payouts.machine import PayoutState
from domain.rebates.events import REBATE_MOVED
from domain.rebates.machine import RebateState

MOVES: Mapping[str, PointsMove] = {
    POINTS_MATURED.name: PointsMove.MATURED,
    POINTS_EXPIRED.name: PointsMove.EXPIRED,
    POINTS_HELD.name: PointsMove.HELD,
    POINTS_CAPTURED.name: PointsMove.CAPTURED,
    POINTS_RELEASED.name: PointsMove.RELEASED,
    POINTS_REFUNDED.name: PointsMove.REFUNDED,
    DEBT_SETTLED.name: PointsMove.DEBT_SETTLED,
    DEBT_WRITTEN_OFF.name: PointsMove.DEBT_WRITTEN_OFF,
}


@strawberry.type  # never named by a field: the schema shows only those that extend it
class _OfActivity(RewardEvent):
    activity_id = sure_reference(Tag.ACTIVITY, "aggregate_id", "The activity.")
    type = carried("type", str, "The code of its type.")
    revision = carried("revision", int, "Which revision this is, from 1.")
    occurred_at = carried_instant("occurred_at", "When it happened.")
    quantity = carried("quantity", Points, "Units sold or counted.")

    @strawberry.field(graphql_type=list[BasisAmount], description="Its amounts, at most one a basis.")
    @staticmethod
    def amounts(parent: strawberry.Parent[StampedEvent]) -> Any:
        return [
            BasisAmountRecord(basis=Basis(basis), amount=one["amount"], unit=one["unit"])
            for basis, one in parent.payload["amounts"].items()
        ]


@strawberry.type(description="A partner did something.")
class ActivityRecorded(_OfActivity):
    names = frozenset({ACTIVITY_RECORDED.name})


@strawberry.type(description="An activity reads differently from now on.")
class ActivityCorrected(_OfActivity):
    names = frozenset({ACTIVITY_CORRECTED.name})


@strawberry.type(description="An activity was taken back whole.")
class ActivityReversed(_OfActivity):
    names = frozenset({ACTIVITY_REVERSED.name})


@strawberry.type  # as above
class _OfWallet(RewardEvent):
    wallet_id = carried_id(Tag.WALLET, "wallet_id", "The wallet.")
    unit = carried("unit", str, "The code of the unit.")
    amount = carried("amount", Points, "How much moved, positive.")


@strawberry.type(description="Points were granted for an activity or a milestone.")
class AwardGranted(_OfWallet):
    award_id = sure_reference(Tag.AWARD, "aggregate_id", "The award.")
    rule = carried("rule", str, "The code of the rule.")
    activity_id = carried_id(Tag.ACTIVITY, "activity_id", "The activity, if it is for one.", optional=True)
    milestone = carried("milestone", str | None, "The milestone, if it is for one.")
    occurred_at = carried_instant("occurred_at", "When the activity happened.")
    matures_at = carried_instant("matures_at", "When the points become available.")
    expires_at = carried_instant("expires_at", "When they expire, null for never.", optional=True)

    names = frozenset({AWARD_GRANTED.name})


@strawberry.type(description="A part of an award was taken back.")
class AwardReversed(_OfWallet):
    award_id = sure_reference(Tag.AWARD, "aggregate_id", "The award.")
    reversed_total = carried("reversed_total", Points, "How much of the award is taken back by now.")
    remaining = carried("remaining", Points, "What the award still stands at.")
    indebted = carried("indebted", Points, "The part that became a debt.")
    occurred_at = carried_instant("occurred_at", "When the award's activity happened.")

    names = frozenset({AWARD_REVERSED.name})


@strawberry.type(description="Points moved inside a wallet.")
class PointsMoved(_OfWallet):
    names = frozenset(MOVES)

    @strawberry.field(description="How they moved.")
    @staticmethod
    def move(parent: strawberry.Parent[StampedEvent]) -> PointsMove:
        return MOVES[parent.name]


@strawberry.type(description="A program's budget was raised or, with a negative amount, lowered.")
class BudgetFunded(RewardEvent):
    unit = carried("unit", str, "The code of the unit.")
    amount = carried("amount", Points, "By how much, signed.")
    balance = carried("balance", Points, "What may still be awarded.")

    names = frozenset({BUDGET_FUNDED.name})


@strawberry.type(description="An item of the catalog is new or reads differently.")
class CatalogItemChanged(RewardEvent):
    item_id = sure_reference(Tag.CATALOG_ITEM, "aggregate_id", "The item.")
    version = carried("version", Points, "The item's version from now on.")
    state = carried("state", ItemState, "Whether members are shown it.")

    names = frozenset({ITEM_CHANGED.name})


@strawberry.type  # as above
class _OfRedemption(RewardEvent):
    redemption_id = sure_reference(Tag.REDEMPTION, "aggregate_id", "The order.")
    version = carried("version", Points, "The order's version from now on.")

    @strawberry.field(description="The lines that moved, at most 20.")
    @staticmethod
    def line_ids(parent: strawberry.Parent[StampedEvent]) -> list[strawberry.ID]:
        return [strawberry.ID(encode_id(Tag.REDEMPTION_LINE, UUID(one))) for one in parent.payload["lines"]]


@strawberry.type(description="Lines of an order moved; `name` says where to.")
class RedemptionChanged(_OfRedemption):
    names = frozenset(kind.name for kind in REDEMPTION_EVENTS)


@strawberry.type(description="Goods that were fulfilled are at another point of their way.")
class DeliveryChanged(_OfRedemption):
    delivery = carried("delivery", Delivery, "Where they are; SENT: on their way, also once more after a bounce.")

    names = frozenset({DELIVERY_CHANGED.name})


@strawberry.type(description="A supplier would not deliver a line, or nobody could say, or it is asked again: `name`.")
class FulfilmentChanged(RewardEvent):
    redemption_id = sure_reference(Tag.REDEMPTION, "aggregate_id", "The order.")
    line_id = carried_id(Tag.REDEMPTION_LINE, "line_id", "The line.")
    attempt_id = carried_id(Tag.ATTEMPT, "attempt_id", "The attempt: what retryFulfilment takes.")
    reason = carried("reason", str | None, "Why, a code of at most 32 characters; null where it is asked again.")

    names = frozenset({FULFILMENT_REFUSED.name, FULFILMENT_PARKED.name, FULFILMENT_RETRIED.name})


@strawberry.type(description="The code of a line was shown to its owner, or another took its place: `name`.")
class CodeChanged(RewardEvent):
    redemption_id = carried_id(Tag.REDEMPTION, "redemption_id", "The order.")
    line_id = carried_id(Tag.REDEMPTION_LINE, "line_id", "The line.")
    reason = carried("reason", Problem | None, "Why it was replaced, if it was.")

    names = frozenset({CODE_REVEALED.name, CODE_REPLACED.name})


@strawberry.type(description="A problem with a code was reported or settled.")
class CodeProblemChanged(RewardEvent):
    problem_id = sure_reference(Tag.CODE_PROBLEM, "aggregate_id", "The problem.")
    line_id = carried_id(Tag.REDEMPTION_LINE, "line_id", "The line of the code.")
    problem = carried("problem", Problem | None, "What is wrong, where it was reported.")
    settlement = carried("settlement", ProblemState | None, "How it ended, where it was settled.")

    names = frozenset({CODE_PROBLEM_REPORTED.name, CODE_PROBLEM_SETTLED.name})


@strawberry.type(description="A rule granted a bundle beside points, or what it came with is no longer due: `name`.")
class GrantChanged(RewardEvent):
    due_id = carried_id(Tag.DUE, "due_id", "What it came with.")
    bundle = carried("bundle", str, "The code of the bundle.")
    quantity = carried("quantity", int, "How often it is given.")

    names = frozenset({GRANT_GIVEN.name, GRANT_REVOKED.name})


@strawberry.type(description="A bundle on its way to a member was opened or has moved.")
class BundleOrderChanged(RewardEvent):
    bundle_order_id = sure_reference(Tag.BUNDLE_ORDER, "aggregate_id", "The bundle on its way.")
    waits_for = carried("waits_for", WaitsFor | None, "What it waits for.")

    names = frozenset({BUNDLE_ORDER_OPENED.name, BUNDLE_ORDER_MOVED.name})


@strawberry.type(description="A send was drafted, scheduled, sent out or recalled.")
class RewardSendChanged(RewardEvent):
    send_id = sure_reference(Tag.REWARD_SEND, "aggregate_id", "The send.")
    state = carried("state", SendState, "Its state.")
    version = carried("version", Points, "The send's version from now on.")

    names = frozenset({SEND_CHANGED.name})


@strawberry.type(description="A reward was sent to a member.")
class RewardReceived(RewardEvent):
    reward_id = sure_reference(Tag.REWARD, "aggregate_id", "The reward.")
    expires_at = carried_instant("expires_at", "Until when it can be claimed, null for good.", optional=True)

    names = frozenset({REWARD_SENT.name})


@strawberry.type(description="A reward was opened, claimed, accepted, declined or recalled, or its time is over.")
class RewardChanged(RewardEvent):
    reward_id = sure_reference(Tag.REWARD, "aggregate_id", "The reward.")
    state = carried("state", RewardState, "Its new state.")

    names = frozenset({REWARD_MOVED.name})


@strawberry.type(description="An entitlement was used, passed on, or ends.")
class EntitlementChanged(RewardEvent):
    entitlement_id = sure_reference(Tag.ENTITLEMENT, "aggregate_id", "The entitlement.")
    state = carried("state", EntitlementState, "Its state.")
    used = carried("used", int, "How often it was used by now.")
    version = carried("version", Points, "The entitlement's version from now on.")

    names = frozenset({ENTITLEMENT_MOVED.name})


@strawberry.type(description="A payout came to a state.")
class PayoutMoved(RewardEvent):
    payout_id = sure_reference(Tag.PAYOUT, "aggregate_id", "The payout.")
    from_state = carried("from_state", PayoutState | None, "The state before, null for a new draft.")
    to_state = carried("to_state", PayoutState, "The state from now on.")
    unit = carried("unit", str, "ISO 4217 code of the money.")
    amount = carried("amount", Points, "How much, in minor units.")
    reason = carried("reason", str | None, "Why, if that was said.")
    version = carried("version", Points, "The payout's version from now on.")

    names = frozenset({PAYOUT_MOVED.name})


@strawberry.type(description="A period of a rebate came to a state.")
class RebateMoved(RewardEvent):
    period_id = sure_reference(Tag.REBATE_PERIOD, "aggregate_id", "The period.")
    from_state = carried("from_state", RebateState | None, "The state before, null for a new period.")
    to_state = carried("to_state", RebateState, "The state from now on.")
    amount = carried("amount", Points | None, "What is due for it, in minor units, once that is final.")
    reason = carried("reason", str | None, "Why, if that was said.")
    version = carried("version", Points, "The period's version from now on.")

    names = frozenset({REBATE_MOVED.name})


@strawberry.type(description="Anything else that happened; `name` says what.")
class OtherEvent(RewardEvent):
    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, StampedEvent) and value.name not in SHOWN


EVENT_TYPES = (
    *WORKFLOW_EVENTS,
    ActivityRecorded,
    ActivityCorrected,
    ActivityReversed,
    AwardGranted,
    AwardReversed,
    PointsMoved,
    BudgetFunded,
    RedemptionChanged,
    DeliveryChanged,
    FulfilmentChanged,
    CodeChanged,
    CodeProblemChanged,
    CatalogItemChanged,
    GrantChanged,
    BundleOrderChanged,
    RewardSendChanged,
    RewardReceived,
    RewardChanged,
    EntitlementChanged,
    PayoutMoved,
    RebateMoved,
)
SHOWN = frozenset[str]().union(*(kind.names for kind in EVENT_TYPES))
