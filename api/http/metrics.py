"""Counters of the face in Prometheus form; labels come from short fixed lists."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.requests import Request
from starlette.responses import Response


class Metrics:
    """The counters of one application; `registry` takes those of other rooms too."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.operations = Counter(
            "guerdon_graphql_operations", "Operations started.", ["kind", "transport"], registry=self.registry
        )
        self.refusals = Counter(
            "guerdon_graphql_refusals", "Requests and subscriptions refused.", ["code"], registry=self.registry
        )
        self.sockets = Counter(
            "guerdon_graphql_sockets", "WebSockets closed by the server.", ["close_code"], registry=self.registry
        )

    async def show(self, _: Request) -> Response:
        """Every metric of the registry as text."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)
