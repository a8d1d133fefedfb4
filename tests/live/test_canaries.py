"""A code with a canary goes its whole way through a server: it stands nowhere but in its owner's answer.

Searched are every row, every key of Valkey, the log, every webhook as it was rendered, every message of every
subscription, and every answer that refuses something. Each place is shown to be searched by a canary put there.
"""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import pytest
from redis.asyncio import Redis

from api.graph.event_bodies import event_types
from api.graph.ids import Tag, encode_id
from api.logs import configure
from api.webhooks.registering import Registry, create_endpoint
from catalog.codes.records import CodeRow
from catalog.redemptions.issuing import issue_due
from domain.access.principals import Role
from tests.code_book import CodeBook
from tests.faults.receiver import Heard, Receiver, receiving
from tests.graph.asking import admin
from tests.live.stage import Hearer, Stage, staged
from tests.shop import Shop, open_shop
from tests.storage.test_sealed_codes import everything

MARK = "7K2M"
CANARY = f"CANARY-{MARK}"
FOLLOW = """
subscription Follow($id: ID!) { redemption(id: $id) { cursor previous content {
  __typename ... on RedemptionUpdate { change redemption { id state lines { state delivery maskedCode } } } } } }
"""
REVEAL = """
mutation ($input: RevealVoucherCodeInput!) { revealVoucherCode(input: $input) { __typename
  ... on RevealVoucherCodeSuccess { voucherCode pin } ... on Refusal { code text } } }
"""
REPORT = """
mutation ($input: ReportCodeProblemInput!) { reportCodeProblem(input: $input) { __typename
  ... on ReportCodeProblemSuccess { problem { id } } ... on Refusal { code } } }
"""
IMPORT = """
mutation ($input: ImportCodesInput!) { importCodes(input: $input) { __typename
  ... on ImportCodesSuccess { imported results { outcome reason } } ... on Refusal { code text } } }
"""


