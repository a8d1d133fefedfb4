"""The mutation by which the vendor lets a source send by itself."""

from collections.abc import Mapping
from typing import Any, cast

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.readings import source_by_id
from api.graph.scalars import Json
from domain.activities.connecting import connect_source
from domain.activities.refusals import InvalidInlet, InvalidMapping, UnknownSource
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="How a source sends by itself.")
class ConnectSourceInput:
    idempotency_key: str = key_field()
    source_id: strawberry.ID = strawberry.field(description="The source; its mapping reads the messages.")
    inlet: Json = strawberry.field(
        description="Its signature (STANDARD_WEBHOOKS, HUBSPOT_V3, STRIPE, HMAC_SHA256), where a message's id stands,"
        " the path of a list of items, and columns joined of others: as data."
    )
    secret: str | None = strawberry.field(
        default=None, description="The secret the source signs with, 16 to 500 characters; unsaid: one is made."
    )


@strawberry.type(description="The source may post to /ingest/ and its code.")
class ConnectSourceSuccess:
    source: Any = strawberry.field(graphql_type=nouns.SOURCE, description="The source.")
    path: str = strawberry.field(description="Where its messages are posted, below this server's address.")
    secret: str | None = strawberry.field(
        description="The secret that was made: shown now and never again; null where you gave one, or in a repeat."
    )


@strawberry.type
class InletMutation:
    @mutation(
        ConnectSourceSuccess,
        NotFound,
        UnknownSource,
        InvalidInput,
        InvalidInlet,
        InvalidMapping,
        KeyReused,
        description="Lets a source send by itself, or changes how it does.",
    )
    async def connect_source(self, info: Info, input: ConnectSourceInput) -> Any:
        context = info.context
        source_id = sure(Tag.SOURCE, input.source_id, "source")
        document = cast("object", input.inlet)
        if not isinstance(document, Mapping):
            raise InvalidInput(field="inlet", problem="an object is expected")
        assert context.webhooks is not None, "wiring gives every context its registry"
        made = await connect_source(
            context.door,
            context.webhooks.keyring,
            context.actor,
            keyed(input),
            source_id,
            cast("Mapping[str, object]", document),
            input.secret,
        )
        source = await context.batches.one(source_by_id, source_id)
        return ConnectSourceSuccess(source=source, path=f"/ingest/{made.code}", secret=made.secret)
