"""Webhooks from the event to the receiver: signed, once under one id, in days of tries, and nobody starves others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from api.graph.event_bodies import event_types, schema_of
from api.graph.ids import Tag, encode_id
from api.webhooks.claiming import LEASE, claim_due
from api.webhooks.fanning import fan_out
from api.webhooks.recording import Met, Outcome, record_attempt
from api.webhooks.registering import (
    EndpointChange,
    update_endpoint,
)
from api.webhooks.replaying import forget_old, replay_deliveries, replay_delivery, send_test
from api.webhooks.schedule import RETRY_AFTER_MAX, SCHEDULE, pause_after
from tests.faults.receiver import Fault, Receiver, receiving
from tests.storage.webhook_stage import Hooks, hooks_on


@pytest.fixture
async def hooks(fresh_database: str) -> AsyncIterator[Hooks]:
    async with hooks_on(fresh_database) as staged:
        yield staged


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


async def test_an_event_arrives_signed_as_rewardevents_tells_it(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    (heard,) = receiver.events
    event = await hooks.world.database.fetchrow("SELECT * FROM outbox WHERE name = 'activity.recorded'")
    assert event is not None
    assert made.text is not None
    message = heard.verified_by(made.text)
    assert heard.id == f"msg_{event['event_id'].hex}"
    assert message["type"] == "activity.recorded"
    assert message["timestamp"] == event["recorded_at"].isoformat()
    assert message["data"]["id"] == encode_id(Tag.EVENT, event["event_id"])
    assert message["data"]["about"] == {"kind": "activity", "id": encode_id(Tag.ACTIVITY, event["aggregate_id"])}
    assert message["data"]["memberId"] == encode_id(Tag.MEMBER, hooks.world.members[0])
    assert message["data"]["sourceId"] == encode_id(Tag.SOURCE, hooks.world.source_id)
    assert set(message["data"]) == set(
        schema_of(event_types()["activity.recorded"], "")["properties"]["data"]["required"]
    )
    (row,) = await hooks.deliveries(made.endpoint_id)
    assert (row["state"], row["attempts"]) == ("DELIVERED", 1)


async def test_tries_go_on_for_75_hours_under_one_id_then_the_delivery_is_parked_and_can_be_replayed(
    hooks: Hooks, receiver: Receiver
) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    receiver.always = Fault.SERVER_ERROR
    await hooks.happen()
    await hooks.fan()
    for tries, pause in enumerate((*SCHEDULE, timedelta(days=30)), 1):
        await hooks.send()
        assert len(receiver.events) == tries, "due tries and no others"
        await hooks.pass_time(pause)
    await hooks.send()
    assert len(receiver.events) == len(SCHEDULE) + 1
    assert len({heard.id for heard in receiver.events}) == 1
    (row,) = await hooks.deliveries(made.endpoint_id)
    assert (row["state"], row["attempts"]) == ("PARKED", len(SCHEDULE) + 1)
    log = await hooks.attempts(made.endpoint_id)
    assert {(one["outcome"], one["status"]) for one in log} == {("HTTP_ERROR", 500)}
    assert {len(one["response"]) for one in log} == {1_024}
    receiver.always = None
    await replay_delivery(hooks.world.door, hooks.boss, row["id"])
    await hooks.send()
    assert len({heard.id for heard in receiver.events}) == 1
    assert (await hooks.deliveries(made.endpoint_id))[0]["state"] == "DELIVERED"


def test_the_schedule_covers_three_days_and_retry_after_only_makes_it_longer() -> None:
    assert timedelta(hours=75) < sum(SCHEDULE, timedelta()) < timedelta(hours=76)
    assert pause_after(1) == SCHEDULE[0]
    assert pause_after(1, 60) == timedelta(seconds=60)
    assert pause_after(2, 60) == SCHEDULE[1]
    assert pause_after(1, 999_999) == RETRY_AFTER_MAX
    assert pause_after(len(SCHEDULE)) == SCHEDULE[-1]
    assert pause_after(len(SCHEDULE) + 1, 60) is None


@pytest.mark.parametrize(
    ("fault", "outcome", "status"),
    [
        (Fault.SERVER_ERROR, Outcome.HTTP_ERROR, 500),
        (Fault.TOO_MANY, Outcome.HTTP_ERROR, 429),
        (Fault.REDIRECT, Outcome.REDIRECTED, 302),
        (Fault.RESET, Outcome.BROKEN, None),
    ],
)
async def test_a_faulty_answer_is_logged_and_the_next_try_arrives(
    hooks: Hooks, receiver: Receiver, fault: Fault, outcome: Outcome, status: int | None
) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    receiver.faults.append(fault)
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    (first,) = await hooks.attempts(made.endpoint_id)
    assert (first["outcome"], first["status"]) == (outcome, status)
    assert {heard.path for heard in receiver.events} == {"/hook"}, "no redirect is followed"
    await hooks.pass_time(SCHEDULE[0])
    await hooks.send()
    waits = fault is Fault.TOO_MANY
    assert len(receiver.events) == (1 if waits else 2), "Retry-After is honoured"
    await hooks.pass_time(timedelta(hours=1))
    await hooks.send()
    assert (await hooks.deliveries(made.endpoint_id))[0]["state"] == "DELIVERED"


async def test_a_huge_answer_is_cut(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    receiver.faults.append(Fault.HUGE)
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    (log,) = await hooks.attempts(made.endpoint_id)
    assert (log["outcome"], log["response"]) == ("DELIVERED", "x" * 1_024)


async def test_410_disables_the_endpoint_and_waking_it_goes_on_where_it_stopped(
    hooks: Hooks, receiver: Receiver
) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    receiver.faults.append(Fault.GONE)
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    endpoint = await hooks.endpoint(made.endpoint_id)
    assert (endpoint["state"], endpoint["reason"]) == ("DISABLED", "GONE")
    await hooks.happen(3)
    await hooks.fan()
    await hooks.send()
    assert len(receiver.events) == 1
    told = await hooks.world.database.fetchval("SELECT payload FROM outbox WHERE name = 'webhook_endpoint.disabled'")
    assert told == {"reason": "GONE"}
    await update_endpoint(hooks.world.door, hooks.registry, hooks.boss, made.endpoint_id, EndpointChange(active=True))
    await hooks.send()
    await hooks.fan()
    await hooks.send()
    assert len(receiver.events) == 4


async def test_one_that_hangs_holds_two_places_and_starves_nobody(fresh_database: str) -> None:
    async with hooks_on(fresh_database, seconds=60) as hooks, receiving() as stuck, receiving() as quick:
        await hooks.listening(stuck, "activity.recorded")
        await hooks.listening(quick, "activity.recorded")
        stuck.always = Fault.HANG
        await hooks.happen(20)
        await hooks.fan()
        while len(quick.events) < 20:
            await hooks.sender.step()
        assert (stuck.at_once_max, len(stuck.events)) == (2, 2)
        assert quick.at_once_max <= 2


async def test_a_hanging_receiver_is_left_at_the_deadline(fresh_database: str) -> None:
    async with hooks_on(fresh_database, seconds=0.3) as hooks, receiving() as receiver:
        made = await hooks.listening(receiver, "activity.recorded")
        receiver.faults.extend([Fault.HANG, Fault.SLOW])
        await hooks.happen()
        await hooks.fan()
        await hooks.send()
        await hooks.pass_time(SCHEDULE[0])
        await hooks.send()
        assert [one["outcome"] for one in await hooks.attempts(made.endpoint_id)] == ["TIMED_OUT"] * 2


async def test_nothing_is_lost_between_two_cursors_and_the_work_is_bounded(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    monkeypatch.setattr("api.webhooks.fanning.EVENTS_MAX", 7)
    await hooks.fan()
    await hooks.happen(25)
    looked = list[int]()
    while seen := await fan_out(hooks.world.door, hooks.matrix):
        looked.append(seen)
    assert max(looked) == 7
    rows = await hooks.deliveries(made.endpoint_id)
    told = await hooks.world.database.fetch("SELECT event_id FROM outbox WHERE name = 'activity.recorded' ORDER BY id")
    assert [row["event_id"] for row in rows] == [row["event_id"] for row in told]
    assert await fan_out(hooks.world.door, hooks.matrix) == 0


async def test_an_endpoint_hears_only_the_events_it_named(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.world.launch({"effect": {"kind": "FIXED", "amount": 10}})
    await hooks.listening(receiver, "award.granted", path="/awards")
    await hooks.listening(receiver, path="/all")
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    named = {one.message["type"] for one in receiver.events if one.path == "/hook/awards"}
    every = {one.message["type"] for one in receiver.events if one.path == "/hook/all"}
    assert named == {"award.granted"}
    assert every > {"award.granted", "activity.recorded"}
    ids = [one.id for one in receiver.events if one.message["type"] == "award.granted"]
    assert len(ids) == 2
    assert len(set(ids)) == 1, "the same event has the same id at every endpoint"


async def test_a_sender_that_died_is_followed_by_another_under_the_same_id_and_its_late_word_counts_for_nothing(
    hooks: Hooks, receiver: Receiver
) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    await hooks.happen()
    await hooks.fan()
    (dead,) = await claim_due(hooks.world.door, hooks.matrix, 10)
    await hooks.send()
    assert receiver.events == [], "its lease still runs"
    await hooks.pass_time(LEASE)
    await hooks.send()
    assert [heard.id for heard in receiver.events] == [f"msg_{dead.event_id.hex}"]
    late = Met(outcome=Outcome.HTTP_ERROR, status=500, response="", milliseconds=1)
    assert not await record_attempt(hooks.world.door, dead, late)
    assert (await hooks.deliveries(made.endpoint_id))[0]["state"] == "DELIVERED"


async def test_a_test_event_goes_the_way_of_all_events(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "award.granted")
    keyed = hooks.world.key()
    delivery = await send_test(hooks.world.door, hooks.boss, keyed, made.endpoint_id)
    assert delivery == await send_test(hooks.world.door, hooks.boss, keyed, made.endpoint_id)
    await hooks.send()
    (heard,) = receiver.events
    assert made.text is not None
    assert heard.verified_by(made.text)["type"] == "webhook.test"


async def test_all_since_a_time_are_sent_again_by_one_request(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    await hooks.happen(5)
    await hooks.fan()
    await hooks.send()
    since = datetime(2020, 1, 1, tzinfo=UTC)
    door = hooks.world.door
    none = await replay_deliveries(door, hooks.boss, hooks.world.key(), made.endpoint_id, since=since)
    every = await replay_deliveries(
        door, hooks.boss, hooks.world.key(), made.endpoint_id, since=since, delivered_too=True
    )
    assert (none, every) == (0, 5)
    await hooks.send()
    assert len(receiver.events) == 10
    assert len({heard.id for heard in receiver.events}) == 5


async def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.listening(receiver, "activity.recorded")
    await hooks.happen(3)
    await hooks.fan()
    await hooks.send()
    receiver.always = Fault.SERVER_ERROR
    await hooks.happen()
    await hooks.fan()
    await hooks.send()
    assert await forget_old(hooks.world.door) == 0
    await hooks.pass_time(timedelta(days=31))
    assert await forget_old(hooks.world.door, limit=2) == 2
    assert await forget_old(hooks.world.door) == 2, "the third and the challenge"
    assert [row["state"] for row in await hooks.deliveries(made.endpoint_id)] == ["WAITING"]
