"""Structured logs: past-tense dotted events with fields; no token, code or e-mail leaves the process."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

SECRET_NAMES = frozenset({"authorization", "token", "password", "secret", "code", "email", "refresh_token", "api_key"})
SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+)\S+|\bgk_[a-z]+_[A-Za-z0-9_-]+|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|[\w.+-]+@[\w-]+\.[\w.]+"
)
TEXT_LENGTH_MAX = 8_000


def configure(*, as_json: bool, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error by default), one event a line."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Plain tracebacks: the rich ones print local variables, and with them tokens.
        structlog.processors.format_exc_info,
        hide_secrets,
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    # These libraries write whole queries and addresses with tokens at INFO and ERROR.
    logging.getLogger("strawberry").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.access").disabled = True


def log(room: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of one room; it follows the configuration in force when a line is written."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(room=room))


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace fields with secret names and secrets inside any text, and cut every text at 8,000 characters."""
    for name, value in event.items():
        if name.lower() in SECRET_NAMES:
            event[name] = "***"
        elif isinstance(value, str):
            hidden = SECRET_TEXT.sub(lambda found: f"{found.group(1) or ''}***", value)
            # The end of a traceback says most, the beginning of any other text.
            event[name] = hidden[-TEXT_LENGTH_MAX:] if name == "exception" else hidden[:TEXT_LENGTH_MAX]
    return event
