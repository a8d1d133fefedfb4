"""R9, the voucher catalog: a rep's points against a supplier that is slow, wrong, short of stock or dear."""

import pytest

from catalog.redemptions import fulfilling
from catalog.redemptions.attempting import Decision, Refuse, Taken, what_follows
from catalog.suppliers.outcomes import Asked, Unclear
from domain.access.principals import Scope
from tests.stories.teller import ORDER, Book, Teller


async def test_a_supplier_that_timed_out_after_it_delivered_is_asked_and_delivers_once(teller: Teller) -> None:
    slow, other = Book(outcomes=[Unclear(reason="timeout")]), Book()
    first = await teller.supplier("SCRIPTED", slow)
    second = await teller.supplier("SCRIPTED", other)
    card = await teller.item(first, 100, {"supplier": first, "sku": "card"}, {"supplier": second, "sku": "card"})
    await teller.give(0, 250)
    order = await teller.order("rep0", card)
    await teller.work()
    assert await teller.states("rep0", order) == ["ORDERED"]
    assert await teller.balances("rep0") == (150, 100)
    seen = await teller.ask("support", "{ openFulfilments { edges { node { state reason lineId } } } }")
    (edge,) = seen["openFulfilments"]["edges"]
    assert (edge["node"]["state"], edge["node"]["reason"]) == ("UNKNOWN", "timeout")
    for _ in range(3):
        await teller.later(minutes=10)
        await teller.work()
    assert await teller.states("rep0", order) == ["FULFILLED"]
    assert await teller.balances("rep0") == (150, 0)
    assert (len(slow.delivered), slow.calls, len(other.delivered)) == (1, 1, 0)
    (goods,) = slow.delivered.values()
    line = (await teller.seen("rep0", order))["lines"][0]["id"]
    shown = await teller.does("rep0", "revealVoucherCode", "voucherCode", lineId=line)
    assert shown["voucherCode"] == goods.code


async def test_the_quoted_price_stands_until_the_quote_expires(teller: Teller) -> None:
    supplier = await teller.supplier("CODE_POOL")
    pool = await teller.pool(supplier, ["AAAA-1", "AAAA-2", "AAAA-3"])
    named = {"externalId": "priced"}
    card = await teller.item(supplier, 100, {"pool": pool}, **named)
    await teller.give(0, 1_000)
    early, late = await teller.quote("rep0", card), await teller.quote("rep0", card)
    await teller.item(supplier, 150, {"pool": pool}, **named)
    done = await teller.does("rep0", "redeem", ORDER, quoteId=early["id"])
    assert done["redemption"]["total"] == 100
    await teller.later(seconds=601)
    refused = await teller.says("rep0", "redeem", ORDER, idempotencyKey="late", quoteId=late["id"])
    assert refused["code"] == "QUOTE_EXPIRED"
    assert (await teller.quote("rep0", card))["total"] == 150
    assert await teller.balances("rep0") == (900, 100)


async def test_of_three_two_are_delivered_and_the_third_gives_its_points_back(teller: Teller) -> None:
    source = await teller.machine("platform", "platform", Scope.FULFILMENT_READ, Scope.FULFILMENT_WRITE)
    supplier = await teller.supplier("PULL_QUEUE", sourceId=source)
    card = await teller.item(supplier, 100)
    await teller.give(0, 350)
    order = await teller.order("rep0", card, quantity=3)
    claim = await teller.does("platform", "claimFulfilments", "orders { attemptId fence }", first=10)
    reports = [
        {"attemptId": each["attemptId"], "fence": each["fence"], "outcome": "DELIVERED", "goods": {"code": f"P-{n}"}}
        for n, each in enumerate(claim["orders"])
    ]
    reports[2] = reports[2] | {"outcome": "REFUSED", "reason": "OUT_OF_STOCK", "goods": None}
    for _ in range(2):  # a report that is sent twice counts once
        answer = await teller.says("platform", "completeFulfilment", "results { outcome }", items=reports)
        assert answer["__typename"] == "CompleteFulfilmentSuccess"
    seen = await teller.seen("rep0", order)
    assert seen["state"] == "PARTIALLY_FULFILLED"
    assert await teller.states("rep0", order) == ["FAILED", "FULFILLED", "FULFILLED"]
    assert await teller.balances("rep0") == (150, 0)


