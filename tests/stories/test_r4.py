"""R4, the MDF: money for what partners do for the market, in any unit, with and without proof."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag, encode_id
from domain.activities.activity import ActivityReversal, Amount, Basis
from tests.building import deal
from tests.stories.claiming import hand_in, now
from tests.stories.funding import (
    EVENT,
    accrue,
    allocate,
    allocation_seen,
    balance,
    claim,
    claim_seen,
    decide,
    draft,
    fund,
    invoice,
    people,
    plan,
    rates,
    request,
    request_seen,
    settle,
    tier,
    wrong_books,
)
from tests.stories.teller import Teller, told

DAY = 86_400
NO_FILE = encode_id(Tag.FILE, UUID(int=7))


@pytest.fixture(scope="module")
async def teller(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    async with told(database, valkey_url, tmp_path_factory.mktemp("r4"), members=4) as teller:
        await people(teller)
        yield teller


async def test_costs_in_another_currency_are_converted_by_the_rate_of_their_day(teller: Teller) -> None:
    at = (await now(teller)).replace(hour=0, minute=0, second=0, microsecond=0)
    allocation = await allocate(teller, await fund(teller), 0, 100_000)
    unsent = await draft(teller, "boss0", allocation, cost=30_001, currency="USD")
    refused = await teller.says("boss0", "submitFundRequest", "request { id }", idempotencyKey="rate", requestId=unsent)
    assert (refused["code"], "USD" in refused["text"]) == ("FUND_RATE_MISSING", True)
    await rates(
        teller,
        ("USD", "EUR", 9, 10, at - timedelta(days=50)),
        ("USD", "EUR", 8, 10, at - timedelta(days=5)),
    )
    # 300.01 dollars are 240.01 euros today; the fund bears half, rounded down.
    await teller.does("boss0", "submitFundRequest", "request { state }", requestId=unsent)
    assert (await request_seen(teller, "rep0", unsent))["amount"] == 12_000
    await decide(teller, unsent)
    old = await invoice(teller, 10_001, currency="USD", invoicedOn=(at - timedelta(days=10)).date().isoformat())
    new = await invoice(teller, 10_001, currency="USD")
    seen = await claim_seen(teller, "boss0", await claim(teller, "boss0", unsent, old, new))
    assert [(one["costInUnit"], one["amount"]) for one in seen["lines"]] == [(9_001, 4_500), (8_001, 4_000)]
    assert await balance(teller, allocation) == [100_000, 0, 3_500, 8_500, 0, 88_000]
    # Before the first rate nothing is converted; tomorrow's invoice is not there yet.
    for days, code in ((-60, "FUND_RATE_MISSING"), (2, "INVALID_INPUT")):
        day = (at + timedelta(days=days)).date().isoformat()
        line = await invoice(teller, 100, who=None, currency="USD", invoicedOn=day)
        said = {"idempotencyKey": f"day {days}", "requestId": unsent, "lines": [line]}
        assert (await teller.says("boss0", "submitFundClaim", "claim { id }", **said))["code"] == code
    await teller.world.database.fetch(
        """INSERT INTO unit (code, kind, exponent, name) VALUES ('HOURS', 'POINTS', 0, '{"en": "expert hours"}')"""
    )
    # Expert hours are another unit: nothing converts them, and what is used is a quantity.
    hours = await allocate(teller, await fund(teller, unit="HOURS", activities=[EVENT | {"cofundPpm": 0}]), 0, 40)
    mixed = await draft(teller, "boss0", hours, cost=16, cofund=0)
    refused = await teller.says("boss0", "submitFundRequest", "request { id }", idempotencyKey="mix", requestId=mixed)
    assert refused["code"] == "FUND_RATE_MISSING"
    used = await request(teller, "boss0", hours, cost=16, cofund=0, currency="HOURS")
    await decide(teller, used)
    spent = await claim(teller, "boss0", used, await invoice(teller, 10, currency="HOURS"))
    await teller.does("manager", "decideFundClaim", "claim { state }", claimId=spent)
    await teller.does("finance", "payFundClaim", "claim { state }", claimId=spent, bankReference="timesheet 7")
    assert await balance(teller, hours) == [40, 0, 6, 0, 10, 24]
    quantity = await teller.world.database.fetchval("SELECT quantity FROM activity WHERE type = 'mdf.claimed'")
    assert quantity == 10
    assert await wrong_books(teller) == []


async def test_an_invoice_without_proof_is_not_paid_and_may_be_claimed_again(teller: Teller) -> None:
    allocation = await allocate(teller, await fund(teller), 0, 20_000)
    asked = await request(teller, "boss0", allocation, cost=20_000)
    await decide(teller, asked)
    proven, unproven = await invoice(teller, 6_000), await invoice(teller, 4_000, who=None)
    first = await claim(teller, "boss0", asked, proven, unproven)
    for who, name in (("rep0", "decideFundClaim"), ("finance", "decideFundClaim"), ("manager", "payFundClaim")):
        more = {"bankReference": "x"} if name == "payFundClaim" else {}
        refused = await teller.says(who, name, "claim { id }", idempotencyKey=f"{who} {name}", claimId=first, **more)
        assert refused["code"] == "NOT_ALLOWED"
    decided = await teller.does("manager", "decideFundClaim", "claim { state approved }", claimId=first)
    assert decided["claim"] == {"state": "PARTIALLY_APPROVED", "approved": 3_000}
    seen = await claim_seen(teller, "boss0", first)
    assert [(one["state"], one["reason"]) for one in seen["lines"]] == [
        ("APPROVED", None),
        ("REJECTED", "PROOF_MISSING"),
    ]
    paid = await teller.does("finance", "payFundClaim", "claim { state }", claimId=first, bankReference="SEPA 1")
    assert paid["claim"]["state"] == "PARTIALLY_PAID"
    assert await balance(teller, allocation) == [20_000, 0, 7_000, 0, 3_000, 10_000]
    twice = {"idempotencyKey": "twice", "requestId": asked, "lines": [proven]}
    refused = await teller.says("boss0", "submitFundClaim", "claim { id }", **twice)
    assert (refused["code"], proven["invoice"] in refused["text"]) == ("INVALID_INPUT", True)
    foreign = await invoice(teller, 100, who="boss1")
    stolen = {"idempotencyKey": "stolen", "requestId": asked, "lines": [foreign]}
    unknown = {"idempotencyKey": "unknown", "requestId": asked, "lines": [{**foreign, "fileId": NO_FILE}]}
    for said in (stolen, unknown):
        assert (await teller.says("boss0", "submitFundClaim", "claim { id }", **said))["code"] == "NOT_FOUND"
    # Claimed again without proof, asked for, and proven in the answer; asked again and not answered, it is rejected.
    second = await claim(teller, "boss0", asked, unproven)
    question = {"claimId": second, "question": "Where is the invoice?"}
    await teller.does("manager", "requestFundClaimInformation", "claim { state }", **question)
    (line,) = (await claim_seen(teller, "boss0", second))["lines"]
    proofs = [{"lineId": line["id"], "fileId": await hand_in(teller, "boss0")}]
    await teller.does("boss0", "answerFundClaim", "claim { state }", claimId=second, note="Here.", proofs=proofs)
    await teller.does("manager", "decideFundClaim", "claim { state }", claimId=second)
    assert (await claim_seen(teller, "rep0", second))["state"] == "APPROVED"
    third = await claim(teller, "boss0", asked, await invoice(teller, 2_000, who=None))
    await teller.does("manager", "requestFundClaimInformation", "claim { state }", claimId=third, question="And this?")
    await teller.later(days=14)
    await settle(teller)
    seen = await claim_seen(teller, "boss0", third)
    assert (seen["state"], seen["lines"][0]["reason"]) == ("REJECTED", "OVERDUE")
    assert await balance(teller, allocation) == [20_000, 0, 5_000, 2_000, 3_000, 10_000]
    assert await wrong_books(teller) == []


async def refuse_plans(teller: Teller, allocation: str) -> None:
    """What the fund does not pay for is refused, each for its reason, and so is who may not ask."""
    wrong: Sequence[tuple[Mapping[str, Any], str]] = (
        ({"activity": "holiday"}, "list"),
        ({"cofund": 400_000}, "bears"),
        ({"startsOn": "2020-01-01", "endsOn": "2020-01-02"}, "happen"),
    )
    for more, problem in wrong:
        said = {"allocationId": allocation, **(await plan(teller, **more))}
        refused = await teller.says("boss0", "saveFundRequest", "request { id }", idempotencyKey=problem, **said)
        assert (refused["code"], problem in refused["text"]) == ("FUND_ACTIVITY_NOT_ELIGIBLE", True)
    said = {"allocationId": allocation, **(await plan(teller))}
    assert (await teller.says("rep0", "saveFundRequest", "request { id }", idempotencyKey="rep", **said))["code"] == (
        "NOT_ALLOWED"
    )
    dear = await draft(teller, "boss0", allocation, activity="campaign", cofund=0, cost=50_001)
    refused = await teller.says("boss0", "submitFundRequest", "request { id }", idempotencyKey="dear", requestId=dear)
    assert refused["code"] == "FUND_ACTIVITY_NOT_ELIGIBLE"


async def keep_from_rivals(teller: Teller, fund_id: str, allocation: str, rival: str) -> None:
    """Both firms have a part of the fund, and neither hears of the other's."""
    # The vendor sees all of it; a competitor sees its own part, and none of anybody else's.
    whole = await teller.ask("manager", "query($id: ID!) { fund(id: $id) { balance { allocated } } }", id=fund_id)
    assert whole["fund"]["balance"]["allocated"] == 10_700
    mine = await teller.ask(
        "boss1",
        """query($id: ID!) { fund(id: $id) { code balance { allocated } }
        fundAllocations { edges { node { id } } } fundRequests { edges { node { id } } }
        fundClaims { edges { node { id } } } }""",
        id=fund_id,
    )
    assert mine["fund"]["balance"] is None
    assert rival in [edge["node"]["id"] for edge in mine["fundAllocations"]["edges"]]
    assert allocation not in [edge["node"]["id"] for edge in mine["fundAllocations"]["edges"]]
    assert (mine["fundRequests"]["edges"], mine["fundClaims"]["edges"]) == ([], [])


