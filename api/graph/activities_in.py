"""Mutations of activities: recorded, corrected and taken back in batches, each item with its own result."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag, decode_as
from api.graph.mutating import at_most_a_batch, json_object, mutation, source_of
from api.graph.refusing import Refusal, Told
from api.graph.scalars import Json, Points
from domain.access.principals import Relation
from domain.activities.activity import (
    ActivityInput as Item,
)
from domain.activities.activity import (
    ActivityReversal,
    Amount,
    Basis,
    ItemResult,
    Outcome,
    RecordedBatch,
)
from domain.activities.reading import ActivityRecord
from domain.activities.refusals import BatchTooLarge, UnknownSource
from domain.earning.recording import correct_activities, record_activities
from domain.kernel.refusals import InvalidInput, NotFound


@strawberry.input(description="An amount of an activity.")
class AmountInput:
    basis: Basis = strawberry.field(description="What it measures; one amount a basis.")
    amount: Points = strawberry.field(description="Whole minor units, 0 to 10^15.")
    unit: str = strawberry.field(description="The code of its currency.")


@strawberry.input(description="Something a partner did, as your system knows it.")
class ActivityInput:
    external_id: str = strawberry.field(
        description="Its id in your system, 1 to 128 characters: sent again, it is a duplicate."
    )
    type: str = strawberry.field(description="Code of its activity type.")
    occurred_at: datetime = strawberry.field(description="When it happened; at most five minutes ahead.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="Who did it, by our id.")
    member_external_id: str | None = strawberry.field(default=None, description="Or by your source's id.")
    partner_id: strawberry.ID | None = strawberry.field(
        default=None, description="For which firm; by default the member's at that time."
    )
    partner_external_id: str | None = strawberry.field(default=None, description="Or by your source's id.")
    quantity: Points = strawberry.field(default=Points(1), description="Units, whole, 0 to 10^9.")
    amounts: list[AmountInput] = strawberry.field(default_factory=list, description="One a basis, at most four.")
    attributes: Json | None = strawberry.field(
        default=None, description="An object of the attributes its type declares."
    )
    source_version: str | None = strawberry.field(
        default=None, description="Orders revisions: a whole number or an ISO 8601 instant of your system."
    )

    def item(self, reason: str | None = None) -> Item:
        """As the room of activities takes it. Refuses: InvalidInput (attributes, amounts)."""
        if len({amount.basis for amount in self.amounts}) < len(self.amounts):
            raise InvalidInput(field="amounts", problem="one amount a basis")
        return Item(
            external_id=self.external_id,
            type=self.type,
            occurred_at=self.occurred_at,
            member=_named(Tag.MEMBER, self.member_id, self.member_external_id),
            partner=_named(Tag.PARTNER, self.partner_id, self.partner_external_id),
            quantity=self.quantity,
            amounts={each.basis: Amount(minor=each.amount, unit=each.unit) for each in self.amounts},
            attributes={} if self.attributes is None else json_object(self.attributes, "attributes"),
            source_version=self.source_version,
            reason=reason,
        )


@strawberry.input(description="Activities to record.")
class RecordActivitiesInput:
    source_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where they come from; not needed for a key that is bound to a source."
    )
    items: list[ActivityInput] = strawberry.field(description="1 to 1,000 activities, in one transaction.")


@strawberry.input(description="Activities whose content changes.")
class CorrectActivitiesInput:
    source_id: strawberry.ID | None = strawberry.field(default=None, description="Where they come from.")
    items: list[ActivityInput] = strawberry.field(description="1 to 1,000 activities, each with its whole new content.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Activities to take back whole.")
class ReverseActivitiesInput:
    source_id: strawberry.ID | None = strawberry.field(default=None, description="Where they come from.")
    external_ids: list[str] = strawberry.field(description="1 to 1,000 ids in your system.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@dataclass(frozen=True, kw_only=True)
class ActivityItemRecord:
    """The result of one item, for the face."""

    external_id: str
    outcome: Outcome
    activity: ActivityRecord | None
    refusal: Told | None


@strawberry.type(description="What became of one item; one bad item never loses the others.")
class ActivityResult:
    external_id: str = strawberry.field(description="The item's id in your system.")
    outcome: Outcome = strawberry.field(description="What became of it.")
    activity: Any = strawberry.field(
        graphql_type=nouns.ACTIVITY | None, description="The activity as it stands now; null where it was rejected."
    )
    refusal: Any = strawberry.field(graphql_type=Refusal | None, description="Why it was rejected, else null.")


@strawberry.type(description="Every item has ended.")
class RecordActivitiesSuccess:
    results: list[ActivityResult] = strawberry.field(description="In the order of the items, at most 1,000.")
    recorded: int = strawberry.field(description="How many are new.")
    corrected: int = strawberry.field(description="How many changed an earlier content.")
    reversed: int = strawberry.field(description="How many were taken back.")
    duplicates: int = strawberry.field(description="How many were known already.")
    stale: int = strawberry.field(description="How many were older than what is known.")
    rejected: int = strawberry.field(description="How many were rejected, each with its refusal.")


@strawberry.type(description="Every item has ended.")
class CorrectActivitiesSuccess(RecordActivitiesSuccess):
    pass


@strawberry.type(description="Every item has ended.")
class ReverseActivitiesSuccess(RecordActivitiesSuccess):
    pass


REFUSED = (NotFound, InvalidInput, BatchTooLarge, UnknownSource)


@strawberry.type
class ActivityMutation:
    @mutation(
        RecordActivitiesSuccess,
        *REFUSED,
        description="Records what partners did and awards what it earns, in one transaction. The same batch again"
        " changes nothing: (source, externalId) is the key.",
    )
    async def record_activities(self, info: Info, input: RecordActivitiesInput) -> Any:
        context = info.context
        source_id = source_of(context.actor, input.source_id)
        at_most_a_batch(input.items, "items")
        items = [each.item() for each in input.items]
        batch = await record_activities(context.door, context.knowledge, context.actor, source_id, items)
        return _answer(RecordActivitiesSuccess, batch, context.locale)

    @mutation(
        CorrectActivitiesSuccess,
        *REFUSED,
        description="Gives known activities a new content; what they earned follows, difference by difference.",
    )
    async def correct_activities(self, info: Info, input: CorrectActivitiesInput) -> Any:
        context = info.context
        source_id = source_of(context.actor, input.source_id)
        at_most_a_batch(input.items, "items")
        items = [each.item(input.reason) for each in input.items]
        batch = await correct_activities(context.door, context.knowledge, context.actor, source_id, items)
        return _answer(CorrectActivitiesSuccess, batch, context.locale)

    @mutation(
        ReverseActivitiesSuccess,
        *REFUSED,
        description="Takes activities back whole; what they earned is taken back with them, into a debt if spent.",
    )
    async def reverse_activities(self, info: Info, input: ReverseActivitiesInput) -> Any:
        context = info.context
        source_id = source_of(context.actor, input.source_id)
        at_most_a_batch(input.external_ids, "externalIds")
        items = [ActivityReversal(external_id=each, reason=input.reason) for each in input.external_ids]
        batch = await correct_activities(context.door, context.knowledge, context.actor, source_id, items)
        return _answer(ReverseActivitiesSuccess, batch, context.locale)


def _named(tag: Tag, text: str | None, external_id: str | None) -> UUID | str | None:
    """A member or partner by our id or by the source's; an id of another kind is nobody's external id either."""
    return (decode_as(tag, text) or text) if text is not None else external_id


def _answer(success: type[RecordActivitiesSuccess], batch: RecordedBatch, locale: str) -> RecordActivitiesSuccess:
    counts = Counter(result.outcome for result in batch.results)
    return success(
        results=[_item(result, locale) for result in batch.results],
        recorded=counts[Outcome.RECORDED],
        corrected=counts[Outcome.CORRECTED],
        reversed=counts[Outcome.REVERSED],
        duplicates=counts[Outcome.DUPLICATE],
        stale=counts[Outcome.STALE],
        rejected=counts[Outcome.REJECTED],
    )


def _item(result: ItemResult, locale: str) -> Any:
    # Who records for a source is handed its activities as an operator.
    record = ActivityRecord(state=result.activity, relation=Relation.OPERATOR) if result.activity else None
    refusal = Told(refusal=result.refusal, locale=locale) if result.refusal else None
    return ActivityItemRecord(external_id=result.external_id, outcome=result.outcome, activity=record, refusal=refusal)
