"""What every transport of GraphQL shares: the schema's executor, documents, callers, limits and presentation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.http.callers import Actor, Authenticate, BodyLimit, Charge, Connections, ContextFor
from api.http.errors import Code, RequestRefused
from api.http.executing import Executor
from api.http.metrics import Metrics
from api.http.preparing import Documents, Prepared
from api.http.presenting import Presenter
from api.settings import Settings


@dataclass(frozen=True, kw_only=True)
class GraphQLRequest:
    """A well-formed request; the values of `variables` are still unchecked JSON."""

    query: str | None
    operation_name: str | None
    variables: Mapping[str, Any]
    extensions: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Face:
    """The parts of the GraphQL face, built once by server.build_app."""

    settings: Settings
    executor: Executor
    documents: Documents
    presenter: Presenter
    authenticate: Authenticate
    context_for: ContextFor
    body_limit: BodyLimit
    charge: Charge | None = None
    connections: Connections = field(default_factory=Connections)
    metrics: Metrics = field(default_factory=Metrics)

    async def prepare(self, request: GraphQLRequest, actor: Actor) -> Prepared:
        """The operation to run, its cost checked and charged; a document that is refused is charged the least.

        Refuses: whatever Documents refuses, and RATE_LIMITED.
        """
        cost = 1
        try:
            text = self.documents.text_for(request.query, request.extensions)
            prepared = self.documents.prepare(text, request.operation_name)
            cost = self.documents.check_cost(prepared, request.variables)
        finally:
            if self.charge:
                await self.charge(actor, cost)
        return prepared


def read_request(body: Mapping[str, Any]) -> GraphQLRequest:
    """The request that a decoded body, message payload or query string spells; unknown members are ignored.

    Refuses: MALFORMED_REQUEST for a member of the wrong type.
    """
    return GraphQLRequest(
        query=_member(body, "query", str),
        operation_name=_member(body, "operationName", str),
        variables=_member(body, "variables", dict) or {},
        extensions=_member(body, "extensions", dict) or {},
    )


def _member(body: Mapping[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if value is None or isinstance(value, kind):
        return value
    expected = "text" if kind is str else "an object"
    raise RequestRefused(Code.MALFORMED_REQUEST, f"{name} must be {expected} or null.")
