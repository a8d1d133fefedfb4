"""R4, the MDF, and time: money that would be lost, a year that ends, a vendor who is slow."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api.graph.ids import Tag, encode_id
from domain.kernel.turns import Turn
from tests.stories.claiming import now
from tests.stories.funding import (
    EVENT,
    allocate,
    balance,
    claim,
    decide,
    draft,
    events,
    fund,
    invoice,
    people,
    plan,
    request,
    request_seen,
    settle,
    wrong_books,
)
from tests.stories.teller import Teller, told

DAY = 86_400
NO_FILE = encode_id(Tag.FILE, UUID(int=7))


@pytest.fixture(scope="module")
async def teller(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    async with told(database, valkey_url, tmp_path_factory.mktemp("r4-time"), members=4) as teller:
        await people(teller)
        yield teller


async def test_money_that_is_not_used_in_time_is_reminded_of_extended_and_returned(teller: Teller) -> None:
    fund_id = await fund(teller, days=20, reminderDays=[30, 7, 1])
    allocation = await allocate(teller, fund_id, 0, 5_000)
    other = await allocate(teller, fund_id, 1, 4_000)
    # Two thresholds have a day of their own to be told on; the one that had passed before is told at once.
    for seconds, expected in ((1, [30]), (12 * DAY, [30]), (2 * DAY, [30, 7]), (1, [30, 7])):
        await teller.later(seconds=seconds)
        await settle(teller)
        assert [one["days"] for one in await events(teller, "mdf.reminder", allocation)] == expected
    asked = {"allocationId": allocation, "reason": "the event moved"}
    until = ((await now(teller)) + timedelta(days=60)).isoformat()
    await teller.does("boss0", "requestFundExtension", "allocation { extensionState }", until=until, **asked)
    again = await teller.says(
        "boss0", "requestFundExtension", "allocation { id }", idempotencyKey="twice", until=until, **asked
    )
    assert again["code"] == "FUND_EXTENSION_NOT_OPEN"
    hidden = await teller.says(
        "boss1", "requestFundExtension", "allocation { id }", idempotencyKey="not-mine", until=until, **asked
    )
    assert hidden["code"] == "NOT_FOUND"
    # Nothing is lost while the vendor thinks about it; the competitor who did not ask has lost what it had.
    await teller.later(days=10)
    await settle(teller)
    assert await balance(teller, allocation) == [5_000, 0, 0, 0, 0, 5_000]
    assert await balance(teller, other, who="boss1") == [0, 0, 0, 0, 0, 0]
    granted = {"allocationId": allocation, "isGranted": True, "note": "Good luck."}
    answer = await teller.does("manager", "answerFundExtension", "allocation { extensionState useBy }", **granted)
    assert answer["allocation"]["extensionState"] == "GRANTED"
    late = await teller.says("manager", "answerFundExtension", "allocation { id }", idempotencyKey="late", **granted)
    assert late["code"] == "FUND_EXTENSION_NOT_OPEN"
    await teller.later(days=44)
    await settle(teller)
    assert [one["days"] for one in await events(teller, "mdf.reminder", allocation)] == [30, 7, 7]
    await settle(teller)
    await teller.later(days=7)
    over = await teller.says(
        "boss0", "requestFundExtension", "allocation { id }", idempotencyKey="o", until=until, **asked
    )
    assert over["code"] == "FUND_TIME_OVER"
    unsent = await draft(teller, "boss0", allocation)
    refused = await teller.says("boss0", "submitFundRequest", "request { id }", idempotencyKey="u", requestId=unsent)
    assert refused["code"] == "FUND_TIME_OVER"
    await settle(teller)
    assert await balance(teller, allocation) == [0, 0, 0, 0, 0, 0]
    document = "query($id: ID!) { fund(id: $id) { pool } }"
    assert (await teller.ask("finance", document, id=fund_id))["fund"]["pool"] == 1_000_000
    assert (await teller.ask("boss0", document, id=fund_id))["fund"]["pool"] is None
    assert await wrong_books(teller) == []


async def test_what_a_year_leaves_rolls_into_the_next_as_far_as_the_fund_says(teller: Teller) -> None:
    first = await fund(teller, days=30, rolloverPpm=333_333)
    allocation = await allocate(teller, first, 0, 10_000)
    kept = await request(teller, "boss0", allocation, cost=4_000)
    await decide(teller, kept)
    following = await fund(teller, days=400, pool=0, rollsFromId=first)
    other = {"code": "third", "rollsFromId": first, "name": {"en": "x"}, "unit": "EUR", "kind": "DISCRETIONARY"}
    at = await now(teller)
    dates = {
        name: (at + timedelta(days=n)).isoformat() for name, n in (("startsAt", 0), ("useBy", 500), ("endsAt", 501))
    }
    refused = await teller.says(
        "manager", "defineFund", "fund { id }", idempotencyKey="third", activities=[EVENT], **other, **dates
    )
    assert refused["code"] == "INVALID_INPUT"
    await teller.later(days=31)
    await settle(teller)
    # 8,000 were not asked for: a third goes on, rounded down, the rest is in the pool of the year that was.
    assert await balance(teller, allocation) == [2_000, 0, 2_000, 0, 0, 0]
    document = """query($id: ID) { fundAllocations(fundId: $id) {
        edges { node { id balance { available } fund { code } } } } }"""
    (edge,) = (await teller.ask("boss0", document, id=following))["fundAllocations"]["edges"]
    assert edge["node"]["balance"]["available"] == 2_666
    # What was approved in the old year is claimed in the new one; what of it nobody claims follows.
    part = await claim(teller, "boss0", kept, await invoice(teller, 1_000))
    await teller.does("manager", "decideFundClaim", "claim { state }", claimId=part)
    await teller.later(days=120)
    await settle(teller)
    assert (await request_seen(teller, "boss0", kept))["state"] == "EXPIRED"
    assert await balance(teller, allocation) == [500, 0, 0, 500, 0, 0]
    assert await balance(teller, edge["node"]["id"]) == [2_666 + 499, 0, 0, 0, 0, 2_666 + 499]
    pools = await teller.ask(
        "finance", "query($a: ID!, $b: ID!) { a: fund(id: $a) { pool } b: fund(id: $b) { pool } }", a=first, b=following
    )
    assert [pools["a"]["pool"], pools["b"]["pool"]] == [0, 1_000_000 - 10_000 + 5_334 + 1_001]
    await settle(teller)
    assert await wrong_books(teller) == []


async def test_a_slow_vendor_does_not_cost_the_partner_its_time(teller: Teller) -> None:
    fund_id = await fund(teller, days=30)
    allocation = await allocate(teller, fund_id, 0, 10_000)
    ends_on = ((await now(teller)) + timedelta(days=60)).date().isoformat()
    asked_back = await request(teller, "boss0", allocation, cost=4_000, endsOn=ends_on)
    declined = await request(teller, "boss0", allocation, cost=6_000)
    rejected = await request(teller, "boss0", allocation, cost=8_000)
    assert await balance(teller, allocation) == [10_000, 9_000, 0, 0, 0, 1_000]
    # The vendor sleeps beyond the date: only what nobody had asked for is lost.
    await teller.later(days=50)
    await settle(teller)
    question = {"requestId": asked_back, "question": "Who is invited?"}
    await teller.does("manager", "requestFundInformation", "request { state }", **question)
    await decide(teller, rejected, "REJECT", note="Too dear.")
    unsaid = {"idempotencyKey": "no word", "requestId": declined, "decision": "DECLINE"}
    assert (await teller.says("manager", "decideFundRequest", "request { id }", **unsaid))["code"] == "INVALID_INPUT"
    gone = await decide(teller, declined, "DECLINE", note="Not this year.")
    assert (gone["state"], gone["turn"], gone["availableActions"]) == ("DECLINED", None, [])
    for one in (asked_back, rejected):
        found = await request_seen(teller, "boss0", one)
        left = datetime.fromisoformat(found["dueAt"]) - await now(teller)
        assert (found["turn"], timedelta(days=29) < left <= timedelta(days=30)) == ("PARTNER", True)
    # What was declined may be asked for again in the thirty days that were left.
    await teller.later(days=29)
    await settle(teller)
    assert await balance(teller, allocation) == [9_000, 6_000, 0, 0, 0, 3_000]
    await teller.does("boss0", "answerFundRequest", "request { state }", requestId=asked_back, note="Ten customers.")
    smaller = {"allocationId": allocation, "requestId": rejected, **(await plan(teller, cost=5_001))}
    await teller.does("boss0", "saveFundRequest", "request { state }", **smaller)
    await teller.does("boss0", "submitFundRequest", "request { state }", requestId=rejected)
    assert await balance(teller, allocation) == [9_000, 4_500, 0, 0, 0, 4_500]
    approved = await decide(teller, asked_back)
    assert {"action": "ANSWER", "isVendor": False, "note": "Ten customers."} in approved["steps"]
    await decide(teller, rejected, "REJECT", note="Still.")
    await teller.later(days=15)
    await settle(teller)
    assert (await request_seen(teller, "boss0", rejected))["state"] == "EXPIRED"
    assert await balance(teller, allocation) == [2_000, 0, 2_000, 0, 0, 0]
    # A claim that the vendor sits on holds the request's clock, too.
    waiting = await claim(teller, "boss0", asked_back, await invoice(teller, 2_000))
    await teller.later(days=300)
    await settle(teller)
    await teller.does("manager", "decideFundClaim", "claim { state }", claimId=waiting)
    await settle(teller)
    await claim(teller, "boss0", asked_back, await invoice(teller, 1_000))
    assert await wrong_books(teller) == []


async def test_a_clock_that_never_stands_still_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(turn: Turn, _: datetime) -> datetime | None:
        return turn.due_at

    monkeypatch.setattr(Turn, "due_by", careless)
    with pytest.raises(AssertionError):
        await test_a_slow_vendor_does_not_cost_the_partner_its_time(teller)
