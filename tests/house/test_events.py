"""Every event that a room declares can be told by webhooks, with a JSON Schema that its messages keep to."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from api.graph.event_bodies import DRAFT, ROOMS, camel, event_types, message_of, schema_of, shape_of
from api.http.event_schemas import schema_routes
from api.settings import Settings
from domain.kernel import outbox
from domain.kernel.events import EventType
from domain.kernel.failpoints import Failpoints
from domain.kernel.sql import Database
from tests.building import build_world, deal

ROOT = Path(__file__).parents[2]
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def declared() -> Iterator[tuple[str, EventType]]:
    """Every event type of every `events.py` and `…_events.py`, with the module it stands in."""
    for path in sorted(ROOT.glob("*/**/*events.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.parts[len(ROOT.parts)] in ("domain", "catalog", "leaderboards", "api") and "graph" not in path.parts:
            for found in vars(import_module(module)).values():
                if isinstance(found, EventType):
                    yield module, found


def problems(schema: Mapping[str, Any], value: Any, path: str = "$") -> list[str]:
    """What of the value breaks the schema, as far as our schemas go: const, type, required, format, length, items."""
    if "const" in schema:
        return [] if value == schema["const"] else [f"{path} is not {schema['const']}"]
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    fits = any(isinstance(value, TYPES[kind]) and not (kind == "integer" and value is True) for kind in kinds)
    if not fits:
        return [f"{path} is {value!r}, not {' or '.join(kinds)}"]
    if isinstance(value, str) and schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        return [f"{path} has no zone"]
    if isinstance(value, str) and len(value) != schema.get("minLength", len(value)):
        return [f"{path} has {len(value)} characters"]
    if isinstance(value, dict) and "properties" in schema:
        lost = [f"{path}.{name} is missing" for name in schema["required"] if name not in value]
        found = [problems(schema["properties"][name], value[name], f"{path}.{name}") for name in value]
        return [*lost, *(each for one in found for each in one)]
    return []


def test_every_event_of_every_room_is_known_to_webhooks() -> None:
    known = event_types()
    missing = [f"{module}: {kind.name}" for module, kind in declared() if known.get(kind.name) is not kind]
    assert missing == [], "add the room to ROOMS of api/graph/event_bodies.py"
    assert len({kind.name for _, kind in declared()}) == len(known) >= len(ROOMS)


@pytest.mark.parametrize("kind", event_types().values(), ids=lambda kind: kind.name)
def test_every_field_of_an_event_has_a_shape_and_a_meaning(kind: EventType) -> None:
    unknown = [name for name in kind.payload if not name.endswith(("_id", "_at")) and not _has_shape(name)]
    assert unknown == [], "say in SHAPES of api/graph/event_bodies.py what they are"
    schema = schema_of(kind, "https://rewards.example.com")
    assert (schema["$schema"], schema["title"]) == (DRAFT, kind.name)
    fields = schema["properties"]["data"]["properties"]
    assert {camel(name) for name in kind.payload} < set(fields)
    assert all(field.get("description") for name, field in fields.items())
    assert set(kind.payload).isdisjoint({"id", "about", "recorded_at", "member_id", "partner_id", "program_id"})


async def test_what_a_story_tells_keeps_to_its_schemas(fresh_database: str) -> None:
    database = await Database.open(fresh_database, connections_max=3)
    world = await build_world(database)
    program = await world.launch({"effect": {"kind": "FIXED", "amount": 100}})
    await world.record(deal("d-1", world.members[0], days=1), deal("d-2", world.members[1], days=2))
    await world.correct(deal("d-1", world.members[0], 500, days=1))
    await world.enroll(program, world.members[0])
    await world.adjust(program, world.members[0], 50, "thanks")
    await world.spend(world.members[0], 20)
    while await outbox.stamp(database, Failpoints()):
        pass
    told = await outbox.read(database, 0)
    known = event_types()
    broken = {
        (event.name, problem)
        for event in told
        for problem in problems(schema_of(known[event.name], ""), message_of(event))
    }
    assert broken == set()
    assert len({event.name for event in told}) > 10
    await database.close()


async def test_schemas_are_served() -> None:
    app = Starlette(routes=schema_routes(Settings(public_url="https://rewards.example.com")))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        listed = (await client.get("/schemas/events.json")).json()["events"]
        assert set(listed) == set(event_types())
        for name, told in listed.items():
            answer = await client.get(told["schema"].removeprefix("https://rewards.example.com"))
            assert (answer.headers["content-type"], answer.json()["title"]) == ("application/schema+json", name)
        assert (await client.get("/schemas/events/nothing.json")).status_code == 404


def test_a_message_that_breaks_its_schema_is_caught() -> None:
    schema = schema_of(event_types()["award.granted"], "")
    data = dict.fromkeys(schema["properties"]["data"]["required"])
    found = problems(
        schema, {"type": "award.reversed", "timestamp": "2026-01-01T00:00:00", "data": data | {"amount": "1"}}
    )
    assert {"$.type is not award.granted", "$.timestamp has no zone", "$.data.amount is '1', not integer"} <= set(found)
    assert problems(schema, {"type": "award.granted"}) == ["$.timestamp is missing", "$.data is missing"]


def _has_shape(name: str) -> bool:
    try:
        return bool(shape_of(name))
    except LookupError:
        return False
