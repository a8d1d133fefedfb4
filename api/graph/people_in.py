"""Mutations of partners and members: registered in batches by a source, each row with its own result."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.enums import Locale
from api.graph.mutating import at_most_a_batch, mutation, source_of
from api.graph.readings import member_by_id, partner_by_id
from api.graph.refusing import Refusal, Told
from domain.kernel.refusals import InvalidInput, NotFound
from domain.partners.opting import show_on_boards
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import (
    ItemResult,
    JourneyStage,
    MemberKind,
    MemberRow,
    PartnerRow,
    PartnerType,
    Result,
)


@strawberry.input(description="All that your system says of a partner; what is left out is thereby unsaid.")
class PartnerInput:
    external_id: str = strawberry.field(description="Its id in your system, 1 to 128 characters.")
    name: str = strawberry.field(description="The firm's name, 1 to 200 characters.")
    types: list[PartnerType] = strawberry.field(
        default_factory=list, description="What kinds of firm it is, at most twelve."
    )
    parent_external_id: str | None = strawberry.field(default=None, description="The firm it belongs to.")
    country: str | None = strawberry.field(default=None, description="ISO 3166 code of two letters.")
    vertical: str | None = strawberry.field(default=None, description="The industry it serves, at most 64 characters.")
    size: str | None = strawberry.field(default=None, description="Its size class, at most 32 characters.")
    journey_stage: JourneyStage = strawberry.field(
        default=JourneyStage.ENGAGEMENT, description="How far the partnership has come."
    )

    def row(self) -> PartnerRow:
        """As the room of partners takes it."""
        return PartnerRow(
            external_id=self.external_id,
            name=self.name,
            types=tuple(self.types),
            parent_external_id=self.parent_external_id,
            country=self.country,
            vertical=self.vertical,
            size=self.size,
            journey_stage=self.journey_stage,
        )


@strawberry.input(description="All that your system says of a member; what is left out is thereby unsaid.")
class MemberInput:
    external_id: str = strawberry.field(description="Their id in your system, 1 to 128 characters.")
    name: str = strawberry.field(description="The person's name, 1 to 200 characters.")
    partner_external_id: str | None = strawberry.field(default=None, description="The firm they act for.")
    partner_since: datetime | None = strawberry.field(
        default=None, description="Since when; unsaid, a first one from the beginning, a later one from now."
    )
    kind: MemberKind = strawberry.field(default=MemberKind.REP, description="A partner's person or the vendor's own.")
    email: str | None = strawberry.field(default=None, description="The address to write to, at most 254 characters.")
    locale: Locale = strawberry.field(default=Locale.EN, description="The language they are written to in.")
    left_at: datetime | None = strawberry.field(default=None, description="When they left.")

    def row(self) -> MemberRow:
        """As the room of partners takes it."""
        return MemberRow(
            external_id=self.external_id,
            name=self.name,
            partner_external_id=self.partner_external_id,
            partner_since=self.partner_since,
            kind=self.kind,
            email=self.email,
            locale=self.locale.value,
            left_at=self.left_at,
        )


@strawberry.input(description="Partners to register.")
class RegisterPartnersInput:
    source_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where they come from; not needed for a key that is bound to a source."
    )
    items: list[PartnerInput] = strawberry.field(description="1 to 1,000 partners; parents may stand anywhere.")


@strawberry.input(description="Members to register.")
class RegisterMembersInput:
    source_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where they come from; not needed for a key that is bound to a source."
    )
    items: list[MemberInput] = strawberry.field(description="1 to 1,000 members.")


@strawberry.input(description="Whether leaderboards name you.")
class SetBoardVisibilityInput:
    visible: bool = strawberry.field(description="False: you leave the rankings; true: you come back.")


@dataclass(frozen=True, kw_only=True)
class PersonItemRecord:
    """The result of one row, for the face."""

    external_id: str
    outcome: Result
    id: UUID | None
    refusal: Told | None


@strawberry.type(description="What became of one partner of a batch.")
class PartnerResult:
    external_id: str = strawberry.field(description="Its id in your system.")
    outcome: Result = strawberry.field(description="What became of it.")
    refusal: Any = strawberry.field(graphql_type=Refusal | None, description="Why it was refused, else null.")

    @strawberry.field(graphql_type=nouns.PARTNER | None, description="The partner as it stands now.")
    @staticmethod
    async def partner(parent: strawberry.Parent[PersonItemRecord], info: Info) -> Any:
        return await info.context.batches.one(partner_by_id, parent.id)


@strawberry.type(description="What became of one member of a batch.")
class MemberResult:
    external_id: str = strawberry.field(description="Their id in your system.")
    outcome: Result = strawberry.field(description="What became of them.")
    refusal: Any = strawberry.field(graphql_type=Refusal | None, description="Why they were refused, else null.")

    @strawberry.field(graphql_type=nouns.MEMBER | None, description="The member as they stand now.")
    @staticmethod
    async def member(parent: strawberry.Parent[PersonItemRecord], info: Info) -> Any:
        return await info.context.batches.one(member_by_id, parent.id)


@strawberry.type(description="Every row has ended.")
class RegisterPartnersSuccess:
    results: list[PartnerResult] = strawberry.field(description="In the order of the items, at most 1,000.")
    registered: int = strawberry.field(description="How many are new.")
    changed: int = strawberry.field(description="How many changed.")
    unchanged: int = strawberry.field(description="How many stood like this already.")
    refused: int = strawberry.field(description="How many were refused, each with its refusal.")


@strawberry.type(description="Every row has ended.")
class RegisterMembersSuccess:
    results: list[MemberResult] = strawberry.field(description="In the order of the items, at most 1,000.")
    registered: int = strawberry.field(description="How many are new.")
    changed: int = strawberry.field(description="How many changed.")
    unchanged: int = strawberry.field(description="How many stood like this already.")
    refused: int = strawberry.field(description="How many were refused, each with its refusal.")


@strawberry.type(description="You are shown, or no longer.")
class SetBoardVisibilitySuccess:
    member: Any = strawberry.field(graphql_type=nouns.MEMBER, description="You, as you stand now.")


@strawberry.type
class PeopleMutation:
    @mutation(
        RegisterPartnersSuccess,
        NotFound,
        InvalidInput,
        description="Partners stand as their source tells them; the same again changes nothing.",
    )
    async def register_partners(self, info: Info, input: RegisterPartnersInput) -> Any:
        context = info.context
        source_id = source_of(context.actor, input.source_id)
        at_most_a_batch(input.items, "items")
        rows = [item.row() for item in input.items]
        results = await context.door.operate(context.actor, lambda op: register_partners_in(op, source_id, rows))
        return RegisterPartnersSuccess(results=_items(results, context.locale), **_counted(results))

    @mutation(
        RegisterMembersSuccess,
        NotFound,
        InvalidInput,
        description="Members stand as their source tells them; the same again changes nothing.",
    )
    async def register_members(self, info: Info, input: RegisterMembersInput) -> Any:
        context = info.context
        source_id = source_of(context.actor, input.source_id)
        at_most_a_batch(input.items, "items")
        rows = [item.row() for item in input.items]
        results = await context.door.operate(context.actor, lambda op: register_members_in(op, source_id, rows))
        return RegisterMembersSuccess(results=_items(results, context.locale), **_counted(results))

    @mutation(SetBoardVisibilitySuccess, NotFound, description="You leave the rankings, or come back.")
    async def set_board_visibility(self, info: Info, input: SetBoardVisibilityInput) -> Any:
        context = info.context
        member_id = await show_on_boards(context.door, context.actor, input.visible)
        return SetBoardVisibilitySuccess(member=await context.batches.one(member_by_id, member_id))


def _items(results: Sequence[ItemResult], locale: str) -> list[Any]:
    return [
        PersonItemRecord(
            external_id=result.external_id,
            outcome=result.result,
            id=result.id,
            refusal=Told(refusal=result.refusal, locale=locale) if result.refusal else None,
        )
        for result in results
    ]


def _counted(results: Sequence[ItemResult]) -> Mapping[str, int]:
    counts = Counter(result.result for result in results)
    return {kind.value.lower(): counts[kind] for kind in Result}
