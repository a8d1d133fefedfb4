"""GraphiQL from vendored files: it renders without any network but ours."""

from pathlib import Path
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import FileResponse, Response

ASSETS = Path(__file__).parent / "graphiql"
MEDIA_TYPES = MappingProxyType({".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"})
# CodeMirror places its cursor by inline styles; nothing else may come from anywhere but this server.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = MappingProxyType(
    {"cache-control": "no-store", "content-security-policy": POLICY, "referrer-policy": "no-referrer"}
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL · Guerdon</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/graphiql/graphiql.min.css">
<link rel="stylesheet" href="/graphiql/start.css">
</head>
<body>
<div id="graphiql">Loading…</div>
<script src="/graphiql/react.production.min.js"></script>
<script src="/graphiql/react-dom.production.min.js"></script>
<script src="/graphiql/graphql-ws.min.js"></script>
<script src="/graphiql/graphiql.min.js"></script>
<script src="/graphiql/start.js"></script>
</body>
</html>
"""


async def show_asset(request: Request) -> Response:
    """One vendored file; 404 for any name that is not exactly one of them."""
    name = request.path_params["name"]
    known = {file.name: file for file in ASSETS.iterdir() if file.suffix in MEDIA_TYPES}
    if name not in known:
        return Response("Not found.", 404, media_type="text/plain")
    headers = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
    return FileResponse(known[name], media_type=MEDIA_TYPES[known[name].suffix], headers=headers)
