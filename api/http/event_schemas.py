"""The JSON Schema of every event, public: /schemas/events.json lists them, /schemas/events/<name>.json holds one."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from api.graph.event_bodies import event_types, schema_of
from api.settings import Settings

CACHED = "public, max-age=300"


def schema_routes(settings: Settings) -> list[BaseRoute]:
    """Both routes; the texts are made once."""
    url = settings.url
    texts = {name: json.dumps(schema_of(kind, url), indent=2) for name, kind in event_types().items()}
    listed: Mapping[str, Any] = {
        name: {"description": kind.description, "schema": f"{url}/schemas/events/{name}.json"}
        for name, kind in event_types().items()
    }

    async def show_all(_: Request) -> Response:
        return JSONResponse({"events": listed}, headers={"cache-control": CACHED})

    async def show_one(request: Request) -> Response:
        text = texts.get(request.path_params["name"])
        if text is None:
            return JSONResponse({"errors": [{"message": "There is no such event."}]}, 404)
        return Response(text, media_type="application/schema+json", headers={"cache-control": CACHED})

    return [Route("/schemas/events.json", show_all), Route("/schemas/events/{name}.json", show_one)]
