"""The one table of request troubles: extension code, HTTP status, WebSocket close code, retryable, meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Code(StrEnum):
    """What `extensions.code` may say when a request was refused before a resolver ran, or failed by our fault."""

    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    MALFORMED_JSON = "MALFORMED_JSON"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    REQUEST_TOO_SLOW = "REQUEST_TOO_SLOW"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    ACCESS_REVOKED = "ACCESS_REVOKED"
    ACCOUNT_NOT_LINKED = "ACCOUNT_NOT_LINKED"
    SIGN_IN_UNAVAILABLE = "SIGN_IN_UNAVAILABLE"
    ORIGIN_REFUSED = "ORIGIN_REFUSED"
    RATE_LIMITED = "RATE_LIMITED"
    DOCUMENT_MALFORMED = "DOCUMENT_MALFORMED"
    DOCUMENT_INVALID = "DOCUMENT_INVALID"
    BAD_INPUT = "BAD_INPUT"
    OPERATION_UNKNOWN = "OPERATION_UNKNOWN"
    DOCUMENT_TOO_LONG = "DOCUMENT_TOO_LONG"
    DOCUMENT_TOO_DEEP = "DOCUMENT_TOO_DEEP"
    DOCUMENT_TOO_WIDE = "DOCUMENT_TOO_WIDE"
    TOO_MANY_ALIASES = "TOO_MANY_ALIASES"
    TOO_MANY_DIRECTIVES = "TOO_MANY_DIRECTIVES"
    TOO_MANY_ROOT_FIELDS = "TOO_MANY_ROOT_FIELDS"
    ONE_MUTATION_AT_A_TIME = "ONE_MUTATION_AT_A_TIME"
    FRAGMENT_CYCLE = "FRAGMENT_CYCLE"
    COST_TOO_HIGH = "COST_TOO_HIGH"
    PAGE_TOO_LARGE = "PAGE_TOO_LARGE"
    INTROSPECTION_OFF = "INTROSPECTION_OFF"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    TRUSTED_DOCUMENTS_ONLY = "TRUSTED_DOCUMENTS_ONLY"
    SUBSCRIPTION_NEEDS_STREAM = "SUBSCRIPTION_NEEDS_STREAM"
    SUBSCRIPTIONS_ONLY = "SUBSCRIPTIONS_ONLY"
    SUBPROTOCOL_UNKNOWN = "SUBPROTOCOL_UNKNOWN"
    INIT_TOO_LATE = "INIT_TOO_LATE"
    INIT_REPEATED = "INIT_REPEATED"
    INIT_MISSING = "INIT_MISSING"
    SUBSCRIPTION_ID_TAKEN = "SUBSCRIPTION_ID_TAKEN"
    TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"
    TOO_MANY_SOCKETS = "TOO_MANY_SOCKETS"
    TOO_MANY_HANDSHAKES = "TOO_MANY_HANDSHAKES"
    TOO_MANY_MESSAGES = "TOO_MANY_MESSAGES"
    SUBSCRIBER_TOO_SLOW = "SUBSCRIBER_TOO_SLOW"
    SERVER_STOPPING = "SERVER_STOPPING"
    TRY_LATER = "TRY_LATER"
    BUSY = "BUSY"
    NOT_ALLOWED = "NOT_ALLOWED"
    FILE_UNKNOWN = "FILE_UNKNOWN"
    FILE_TYPE_REFUSED = "FILE_TYPE_REFUSED"
    SOURCE_UNKNOWN = "SOURCE_UNKNOWN"
    SIGNATURE_REFUSED = "SIGNATURE_REFUSED"
    MESSAGE_CONFLICT = "MESSAGE_CONFLICT"
    MESSAGE_REFUSED = "MESSAGE_REFUSED"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One row: `status` for HTTP, `close_code` for a WebSocket (None: an error message for that one operation)."""

    status: int
    close_code: int | None = None
    retryable: bool = False
    graphql: bool = False
    meaning: str


def _document(meaning: str) -> Trouble:
    return Trouble(status=400, graphql=True, meaning=meaning)


def _shape(meaning: str) -> Trouble:
    return Trouble(status=400, meaning=meaning)


