"""GraphQL over HTTP to the letter: the audits of graphql-http that matter, and our own promises beside them."""

import hashlib
import json
from typing import Any

import httpx2
import pytest

from api.http.errors import TROUBLES, Code, RequestRefused
from api.settings import Profile
from tests.graph.toy import GRAPHQL_JSON, SECRET, TRUSTED_COSTLY, TRUSTED_HELLO, TRUSTED_WIDE, Toy, serving

JSON = "application/json"
TYPENAME = {"query": "{ __typename }"}
BY_NAME = "query Type($name: String!) { __type(name: $name) { name } }"
BAD_VARIABLE = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}


@pytest.fixture(params=["development", "production"])
def either(request: pytest.FixtureRequest) -> Toy:
    """A server of each profile in turn."""
    return request.getfixturevalue(request.param)


AUDITS: list[tuple[str, dict[str, str], Any, int]] = [
    ("22EB answers graphql-response+json", {"accept": GRAPHQL_JSON}, TYPENAME, 200),
    ("4655 answers json", {"accept": JSON}, TYPENAME, 200),
    ("47DE answers json to anything", {"accept": "*/*"}, TYPENAME, 200),
    ("BF61 reads utf-8", {"content_type": f"{JSON}; charset=utf-8"}, {"query": '{__type(name:"Run🏃"){name}}'}, 200),
    ("423L wants a query", {}, {"notquery": "{ __typename }"}, 400),
    ("B8B3 takes an operation name", {}, {"operationName": "Q", "query": "query Q { __typename }"}, 200),
    ("2EA1 takes variables", {}, {"query": BY_NAME, "variables": {"name": "sometype"}}, 200),
    ("1B7A takes extensions", {}, TYPENAME | {"extensions": {"some": "value"}}, 200),
    ("572B syntax error under json", {"accept": JSON}, {"query": "{"}, 200),
    ("FDE2 validation error under json", {"accept": JSON}, {"query": "{ nothing }"}, 200),
    ("7B9B bad variable under json", {"accept": JSON}, BAD_VARIABLE, 200),
    ("556A syntax error", {}, {"query": "{"}, 400),
    ("74FF validation error", {}, {"query": "{ nothing }"}, 400),
    ("86EE bad variable", {}, BAD_VARIABLE, 400),
    ("9ABE wants a content type", {"content_type": ""}, TYPENAME, 415),
    *[(f"LKJ{i} query", {}, {"query": bad}, 400) for i, bad in enumerate([{"obj": "ect"}, 0, False, ["array"]])],
    *[(f"6C0{i} name", {}, TYPENAME | {"operationName": bad}, 400) for i, bad in enumerate([{}, 0, False, []])],
    *[(f"476{i} variables", {}, TYPENAME | {"variables": bad}, 400) for i, bad in enumerate(["s", 0, False, []])],
    *[(f"58B{i} extensions", {}, TYPENAME | {"extensions": bad}, 400) for i, bad in enumerate(["s", 0, False, []])],
    *[(f"94B null {name}", {}, TYPENAME | {name: None}, 200) for name in ("variables", "operationName", "extensions")],
]


@pytest.mark.parametrize(("audit", "headers", "body", "status"), AUDITS, ids=[row[0] for row in AUDITS])
def test_the_audits_hold_in_both_profiles(
    either: Toy, audit: str, headers: dict[str, str], body: Any, status: int
) -> None:
    response = either.post(body, **headers)
    assert response.status_code == status, audit
    expected = JSON if status == 415 and headers.get("accept") == JSON else headers.get("accept", GRAPHQL_JSON)
    assert response.headers["content-type"] == f"{JSON if expected == '*/*' else expected}; charset=utf-8"
    answer = response.json()
    assert "data" not in answer or "errors" not in answer


def test_json_is_assumed_when_accept_is_missing(either: Toy) -> None:
    request = httpx2.Request("POST", f"{either.url}/graphql", headers={"content-type": JSON}, json=TYPENAME)
    request.headers.pop("accept", None)
    with httpx2.Client() as client:
        assert client.send(request).headers["content-type"].startswith(JSON)


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
def test_a_body_that_is_not_json_or_missing_is_400_under_both_media_types(either: Toy, accept: str) -> None:
    assert either.post(content='{ "not a JSON', accept=accept).status_code == 400
    assert either.post(content=b"", accept=accept).status_code == 400


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("text/html", None),
        ("image/png, text/plain;q=0.5", None),
        ("application/*", JSON),
        (f"{JSON}, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL_JSON}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL_JSON),
        ("text/event-stream", None),
    ],
)
def test_accept_decides_the_media_type(development: Toy, accept: str, answered: str | None) -> None:
    response = development.post(TYPENAME, accept=accept)
    assert response.status_code == (200 if answered else 406)
    assert response.headers["content-type"].startswith(answered or "application/")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_405_and_name_the_allowed_ones(development: Toy, method: str) -> None:
    response = httpx2.request(method, f"{development.url}/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


def get(toy: Toy, **parameters: str) -> httpx2.Response:
    return httpx2.get(f"{toy.url}/graphql", params=parameters, headers={"accept": GRAPHQL_JSON})


def test_get_serves_queries_with_variables(development: Toy) -> None:
    response = get(development, query=BY_NAME, variables='{"name": "Query"}', operationName="Type")
    assert response.json() == {"data": {"__type": {"name": "Query"}}}


def test_get_never_serves_a_mutation(either: Toy) -> None:
    response = get(either, query='mutation { echo(text: "x") }')
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("parameters", [{"variables": "["}, {"variables": "[]"}, {"extensions": "1"}, {"query": ""}])
def test_a_wrong_query_string_is_400(development: Toy, parameters: dict[str, str]) -> None:
    assert get(development, **({"query": "{ hello }"} | parameters)).status_code == 400


def test_a_repeated_parameter_is_400(development: Toy) -> None:
    assert httpx2.get(f"{development.url}/graphql?query=%7Bhello%7D&query=%7Bhello%7D").status_code == 400


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}


