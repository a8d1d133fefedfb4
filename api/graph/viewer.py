"""The viewer: everything that is your own, safe to ask from a browser or a phone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.activities import Filter
from api.graph.batching import Reading
from api.graph.context import Info
from api.graph.dues import DueOutcome
from api.graph.fields import IdArgument, page_by, wanted
from api.graph.ids import Tag
from api.graph.leaderboards import leaderboards_page
from api.graph.offers import SavedGoal
from api.graph.paging import After, Connection, First, Page, page_of
from api.graph.readings import account_by_id, activities_of_members, api_key_by_id, member_by_id, partner_by_id
from api.graph.texts import Locale
from catalog.items.reading import goals_of_members
from catalog.redemptions.reading import redemptions_of_members
from catalog.sends.listing import entitlements_of_owners, rewards_of_members
from catalog.sends.reading import bundle_orders_of_members
from domain.access.principals import Actor, Role, Scope
from domain.earning.reading import awards_of_owners, dues_of_beneficiaries
from domain.ledger.reading import wallets_of_members
from domain.programs.reading import enrollments_of_subjects

INSTANT_AND_ID = (datetime, UUID)


@dataclass(frozen=True, kw_only=True)
class ViewerRecord:
    """Whoever asks."""

    actor: Actor
    locale: Locale


@strawberry.type(description="Whoever asks: a signed-in person or a machine's key.")
class Viewer:
    locale: Locale = strawberry.field(description="The language the API speaks to you.")

    @strawberry.field(description="Your name, or your key's.")
    @staticmethod
    async def name(parent: strawberry.Parent[ViewerRecord], info: Info) -> str:
        if parent.actor.role is Role.INTEGRATION:
            key = await info.context.batches.one(api_key_by_id, parent.actor.principal_id)
            return key.name if key else ""
        account = await info.context.batches.one(account_by_id, parent.actor.principal_id)
        return account.name if account else ""

    @strawberry.field(graphql_type=nouns.API_KEY | None, description="Your key; null for people.")
    @staticmethod
    async def api_key(parent: strawberry.Parent[ViewerRecord], info: Info) -> Any:
        machine = parent.actor.role is Role.INTEGRATION
        return await info.context.batches.one(api_key_by_id, parent.actor.principal_id if machine else None)

    @strawberry.field(description="What you may do here.")
    @staticmethod
    def role(parent: strawberry.Parent[ViewerRecord]) -> Role:
        return parent.actor.role

    @strawberry.field(description="What your key may do, at most ten scopes; empty for people.")
    @staticmethod
    def scopes(parent: strawberry.Parent[ViewerRecord]) -> list[Scope]:
        return sorted(parent.actor.scopes)

    @strawberry.field(graphql_type=nouns.ACCOUNT | None, description="Your account; null for a machine.")
    @staticmethod
    async def account(parent: strawberry.Parent[ViewerRecord], info: Info) -> Any:
        person = parent.actor.role is not Role.INTEGRATION
        return await info.context.batches.one(account_by_id, parent.actor.principal_id if person else None)

    @strawberry.field(graphql_type=nouns.MEMBER | None, description="Who you are at a partner; null for others.")
    @staticmethod
    async def member(parent: strawberry.Parent[ViewerRecord], info: Info) -> Any:
        return await info.context.batches.one(member_by_id, parent.actor.member_id)

    @strawberry.field(graphql_type=nouns.PARTNER | None, description="The firm you act for; null for others.")
    @staticmethod
    async def partner(parent: strawberry.Parent[ViewerRecord], info: Info) -> Any:
        member = await info.context.batches.one(member_by_id, parent.actor.member_id)
        return await info.context.batches.one(partner_by_id, member.partner_id if member else None)

    @strawberry.field(graphql_type=list[nouns.WALLET], description="Your own wallets, one a unit, at most 100.")
    @staticmethod
    async def wallets(parent: strawberry.Parent[ViewerRecord], info: Info) -> Any:
        if parent.actor.member_id is None:
            return []
        return await info.context.batches.many(wallets_of_members, parent.actor.member_id)

    @strawberry.field(
        graphql_type=Connection[nouns.LEADERBOARD], description="Leaderboards you may look at, in order of code."
    )
    @staticmethod
    async def leaderboards(
        parent: strawberry.Parent[ViewerRecord], info: Info, first: First = 25, after: After = None
    ) -> Any:
        return await leaderboards_page(info, first, after)

    @strawberry.field(graphql_type=Connection[nouns.ACTIVITY], description="What you did.")
    @staticmethod
    async def activities(
        parent: strawberry.Parent[ViewerRecord],
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Filter = None,
    ) -> Page[Any]:
        if parent.actor.member_id is None:
            return page_of([], first=first, after=after, key=lambda row: ())
        return await page_by(
            info,
            activities_of_members,
            parent.actor.member_id,
            first,
            after,
            key=lambda row: (row.state.occurred_at, row.id),
            kinds=INSTANT_AND_ID,
            **(filter.arguments() if filter else {}),
        )

    @strawberry.field(graphql_type=Connection[nouns.AWARD], description="What you were awarded, newest first.")
    @staticmethod
    async def awards(
        parent: strawberry.Parent[ViewerRecord],
        info: Info,
        first: First = 25,
        after: After = None,
        program_id: IdArgument = None,
    ) -> Page[Any]:
        if parent.actor.member_id is None:
            return page_of([], first=first, after=after, key=lambda row: ())
        return await page_by(
            info,
            awards_of_owners,
            parent.actor.member_id,
            first,
            after,
            key=lambda row: (row.recorded_at, row.id),
            kinds=INSTANT_AND_ID,
            program_id=wanted(Tag.PROGRAM, program_id),
        )

    @strawberry.field(
        graphql_type=Connection[nouns.DUE],
        description="What each of your activities was due and why, also why nothing; latest occurrence first.",
    )
    @staticmethod
    async def dues(
        parent: strawberry.Parent[ViewerRecord],
        info: Info,
        first: First = 25,
        after: After = None,
        program_id: IdArgument = None,
        outcome: Annotated[DueOutcome | None, strawberry.argument(description="Only those that ended so.")] = None,
    ) -> Page[Any]:
        if parent.actor.member_id is None:
            return page_of([], first=first, after=after, key=lambda row: ())
        return await page_by(
            info,
            dues_of_beneficiaries,
            parent.actor.member_id,
            first,
            after,
            key=lambda row: (row.occurred_at, row.id),
            kinds=INSTANT_AND_ID,
            program_id=wanted(Tag.PROGRAM, program_id),
            outcome=outcome,
        )

    @strawberry.field(graphql_type=Connection[nouns.REDEMPTION], description="What you redeemed, newest first.")
    @staticmethod
    async def redemptions(
        parent: strawberry.Parent[ViewerRecord], info: Info, first: First = 25, after: After = None
    ) -> Page[Any]:
        if parent.actor.member_id is None:
            return page_of([], first=first, after=after, key=lambda row: ())
        return await page_by(
            info,
            redemptions_of_members,
            parent.actor.member_id,
            first,
            after,
            key=lambda row: (row.recorded_at, row.id),
            kinds=INSTANT_AND_ID,
        )

    @strawberry.field(graphql_type=Connection[nouns.REWARD], description="What was sent to you, newest first.")
    @staticmethod
    async def rewards(
        parent: strawberry.Parent[ViewerRecord], info: Info, first: First = 25, after: After = None
    ) -> Page[Any]:
        return await _own(parent, info, rewards_of_members, first, after)

    @strawberry.field(
        graphql_type=Connection[nouns.BUNDLE_ORDER],
        description="Bundles that were given to you, beside awards or sent, newest first.",
    )
    @staticmethod
    async def bundle_orders(
        parent: strawberry.Parent[ViewerRecord], info: Info, first: First = 25, after: After = None
    ) -> Page[Any]:
        return await _own(parent, info, bundle_orders_of_members, first, after)

    @strawberry.field(
        graphql_type=Connection[nouns.ENTITLEMENT], description="Benefits that are yours to use, newest first."
    )
    @staticmethod
    async def entitlements(
        parent: strawberry.Parent[ViewerRecord], info: Info, first: First = 25, after: After = None
    ) -> Page[Any]:
        return await _own(parent, info, entitlements_of_owners, first, after)

    @strawberry.field(graphql_type=SavedGoal | None, description="What you save for; null for nothing.")
    @staticmethod
    async def saved_goal(parent: strawberry.Parent[ViewerRecord], info: Info) -> Any:
        return await info.context.batches.one(goals_of_members, parent.actor.member_id)

    @strawberry.field(graphql_type=Connection[nouns.ENROLLMENT], description="The programs you take part in.")
    @staticmethod
    async def enrollments(
        parent: strawberry.Parent[ViewerRecord], info: Info, first: First = 25, after: After = None
    ) -> Page[Any]:
        if parent.actor.member_id is None:
            return page_of([], first=first, after=after, key=lambda row: ())
        return await page_by(
            info,
            enrollments_of_subjects,
            parent.actor.member_id,
            first,
            after,
            key=lambda row: (row.enrolled_at, row.id),
            kinds=INSTANT_AND_ID,
        )


async def _own(
    parent: ViewerRecord, info: Info, reading: Reading[Any, Any], first: int, after: str | None
) -> Page[Any]:
    """A page of what is the viewer's own, newest first; empty for who is no member."""
    if parent.actor.member_id is None:
        return page_of([], first=first, after=after, key=lambda row: ())
    return await page_by(
        info,
        reading,
        parent.actor.member_id,
        first,
        after,
        key=lambda row: (row.recorded_at, row.id),
        kinds=INSTANT_AND_ID,
    )


@strawberry.type
class ViewerQuery:
    @strawberry.field(graphql_type=Viewer | None, description="You; null where nobody is signed in.")
    async def viewer(self, info: Info) -> Any:
        actor = info.context.actor
        if actor.role is Role.ANONYMOUS:
            return None
        return ViewerRecord(actor=actor, locale=Locale(info.context.locale))
