"""Failures that others published, each by its number: here they stay refused."""

import re
import time

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from api.http.graphiql import ASSETS, PAGE
from tests.graph.test_hostile_sockets import closed, introduced, opened, receive, send, subscribe
from tests.graph.toy import SECRET, Toy


def test_cve_2024_47082_a_multipart_form_cannot_post_an_operation(production: Toy) -> None:
    boundary = "--x\r\ncontent-disposition: form-data; name="
    body = (
        f'{boundary}"operations"\r\n\r\n{{"query":"mutation{{echo(text:1)}}"}}\r\n{boundary}"map"\r\n\r\n{{}}\r\n--x--'
    )
    assert production.post(content=body, content_type="multipart/form-data; boundary=x").status_code == 415


def test_cve_2026_54283_a_form_is_never_parsed(production: Toy) -> None:
    form = "&".join(f"f{number}=1" for number in range(9_000))
    assert production.post(content=form, content_type="application/x-www-form-urlencoded").status_code == 415


@pytest.mark.parametrize("number", ["CVE-2026-35523", "CVE-2026-35526"])
def test_cve_2026_35523_and_35526_the_legacy_protocol_gives_no_way_around_sign_in_or_limits(
    production: Toy, number: str
) -> None:
    with opened(production, protocols=("graphql-ws",)) as connection:
        assert closed(connection)[0] == 4406, number
    with opened(production) as connection:
        send(connection, id="1", type="start", payload={"query": "subscription{count}"})
        assert closed(connection)[0] == 4400
    with opened(production) as connection:
        subscribe(connection, "subscription{count}")
        assert closed(connection)[0] == 4401


def test_cve_2026_45739_the_page_puts_no_token_into_url_or_storage() -> None:
    start = (ASSETS / "start.js").read_text()
    assert not re.search(r"replaceState|pushState|location\.(search|hash|assign)|sessionStorage", start + PAGE)
    assert "shouldPersistHeaders: false" in start
    assert "withoutHeaders(value)" in start


CYCLE = "{ root { ...A } } fragment A on Node { next { ...B } } fragment B on Node { next { ...A } }"


def test_cve_2026_47706_circular_fragments_are_refused_not_followed(production: Toy) -> None:
    response = production.ask(CYCLE)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "FRAGMENT_CYCLE")


@pytest.mark.parametrize(
    "document",
    [
        "{root{...A ...A}} fragment A on Node{" + " ".join(f"a{n}:name" for n in range(16)) + "}",
        "{root{... {" + " ".join(f"a{n}:name" for n in range(31)) + "}}}",
        "{root{...A}} fragment A on Node{...B ...B} fragment B on Node{"
        + " ".join(f"a{n}:name" for n in range(16))
        + "}",
    ],
)
def test_cve_2026_47707_aliases_are_counted_inside_fragments(production: Toy, document: str) -> None:
    assert production.ask(document).json()["errors"][0]["extensions"]["code"] == "TOO_MANY_ALIASES"


def test_cve_2026_107728_a_refusing_coroutine_refuses_on_every_transport(production: Toy) -> None:
    bad = "Bearer bad"
    assert production.post({"query": "{hello}"}, authorization=bad).status_code == 401
    stream = production.post({"query": "subscription{count}"}, authorization=bad, accept="text/event-stream")
    assert stream.status_code == 401
    with opened(production) as connection:
        send(connection, type="connection_init", payload={"authorization": bad})
        assert closed(connection)[0] == 4403


def test_cve_2026_107727_places_of_ended_subscriptions_are_free_again(production: Toy) -> None:
    with introduced(production) as connection:
        for number in range(30):
            subscribe(connection, "subscription { count(to: 1) }", id=f"s{number}")
            while receive(connection)["type"] != "complete":
                pass
            time.sleep(0.06)  # below twenty messages a second


@pytest.mark.parametrize("number", ["CVE-2026-41700", "Gitpod 2023"])
def test_cve_2026_41700_another_site_cannot_use_the_visitors_cookies_on_a_socket(production: Toy, number: str) -> None:
    headers = {"cookie": "session=ann; token=ann"}
    with (
        pytest.raises(InvalidStatus),
        opened(production, origin="https://evil.example", additional_headers=headers),
    ):
        pass
    assert production.post({"query": "{ caller }"}, cookie="token=ann").json() == {"data": {"caller": None}}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (CYCLE.replace("{ root { ...A } }", "subscription { count } query Q { root { ...A } }"), "FRAGMENT_CYCLE"),
        ("subscription { count } # " + "x" * 33_000, "DOCUMENT_TOO_LONG"),
        ("subscription { count @include(if: true) " + "count @include(if: true) " * 20 + "}", "TOO_MANY"),
        ("subscription A { count } query B { " + "root { name } " * 11 + "}", "TOO_MANY_ROOT_FIELDS"),
        ("subscription A { count } query B { root { " + "name " * 601 + "} }", "DOCUMENT_TOO_WIDE"),
        ("subscription A { count } query B { __schema { queryType { name } } }", "INTROSPECTION_OFF"),
    ],
)
def test_ghsa_p2x3_8689_cwpg_sockets_pass_the_same_guards(production: Toy, document: str, code: str) -> None:
    with introduced(production) as connection:
        subscribe(connection, document, operationName="A")
        answer = receive(connection)
        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"]["code"].startswith(code)


def test_strawberry_0_323_masking_holds_for_streamed_results_and_before_execution(production: Toy) -> None:
    with introduced(production) as connection:
        subscribe(connection, "subscription { broken }")
        receive(connection)
        assert SECRET not in str(receive(connection))
    assert SECRET not in production.ask("query($v: Even!) { even(value: $v) }", v=1).text
    assert SECRET not in production.ask("{ even(value: 1) }").text


def test_cve_2025_62727_many_ranges_of_one_file_cost_little(development: Toy) -> None:
    ranges = "bytes=" + ",".join(f"{number}-{number + 1}" for number in range(0, 12_000, 3))
    response = httpx2.get(f"{development.url}/graphiql/graphiql.min.js", headers={"range": ranges})
    assert response.status_code < 500
