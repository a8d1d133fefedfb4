"""POST /files takes a file from whoever signed in; GET /files/{id} gives it to whoever was shown a link to it."""

from collections.abc import Mapping
from contextlib import aclosing
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from api.graph.file_links import FileLinks
from api.graph.ids import Tag, decode_as, encode_id
from api.http.auth import Caller, Recognizer
from api.http.callers import Charge, Credentials, new_request_id
from api.http.errors import Code, RequestRefused
from api.settings import Settings
from domain.access.principals import Actor, Role
from domain.access.refusals import RateLimited
from domain.files.reading import FileRecord, content_of, file_by_id
from domain.files.refusals import FileTypeRefused
from domain.files.storing import StoredFile, store_file
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput, Refusal
from domain.kernel.sql import TURBULENCE

BUSY_MS = 5_000
PATH = "/files"
DEFAULT_NAME, DEFAULT_PURPOSE = "file", "proof"
# Handing in costs as much as a large query, fetching as much as a small one.
UPLOAD_COST, FETCH_COST = 200, 10
REFUSED = frozenset({Role.ANONYMOUS, Role.INTEGRATION})
FETCHED_HEADERS: Mapping[str, str] = {
    "cache-control": "private, no-store",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
log = structlog.get_logger()


class FilePoint:
    """The two routes; files are bounded by GUERDON_FILE_BYTES_MAX and handed in by people only."""

    def __init__(
        self, door: Door, recognizer: Recognizer, links: FileLinks, settings: Settings, charge: Charge | None
    ) -> None:
        self._door, self._recognizer, self._links = door, recognizer, links
        self._limits, self._charge = settings.limits, charge

    def routes(self) -> list[BaseRoute]:
        return [
            Route(PATH, self.take, methods=["POST"]),
            Route(PATH + "/{id}", self.give, methods=["GET"]),
        ]

    async def take(self, request: Request) -> Response:
        """The body is the file itself; `name` and `purpose` stand in the query. Answers 201 with its id."""
        request_id = new_request_id()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            caller = await self._recognized(request)
            if caller.actor.role in REFUSED:
                raise RequestRefused(Code.UNAUTHENTICATED if caller.principal_id is None else Code.NOT_ALLOWED)
            await self._pay(caller, UPLOAD_COST)
            content = await _body(request, self._limits.file_bytes_max)
            stored = await self._stored(caller.actor, request, content)
            log.info("file.stored", size=stored.size, media_type=stored.media_type.value)
            answer = {
                "id": encode_id(Tag.FILE, stored.id),
                "name": stored.name,
                "mediaType": stored.media_type.value,
                "size": stored.size,
            }
            return JSONResponse(answer, 201, headers={"cache-control": "no-store", "x-request-id": request_id})

    async def give(self, request: Request) -> Response:
        """The file of a link that is still good, as a download."""
        await self._pay(Caller(address=_address(request)), FETCH_COST)
        file_id = decode_as(Tag.FILE, request.path_params["id"])
        try:
            found = None if file_id is None else await file_by_id(self._door.database, file_id)
        except TURBULENCE as trouble:
            raise RequestRefused(Code.BUSY, retry_after_ms=BUSY_MS) from trouble
        # A link that is wrong, over or of a file that is gone looks the same.
        if found is None or not self._proves(request, found):
            raise RequestRefused(Code.FILE_UNKNOWN)
        return StreamingResponse(
            content_of(self._door.database, found.id),
            media_type=found.media_type.value,
            headers={
                **FETCHED_HEADERS,
                "content-length": str(found.size),
                "content-disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
            },
        )

    def _proves(self, request: Request, found: FileRecord) -> bool:
        asked = request.query_params
        return self._links.proves(found.id, asked.get("expires", ""), asked.get("signature", ""), found.read_at)

    async def _recognized(self, request: Request) -> Caller:
        credentials = Credentials(authorization=request.headers.get("authorization"), address=_address(request))
        try:
            return await self._recognizer(credentials)
        except TURBULENCE as trouble:
            raise RequestRefused(Code.BUSY, retry_after_ms=BUSY_MS) from trouble

    async def _pay(self, caller: Caller, cost: int) -> None:
        if self._charge is not None:
            await self._charge(caller, cost)

    async def _stored(self, actor: Actor, request: Request, content: bytes) -> StoredFile:
        asked, limits = request.query_params, self._limits
        try:
            return await store_file(
                self._door,
                actor,
                name=asked.get("name") or DEFAULT_NAME,
                purpose=asked.get("purpose") or DEFAULT_PURPOSE,
                content=content,
                bytes_max=limits.file_bytes_max,
                per_hour=limits.files_per_hour,
            )
        except Refusal as refusal:
            raise _told(refusal) from None


def _told(refusal: Refusal) -> RequestRefused:
    said = refusal.text("en")
    match refusal:
        case FileTypeRefused():
            return RequestRefused(Code.FILE_TYPE_REFUSED, said)
        case RateLimited(retry_after_ms=wait):
            return RequestRefused(Code.RATE_LIMITED, said, retry_after_ms=wait)
        case InvalidInput():
            return RequestRefused(Code.MALFORMED_REQUEST, said)
        case _:
            return RequestRefused(Code.BUSY, said, retry_after_ms=BUSY_MS)


def _address(request: Request) -> str:
    return request.client.host if request.client else "local"


async def _body(request: Request, bytes_max: int) -> bytes:
    """The whole body, never more of it in memory than the limit. Refuses: BODY_TOO_LARGE; UNSUPPORTED_MEDIA_TYPE."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise RequestRefused(Code.UNSUPPORTED_MEDIA_TYPE, "The body is the file itself, not a form.")
    too_large = RequestRefused(Code.BODY_TOO_LARGE, f"The file is larger than {bytes_max} bytes.")
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > bytes_max:
        raise too_large
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            if len(body) + len(chunk) > bytes_max:
                raise too_large
            body += chunk
    return bytes(body)
