"""Media types: which answer the Accept header allows, and which bodies are read."""

from collections.abc import Mapping

from api.http.errors import Code, RequestRefused

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
ACCEPT_BYTES_MAX = 1_000


def choose_media_type(accept: str | None) -> str | None:
    """The media type to answer with: the most wanted one we speak; None where none is acceptable.

    Without a header, and for */* and application/*, that is application/json. An event stream wins only alone: clients
    list it beside JSON for every operation and read ordinary answers as JSON.
    """
    if not accept or not accept.strip():
        return JSON
    wanted: dict[str, float] = {}
    for part in accept[:ACCEPT_BYTES_MAX].lower().split(","):
        name, _, parameters = part.partition(";")
        wanted[name.strip()] = _quality(parameters)
    json_quality = wanted.get(JSON, wanted.get("application/*", wanted.get("*/*", 0.0)))
    graphql_quality = wanted.get(GRAPHQL_JSON, 0.0)
    if graphql_quality > 0 and graphql_quality >= json_quality:
        return GRAPHQL_JSON
    if json_quality > 0:
        return JSON
    return EVENT_STREAM if wanted.get(EVENT_STREAM, 0.0) > 0 else None


def check_body_type(headers: Mapping[str, str]) -> None:
    """The body claims to be uncompressed JSON in UTF-8.

    Refuses: UNSUPPORTED_MEDIA_TYPE; forms and plain text too, so that no web page can post without a preflight.
    """
    name, _, parameters = headers.get("content-type", "").lower().partition(";")
    if name.strip() not in (JSON, GRAPHQL_JSON):
        raise RequestRefused(Code.UNSUPPORTED_MEDIA_TYPE)
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip() == "charset" and value.strip(' "') not in ("utf-8", "utf8"):
            raise RequestRefused(Code.UNSUPPORTED_MEDIA_TYPE, "The body must be UTF-8.")
    if headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise RequestRefused(Code.UNSUPPORTED_MEDIA_TYPE, "Compressed bodies are not read.")


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
