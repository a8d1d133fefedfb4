"""The live page is served whole, cached by content, under a policy without inline script, and stays small."""

import gzip
import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.settings import Settings
from api.web.pages import ROOT, read_assets, version_of, web_routes

FIRST_SCRIPT_BYTES_MAX = 60_000
SCRIPT_BYTES_MAX = 75_000


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=web_routes(Settings())))


def test_the_page_names_only_files_that_are_there_and_may_be_kept_for_ever(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    named = re.findall(r'(?:href|src)="(/web/[^"]+)"', page.text)
    assert len(named) >= 6
    for address in named:
        file = client.get(address)
        assert file.status_code == 200, address
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["x-content-type-options"] == "nosniff"


def test_every_import_of_a_module_is_served_as_a_module(client: TestClient) -> None:
    scripts = [name for name in read_assets(ROOT) if name.endswith(".js")]
    assert len(scripts) >= 15
    for name in scripts:
        file = client.get(f"/web/{name}")
        assert file.headers["content-type"] == "text/javascript; charset=utf-8"
        for found in imports(name, later=True):
            assert client.get(f"/web/{found}").status_code == 200, f"{name} imports {found}"


def test_an_unchanged_file_is_not_sent_twice(client: TestClient) -> None:
    for address in ("/", "/web/start.js"):
        first = client.get(address)
        again = client.get(address, headers={"if-none-match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200


def test_another_byte_is_another_version() -> None:
    assets = dict(read_assets(ROOT))
    whole = version_of(assets)
    assets["start.js"] = assets["board.js"]
    assert version_of(assets) != whole


@pytest.mark.parametrize("name", ["pages.py", "../settings.py", "%2e%2e/settings.py", "index.html", "", "0" * 16])
def test_nothing_else_of_the_folder_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/web/{name}").status_code == 404


def test_the_policy_admits_no_inline_script_and_no_other_host(client: TestClient) -> None:
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "img-src 'self' https:;" in policy, "pictures of the catalog, by https, and nothing but pictures"
    assert policy.count("https:") == 1
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in policy
    assert "set-cookie" not in page.headers
    assert re.findall(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", page.text) == []


def test_an_issuer_by_setting_is_named_to_the_page_and_admitted_by_the_policy() -> None:
    settings = Settings(oidc_issuer="https://sign-in.example/realm")
    page = TestClient(Starlette(routes=web_routes(settings))).get("/")
    assert 'name="guerdon-issuer" content="https://sign-in.example/realm"' in page.text
    assert "connect-src 'self' https://sign-in.example;" in page.headers["content-security-policy"]


def test_all_scripts_together_stay_small_and_the_first_face_smaller() -> None:
    scripts = {name for name in read_assets(ROOT) if name.endswith(".js")}
    first = reached("start.js")
    assert first < scripts
    assert reached("start.js", later=True) == scripts
    assert size(first) < FIRST_SCRIPT_BYTES_MAX
    assert size(scripts) < SCRIPT_BYTES_MAX


def imports(name: str, *, later: bool = False) -> set[str]:
    """The modules that a module imports, `later` also those that it fetches while it runs."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(r"from ?['\"](\.[^'\"]+)['\"]", text)
    found += re.findall(r"import\(['\"](\.[^'\"]+)['\"]\)", text) if later else []
    return {(ROOT / name).parent.joinpath(one).resolve().relative_to(ROOT).as_posix() for one in found}


def reached(start: str, *, later: bool = False) -> set[str]:
    """Every module that is loaded for this one."""
    known, waiting = {start}, [start]
    while waiting:
        new = imports(waiting.pop(), later=later) - known
        known |= new
        waiting.extend(new)
    return known


def size(names: set[str]) -> int:
    """The bytes of these files as they travel."""
    return sum(len(gzip.compress((ROOT / name).read_bytes(), 9)) for name in names)