@dataclass(kw_only=True)
class Seen:
    """A running shop with one canary code of a fulfilled line, and all that was said outside by now."""

    stage: Stage
    shop: Shop
    book: CodeBook
    receiver: Receiver
    hearers: list[Hearer]
    owner: str
    pool_id: UUID
    line_id: UUID
    log: io.StringIO
    database_url: str
    answers: list[str] = field(default_factory=list[str])

    async def post(self, path: str, token: str | None, **body: Any) -> httpx2.Response:
        """An answer as it came; its headers and body are searched too, unless the caller takes them out."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(timeout=10) as client:
            response = await client.post(self.stage.url + path, headers=headers, **body)
        self.answers.append(f"{response.headers} {response.text}")
        return response

    async def ask(self, token: str | None, query: str, **input: Any) -> httpx2.Response:
        return await self.post("/graphql", token, json={"query": query, "variables": {"input": input}})

    async def places(self) -> dict[str, str]:
        """Everything that a code must not stand in, by where it was found."""
        await self.stage.settled()
        heard = [*self.receiver.heard]
        return {
            "tables": await everything(self.database_url),
            "valkey": await everything_in(self.stage.parts.redis),
            "log": self.log.getvalue(),
            "webhooks": "\n".join(f"{one.path} {dict(one.headers)} {one.body.decode()}" for one in heard),
            "subscriptions": json.dumps([hearer.heard for hearer in self.hearers]),
            "answers": "\n".join(self.answers),
        }


async def everything_in(redis: Redis) -> str:
    """Every key of Valkey with its value, whatever its type."""
    told = list[Any]()
    async for key in redis.scan_iter(count=1_000):
        kind: Any = await redis.type(key)
        match kind.decode():
            case "string":
                value: Any = await redis.get(key)
            case "hash":
                value = await redis.hgetall(key)  # pyright: ignore[reportGeneralTypeIssues] the client is typed for both worlds
            case "set":
                value = await redis.smembers(key)  # pyright: ignore[reportGeneralTypeIssues] the client is typed for both worlds
            case "list":
                value = await redis.lrange(key, 0, -1)  # pyright: ignore[reportGeneralTypeIssues] the client is typed for both worlds
            case "zset":
                value = await redis.zrange(key, 0, -1, withscores=True)
            case "stream":
                value = await redis.xrange(key)
            case other:
                raise AssertionError(f"{key!r} is a {other}, which this test does not read")
        told.append((key, value))
    return repr(told)


@pytest.fixture
async def seen(fresh_database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Seen]:
    home = tmp_path_factory.mktemp("home")
    async with (
        staged(fresh_database, valkey_url, home, heartbeat_seconds=0.4, rate_limits=True) as stage,
        receiving() as receiver,
    ):
        log = io.StringIO()
        configure(as_json=True, stream=log)
        parts, world = stage.parts, stage.world
        book = CodeBook(door=parts.door, member_id=world.members[0], source_id=world.source_id, keyring=parts.keyring)
        shop = await open_shop(world)
        shop.keyring = parts.keyring
        await shop.give(0, 1_000)
        owner = await stage.person("ann", Role.MEMBER, 0)
        registry = Registry(keyring=parts.keyring, reach=parts.reach, known_events=frozenset(event_types()))
        made = await create_endpoint(
            parts.door, registry, admin(), world.key(), url=receiver.url, events=sorted(event_types())
        )
        state = "SELECT state FROM webhook_endpoint WHERE id = $1"
        async with asyncio.timeout(60):
            while await parts.database.fetchval(state, made.endpoint_id) != "ACTIVE":  # noqa: ASYNC110 the database
                await asyncio.sleep(0.05)
        pool_id = await book.pool(shop.supplier_id, low_stock_at=5)
        row = CodeRow(code=f"{CANARY}-0001", pin=f"{CANARY}-PIN", url=f"https://gift.example/{CANARY}")
        await book.bring(pool_id, row, CodeRow(code=f"{CANARY}-0002"))
        redemption_id = await shop.order(shop.rep(), await shop.item(routes=[(shop.supplier_id, pool_id)]))
        (line_id,) = await shop.lines(redemption_id)
        async with (
            stage.hearing(owner) as all_of,
            stage.hearing(owner, FOLLOW, id=encode_id(Tag.REDEMPTION, redemption_id)) as one_of,
        ):
            yield Seen(
                stage=stage,
                shop=shop,
                book=book,
                receiver=receiver,
                hearers=[all_of, one_of],
                owner=owner,
                pool_id=pool_id,
                line_id=line_id,
                log=log,
                database_url=fresh_database,
            )


async def test_no_canary_is_found_in_webhooks_valkey_answers_or_messages(seen: Seen) -> None:
    stage, line = seen.stage, encode_id(Tag.REDEMPTION_LINE, seen.line_id)
    other, keeper = await stage.person("bob", Role.MEMBER, 1), await stage.person("cat", Role.CATALOG)
    assert await issue_due(stage.parts.door, stage.parts.keyring) == 1
    for _ in range(2):
        shown = await seen.ask(seen.owner, REVEAL, idempotencyKey="show", lineId=line)
        assert CANARY in seen.answers.pop()
        assert shown.json()["data"]["revealVoucherCode"]["__typename"] == "RevealVoucherCodeSuccess"
        assert shown.headers["cache-control"] == "no-store"
    refused = await seen.ask(other, REVEAL, idempotencyKey="peep", lineId=line)
    assert refused.json()["data"]["revealVoucherCode"]["code"] == "NOT_FOUND"
    assert refused.headers["cache-control"] == "no-store"
    told = await seen.ask(seen.owner, REPORT, idempotencyKey="bad", lineId=line, problem="ALREADY_USED")
    assert told.json()["data"]["reportCodeProblem"]["__typename"] == "ReportCodeProblemSuccess"
    await _bad_requests(seen, keeper)
    await seen.hearers[1].until(lambda: any("REVEALED" in str(one) for one in seen.hearers[1].heard), 60)
    await seen.receiver.until(8, 60)
    async with asyncio.timeout(60):
        while not any(one.message["type"] == "code_problem.reported" for one in seen.receiver.events):  # noqa: ASYNC110 the receiver runs in a thread
            await asyncio.sleep(0.05)
    places = await seen.places()
    assert str(seen.line_id) in places["tables"]
    assert "code.revealed" in places["webhooks"]
    assert len(places["valkey"]) > len("[]")
    assert {where for where, text in places.items() if MARK in text or MARK.encode().hex() in text} == set()


async def _bad_requests(seen: Seen, keeper: str) -> None:
    """Requests that carry a code and are refused: none is told what it sent."""
    pool, code = encode_id(Tag.CODE_POOL, seen.pool_id), f"{CANARY}-0009"
    sent: dict[str, Any] = {"idempotencyKey": "in", "poolId": pool, "batchExternalId": "b", "codes": [{"code": code}]}
    wrong: tuple[dict[str, Any], ...] = (
        {**sent, "codes": [{"code": code, "unknown": code}]},
        {**sent, "codes": [{"code": [code]}]},
        {**sent, "codes": code},
        {**sent, "codes": [{"code": code, "expiresOn": code}]},
        {**sent, "codes": [{"code": code + "\x07"}], "idempotencyKey": "in-2"},
        {**sent, "batchExternalId": "x" * 200, "idempotencyKey": "in-3"},
    )
    for body in wrong:
        for token in (keeper, seen.owner, None):
            await seen.ask(token, IMPORT, **body)
    written = IMPORT.replace("$input: ImportCodesInput!", "").replace("mutation ()", "mutation")
    for text in (f'{{codes: [{{code: "{code}", unknown: 1}}]}}', f'{{codes: [{{code: ["{code}"]}}]}}', f'"{code}'):
        await seen.post("/graphql", keeper, json={"query": written.replace("$input", text)})
    for path in ("/graphql", "/ingest/nobody", "/issuer/token", "/nothing"):
        await seen.post(path, None, content=f'{{"code": "{code}"'.encode())
        await seen.post(path, keeper, json={"code": code, "query": code})


async def test_every_place_is_searched(seen: Seen) -> None:
    planted = Heard(headers={}, body=CANARY.encode(), path="/hook")
    await seen.stage.settled()
    seen.receiver.heard.append(planted)
    seen.hearers[0].heard.append({"cursor": None, "content": {"__typename": "planted", "code": CANARY}})
    await seen.stage.parts.redis.hset("planted", mapping={"code": CANARY})  # pyright: ignore[reportGeneralTypeIssues] the client is typed for both worlds
    await seen.stage.parts.redis.zadd("planted too", {CANARY: 1.0})
    await seen.stage.parts.database.fetch("UPDATE source SET name = $1", CANARY)
    seen.log.write(CANARY)
    seen.answers.append(CANARY)
    try:
        assert {where for where, text in (await seen.places()).items() if MARK not in text} == set()
    finally:
        await seen.stage.parts.redis.delete("planted", "planted too")
        seen.receiver.heard.remove(planted)