# `graphql` rows are request errors of GraphQL itself: status 200 where the client accepts only application/json.
TROUBLES: Mapping[Code, Trouble] = MappingProxyType(
    {
        Code.MALFORMED_REQUEST: Trouble(
            status=400, close_code=4400, meaning="The request or message has a wrong form."
        ),
        Code.MALFORMED_JSON: Trouble(status=400, close_code=4400, meaning="The body is not strict JSON in UTF-8."),
        Code.UNSUPPORTED_MEDIA_TYPE: Trouble(status=415, close_code=4400, meaning="The body must be application/json."),
        Code.NOT_ACCEPTABLE: Trouble(status=406, meaning="No media type of the Accept header can be answered."),
        Code.METHOD_NOT_ALLOWED: Trouble(status=405, meaning="GET serves queries, POST everything; nothing else."),
        Code.BODY_TOO_LARGE: Trouble(
            status=413, close_code=1009, meaning="The body exceeds what this caller may send."
        ),
        Code.REQUEST_TOO_SLOW: Trouble(status=408, retryable=True, meaning="The request took too long to arrive."),
        Code.UNAUTHENTICATED: Trouble(status=401, close_code=4403, meaning="The credential was not accepted."),
        Code.TOKEN_EXPIRED: Trouble(
            status=401, close_code=4403, retryable=True, meaning="Renew the token and try again."
        ),
        Code.ACCESS_REVOKED: Trouble(status=401, close_code=4403, meaning="Access ended; sign in again."),
        Code.ACCOUNT_NOT_LINKED: Trouble(
            status=403, close_code=4403, meaning="Nobody linked this sign-in to a member yet."
        ),
        Code.SIGN_IN_UNAVAILABLE: Trouble(
            status=503, close_code=1013, retryable=True, meaning="Sign-ins cannot be checked; wait for retryAfterMs."
        ),
        Code.ORIGIN_REFUSED: Trouble(status=403, meaning="This origin is not in ALLOWED_ORIGINS."),
        Code.RATE_LIMITED: Trouble(status=429, close_code=None, retryable=True, meaning="Wait for retryAfterMs."),
        Code.DOCUMENT_MALFORMED: _document("The document is not GraphQL."),
        Code.DOCUMENT_INVALID: _document("The document does not fit the schema."),
        Code.BAD_INPUT: _document("A variable or argument does not fit its type."),
        Code.OPERATION_UNKNOWN: _document("The document holds no such operation, or several and none was named."),
        Code.PERSISTED_QUERY_NOT_FOUND: _document("No document with this hash is known; send it whole."),
        Code.DOCUMENT_TOO_LONG: _shape("The document has too many bytes or tokens."),
        Code.DOCUMENT_TOO_DEEP: _shape("Fields are nested too deeply (edges and node are not counted)."),
        Code.DOCUMENT_TOO_WIDE: _shape("Too many selections once fragments are expanded."),
        Code.TOO_MANY_ALIASES: _shape("Too many aliases once fragments are expanded."),
        Code.TOO_MANY_DIRECTIVES: _shape("Too many directives once fragments are expanded."),
        Code.TOO_MANY_ROOT_FIELDS: _shape("Too many fields at the root."),
        Code.ONE_MUTATION_AT_A_TIME: _shape("A mutation holds one field."),
        Code.FRAGMENT_CYCLE: _shape("A fragment contains itself."),
        Code.COST_TOO_HIGH: _shape("The estimated cost exceeds the limit; ask for smaller pages."),
        Code.PAGE_TOO_LARGE: _shape("A page or list argument exceeds the limit."),
        Code.INTROSPECTION_OFF: _shape("Introspection is off; read /schema.graphql."),
        Code.TRUSTED_DOCUMENTS_ONLY: _shape("GET serves trusted documents by hash only; use POST."),
        Code.SUBSCRIPTION_NEEDS_STREAM: _shape("Subscriptions need a WebSocket or Accept: text/event-stream."),
        Code.SUBSCRIPTIONS_ONLY: Trouble(
            status=400, close_code=4400, meaning="This transport serves subscriptions only."
        ),
        Code.SUBPROTOCOL_UNKNOWN: Trouble(status=400, close_code=4406, meaning="Only graphql-transport-ws is spoken."),
        Code.INIT_TOO_LATE: Trouble(status=408, close_code=4408, meaning="connection_init did not come in time."),
        Code.INIT_REPEATED: Trouble(status=400, close_code=4429, meaning="connection_init came twice."),
        Code.INIT_MISSING: Trouble(status=401, close_code=4401, meaning="subscribe came before connection_ack."),
        Code.SUBSCRIPTION_ID_TAKEN: Trouble(status=409, close_code=4409, meaning="This subscription id is in use."),
        Code.TOO_MANY_SUBSCRIPTIONS: Trouble(
            status=429, meaning="This socket or principal has its most subscriptions."
        ),
        Code.TOO_MANY_SOCKETS: Trouble(status=429, close_code=4429, meaning="This principal or address has its most."),
        Code.TOO_MANY_HANDSHAKES: Trouble(
            status=503,
            close_code=1013,
            retryable=True,
            meaning="Too many sockets of this address await connection_init.",
        ),
        Code.TOO_MANY_MESSAGES: Trouble(status=429, close_code=4429, meaning="Too many messages in a second."),
        Code.SUBSCRIBER_TOO_SLOW: Trouble(
            status=503, close_code=1013, retryable=True, meaning="Events waited too long; resume from your cursor."
        ),
        Code.SERVER_STOPPING: Trouble(status=503, close_code=1012, retryable=True, meaning="Reconnect and resume."),
        Code.TRY_LATER: Trouble(
            status=503, close_code=1013, retryable=True, meaning="Busy or restarting; wait for retryAfterMs."
        ),
        Code.BUSY: Trouble(status=503, retryable=True, meaning="Nothing is known to have happened; send it again."),
        Code.NOT_ALLOWED: Trouble(status=403, meaning="Your role does not allow this."),
        Code.FILE_UNKNOWN: Trouble(status=404, meaning="There is no such file, or the link to it is over."),
        Code.FILE_TYPE_REFUSED: Trouble(status=415, meaning="By its content the file is of no kind that is taken."),
        Code.SOURCE_UNKNOWN: Trouble(status=404, meaning="No source of this code is connected."),
        Code.SIGNATURE_REFUSED: Trouble(status=401, meaning="The message is unsigned, forged or 5 minutes old."),
        Code.MESSAGE_CONFLICT: Trouble(status=409, meaning="Another message came in under this id before."),
        Code.MESSAGE_REFUSED: Trouble(status=422, meaning="The message does not have the form that its inlet states."),
        Code.INTERNAL: Trouble(status=500, close_code=4500, meaning="A fault of ours; quote the request id."),
    }
)


