"""Messages of graphql-transport-ws as typed values; whatever else a client sends closes its socket with 4400."""

from collections import deque
from dataclasses import dataclass
from typing import Any, cast

from api.http.errors import Code, RequestRefused
from api.http.face import GraphQLRequest, read_request
from api.http.guards.json import decode_json
from api.settings import Limits

REASON_BYTES_MAX = 120


@dataclass(frozen=True, kw_only=True)
class ConnectionInit:
    """The client introduces itself."""

    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Subscribe:
    """The client starts an operation under an id of its own."""

    id: str
    request: GraphQLRequest


@dataclass(frozen=True, kw_only=True)
class Complete:
    """The client ends an operation."""

    id: str


@dataclass(frozen=True, kw_only=True)
class Ping:
    """The client asks for a pong."""


@dataclass(frozen=True, kw_only=True)
class Pong:
    """The client answers a ping, or says that it lives."""


Message = ConnectionInit | Subscribe | Complete | Ping | Pong


def read_message(text: str, limits: Limits) -> Message:
    """The message that one text frame holds.

    Refuses: MALFORMED_JSON, MALFORMED_REQUEST (unknown type, wrong member), BODY_TOO_LARGE.
    """
    body = text.encode()
    if len(body) > limits.socket_frame_bytes_max:
        raise RequestRefused(Code.BODY_TOO_LARGE)
    message = decode_json(body, nesting_max=limits.json_nesting_max, digits_max=limits.json_integer_digits_max)
    match message.get("type"):
        case "connection_init":
            return ConnectionInit(payload=_payload(message))
        case "subscribe":
            return Subscribe(id=_id(message, limits), request=read_request(_payload(message)))
        case "complete":
            return Complete(id=_id(message, limits))
        case "ping":
            _payload(message)
            return Ping()
        case "pong":
            _payload(message)
            return Pong()
        case _:
            raise RequestRefused(Code.MALFORMED_REQUEST, "The message has no known type.")


def cut_reason(reason: str) -> str:
    """The reason in at most 120 bytes: a close frame holds 123, and a longer one breaks the connection."""
    return reason.encode()[:REASON_BYTES_MAX].decode("utf-8", "ignore")


class MessagePace:
    """Counts messages in a sliding second."""

    def __init__(self, per_second: int) -> None:
        self._times: deque[float] = deque(maxlen=per_second)

    def check(self, now: float) -> None:
        """Count one message at `now` (monotonic seconds). Refuses: TOO_MANY_MESSAGES."""
        if len(self._times) == self._times.maxlen and now - self._times[0] < 1.0:
            raise RequestRefused(Code.TOO_MANY_MESSAGES)
        self._times.append(now)


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    payload = message.get("payload")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise RequestRefused(Code.MALFORMED_REQUEST, "A payload must be an object.")
    return cast("dict[str, Any]", payload)


def _id(message: dict[str, Any], limits: Limits) -> str:
    value = message.get("id")
    if not isinstance(value, str) or not 0 < len(value.encode()) <= limits.subscription_id_bytes_max:
        raise RequestRefused(
            Code.MALFORMED_REQUEST, f"An id must be text of 1 to {limits.subscription_id_bytes_max} bytes."
        )
    return value
