"""Messages that sources send by themselves: proven, taken once, answered item by item; nothing of a bad one is lost."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from api.graph.ids import Tag, encode_id
from api.settings import Limits
from domain.access.principals import SYSTEM, Role
from domain.activities.activity import OnChange
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types, ensure_source
from domain.kernel.ids import new_id
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import MemberRow, PartnerRow
from tests.live.stage import Stage, staged

FIXTURES = Path(__file__).parents[2] / "docs" / "mappings" / "ingest"
SECRET = "a secret of twenty-six let"
BODY_MAX = 20_000
CONNECT = """
mutation($input: ConnectSourceInput!) { connectSource(input: $input) {
  __typename ... on ConnectSourceSuccess { path secret source { code } } ... on Refusal { code text } } }
"""
Sign = Callable[[str, bytes, float], Mapping[str, str]]


def mac(*parts: bytes) -> bytes:
    return hmac.new(SECRET.encode(), b"".join(parts), hashlib.sha256).digest()


def hubspot(url: str, body: bytes, at: float) -> Mapping[str, str]:
    stamp = str(int(at * 1_000))
    signed = base64.b64encode(mac(b"POST", url.encode(), body, stamp.encode())).decode()
    return {"x-hubspot-signature-v3": signed, "x-hubspot-request-timestamp": stamp}


def salesforce(_: str, body: bytes, __: float) -> Mapping[str, str]:
    return {"x-salesforce-signature": base64.b64encode(mac(body)).decode()}


def stripe(_: str, body: bytes, at: float) -> Mapping[str, str]:
    stamp = str(int(at))
    return {"stripe-signature": f"t={stamp},v0=ignored,v1={mac(stamp.encode(), b'.', body).hex()}"}


def sap(_: str, body: bytes, __: float) -> Mapping[str, str]:
    digest = hashlib.sha256(body).hexdigest()[:20]
    return {"x-sap-signature": f"sha256={mac(body).hex()}", "x-sap-message-id": f"sap-{digest}"}


PROVIDERS: Mapping[str, Sign] = {
    "hubspot_deal": hubspot,
    "salesforce_opportunity": salesforce,
    "stripe_invoice": stripe,
    "sap_order": sap,
}
TIMED = ("hubspot_deal", "stripe_invoice")


@dataclass(kw_only=True)
class Provider:
    """One connected source with its fixture."""

    stage: Stage
    name: str
    fixture: dict[str, Any]
    sign: Sign
    source_id: Any = None

    @property
    def url(self) -> str:
        return f"{self.stage.parts.settings.url}/ingest/{self.name}"

    async def post(
        self,
        message: object | None = None,
        *,
        body: bytes | None = None,
        age: float = 0,
        tampered: bool = False,
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
    ) -> httpx2.Response:
        """What is answered to the message; the fixture's own unless told otherwise."""
        sent = body if body is not None else json.dumps(message or self.fixture["message"]).encode()
        signed = dict(self.sign(self.url, sent, time.time() - age))
        sent = sent.replace(b"1", b"2", 1) if tampered else sent
        target = f"{self.stage.url}/ingest/{path or self.name}"
        async with httpx2.AsyncClient(timeout=10) as client:
            return await client.post(
                target, content=sent, headers={"content-type": "application/json", **signed, **(headers or {})}
            )

    async def count(self) -> tuple[int, int]:
        """Activities and messages of this source."""
        database = self.stage.parts.database
        return (
            await database.fetchval("SELECT count(*) FROM activity WHERE source_id = $1", self.source_id),
            await database.fetchval("SELECT count(*) FROM inbox_message WHERE source_id = $1", self.source_id),
        )


