"""Mutations of a relation: suspended, ended with its run-off, taken up again; the employer's consent."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.readings import partner_by_id
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.partners.parting import PartnershipAction, end_consent, give_consent, move_partnership
from domain.partners.refusals import PartnershipNotInState


@strawberry.input(description="What is to become of the relation with a partner.")
class MovePartnershipInput:
    idempotency_key: str = key_field()
    partner_id: strawberry.ID = strawberry.field(description="The partner.")
    action: PartnershipAction = strawberry.field(description="What to do.")
    run_off_until: datetime | None = strawberry.field(
        default=None, description="With END: until when what its people do still earns, within 3,660 days; null: now."
    )


@strawberry.input(description="An employer's consent that its people are rewarded.")
class GiveEmployerConsentInput:
    idempotency_key: str = key_field()
    partner_id: strawberry.ID = strawberry.field(description="The employer.")
    scope: str = strawberry.field(default="ALL", description="To what it consents, a code of 1 to 64 characters.")
    until: datetime | None = strawberry.field(default=None, description="Until when; null: for good.")


@strawberry.input(description="An employer's consent that ends.")
class EndEmployerConsentInput:
    idempotency_key: str = key_field()
    partner_id: strawberry.ID = strawberry.field(description="The employer.")


@strawberry.type(description="The relation stands so.")
class MovePartnershipSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER | None, description="The partner.")


@strawberry.type(description="The employer consents.")
class GiveEmployerConsentSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER | None, description="The employer.")


@strawberry.type(description="The employer consents no longer.")
class EndEmployerConsentSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER | None, description="The employer.")


@strawberry.type
class PartnerMutation:
    @mutation(
        MovePartnershipSuccess,
        NotFound,
        InvalidInput,
        PartnershipNotInState,
        KeyReused,
        description="A relation is suspended, ended with a run-off, or taken up again.",
    )
    async def move_partnership(self, info: Info, input: MovePartnershipInput) -> Any:
        context = info.context
        partner_id = sure(Tag.PARTNER, input.partner_id, "partner")
        await move_partnership(context.door, context.actor, keyed(input), partner_id, input.action, input.run_off_until)
        return MovePartnershipSuccess(partner=await context.batches.one(partner_by_id, partner_id))

    @mutation(
        GiveEmployerConsentSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="An employer consents from now on; rules read it.",
    )
    async def give_employer_consent(self, info: Info, input: GiveEmployerConsentInput) -> Any:
        context = info.context
        partner_id = sure(Tag.PARTNER, input.partner_id, "partner")
        await give_consent(context.door, context.actor, keyed(input), partner_id, input.scope, input.until)
        return GiveEmployerConsentSuccess(partner=await context.batches.one(partner_by_id, partner_id))

    @mutation(
        EndEmployerConsentSuccess, NotFound, InvalidInput, KeyReused, description="An employer's consent ends now."
    )
    async def end_employer_consent(self, info: Info, input: EndEmployerConsentInput) -> Any:
        context = info.context
        partner_id = sure(Tag.PARTNER, input.partner_id, "partner")
        await end_consent(context.door, context.actor, keyed(input), partner_id)
        return EndEmployerConsentSuccess(partner=await context.batches.one(partner_by_id, partner_id))
