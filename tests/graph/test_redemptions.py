"""Redemptions through the schema: who sees what of them, what mutations answer, and every refusal with its facts."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from api.graph.context import Context
from api.graph.ids import Tag, decode_as
from domain.access.principals import Actor, Role, Scope
from domain.kernel.ids import new_id
from tests.graph.asking import Asker, admin, key, listening, opaque
from tests.shop import KEYRING, Shop, build_shop

LINE = "id version state price delivery maskedCode tracking availableActions item { name } denomination { price }"
ORDER = f"id version state total unit {{ code }} member {{ name }} lines {{ {LINE} }}"
REFUSAL = "... on Refusal { code text retryable french: text(locale: FR) }"


class ShopAsker(Asker):
    """Asks as servers do, which have a keyring."""

    async def result(self, actor: Actor, document: str, **variables: Any) -> Any:
        context = Context.of(actor, self.world.database, self.world.door, self.world.knowledge, keys=KEYRING)
        self.heard.clear()
        result = await self.schema.execute(document, variable_values=variables, context_value=context)
        self.statements = [
            text for text in self.heard if not text.startswith(("SELECT pg_advisory_unlock_all", "BEGIN"))
        ]
        return result


@pytest.fixture
async def heard() -> list[str]:
    return []


@pytest.fixture
async def shop(database: str, heard: list[str]) -> AsyncIterator[Shop]:
    opened = await listening(database, heard)
    built = await build_shop(opened)
    await built.give(0, 1_000)
    yield built
    await opened.close()


@pytest.fixture
def asker(shop: Shop, heard: list[str]) -> Asker:
    return ShopAsker.over(shop.world, heard)


async def change(asker: Asker, actor: Actor, name: str, fields: str, /, **asked: Any) -> Mapping[str, Any]:
    upper = name[0].upper() + name[1:]
    document = (
        f"mutation($input: {upper}Input!) {{ {name}(input: $input) {{"
        f" __typename ... on {upper}Success {{ {fields} }} {REFUSAL} }} }}"
    )
    return (await asker.ask(actor, document, input=asked))[name]


def wants(*denominations: Any, quantity: int = 1) -> list[dict[str, Any]]:
    return [{"denominationId": opaque(Tag.DENOMINATION, one), "quantity": quantity} for one in denominations]


async def quoted(asker: Asker, actor: Actor, *denominations: Any, quantity: int = 1) -> str:
    answer = await change(
        asker, actor, "quoteRedemption", "quote { id }", lines=wants(*denominations, quantity=quantity)
    )
    return answer["quote"]["id"]


async def ordered(asker: Asker, actor: Actor, *denominations: Any, quantity: int = 1) -> Mapping[str, Any]:
    quote = await quoted(asker, actor, *denominations, quantity=quantity)
    fields = f"redemption {{ {ORDER} }} wallet {{ id version available held }}"
    return await change(asker, actor, "redeem", fields, idempotencyKey=quote, quoteId=quote)


async def test_a_rep_asks_what_it_costs_and_redeems_it(shop: Shop, asker: Asker) -> None:
    rep, card = shop.rep(), await shop.item(100)
    fields = """quote { id total unit { code } availableBefore availableAfter heldAfter needsAddress needsApproval
        heldUntil expiresAt lines { quantity price total faceValue currency item { name } denomination { id } }
        lots { amount expiresAt program { name } } wallet { available } }"""
    quote = (await change(asker, rep, "quoteRedemption", fields, lines=wants(card, quantity=2)))["quote"]
    assert (quote["total"], quote["availableBefore"], quote["availableAfter"], quote["heldAfter"]) == (
        200,
        1_000,
        800,
        200,
    )
    (line,) = quote["lines"]
    assert (line["quantity"], line["price"], line["total"], line["item"]["name"]) == (2, 100, 200, "A card")
    assert sum(lot["amount"] for lot in quote["lots"]) == 200
    answer = await change(
        asker,
        rep,
        "redeem",
        f"redemption {{ {ORDER} }} wallet {{ id version available held }}",
        idempotencyKey="k",
        quoteId=quote["id"],
    )
    order, wallet = answer["redemption"], answer["wallet"]
    assert (order["state"], order["total"], len(order["lines"])) == ("ORDERED", 200, 2)
    assert (wallet["available"], wallet["held"]) == (800, 200)
    assert order["lines"][0]["availableActions"] == []
    again = await change(
        asker,
        rep,
        "redeem",
        f"redemption {{ {ORDER} }} wallet {{ id version available held }}",
        idempotencyKey="k",
        quoteId=quote["id"],
    )
    assert again == answer


async def test_refusals_carry_their_facts_in_two_languages(shop: Shop, asker: Asker) -> None:
    rep, foreign = shop.rep(), await shop.item(10, countries=["JP"])
    document = """mutation($input: QuoteRedemptionInput!) { quoteRedemption(input: $input) { __typename
        ... on CannotRedeem { code text french: text(locale: FR) obstacles }
        ... on InsufficientPoints { needed available } } }"""
    answer = (await asker.ask(rep, document, input={"lines": wants(foreign)}))["quoteRedemption"]
    assert answer["code"] == "CANNOT_REDEEM"
    assert answer["obstacles"] == [
        {
            "denominationId": opaque(Tag.DENOMINATION, foreign),
            "code": "WRONG_COUNTRY",
            "facts": {"countries": ["JP"], "country": None},
        }
    ]
    assert ("JP" in answer["text"], "réservé" in answer["french"]) == (True, True)
    dear = (await asker.ask(rep, document, input={"lines": wants(await shop.item(1_001))}))["quoteRedemption"]
    assert dear == {"__typename": "InsufficientPoints", "needed": 1_001, "available": 1_000}
    gone = await change(
        asker, rep, "redeem", "redemption { id }", idempotencyKey="n", quoteId=opaque(Tag.QUOTE, new_id())
    )
    assert gone["code"] == "NOT_FOUND"
    shipped = await quoted(asker, rep, await shop.item(10, needs_address=True))
    bare = await change(asker, rep, "redeem", "redemption { id }", idempotencyKey="b", quoteId=shipped)
    assert bare["code"] == "ADDRESS_NEEDED"
    address = {"name": "Ada", "lines": ["1 Rue de la Paix"], "city": "Paris", "country": "FR"}
    sent = await change(
        asker, rep, "redeem", "redemption { state }", idempotencyKey="s", quoteId=shipped, address=address
    )
    assert sent["redemption"] == {"state": "ORDERED"}
    twice = await change(
        asker, rep, "redeem", "redemption { id }", idempotencyKey="t", quoteId=shipped, address=address
    )
    assert twice["code"] == "QUOTE_REDEEMED"


async def test_a_partners_admin_sees_item_points_and_state_but_nothing_of_the_delivery(
    shop: Shop, asker: Asker
) -> None:
    order = (await ordered(asker, shop.rep(), await shop.item(10)))["redemption"]
    await shop.fulfil([(await shop.lines(_uuid(order["id"])))[0]])
    document = f"query($id: ID!) {{ redemption(id: $id) {{ {ORDER} }} }}"
    own = (await asker.ask(shop.rep(), document, id=order["id"]))["redemption"]["lines"][0]
    firm = replace(shop.rep(2), role=Role.PARTNER_ADMIN)
    seen = (await asker.ask(firm, document, id=order["id"]))["redemption"]["lines"][0]
    assert (own["delivery"], own["maskedCode"], own["availableActions"]) == (
        "SENT",
        "•••• 1234",
        ["REVEAL", "REPORT_PROBLEM"],
    )
    assert (seen["state"], seen["price"], seen["item"]["name"]) == ("FULFILLED", 10, "A card")
    assert (seen["delivery"], seen["maskedCode"], seen["tracking"], seen["availableActions"]) == (None, None, None, [])
    assert (await asker.ask(shop.rep(1), document, id=order["id"]))["redemption"] is None
    finance = Actor(principal_id=new_id(), role=Role.FINANCE)
    assert (await asker.ask(finance, document, id=order["id"]))["redemption"]["lines"][0]["availableActions"] == [
        "REFUND"
    ]


def _uuid(text: str) -> UUID:
    found = decode_as(Tag.REDEMPTION, text)
    assert found is not None
    return found


async def test_lines_are_approved_rejected_cancelled_and_refunded_each_by_whom_it_is_for(
    shop: Shop, asker: Asker
) -> None:
    rep, boss, special = shop.rep(), admin(), await shop.item(10, needs_approval=True)
    answer = await ordered(asker, rep, special, quantity=4)
    order = answer["redemption"]
    assert (order["state"], {line["state"] for line in order["lines"]}) == ("PENDING_APPROVAL", {"PENDING_APPROVAL"})
    assert order["lines"][0]["availableActions"] == ["CANCEL"]
    first, second, third, fourth = (line["id"] for line in order["lines"])
    fields = f"redemption {{ {ORDER} }} wallet {{ available held }}"

    async def does(actor: Actor, name: str, *lines: str, **more: Any) -> Mapping[str, Any]:
        return await change(
            asker,
            actor,
            name,
            fields,
            idempotencyKey=f"{name}-{lines}",
            redemptionId=order["id"],
            lineIds=list(lines),
            **more,
        )

    assert (await does(rep, "approveRedemption", first))["code"] == "NOT_ALLOWED"
    await does(boss, "approveRedemption", first)
    await does(boss, "rejectRedemption", second, note="no")
    cancelled = await does(rep, "cancelRedemption", third)
    assert [line["state"] for line in cancelled["redemption"]["lines"]] == [
        "ORDERED",
        "FAILED",
        "CANCELLED",
        "PENDING_APPROVAL",
    ]
    assert cancelled["wallet"] == {"available": 980, "held": 20}
    late = await does(rep, "cancelRedemption", first)
    assert (late["code"], late["french"]) == (
        "ACTION_NOT_AVAILABLE",
        "CANCEL n’est pas possible : la ligne est ORDERED.",
    )
    redemption_id = _uuid(order["id"])
    await shop.fulfil((await shop.lines(redemption_id))[:1])
    refunded = await does(boss, "refundRedemption", first, reason="GOODWILL")
    assert refunded["redemption"]["lines"][0]["state"] == "REFUNDED"
    assert refunded["redemption"]["version"] > order["version"]
    await does(boss, "approveRedemption", fourth)


async def test_a_key_redeems_for_a_member_with_its_scope_only(shop: Shop, asker: Asker) -> None:
    card, member = await shop.item(10), opaque(Tag.MEMBER, shop.world.members[0])
    machine = key(Scope.FULFILMENT_WRITE, Scope.FULFILMENT_READ, source_id=shop.world.source_id)
    asked = await change(asker, machine, "quoteRedemption", "quote { id }", lines=wants(card), memberId=member)
    done = await change(
        asker,
        machine,
        "redeem",
        "redemption { state } wallet { available }",
        idempotencyKey="m",
        quoteId=asked["quote"]["id"],
        memberId=member,
    )
    assert (done["redemption"], done["wallet"]) == ({"state": "ORDERED"}, None)
    reader = key(Scope.FULFILMENT_READ)
    refused = await change(asker, reader, "quoteRedemption", "quote { id }", lines=wants(card), memberId=member)
    assert refused["code"] == "SCOPE_MISSING"


async def test_pages_of_orders_are_filtered_and_cost_as_many_statements_however_long(shop: Shop, asker: Asker) -> None:
    card, boss = await shop.item(1), admin()
    document = f"""query($item: ID!, $first: Int!) {{ redemptions(
        filter: {{itemId: $item, state: ORDERED}}, first: $first, sort: OLDEST) {{
        edges {{ node {{ {ORDER} }} }} pageInfo {{ hasNextPage }} }} }}"""
    viewer = f"{{ viewer {{ redemptions(first: 2) {{ edges {{ node {{ {ORDER} }} }} pageInfo {{ endCursor }} }} }} }}"
    counts = list[int]()
    order = (await ordered(asker, shop.rep(), card))["redemption"]
    found = await asker.ask(boss, f'{{ redemption(id: "{order["id"]}") {{ lines {{ item {{ id }} }} }} }}')
    item, page = found["redemption"]["lines"][0]["item"]["id"], dict[str, Any]()
    for _ in range(2):
        page = (await asker.ask(boss, document, item=item, first=50))["redemptions"]
        counts.append(len(asker.statements))
        for _ in range(4):
            order = (await ordered(asker, shop.rep(), card))["redemption"]
    page = (await asker.ask(boss, document, item=item, first=50))["redemptions"]
    counts.append(len(asker.statements))
    assert len(page["edges"]) == 9
    assert counts[0] >= counts[1] >= counts[2]
    assert len((await asker.ask(shop.rep(), viewer))["viewer"]["redemptions"]["edges"]) == 2
    result = await asker.result(boss, document, item=item, first=101)
    assert result.errors[0].extensions["code"] == "PAGE_TOO_LARGE"
    node = f"query($id: ID!) {{ node(id: $id) {{ ... on Redemption {{ {ORDER} }} }} }}"
    assert (await asker.ask(boss, node, id=order["id"]))["node"]["state"] == "ORDERED"
    line = "query($id: ID!) { node(id: $id) { ... on RedemptionLine { state } } }"
    assert (await asker.ask(boss, line, id=order["lines"][0]["id"]))["node"] == {"state": "ORDERED"}