class RequestRefused(Exception):
    """A request that is answered with an error instead of being run; `message` is safe to show."""

    def __init__(self, code: Code, message: str | None = None, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message or TROUBLES[code].meaning)
        self.code = code
        self.message = message or TROUBLES[code].meaning
        self.retry_after_ms = retry_after_ms

    @property
    def trouble(self) -> Trouble:
        """The row of the table that this refusal belongs to."""
        return TROUBLES[self.code]


def extensions_of(code: Code, request_id: str, retry_after_ms: int | None = None) -> dict[str, Any]:
    """`extensions` of an error: code, retryable, requestId and, where known, retryAfterMs."""
    shown: dict[str, Any] = {"code": code.value, "retryable": TROUBLES[code].retryable, "requestId": request_id}
    return shown if retry_after_ms is None else shown | {"retryAfterMs": retry_after_ms}


def table_as_markdown() -> str:
    """The table as documentation, one row per code in the order above."""
    rows = [
        f"| `{code}` | {row.status}{' (200 under application/json)' if row.graphql else ''} "
        f"| {row.close_code or '–'} | {'yes' if row.retryable else 'no'} | {row.meaning} |"
        for code, row in TROUBLES.items()
    ]
    return "\n".join(["| code | status | close code | retryable | meaning |", "|---|---|---|---|---|", *rows, ""])
