"""Mutations of webhooks: endpoints come, change, rotate and go; a test is sent, and deliveries are sent again."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.webhooks.reading import deliveries_by_id, endpoints_by_id
from api.webhooks.registering import (
    EndpointChange,
    Registry,
    create_endpoint,
    delete_endpoint,
    rotate_secret,
    update_endpoint,
)
from api.webhooks.replaying import replay_deliveries, replay_delivery, send_test
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="An address that is to hear events.")
class CreateWebhookEndpointInput:
    idempotency_key: str = key_field()
    url: str = strawberry.field(description="Where to post: https, port 443 or 8443; a sandbox reaches localhost too.")
    events: list[str] = strawberry.field(
        default_factory=list, description="Names of events, at most 500; none named means all."
    )
    description: str = strawberry.field(default="", description="What it is for, at most 500 characters.")


@strawberry.input(description="What is to change of an endpoint; what is unsaid stays.")
class UpdateWebhookEndpointInput:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")
    url: str | None = strawberry.field(default=None, description="Another address; it is challenged before it hears.")
    events: list[str] | None = strawberry.field(
        default=None, description="Names of events, at most 500; an empty list means all."
    )
    description: str | None = strawberry.field(default=None, description="What it is for.")
    active: bool | None = strawberry.field(
        default=None, description="False pauses it; true challenges it and goes on where it stopped."
    )


@strawberry.input(description="An endpoint that is to get a new secret.")
class RotateWebhookSecretInput:
    idempotency_key: str = key_field()
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")
    overlap_hours: int = strawberry.field(
        default=24, description="How long the secret of before signs beside the new one, 0 to 168."
    )


@strawberry.input(description="An endpoint that is to go.")
class DeleteWebhookEndpointInput:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")


@strawberry.input(description="An endpoint that is to get a `webhook.test`.")
class SendTestEventInput:
    idempotency_key: str = key_field()
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")


@strawberry.input(description="A delivery that is to be sent again.")
class ReplayWebhookDeliveryInput:
    delivery_id: strawberry.ID = strawberry.field(description="The delivery.")


@strawberry.input(description="Deliveries that are to be sent again.")
class ReplayWebhookDeliveriesInput:
    idempotency_key: str = key_field()
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")
    since: datetime = strawberry.field(description="Those that fell due then or later.")
    delivered_too: bool = strawberry.field(default=False, description="Also those that arrived.")


@strawberry.type(description="The endpoint is PENDING until it has answered its challenge.")
class CreateWebhookEndpointSuccess:
    endpoint: Any = strawberry.field(graphql_type=nouns.WEBHOOK_ENDPOINT, description="The endpoint.")
    secret: str | None = strawberry.field(
        description="What proves our messages: shown now and never again, null where the same request is sent again."
    )


@strawberry.type(description="The endpoint is as stated.")
class UpdateWebhookEndpointSuccess:
    endpoint: Any = strawberry.field(graphql_type=nouns.WEBHOOK_ENDPOINT, description="The endpoint.")


@strawberry.type(description="The new secret signs.")
class RotateWebhookSecretSuccess:
    endpoint: Any = strawberry.field(graphql_type=nouns.WEBHOOK_ENDPOINT, description="The endpoint.")
    secret: str | None = strawberry.field(
        description="The new secret: shown now and never again, null where the same request is sent again."
    )


@strawberry.type(description="The endpoint is gone.")
class DeleteWebhookEndpointSuccess:
    endpoint_id: strawberry.ID = strawberry.field(description="Which one.")


@strawberry.type(description="A `webhook.test` is on its way.")
class SendTestEventSuccess:
    delivery: Any = strawberry.field(graphql_type=nouns.WEBHOOK_DELIVERY, description="The delivery to look at.")


@strawberry.type(description="The delivery is on its way again.")
class ReplayWebhookDeliverySuccess:
    delivery: Any = strawberry.field(graphql_type=nouns.WEBHOOK_DELIVERY, description="The delivery.")


@strawberry.type(description="The deliveries are on their way again.")
class ReplayWebhookDeliveriesSuccess:
    endpoint: Any = strawberry.field(graphql_type=nouns.WEBHOOK_ENDPOINT, description="The endpoint.")
    count: int = strawberry.field(description="How many, at most 10,000: ask again for the rest.")


@strawberry.type
class WebhookMutation:
    @mutation(
        CreateWebhookEndpointSuccess,
        InvalidInput,
        KeyReused,
        description="An address hears events once it has answered its challenge.",
    )
    async def create_webhook_endpoint(self, info: Info, input: CreateWebhookEndpointInput) -> Any:
        context = info.context
        made = await create_endpoint(
            context.door,
            _registry(info),
            context.actor,
            keyed(input),
            url=input.url,
            description=input.description,
            events=input.events,
        )
        endpoint = await context.batches.one(endpoints_by_id, made.endpoint_id)
        return CreateWebhookEndpointSuccess(endpoint=endpoint, secret=made.text)

    @mutation(UpdateWebhookEndpointSuccess, NotFound, InvalidInput, description="Changes, pauses or wakes an endpoint.")
    async def update_webhook_endpoint(self, info: Info, input: UpdateWebhookEndpointInput) -> Any:
        context = info.context
        endpoint_id = sure(Tag.WEBHOOK_ENDPOINT, input.endpoint_id, "webhook endpoint")
        change = EndpointChange(
            url=input.url,
            description=input.description,
            events=None if input.events is None else tuple(input.events),
            active=input.active,
        )
        await update_endpoint(context.door, _registry(info), context.actor, endpoint_id, change)
        return UpdateWebhookEndpointSuccess(endpoint=await context.batches.one(endpoints_by_id, endpoint_id))

    @mutation(
        RotateWebhookSecretSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="A new secret signs; the one before signs beside it for a while.",
    )
    async def rotate_webhook_secret(self, info: Info, input: RotateWebhookSecretInput) -> Any:
        context = info.context
        endpoint_id = sure(Tag.WEBHOOK_ENDPOINT, input.endpoint_id, "webhook endpoint")
        made = await rotate_secret(
            context.door,
            _registry(info),
            context.actor,
            keyed(input),
            endpoint_id,
            overlap_hours=input.overlap_hours,
        )
        endpoint = await context.batches.one(endpoints_by_id, endpoint_id)
        return RotateWebhookSecretSuccess(endpoint=endpoint, secret=made.text)

    @mutation(DeleteWebhookEndpointSuccess, NotFound, description="An endpoint is gone, and its secrets with it.")
    async def delete_webhook_endpoint(self, info: Info, input: DeleteWebhookEndpointInput) -> Any:
        endpoint_id = sure(Tag.WEBHOOK_ENDPOINT, input.endpoint_id, "webhook endpoint")
        await delete_endpoint(info.context.door, info.context.actor, endpoint_id)
        return DeleteWebhookEndpointSuccess(endpoint_id=input.endpoint_id)

    @mutation(
        SendTestEventSuccess, NotFound, InvalidInput, KeyReused, description="Sends a `webhook.test` to an endpoint."
    )
    async def send_test_event(self, info: Info, input: SendTestEventInput) -> Any:
        context = info.context
        endpoint_id = sure(Tag.WEBHOOK_ENDPOINT, input.endpoint_id, "webhook endpoint")
        delivery_id = await send_test(context.door, context.actor, keyed(input), endpoint_id)
        return SendTestEventSuccess(delivery=await context.batches.one(deliveries_by_id, delivery_id))

    @mutation(
        ReplayWebhookDeliverySuccess,
        NotFound,
        InvalidInput,
        description="Sends one delivery again, under the same webhook-id.",
    )
    async def replay_webhook_delivery(self, info: Info, input: ReplayWebhookDeliveryInput) -> Any:
        context = info.context
        delivery_id = sure(Tag.WEBHOOK_DELIVERY, input.delivery_id, "webhook delivery")
        await replay_delivery(context.door, context.actor, delivery_id)
        return ReplayWebhookDeliverySuccess(delivery=await context.batches.one(deliveries_by_id, delivery_id))

    @mutation(
        ReplayWebhookDeliveriesSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Sends again what an endpoint missed since a time.",
    )
    async def replay_webhook_deliveries(self, info: Info, input: ReplayWebhookDeliveriesInput) -> Any:
        context = info.context
        endpoint_id = sure(Tag.WEBHOOK_ENDPOINT, input.endpoint_id, "webhook endpoint")
        count = await replay_deliveries(
            context.door,
            context.actor,
            keyed(input),
            endpoint_id,
            since=input.since,
            delivered_too=input.delivered_too,
        )
        endpoint = await context.batches.one(endpoints_by_id, endpoint_id)
        return ReplayWebhookDeliveriesSuccess(endpoint=endpoint, count=count)


def _registry(info: Info) -> Registry:
    assert info.context.webhooks is not None, "wiring gives every context its registry"
    return info.context.webhooks
