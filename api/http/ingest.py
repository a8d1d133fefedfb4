"""POST /ingest/{source}: a message that a source sends by itself, proven by its signature, answered item by item."""

from contextlib import aclosing
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from api.http.callers import new_request_id
from api.http.errors import Code, RequestRefused
from api.http.guards.json import decode_json
from api.http.negotiating import check_body_type
from api.settings import Limits, Settings
from domain.activities.connecting import Connected, connected_source
from domain.activities.inlets import message_id
from domain.activities.refusals import MessageConflict, UnknownSource
from domain.activities.signatures import SignedMessage, Verdict, judged
from domain.earning.evaluating import Knowledge
from domain.earning.receiving import receive
from domain.kernel.operation import Door
from domain.kernel.refusals import Refusal
from domain.kernel.sealing import Keyring
from domain.kernel.sql import TURBULENCE

BUSY_MS = 5_000
WRAPPED = "all"
log = structlog.get_logger()


def ingest_routes(door: Door, knowledge: Knowledge, keyring: Keyring, settings: Settings) -> list[BaseRoute]:
    """The one route; bodies are bounded like those of keys (GUERDON_BODY_BYTES_KEYS)."""

    async def ingest(request: Request) -> Response:
        request_id = new_request_id()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                answer = await _received(request)
            except TURBULENCE as trouble:
                log.warning("ingest.busy", trouble=type(trouble).__name__)
                raise RequestRefused(Code.TRY_LATER, retry_after_ms=BUSY_MS) from trouble
            return JSONResponse(answer, headers={"cache-control": "no-store", "x-request-id": request_id})

    async def _received(request: Request) -> dict[str, Any]:
        check_body_type(request.headers)
        body = await _body(request, settings.limits.body_bytes_keys)
        try:
            connected = await connected_source(door.database, keyring, request.path_params["source"])
        except UnknownSource:
            raise RequestRefused(Code.SOURCE_UNKNOWN) from None
        message = SignedMessage(
            method=request.method, url=_url(request, settings), headers=dict(request.headers), body=body
        )
        _check_signature(connected, message)
        document = _document(body, settings.limits)
        try:
            identity = message_id(connected.inlet, message, document)
            received = await receive(door, knowledge, connected, identity, body, document)
        except MessageConflict as conflict:
            raise RequestRefused(Code.MESSAGE_CONFLICT, conflict.text("en")) from None
        except Refusal as refusal:
            if refusal.retryable:
                raise RequestRefused(Code.TRY_LATER, refusal.text("en"), retry_after_ms=BUSY_MS) from None
            raise RequestRefused(Code.MESSAGE_REFUSED, refusal.text("en")) from None
        log.info("message.received", source=connected.source.code, items=len(received.items))
        return {"message": identity, "repeated": received.repeated, "items": list(received.items)}

    return [Route("/ingest/{source}", ingest, methods=["POST"])]


def _check_signature(connected: Connected, message: SignedMessage) -> None:
    verdict = judged(connected.inlet.proof, connected.secret, message, connected.at)
    if verdict is not Verdict.PROVEN:
        log.warning("message.refused", source=connected.source.code, verdict=verdict.value)
        raise RequestRefused(Code.SIGNATURE_REFUSED, f"The message is {verdict.value.lower()}.")


def _document(body: bytes, limits: Limits) -> object:
    """What the body spells; fractions as text, so that no amount ever passes through a float."""
    is_list = body.lstrip()[:1] == b"["
    text = b'{"%s":%s}' % (WRAPPED.encode(), body) if is_list else body
    nesting_max, digits_max = limits.json_nesting_max, limits.json_integer_digits_max
    found = decode_json(text, nesting_max=nesting_max, digits_max=digits_max, exact=True)
    if is_list and set(found) != {WRAPPED}:
        raise RequestRefused(Code.MALFORMED_JSON)
    return found[WRAPPED] if is_list else found


def _url(request: Request, settings: Settings) -> str:
    """The address that the sender called, by the name that people know this server by."""
    query = request.url.query
    return f"{settings.url}{request.url.path}" + (f"?{query}" if query else "")


async def _body(request: Request, bytes_max: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > bytes_max:
        raise RequestRefused(Code.BODY_TOO_LARGE, f"The body is larger than {bytes_max} bytes.")
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > bytes_max:
                raise RequestRefused(Code.BODY_TOO_LARGE, f"The body is larger than {bytes_max} bytes.")
    return bytes(body)