def test_in_production_get_serves_trusted_documents_only(production: Toy) -> None:
    refused = get(production, query="{ hello }")
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (400, "TRUSTED_DOCUMENTS_ONLY")
    assert get(production, extensions=json.dumps(persisted(TRUSTED_HELLO))).json() == {"data": {"hello": "hello world"}}


def test_a_persisted_query_is_found_once_it_was_sent_whole(either: Toy) -> None:
    text = f"query Persisted{either.port} {{ hello }}"
    unknown = either.post({"extensions": persisted(text)})
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert either.post({"extensions": persisted(text), "query": text}).status_code == 200
    assert either.post({"extensions": persisted(text)}).json() == {"data": {"hello": "hello world"}}
    assert either.post({"extensions": persisted(text), "query": "{ root { name } }"}).status_code == 400


@pytest.mark.parametrize("asked", [1, [], {}, {"sha256Hash": 5}, {"sha256Hash": "zz"}, {"sha256Hash": "A" * 64}])
def test_a_malformed_persisted_query_is_400(development: Toy, asked: Any) -> None:
    assert development.post({"extensions": {"persistedQuery": asked}}).status_code == 400


def test_a_trusted_document_is_exempt_from_shape_but_not_from_cost(production: Toy) -> None:
    assert production.post({"extensions": persisted(TRUSTED_WIDE)}).status_code == 200
    costly = production.post({"extensions": persisted(TRUSTED_COSTLY)})
    assert costly.json()["errors"][0]["extensions"]["code"] == "COST_TOO_HIGH"


def test_introspection_is_on_in_development_and_off_in_production(development: Toy, production: Toy) -> None:
    query = "{ __schema { queryType { name } } }"
    assert development.ask(query).status_code == 200
    assert production.ask(query).json()["errors"][0]["extensions"]["code"] == "INTROSPECTION_OFF"
    assert production.ask(BY_NAME, name="Query").json() == {"data": {"__type": None}}
    assert development.ask(BY_NAME, name="Query").json() == {"data": {"__type": {"name": "Query"}}}


def test_suggestions_appear_in_development_only(development: Toy, production: Toy) -> None:
    assert "Did you mean" in development.ask("{ helo }").text
    assert "Did you mean" not in production.ask("{ helo }").text
    assert "Did you mean" not in production.ask('{ hello(nme: "x") }').text


def test_at_most_five_validation_errors_are_shown(development: Toy) -> None:
    assert len(development.ask("{ a b c d e }").json()["errors"]) == 5
    assert len(development.ask("{ a b c d e f }").json()["errors"]) == 5


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"query": "{ broken }"}, 200, "INTERNAL"),
        ({"query": "{ refused }"}, 200, "NOT_NOW"),
        ({"query": "{ even(value: 3) }"}, 400, "DOCUMENT_INVALID"),
        ({"query": "query($v: Even!) { even(value: $v) }", "variables": {"v": 3}}, 400, "BAD_INPUT"),
        ({"query": "query A { hello } query B { hello }"}, 400, "OPERATION_UNKNOWN"),
        ({"query": "{ hello }", "operationName": "Absent"}, 400, "OPERATION_UNKNOWN"),
        ({"query": "subscription { count }"}, 400, "SUBSCRIPTION_NEEDS_STREAM"),
    ],
)
def test_no_answer_holds_the_text_of_an_exception(either: Toy, body: Any, status: int, code: str) -> None:
    response = either.post(body)
    error = response.json()["errors"][0]
    assert (response.status_code, error["extensions"]["code"]) == (status, code)
    assert SECRET not in response.text
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert isinstance(error["extensions"]["retryable"], bool)


