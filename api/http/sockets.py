"""One WebSocket speaking graphql-transport-ws: subscriptions only, bounded every way, closed when access ends."""

import asyncio
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from graphql import OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.http.callers import Actor, Circumstances, Credentials, Transport, bearer, new_request_id, resume_cursor
from api.http.errors import Code, RequestRefused
from api.http.face import Face
from api.http.guards.sockets import (
    Complete,
    ConnectionInit,
    MessagePace,
    Ping,
    Subscribe,
    cut_reason,
    read_message,
)
from api.http.origins import is_origin_allowed
from api.http.outbox import Outbox
from api.http.preparing import DocumentInvalid
from api.logs import log

PROTOCOL = "graphql-transport-ws"
ENDS_SOCKET = frozenset({Code.SUBSCRIPTIONS_ONLY, Code.SUBSCRIBER_TOO_SLOW, Code.TOKEN_EXPIRED, Code.ACCESS_REVOKED})
UNSENT_IS_DROPPED = frozenset({Code.SUBSCRIBER_TOO_SLOW, Code.TOKEN_EXPIRED, Code.ACCESS_REVOKED})


class SocketEndpoint:
    """The ASGI application behind /graphql for WebSockets."""

    def __init__(self, face: Face) -> None:
        self._face = face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until either side closes it. A foreign origin is answered 403 before the handshake."""
        websocket = WebSocket(scope, receive, send)
        if not is_origin_allowed(websocket.headers, self._face.settings):
            log("http").warning("socket.origin_refused", origin=websocket.headers.get("origin", "")[:200])
            await websocket.close()
            return
        await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in scope["subprotocols"] else None)
        with structlog.contextvars.bound_contextvars(request_id=new_request_id()):
            await Socket(self._face, websocket).serve(PROTOCOL in scope["subprotocols"])


class Socket:
    """The state of one accepted socket; all its tasks have ended when `serve` returns."""

    def __init__(self, face: Face, websocket: WebSocket) -> None:
        self._face = face
        self._limits = face.settings.limits
        self._websocket = websocket
        self._address = websocket.client.host if websocket.client else "local"
        self._outbox = Outbox(websocket, self._limits)
        self._pace = MessagePace(self._limits.socket_messages_per_second)
        self._operations: dict[str, asyncio.Task[None]] = {}
        # Also those that the client completed and that are still releasing their source.
        self._running: set[asyncio.Task[None]] = set()
        self._unintroduced = ExitStack()
        self._places = ExitStack()
        self._actor: Actor | None = None
        self._cursor: str | None = None
        self._initialised = False
        self._watchers: list[asyncio.Task[None]] = []
        self._sending: asyncio.Task[None] | None = None
        self._ending: asyncio.Future[RequestRefused] = asyncio.get_running_loop().create_future()

    async def serve(self, speaks_protocol: bool) -> None:
        """Read, run and send until the client leaves or something ends the socket."""
        if not speaks_protocol:
            await self._close(RequestRefused(Code.SUBPROTOCOL_UNKNOWN))
            return
        try:
            place = self._face.connections.place(
                f"unintroduced:{self._address}", self._limits.sockets_per_address_max, Code.TOO_MANY_HANDSHAKES
            )
            self._unintroduced.enter_context(place)
        except RequestRefused as refused:
            await self._close(refused)
            return
        reading = asyncio.create_task(self._read())
        sending = self._sending = asyncio.create_task(self._outbox.run(self._end))
        self._watchers.append(asyncio.create_task(self._await_init()))
        try:
            await asyncio.wait((reading, self._ending), return_when=asyncio.FIRST_COMPLETED)
            if self._ending.done():
                await self._close(self._ending.result())
        finally:
            tasks = [reading, sending, *self._watchers, *self._running]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._unintroduced.close()
            self._places.close()

    async def _read(self) -> None:
        try:
            while True:
                event = await self._websocket.receive()
                if event["type"] == "websocket.disconnect":
                    return
                self._pace.check(time.monotonic())
                if event.get("text") is None:
                    raise RequestRefused(Code.MALFORMED_REQUEST, "Messages must be text.")
                await self._handle(event["text"])
        except WebSocketDisconnect:
            return
        except RequestRefused as refused:
            self._end(refused)
        except Exception as error:
            self._end(self._face.presenter.failure(error, new_request_id()))

    async def _handle(self, text: str) -> None:
        message = read_message(text, self._limits)
        if isinstance(message, ConnectionInit):
            await self._introduce(message.payload)
        elif isinstance(message, Ping):
            self._outbox.put({"type": "pong"})
        elif isinstance(message, Subscribe):
            self._subscribe(message)
        elif isinstance(message, Complete) and (task := self._operations.pop(message.id, None)):
            task.cancel()

    async def _introduce(self, payload: dict[str, Any]) -> None:
        if self._initialised:
            raise RequestRefused(Code.INIT_REPEATED)
        self._initialised = True
        resume: object = payload.get("resume") or {}
        if not isinstance(resume, dict):
            raise RequestRefused(Code.MALFORMED_REQUEST, "resume must be an object.")
        self._cursor = resume_cursor(cast("dict[str, Any]", resume).get("cursor"), self._limits.cursor_bytes_max)
        token = bearer(payload.get("authorization", payload.get("Authorization", payload.get("token"))))
        # The Authorization header of the handshake is ignored: only what a page's script sends on purpose counts.
        actor = await self._face.authenticate(Credentials(authorization=token, address=self._address))
        most = self._limits.sockets_per_principal_max if actor.principal_id else self._limits.sockets_per_address_max
        owner = f"socket:{actor.principal_id or self._address}"
        self._places.enter_context(self._face.connections.place(owner, most, Code.TOO_MANY_SOCKETS))
        self._unintroduced.close()
        revoked = self._places.enter_context(self._face.connections.revocable(actor.principal_id))
        self._watchers.append(asyncio.create_task(self._await_revocation(revoked)))
        if actor.expires_at is not None:
            self._watchers.append(asyncio.create_task(self._await_expiry(actor.expires_at)))
        self._actor = actor
        self._outbox.put({"type": "connection_ack"})

    def _subscribe(self, message: Subscribe) -> None:
        actor = self._actor
        if actor is None:
            raise RequestRefused(Code.INIT_MISSING)
        if message.id in self._operations:
            raise RequestRefused(Code.SUBSCRIPTION_ID_TAKEN)
        if len(self._operations) >= self._limits.socket_subscriptions_max:
            self._refuse(message.id, RequestRefused(Code.TOO_MANY_SUBSCRIPTIONS), new_request_id())
            return
        task = self._operations[message.id] = asyncio.create_task(self._run(message, actor))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, message: Subscribe, actor: Actor) -> None:
        request_id = new_request_id()
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self._send_results(message, actor, request_id)
        except DocumentInvalid as invalid:
            self._fail(message.id, self._face.presenter.document(invalid, request_id))
        except RequestRefused as refused:
            self._refuse(message.id, refused, request_id)
        except Exception as error:
            self._refuse(message.id, self._face.presenter.failure(error, request_id), request_id)
        finally:
            # The id may have been taken again after a `complete` that cancelled this task.
            if self._operations.get(message.id) is asyncio.current_task():
                del self._operations[message.id]

    async def _send_results(self, message: Subscribe, actor: Actor, request_id: str) -> None:
        prepared = await self._face.prepare(message.request, actor)
        if prepared.kind is not OperationType.SUBSCRIPTION:
            raise RequestRefused(Code.SUBSCRIPTIONS_ONLY)
        circumstances = Circumstances(
            request_id=request_id, transport=Transport.WEBSOCKET, address=self._address, resume_cursor=self._cursor
        )
        context = await self._face.context_for(actor, circumstances)
        self._face.metrics.operations.labels(kind=prepared.kind.value, transport=Transport.WEBSOCKET.value).inc()
        results = self._face.executor.subscribe(prepared, message.request.variables, context)
        try:
            async for result in results:
                shown = self._face.presenter.result(result, request_id)
                if "data" not in shown:
                    self._fail(message.id, shown["errors"])
                    return
                await self._outbox.put_when_room({"id": message.id, "type": "next", "payload": shown})
        finally:
            if (close := getattr(results, "aclose", None)) is not None:
                await close()
        await self._outbox.put_when_room({"id": message.id, "type": "complete"})

    def _refuse(self, id: str, refused: RequestRefused, request_id: str) -> None:
        self._fail(id, [self._face.presenter.refusal(refused, request_id)])

    def _fail(self, id: str, errors: list[dict[str, Any]]) -> None:
        code = str(errors[0]["extensions"]["code"])
        if code in ENDS_SOCKET:
            self._end(RequestRefused(Code(code)))
            return
        self._operations.pop(id, None)
        self._outbox.put({"id": id, "type": "error", "payload": errors})

    async def _await_init(self) -> None:
        await asyncio.sleep(self._limits.socket_init_seconds)
        if not self._initialised:
            self._end(RequestRefused(Code.INIT_TOO_LATE))

    async def _await_expiry(self, expires_at: datetime) -> None:
        await asyncio.sleep(max(0.0, (expires_at - datetime.now(UTC)).total_seconds()))
        self._end(RequestRefused(Code.TOKEN_EXPIRED, "token expired"))

    async def _await_revocation(self, revoked: asyncio.Event) -> None:
        await revoked.wait()
        self._end(RequestRefused(Code.ACCESS_REVOKED))

    def _end(self, refused: RequestRefused) -> None:
        if not self._ending.done():
            self._ending.set_result(refused)

    async def _close(self, refused: RequestRefused) -> None:
        code = refused.trouble.close_code or 4400
        self._face.metrics.sockets.labels(close_code=str(code)).inc()
        log("http").info("socket.closed", reason=refused.code.value, close_code=code)
        for task in self._running:
            task.cancel()
        if self._sending and refused.code in UNSENT_IS_DROPPED:
            self._sending.cancel()
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(self._limits.socket_close_seconds):
                if refused.code not in UNSENT_IS_DROPPED:
                    await self._outbox.flushed()
                await self._websocket.close(code, cut_reason(refused.message))
