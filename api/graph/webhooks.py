"""Webhook endpoints without their secrets, what was sent to them, and what each try met."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, page_by, sure_reference
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import source_by_id
from api.webhooks.reading import (
    DeliveryKind,
    DeliveryRecord,
    DeliveryState,
    EndpointRecord,
    EndpointState,
    attempts_of,
    deliveries_of,
    endpoints,
    endpoints_by_id,
)

StateFilter = Annotated[DeliveryState | None, strawberry.argument(description="Only those that stand so.")]


@strawberry.type(description="One try of a delivery.")
class WebhookAttempt:
    n: int = strawberry.field(description="Which try of the delivery, from 1.")
    outcome: str = strawberry.field(
        description="DELIVERED, REDIRECTED, GONE, HTTP_ERROR, WRONG_ANSWER, CLOSED, NOT_CONNECTED, TIMED_OUT, BROKEN."
    )
    status: int | None = strawberry.field(description="The HTTP status, null where no answer came.")
    response: str | None = strawberry.field(description="The first kilobyte of the answer, or why none came.")
    milliseconds: int = strawberry.field(description="How long it took.")
    at: datetime = strawberry.field(description="When it ended.")


@strawberry.type(description="One message to one endpoint; every try of it carries the same webhook-id.")
class WebhookDelivery(Node):
    id = identity(Tag.WEBHOOK_DELIVERY)
    endpoint = one(nouns.WEBHOOK_ENDPOINT, endpoints_by_id, "endpoint_id", "Where it goes.")
    kind: DeliveryKind = strawberry.field(description="What it carries.")
    event_id = sure_reference(Tag.EVENT, "event_id", "The event's id, as rewardEvents tells it.")
    event_name: str = strawberry.field(description="The event's dotted name.")
    state: DeliveryState = strawberry.field(description="Where it stands.")
    attempts: int = strawberry.field(description="How often it was tried.")
    next_at: datetime | None = strawberry.field(description="When it is tried next, null once it ended.")
    recorded_at: datetime = strawberry.field(description="When it fell due first.")
    ended_at: datetime | None = strawberry.field(description="When it arrived or was given up, null while it waits.")
    log = many(WebhookAttempt, attempts_of, "What each try met, newest first, at most 50.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, DeliveryRecord)


@strawberry.type(description="An address that hears events. Its secret is shown once, when it is made or rotated.")
class WebhookEndpoint(Node):
    id = identity(Tag.WEBHOOK_ENDPOINT)
    url: str = strawberry.field(description="Where messages are posted.")
    description: str = strawberry.field(description="What it is for, at most 500 characters.")
    events: list[str] = strawberry.field(description="The events it hears, at most 500; none named means all.")
    state: EndpointState = strawberry.field(description="Where it stands; only an ACTIVE one hears events.")
    reason: str | None = strawberry.field(description="Why it is DISABLED: GONE or CHALLENGE_FAILED.")
    source = one(nouns.SOURCE, source_by_id, "source_id", "Whose events it hears; null for the whole deployment's.")
    is_rotating_until: datetime | None = strawberry.field(
        description="Until when the secret of before signs too, null where there is none."
    )
    version: int = strawberry.field(description="Grows with every change.")
    recorded_at: datetime = strawberry.field(description="When it was registered.")
    updated_at: datetime = strawberry.field(description="When it changed last.")

    @strawberry.field(
        graphql_type=Connection[WebhookDelivery] | None, description="What was sent to it, newest first; 30 days."
    )
    @staticmethod
    async def deliveries(
        parent: strawberry.Parent[Any],
        info: Info,
        first: First = 25,
        after: After = None,
        state: StateFilter = None,
    ) -> Any:
        return await page_by(
            info,
            deliveries_of,
            parent.id,
            first,
            after,
            key=lambda row: (row.recorded_at, row.id),
            kinds=(datetime, UUID),
            state=state and state.value,
        )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, EndpointRecord)


@strawberry.type
class WebhookQuery:
    @strawberry.field(
        graphql_type=Connection[WebhookEndpoint] | None,
        description="Endpoints in order of their ids: all for administrators and support, its own for a key.",
    )
    async def webhook_endpoints(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, UUID)
        rows = await endpoints(info.context.database, info.context.actor, after=seen and seen[0], limit=limit_of(first))
        return page_of(rows, first=first, after=after, key=lambda row: (row.id,))