async def test_a_code_that_was_seen_and_is_disputed_is_replaced_by_another(teller: Teller) -> None:
    supplier = await teller.supplier("CODE_POOL")
    pool = await teller.pool(supplier, ["DEAD-0001", "GOOD-0002"])
    card = await teller.item(supplier, 100, {"pool": pool})
    await teller.give(0, 100)
    order = await teller.order("rep0", card)
    await teller.work()
    line = (await teller.seen("rep0", order))["lines"][0]["id"]
    first = await teller.does("rep0", "revealVoucherCode", "voucherCode", lineId=line)
    await teller.does("rep0", "reportCodeProblem", "problem { state }", lineId=line, problem="ALREADY_USED")
    queue = await teller.ask("support", "{ codeProblems(state: OPEN) { edges { node { id problem } } } }")
    (edge,) = queue["codeProblems"]["edges"]
    await teller.does(
        "support", "settleCodeProblem", "problem { state }", problemId=edge["node"]["id"], settlement="REPLACE"
    )
    second = await teller.does("rep0", "revealVoucherCode", "voucherCode", lineId=line)
    assert {first["voucherCode"], second["voucherCode"]} == {"DEAD-0001", "GOOD-0002"}
    assert await teller.balances("rep0") == (0, 0)
    document = "query($id: ID!) { redemption(id: $id) { id } }"
    assert (await teller.ask("rep1", document, id=order["id"]))["redemption"] is None
    theft = await teller.says("rep1", "revealVoucherCode", "voucherCode", idempotencyKey="theft", lineId=line)
    assert theft["code"] == "NOT_FOUND"


async def test_points_that_are_held_do_not_expire_before_their_order_ends(teller: Teller) -> None:
    supplier = await teller.supplier("CODE_POOL")
    pool = await teller.pool(supplier, ["WAIT-1", "WAIT-2"])
    trip = await teller.item(supplier, 100, {"pool": pool}, needsApproval=True)
    await teller.earn_expiring(0, 250, days=30)
    kept, dropped = await teller.order("rep0", trip), await teller.order("rep0", trip)
    assert await teller.balances("rep0") == (50, 200)
    await teller.later(days=31)
    assert await teller.balances("rep0") == (0, 200)
    await teller.does("manager", "approveRedemption", ORDER, redemptionId=kept["id"])
    await teller.work()
    assert await teller.states("rep0", kept) == ["FULFILLED"]
    await teller.does("manager", "rejectRedemption", ORDER, redemptionId=dropped["id"])
    assert await teller.balances("rep0") == (0, 0)
    refused = await teller.quote("rep0", trip)
    assert refused["code"] == "INSUFFICIENT_POINTS"


async def test_a_supplier_of_one_call_a_second_is_called_once_a_second(teller: Teller) -> None:
    book = Book()
    supplier = await teller.supplier("SCRIPTED", book, rateCalls=1, rateSeconds=1)
    card = await teller.item(supplier, 10, {"supplier": supplier, "sku": "card"})
    await teller.give(0, 100)
    order = await teller.order("rep0", card, quantity=3)
    for calls in (1, 2, 3):
        await teller.work()
        assert book.calls == calls
        await teller.later(seconds=1)
    assert await teller.states("rep0", order) == ["FULFILLED"] * 3


async def test_a_fulfiller_that_takes_a_timeout_for_a_refusal_is_caught(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rash(was: Taken, outcome: Asked, *, calls: int) -> Decision:
        return Refuse(reason="FAILED") if isinstance(outcome, Unclear) else what_follows(was, outcome, calls=calls)

    monkeypatch.setattr(fulfilling, "what_follows", rash)
    with pytest.raises(AssertionError):
        await test_a_supplier_that_timed_out_after_it_delivered_is_asked_and_delivers_once(teller)
