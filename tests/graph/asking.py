"""Asking the real schema over a real database, as somebody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from strawberry import Schema

from api.graph.context import Context
from api.graph.ids import Tag, encode_id
from api.schema import served_schema
from domain.access.audit import record_denial
from domain.access.principals import ANONYMOUS, Actor, Role, Scope
from domain.kernel.ids import new_id
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Database
from tests.building import World

POOL = ("SELECT pg_advisory_unlock_all", "BEGIN", "COMMIT", "ROLLBACK")

RING = Keyring(current="k1", keys={"k1": b"k" * 32}, index_key=b"i" * 32)


@dataclass(kw_only=True)
class Asker:
    """The schema over a world; `statements` are those of the last operation."""

    world: World
    schema: Schema
    heard: list[str]
    statements: list[str] = field(default_factory=list[str])
    keys: Keyring | None = RING

    @classmethod
    def over(cls, world: World, heard: list[str]) -> "Asker":
        return cls(world=world, schema=served_schema(partial(record_denial, world.door)), heard=heard)

    async def ask(self, actor: Actor, document: str, **variables: Any) -> Mapping[str, Any]:
        """The data; an error fails the test with its message."""
        result = await self.result(actor, document, **variables)
        assert result.errors is None, [(error.message, error.path, error.original_error) for error in result.errors]
        assert result.data is not None
        return result.data

    async def result(self, actor: Actor, document: str, **variables: Any) -> Any:
        """Data and errors."""
        context = Context.of(
            actor, self.world.database, self.world.door, self.world.knowledge, sandbox=True, keys=self.keys
        )
        self.heard.clear()
        result = await self.schema.execute(document, variable_values=variables, context_value=context)
        self.statements = [statement for statement in self.heard if not statement.startswith(POOL)]
        return result


def member(world: World, number: int) -> Actor:
    """The rep of this number."""
    return Actor(
        principal_id=new_id(),
        role=Role.MEMBER,
        member_id=world.members[number],
        partner_id=world.partners[number % len(world.partners)],
    )


def partner_admin(world: World, number: int) -> Actor:
    """The administrator of the partner of this number, who is its first rep."""
    return Actor(
        principal_id=new_id(),
        role=Role.PARTNER_ADMIN,
        member_id=world.members[number],
        partner_id=world.partners[number],
    )


def admin() -> Actor:
    return Actor(principal_id=new_id(), role=Role.ADMIN)


def key(*scopes: Scope, source_id: UUID | None = None) -> Actor:
    """A machine with these scopes."""
    return Actor(principal_id=new_id(), role=Role.INTEGRATION, scopes=frozenset(scopes), source_id=source_id)


NOBODY = ANONYMOUS


def opaque(tag: Tag, value: UUID) -> str:
    return encode_id(tag, value)


async def listening(url: str, heard: list[str]) -> Database:
    """A database that says every statement into `heard`."""
    return await Database.open(url, on_query=heard.append)
