"""What every event that is sent live shares, and how a field takes its value from the payload."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import strawberry

from api.graph.event_bodies import message_of
from api.graph.fields import reference, sure_reference
from api.graph.ids import Tag, encode_id
from api.graph.scalars import Json
from domain.kernel.events import StampedEvent


def carried(key: str, shape: Any, description: str) -> Any:
    """A value of the event's payload as it is."""

    @staticmethod
    def resolve(parent: strawberry.Parent[StampedEvent]) -> Any:
        return parent.payload.get(key)

    return strawberry.field(resolver=resolve, graphql_type=shape, description=description)


def carried_instant(key: str, description: str, *, optional: bool = False) -> Any:
    """An instant of the payload."""

    @staticmethod
    def resolve(parent: strawberry.Parent[StampedEvent]) -> Any:
        value = parent.payload.get(key)
        return None if value is None else datetime.fromisoformat(value)

    shape: Any = datetime | None if optional else datetime
    return strawberry.field(resolver=resolve, graphql_type=shape, description=description)


def carried_id(tag: Tag, key: str, description: str, *, optional: bool = False) -> Any:
    """The opaque id of what the payload names."""

    @staticmethod
    def resolve(parent: strawberry.Parent[StampedEvent]) -> Any:
        value = parent.payload.get(key)
        return None if value is None else encode_id(tag, UUID(value))

    shape: Any = strawberry.ID | None if optional else strawberry.ID
    return strawberry.field(resolver=resolve, graphql_type=shape, description=description)


@strawberry.interface(description="Something that happened; the same event has the same id wherever it is told.")
class RewardEvent:
    name: str = strawberry.field(description="Its dotted name, for example award.granted.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    id = sure_reference(Tag.EVENT, "event_id", "The event's own id: whoever was told twice knows by it.")
    member_id = reference(Tag.MEMBER, "member_id", "The member it is about, if any.")
    partner_id = reference(Tag.PARTNER, "partner_id", "The partner it stands under, if any.")
    program_id = reference(Tag.PROGRAM, "program_id", "The program it belongs to, if any.")

    @strawberry.field(graphql_type=Json, description="All of it, byte for byte the body of its webhooks.")
    @staticmethod
    def message(parent: strawberry.Parent[Any]) -> Any:
        return message_of(parent)

    names: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, StampedEvent) and value.name in cls.names
