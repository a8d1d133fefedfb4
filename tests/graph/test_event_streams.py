"""Subscriptions over server-sent events: masked, bounded, resumable, over when the credential or the client is."""

from contextlib import ExitStack
from typing import Any

import httpx2

from api.http.errors import Code
from tests.graph.test_hostile_sockets import eventually
from tests.graph.toy import SECRET, Toy


def stream(toy: Toy, query: str, **headers: str) -> Any:
    sent = {"accept": "text/event-stream"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.stream("POST", f"{toy.url}/graphql", json={"query": query}, headers=sent, timeout=5)


def test_event_streams_carry_a_subscription_to_its_end(production: Toy) -> None:
    with stream(production, "subscription { count(to: 2) }") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        text = response.read().decode()
    events = ['event: next\ndata: {"data":{"count":0}}', 'event: next\ndata: {"data":{"count":1}}']
    assert text.split("\n\n") == [*events, "event: complete\ndata:", ""]


def test_errors_for_event_stream_clients_tell_by_their_status(production: Toy) -> None:
    for query, status in (("subscription { nothing }", 400), ("{ hello }", 406), ("{", 400)):
        with stream(production, query) as response:
            assert response.status_code == status


def test_event_streams_resume_from_the_last_event_id(production: Toy) -> None:
    with stream(production, "subscription { resumed }", last_event_id="c9") as response:
        assert '{"resumed":"c9"}' in response.read().decode()
    with stream(production, "subscription { resumed }", last_event_id="x" * 513) as response:
        assert response.status_code == 400


def test_event_streams_end_with_the_token_and_with_the_client(production: Toy) -> None:
    with stream(production, "subscription { forever }", authorization="Bearer ann:0.4") as response:
        assert "complete" not in response.read().decode()
    with stream(production, "subscription { forever }") as response:
        assert next(response.iter_text())
    assert eventually(lambda: production.streams_open == 0)


def test_event_streams_are_masked_and_counted(production: Toy) -> None:
    with stream(production, "subscription { broken }") as response:
        text = response.read().decode()
    assert "INTERNAL" in text
    assert SECRET not in text
    with ExitStack() as stack:
        for _ in range(10):
            assert stack.enter_context(stream(production, "subscription{forever}", authorization="Bearer f")).is_success
        eleventh = stack.enter_context(stream(production, "subscription{forever}", authorization="Bearer f"))
        assert eleventh.status_code == 429
        assert Code.TOO_MANY_SUBSCRIPTIONS in eleventh.read().decode()
