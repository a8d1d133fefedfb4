"""Awards: points granted once, with the reason for every one of them."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph import nouns
from api.graph.fields import Node, identity, many, one, sure_reference, told
from api.graph.ids import Tag
from api.graph.lots import Lot
from api.graph.readings import activity_by_id, member_by_id, partner_by_id
from api.graph.scalars import Points
from api.graph.texts import Reason, reasons
from api.graph.units import unit_of
from domain.access.principals import Relation
from domain.earning.reading import AwardRecord, AwardState, dues_by_id, reversals_of
from domain.programs.reading import programs_by_id, terms_by_id


@strawberry.type(description="A part of an award that was taken back for one cause, once.")
class AwardReversal:
    id = identity(Tag.REVERSAL)
    amount: Points = strawberry.field(description="How much was taken back, positive.")
    cause_id = sure_reference(Tag.CAUSE, "cause_id", "What took it back.")
    reason: str | None = strawberry.field(description="The reason that was given, at most 500 characters.")
    recorded_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="Points granted once to one wallet, for an activity or a milestone.")
class Award(Node):
    id = identity(Tag.AWARD)
    version: Points = strawberry.field(description="Moves with every entry of its wallet.")
    n: int = strawberry.field(description="1 for the first grant of its due; each later rise is a further award.")
    amount: Points = strawberry.field(description="What was granted, positive.")
    reversed_total: Points = strawberry.field(description="What was taken back since, 0 to `amount`.")
    remaining: Points = strawberry.field(description="What it still stands at: amount − reversedTotal.")
    state: AwardState = strawberry.field(description="Where most of it stands.")
    unit = unit_of("What it counts in.")
    rule: str = strawberry.field(description="Code of the rule that granted it.")
    milestone: str | None = strawberry.field(description="The milestone it rewards, null for an activity.")
    occurred_at: datetime = strawberry.field(description="When its activity happened.")
    recorded_at: datetime = strawberry.field(description="When it was granted.")
    matures_at = told("lot.matures_at", datetime, "When pending becomes available.")
    expires_at = told("lot.expires_at", datetime | None, "When what is left expires, null for never.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program that granted it.")
    terms = one(nouns.TERMS, terms_by_id, "terms_id", "The version of the terms that it follows.")
    activity = one(nouns.ACTIVITY, activity_by_id, "activity_id", "What it rewards, null for a milestone.")
    due = one(nouns.DUE, dues_by_id, "due_id", "What was due, of which it grants all or a part.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who was awarded, null if a firm was.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Which firm was awarded, null if a person was.")
    lot: Lot = strawberry.field(description="Where its points are now.")
    reversals = many(AwardReversal, reversals_of, "What was taken back of it, oldest first, at most 100.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(
        graphql_type=list[Reason],
        description="Why this amount: rule, inputs, bracket, caps, stacking, budget, rate, hold, expiry; at most 40.",
    )
    @staticmethod
    def explanation(parent: strawberry.Parent[AwardRecord]) -> Any:
        return reasons(parent.explanation)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, AwardRecord)
