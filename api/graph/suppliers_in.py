"""Mutations of suppliers: defined, paused, reconciled."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.scalars import Json, Points
from api.graph.suppliers import Reconciliation
from catalog.suppliers.definition import SupplierDefinition
from catalog.suppliers.reading import AdapterKind, suppliers_by_id
from catalog.suppliers.reconciliation import ListRefused, orders_of_csv
from catalog.suppliers.reconciling import reconcile_supplier, reconciliations_by_id
from catalog.suppliers.registering import define_supplier, pause_supplier
from domain.kernel.keys import Keyed
from domain.kernel.refusals import AlreadyExists, InvalidInput, KeyReused, NotFound


@strawberry.input(description="A supplier as it is to stand.")
class DefineSupplierInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(description="Unique code, 1 to 64 characters: what stands under it is changed.")
    name: str = strawberry.field(description="Name, 1 to 200 characters.")
    adapter: AdapterKind = strawberry.field(description="How it delivers; never changes.")
    source_id: strawberry.ID | None = strawberry.field(
        default=None, description="The source whose keys feed its items and codes and fulfil its orders."
    )
    settings: Json | None = strawberry.field(default=None, description="For HTTP_PUSH: an object with its url.")
    secret: str | None = strawberry.field(
        default=None,
        description="For HTTP_PUSH: what requests are signed with, whsec_ and base64 of 24 to 64 bytes."
        " It is sealed and never told again; null keeps the one that stands.",
    )
    is_test: bool = strawberry.field(default=False, description="True if nothing it delivers is real; never changes.")
    rate_calls: int = strawberry.field(default=10, description="At most so many calls, 1 to 10,000,")
    rate_seconds: int = strawberry.field(default=1, description="in so many seconds, 1 to 86,400.")
    float_balance: Points | None = strawberry.field(
        default=None, description="What is left of the prepaid money, if you know; in minor units."
    )
    float_currency: str | None = strawberry.field(default=None, description="Its ISO 4217 code.")
    float_alert_below: Points | None = strawberry.field(
        default=None, description="Below this an event tells; in minor units."
    )

    def definition(self) -> SupplierDefinition:
        """As the room of suppliers takes it. Refuses: InvalidInput (settings); NotFound (an id of another kind)."""
        said: dict[str, Any] = {name: value for name, value in vars(self).items() if name != "idempotency_key"}
        source_id = sure(Tag.SOURCE, self.source_id, "source") if self.source_id else None
        settings = json_object(self.settings, "settings") if self.settings is not None else {}
        said |= {"source_id": source_id, "settings": settings}
        return SupplierDefinition(**said)


@strawberry.input(description="A supplier that is to get no orders, or to get them again.")
class PauseSupplierInput:
    idempotency_key: str = key_field()
    supplier_id: strawberry.ID = strawberry.field(description="The supplier.")
    paused: bool = strawberry.field(default=True, description="False: it gets orders again.")


@strawberry.input(description="A supplier's own list of orders.")
class ReconcileSupplierInput:
    idempotency_key: str = key_field()
    supplier_id: strawberry.ID = strawberry.field(description="The supplier.")
    starts_at: datetime = strawberry.field(description="The list holds orders from this instant on,")
    ends_at: datetime = strawberry.field(description="and before this one.")
    csv: str = strawberry.field(
        description="The list as CSV text: externalId, state (DELIVERED, PENDING, REFUSED, REFUNDED), amount in minor"
        " units, currency; at most 10,000 rows."
    )


@strawberry.type(description="The supplier stands as defined.")
class DefineSupplierSuccess:
    supplier: Any = strawberry.field(graphql_type=nouns.SUPPLIER, description="The supplier.")


@strawberry.type(description="The supplier is paused, or takes orders again.")
class PauseSupplierSuccess:
    supplier: Any = strawberry.field(graphql_type=nouns.SUPPLIER, description="The supplier.")


@strawberry.type(description="The lists were held against each other.")
class ReconcileSupplierSuccess:
    reconciliation: Any = strawberry.field(graphql_type=Reconciliation | None, description="What was found.")


@strawberry.type
class SupplierMutation:
    @mutation(
        DefineSupplierSuccess,
        NotFound,
        InvalidInput,
        AlreadyExists,
        KeyReused,
        description="A supplier stands as defined, new or changed; its secret is sealed and never told again.",
    )
    async def define_supplier(self, info: Info, input: DefineSupplierInput) -> Any:
        context = info.context
        made = await define_supplier(
            context.door, context.actor, keyed(input), context.keyring, input.definition(), sandbox=context.sandbox
        )
        return DefineSupplierSuccess(supplier=await _supplier(info, UUID(made.facts["supplier_id"])))

    @mutation(
        PauseSupplierSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="A supplier gets no new orders, or gets them again; what is under way is finished.",
    )
    async def pause_supplier(self, info: Info, input: PauseSupplierInput) -> Any:
        context = info.context
        supplier_id = sure(Tag.SUPPLIER, input.supplier_id, "supplier")
        await pause_supplier(context.door, context.actor, keyed(input), supplier_id, paused=input.paused)
        return PauseSupplierSuccess(supplier=await _supplier(info, supplier_id))

    @mutation(
        ReconcileSupplierSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Holds a supplier's list of orders against ours; the same list again answers what was found.",
    )
    async def reconcile_supplier(self, info: Info, input: ReconcileSupplierInput) -> Any:
        context = info.context
        supplier_id = sure(Tag.SUPPLIER, input.supplier_id, "supplier")
        try:
            orders = orders_of_csv(input.csv)
        except ListRefused as trouble:
            raise InvalidInput(field="csv", problem=str(trouble)) from trouble
        done = await reconcile_supplier(
            context.door,
            context.actor,
            Keyed(key=input.idempotency_key, request={}),
            supplier_id,
            orders,
            starts_at=input.starts_at,
            ends_at=input.ends_at,
        )
        found = await context.batches.one(reconciliations_by_id, UUID(done.facts["reconciliation_id"]))
        return ReconcileSupplierSuccess(reconciliation=found)


async def _supplier(info: Info, supplier_id: UUID) -> Any:
    return await info.context.batches.one(suppliers_by_id, supplier_id)
