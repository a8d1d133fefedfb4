"""Attempts, claimed orders and problems with codes, as operators, suppliers and owners see them; never a code."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, one, sure_reference, wanted
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.scalars import Points
from catalog.codes.records import Problem
from catalog.redemptions.leasing import Claim, CompletionOutcome
from catalog.redemptions.machine import AttemptState
from catalog.redemptions.queues import ProblemRecord, ProblemState, code_problems, open_attempts
from catalog.redemptions.reading import AttemptRecord, lines_by_id
from catalog.suppliers.outcomes import Recipient
from catalog.suppliers.reading import suppliers_by_id

ParkedArgument = Annotated[
    bool | None, strawberry.argument(description="Only those that wait for retryFulfilment, or only the others.")
]
StateArgument = Annotated[ProblemState | None, strawberry.argument(description="Only those that stand so.")]


@strawberry.type(description="One try of one route for one line.")
class FulfilmentAttempt(Node):
    id = identity(Tag.ATTEMPT)
    line_id = sure_reference(Tag.REDEMPTION_LINE, "line_id", "The line it is to deliver.")
    supplier = one(nouns.SUPPLIER, suppliers_by_id, "supplier_id", "Who is to deliver.")
    n: int = strawberry.field(description="Which try of the line this is, from 1.")
    priority: int = strawberry.field(description="Which route it takes, from 1.")
    sku: str = strawberry.field(description="What it is called at the supplier.")
    state: AttemptState = strawberry.field(description="UNKNOWN is left only by asking the supplier.")
    reason: str | None = strawberry.field(description="Why it waits or was refused, a code.")
    supplier_reference: str | None = strawberry.field(description="The supplier's own id of the order.")
    calls: int = strawberry.field(description="How often the supplier was called or the order was claimed.")
    call_at: datetime | None = strawberry.field(
        description="When it is acted on next; null once it has ended, or while it waits for retryFulfilment."
    )
    recorded_at: datetime = strawberry.field(description="When it was begun.")
    ended_at: datetime | None = strawberry.field(description="When it was delivered or refused.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, AttemptRecord)


@strawberry.type(description="Where goods go; handed out only with a claimed order.")
class DeliveryAddress:
    name: str = strawberry.field(description="Who receives them.")
    email: str | None = strawberry.field(description="Where e-mail reaches them.")
    lines: list[str] = strawberry.field(description="Street and what else comes before the city, at most 5 lines.")
    city: str | None = strawberry.field(description="The city.")
    postcode: str | None = strawberry.field(description="The postcode.")
    region: str | None = strawberry.field(description="State or province.")
    country: str | None = strawberry.field(description="ISO 3166 code of the country.")
    phone: str | None = strawberry.field(description="Where a courier may call.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Recipient)


def _ordered(name: str, shape: Any, description: str) -> Any:
    @staticmethod
    def resolve(parent: strawberry.Parent[Claim]) -> Any:
        return getattr(parent.order, name)

    return strawberry.field(resolver=resolve, graphql_type=shape, description=description)


@strawberry.type(description="An order that you claimed: deliver it and report under its fence before the lease ends.")
class ClaimedFulfilment:
    attempt_id = sure_reference(Tag.ATTEMPT, "attempt_id", "What you report on.")
    line_id = sure_reference(Tag.REDEMPTION_LINE, "line_id", "The line of the redemption.")
    fence: int = strawberry.field(description="Goes back with your report; an older one is refused.")
    lease_until: datetime = strawberry.field(description="Until then the order is yours.")
    external_id = _ordered("external_id", str, "The order's own id, the same however often it is claimed.")
    sku = _ordered("sku", str, "What it is called in your catalog.")
    face_value = _ordered("face_value", Points | None, "Its face value, in minor units of currency.")
    currency = _ordered("currency", str | None, "The ISO 4217 code of the face value.")
    country = _ordered("country", str | None, "The country that it is redeemed in.")
    locale = _ordered("locale", str, "The language of the person.")
    recipient = _ordered("recipient", DeliveryAddress | None, "Where it goes, if it is shipped.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Claim)


@strawberry.type(description="What became of one report.")
class FulfilmentResult:
    attempt_id = sure_reference(Tag.ATTEMPT, "attempt_id", "The attempt that was reported on.")
    outcome: CompletionOutcome = strawberry.field(description="What became of it.")


@strawberry.type(description="A code does not work: what its owner says, and what she was answered.")
class CodeProblem(Node):
    id = identity(Tag.CODE_PROBLEM)
    line = one(nouns.REDEMPTION_LINE, lines_by_id, "line_id", "The line of the code.")
    problem: Problem = strawberry.field(description="What is wrong; RECALLED is the supplier's own word.")
    note: str = strawberry.field(description="What the owner adds, at most 500 characters.")
    answer: str | None = strawberry.field(description="What she was answered.")
    state: ProblemState = strawberry.field(description="Whether it is OPEN, or how it was settled.")
    recorded_at: datetime = strawberry.field(description="When it was reported.")
    settled_at: datetime | None = strawberry.field(description="When it was settled.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ProblemRecord)


@strawberry.type
class FulfilmentQuery:
    @strawberry.field(
        graphql_type=Connection[FulfilmentAttempt] | None,
        description="Attempts that have not ended, the oldest first; a key sees its own supplier's.",
    )
    async def open_fulfilments(
        self,
        info: Info,
        supplier_id: IdArgument = None,
        parked: ParkedArgument = None,
        first: First = 25,
        after: After = None,
    ) -> Any:
        rows = await open_attempts(
            info.context.database,
            info.context.actor,
            first=limit_of(first),
            after=read_cursor(after, datetime, UUID),
            supplier_id=wanted(Tag.SUPPLIER, supplier_id),
            parked=parked,
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(
        graphql_type=Connection[CodeProblem] | None, description="Problems with codes, the oldest first; your own."
    )
    async def code_problems(
        self, info: Info, state: StateArgument = None, first: First = 25, after: After = None
    ) -> Any:
        rows = await code_problems(
            info.context.database,
            info.context.actor,
            first=limit_of(first),
            after=read_cursor(after, datetime, UUID),
            state=state,
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))
