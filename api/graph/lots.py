"""Lots: where the points of an award are now."""

from datetime import datetime

import strawberry

from api.graph import nouns
from api.graph.fields import identity, one, sure_reference
from api.graph.ids import Tag
from api.graph.scalars import Points
from domain.programs.reading import programs_by_id


@strawberry.type(description="Where the points of one award are now; the nine parts sum to `amount`, each ≥ 0.")
class Lot:
    id = identity(Tag.LOT)
    award_id = sure_reference(Tag.AWARD, "award_id", "The award it holds.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program that awarded it.")
    amount: Points = strawberry.field(description="What was awarded.")
    pending: Points = strawberry.field(description="Not spendable before `maturesAt`.")
    available: Points = strawberry.field(description="Spendable now.")
    held: Points = strawberry.field(description="Set aside for something not finished yet.")
    payable: Points = strawberry.field(description="On its way out in a payout.")
    redeemed: Points = strawberry.field(description="Spent.")
    paid: Points = strawberry.field(description="Paid out.")
    expired: Points = strawberry.field(description="Expired.")
    reversed: Points = strawberry.field(description="Taken back with its own award.")
    settled: Points = strawberry.field(description="Used to pay a debt.")
    matures_at: datetime = strawberry.field(description="When pending becomes available.")
    expires_at: datetime | None = strawberry.field(description="When what is available expires, null for never.")
