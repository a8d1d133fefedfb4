"""What a client may see of an error: refusals as they are, faults as a code and a request id, on every transport."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult

from api.http.errors import TROUBLES, Code, RequestRefused, extensions_of
from api.http.preparing import DocumentInvalid
from api.logs import log
from domain.kernel.operation import RETRY_AFTER_MS
from domain.kernel.refusals import Refusal, TryLater
from domain.kernel.sql import TURBULENCE

FAULT_MESSAGE = "Something went wrong on our side; quote the request id."
MISFIT_MESSAGE = "A value does not fit its type."
ERRORS_MAX = 100
# graphql-core quotes the exception of a scalar that failed; a client sees only that the value does not fit.
_QUOTED_EXCEPTION = re.compile(r", but encountered error '.*'(?=; found:)", re.DOTALL)
# What a client sent is never said back: it may be a secret. graphql-core quotes values, and texts in documents.
_SENT_VALUE = re.compile(r"(?:[,;] found: |(?<=value): ).*?(?= Did you mean |$)", re.DOTALL)
_SENT_TEXT = re.compile(r"((?:Block )?[Ss]tring) ['\"].*$", re.DOTALL)
_SUGGESTION = re.compile(r" ?Did you mean .*$", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Presenter:
    """Turns errors into what is shown; `suggests` keeps "Did you mean" (development only)."""

    suggests: bool
    validation_errors_max: int

    def result(self, result: ExecutionResult, request_id: str) -> dict[str, Any]:
        """The response body for an execution result. Without `data` where nothing was run (a request error)."""
        if not result.errors:
            return {"data": result.data, **_extensions(result)}
        ran = result.data is not None or any(error.path for error in result.errors)
        shown = [self.error(error, request_id, ran=ran) for error in result.errors[:ERRORS_MAX]]
        if not ran:
            return {"errors": shown[: self.validation_errors_max], **_extensions(result)}
        return {"data": result.data, "errors": shown, **_extensions(result)}

    def error(self, error: GraphQLError, request_id: str, *, ran: bool) -> dict[str, Any]:
        """One error of an execution; a fault is logged here, once."""
        original = error.original_error
        if original is None or isinstance(original, GraphQLError):
            known = {"code": Code.BAD_INPUT.value, "retryable": False} | dict(error.extensions or {})
            return _placed(error, self._text(error.message)) | {"extensions": known | {"requestId": request_id}}
        if isinstance(original, RequestRefused):
            return _placed(error, original.message) | {
                "extensions": extensions_of(original.code, request_id, original.retry_after_ms)
            }
        if isinstance(original, Refusal):
            told = {"code": original.code(), "retryable": original.retryable, "requestId": request_id}
            return _placed(error, str(original)) | {"extensions": told}
        if not ran and error.nodes and not isinstance(original, TURBULENCE):
            # A scalar that cannot read its value; graphql-core puts the exception's text into the message.
            return _placed(error, MISFIT_MESSAGE) | {"extensions": extensions_of(Code.BAD_INPUT, request_id)}
        shown = self.refusal(self.failure(original, request_id, path=error.path), request_id)
        return _placed(error, shown["message"]) | {"extensions": shown["extensions"]}

    def document(self, invalid: DocumentInvalid, request_id: str) -> list[dict[str, Any]]:
        """Syntax or validation errors, at most `validation_errors_max`."""
        extensions = extensions_of(invalid.code, request_id)
        return [
            _placed(error, self._text(error.message) if error.original_error is None else MISFIT_MESSAGE)
            | {"extensions": extensions}
            for error in invalid.errors[: self.validation_errors_max]
        ]

    def refusal(self, refused: RequestRefused, request_id: str) -> dict[str, Any]:
        """One error for a refused request."""
        return {
            "message": refused.message,
            "extensions": extensions_of(refused.code, request_id, refused.retry_after_ms),
        }

    def failure(
        self, error: BaseException, request_id: str, *, path: Iterable[str | int] | None = None
    ) -> RequestRefused:
        """What nobody refused is logged with its id: turbulence is told as TRY_LATER, a fault as INTERNAL, masked."""
        if isinstance(error, TURBULENCE):
            log("http").warning("request.disturbed", request_id=request_id, trouble=type(error).__name__)
            later = TryLater(retry_after_ms=RETRY_AFTER_MS)
            return RequestRefused(Code.TRY_LATER, str(later), retry_after_ms=later.retry_after_ms)
        where = ".".join(str(part) for part in path) if path else None
        log("http").error("request.failed", request_id=request_id, path=where, exc_info=error)
        return RequestRefused(Code.INTERNAL, FAULT_MESSAGE)

    def _text(self, message: str) -> str:
        safe = _SENT_TEXT.sub(r"\1.", _SENT_VALUE.sub(".", _QUOTED_EXCEPTION.sub("", message)))
        return safe if self.suggests else _SUGGESTION.sub("", safe)


def is_graphql_error(code: Code) -> bool:
    """True where GraphQL over HTTP answers 200 to a client that accepts only application/json."""
    return TROUBLES[code].graphql


def _placed(error: GraphQLError, message: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        shown["path"] = list(error.path)
    return shown


def _extensions(result: ExecutionResult) -> dict[str, Any]:
    return {"extensions": result.extensions} if result.extensions else {}
