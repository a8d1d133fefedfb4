"""The contract that every adapter keeps, held to real ones with faults, and to planted bad ones that break it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from catalog.suppliers.http_push import RESPONSE_BYTES_MAX, HttpPush
from catalog.suppliers.outcomes import (
    Adapter,
    Asked,
    Delivered,
    Goods,
    Later,
    NotFound,
    Order,
    Outcome,
    Pending,
    Recipient,
    RefusalReason,
    Refused,
    Unclear,
)
from catalog.suppliers.scripted import Script, Scripted
from catalog.suppliers.signatures import secret_bytes
from tests.faults.supplier import Fault
from tests.faults.supplying import SECRET, RunningSupplier, supplying

STEPS_MAX = 40
ORDERS = 60
AT_ONCE = 8
ASKED_AGAIN = 6
SEED = 20_260_504
PERCENT = 30
# Not the one that hangs: it is asked of alone, so that one test waits for one timeout.
QUICK_FAULTS = [fault.value for fault in Fault if fault is not Fault.TIMEOUT_AFTER_SUCCESS]


def order_of(number: int, sku: str = "gift-25") -> Order:
    line = UUID(f"01890000-0000-7000-8000-{number:012x}")
    recipient = Recipient(name="Ann", email="ann@example.com")
    return Order(attempt_id=line, line_id=line, fence=0, sku=sku, face_value=2500, currency="EUR", recipient=recipient)


async def drive(adapter: Adapter, order: Order) -> Outcome:
    """An order to its end as a fulfilling step would: unclear or pending is asked, not found is sent again.

    Breaking the contract fails: an answer of no known kind, none after so many steps.
    """
    asking = False
    for fence in range(1, STEPS_MAX):
        leased = replace(order, fence=fence)
        found = await (adapter.ask(leased) if asking else adapter.deliver(leased))
        assert isinstance(found, Delivered | Pending | Refused | Later | Unclear | NotFound), found
        assert not isinstance(found, NotFound) or asking, "an order just sent is not found"
        if isinstance(found, Delivered | Refused):
            return found
        if isinstance(found, NotFound):
            asking = False
        elif isinstance(found, Unclear | Pending):
            asking = True
    raise AssertionError(f"order {order.sku} did not end")


async def keeps_the_contract(adapter: Adapter, orders: list[Order]) -> dict[str, Outcome]:
    """Every order ends; sent and asked again it ends the same; no goods are handed over for two orders or printed."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def driven(order: Order) -> Outcome:
        async with turn:
            return await drive(adapter, order)

    found = await asyncio.gather(*(driven(order) for order in orders))
    ends = {order.external_id: end for order, end in zip(orders, found, strict=True)}
    for order in orders:
        again = await drive(adapter, replace(order, fence=0))
        assert again == ends[order.external_id], "sent again, an order has another end"
        answers = [await adapter.ask(replace(order, fence=STEPS_MAX)) for _ in range(ASKED_AGAIN)]
        asked = next((answer for answer in answers if not isinstance(answer, Later | Unclear)), None)
        assert asked == ends[order.external_id], "asked for, an order has another end"
    goods = [end.goods.code for end in ends.values() if isinstance(end, Delivered) and end.goods is not None]
    assert len(goods) == len(set(goods)), "one code was handed over for two orders"
    assert not any(str(code) in repr(ends) for code in goods), "a code was printed"
    return ends


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningSupplier]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(supplying(tmp_path / "book.db", **options))


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield client


def adapter_of(
    supplier: RunningSupplier, http: httpx2.AsyncClient, *, seconds: float = 5.0, secret: str = SECRET
) -> HttpPush:
    return HttpPush(url=supplier.url, secret=secret_bytes(secret), http=http, sandbox=True, seconds_max=seconds)


