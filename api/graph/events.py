"""Events as they are sent live: ids, amounts and codes of what happened, one type for each that a portal shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import strawberry

from api.graph.activities import BasisAmount, BasisAmountRecord
from api.graph.enums import PointsMove
from api.graph.event_bodies import message_of
from api.graph.fields import reference, sure_reference
from api.graph.ids import Tag, encode_id
from api.graph.scalars import Json, Points
from catalog.items.events import ITEM_CHANGED
from catalog.items.item import ItemState
from catalog.redemptions.events import EVENTS as REDEMPTION_EVENTS
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


def carried(key: str, shape: Any, description: str) -> Any:
    """A value of the event's payload as it is."""

    @staticmethod
    def resolve(parent: strawberry.Parent[StampedEvent]) -> Any:
        return parent.payload.get(key)

    return strawberry.field(resolver=resolve, graphql_type=shape, description=description)


def carried_instant(key: str, description: str, *, optional: bool = False) -> Any:
    """An instant of the payload."""

    @staticmethod
    def resolve(parent: strawberry.Parent[StampedEvent]) -> Any:
        value = parent.payload.get(key)
        return None if value is None else datetime.fromisoformat(value)

    shape: Any = datetime | None if optional else datetime
    return strawberry.field(resolver=resolve, graphql_type=shape, description=description)


def carried_id(tag: Tag, key: str, description: str, *, optional: bool = False) -> Any:
    """The opaque id of what the payload names."""

    @staticmethod
    def resolve(parent: strawberry.Parent[StampedEvent]) -> Any:
        value = parent.payload.get(key)
        return None if value is None else encode_id(tag, UUID(value))

    shape: Any = strawberry.ID | None if optional else strawberry.ID
    return strawberry.field(resolver=resolve, graphql_type=shape, description=description)


@strawberry.interface(description="Something that happened; the same event has the same id wherever it is told.")
class RewardEvent:
    name: str = strawberry.field(description="Its dotted name, for example award.granted.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    id = sure_reference(Tag.EVENT, "event_id", "The event's own id: whoever was told twice knows by it.")
    member_id = reference(Tag.MEMBER, "member_id", "The member it is about, if any.")
    partner_id = reference(Tag.PARTNER, "partner_id", "The partner it stands under, if any.")
    program_id = reference(Tag.PROGRAM, "program_id", "The program it belongs to, if any.")

    @strawberry.field(graphql_type=Json, description="All of it, byte for byte the body of its webhooks.")
    @staticmethod
    def message(parent: strawberry.Parent[Any]) -> Any:
        return message_of(parent)

    names: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, StampedEvent) and value.name in cls.names


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


@strawberry.type(description="Lines of an order moved; `name` says where to.")
class RedemptionChanged(RewardEvent):
    redemption_id = sure_reference(Tag.REDEMPTION, "aggregate_id", "The order.")
    version = carried("version", Points, "The order's version from now on.")

    names = frozenset(kind.name for kind in REDEMPTION_EVENTS)

    @strawberry.field(description="The lines that moved, at most 20.")
    @staticmethod
    def line_ids(parent: strawberry.Parent[StampedEvent]) -> list[strawberry.ID]:
        return [strawberry.ID(encode_id(Tag.REDEMPTION_LINE, UUID(one))) for one in parent.payload["lines"]]


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
    ActivityRecorded,
    ActivityCorrected,
    ActivityReversed,
    AwardGranted,
    AwardReversed,
    PointsMoved,
    BudgetFunded,
    RedemptionChanged,
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
