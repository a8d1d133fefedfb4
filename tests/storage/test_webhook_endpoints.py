"""Endpoints of webhooks: proven before they hear, owned, bounded, rotated, paused and deleted; secrets are sealed."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from api.webhooks.registering import (
    DESCRIPTION_LENGTH_MAX,
    ENDPOINTS_MAX,
    SEALED_SECRETS,
    EndpointChange,
    create_endpoint,
    delete_endpoint,
    rotate_secret,
    update_endpoint,
)
from api.webhooks.replaying import replay_deliveries, send_test
from api.webhooks.schedule import SCHEDULE
from catalog.rewrapping import keys_in_use, rewrap
from domain.access.granting import create_key_in, revoke_key
from domain.access.principals import SYSTEM, Actor, Role, Scope
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sealing import Keyring
from tests.faults.receiver import Receiver, receiving
from tests.storage.webhook_stage import Hooks, hooks_on


@pytest.fixture
async def hooks(fresh_database: str) -> AsyncIterator[Hooks]:
    async with hooks_on(fresh_database) as staged:
        yield staged


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


async def machine(hooks: Hooks, *scopes: Scope, bound: bool = True) -> Actor:
    """A key of the world's source (or of none), as the actor it is."""
    source_id = hooks.world.source_id if bound else None
    made = await hooks.world.door.operate(
        SYSTEM, lambda op: create_key_in(op, name="machine", scopes=scopes, source_id=source_id)
    )
    return Actor(principal_id=made.id, role=Role.INTEGRATION, source_id=source_id, scopes=frozenset(scopes))


