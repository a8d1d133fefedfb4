"""Fulfilment through the face: a platform claims and completes, its owner alone is shown the code, support settles."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag
from domain.access.principals import Actor, Scope
from domain.kernel.sql import Database
from tests.building import build_world
from tests.graph.asking import Asker, admin, key, member, opaque, partner_admin
from tests.orders import KEYRING, Shop, Way, support

CLAIM = """
mutation ($input: ClaimFulfilmentsInput!) { claimFulfilments(input: $input) { __typename
  ... on ClaimFulfilmentsSuccess { orders { attemptId lineId fence sku externalId recipient { city } } }
  ... on Refusal { code } } }
"""
COMPLETE = """
mutation ($input: CompleteFulfilmentInput!) { completeFulfilment(input: $input) { __typename
  ... on CompleteFulfilmentSuccess { results { attemptId outcome } } ... on Refusal { code } } }
"""
REVEAL = """
mutation ($input: RevealVoucherCodeInput!) { revealVoucherCode(input: $input) { __typename
  ... on RevealVoucherCodeSuccess { voucherCode pin line { id version state delivery maskedCode } }
  ... on Refusal { code } } }
"""
REPORT = """
mutation ($input: ReportCodeProblemInput!) { reportCodeProblem(input: $input) { __typename
  ... on ReportCodeProblemSuccess { problem { id state problem line { id } } } ... on Refusal { code } } }
"""
SETTLE = """
mutation ($input: SettleCodeProblemInput!) { settleCodeProblem(input: $input) { __typename
  ... on SettleCodeProblemSuccess { problem { id state answer } } ... on Refusal { code } } }
"""
RETRY = """
mutation ($input: RetryFulfilmentInput!) { retryFulfilment(input: $input) { __typename
  ... on RetryFulfilmentSuccess { attempt { id state calls supplier { code } } } ... on Refusal { code } } }
"""
DELIVERY = """
mutation ($input: ReportDeliveryInput!) { reportDelivery(input: $input) { __typename
  ... on ReportDeliverySuccess { line { id delivery } } ... on Refusal { code } } }
"""
CORRECT = """
mutation ($input: CorrectDeliveryInput!) { correctDelivery(input: $input) { __typename
  ... on CorrectDeliverySuccess { line { id delivery } } ... on Refusal { code } } }
"""
WAITING = (
    "{ openFulfilments { edges { node { id state sku lineId } } } codeProblems(state: OPEN) { edges { node { id } } } }"
)


@dataclass(kw_only=True)
class Counter:
    """A shop whose goods a platform delivers; the first member's orders."""

    shop: Shop
    asker: Asker
    goods: tuple[UUID, UUID]
    platform: Actor

    @property
    def owner(self) -> Actor:
        return member(self.shop.world, 0)

    async def do(self, actor: Actor, document: str, **said: Any) -> Any:
        """What the mutation answers."""
        told = {"input": said} if "items" in said else {"input": {"idempotencyKey": self.shop.world.key().key, **said}}
        return next(iter((await self.asker.ask(actor, document, **told)).values()))

    async def delivered(self) -> str:
        """A line of the owner's that was delivered with a code; its opaque id."""
        line_id = (await self.shop.order(self.shop.world.members[0], self.goods))[0]
        order = (await self.do(self.platform, CLAIM, first=100))["orders"][0]
        assert order["lineId"] == opaque(Tag.REDEMPTION_LINE, line_id)
        report = {"attemptId": order["attemptId"], "fence": order["fence"], "outcome": "DELIVERED"}
        goods = {"goods": {"code": f"PULL-{line_id.hex}-WXYZ", "pin": "7"}}
        done = await self.do(self.platform, COMPLETE, items=[{**report, **goods}])
        assert [one["outcome"] for one in done["results"]] == ["COMPLETED"]
        return order["lineId"]


@pytest.fixture
async def counter(fresh_database: str) -> AsyncIterator[Counter]:
    connected = await Database.open(fresh_database, connections_max=5)
    shop = Shop(world=await build_world(connected))
    await shop.rich(shop.world.members[0])
    supplier_id = await shop.supplier("PULL_QUEUE", source_id=shop.world.source_id)
    asker = Asker.over(shop.world, [])
    asker.keys = KEYRING
    yield Counter(
        shop=shop,
        asker=asker,
        goods=await shop.denomination(Way(supplier_id=supplier_id, sku="card")),
        platform=key(Scope.FULFILMENT_READ, Scope.FULFILMENT_WRITE, source_id=shop.world.source_id),
    )
    await connected.close()


