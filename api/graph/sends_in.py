"""Mutations by which the vendor sends rewards: composed, scheduled, recalled."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from catalog.sends.addressing import addresses_of_csv
from catalog.sends.composing import recall_send, schedule_send, send_rewards
from catalog.sends.listing import sends_by_id
from catalog.sends.refusals import AudienceTooLarge, BudgetOfAnotherUnit, SendNeedsApproval, SendNotInState
from catalog.sends.sent import Address, Filter, SendDraft
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="Whom to send to: exactly one of these is given.")
class RewardAddressInput:
    member_id: strawberry.ID | None = strawberry.field(default=None, description="The person.")
    email: str | None = strawberry.field(default=None, description="The person's address, at most 254 characters.")
    external_id: str | None = strawberry.field(default=None, description="The person's id at the source `sourceId`.")

    def address(self) -> Address:
        """As the room takes it. Refuses: InvalidInput; NotFound for an id of another kind."""
        said = [one for one in (self.member_id, self.email, self.external_id) if one is not None]
        if len(said) != 1:
            raise InvalidInput(field="recipients", problem="each names one of memberId, email, externalId")
        member_id = sure(Tag.MEMBER, self.member_id, "member") if self.member_id else None
        return Address(text=said[0], member_id=member_id, email=self.email, external_id=self.external_id)


@strawberry.input(description="Everybody who fits all that is said; at most 100 values each.")
class RewardFilterInput:
    partner_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID], description="People of one of these partners, at most 100."
    )
    partner_types: list[str] = strawberry.field(
        default_factory=list[str], description="Of partners of these types, at most 100."
    )
    countries: list[str] = strawberry.field(
        default_factory=list[str], description="Of partners in these countries, at most 100."
    )
    segments: list[str] = strawberry.field(
        default_factory=list[str], description="In one of these segments, at most 100."
    )
    tiers: list[str] = strawberry.field(default_factory=list[str], description="Of one of these tiers, at most 100.")

    def wanted(self) -> Filter:
        """As the room takes it. Refuses: NotFound for an id of another kind."""
        return Filter(
            partner_ids=tuple(sure(Tag.PARTNER, one, "partner") for one in self.partner_ids),
            partner_types=tuple(self.partner_types),
            countries=tuple(self.countries),
            segments=tuple(self.segments),
            tiers=tuple(self.tiers),
        )


@strawberry.input(description="What is sent to whom: points or a bundle; to a list, a CSV or whom a filter finds.")
class SendRewardsInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The live program whose budget pays.")
    message: LocalizedTextInput = strawberry.field(description="What they are told, at most 2,000 characters each.")
    amount: Points | None = strawberry.field(default=None, description="Points each, in the program's unit.")
    bundle_id: strawberry.ID | None = strawberry.field(default=None, description="The bundle each.")
    recipients: list[RewardAddressInput] | None = strawberry.field(default=None, description="1 to 1,000 people.")
    csv: str | None = strawberry.field(
        default=None, description="A CSV with a column `email` or `external_id`, at most 1,000 rows and 500,000 bytes."
    )
    filter: RewardFilterInput | None = strawberry.field(default=None, description="Whom it finds now, at most 10,000.")
    source_id: strawberry.ID | None = strawberry.field(
        default=None, description="The source whose external ids are given."
    )
    is_gift: bool = strawberry.field(default=False, description="A personal gift: it is accepted or declined.")
    needs_claim: bool = strawberry.field(default=True, description="False: it is theirs at once.")
    is_draft: bool = strawberry.field(default=False, description="True: it waits for `scheduleSend`.")
    send_at: datetime | None = strawberry.field(default=None, description="When it leaves; null: now.")
    claim_days: int | None = strawberry.field(
        default=None, description="For how many days it can be claimed, 1 to 3,660; null: for good."
    )

    def draft(self) -> SendDraft:
        """As the room takes it. Refuses: InvalidInput; NotFound for an id of another kind."""
        if sum(said is not None for said in (self.recipients, self.csv, self.filter)) != 1:
            raise InvalidInput(field="recipients", problem="one of recipients, csv and filter is given")
        addresses = addresses_of_csv(self.csv) if self.csv is not None else []
        addresses += [one.address() for one in self.recipients or ()]
        return SendDraft(
            program_id=sure(Tag.PROGRAM, self.program_id, "program"),
            message=self.message.texts(),
            amount=self.amount,
            bundle_id=sure(Tag.BUNDLE, self.bundle_id, "bundle") if self.bundle_id else None,
            addresses=addresses,
            source_id=sure(Tag.SOURCE, self.source_id, "source") if self.source_id else None,
            filter=self.filter.wanted() if self.filter else None,
            is_gift=self.is_gift,
            needs_claim=self.needs_claim,
            is_draft=self.is_draft,
            send_at=self.send_at,
            claim_days=self.claim_days,
        )


@strawberry.input(description="When a draft leaves.")
class ScheduleSendInput:
    idempotency_key: str = key_field()
    send_id: strawberry.ID = strawberry.field(description="The draft.")
    send_at: datetime | None = strawberry.field(
        default=None, description="When it leaves; null: when the draft says, else now."
    )


@strawberry.input(description="What is taken back before it is claimed.")
class RecallSendInput:
    idempotency_key: str = key_field()
    send_id: strawberry.ID = strawberry.field(description="The send.")
    reward_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Only these lines, at most 1,000; all of them, if none are named."
    )


def _send_field() -> Any:
    return strawberry.field(
        graphql_type=nouns.REWARD_SEND | None, description="The send with its lines as they stand now."
    )


@strawberry.type(description="The send stands; its lines say which of them left.")
class SendRewardsSuccess:
    send: Any = _send_field()


@strawberry.type(description="The send leaves in its time.")
class ScheduleSendSuccess:
    send: Any = _send_field()


@strawberry.type(description="What nobody had claimed is recalled.")
class RecallSendSuccess:
    send: Any = _send_field()
    recalled: int = strawberry.field(description="How many lines were recalled.")


@strawberry.type
class SendMutation:
    @mutation(
        SendRewardsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        AudienceTooLarge,
        BudgetOfAnotherUnit,
        SendNeedsApproval,
        description="Sends points or a bundle; each line says whether it left, and if not, why not.",
    )
    async def send_rewards(self, info: Info, input: SendRewardsInput) -> Any:
        context = info.context
        done = await send_rewards(context.door, context.actor, keyed(input), input.draft(), context.sends)
        return SendRewardsSuccess(send=await _send(info, done))

    @mutation(
        ScheduleSendSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        SendNotInState,
        SendNeedsApproval,
        description="A draft leaves at an instant, or now; who schedules another's draft approves it.",
    )
    async def schedule_send(self, info: Info, input: ScheduleSendInput) -> Any:
        context = info.context
        send_id = sure(Tag.REWARD_SEND, input.send_id, "send")
        done = await schedule_send(context.door, context.actor, keyed(input), send_id, input.send_at, context.sends)
        return ScheduleSendSuccess(send=await _send(info, done))

    @mutation(
        RecallSendSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        SendNotInState,
        description="Recalls what nobody claimed yet: what was set aside for it is in the budget again.",
    )
    async def recall_send(self, info: Info, input: RecallSendInput) -> Any:
        context = info.context
        send_id = sure(Tag.REWARD_SEND, input.send_id, "send")
        wanted = None if input.reward_ids is None else [sure(Tag.REWARD, one, "reward") for one in input.reward_ids]
        done = await recall_send(context.door, context.actor, keyed(input), send_id, wanted)
        return RecallSendSuccess(send=await _send(info, done), recalled=done.facts["recalled"])


async def _send(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(sends_by_id, UUID(done.facts["send_id"]))