@dataclass(kw_only=True)
class Providers:
    """The stage with every provider connected, by way of the API."""

    stage: Stage
    token: str
    known: dict[str, Provider] = field(default_factory=dict)

    async def fresh(self, name: str) -> Provider:
        """A source of its own, connected as the fixture of this name says."""
        fixture = json.loads((FIXTURES / f"{name}.json").read_text())
        door, code = self.stage.world.door, f"{name}-{new_id().hex[-8:]}"
        await define_types(door, SYSTEM, [TypeDefinition(**told) for told in fixture["types"]])
        source = await ensure_source(
            door,
            SYSTEM,
            SourceDefinition(
                code=code, name=name, mapping=fixture["mapping"], on_change=OnChange.CORRECT, backfill=True
            ),
        )
        firms = [PartnerRow(external_id="partner-0", name="A partner")]
        reps = [
            MemberRow(external_id=f"member-{n}", name=f"Member {n}", partner_external_id="partner-0") for n in range(3)
        ]
        await door.operate(SYSTEM, lambda op: register_partners_in(op, source.source_id, firms))
        await door.operate(SYSTEM, lambda op: register_members_in(op, source.source_id, reps))
        asked = {
            "idempotencyKey": code,
            "sourceId": encode_id(Tag.SOURCE, source.source_id),
            "inlet": fixture["inlet"],
            "secret": SECRET,
        }
        told = (await self.stage.ask(self.token, CONNECT, input=asked))["connectSource"]
        assert told == {
            "__typename": "ConnectSourceSuccess",
            "path": f"/ingest/{code}",
            "secret": None,
            "source": {"code": code},
        }
        return Provider(stage=self.stage, name=code, fixture=fixture, sign=PROVIDERS[name], source_id=source.source_id)


@pytest.fixture(scope="module")
async def providers(
    database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Providers]:
    home = tmp_path_factory.mktemp("home")
    async with staged(database, valkey_url, home, limits=Limits(body_bytes_keys=BODY_MAX)) as stage:
        yield Providers(stage=stage, token=await stage.person("boss", Role.ADMIN))


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_message_of_each_provider_is_recorded_as_its_mapping_says(providers: Providers, name: str) -> None:
    provider = await providers.fresh(name)
    answer = await provider.post()
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    rows = await provider.stage.parts.database.fetch(
        "SELECT external_id, amounts, quantity, occurred_at FROM activity WHERE source_id = $1 ORDER BY external_id",
        provider.source_id,
    )
    found = [(row["external_id"], row["amounts"], row["quantity"], row["occurred_at"]) for row in rows]
    expected = {
        "hubspot_deal": [
            ("51235894", {"NET": {"amount": 1_250_050, "unit": "USD"}}, 1, datetime(2026, 1, 5, 9, tzinfo=UTC))
        ],
        "salesforce_opportunity": [
            (
                "0065g00000XyZabAAF",
                {"NET": {"amount": 4_800_010, "unit": "EUR"}},
                1,
                datetime(2026, 1, 11, 23, tzinfo=UTC),
            )
        ],
        "stripe_invoice": [
            ("in_1Synthetic", {"PAID": {"amount": 129_900, "unit": "USD"}}, 1, datetime.fromtimestamp(1767700000, UTC))
        ],
        "sap_order": [
            ("4711/10", {"NET": {"amount": 123_450, "unit": "EUR"}}, 3, datetime(2026, 1, 7, 23, tzinfo=UTC)),
            ("4711/20", {"NET": {"amount": 9_999, "unit": "EUR"}}, 1, datetime(2026, 1, 7, 23, tzinfo=UTC)),
        ],
    }
    assert found == expected[name]
    outcomes = [item["outcome"] for item in items]
    assert outcomes == (["RECORDED", "RECORDED", "SKIPPED"] if name == "sap_order" else ["RECORDED"])
    payloads = await provider.stage.parts.database.fetchval(
        "SELECT count(*) FROM activity_source JOIN activity_revision revision ON revision.id = revision_id"
        " JOIN activity ON activity.id = activity_id WHERE source_id = $1 AND payload IS NOT NULL",
        provider.source_id,
    )
    assert payloads == len(rows), "the raw payload stands apart, and can be erased alone"