async def test_every_balance_is_known_as_of_any_instant(teller: Teller) -> None:
    await teller.world.launch({"trigger": "mdf.claimed", "effect": {"kind": "FIXED", "amount": 25}})
    before = await teller.world.worth(teller.world.members[2])
    fund_id = await fund(teller)
    allocation = await allocate(teller, fund_id, 0, 10_000)
    rival = await allocate(teller, fund_id, 1, 700)
    seen: list[tuple[datetime, list[int]]] = []

    async def note(*expected: int) -> None:
        seen.append((await now(teller), await balance(teller, allocation)))
        assert seen[-1][1] == list(expected)
        await teller.later(minutes=1)

    await note(10_000, 0, 0, 0, 0, 10_000)
    await refuse_plans(teller, allocation)
    asked = await request(teller, "boss0", allocation, cost=16_001)
    assert (await request_seen(teller, "rep0", asked))["availableActions"] == []
    await note(10_000, 8_000, 0, 0, 0, 2_000)
    over = await draft(teller, "boss0", allocation, cost=4_002)
    refused = await teller.says("boss0", "submitFundRequest", "request { id }", idempotencyKey="over", requestId=over)
    assert refused["code"] == "FUNDS_INSUFFICIENT"
    unsaid = {"idempotencyKey": "unsaid", "requestId": asked, "decision": "APPROVE", "amount": 6_000}
    assert (await teller.says("manager", "decideFundRequest", "request { id }", **unsaid))["code"] == "INVALID_INPUT"
    reduced = await decide(teller, asked, amount=6_000, note="The budget of the quarter.")
    assert (reduced["state"], reduced["approved"], reduced["unclaimed"]) == ("APPROVED", 6_000, 6_000)
    await note(10_000, 0, 6_000, 0, 0, 4_000)
    first = await claim(teller, "boss0", asked, await invoice(teller, 6_000))
    second = await claim(teller, "boss0", asked, await invoice(teller, 9_000, amount=2_000))
    await note(10_000, 0, 1_000, 5_000, 0, 4_000)
    more = {"idempotencyKey": "more", "requestId": asked, "lines": [await invoice(teller, 2_002)]}
    assert (await teller.says("boss0", "submitFundClaim", "claim { id }", **more))["code"] == "FUNDS_INSUFFICIENT"
    busy = await teller.says("boss0", "cancelFundRequest", "request { id }", idempotencyKey="busy", requestId=asked)
    assert busy["code"] == "FUND_REQUEST_NOT_IN_STATE"
    await teller.does("boss0", "withdrawFundClaim", "claim { state }", claimId=second)
    await teller.does("manager", "decideFundClaim", "claim { state }", claimId=first)
    paid = {"claimId": first, "bankReference": "SEPA 4711"}
    told_ = await teller.does("finance", "payFundClaim", "claim { state bankReference activity { id } }", **paid)
    assert (told_["claim"]["state"], told_["claim"]["bankReference"]) == ("PAID", "SEPA 4711")
    assert told_["claim"]["activity"] is not None
    again = await teller.says("finance", "payFundClaim", "claim { id }", idempotencyKey="again", **paid)
    assert again["code"] == "FUND_CLAIM_NOT_IN_STATE"
    await note(10_000, 0, 3_000, 0, 3_000, 4_000)
    assert await teller.world.worth(teller.world.members[2]) == before + 25
    back = {"claimId": first, "reason": "the bank sent it back"}
    await teller.does("finance", "reverseFundClaim", "claim { state }", **back)
    await note(10_000, 0, 6_000, 0, 0, 4_000)
    assert await teller.world.worth(teller.world.members[2]) == before
    await teller.does("boss0", "cancelFundRequest", "request { state }", requestId=asked)
    await note(10_000, 0, 0, 0, 0, 10_000)
    for at, stood in seen:
        assert await balance(teller, allocation, at, "rep0") == stood
    earlier = (await now(teller)) - timedelta(days=50)
    assert await balance(teller, allocation, earlier) == [0, 0, 0, 0, 0, 0]
    await keep_from_rivals(teller, fund_id, allocation, rival)
    for found in (
        await allocation_seen(teller, "boss1", allocation),
        await request_seen(teller, "boss1", asked),
        await claim_seen(teller, "boss1", first),
        await request_seen(teller, "manager", over),
    ):
        assert found is None
    assert await wrong_books(teller) == []