async def test_a_code_is_delivered_shown_to_its_owner_and_settled_when_it_fails(counter: Counter) -> None:
    line_id = await counter.delivered()
    shown = await counter.do(counter.owner, REVEAL, lineId=line_id)
    assert shown["voucherCode"].endswith("WXYZ")
    assert (shown["pin"], shown["line"]["delivery"], shown["line"]["maskedCode"]) == ("7", "REVEALED", "•••• WXYZ")
    for actor in (support(), admin(), counter.platform):
        refused = await counter.do(actor, REVEAL, lineId=line_id)
        assert refused["code"] in ("NOT_ALLOWED", "SCOPE_MISSING")
    for actor in (member(counter.shop.world, 2), partner_admin(counter.shop.world, 0)):
        wanted = "NOT_FOUND" if actor.member_id != counter.owner.member_id else None
        assert (await counter.do(actor, REVEAL, lineId=line_id)).get("code") == wanted
    told = await counter.do(counter.owner, REPORT, lineId=line_id, problem="NOT_ACCEPTED", note="At the till")
    assert (told["problem"]["state"], told["problem"]["line"]["id"]) == ("OPEN", line_id)
    again = await counter.do(counter.owner, REPORT, lineId=line_id, problem="EXPIRED")
    assert again["code"] == "PROBLEM_OPEN"
    waiting = await counter.asker.ask(support(), WAITING)
    assert [edge["node"]["id"] for edge in waiting["codeProblems"]["edges"]] == [told["problem"]["id"]]
    problem = {"problemId": told["problem"]["id"]}
    none_left = await counter.do(support(), SETTLE, settlement="REPLACE", **problem)
    assert none_left["code"] == "ACTION_NOT_AVAILABLE" or none_left["code"] == "NO_CODE_LEFT"
    settled = await counter.do(support(), SETTLE, settlement="REJECT", answer="It was used.", **problem)
    assert settled["problem"] == {"id": told["problem"]["id"], "state": "REJECTED", "answer": "It was used."}


async def test_a_platform_sees_and_claims_its_own_orders_alone(counter: Counter) -> None:
    line_id = (await counter.shop.order(counter.shop.world.members[0], counter.goods))[0]
    open_orders = "{ openFulfilments { edges { node { id state sku lineId } } } }"
    seen = await counter.asker.ask(counter.platform, open_orders)
    assert [edge["node"]["sku"] for edge in seen["openFulfilments"]["edges"]] == ["card"]
    stranger = key(Scope.FULFILMENT_READ, Scope.FULFILMENT_WRITE, source_id=line_id)
    assert (await counter.asker.ask(stranger, open_orders))["openFulfilments"]["edges"] == []
    assert (await counter.do(stranger, CLAIM))["code"] == "NOT_FOUND"
    reader = key(Scope.FULFILMENT_READ, source_id=counter.shop.world.source_id)
    assert (await counter.do(reader, CLAIM))["code"] == "SCOPE_MISSING"
    assert (await counter.do(counter.owner, CLAIM))["code"] == "NOT_ALLOWED"
    order = (await counter.do(counter.platform, CLAIM))["orders"][0]
    assert (order["fence"], order["externalId"], order["recipient"]) == (1, line_id.hex, None)
    stale = {"attemptId": order["attemptId"], "fence": 0, "outcome": "REFUSED", "reason": "LIMIT"}
    assert (await counter.do(counter.platform, COMPLETE, items=[stale]))["results"][0]["outcome"] == "STALE_LEASE"
    later = {**stale, "fence": 1, "outcome": "LATER", "afterSeconds": 3_600}
    assert (await counter.do(counter.platform, COMPLETE, items=[later]))["results"][0]["outcome"] == "COMPLETED"
    tried = await counter.do(support(), RETRY, attemptId=order["attemptId"])
    assert tried["attempt"]["state"] == "SENT"
    assert (await counter.do(counter.platform, CLAIM))["orders"][0]["fence"] == 2


async def test_what_bounced_is_corrected_by_its_owner(counter: Counter) -> None:
    line_id = await counter.delivered()
    bounced = await counter.do(counter.platform, DELIVERY, lineId=line_id, delivery="BOUNCED")
    assert bounced["line"]["delivery"] == "BOUNCED"
    address = {"name": "Ada", "lines": ["2 rue de la Paix"], "city": "Paris", "country": "FR"}
    assert (await counter.do(member(counter.shop.world, 2), CORRECT, lineId=line_id, address=address))[
        "code"
    ] == "NOT_FOUND"
    corrected = await counter.do(counter.owner, CORRECT, lineId=line_id, address=address)
    assert corrected["line"] == {"id": line_id, "delivery": "SENT"}
    order = (await counter.do(counter.platform, CLAIM))["orders"][0]
    assert (order["lineId"], order["recipient"]) == (line_id, {"city": "Paris"})


async def test_operators_see_every_try_of_a_line_and_its_owner_none(counter: Counter) -> None:
    line_id = await counter.delivered()
    document = "query ($id: ID!) { node(id: $id) { ... on RedemptionLine { attempts { n state sku } } } }"
    seen = await counter.asker.ask(support(), document, id=line_id)
    assert seen["node"]["attempts"] == [{"n": 1, "state": "DELIVERED", "sku": "card"}]
    assert (await counter.asker.ask(counter.owner, document, id=line_id))["node"]["attempts"] is None