async def test_over_http_with_faults_every_order_is_delivered_once(
    start: Callable[..., RunningSupplier], http: httpx2.AsyncClient
) -> None:
    supplier = start(seed=SEED, percent=PERCENT, faults=QUICK_FAULTS)
    ends = await keeps_the_contract(adapter_of(supplier, http), [order_of(number) for number in range(ORDERS)])
    assert all(isinstance(end, Delivered) for end in ends.values())
    book = supplier.book()
    assert [row[0] for row in book["orders"]] == sorted(ends), "the supplier's book holds each order once"
    assert all(row[1] == "DELIVERED" for row in book["orders"])
    met = {name for name in book["requests"] if name != "none"}
    assert met == set(QUICK_FAULTS), f"seed {SEED} met {met}"


@pytest.mark.parametrize(
    "script", [script for script in Script if script not in (Script.DOWN, Script.NEVER_KNOWN, Script.SAME_CODE)]
)
async def test_the_scripted_supplier_keeps_the_contract(script: Script) -> None:
    orders = [order_of(number, sku) for number, sku in enumerate([script.value, f"parcel/{script.value}"] * 3)]
    ends = await keeps_the_contract(Scripted(), orders)
    refusing = {
        Script.OUT_OF_STOCK: RefusalReason.OUT_OF_STOCK,
        Script.ADDRESS_INVALID: RefusalReason.ADDRESS_INVALID,
        Script.REFUND: RefusalReason.FAILED,
    }
    if script in refusing:
        assert set(ends.values()) == {Refused(reason=refusing[script])}
    elif script is Script.PARTIAL:
        assert sorted(type(end).__name__ for end in ends.values()) == ["Delivered"] * 3 + ["Refused"] * 3
    else:
        assert all(isinstance(end, Delivered) for end in ends.values())


FIRST_ANSWERS = {
    Script.DELIVER: Delivered,
    Script.TIMEOUT_AFTER_SUCCESS: Unclear,
    Script.TIMEOUT_BEFORE: Unclear,
    Script.DEAD_CODE: Delivered,
    Script.BUSY: Later,
    Script.REFUND: Pending,
    Script.PENDING: Pending,
    Script.DOWN: Later,
    Script.NEVER_KNOWN: Unclear,
    Script.OUT_OF_STOCK: Refused,
    Script.ADDRESS_INVALID: Refused,
}


@pytest.mark.parametrize(("script", "kind"), FIRST_ANSWERS.items())
async def test_a_script_forces_its_first_answer(script: Script, kind: type[Outcome]) -> None:
    first = await Scripted().deliver(replace(order_of(1, script.value), fence=1))
    assert isinstance(first, kind)
    if script is Script.DEAD_CODE:
        assert isinstance(first, Delivered)
        assert first.goods is not None
        assert str(first.goods.code).startswith("DEAD-")


class Forgetful:
    """Bad: orders anew every time it is called."""

    def __init__(self) -> None:
        self.calls = 0

    async def deliver(self, order: Order) -> Outcome:
        self.calls += 1
        return Delivered(goods=Goods(code=f"CODE-{self.calls}"))

    async def ask(self, order: Order) -> Asked:
        return await self.deliver(order)


class Repeating:
    """Bad: hands the same code to everybody."""

    async def deliver(self, order: Order) -> Outcome:
        return Delivered(goods=Goods(code="SAME"))

    async def ask(self, order: Order) -> Asked:
        return await self.deliver(order)


class Raising:
    """Bad: lets the network's trouble through."""

    async def deliver(self, order: Order) -> Outcome:
        raise TimeoutError

    async def ask(self, order: Order) -> Asked:
        return NotFound()


class Guessing:
    """Bad: takes a timeout for a no, though the order went through."""

    async def deliver(self, order: Order) -> Outcome:
        return Refused(reason=RefusalReason.FAILED)

    async def ask(self, order: Order) -> Asked:
        return Delivered(goods=Goods(code=order.external_id))


class Endless:
    """Bad: never comes to an end."""

    async def deliver(self, order: Order) -> Outcome:
        return Pending()

    async def ask(self, order: Order) -> Asked:
        return Pending()