@pytest.mark.parametrize("name", PROVIDERS)
async def test_the_same_message_again_answers_as_before_and_changes_nothing(providers: Providers, name: str) -> None:
    provider = await providers.fresh(name)
    first, again = (await provider.post()).json(), (await provider.post()).json()
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert (first["message"], first["items"]) == (again["message"], again["items"])
    assert await provider.count() == (len([one for one in first["items"] if one["outcome"] == "RECORDED"]), 1)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_tampered_unsigned_or_stale_message_is_refused_and_leaves_nothing(
    providers: Providers, name: str
) -> None:
    provider = await providers.fresh(name)
    tampered = await provider.post(tampered=True)
    unsigned = await provider.post(headers=dict.fromkeys(provider.sign("", b"", 0), ""))
    assert [answer.status_code for answer in (tampered, unsigned)] == [401, 401]
    assert tampered.json()["errors"][0]["extensions"]["code"] == "SIGNATURE_REFUSED"
    assert "forged" in tampered.text
    assert "unsigned" in unsigned.text
    if name in TIMED:
        for age in (320, -320):
            stale = await provider.post(age=age)
            assert (stale.status_code, "stale" in stale.text) == (401, True)
        assert (await provider.post(age=280)).status_code == 200
    else:
        assert await provider.count() == (0, 0)


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"headers": {"content-type": "text/plain"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"headers": {"content-type": "application/x-www-form-urlencoded"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"body": b"{not json"}, 400, "MALFORMED_JSON"),
        ({"body": b'{"a":1,"a":2}'}, 400, "MALFORMED_JSON"),
        ({"body": b"[" * 40 + b"]" * 40}, 400, "MALFORMED_JSON"),
        ({"body": b'[1],"x":[2]'}, 400, "MALFORMED_JSON"),
        ({"body": b" " * (BODY_MAX + 1)}, 413, "BODY_TOO_LARGE"),
        ({"body": b'["no object"]'}, 422, "MESSAGE_REFUSED"),
        ({"body": b'{"id": ""}'}, 422, "MESSAGE_REFUSED"),
        ({"path": "nobody"}, 404, "SOURCE_UNKNOWN"),
        ({"path": "crm"}, 404, "SOURCE_UNKNOWN"),
    ],
)
async def test_bad_input_is_refused_with_its_code(
    providers: Providers, told: dict[str, Any], status: int, code: str
) -> None:
    provider = await providers.fresh("stripe_invoice")
    answer = await provider.post(**told)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)
    assert await provider.count() == (0, 0)


async def test_a_body_at_its_edge_is_read(providers: Providers) -> None:
    provider = await providers.fresh("stripe_invoice")
    body = json.dumps(provider.fixture["message"]).encode()
    assert (await provider.post(body=body + b" " * (BODY_MAX - len(body)))).status_code == 200


async def test_another_message_under_a_known_id_is_a_conflict(providers: Providers) -> None:
    provider = await providers.fresh("stripe_invoice")
    await provider.post()
    other = deepcopy(provider.fixture["message"])
    other["data"]["object"]["amount_paid"] = 1
    answer = await provider.post(other)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (409, "MESSAGE_CONFLICT")


async def test_rejected_items_say_why_the_others_stand_and_a_corrected_mapping_helps_at_the_next_try(
    providers: Providers,
) -> None:
    provider = await providers.fresh("sap_order")
    message = deepcopy(provider.fixture["message"])
    message["to_Item"]["results"][1]["NetAmount"] = "99,99"
    first = (await provider.post(message)).json()
    assert [item["outcome"] for item in first["items"]] == ["RECORDED", "REJECTED", "SKIPPED"]
    assert first["items"][1]["code"] == "BAD_NUMBER"
    assert first["items"][1]["facts"]["field"] == "amounts.NET"
    database = provider.stage.parts.database
    kept = await database.fetchrow(
        "SELECT body, is_settled FROM inbox_message WHERE source_id = $1", provider.source_id
    )
    assert kept is not None
    assert (json.loads(kept["body"]), kept["is_settled"]) == (message, False)
    mapping = deepcopy(provider.fixture["mapping"])
    mapping["amounts"]["NET"]["normalise"] = {"99,99": "99.99"}
    await ensure_source(
        provider.stage.world.door,
        SYSTEM,
        SourceDefinition(code=provider.name, name="SAP", mapping=mapping, on_change=OnChange.CORRECT, backfill=True),
    )
    again = (await provider.post(message)).json()
    assert [item["outcome"] for item in again["items"]] == ["DUPLICATE", "RECORDED", "SKIPPED"]
    assert await provider.count() == (2, 1)
    assert await database.fetchval("SELECT body FROM inbox_message WHERE source_id = $1", provider.source_id) is None