def test_turbulence_at_sign_in_is_answered_with_503_and_a_waiting_time(either: Toy) -> None:
    response = either.post({"query": "{ hello }"}, authorization="Bearer disturbed")
    told = response.json()["errors"][0]["extensions"]
    assert (response.status_code, told["code"], told["retryable"]) == (503, "TRY_LATER", True)
    assert int(response.headers["retry-after"]) == -(-told["retryAfterMs"] // 1000) >= 1
    assert SECRET not in response.text


def test_a_fault_is_logged_once_with_the_id_that_the_client_saw() -> None:
    with serving() as toy:
        shown = toy.ask("{ broken }").json()["errors"][0]["extensions"]["requestId"]
        toy.ask("{ nonsense }")
        lines = [json.loads(line) for line in toy.logged.getvalue().splitlines()]
    faults = [line for line in lines if line["event"] == "request.failed"]
    assert [line["request_id"] for line in faults] == [shown]
    assert SECRET in faults[0]["exception"]
    assert not any("nonsense" in json.dumps(line) for line in lines)


def test_answers_to_known_callers_are_not_stored(development: Toy) -> None:
    assert development.post(TYPENAME, authorization="Bearer ann").headers["cache-control"] == "no-store"
    assert "cache-control" not in development.post(TYPENAME).headers


def test_a_bad_credential_is_401_with_a_challenge(either: Toy) -> None:
    response = either.post(TYPENAME, authorization="Bearer bad")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


def test_a_forged_forwarding_header_does_not_change_the_address(production: Toy) -> None:
    answer = production.post({"query": "{ address }"}, x_forwarded_for="203.0.113.7")
    assert answer.json() == {"data": {"address": "127.0.0.1"}}


def test_only_listed_origins_may_read_answers(development: Toy) -> None:
    listed = development.post(TYPENAME, origin="https://app.example")
    assert listed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in listed.headers
    assert "access-control-allow-origin" not in development.post(TYPENAME, origin="https://evil.example").headers


def test_a_preflight_is_answered_for_listed_origins_only(development: Toy) -> None:
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    for origin, status in (("https://app.example", 200), ("https://evil.example", 400)):
        headers = asking | {"origin": origin}
        assert httpx2.options(f"{development.url}/graphql", headers=headers).status_code == status


def test_the_page_is_shown_to_browsers_outside_production_only(development: Toy, production: Toy) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = httpx2.get(f"{development.url}/graphql", headers=browser)
    assert page.headers["content-type"].startswith("text/html")
    assert "://" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert httpx2.get(f"{production.url}/graphql", headers=browser).status_code == 400
    assert httpx2.get(f"{production.url}/graphiql/start.js").status_code == 404
    assert httpx2.get(f"{development.url}/graphiql/..%2Fserver.py").status_code == 404


def test_health_says_which_part_is_waited_for_and_no_more() -> None:
    async def waiting() -> dict[str, str | None]:
        return {"database": f"refused {SECRET}", "valkey": None}

    with serving(ready=waiting) as toy:
        assert httpx2.get(f"{toy.url}/live").status_code == 200
        ready = httpx2.get(f"{toy.url}/ready")
    assert (ready.status_code, ready.json()) == (503, {"status": "waiting", "waiting": ["database"]})


@pytest.mark.parametrize(
    ("reason", "status", "body"),
    [
        (None, 200, {"status": "ready", "parts": ["database"], "missing": ["valkey"]}),
        ("refused", 503, {"status": "waiting", "waiting": ["database"], "missing": ["valkey"]}),
    ],
)
def test_a_derived_part_is_told_as_missing_and_never_waited_for(reason: str | None, status: int, body: Any) -> None:
    async def lacking() -> dict[str, str | None]:
        return {"database": reason, "valkey": f"refused {SECRET}"}

    with serving(ready=lacking) as toy:
        ready = httpx2.get(f"{toy.url}/ready")
    assert (ready.status_code, ready.json()) == (status, body)


def test_metrics_and_schema_are_served(development: Toy) -> None:
    development.ask("{ hello }")
    assert "guerdon_graphql_operations_total" in httpx2.get(f"{development.url}/metrics").text
    assert "type Query" in httpx2.get(f"{development.url}/schema.graphql").text


def test_every_code_has_one_row_and_only_graphql_errors_change_status() -> None:
    assert set(TROUBLES) == set(Code)
    assert all(row.status == 400 for row in TROUBLES.values() if row.graphql)


def test_a_charge_can_refuse_with_a_waiting_time() -> None:
    charged: list[int] = []

    async def charge(_: Any, cost: int) -> None:
        charged.append(cost)
        raise RequestRefused(Code.RATE_LIMITED, retry_after_ms=1500)

    with serving(profile=Profile.PRODUCTION, charge=charge) as toy:
        response = toy.ask("{ hello }")
        assert (response.status_code, response.headers["retry-after"], charged) == (429, "2", [1])
        malformed = toy.ask("{ hello")
    assert (malformed.status_code, charged) == (429, [1, 1]), "reading it was work, too"
    assert response.json()["errors"][0]["extensions"]["retryAfterMs"] == 1500
