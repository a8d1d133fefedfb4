"""Webhooks through the whole face: made, delivered by the worker, looked at, replayed; and by whom."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.access.principals import Role, Scope
from tests.building import deal
from tests.faults.receiver import Receiver, receiving
from tests.live.stage import Stage, staged

LIST = "{ webhookEndpoints { edges { node { id url state } } } }"
LOOK = """
query($id: ID!) { node(id: $id) { ... on WebhookEndpoint {
  url state events version
  deliveries { edges { node {
    id kind eventId eventName state attempts endpoint { id } log { outcome status } } } } } } }
"""
INPUTS = {
    "createWebhookEndpoint": {"idempotencyKey": "x", "url": "http://localhost:1/"},
    "updateWebhookEndpoint": {"endpointId": "x"},
    "rotateWebhookSecret": {"idempotencyKey": "x", "endpointId": "x"},
    "deleteWebhookEndpoint": {"endpointId": "x"},
    "sendTestEvent": {"idempotencyKey": "x", "endpointId": "x"},
    "replayWebhookDelivery": {"deliveryId": "x"},
    "replayWebhookDeliveries": {"idempotencyKey": "x", "endpointId": "x", "since": "2026-01-01T00:00:00Z"},
    "connectSource": {"idempotencyKey": "x", "sourceId": "x", "inlet": {}},
}


@pytest.fixture(scope="module")
async def stage(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    home: Path = tmp_path_factory.mktemp("home")
    async with staged(database, valkey_url, home) as stage:
        yield stage


async def change(stage: Stage, token: str, name: str, fields: str, **asked: Any) -> dict[str, Any]:
    upper = name[0].upper() + name[1:]
    document = (
        f"mutation($input: {upper}Input!) {{ {name}(input: $input) {{ __typename"
        f" ... on {upper}Success {{ {fields} }} ... on Refusal {{ code text }} }} }}"
    )
    return (await stage.ask(token, document, input=asked))[name]


async def created(stage: Stage, token: str, receiver: Receiver, key: str) -> dict[str, Any]:
    """An endpoint that has answered its challenge."""
    asked = {"idempotencyKey": key, "url": receiver.url, "events": ["activity.recorded"]}
    made = await change(stage, token, "createWebhookEndpoint", "secret endpoint { id state }", **asked)
    assert made["endpoint"]["state"] == "PENDING", made
    again = await change(stage, token, "createWebhookEndpoint", "secret endpoint { id }", **asked)
    assert (again["secret"], again["endpoint"]["id"]) == (None, made["endpoint"]["id"])
    await until(stage, token, made["endpoint"]["id"], lambda node: node["state"] == "ACTIVE")
    return made


async def until(stage: Stage, token: str, endpoint: str, holds: Any) -> dict[str, Any]:
    """The endpoint, once it is so."""
    async with asyncio.timeout(15):
        while not holds(node := (await stage.ask(token, LOOK, id=endpoint))["node"]):  # noqa: ASYNC110 an answer tells nobody else
            await asyncio.sleep(0.05)
    return node


async def test_a_key_registers_hears_and_replays_and_support_may_look(stage: Stage) -> None:
    key, _ = await stage.machine(Scope.EVENTS_READ, Scope.EVENTS_WRITE, source_id=stage.world.source_id)
    support, boss = await stage.person("sue", Role.SUPPORT), await stage.person("boss", Role.ADMIN)
    async with receiving() as receiver:
        made = await created(stage, key, receiver, "k-1")
        endpoint = made["endpoint"]["id"]
        await stage.world.record(deal("face-1", stage.world.members[0]))
        await receiver.until(1)
        node = await until(
            stage, key, endpoint, lambda node: node["deliveries"]["edges"][0]["node"]["state"] == "DELIVERED"
        )
        delivery = node["deliveries"]["edges"][0]["node"]
        assert receiver.events[0].verified_by(made["secret"])["data"]["id"] == delivery["eventId"]
        assert delivery["endpoint"] == {"id": endpoint}
        assert delivery["log"] == [{"outcome": "DELIVERED", "status": 200}]
        looked = (await stage.ask(support, LIST))["webhookEndpoints"]["edges"]
        assert endpoint in {edge["node"]["id"] for edge in looked}
        found = await stage.ask(boss, LOOK.replace("version\n", "version source { code }\n"), id=endpoint)
        assert found["node"]["source"] == {"code": "crm"}
        told = await change(stage, key, "replayWebhookDelivery", "delivery { id }", deliveryId=delivery["id"])
        assert told["delivery"]["id"] == delivery["id"]
        await receiver.until(2)
        told = await change(
            stage, key, "updateWebhookEndpoint", "endpoint { state version }", endpointId=endpoint, active=False
        )
        assert told["endpoint"]["state"] == "PAUSED"
        told = await change(stage, key, "deleteWebhookEndpoint", "endpointId", endpointId=endpoint)
        assert told["endpointId"] == endpoint
        assert (await stage.ask(boss, LOOK, id=endpoint))["node"] is None


async def test_a_key_without_the_scope_and_a_key_of_another_source_are_handed_nothing(stage: Stage) -> None:
    owner, _ = await stage.machine(Scope.EVENTS_READ, Scope.EVENTS_WRITE, source_id=stage.world.source_id)
    reader, _ = await stage.machine(Scope.EVENTS_READ, source_id=stage.world.source_id)
    other, _ = await stage.machine(Scope.EVENTS_READ, Scope.EVENTS_WRITE)
    async with receiving() as receiver:
        made = await created(stage, owner, receiver, "k-2")
    endpoint = made["endpoint"]["id"]
    assert (await stage.ask(other, LOOK, id=endpoint))["node"] is None
    told = await change(stage, other, "deleteWebhookEndpoint", "endpointId", endpointId=endpoint)
    assert told["code"] == "NOT_FOUND"
    told = await change(stage, reader, "deleteWebhookEndpoint", "endpointId", endpointId=endpoint)
    assert told["code"] == "SCOPE_MISSING"


@pytest.mark.parametrize(
    ("role", "member"),
    [
        (Role.MEMBER, 0),
        (Role.PARTNER_ADMIN, 1),
        (Role.CHANNEL_MANAGER, None),
        (Role.CATALOG, None),
        (Role.SUPPORT, None),
        (Role.FINANCE, None),
    ],
)
async def test_nobody_else_changes_a_webhook(stage: Stage, role: Role, member: int | None) -> None:
    token = await stage.person(f"{role}-person", role, member)
    for name, asked in INPUTS.items():
        told = await change(stage, token, name, "__typename", **asked)
        assert told["code"] == "NOT_ALLOWED", name
    if role is not Role.SUPPORT:
        assert (await stage.answer(token, LIST))["data"] == {"webhookEndpoints": None}


async def test_an_address_inside_is_refused_with_the_reason(stage: Stage) -> None:
    boss = await stage.person("boss-2", Role.ADMIN)
    for url in ("https://10.0.0.1/", "http://hooks.example.com/", "https://metadata.google.internal/"):
        told = await change(stage, boss, "createWebhookEndpoint", "secret", idempotencyKey=url, url=url)
        assert told["code"] == "INVALID_INPUT"
        assert "url" in told["text"]
