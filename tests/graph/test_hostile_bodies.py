"""Hostile bodies get a clear 4xx: never a 500, never a traceback, and each limit holds exactly at its edge."""

import gzip
import json
import re
import socket
import time
from contextlib import closing, suppress

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.errors import Code, RequestRefused
from tests.graph.toy import Toy, serving

HELLO = b'{"query":"query($v:[Int!]){hello}","variables":{"v":%s}}'


def wrapped(value: bytes) -> bytes:
    """A body that carries the value as an unused-but-legal member of extensions."""
    return b'{"query":"{hello}","extensions":{"v":' + value + b"}}"


def nested(depth: int) -> bytes:
    """A body whose brackets nest exactly `depth` deep."""
    return wrapped(b"[" * (depth - 2) + b"]" * (depth - 2))


ACCEPTED: list[tuple[str, bytes]] = [
    ("nesting at the limit", nested(32)),
    ("brackets inside text do not nest", wrapped(b'"' + b"[" * 500 + b'"')),
    ("escaped quotes inside text", wrapped(b'"\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\\"')),
    ("integer of 20 digits", wrapped(b"9" * 20)),
    ("negative integer of 20 digits", wrapped(b"-" + b"9" * 20)),
    ("a large double", wrapped(b"1.5e308")),
    ("a surrogate pair", wrapped(b'"\\ud83c\\udfc3"')),
    ("unknown members", b'{"query":"{hello}","more":1}'),
    ("leading blanks", b' \n\t{"query":"{hello}"}'),
]

REFUSED: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("blank", b"   "),
    ("not JSON", b"query=hello"),
    ("cut off", b'{"query":"{hello}"'),
    ("two values", b'{"query":"{hello}"}{}'),
    ("comment", b'{"query":"{hello}" /* x */}'),
    ("trailing comma", b'{"query":"{hello}",}'),
    ("single quotes", b"{'query':'{hello}'}"),
    ("nesting one over", nested(33)),
    ("nesting bomb", b"[" * 90_000),
    ("nesting bomb of objects", b'{"a":' * 10_000),
    ("unclosed text bomb", b'{"a":"' + b"\\" * 50_001),
    ("integer of 21 digits", wrapped(b"9" * 21)),
    ("integer of 10,000 digits", wrapped(b"9" * 10_000)),
    ("double of 10,000 digits", wrapped(b"1." + b"9" * 10_000)),
    ("exponent one over", wrapped(b"1e309")),
    ("exponent bomb", wrapped(b"1e" + b"9" * 5_000)),
    ("mantissa beyond a double", wrapped(b"99e307")),
    ("NaN", wrapped(b"NaN")),
    ("Infinity", wrapped(b"Infinity")),
    ("-Infinity", wrapped(b"-Infinity")),
    ("leading zero", wrapped(b"01")),
    ("duplicate key", b'{"query":"{hello}","query":"{broken}"}'),
    ("duplicate key by escape", b'{"query":"{hello}","quer\\u0079":"{broken}"}'),
    ("duplicate key inside", wrapped(b'{"a":1,"a":2}')),
    ("byte order mark", b'\xef\xbb\xbf{"query":"{hello}"}'),
    ("UTF-16", '{"query":"{hello}"}'.encode("utf-16")),
    ("UTF-16 without a mark", '{"query":"{hello}"}'.encode("utf-16-le")),
    ("UTF-32", '{"query":"{hello}"}'.encode("utf-32-be")),
    ("latin-1", wrapped(b'"\xe9"')),
    ("overlong UTF-8", wrapped(b'"\xc0\xaf"')),
    ("surrogate in UTF-8", wrapped(b'"\xed\xa0\x80"')),
    ("lone high surrogate", wrapped(b'"\\ud800"')),
    ("lone low surrogate", wrapped(b'"\\udfff x"')),
    ("lone surrogate as key", wrapped(b'{"\\ud800":1}')),
    ("NUL by escape", wrapped(b'"a\\u0000b"')),
    ("NUL byte", wrapped(b'"a\x00b"')),
    ("control character in text", wrapped(b'"a\nb"')),
    ("bad escape", wrapped(b'"\\x41"')),
    ("top is an array", b'[{"query":"{hello}"}]'),
    ("top is text", b'"{hello}"'),
    ("top is a number", b"1"),
    ("top is null", b"null"),
    ("top is true", b"true"),
]


@pytest.mark.parametrize("body", [body for _, body in ACCEPTED], ids=[name for name, _ in ACCEPTED])
def test_unusual_but_strict_json_is_accepted(production: Toy, body: bytes) -> None:
    response = production.post(content=body)
    assert response.json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize("body", [body for _, body in REFUSED], ids=[name for name, _ in REFUSED])
def test_what_is_not_strict_json_is_400(production: Toy, body: bytes) -> None:
    response = production.post(content=body)
    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert error["extensions"]["code"] in ("MALFORMED_JSON", "MALFORMED_REQUEST")
    assert not re.search(r"Traceback|File \"|line \d+", response.text)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/jsonp",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "x" * 5_000,
    ],
)
def test_other_media_types_are_415(production: Toy, content_type: str) -> None:
    assert production.post(content=b'{"query":"{hello}"}', content_type=content_type).status_code == 415


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
def test_compressed_bodies_are_415(production: Toy, encoding: str) -> None:
    body = gzip.compress(b" " * 10_000_000)
    assert production.post(content=body, content_encoding=encoding).status_code == 415


