"""A supplier of its own process and book, with faults by seed: `python -m tests.faults.supplier book.db options`.

Options are one JSON object: `secret` (whsec_…), `seed`, `percent` of requests with a fault, `faults` (which). What a
request meets depends on the seed, the order's id and how often that was tried; nothing depends on the clock.
"""

import asyncio
import hashlib
import hmac
import socket
import sqlite3
import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from catalog.suppliers.signatures import secret_bytes, signed_headers

HANG_SECONDS = 60.0
PENDING_ASKS = 1


class Fault(StrEnum):
    """What can go wrong with one request."""

    TIMEOUT_AFTER_SUCCESS = "timeout-after-success"
    ERROR_AFTER_SUCCESS = "error-after-success"
    ERROR_BEFORE = "error-before"
    BUSY = "busy"
    WRONG_BODY = "wrong-body"
    OTHER_ORDER = "other-order"
    OTHER_AMOUNT = "other-amount"
    TOO_LONG = "too-long"
    RESET = "reset"
    PENDING = "pending"
    REDIRECT = "redirect"


class Book:
    """The supplier's own orders: one row an external id, however often it is sent, and every request it met."""

    def __init__(self, path: Path) -> None:
        self.sql = sqlite3.connect(path, isolation_level=None)
        self.sql.executescript(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS orders (external_id TEXT PRIMARY KEY, body TEXT NOT NULL,
                code TEXT NOT NULL UNIQUE, state TEXT NOT NULL, asked INTEGER NOT NULL DEFAULT 0,
                times_sent INTEGER NOT NULL DEFAULT 0);
            CREATE TABLE IF NOT EXISTS requests (external_id TEXT, method TEXT, fault TEXT);
            """
        )

    def tries(self, external_id: str, method: str) -> int:
        """How often this request was made before."""
        found = self.sql.execute(
            "SELECT count(*) FROM requests WHERE external_id = ? AND method = ?", (external_id, method)
        ).fetchone()
        return int(found[0])

    def met(self, external_id: str, method: str, fault: Fault | None) -> None:
        self.sql.execute("INSERT INTO requests VALUES (?, ?, ?)", (external_id, method, fault))

    def take(self, said: dict[str, Any], state: str) -> None:
        """The order stands; sent again it is the same one."""
        external_id = said["externalId"]
        code = "FAKE-" + hashlib.sha256(external_id.encode()).hexdigest()[:20].upper()
        self.sql.execute(
            "INSERT INTO orders (external_id, body, code, state) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (external_id, orjson.dumps(said).decode(), code, state),
        )
        self.sql.execute("UPDATE orders SET times_sent = times_sent + 1 WHERE external_id = ?", (external_id,))

    def told(self, external_id: str) -> dict[str, Any] | None:
        """What the supplier says of the order."""
        found = self.sql.execute(
            "SELECT body, code, state FROM orders WHERE external_id = ?", (external_id,)
        ).fetchone()
        if found is None:
            return None
        said, state = orjson.loads(found[0]), found[2]
        answer = {"externalId": external_id, "amount": said["amount"], "currency": said["currency"], "status": state}
        if state == "DELIVERED":
            answer |= {"reference": f"fake-{external_id[-8:]}", "goods": {"code": found[1], "pin": "1234"}}
        if state == "REFUSED":
            answer |= {"reason": "OUT_OF_STOCK"}
        return answer

    def asked(self, external_id: str) -> None:
        """A pending order is delivered once it was asked for."""
        self.sql.execute("UPDATE orders SET asked = asked + 1 WHERE external_id = ?", (external_id,))
        self.sql.execute(
            "UPDATE orders SET state = 'DELIVERED' WHERE external_id = ? AND state = 'PENDING' AND asked > ?",
            (external_id, PENDING_ASKS),
        )


class Supplier:
    """The requests it answers, and the faults it has."""

    def __init__(self, book: Book, options: dict[str, Any]) -> None:
        self.book = book
        self.secret = secret_bytes(options["secret"])
        self.seed = int(options.get("seed", 0))
        self.percent = int(options.get("percent", 0))
        self.faults = [Fault(name) for name in options.get("faults", list(Fault))]

    async def order(self, request: Request) -> Response:
        """POST: an order is taken once."""
        body = await request.body()
        if not self._signed(request, body):
            return JSONResponse({"error": "signature"}, 401)
        said = orjson.loads(body)
        external_id = said["externalId"]
        fault = self._fault(external_id, "POST")
        if fault is Fault.BUSY:
            return Response(status_code=429, headers={"retry-after": "1"})
        if fault is Fault.ERROR_BEFORE:
            return Response(status_code=502)
        if said["sku"] == "none-left":
            self.book.take(said, "REFUSED")
        else:
            self.book.take(said, "PENDING" if fault is Fault.PENDING else "DELIVERED")
        return await self._answer(external_id, fault)

    async def ask(self, request: Request) -> Response:
        """GET: what became of an order."""
        if not self._signed(request, b""):
            return JSONResponse({"error": "signature"}, 401)
        external_id = request.path_params["external_id"]
        fault = self._fault(external_id, "GET")
        if fault is Fault.BUSY:
            return Response(status_code=429, headers={"retry-after": "1"})
        if fault is Fault.ERROR_BEFORE:
            return Response(status_code=502)
        self.book.asked(external_id)
        if self.book.told(external_id) is None:
            return JSONResponse({"externalId": external_id, "status": "NOT_FOUND"}, 404)
        return await self._answer(external_id, fault)

    async def orders(self, _: Request) -> Response:
        """The book as a list, for tests and for reconciling."""
        rows = self.book.sql.execute(
            "SELECT external_id, state, code, times_sent FROM orders ORDER BY external_id"
        ).fetchall()
        met = self.book.sql.execute("SELECT fault, count(*) FROM requests GROUP BY fault").fetchall()
        return JSONResponse({"orders": rows, "requests": {fault or "none": count for fault, count in met}})

    async def _answer(self, external_id: str, fault: Fault | None) -> Response:
        told = self.book.told(external_id)
        assert told is not None, "the order was just taken"
        status = {"DELIVERED": 200, "PENDING": 202, "REFUSED": 422}[told["status"]]
        match fault:
            case Fault.TIMEOUT_AFTER_SUCCESS:
                await asyncio.sleep(HANG_SECONDS)
            case Fault.ERROR_AFTER_SUCCESS:
                return JSONResponse(told, 500)
            case Fault.WRONG_BODY:
                return Response(b"<html>maintenance</html>", 200)
            case Fault.OTHER_ORDER:
                told["externalId"] = hashlib.md5(external_id.encode()).hexdigest()
            case Fault.OTHER_AMOUNT:
                told["amount"] = (told["amount"] or 0) + 1
            case Fault.TOO_LONG:
                told["padding"] = "x" * 70_000
            case Fault.RESET:
                return Response(b"cut", 200, headers={"content-length": "1000"})
            case Fault.REDIRECT:
                return Response(status_code=302, headers={"location": "/orders"})
            case _:
                pass
        return JSONResponse(told, status)

    def _fault(self, external_id: str, method: str) -> Fault | None:
        tries = self.book.tries(external_id, method)
        drawn = hashlib.sha256(f"{self.seed}:{external_id}:{method}:{tries}".encode()).digest()
        has = self.faults and int.from_bytes(drawn[:4], "big") % 100 < self.percent
        fault = self.faults[int.from_bytes(drawn[4:8], "big") % len(self.faults)] if has else None
        self.book.met(external_id, method, fault)
        return fault

    def _signed(self, request: Request, body: bytes) -> bool:
        """The headers are those of the secret; how old they are is not looked at."""
        message_id, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "0")
        wanted = signed_headers(self.secret, message_id, int(timestamp), body)["webhook-signature"]
        return hmac.compare_digest(wanted, request.headers.get("webhook-signature", ""))


def app_of(book: Book, options: dict[str, Any]) -> Starlette:
    supplier = Supplier(book, options)
    return Starlette(
        routes=[
            Route("/orders", supplier.order, methods=["POST"]),
            Route("/orders", supplier.orders, methods=["GET"]),
            Route("/orders/{external_id}", supplier.ask, methods=["GET"]),
        ]
    )


async def main(path: Path, options: dict[str, Any]) -> None:
    book = Book(path)
    with closing(book.sql), socket.create_server(("127.0.0.1", int(options.get("port", 0)))) as listening:
        sys.stdout.write(f'{{"port":{listening.getsockname()[1]}}}\n')
        sys.stdout.flush()
        config = uvicorn.Config(app_of(book, options), log_level="critical", timeout_graceful_shutdown=0)
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), orjson.loads(sys.argv[2])))