@pytest.mark.parametrize(
    "bad", [Forgetful(), Repeating(), Raising(), Guessing(), Endless()], ids=lambda bad: type(bad).__name__
)
async def test_a_planted_bad_adapter_breaks_the_contract(bad: Adapter) -> None:
    with pytest.raises((AssertionError, TimeoutError)):
        await keeps_the_contract(bad, [order_of(number) for number in range(2)])


async def test_a_timeout_after_success_is_unclear_and_asking_finds_it(
    start: Callable[..., RunningSupplier], http: httpx2.AsyncClient
) -> None:
    supplier = start(percent=100, faults=["timeout-after-success"])
    order = replace(order_of(1), fence=1)
    assert await adapter_of(supplier, http, seconds=0.5).deliver(order) == Unclear(reason="timeout")
    assert [row[:2] for row in supplier.book()["orders"]] == [[order.external_id, "DELIVERED"]]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("error-after-success", Unclear),
        ("error-before", Unclear),
        ("busy", Later),
        ("wrong-body", Unclear),
        ("other-order", Unclear),
        ("other-amount", Unclear),
        ("too-long", Unclear),
        ("reset", Unclear),
        ("pending", Pending),
        ("redirect", Unclear),
    ],
)
async def test_each_fault_has_its_outcome(
    start: Callable[..., RunningSupplier], http: httpx2.AsyncClient, fault: str, kind: type[Outcome]
) -> None:
    supplier = start(percent=100, faults=[fault])
    assert isinstance(await adapter_of(supplier, http).deliver(order_of(1)), kind)


async def test_a_refusal_is_surely_none_delivered_and_a_wrong_signature_is_nothing_sure(
    start: Callable[..., RunningSupplier], http: httpx2.AsyncClient
) -> None:
    supplier = start()
    refused = await adapter_of(supplier, http).deliver(order_of(1, "none-left"))
    assert refused == Refused(reason=RefusalReason.OUT_OF_STOCK)
    wrong = adapter_of(supplier, http, secret="whsec_" + "b3RoZXJz" * 5)
    assert isinstance(await wrong.deliver(order_of(2)), Unclear)
    assert len(supplier.book()["orders"]) == 1
    assert await adapter_of(supplier, http).ask(order_of(3)) == NotFound()


async def test_a_supplier_that_is_down_had_no_order_and_keeps_its_book_over_a_kill(
    start: Callable[..., RunningSupplier], http: httpx2.AsyncClient
) -> None:
    supplier = start()
    adapter = adapter_of(supplier, http)
    delivered = await adapter.deliver(order_of(1))
    supplier.kill()
    assert isinstance(await adapter.deliver(order_of(2)), Later)
    assert isinstance(await adapter.ask(order_of(1)), Later)
    back = adapter_of(start(), http)
    assert await back.ask(order_of(1)) == delivered
    assert await back.ask(order_of(2)) == NotFound()


async def test_outside_a_sandbox_this_machine_is_never_called(
    start: Callable[..., RunningSupplier], http: httpx2.AsyncClient
) -> None:
    supplier = start()
    strict = HttpPush(url=supplier.url, secret=secret_bytes(SECRET), http=http)
    assert isinstance(await strict.deliver(order_of(1)), Later)
    assert supplier.book()["orders"] == []


async def test_an_answer_of_the_longest_length_is_read_and_a_longer_one_is_not(http: httpx2.AsyncClient) -> None:
    async def serve(size: int) -> Outcome:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            order = order_of(1)
            start = (
                f'{{"externalId":"{order.external_id}","status":"PENDING","amount":2500,"currency":"EUR","x":"'.encode()
            )
            body = start + b"x" * (size - len(start) - 2) + b'"}'
            writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            adapter = HttpPush(
                url=f"http://127.0.0.1:{port}/orders", secret=secret_bytes(SECRET), http=http, sandbox=True
            )
            return await adapter.deliver(order_of(1))

    assert isinstance(await serve(RESPONSE_BYTES_MAX), Pending)
    assert isinstance(await serve(RESPONSE_BYTES_MAX + 1), Unclear)
