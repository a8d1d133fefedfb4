"""GraphQL over HTTP to the letter: POST for everything, GET for queries, event streams for subscriptions."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import structlog
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.http.callers import Actor, Circumstances, Credentials, Transport, new_request_id, resume_cursor
from api.http.errors import TROUBLES, Code, RequestRefused
from api.http.face import Face, GraphQLRequest, read_request
from api.http.graphiql import PAGE, PAGE_HEADERS
from api.http.guards.json import decode_json, encode_json
from api.http.negotiating import EVENT_STREAM, GRAPHQL_JSON, JSON, check_body_type, choose_media_type
from api.http.preparing import DocumentInvalid, Prepared
from api.http.presenting import is_graphql_error
from api.http.strangers import check_stranger
from api.http.streams import EventStream

QUERY_STRING_BYTES_MAX = 65_536


class GraphQLEndpoint:
    """The ASGI application behind /graphql for HTTP."""

    def __init__(self, face: Face, *, shows_page: bool) -> None:
        self._face = face
        self._shows_page = shows_page
        self._limits = face.settings.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every failure is an answer, masked and with the request id."""
        request, request_id = Request(scope, receive), new_request_id()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                response = await self._answer(request, request_id)
            except ClientDisconnect:
                return
            response.headers["x-request-id"] = request_id
            response.headers["x-content-type-options"] = "nosniff"
            await response(scope, receive, send)

    async def _answer(self, request: Request, request_id: str) -> Response:
        media_type = JSON
        try:
            if request.method not in ("GET", "POST"):
                raise RequestRefused(Code.METHOD_NOT_ALLOWED)
            accept = request.headers.get("accept")
            if self._shows_page and request.method == "GET" and not request.url.query and "text/html" in (accept or ""):
                return Response(PAGE, media_type="text/html", headers=PAGE_HEADERS)
            chosen = choose_media_type(accept)
            # Errors for a client that wants events alone: JSON whose status tells.
            media_type = GRAPHQL_JSON if chosen == EVENT_STREAM else chosen or JSON
            if chosen is None:
                raise RequestRefused(Code.NOT_ACCEPTABLE)
            return await self._run(request, request_id, chosen, accept or "")
        except DocumentInvalid as invalid:
            errors = self._face.presenter.document(invalid, request_id)
            return self._refused(invalid.code, errors, media_type)
        except RequestRefused as refused:
            errors = [self._face.presenter.refusal(refused, request_id)]
            return self._refused(refused.code, errors, media_type, refused.retry_after_ms)
        except ClientDisconnect:
            raise
        except Exception as error:
            refused = self._face.presenter.failure(error, request_id)
            errors = [self._face.presenter.refusal(refused, request_id)]
            return self._refused(refused.code, errors, media_type, refused.retry_after_ms)

    async def _run(self, request: Request, request_id: str, media_type: str, accept: str) -> Response:
        address = request.client.host if request.client else "local"
        authorization = request.headers.get("authorization")
        actor = await self._face.authenticate(
            Credentials(authorization=authorization, address=address, admits_strangers=True)
        )
        asked = read_request(_query_string(request) if request.method == "GET" else await self._body(request, actor))
        prepared = await self._face.prepare(asked, actor)
        check_stranger(actor, prepared)
        self._check_method(request.method, prepared)
        streams = prepared.kind is OperationType.SUBSCRIPTION
        if streams and EVENT_STREAM not in accept.lower():
            raise RequestRefused(Code.SUBSCRIPTION_NEEDS_STREAM)
        if not streams and media_type == EVENT_STREAM:
            raise RequestRefused(Code.NOT_ACCEPTABLE, "Event streams carry subscriptions only.")
        cursor = resume_cursor(request.headers.get("last-event-id"), self._limits.cursor_bytes_max)
        circumstances = Circumstances(
            request_id=request_id,
            transport=Transport.EVENT_STREAM if streams else Transport.HTTP,
            address=address,
            resume_cursor=cursor,
        )
        context = await self._face.context_for(actor, circumstances)
        self._face.metrics.operations.labels(kind=prepared.kind.value, transport=circumstances.transport.value).inc()
        if streams:
            return await self._stream(prepared, asked, actor, context, circumstances)
        result = await self._face.executor.execute(prepared, asked.variables, context)
        body = self._face.presenter.result(result, request_id)
        status = _status_of(body, media_type)
        headers = {"cache-control": "no-store"} if authorization or "data" not in body else {}
        return _json(body, status, media_type, headers)

    async def _stream(
        self, prepared: Prepared, asked: GraphQLRequest, actor: Actor, context: object, circumstances: Circumstances
    ) -> Response:
        results = self._face.executor.subscribe(prepared, asked.variables, context)
        return EventStream(self._face, actor, circumstances, results)

    async def _body(self, request: Request, actor: Actor) -> dict[str, Any]:
        check_body_type(request.headers)
        limit = self._face.body_limit(actor)
        declared = request.headers.get("content-length", "0")
        body = bytearray()
        if not declared.isdigit() or int(declared) > limit:
            raise RequestRefused(Code.BODY_TOO_LARGE, f"The body is larger than {limit} bytes.")
        async with aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > limit:
                    raise RequestRefused(Code.BODY_TOO_LARGE, f"The body is larger than {limit} bytes.")
        return self._decode(bytes(body))

    def _decode(self, body: bytes) -> dict[str, Any]:
        limits = self._limits
        return decode_json(body, nesting_max=limits.json_nesting_max, digits_max=limits.json_integer_digits_max)

    def _check_method(self, method: str, prepared: Prepared) -> None:
        if method == "POST":
            return
        if prepared.kind is not OperationType.QUERY and prepared.kind is not OperationType.SUBSCRIPTION:
            raise RequestRefused(Code.METHOD_NOT_ALLOWED, "Mutations need POST.")
        if self._face.settings.is_production and not prepared.trusted:
            raise RequestRefused(Code.TRUSTED_DOCUMENTS_ONLY)

    def _refused(
        self, code: Code, errors: list[dict[str, Any]], media_type: str, retry_after_ms: int | None = None
    ) -> Response:
        status = 200 if media_type == JSON and is_graphql_error(code) else RequestRefused(code).trouble.status
        headers = {"cache-control": "no-store"}
        self._face.metrics.refusals.labels(code=code.value).inc()
        if status == 401:
            headers["www-authenticate"] = "Bearer"
        if status == 405:
            headers["allow"] = "GET, POST"
        if status in (408, 413):
            # The rest of the body is still under way; reading it would only help the sender.
            headers["connection"] = "close"
        if retry_after_ms is not None:
            headers["retry-after"] = str(-(-retry_after_ms // 1000))
        return _json({"errors": errors}, status, media_type, headers)


def _status_of(body: Mapping[str, Any], media_type: str) -> int:
    if "data" in body:
        return 200
    code = body["errors"][0]["extensions"]["code"]
    if code in (Code.INTERNAL, Code.TRY_LATER):
        return TROUBLES[code].status
    return 200 if media_type == JSON else 400


def _query_string(request: Request) -> dict[str, Any]:
    if len(request.url.query) > QUERY_STRING_BYTES_MAX:
        raise RequestRefused(Code.BODY_TOO_LARGE, f"The query string is longer than {QUERY_STRING_BYTES_MAX} bytes.")
    members: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in members:
            raise RequestRefused(Code.MALFORMED_REQUEST, f"{name[:40]} appears twice in the query string.")
        members[name] = value
    for name in ("variables", "extensions"):
        if members.get(name):
            members[name] = decode_json(str(members[name]).encode("utf-8", "surrogateescape"))
        else:
            members.pop(name, None)
    return members


def _json(body: Mapping[str, Any], status: int, media_type: str, headers: Mapping[str, str]) -> Response:
    content_type = f"{media_type}; charset=utf-8"
    return Response(encode_json(body), status, headers={**headers, "content-type": content_type, "vary": "accept"})
