"""What every mutation shares: one result union, who may try it, and the request that its key stands for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, TypeVar, Union
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.extensions import FieldExtension

from api.graph.context import Info
from api.graph.ids import Tag, decode_as
from api.graph.refusing import REFUSAL_TYPES, Told
from domain.access.principals import Actor
from domain.access.refusals import ScopeMissing
from domain.kernel.keys import Keyed
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound, Refusal, TryLater

BATCH_ITEMS_MAX = 1_000
Answer = TypeVar("Answer")
EVERYWHERE = (NotAllowed, ScopeMissing, TryLater)


class TellsRefusals(FieldExtension):
    """Runs the mutation, and answers its refusals as members of its union.

    A refusal that the union does not name becomes an error with its code: it is told, and a test will find it.
    """

    def __init__(self, kinds: tuple[type[Refusal], ...]) -> None:
        self.codes = frozenset(kind.code() for kind in kinds)

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **arguments: Any
    ) -> Any:
        context = info.context
        try:
            return await next_(source, info, **arguments)
        except Refusal as refusal:
            if refusal.code() in self.codes:
                return Told(refusal=refusal, locale=context.locale)
            raise GraphQLError(
                refusal.text(context.locale), extensions={"code": refusal.code(), "retryable": refusal.retryable}
            ) from None


def mutation(success: type[Any], *kinds: type[Refusal], description: str) -> Callable[[Callable[..., Any]], Any]:
    """A mutation whose result is `success`, or one of these refusals, or NotAllowed or TryLater."""
    every = tuple(dict.fromkeys((*kinds, *EVERYWHERE)))
    name = success.__name__.removesuffix("Success")
    members = (success, *(REFUSAL_TYPES[kind.code()] for kind in every))
    result = Annotated[
        Union[members],  # noqa: UP007 the members are only known here
        strawberry.union(f"{name}Result", description=f"What became of {name[0].lower()}{name[1:]}."),
    ]

    def wrap(resolver: Callable[..., Any]) -> Any:
        extension = TellsRefusals(every)
        return strawberry.mutation(
            resolver=resolver, graphql_type=result, description=description, extensions=[extension]
        )

    return wrap


def keyed(asked: Any) -> Keyed:
    """The caller's key with the request it stands for."""
    return Keyed(key=asked.idempotency_key, request=request_of(asked, without="idempotency_key"))


def request_of(asked: Any, *, without: str = "") -> Mapping[str, Any]:
    """What the caller said, canonical. A field at its default counts as unsaid: a client that names it and one that
    does not mean the same, also after the schema has gained a field.
    """
    return {
        field.name: _canonical(getattr(asked, field.name))
        for field in fields(asked)
        if field.name != without
        and getattr(asked, field.name) != field.default
        and getattr(asked, field.name) is not None
    }


def sure(tag: Tag, text: str, kind: str) -> UUID:
    """The UUID of an id. Refuses: NotFound for an id of another kind."""
    found = decode_as(tag, text)
    if found is None:
        raise NotFound(kind=kind, id=text)
    return found


def source_of(actor: Actor, text: str | None) -> UUID:
    """The source that a batch belongs to: a key's own, or the one named.

    Refuses: InvalidInput (none is named); NotFound; NotAllowed (a key for another source).
    """
    if text is None:
        if actor.source_id is None:
            raise InvalidInput(field="sourceId", problem="is needed, because your key is not bound to one source")
        return actor.source_id
    named = sure(Tag.SOURCE, text, "source")
    if actor.source_id not in (None, named):
        raise NotAllowed(action="recording for another source")
    return named


def json_object(value: object, field: str) -> dict[str, Any]:
    """The JSON value as the object that the field wants. Refuses: InvalidInput for any other JSON value."""
    if not isinstance(value, dict):
        raise InvalidInput(field=field, problem="is an object")
    return value


def at_most_a_batch(items: list[Any], field: str) -> None:
    """Refuses: InvalidInput for an empty batch or one of more than a thousand."""
    if not 1 <= len(items) <= BATCH_ITEMS_MAX:
        raise InvalidInput(field=field, problem=f"1 to {BATCH_ITEMS_MAX}")


def _canonical(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return request_of(value) if is_dataclass(value) else value