async def test_a_deal_that_is_lost_again_is_taken_back_and_one_in_another_currency_is_rejected(
    providers: Providers,
) -> None:
    provider = await providers.fresh("hubspot_deal")
    await provider.post()
    lost = deepcopy(provider.fixture["message"])
    lost["properties"] |= {"dealstage": "closedlost", "hs_lastmodifieddate": "1767605000000"}
    assert (await provider.post(lost)).json()["items"][0]["outcome"] == "REVERSED"
    foreign = deepcopy(provider.fixture["message"])
    foreign["objectId"] = 1
    foreign["properties"]["deal_currency_code"] = "JPY"
    (item,) = (await provider.post(foreign)).json()["items"]
    assert (item["outcome"], item["code"], item["facts"]["value"]) == ("REJECTED", "UNKNOWN_VALUE", "closedwon/JPY")


async def test_standard_webhooks_of_another_system_are_proven_by_a_secret_that_we_made(providers: Providers) -> None:
    provider = await providers.fresh("stripe_invoice")
    inlet = {"signature": {"scheme": "STANDARD_WEBHOOKS"}, "joined": provider.fixture["inlet"]["joined"]}
    asked = {
        "idempotencyKey": "std",
        "sourceId": encode_id(Tag.SOURCE, provider.source_id),
        "inlet": inlet,
    }
    made = (await providers.stage.ask(providers.token, CONNECT, input=asked))["connectSource"]
    again = (await providers.stage.ask(providers.token, CONNECT, input=asked))["connectSource"]
    assert again["secret"] is None

    def sign(_: str, body: bytes, at: float) -> Mapping[str, str]:
        signed = Webhook(made["secret"]).sign("msg_1", datetime.fromtimestamp(at, UTC), body.decode())
        return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at)), "webhook-signature": f"v1,x {signed}"}

    provider.sign = sign
    answer = await provider.post()
    assert (answer.status_code, answer.json()["message"]) == (200, "msg_1")
    assert (await provider.post(age=320)).status_code == 401


@pytest.mark.parametrize(
    ("inlet", "path"),
    [
        ({}, "signature.scheme"),
        ({"signature": {"scheme": "NONE"}}, "signature.scheme"),
        ({"signature": {"scheme": "STRIPE", "header": "x"}}, "signature.header"),
        ({"signature": {"scheme": "HMAC_SHA256", "header": "bad header"}}, "signature.header"),
        ({"signature": {"scheme": "STRIPE"}, "id": {"header": "a", "path": "b"}}, "id"),
        ({"signature": {"scheme": "STRIPE"}, "surprise": 1}, "surprise"),
    ],
)
async def test_an_inlet_that_is_stated_wrongly_is_refused_with_the_place(
    providers: Providers, inlet: dict[str, Any], path: str
) -> None:
    query = CONNECT.replace("... on Refusal", "... on InvalidInlet { problems } ... on Refusal")
    source = encode_id(Tag.SOURCE, providers.stage.world.source_id)
    asked = {"idempotencyKey": f"wrong {inlet}", "sourceId": source, "inlet": inlet}
    told = (await providers.stage.ask(providers.token, query, input=asked))["connectSource"]
    assert told["code"] == "INVALID_INLET"
    assert path in [problem["path"] for problem in told["problems"]]