async def test_secrets_are_sealed_again_when_keys_rotate_and_sign_as_before(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    gone = await hooks.listening(receiver, "activity.recorded", path="/gone")
    rotated = await rotate_secret(
        hooks.world.door, hooks.registry, hooks.boss, hooks.world.key(n=2), made.endpoint_id, overlap_hours=24
    )
    await delete_endpoint(hooks.world.door, hooks.boss, gone.endpoint_id)
    database, old = hooks.world.database, hooks.registry.keyring
    assert await keys_in_use(database, SEALED_SECRETS) == {"k": 2}
    both = Keyring(current="k2", keys={**old.keys, "k2": b"2" * 32}, index_key=old.index_key)
    assert await rewrap(hooks.world.door, both, SEALED_SECRETS) == 2
    assert await rewrap(hooks.world.door, both, SEALED_SECRETS) == 0
    assert await keys_in_use(database, SEALED_SECRETS) == {"k2": 2}
    hooks.sender._keyring = Keyring(current="k2", keys={"k2": b"2" * 32}, index_key=old.index_key)  # pyright: ignore[reportPrivateUsage] a process that was restarted without the old key
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    (heard,) = receiver.events
    for secret in (made, rotated):
        assert secret.text is not None
        assert heard.verified_by(secret.text)["type"] == "activity.recorded"


async def test_an_endpoint_hears_nothing_before_it_has_answered_its_challenge(hooks: Hooks, receiver: Receiver) -> None:
    receiver.is_deaf = True
    made = await hooks.listening(receiver, active=False)
    await hooks.happen()
    await hooks.send()
    await hooks.fan()
    assert (await hooks.endpoint(made.endpoint_id))["state"] == "PENDING"
    assert receiver.events == []
    receiver.is_deaf = False
    await hooks.pass_time(SCHEDULE[0])
    await hooks.send()
    assert (await hooks.endpoint(made.endpoint_id))["state"] == "ACTIVE"
    await hooks.fan()
    await hooks.send()
    assert "activity.recorded" in {heard.message["type"] for heard in receiver.events}, "nothing since is lost"


async def test_an_endpoint_that_never_answers_its_challenge_is_disabled_after_the_schedule(
    hooks: Hooks, receiver: Receiver
) -> None:
    receiver.is_deaf = True
    made = await hooks.listening(receiver, active=False)
    for pause in (*SCHEDULE, timedelta()):
        await hooks.send()
        await hooks.pass_time(pause)
    endpoint = await hooks.endpoint(made.endpoint_id)
    assert (endpoint["state"], endpoint["reason"]) == ("DISABLED", "CHALLENGE_FAILED")


async def test_a_key_s_endpoint_hears_its_source_alone_and_falls_silent_with_its_last_key(
    hooks: Hooks, receiver: Receiver
) -> None:
    owner = await machine(hooks, Scope.EVENTS_READ, Scope.EVENTS_WRITE)
    made = await hooks.listening(receiver, actor=owner)
    await hooks.world.launch({"effect": {"kind": "FIXED", "amount": 10}})
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    assert {one.message["type"] for one in receiver.events} == {"activity.recorded", "award.granted"}
    heard = len(receiver.events)
    await hooks.happen()
    await hooks.fan()
    await revoke_key(hooks.world.door, SYSTEM, owner.principal_id)
    await hooks.send()
    assert len(receiver.events) == heard, "judged at delivery, not only at fan-out"
    assert {row["state"] for row in await hooks.deliveries(made.endpoint_id)} == {"DELIVERED", "WITHHELD"}


async def test_nobody_sees_or_changes_the_endpoint_of_another_source(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, actor=await machine(hooks, Scope.EVENTS_READ))
    stranger = Actor(
        principal_id=new_id(), role=Role.INTEGRATION, source_id=new_id(), scopes=frozenset({Scope.EVENTS_WRITE})
    )
    unbound = await machine(hooks, Scope.EVENTS_WRITE, bound=False)
    door, registry = hooks.world.door, hooks.registry
    for other in (stranger, unbound):
        with pytest.raises(NotFound):
            await update_endpoint(door, registry, other, made.endpoint_id, EndpointChange(active=False))
        with pytest.raises(NotFound):
            await rotate_secret(door, registry, other, hooks.world.key(), made.endpoint_id)
        with pytest.raises(NotFound):
            await delete_endpoint(door, other, made.endpoint_id)
        with pytest.raises(NotFound):
            await send_test(door, other, hooks.world.key(), made.endpoint_id)
        with pytest.raises(NotFound):
            await replay_deliveries(
                door, other, hooks.world.key(), made.endpoint_id, since=datetime(2026, 1, 1, tzinfo=UTC)
            )


async def test_while_a_secret_rotates_both_sign_and_afterwards_the_new_one_alone(
    hooks: Hooks, receiver: Receiver
) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    keyed = hooks.world.key()
    fresh = await rotate_secret(hooks.world.door, hooks.registry, hooks.boss, keyed, made.endpoint_id, overlap_hours=1)
    again = await rotate_secret(hooks.world.door, hooks.registry, hooks.boss, keyed, made.endpoint_id, overlap_hours=1)
    assert again.text is None, "a secret is told once"
    assert made.text is not None
    assert fresh.text is not None
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    assert receiver.events[-1].verified_by(made.text) == receiver.events[-1].verified_by(fresh.text)
    await hooks.pass_time(timedelta(hours=1))
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    assert receiver.events[-1].verified_by(fresh.text)
    with pytest.raises(WebhookVerificationError):
        receiver.events[-1].verified_by(made.text)


async def test_a_paused_endpoint_misses_nothing_and_a_deleted_one_is_gone(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    door, registry = hooks.world.door, hooks.registry
    await update_endpoint(door, registry, hooks.boss, made.endpoint_id, EndpointChange(active=False))
    await hooks.happen(2)
    await hooks.fan()
    await hooks.send()
    assert receiver.events == []
    with pytest.raises(InvalidInput):
        await send_test(door, hooks.boss, hooks.world.key(), made.endpoint_id)
    await update_endpoint(door, registry, hooks.boss, made.endpoint_id, EndpointChange(active=True))
    await hooks.send()
    await hooks.fan()
    await hooks.send()
    assert len(receiver.events) == 2
    await hooks.happen()
    await hooks.fan()
    await delete_endpoint(door, hooks.boss, made.endpoint_id)
    await hooks.send()
    assert len(receiver.events) == 2
    row = await hooks.endpoint(made.endpoint_id)
    assert (row["state"], row["secret"]) == ("DELETED", b"")
    with pytest.raises(NotFound):
        await delete_endpoint(door, hooks.boss, made.endpoint_id)


async def test_another_address_is_challenged_before_it_hears(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    async with receiving() as other:
        change = EndpointChange(url=other.url)
        await update_endpoint(hooks.world.door, hooks.registry, hooks.boss, made.endpoint_id, change)
        await hooks.happen()
        await hooks.fan()
        assert (await hooks.endpoint(made.endpoint_id))["state"] == "PENDING"
        await hooks.send()
        await hooks.fan()
        await hooks.send()
        assert (len(other.events), len(receiver.events)) == (1, 0)


async def test_an_endpoint_s_bounds_and_the_number_of_endpoints_are_kept(hooks: Hooks, receiver: Receiver) -> None:
    async def create(**asked: object) -> None:
        wanted = {"url": receiver.url} | asked
        await create_endpoint(hooks.world.door, hooks.registry, hooks.boss, hooks.world.key(), **wanted)  # type: ignore[arg-type] # asked by name

    for wrong in (
        {"url": "http://hooks.example.com/"},
        {"url": "https://10.0.0.1/"},
        {"events": ["nothing.happened"]},
        {"events": ["award.granted"] * 501},
        {"description": "x" * (DESCRIPTION_LENGTH_MAX + 1)},
    ):
        with pytest.raises(InvalidInput):
            await create(**wrong)
    await create(description="x" * DESCRIPTION_LENGTH_MAX)
    for _ in range(ENDPOINTS_MAX - 1):
        await create()
    with pytest.raises(InvalidInput, match="20"):
        await create()


async def test_no_secret_stands_readable_in_the_database(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver)
    await hooks.fan()
    assert made.text is not None
    found = await hooks.world.database.fetchval(
        "SELECT coalesce(json_agg(receipt)::text, '') || (SELECT coalesce(json_agg(outbox)::text, '') FROM outbox)"
        " || (SELECT json_agg(audit_log)::text FROM audit_log)"
        " || (SELECT json_agg(webhook_endpoint)::text FROM webhook_endpoint) FROM receipt"
    )
    assert made.text not in found
    assert receiver.url not in json.dumps(
        [dict(row)["payload"] for row in await hooks.world.database.fetch("SELECT payload FROM outbox")]
    )
