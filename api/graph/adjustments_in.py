"""The mutation by which the vendor adjusts points by hand."""

from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.readings import activity_by_id
from api.graph.scalars import Points
from api.graph.wallets import Wallet
from domain.earning.adjusting import Adjustment, adjust_points
from domain.earning.refusals import AdjustmentExceedsAwards, BudgetShort
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.ledger.reading import wallets_by_id
from domain.partners.reading import members_by_pairs
from domain.programs.reading import programs_by_id


@strawberry.input(description="Points to grant or to take back by hand.")
class AdjustPointsInput:
    idempotency_key: str = key_field()
    member_id: strawberry.ID = strawberry.field(description="Whose points.")
    program_id: strawberry.ID = strawberry.field(description="The program whose budget pays, or gets them back.")
    amount: Points = strawberry.field(description="In the program's unit; negative takes back. Not zero.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters: it is shown to the member.")


@strawberry.type(description="The points are granted or taken back, and say why.")
class AdjustPointsSuccess:
    activity: Any = strawberry.field(graphql_type=nouns.ACTIVITY, description="The adjustment, an activity of its own.")
    wallet: Any = strawberry.field(graphql_type=Wallet, description="The wallet as it stands now.")


@strawberry.type
class AdjustmentMutation:
    @mutation(
        AdjustPointsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        BudgetShort,
        AdjustmentExceedsAwards,
        description="Grants points by hand, or takes a program's newest awards back; what is spent becomes a debt.",
    )
    async def adjust_points(self, info: Info, input: AdjustPointsInput) -> Any:
        context = info.context
        member_id = sure(Tag.MEMBER, input.member_id, "member")
        program_id = sure(Tag.PROGRAM, input.program_id, "program")
        if await context.batches.one(members_by_pairs, member_id) is None:
            raise NotFound(kind="member", id=str(member_id))
        if await context.batches.one(programs_by_id, program_id) is None:
            raise NotFound(kind="program", id=str(program_id))
        wanted = Adjustment(member_id=member_id, program_id=program_id, amount=input.amount, reason=input.reason)
        done = await adjust_points(context.door, context.actor, keyed(input), wanted)
        return AdjustPointsSuccess(
            activity=await context.batches.one(activity_by_id, UUID(done.facts["activity_id"])),
            wallet=await context.batches.one(wallets_by_id, UUID(done.facts["wallet_id"])),
        )
