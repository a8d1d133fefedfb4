"""Where calls may go: every disguise of an inner address is refused, at the check and again at the connection."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.kernel.outbound import (
    ANSWER_BYTES_MAX,
    REQUEST_BYTES_MAX,
    URL_LENGTH_MAX,
    Answered,
    Closed,
    DestinationClosed,
    Reach,
    Resolve,
    Silence,
    Unanswered,
    checked_url,
    is_open,
    open_client,
    send,
)

PUBLIC = Reach()
SANDBOX = Reach.of(sandbox=True)

REFUSED_URLS = (
    ("", Closed.SCHEME),
    ("/hook", Closed.SCHEME),
    ("//hooks.example.com/", Closed.SCHEME),
    ("http://hooks.example.com/", Closed.SCHEME),
    ("ftp://hooks.example.com/", Closed.SCHEME),
    ("file:///etc/passwd", Closed.SCHEME),
    ("gopher://hooks.example.com/", Closed.SCHEME),
    ("HTTP://hooks.example.com/", Closed.SCHEME),
    ("https://hooks.example.com:22/", Closed.PORT),
    ("https://hooks.example.com:80/", Closed.PORT),
    ("https://hooks.example.com:6379/", Closed.PORT),
    ("https://hooks.example.com:0/", Closed.PORT),
    ("https://hooks.example.com:99999/", Closed.PORT),
    ("https://hooks.example.com:port/", Closed.URL),
    ("https://user@hooks.example.com/", Closed.USER_INFO),
    ("https://user:secret@hooks.example.com/", Closed.USER_INFO),
    ("https://hooks.example.com@10.0.0.1/", Closed.USER_INFO),
    ("https://@hooks.example.com/", Closed.USER_INFO),
    ("https://hooks.example.com\\@10.0.0.1/", Closed.URL),
    ("https://hooks.example.com /", Closed.URL),
    ("https://hooks.example.com\r\nHost: x/", Closed.URL),
    ("https://hooks.exa\tmple.com/", Closed.URL),
    ("https://" + "a" * URL_LENGTH_MAX, Closed.URL),
    ("https:///hook", Closed.HOST),
    ("https://localhost./", Closed.HOST),
    ("https://me.localhost/", Closed.HOST),
    ("https://postgres/", Closed.HOST),
    ("https://printer.local/", Closed.HOST),
    ("https://metadata.google.internal/", Closed.HOST),
    ("https://metadata.google.internal./", Closed.HOST),
    ("https://hooks..example.com/", Closed.HOST),
    ("https://2130706433/", Closed.HOST),
    ("https://0x7f000001/", Closed.HOST),
    ("https://0x7f.0.0.1/", Closed.HOST),
    ("https://017700000001/", Closed.HOST),
    ("https://0177.0.0.1/", Closed.URL),
    ("https://127.1/", Closed.HOST),
    ("https://127.0.1/", Closed.HOST),
    ("https://0/", Closed.HOST),
    ("https://10.0x1/", Closed.HOST),
    ("https://127.0.0.1./", Closed.HOST),
    ("https://0.0.0.0/", Closed.ADDRESS),
    ("https://10.1.2.3/", Closed.ADDRESS),
    ("https://172.31.255.255/", Closed.ADDRESS),
    ("https://192.168.0.1/", Closed.ADDRESS),
    ("https://100.64.0.1/", Closed.ADDRESS),
    ("https://169.254.169.254/latest/meta-data/", Closed.ADDRESS),
    ("https://168.63.129.16/", Closed.ADDRESS),
    ("https://192.0.0.192/", Closed.ADDRESS),
    ("https://224.0.0.1/", Closed.ADDRESS),
    ("https://255.255.255.255/", Closed.ADDRESS),
    ("https://[::]/", Closed.ADDRESS),
    ("https://[0:0:0:0:0:ffff:a9fe:a9fe]/", Closed.ADDRESS),
    ("https://[64:ff9b::7f00:1]/", Closed.ADDRESS),
    ("https://[64:ff9b::10.0.0.1]/", Closed.ADDRESS),
    ("https://[64:ff9b:1::1]/", Closed.ADDRESS),
    ("https://[2002:7f00:1::]/", Closed.ADDRESS),
    ("https://[2001:0:7f00:1::]/", Closed.ADDRESS),
    ("https://[fe80::1]/", Closed.ADDRESS),
    ("https://[fc00::1]/", Closed.ADDRESS),
    ("https://[fd00:ec2::254]/", Closed.ADDRESS),
    ("https://[ff02::1]/", Closed.ADDRESS),
    ("https://[::127.0.0.1]/", Closed.ADDRESS),
    ("https://[2001:db8::1]/", Closed.ADDRESS),
)
HERE = (
    ("https://localhost/", Closed.HOST),
    ("https://LOCALHOST/", Closed.HOST),
    ("https://127.0.0.1/", Closed.ADDRESS),
    ("https://127.255.255.254/", Closed.ADDRESS),
    ("https://[::1]/", Closed.ADDRESS),
    ("https://[::ffff:127.0.0.1]/", Closed.ADDRESS),
    ("https://[::ffff:7f00:1]/", Closed.ADDRESS),
)
ACCEPTED_URLS = (
    "https://hooks.example.com/",
    "https://hooks.example.com:443/a?b=c",
    "https://hooks.example.com:8443/",
    "https://HOOKS.example.com/",
    "https://bücher.example/hook",
    "https://93.184.215.14/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    "https://[64:ff9b::5db8:d70e]/",
)
HOSTILE_ANSWERS = (
    ["127.0.0.1"],
    ["93.184.215.14", "10.0.0.1"],
    ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::1"],
    ["::ffff:169.254.169.254"],
    ["64:ff9b::a00:1"],
    ["fe80::1%eth0"],
    ["not an address"],
    ["0.0.0.0"],
)


@pytest.mark.parametrize(("url", "reason"), REFUSED_URLS + HERE)
def test_an_inner_address_in_any_disguise_is_refused(url: str, reason: Closed) -> None:
    with pytest.raises(DestinationClosed) as refused:
        checked_url(url, PUBLIC)
    assert refused.value.reason is reason


@pytest.mark.parametrize(("url", "reason"), REFUSED_URLS)
def test_a_sandbox_reaches_this_machine_and_nothing_else_of_the_inside(url: str, reason: Closed) -> None:
    with pytest.raises(DestinationClosed) as refused:
        checked_url(url, SANDBOX)
    assert refused.value.reason is reason


@pytest.mark.parametrize("url", ACCEPTED_URLS)
def test_a_public_address_is_accepted(url: str) -> None:
    assert checked_url(url, PUBLIC).scheme == "https"


@pytest.mark.parametrize("url", ["http://localhost:3000/hook", "http://127.0.0.1:3000/", "http://[::1]:3000/"])
def test_this_machine_is_reached_from_a_sandbox_only(url: str) -> None:
    assert checked_url(url, SANDBOX)
    with pytest.raises(DestinationClosed):
        checked_url(url, PUBLIC)


def test_an_address_of_ours_is_closed_though_it_is_public() -> None:
    ours = Reach.of(sandbox=False, own_networks=["93.184.215.0/24"])
    assert is_open("93.184.216.1", ours)
    assert not is_open("93.184.215.14", ours)
    assert not is_open("::ffff:93.184.215.14", ours)


@pytest.mark.parametrize("answer", HOSTILE_ANSWERS)
@pytest.mark.parametrize("reach", [PUBLIC, SANDBOX], ids=["production", "sandbox"])
async def test_a_name_with_one_inner_address_is_never_called(answer: Sequence[str], reach: Reach) -> None:
    outcome = await _post("https://hooks.example.com/", reach, by=_always(answer))
    assert isinstance(outcome, Unanswered)
    assert (outcome.reason, outcome.detail, outcome.sent) == (Silence.CLOSED, "ADDRESS", False)


async def test_a_name_that_turns_inward_between_two_attempts_is_refused_at_the_second() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked = list[str]()

    async def turning(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    async with _listening(_no_content) as port, open_client(SANDBOX, by=turning) as client:
        first = await send(client, "POST", f"http://localhost:{port}/")
        second = await send(client, "POST", f"http://localhost:{port}/")
    assert isinstance(first, Answered)
    assert isinstance(second, Unanswered)
    assert (second.reason, second.detail) == (Silence.CLOSED, "ADDRESS")
    assert asked == ["localhost"] * 2


async def test_a_name_without_address_is_not_called() -> None:
    async def unknown(_: str, __: int) -> Sequence[str]:
        raise OSError("no such host")

    for by in (unknown, _always([])):
        outcome = await _post("https://hooks.example.com/", PUBLIC, by=by)
        assert isinstance(outcome, Unanswered)
        assert outcome.detail == "UNRESOLVED"


async def test_the_checked_address_is_called_under_the_original_name(tmp_path: Path) -> None:
    seen = list[bytes]()
    server, trusted = _certificates(tmp_path)
    names = list[str | None]()
    server.sni_callback = lambda _, name, __: names.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    client = open_client(SANDBOX, by=_always(["127.0.0.1"]), verify=trusted)
    async with _listening(answer, server) as port, client:
        outcome = await send(client, "POST", f"https://localhost:{port}/hook", body=b"{}")
        stranger = await send(client, "POST", f"https://127.0.0.1:{port}/hook", body=b"{}")
    assert isinstance(outcome, Answered)
    assert (outcome.status, outcome.body) == (200, b"ok")
    assert names[0] == "localhost"
    assert f"\r\nHost: localhost:{port}\r\n".encode() in seen[0]
    assert isinstance(stranger, Unanswered), "the certificate names localhost, not the address"
    assert stranger.reason is Silence.NOT_CONNECTED


async def test_a_second_address_is_tried_where_the_first_does_not_listen() -> None:
    async with _listening(_no_content) as port:
        outcome = await _post(f"http://localhost:{port}/", SANDBOX, by=_always(["127.0.0.2", "127.0.0.1"]))
    assert isinstance(outcome, Answered)


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    calls = list[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nretry-after: 7\r\n\r\n")
        await writer.drain()

    async with _listening(answer) as port:
        outcome = await _post(f"http://localhost:{port}/", SANDBOX, by=_always(["127.0.0.1"]))
    assert isinstance(outcome, Answered)
    assert (outcome.status, len(calls), outcome.retry_after_seconds) == (302, 1, 7)


async def test_an_endless_answer_is_cut_at_its_edge_and_a_silent_one_by_time() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            try:
                await writer.drain()
            except ConnectionError:
                return

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with _listening(endless) as port:
        outcome = await _post(f"http://localhost:{port}/", SANDBOX, by=_always(["127.0.0.1"]))
    assert isinstance(outcome, Answered)
    assert len(outcome.body) == ANSWER_BYTES_MAX
    async with _listening(silent) as port:
        outcome = await _post(f"http://localhost:{port}/", SANDBOX, by=_always(["127.0.0.1"]), seconds=0.1)
    assert isinstance(outcome, Unanswered)
    assert (outcome.reason, outcome.sent) == (Silence.TIMED_OUT, True)


async def test_what_broke_before_the_connection_was_surely_not_sent_and_after_it_may_have_been() -> None:
    async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with _listening(resetting) as port:
        reset = await _post(f"http://localhost:{port}/", SANDBOX, by=_always(["127.0.0.1"]))
    gone = await _post(f"http://localhost:{port}/", SANDBOX, by=_always(["127.0.0.1"]))
    assert isinstance(reset, Unanswered)
    assert isinstance(gone, Unanswered)
    assert (reset.reason, reset.sent) == (Silence.BROKEN, True)
    assert (gone.reason, gone.sent) == (Silence.NOT_CONNECTED, False)


async def test_a_request_has_an_edge() -> None:
    async with open_client(PUBLIC) as client:
        with pytest.raises(ValueError):
            await send(client, "POST", "https://hooks.example.com/", body=b"x" * (REQUEST_BYTES_MAX + 1))


async def _post(url: str, reach: Reach, *, by: Resolve, seconds: float = 5) -> Answered | Unanswered:
    async with open_client(reach, by=by) as client:
        return await send(client, "POST", url, body=b"{}", seconds=seconds)


async def _no_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()


def _always(addresses: Sequence[str]) -> Resolve:
    async def by(_: str, __: int) -> Sequence[str]:
        return addresses

    return by


@asynccontextmanager
async def _listening(answer: object, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]  # a plain coroutine
    yield server.sockets[0].getsockname()[1]
    server.close()


def _certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, private)
    return server, ssl.create_default_context(cafile=str(chain))
