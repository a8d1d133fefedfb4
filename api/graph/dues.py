"""Dues: what each activity was worth under each rule, and why; also why nothing."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph import nouns
from api.graph.fields import Node, identity, many, one
from api.graph.ids import Tag
from api.graph.readings import activity_by_id, member_by_id, partner_by_id
from api.graph.scalars import Points
from api.graph.texts import Reason, reasons
from api.graph.units import unit_of
from domain.access.principals import Relation
from domain.earning.reading import DueOutcome, DueRecord, awards_of_dues
from domain.programs.reading import programs_by_id, terms_by_id


@strawberry.type(
    description="What one activity or milestone was due under one rule for one beneficiary, what was granted, and why."
)
class Due(Node):
    id = identity(Tag.DUE)
    outcome: DueOutcome = strawberry.field(description="How it ended.")
    own_due: Points = strawberry.field(description="What the rule alone gives, after its own caps.")
    due: Points = strawberry.field(description="What is left of it after stacking with other rules.")
    granted: Points = strawberry.field(description="What its awards stand at, after campaign cap and budget.")
    unit = unit_of("What it counts in.")
    rule: str = strawberry.field(description="Code of the rule.")
    milestone: str | None = strawberry.field(description="The milestone, null for an activity.")
    deal_key: str | None = strawberry.field(description="The deal over which rules were stacked.")
    stacking_group: str | None = strawberry.field(description="The stacking group of the rule.")
    occurred_at: datetime = strawberry.field(description="When the activity happened.")
    recorded_at: datetime = strawberry.field(description="When this was last decided.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program.")
    terms = one(nouns.TERMS, terms_by_id, "terms_id", "The version of the terms.")
    activity = one(nouns.ACTIVITY, activity_by_id, "activity_id", "The activity, null for a milestone.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "For whom, null if for a firm.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "For which firm, null if for a person.")
    awards = many(nouns.AWARD, awards_of_dues, "The awards that granted it, in order, at most 100.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(
        graphql_type=list[Reason], description="Every step to this amount, in order; the last one decided; at most 40."
    )
    @staticmethod
    def explanation(parent: strawberry.Parent[DueRecord]) -> Any:
        return reasons(parent.explanation)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, DueRecord)
