"""Builds the whole HTTP application around a schema, and the server that runs it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from strawberry import Schema

from api.http.callers import Authenticate, BodyLimit, Charge, Connections, ContextFor, new_request_id
from api.http.deadlines import ReceiveDeadline
from api.http.errors import RequestRefused, extensions_of
from api.http.executing import Executor, SchemaExecutor
from api.http.face import Face
from api.http.files import PATH as FILES_PATH
from api.http.graphiql import show_asset
from api.http.graphql import GraphQLEndpoint
from api.http.guards.cost import Overrides, batch_costs
from api.http.health import Readiness, show_live, show_ready
from api.http.metrics import Metrics
from api.http.preparing import Documents
from api.http.presenting import Presenter
from api.http.sockets import SocketEndpoint
from api.http.uvicorn_protocol import http_protocol, websocket_protocol
from api.settings import Settings

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
CORS_SECONDS = 600


def build_app(
    schema: Schema,
    settings: Settings,
    *,
    authenticate: Authenticate,
    context_for: ContextFor,
    ready: Readiness,
    body_limit: BodyLimit | None = None,
    charge: Charge | None = None,
    cost_overrides: Overrides | None = None,
    trusted_documents: Mapping[str, str] | None = None,
    executor: Executor | None = None,
    connections: Connections | None = None,
    metrics: Metrics | None = None,
    routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
) -> Starlette:
    """The application: /graphql (HTTP, event streams, WebSocket), /schema.graphql, /live, /ready, /metrics, `routes`.

    `trusted_documents` maps SHA-256 in hex to text; `cost_overrides` go before the costs of batches. `connections` lets
    the caller end a principal's sockets. Outside production GET /graphql shows GraphiQL to a browser. The Face is found
    as `app.state.face`.
    """
    limits = settings.limits
    # Strawberry keeps graphql-core's schema under this name and offers no public one.
    core = schema._schema  # pyright: ignore[reportPrivateUsage] no public name
    documents = Documents(
        core,
        limits=limits,
        introspection=not settings.is_production,
        trusted=trusted_documents,
        overrides={**batch_costs(core), **(cost_overrides or {})},
    )
    face = Face(
        settings=settings,
        executor=executor or SchemaExecutor(schema),
        documents=documents,
        presenter=Presenter(suggests=settings.is_development, validation_errors_max=limits.validation_errors_max),
        authenticate=authenticate,
        context_for=context_for,
        body_limit=body_limit or (lambda _: limits.body_bytes_people),
        charge=charge,
        connections=connections or Connections(),
        metrics=metrics or Metrics(),
    )
    app = Starlette(
        routes=[*_routes(face, schema.as_str(), ready), *routes],
        middleware=[
            Middleware(ReceiveDeadline, seconds=limits.receive_seconds, paths={FILES_PATH: limits.file_seconds}),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=("GET", "POST"),
                allow_headers=("authorization", "content-type", "last-event-id"),
                expose_headers=("x-request-id", "retry-after"),
                max_age=CORS_SECONDS,
            ),
        ],
        exception_handlers={RequestRefused: show_refusal},
        lifespan=lifespan,
    )
    app.state.face = face
    return app


async def show_refusal(_: Request, error: Exception) -> Response:
    """What any other route answers when it raises RequestRefused: the same shape as GraphQL's errors."""
    if not isinstance(error, RequestRefused):
        raise error
    shown = {"message": error.message, "extensions": extensions_of(error.code, new_request_id(), error.retry_after_ms)}
    headers = {"cache-control": "no-store"} | ({"www-authenticate": "Bearer"} if error.trouble.status == 401 else {})
    return JSONResponse({"errors": [shown]}, error.trouble.status, headers=headers)


def server_config(app: Any, settings: Settings, **overrides: Any) -> uvicorn.Config:
    """uvicorn's configuration with this face's bounds: frames, pings, deadlines, no compression, no access log."""
    limits = settings.limits
    chosen: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "http": http_protocol(limits),
        "ws": websocket_protocol(limits),
        "ws_max_size": limits.socket_frame_bytes_max,
        "ws_per_message_deflate": False,
        "ws_ping_interval": limits.socket_ping_seconds,
        "ws_ping_timeout": limits.socket_ping_seconds,
        "limit_concurrency": limits.connections_max,
        "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": 5,
        "server_header": False,
        "access_log": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        # At "info" uvicorn writes the query string of every socket.
        "log_level": "warning",
    }
    return uvicorn.Config(app, **(chosen | overrides))


def _routes(face: Face, sdl: str, ready: Readiness) -> list[BaseRoute]:
    async def show_schema(_: Request) -> Response:
        return PlainTextResponse(sdl, media_type="application/graphql")

    shows_page = not face.settings.is_production
    routes: list[BaseRoute] = [
        Route("/graphql", GraphQLEndpoint(face, shows_page=shows_page)),
        WebSocketRoute("/graphql", SocketEndpoint(face)),
        Route("/schema.graphql", show_schema),
        Route("/live", show_live),
        Route("/ready", show_ready(ready)),
        Route("/metrics", face.metrics.show),
    ]
    return [*routes, Route("/graphiql/{name}", show_asset)] if shows_page else routes
