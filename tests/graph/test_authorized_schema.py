"""The schema that is served, with the matrix at work: what each role gets of real rows, and what it does not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.graph.authorizing import Denials, authorize, check_schema
from api.graph.context import Context
from api.graph.refusing import Told
from api.schema import build_schema
from domain.access import audit
from domain.access.matrix import Matrix
from domain.access.principals import ANONYMOUS, SYSTEM, Actor, Role, Scope
from domain.access.reading import audit_records
from domain.earning.evaluating import Knowledge
from domain.kernel.expressions import ConditionCache
from domain.kernel.ids import new_id
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import MemberRow, PartnerRow
from domain.programs.matching import TermsCache

ME = "{ viewer { role member { name email externalId } } }"
FIRMS = "{ partners(first: 5) { edges { node { name } } } }"


class World:
    """A guarded schema over one partner with two members."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.schema, self.matrix = build_schema(), Matrix.load()
        self.knowledge = Knowledge(terms=TermsCache(), conditions=ConditionCache())

        async def told(actor: Actor, action: str) -> None:
            await audit.record_denial(door, actor, action)

        def answered(refusal: Any, context: Context) -> Told:
            return Told(refusal=refusal, locale=context.locale)

        graphql_schema = self.schema._schema
        denials = Denials(told=told, answered=answered)
        authorize(graphql_schema, self.matrix, lambda context: context.actor, denials)

    async def settle(self) -> None:
        source_id = new_id()
        rows = [MemberRow(external_id=name, name=name, partner_external_id="n", email=f"{name}@x.org") for name in "ab"]
        [firm] = await self.door.operate(
            SYSTEM, lambda op: register_partners_in(op, source_id, [PartnerRow(external_id="n", name="North")])
        )
        ann, bob = await self.door.operate(SYSTEM, lambda op: register_members_in(op, source_id, rows))
        self.source_id = source_id
        self.rep = Actor(principal_id=new_id(), role=Role.MEMBER, member_id=ann.id, partner_id=firm.id)
        self.chief = Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, member_id=bob.id, partner_id=firm.id)

    async def ask(self, query: str, actor: Actor) -> tuple[Any, list[Any]]:
        """Data, and what was refused with an error."""
        context = Context.of(actor, self.door.database, self.door, self.knowledge)
        result = await self.schema.execute(query, context_value=context)
        return result.data, [error.original_error for error in result.errors or ()]


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[World]:
    db = await Database.open(database)
    made = World(Door(db))
    await made.settle()
    yield made
    await db.close()


def test_the_served_schema_starts() -> None:
    check_schema(build_schema()._schema, Matrix.load())


async def test_a_rep_sees_herself_without_the_sources_id(world: World) -> None:
    data, refused = await world.ask(ME, world.rep)
    assert refused == []
    assert data == {"viewer": {"role": "MEMBER", "member": {"name": "a", "email": "a@x.org", "externalId": None}}}


async def test_an_administrator_of_a_partner_sees_it(world: World) -> None:
    data, refused = await world.ask(ME, world.chief)
    assert refused == []
    assert data["viewer"]["member"]["externalId"] == "b"


async def test_nobody_signed_in_has_no_viewer(world: World) -> None:
    data, _ = await world.ask(ME, ANONYMOUS)
    assert data is None or data["viewer"] is None


async def test_a_list_of_firms_is_for_the_vendor_and_scoped_machines(world: World) -> None:
    for actor, granted in (
        (world.rep, False),
        (ANONYMOUS, False),
        (Actor(principal_id=new_id(), role=Role.ADMIN), True),
        (Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=world.source_id), False),
        (
            Actor(
                principal_id=new_id(),
                role=Role.INTEGRATION,
                source_id=world.source_id,
                scopes=frozenset({Scope.ACTIVITIES_READ}),
            ),
            True,
        ),
    ):
        data, refused = await world.ask(FIRMS, actor)
        if granted:
            assert (data["partners"]["edges"], refused) == ([{"node": {"name": "North"}}], [])
        else:
            assert [type(refusal).__name__ for refusal in refused] in (["NotAllowed"], ["ScopeMissing"])
    admin = Actor(principal_id=new_id(), role=Role.ADMIN)
    denied = [record.facts["denied"] for record in await audit_records(world.door.database, admin)]
    assert denied == ["Query.partners"] * 2
