"""Hostile sockets are closed with the code the table names: nothing is left running, limits hold at their edge."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from api.settings import Profile
from tests.graph.toy import SECRET, Toy, serving

PROTOCOL = "graphql-transport-ws"


@contextmanager
def opened(toy: Toy, *, protocols: tuple[str, ...] = (PROTOCOL,), **options: Any) -> Iterator[ClientConnection]:
    """An open socket that has not introduced itself."""
    address = f"ws://127.0.0.1:{toy.port}/graphql"
    with connect(address, subprotocols=protocols or None, close_timeout=1, **options) as connection:
        yield connection


@contextmanager
def introduced(toy: Toy, **payload: Any) -> Iterator[ClientConnection]:
    """An open socket whose connection_init was acknowledged."""
    with opened(toy) as connection:
        send(connection, type="connection_init", payload=payload)
        assert receive(connection) == {"type": "connection_ack"}
        yield connection


def send(connection: ClientConnection, **message: Any) -> None:
    connection.send(json.dumps(message))


def receive(connection: ClientConnection) -> dict[str, Any]:
    return json.loads(connection.recv(timeout=5))


def subscribe(connection: ClientConnection, query: str, id: str = "1", **more: Any) -> None:
    send(connection, id=id, type="subscribe", payload={"query": query, **more})


def closed(connection: ClientConnection) -> tuple[int, str]:
    """The close code and reason, once everything before them was read."""
    try:
        while True:
            connection.recv(timeout=5)
    except ConnectionClosed as end:
        frame = end.rcvd
    assert frame is not None, "the connection was cut without a close frame"
    assert len(frame.reason.encode()) <= 120
    return frame.code, frame.reason


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


@pytest.fixture(autouse=True)
def nothing_is_left(production: Toy) -> Iterator[None]:
    """After every test no place is held and no source runs."""
    yield
    counts = production.app.state.face.connections._counts
    assert eventually(lambda: not counts), counts
    assert eventually(lambda: production.streams_open == 0)


HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
    f"sec-websocket-protocol: {PROTOCOL}\r\n\r\n"
).encode()


def frame(text: str) -> bytes:
    """A masked text frame of less than 126 bytes."""
    return bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text.encode()


MALFORMED: list[tuple[str, str | bytes]] = [
    ("empty", ""),
    ("not JSON", "hello"),
    ("an array", '[{"type":"ping"}]'),
    ("text", '"ping"'),
    ("a number", "1"),
    ("null", "null"),
    ("no type", "{}"),
    ("type is a number", '{"type":1}'),
    ("type is null", '{"type":null}'),
    ("type is a list", '{"type":["ping"]}'),
    ("type is an object", '{"type":{"a":1}}'),
    ("unknown type", '{"type":"start"}'),
    ("a very long type", json.dumps({"type": "é" * 5_000})),
    ("ping payload is text", '{"type":"ping","payload":"x"}'),
    ("pong payload is a list", '{"type":"pong","payload":[]}'),
    ("subscribe without id", '{"type":"subscribe","payload":{"query":"subscription{count}"}}'),
    ("id is a number", '{"id":1,"type":"subscribe","payload":{"query":"subscription{count}"}}'),
    ("id is a list", '{"id":[],"type":"subscribe","payload":{"query":"subscription{count}"}}'),
    ("id is an object", '{"id":{},"type":"subscribe","payload":{"query":"subscription{count}"}}'),
    ("id is null", '{"id":null,"type":"subscribe","payload":{"query":"subscription{count}"}}'),
    ("id is empty", '{"id":"","type":"subscribe","payload":{"query":"subscription{count}"}}'),
    ("id is too long", json.dumps({"id": "x" * 65, "type": "subscribe", "payload": {"query": "{hello}"}})),
    ("payload is text", '{"id":"1","type":"subscribe","payload":"x"}'),
    ("payload is a list", '{"id":"1","type":"subscribe","payload":[]}'),
    ("query is a number", '{"id":"1","type":"subscribe","payload":{"query":1}}'),
    ("query is an object", '{"id":"1","type":"subscribe","payload":{"query":{}}}'),
    ("variables are a list", '{"id":"1","type":"subscribe","payload":{"query":"{hello}","variables":[]}}'),
    ("variables are text", '{"id":"1","type":"subscribe","payload":{"query":"{hello}","variables":"x"}}'),
    ("operationName is a list", '{"id":"1","type":"subscribe","payload":{"query":"{hello}","operationName":[]}}'),
    ("extensions are text", '{"id":"1","type":"subscribe","payload":{"query":"{hello}","extensions":"x"}}'),
    ("complete without id", '{"type":"complete"}'),
    ("complete with a list", '{"type":"complete","id":[]}'),
    ("nesting bomb", '{"type":' + "[" * 30_000),
    ("huge integer", '{"type":"ping","payload":{"n":' + "9" * 20_000 + "}}"),
    ("NaN", '{"type":"ping","payload":{"n":NaN}}'),
    ("duplicate key", '{"type":"ping","type":"pong"}'),
    ("lone surrogate", '{"type":"\\ud800"}'),
    ("NUL", '{"type":"\\u0000"}'),
    ("binary frame", b'{"type":"ping"}'),
]


@pytest.mark.parametrize("message", [message for _, message in MALFORMED], ids=[name for name, _ in MALFORMED])
@pytest.mark.parametrize("after_init", [False, True])
def test_a_malformed_message_closes_with_4400(production: Toy, message: str | bytes, after_init: bool) -> None:
    with introduced(production) if after_init else opened(production) as connection:
        connection.send(message)
        assert closed(connection)[0] == 4400


INITS: list[tuple[str, Any, int]] = [
    ("payload is text", "x", 4400),
    ("payload is a list", [], 4400),
    ("token is a number", {"token": 1}, 4400),
    ("token is an object", {"authorization": {}}, 4400),
    ("sign-in is disturbed", {"token": "disturbed"}, 1013),
    ("token is huge", {"token": "x" * 9_000}, 4400),
    ("resume is text", {"resume": "c1"}, 4400),
    ("cursor is a number", {"resume": {"cursor": 1}}, 4400),
    ("cursor is too long", {"resume": {"cursor": "x" * 513}}, 4400),
    ("token is refused", {"authorization": "Bearer bad"}, 4403),
]


@pytest.mark.parametrize(("payload", "code"), [row[1:] for row in INITS], ids=[row[0] for row in INITS])
def test_a_bad_introduction_closes_the_socket(production: Toy, payload: Any, code: int) -> None:
    with opened(production) as connection:
        send(connection, type="connection_init", payload=payload)
        assert closed(connection)[0] == code


def test_the_protocol_has_its_own_close_codes(production: Toy) -> None:
    with opened(production) as connection:
        subscribe(connection, "subscription { count }")
        assert closed(connection)[0] == 4401
    with introduced(production) as connection:
        send(connection, type="connection_init")
        assert closed(connection)[0] == 4429
    with introduced(production) as connection:
        subscribe(connection, "subscription { forever }")
        subscribe(connection, "subscription { forever }")
        assert closed(connection)[0] == 4409
    for protocols in ((), ("graphql-ws",), ("nonsense",)):
        with opened(production, protocols=protocols) as connection:
            assert closed(connection)[0] == 4406


@pytest.mark.parametrize("query", ["{ hello }", 'mutation { echo(text: "x") }'])
def test_only_subscriptions_run_on_a_socket(production: Toy, query: str) -> None:
    with introduced(production) as connection:
        subscribe(connection, query)
        assert closed(connection)[0] == 4400


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "DOCUMENT_MALFORMED"),
        ({"query": "subscription { nothing }"}, "DOCUMENT_INVALID"),
        ({"query": "subscription { count count: forever }"}, "TOO_MANY_ROOT_FIELDS|DOCUMENT_INVALID"),
        ({"query": "subscription($n: Int!) { count(to: $n) }"}, "BAD_INPUT"),
        ({"query": "subscription { count }", "operationName": "Absent"}, "OPERATION_UNKNOWN"),
        ({"query": "subscription { ...A } fragment A on Subscription { ...A }"}, "FRAGMENT_CYCLE"),
        ({"query": "{__schema{queryType{name}}}"}, "INTROSPECTION_OFF"),
        ({}, "MALFORMED_REQUEST"),
        ({"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
def test_a_bad_operation_ends_with_its_error_and_the_socket_lives(production: Toy, payload: Any, code: str) -> None:
    with introduced(production) as connection:
        send(connection, id="1", type="subscribe", payload=payload)
        answer = receive(connection)
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] in code.split("|")
        subscribe(connection, "subscription { count(to: 1) }")
        assert receive(connection)["payload"] == {"data": {"count": 0}}
        assert receive(connection) == {"id": "1", "type": "complete"}


def test_a_fault_in_a_stream_is_masked(production: Toy) -> None:
    with introduced(production) as connection:
        subscribe(connection, "subscription { broken }")
        assert receive(connection)["payload"] == {"data": {"broken": 1}}
        answer = receive(connection)
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL")
        assert SECRET not in json.dumps(answer)


def test_a_source_that_overflows_closes_with_1013(production: Toy) -> None:
    with introduced(production) as connection:
        subscribe(connection, "subscription { crowded }")
        assert closed(connection) == (1013, "Events waited too long; resume from your cursor.")


def test_a_client_that_does_not_read_is_closed_and_its_source_released() -> None:
    with serving(socket_stall_seconds=0.5, socket_close_seconds=0.5) as toy, closing(socket.socket()) as mute:
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        mute.connect(("127.0.0.1", toy.port))
        mute.sendall(HANDSHAKE)
        assert mute.recv(12) == b"HTTP/1.1 101"
        mute.sendall(frame('{"type":"connection_init"}'))
        mute.sendall(frame('{"id":"1","type":"subscribe","payload":{"query":"subscription{large}"}}'))
        connections = toy.app.state.face.connections
        assert eventually(lambda: connections.live() > 0)
        assert eventually(lambda: connections.live() == 0)


def test_a_slow_reader_gets_every_event_of_a_burst(production: Toy) -> None:
    with introduced(production) as connection:
        subscribe(connection, "subscription { count(to: 1000) }")
        time.sleep(0.3)
        assert [receive(connection)["payload"]["data"]["count"] for _ in range(1_000)] == list(range(1_000))


def test_ten_subscriptions_fit_and_the_eleventh_is_refused(production: Toy) -> None:
    with introduced(production) as connection:
        for number in range(10):
            subscribe(connection, "subscription { forever }", id=str(number))
        subscribe(connection, "subscription { count }", id="eleventh")
        while (answer := receive(connection))["type"] == "next":
            pass
        assert (answer["id"], answer["payload"][0]["extensions"]["code"]) == ("eleventh", "TOO_MANY_SUBSCRIPTIONS")
        send(connection, id="0", type="complete")
        subscribe(connection, "subscription { count(to: 1) }", id="again")
        while (answer := receive(connection)).get("id") != "again":
            pass
        assert answer["type"] == "next"


def test_complete_frees_the_id_at_once_and_ends_the_source(production: Toy) -> None:
    with introduced(production) as connection:
        for _ in range(5):
            subscribe(connection, "subscription { forever }")
            send(connection, id="1", type="complete")
        subscribe(connection, "subscription { forever }")
        assert receive(connection)["type"] == "next"
    assert eventually(lambda: production.streams_open == 0)


def test_five_sockets_of_a_principal_fit_and_the_sixth_is_refused(production: Toy) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(introduced(production, token="bea"))
        stack.enter_context(introduced(production, token="cleo"))
        with opened(production) as sixth:
            send(sixth, type="connection_init", payload={"token": "bea"})
            assert closed(sixth)[0] == 4429
    counts = production.app.state.face.connections._counts
    assert eventually(lambda: not counts), counts
    with introduced(production, token="bea"):
        pass


def test_anonymous_sockets_are_counted_by_address() -> None:
    with serving(sockets_per_address_max=3) as toy, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(introduced(toy))
        with opened(toy) as fourth:
            send(fourth, type="connection_init")
            assert closed(fourth)[0] == 4429
        with introduced(toy, token="ann"):
            pass


def test_sockets_that_never_introduce_themselves_are_counted_and_closed() -> None:
    with serving(sockets_per_address_max=2, socket_init_seconds=0.6) as toy, ExitStack() as stack:
        silent = [stack.enter_context(opened(toy)) for _ in range(2)]
        with opened(toy) as third:
            assert closed(third)[0] == 1013
        assert [closed(connection)[0] for connection in silent] == [4408, 4408]


def test_twenty_messages_a_second_pass_and_the_next_closes_with_4429(production: Toy) -> None:
    with introduced(production) as connection:
        for _ in range(19):
            send(connection, type="ping")
        for _ in range(19):
            assert receive(connection) == {"type": "pong"}
        send(connection, type="ping")
        assert closed(connection)[0] == 4429


def test_a_flood_of_ping_frames_ends_the_connection(production: Toy) -> None:
    def flood(connection: ClientConnection) -> None:
        for _ in range(200):
            connection.ping()
            time.sleep(0.002)

    with introduced(production) as connection, pytest.raises(ConnectionClosed):
        flood(connection)


@pytest.mark.parametrize(("size", "code"), [(65_536, None), (65_537, 1009)])
def test_frames_hold_64_kilobytes(production: Toy, size: int, code: int | None) -> None:
    with introduced(production) as connection:
        start = '{"type":"ping","payload":{"x":"'
        connection.send(start + "y" * (size - len(start) - 4) + '"}} ')
        if code is None:
            assert receive(connection) == {"type": "pong"}
        else:
            assert closed(connection)[0] == code


def test_an_expired_token_closes_with_4403_and_nothing_comes_after(production: Toy) -> None:
    with introduced(production, token="ann:0.5") as connection:
        subscribe(connection, "subscription { forever }")
        assert closed(connection) == (4403, "token expired")


def test_revoking_a_principal_closes_its_sockets_and_streams(production: Toy) -> None:
    connections = production.app.state.face.connections
    with introduced(production, token="dora") as one, introduced(production, token="dora") as two:
        subscribe(one, "subscription { forever }")
        receive(one)
        with introduced(production, token="emil") as other:
            # The event is set on the server's own loop.
            loop_of(production)(lambda: connections.close_all_of("dora"))
            assert {closed(one)[0], closed(two)[0]} == {4403}
            subscribe(other, "subscription { count(to: 1) }")
            assert receive(other)["type"] == "next"


def loop_of(toy: Toy) -> Callable[[Callable[[], Any]], Any]:
    assert toy.loop is not None
    return toy.loop.call_soon_threadsafe


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.evil", "http://app.example"])
def test_a_foreign_origin_is_refused_before_the_handshake(production: Toy, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, opened(production, origin=origin):
        pass
    assert refusal.value.response.status_code == 403


def test_listed_origins_and_clients_without_one_connect(development: Toy, production: Toy) -> None:
    for origin in ("https://app.example", "https://APP.example", None):
        with opened(production, origin=origin) as connection:
            send(connection, type="connection_init")
            assert receive(connection) == {"type": "connection_ack"}
    with opened(development, origin=development.url):
        pass
    with pytest.raises(InvalidStatus), opened(production, origin=production.url):
        pass


def test_only_the_introduction_can_carry_a_token(production: Toy) -> None:
    with opened(production, additional_headers={"authorization": "Bearer bad", "cookie": "token=bad"}) as connection:
        send(connection, type="connection_init")
        assert receive(connection) == {"type": "connection_ack"}


def test_compression_is_not_negotiated(production: Toy) -> None:
    with opened(production, compression="deflate") as connection:
        assert "sec-websocket-extensions" not in connection.response.headers


def test_every_operation_has_a_context_of_its_own_and_knows_the_cursor() -> None:
    with serving(profile=Profile.PRODUCTION) as toy, introduced(toy, resume={"cursor": "c42"}) as connection:
        for id in ("a", "b"):
            subscribe(connection, "subscription { resumed }", id=id)
        answers = [receive(connection) for _ in range(4)]
        assert [a["payload"]["data"]["resumed"] for a in answers if a["type"] == "next"] == ["c42", "c42"]
        assert len(toy.contexts) == 2


def test_nothing_hostile_left_a_traceback_in_the_log(production: Toy) -> None:
    lines = [json.loads(line) for line in production.logged.getvalue().splitlines()]
    assert all(SECRET in line["exception"] for line in lines if "exception" in line)