def padded(size: int) -> bytes:
    """A good request of exactly `size` bytes."""
    start, end = b'{"query":"{hello}","extensions":{"pad":"', b'"}}'
    return start + b"x" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize(("caller", "limit"), [("", 100_000), ("Bearer ann", 100_000), ("Bearer key", 2_000_000)])
def test_the_body_limit_follows_the_caller_and_holds_at_its_edge(production: Toy, caller: str, limit: int) -> None:
    assert production.post(content=padded(limit), authorization=caller).status_code == 200
    response = production.post(content=padded(limit + 1), authorization=caller)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")


def test_a_chunked_body_is_counted_as_it_comes(production: Toy) -> None:
    def chunks(total: int):
        body = padded(total)
        for start in range(0, total, 30_000):
            yield body[start : start + 30_000]

    headers = {"content-type": "application/json"}
    for size, status in ((100_000, 200), (100_001, 413)):
        assert httpx2.post(f"{production.url}/graphql", content=chunks(size), headers=headers).status_code == status


def raw(toy: Toy, data: bytes, *, wait: float = 5) -> bytes:
    """Everything the server answers to these bytes until it closes, or the wait is over."""
    with closing(socket.create_connection(("127.0.0.1", toy.port), timeout=wait)) as connection:
        connection.sendall(data)
        received = b""
        try:
            while chunk := connection.recv(65_536):
                received += chunk
        except TimeoutError:
            pass
        return received


HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize(
    "lengths", [b"content-length: -1\r\n", b"content-length: 5, 6\r\n", b"content-length: 5\r\ncontent-length: 6\r\n"]
)
def test_a_lie_about_the_length_is_400(production: Toy, lengths: bytes) -> None:
    assert raw(production, HEAD + lengths + b"\r\n{}", wait=2).startswith(b"HTTP/1.1 400")


def test_a_huge_declared_length_is_refused_before_the_body_is_sent(production: Toy) -> None:
    answer = raw(production, HEAD + b"content-length: 99999999999999\r\n\r\n{", wait=3)
    assert answer.startswith(b"HTTP/1.1 413")


async def refusing(_: Request) -> Response:
    raise RequestRefused(Code.RATE_LIMITED, retry_after_ms=10)


async def reading(request: Request) -> Response:
    return Response(await request.body())


def test_other_routes_share_the_deadline_and_the_shape_of_refusals() -> None:
    routes = [Route("/refusing", refusing), Route("/reading", reading, methods=["POST"])]
    with serving(receive_seconds=0.5, routes=routes) as toy:
        refused = httpx2.get(f"{toy.url}/refusing")
        late = raw(toy, b"POST /reading HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{", wait=2)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["retryAfterMs"]) == (429, 10)
    assert late.startswith(b"HTTP/1.1 408")


def test_slow_headers_slow_bodies_and_silence_end_after_the_deadline() -> None:
    with serving(receive_seconds=0.5) as toy:
        assert raw(toy, b"") == b""
        assert raw(toy, b"POST /graphql HT") == b""
        assert raw(toy, HEAD + b"content-length: 50\r\n\r\n{").startswith(b"HTTP/1.1 408")
        assert raw(toy, b"POST /ready HTTP/1.1\r\nhost: x\r\n") == b""
        assert toy.ask("{ hello }").status_code == 200


def test_trickled_bytes_do_not_prolong_the_deadline() -> None:
    with serving(receive_seconds=0.6) as toy, closing(socket.create_connection(("127.0.0.1", toy.port))) as connection:
        connection.settimeout(0.1)
        connection.sendall(HEAD + b"content-length: 100\r\n\r\n")
        answer, sent = b"", 0
        while not answer and sent < 90:  # the body would be whole at a hundred
            connection.sendall(b" ")
            sent += 1
            try:
                answer = connection.recv(1_000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")


def test_a_second_request_on_the_same_connection_has_its_own_deadline() -> None:
    body = json.dumps({"query": "{ hello }"}).encode()
    request = HEAD + b"content-length: %d\r\n\r\n%s" % (len(body), body)
    with serving(receive_seconds=0.5) as toy, closing(socket.create_connection(("127.0.0.1", toy.port))) as connection:
        connection.settimeout(3)
        for _ in range(3):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"}}"):  # head and body may come apart
                answer += connection.recv(4_000)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.25)
        connection.sendall(b"POST /graphql HTTP/1.1\r\nhost:")
        assert connection.recv(4_000) == b""


def test_headers_beyond_their_bytes_end_the_connection(production: Toy) -> None:
    with closing(socket.create_connection(("127.0.0.1", production.port), timeout=0.5)) as connection:
        connection.sendall(HEAD + b"x: " + b"y" * (32_768 - len(HEAD) - 3))
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(b"y")
        with suppress(ConnectionError):
            assert connection.recv(1) == b""
