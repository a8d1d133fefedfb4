"""Serves the live page: one document and its files, cached by content, under a policy without inline script."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.settings import Settings

ROOT = Path(__file__).parent
MEDIA_TYPES: Mapping[str, str] = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
FOLDERS = ("", "vendor", "fonts")
DEVELOPMENT_ISSUER = "/issuer"
ONE_YEAR = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
VERSION_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file as it is sent; `etag` is strong and changes with its bytes."""

    content: bytes
    media_type: str
    etag: str


def web_routes(settings: Settings) -> list[BaseRoute]:
    """`/` and the files under `/web/`, read once: the page of one process never mixes two versions.

    `/web/VERSION/NAME` may be kept for ever, `/web/NAME` is asked for again. No cookie is read or set.
    """
    assets = read_assets(ROOT)
    version = version_of(assets)
    page = _page(settings, version)
    page_headers = _page_headers(settings)

    async def show_page(request: Request) -> Response:
        return _answer(request, page, cache=ASK_AGAIN, headers=page_headers)

    async def show_file(request: Request) -> Response:
        name = str(request.path_params["name"])
        named, _, rest = name.partition("/")
        is_versioned = named == version
        asset = assets.get(rest if is_versioned else name)
        if asset is None:
            return Response("Not found.", 404, media_type="text/plain")
        return _answer(request, asset, cache=ONE_YEAR if is_versioned else ASK_AGAIN, headers=FILE_HEADERS)

    return [Route("/", show_page, methods=["GET"]), Route("/web/{name:path}", show_file, methods=["GET"])]


def read_assets(root: Path) -> Mapping[str, Asset]:
    """Every file that may be served, by its path below the page's folder."""
    found = {
        file.relative_to(root).as_posix(): _asset(file.read_bytes(), MEDIA_TYPES[file.suffix])
        for folder in FOLDERS
        for file in sorted((root / folder).iterdir())
        if file.suffix in MEDIA_TYPES
    }
    return MappingProxyType(found)


def version_of(assets: Mapping[str, Asset]) -> str:
    """16 hexadecimal digits that change with any byte of any file."""
    digest = hashlib.sha256()
    for name, asset in sorted(assets.items()):
        digest.update(f"{name}\0{asset.etag}\0".encode())
    return digest.hexdigest()[:VERSION_LENGTH]


FILE_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}


def _asset(content: bytes, media_type: str) -> Asset:
    return Asset(content=content, media_type=media_type, etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _page(settings: Settings, version: str) -> Asset:
    text = (ROOT / "index.html").read_text(encoding="utf-8")
    issuer = escape(settings.oidc_issuer or DEVELOPMENT_ISSUER)
    filled = text.replace("{{version}}", version).replace("{{issuer}}", issuer)
    return _asset(filled.encode(), "text/html; charset=utf-8")


def _page_headers(settings: Settings) -> Mapping[str, str]:
    connect = "'self'"
    if settings.oidc_issuer is not None:
        issuer = urlsplit(settings.oidc_issuer)
        connect += f" {issuer.scheme}://{issuer.netloc}"
    policy = (
        # Pictures of the catalog are of any host, by https only, and asked for without a referrer.
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' https:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )
    return {
        **FILE_HEADERS,
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        # The address holds a sign-in code for a moment; it goes nowhere else.
        "referrer-policy": "no-referrer",
    }


def _answer(request: Request, asset: Asset, *, cache: str, headers: Mapping[str, str]) -> Response:
    sent = {**headers, "cache-control": cache, "etag": asset.etag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if asset.etag in known:
        return Response(status_code=304, headers=sent)
    return Response(asset.content, headers={**sent, "content-type": asset.media_type})