async def test_what_partners_do_accrues_by_their_tier_and_follows_corrections(teller: Teller) -> None:
    at = await now(teller)
    tiers = [{"tier": "GOLD", "ppm": 50_000}, {"tier": "SILVER", "ppm": 20_000}]
    accrual = {"trigger": "deal.won", "basis": "NET", "tiers": tiers, "defaultPpm": 0}
    fund_id = await fund(teller, pool=0, unit="USD", kind="ACCRUAL", accrual=accrual)
    unfit = {
        "idempotencyKey": "unfit",
        "fundId": fund_id,
        "amount": 1,
        "partnerId": encode_id(Tag.PARTNER, teller.world.partners[0]),
    }
    assert (await teller.says("manager", "allocateFund", "allocation { id }", **unfit))["code"] == "FUNDS_INSUFFICIENT"
    await tier(teller, 0, "SILVER", at - timedelta(days=90))
    await tier(teller, 0, "GOLD", at - timedelta(days=20))
    won = [
        replace(deal(f"mdf-{n}", teller.world.members[0], net=net), occurred_at=at - timedelta(days=days))
        for n, (net, days) in enumerate(((100_025, 30), (100_010, 10), (100_000, 99), (5_000_000, 150)))
    ]
    await teller.world.record(*won)
    await accrue(teller)
    document = "query($id: ID) { fundAllocations(fundId: $id) { edges { node { id owed balance { available } } } } }"
    (edge,) = (await teller.ask("boss0", document, id=fund_id))["fundAllocations"]["edges"]
    # 2 % of 1,000.25 and 5 % of 1,000.10, each half up; nothing before the tier, nothing before the year.
    assert edge["node"]["balance"]["available"] == 2_001 + 5_001
    allocation = edge["node"]["id"]
    await teller.world.correct(replace(won[0], amounts={Basis.NET: Amount(minor=50_000, unit="USD")}))
    await accrue(teller)
    assert await balance(teller, allocation) == [6_001, 0, 0, 0, 0, 6_001]
    # It is used, and then the sale is taken back: what is missing is owed, and settled by the next one.
    await request(teller, "boss0", allocation, cost=10_000, currency="USD")
    await teller.world.correct(ActivityReversal(external_id="mdf-1", reason="refunded"))
    await accrue(teller)
    found = await allocation_seen(teller, "boss0", allocation)
    assert (found["owed"], found["balance"]["available"]) == (4_000, 0)
    later = [
        replace(deal(f"mdf-{n}", teller.world.members[0], net=100_000, **more), occurred_at=at - timedelta(days=5))
        for n, more in ((8, {}), (9, {}))
    ]
    euros = replace(later[1], amounts={Basis.NET: Amount(minor=100_000, unit="EUR")})
    await teller.world.record(later[0], euros)
    await accrue(teller)
    found = await allocation_seen(teller, "boss0", allocation)
    assert (found["owed"], found["balance"]["available"]) == (0, 1_000)
    # What lacked a rate accrues once there is one.
    await rates(teller, ("EUR", "USD", 11, 10, at - timedelta(days=40)))
    await accrue(teller)
    assert (await balance(teller, allocation))[-1] == 1_000 + 5_500
    assert await wrong_books(teller) == []
