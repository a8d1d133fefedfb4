"""R1, the SPIFF: reps claim sales, the vendor decides, and every way in which that goes wrong."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from api.graph.ids import Tag, encode_id
from catalog.redemptions.policy import ShopPolicy, TaxThreshold
from domain.access.principals import Role
from domain.claims import submitting
from domain.claims.claim import Claim
from domain.claims.expiring import reject_overdue
from domain.kernel.operation import Operation
from tests.stories.claiming import (
    approve,
    claim,
    consents,
    draft,
    explained,
    granted,
    hand_in,
    is_hidden,
    line,
    now,
    open_claims,
    points,
    seen,
    spiff,
)
from tests.stories.teller import Teller, told

MEMBERS = 16  # even ones work for the first firm, odd ones for its competitor


@pytest.fixture(scope="module")
async def teller(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    years = range(2026, 2030)
    threshold = TaxThreshold(amount=2_000, currency="EUR")
    shop = ShopPolicy(sandbox=True, tax_thresholds={("US", year): threshold for year in years})
    async with told(database, valkey_url, tmp_path_factory.mktemp("r1"), members=MEMBERS, shop=shop) as teller:
        await teller.person("boss0", Role.PARTNER_ADMIN, 14)
        await teller.person("boss1", Role.PARTNER_ADMIN, 15)
        yield teller


async def test_who_changed_employer_after_the_sale_claims_for_the_former_one(teller: Teller) -> None:
    program = await spiff(teller, needs_proof=True)
    unproven = await draft(teller, "rep0", program)
    refused = await teller.says("rep0", "submitClaim", "claim { id }", idempotencyKey="unproven", claimId=unproven)
    assert refused["code"] == "CLAIM_NOT_READY"
    sold = await line(teller, days=-5)
    proof = await hand_in(teller, "rep0")
    await teller.does(
        "rep0", "saveClaim", "claim { id }", programId=program, claimId=unproven, lines=[sold], fileIds=[proof]
    )
    await teller.does("rep0", "submitClaim", "claim { state }", claimId=unproven)
    moved = {
        "externalId": "member-0",
        "name": "Member 0",
        "partnerExternalId": "partner-1",
        "partnerSince": ((await now(teller)) - timedelta(days=2)).isoformat(),
    }
    source = encode_id(Tag.SOURCE, teller.world.source_id)
    asked = {"sourceId": source, "items": [moved]}
    assert (await teller.says("admin", "registerMembers", "changed", **asked))["changed"] == 1
    assert await approve(teller, unproven) == [None]
    assert granted((await seen(teller, "rep0", unproven))["lines"][0]) == [100]
    found = await seen(teller, "manager", unproven)
    assert (found["state"], found["partner"]["name"]) == ("APPROVED", "Partner 0")
    assert found["lines"][0]["activity"]["partner"]["name"] == "Partner 0"
    assert (await seen(teller, "boss0", unproven))["files"][0]["name"] == "invoice.pdf"
    assert await is_hidden(teller, "boss1", unproven)
    late = await draft(teller, "rep0", program, await line(teller, days=-1))
    assert (await seen(teller, "boss1", late))["partner"]["name"] == "Partner 1"
    mixed = await draft(teller, "rep0", program, await line(teller, days=-1), await line(teller, days=-5))
    refused = await teller.says("rep0", "submitClaim", "claim { id }", idempotencyKey="mixed", claimId=mixed)
    assert "SEVERAL_EMPLOYERS" in refused["text"]


async def test_an_employer_that_forbids_blocks_the_award_or_has_it(teller: Teller) -> None:
    program = await spiff(teller)
    before = await claim(teller, "rep1", program, await line(teller, days=-25))
    await consents(teller, 1, "BLOCK", days_from=-30, days_until=-20)
    await consents(teller, 1, "ROUTE_TO_FIRM", days_from=-20, days_until=-10)
    blocked = await draft(teller, "rep1", program, await line(teller, days=-25))
    refused = await teller.says("rep1", "submitClaim", "claim { id }", idempotencyKey="blocked", claimId=blocked)
    assert "EMPLOYER_FORBIDS" in refused["text"]
    routed = await claim(teller, "rep1", program, await line(teller, days=-15, quantity=3))
    assert await approve(teller, before, routed) == [None, None]
    (nothing,) = (await seen(teller, "rep1", before))["lines"]
    assert (nothing["state"], granted(nothing)) == ("APPROVED", [])
    assert "CONDITION_FALSE" in explained(nothing)
    (firms,) = (await seen(teller, "boss1", routed))["lines"]
    paid = [due for due in firms["activity"]["dues"] if due["granted"]]
    assert [(due["granted"], due["member"], due["partner"]) for due in paid] == [
        (300, None, {"id": encode_id(Tag.PARTNER, teller.world.partners[1])})
    ]
    assert await points(teller, "rep1") == 0
    assert (await teller.world.balances(teller.world.partners[1]))["available"] == 300


async def test_two_reps_who_claim_one_sale_wait_in_the_conflict_queue(teller: Teller) -> None:
    program = await spiff(teller)
    serial = f"SN-{next(teller.numbers)}/a"
    before = await points(teller, "rep2"), await points(teller, "rep3")
    first = await claim(teller, "rep2", program, await line(teller, serials=[serial]))
    twin = await line(teller, serials=[serial.lower().replace("/", " ")])
    second = await claim(teller, "rep3", program, twin, await line(teller))
    mine = await seen(teller, "rep3", second)
    assert (mine["state"], mine["isContested"]) == ("SUBMITTED", None)
    assert await is_hidden(teller, "rep3", first)
    document = """query($p: ID!) { claims(filter: {programId: $p, isContested: true}) { edges { node { id } } }
        claimConflicts(programId: $p) {
            edges { node { id state firstClaim { id } secondClaim { id } keys { kind } } } } }"""
    queue = await teller.ask("manager", document, p=program)
    assert [edge["node"]["id"] for edge in queue["claims"]["edges"]] == [second]
    (edge,) = queue["claimConflicts"]["edges"]
    assert (edge["node"]["firstClaim"]["id"], edge["node"]["secondClaim"]["id"]) == (first, second)
    refusals = await approve(teller, first, second)
    assert [one and one["code"] for one in refusals] == [None, "CLAIM_IN_CONFLICT"]
    asked = {"conflictId": edge["node"]["id"], "winner": "SECOND", "reason": "the second one delivered it"}
    await teller.does("manager", "decideClaimConflict", "conflict { state }", **asked)
    again = await teller.says("manager", "decideClaimConflict", "conflict { state }", idempotencyKey="twice", **asked)
    assert again["code"] == "CONFLICT_DECIDED"
    assert await approve(teller, second) == [None]
    lost, won = await seen(teller, "rep2", first), await seen(teller, "rep3", second)
    assert (lost["state"], lost["lines"][0]["reason"]) == ("REVERSED", "CLAIMED_BEFORE")
    assert (won["state"], [granted(one) for one in won["lines"]]) == ("APPROVED", [[100], [100]])
    assert (await points(teller, "rep2"), await points(teller, "rep3")) == (before[0], before[1] + 200)
    third = await claim(teller, "rep2", program, await line(teller, invoice=twin["invoice"].lower()))
    (edge,) = (await teller.ask("manager", document, p=program))["claimConflicts"]["edges"]
    asked = {"conflictId": edge["node"]["id"], "winner": "FIRST", "reason": "it was paid"}
    await teller.does("manager", "decideClaimConflict", "conflict { state }", **asked)
    lost = await seen(teller, "rep2", third)
    assert (lost["state"], lost["lines"][0]["reason"]) == ("REJECTED", "CLAIMED_BEFORE")
    # Who claimed a sale and takes it back leaves it to the next.
    held = await line(teller)
    given_up, next_one = await claim(teller, "rep2", program, held), await claim(teller, "rep3", program, held)
    await teller.does("rep2", "withdrawClaim", "claim { state }", claimId=given_up)
    assert await approve(teller, next_one) == [None]


async def test_a_sale_refunded_after_its_points_were_spent_is_owed_and_settled(teller: Teller) -> None:
    program = await spiff(teller)
    supplier = await teller.supplier("CODE_POOL")
    card = await teller.item(supplier, 150, {"pool": await teller.pool(supplier, ["R-1", "R-2"])})
    one = await claim(teller, "rep4", program, await line(teller), await line(teller))
    assert await approve(teller, one) == [None]
    await teller.order("rep4", card)
    await teller.work()
    refunded = (await seen(teller, "finance", one))["lines"][0]["id"]
    asked = {"claimId": one, "lineIds": [refunded], "reason": "REFUNDED"}
    done = await teller.does("finance", "reverseClaim", "claim { state lines { state reason } }", **asked)
    assert done["claim"]["state"] == "PARTIALLY_APPROVED"
    assert done["claim"]["lines"][0] == {"state": "REVERSED", "reason": "REFUNDED"}
    assert await points(teller, "rep4") == -50
    two = await claim(teller, "rep4", program)
    assert await approve(teller, two) == [None]
    assert await points(teller, "rep4") == 50
    await teller.does("finance", "reverseClaim", "claim { state }", claimId=one, reason="REFUNDED")
    assert (await seen(teller, "rep4", one))["state"] == "REVERSED"
    assert await points(teller, "rep4") == -50


async def test_a_cap_that_is_reached_inside_a_claim_pays_a_part_and_says_why(teller: Teller) -> None:
    program = await spiff(teller, caps=[{"period": "PROGRAM", "amount": 250}])
    lines = [await line(teller, days=-n) for n in (7, 6, 5)]
    one = await claim(teller, "rep6", program, *lines)
    assert await approve(teller, one) == [None]
    found = await seen(teller, "rep6", one)
    assert [granted(each) for each in found["lines"]] == [[100], [100], [50]]
    assert "CAP_AMOUNT" in explained(found["lines"][2])
    assert "CAP_AMOUNT" not in explained(found["lines"][1])
    # Named reps share to the last point; somebody of another firm shares in nothing.
    shares = [(8, 333_334), (10, 333_333), (12, 333_333)]
    reps = [{"memberId": teller.member(place), "sharePpm": ppm} for place, ppm in shares]
    two = await claim(teller, "rep8", program, await line(teller, reps=reps))
    assert await approve(teller, two) == [None]
    assert [await points(teller, f"rep{place}") for place, _ in shares] == [34, 33, 33]
    foreign = [{"memberId": teller.member(8), "sharePpm": 500_000}, {"memberId": teller.member(9), "sharePpm": 500_000}]
    odd = await draft(teller, "rep8", program, await line(teller, reps=foreign))
    refused = await teller.says("rep8", "submitClaim", "claim { id }", idempotencyKey="foreign", claimId=odd)
    assert "REP_NOT_A_COLLEAGUE" in refused["text"]


async def test_what_was_submitted_before_a_campaign_was_shortened_keeps_its_window(teller: Teller) -> None:
    program = await spiff(teller)
    inside = await claim(teller, "rep5", program, await line(teller, days=-2))
    asked_back = await claim(teller, "rep5", program, await line(teller, days=-2))
    unanswered = await claim(teller, "rep7", program, await line(teller, days=-2))
    waiting = await draft(teller, "rep7", program, await line(teller, days=-2))
    shortened = datetime.combine((await now(teller)) - timedelta(days=3), datetime.min.time(), UTC)
    await open_claims(teller, program, soldUntil=shortened.isoformat())
    refused = await teller.says("rep7", "submitClaim", "claim { id }", idempotencyKey="late", claimId=waiting)
    assert "SOLD_OUTSIDE_WINDOW" in refused["text"]
    assert await approve(teller, inside) == [None]
    assert granted((await seen(teller, "rep5", inside))["lines"][0]) == [100]
    # The vendor is late: the claimant has as much time to answer as was left when they handed it in.
    await teller.later(days=70)
    for one in (asked_back, unanswered):
        await teller.does("manager", "reviewClaim", "claim { state }", claimId=one)
        question = {"claimId": one, "question": "Where is the delivery note?"}
        await teller.does("manager", "requestClaimInformation", "claim { state }", **question)
    found = await seen(teller, "rep5", asked_back)
    assert (found["state"], found["turn"]) == ("INFO_REQUESTED", "PARTNER")
    left = datetime.fromisoformat(found["dueAt"]) - await now(teller)
    assert timedelta(days=59) < left <= timedelta(days=60)
    await teller.later(days=50)
    assert await reject_overdue(teller.world.door) == 0
    answer = {"claimId": asked_back, "note": "Here it is.", "fileIds": [await hand_in(teller, "rep5", "note.pdf")]}
    await teller.does("rep5", "answerClaim", "claim { state }", **answer)
    await teller.later(days=10)
    assert await reject_overdue(teller.world.door) == 1
    assert [await reject_overdue(teller.world.door), (await seen(teller, "rep7", unanswered))["state"]] == [
        0,
        "REJECTED",
    ]
    assert (await seen(teller, "rep7", unanswered))["lines"][0]["reason"] == "OVERDUE"
    line_id = (await seen(teller, "manager", asked_back))["lines"][0]["id"]
    verdict = {"lineId": line_id, "rejected": "WRONG_DATA"}
    await teller.does(
        "manager", "decideClaim", "claim { state }", claimId=asked_back, lines=[verdict], note="Another product."
    )
    found = await seen(teller, "rep5", asked_back)
    assert (found["state"], found["steps"][-1]["note"], found["availableActions"]) == (
        "REJECTED",
        "Another product.",
        [],
    )


async def test_points_of_a_claim_are_not_redeemed_beyond_the_tax_threshold(teller: Teller) -> None:
    program = await spiff(teller, amount=1_000)
    source = encode_id(Tag.SOURCE, teller.world.source_id)
    american = {"externalId": "partner-1", "name": "Partner 1", "country": "US"}
    asked = {"sourceId": source, "items": [american]}
    assert (await teller.says("admin", "registerPartners", "changed", **asked))["changed"] == 1
    supplier = await teller.supplier("CODE_POOL")
    card = await teller.item(supplier, 100, {"pool": await teller.pool(supplier, ["T-1", "T-2", "T-3"])})
    one = await claim(teller, "rep11", program)
    assert await approve(teller, one) == [None]
    await teller.order("rep11", card, quantity=2)
    quoted = await teller.quote("rep11", card)
    refused = await teller.says("rep11", "redeem", "redemption { id }", idempotencyKey="tax", quoteId=quoted["id"])
    assert refused["code"] == "TAX_THRESHOLD_REACHED"
    assert await points(teller, "rep11") == 800


async def test_a_room_that_lets_every_claim_hold_everything_is_caught(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def careless(op: Operation, claim: Claim) -> int:
        return 0

    monkeypatch.setattr(submitting, "hold_in", careless)
    with pytest.raises((AssertionError, ValueError)):
        await test_two_reps_who_claim_one_sale_wait_in_the_conflict_queue(teller)
