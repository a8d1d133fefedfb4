"""R5, deal registration: whoever is first is protected, conflicts are settled in the open, and nobody is named."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.graph.ids import Tag, decode_as, encode_id
from domain.deals import conflict
from domain.deals.conflict import Verdict
from domain.deals.machine import DealState
from domain.programs.defining import publish_terms
from tests.stories.dealing import (
    ACME,
    acme,
    acted,
    approved,
    moment,
    one_registered,
    partner_of,
    points,
    prepared,
    registered,
    seen,
    time_passes,
    vendor_staff,
    won,
)
from tests.stories.teller import Teller

WON_PAYS: dict[str, Any] = {
    "trigger": "deal.registered_won",
    "effect": {"kind": "PER_UNIT", "amount": 1, "per": 10_000},
    "basis_unit": "EUR",
}


@pytest.fixture
async def vendor(teller: Teller) -> Teller:
    await prepared(teller)
    return teller


async def test_a_duplicate_is_found_under_another_spelling_and_a_similar_name_is_looked_at(vendor: Teller) -> None:
    first, unclear, broken = await registered(
        vendor,
        "rep0",
        acme(products=["CRM"]),
        {"title": "No keys", "customer": {"name": "Northwind Traders GmbH"}},
        {"title": "Broken", "customer": {"name": "x", "domain": "no domain"}},
    )
    assert first["deal"]["state"] == unclear["deal"]["state"] == "SUBMITTED"
    assert (broken["deal"], broken["field"]) == (None, "customer.domain")
    # The same firm by name and by domain, and another product of it.
    named, by_domain, elsewhere, similar = await registered(
        vendor,
        "rep1",
        {"title": "a", "customer": {"name": "SOCIETE ACME"}, "products": ["CRM", "ERP"]},
        {"title": "b", "customer": {"name": "Acme Holding", "domain": "sales@acme.example"}},
        acme(products=["ERP"]),
        {"title": "c", "customer": {"name": "Northwind Trading Ltd"}},
    )
    assert [one["deal"]["state"] for one in (named, by_domain)] == ["REJECTED", "REJECTED"]
    assert {one["deal"]["reason"] for one in (named, by_domain)} == {"CUSTOMER_PROTECTED"}
    assert elsewhere["deal"]["state"] == "SUBMITTED"
    assert similar["deal"]["state"] == "IN_REVIEW"
    assert [one["kind"] for one in similar["deal"]["conflicts"]] == ["SIMILAR"]
    against = (await seen(vendor, "manager", similar["deal"]) or {})["conflicts"][0]["against"]
    assert against == {"id": unclear["deal"]["id"]}
    # The vendor finds that it is somebody else, and the partner's own second try is told apart from a rival's.
    assert (await approved(vendor, similar["deal"]))["state"] == "APPROVED"
    assert (await one_registered(vendor, "rep2"))["reason"] == "REGISTERED_BY_YOUR_FIRM"


async def test_a_customer_of_the_vendors_own_rep_is_disputed_with_evidence_before_it_is_due(vendor: Teller) -> None:
    related = await vendor.does(
        "manager",
        "relateCustomer",
        "customer { id relations { id kind } }",
        customer=ACME,
        kind="VENDOR_REP",
        memberId=await vendor_staff(vendor),
    )
    assert [one["kind"] for one in related["customer"]["relations"]] == ["VENDOR_REP"]
    deal = await one_registered(vendor, "rep0")
    assert (deal["state"], deal["isWithVendor"]) == ("IN_REVIEW", False)
    assert [(one["kind"], one["state"]) for one in deal["conflicts"]] == [("VENDOR_REP", "OPEN")]
    assert deal["conflicts"][0]["dueAt"] == deal["dueAt"]
    proof = await vendor.client.post(
        "/files?name=mail.csv&purpose=evidence",
        content=b"date,subject\n2026-01-02,First call\n",
        headers={"authorization": f"Bearer {vendor.tokens['rep0']}", "content-type": "text/csv"},
    )
    assert proof.status_code == 201, proof.text
    held = await acted(vendor, "rep0", "disputeDeal", deal, note="We called in January.", fileIds=[proof.json()["id"]])
    assert (held["state"], held["isWithVendor"], held["conflicts"][0]["state"]) == ("IN_REVIEW", True, "DISPUTED")
    # The vendor takes longer than the partner had: the clock stands still.
    await time_passes(vendor, days=30)
    assert (await seen(vendor, "rep0", deal) or {})["state"] == "IN_REVIEW"
    document = "query($id: ID!) { dealRegistration(id: $id) { evidence { note files { name } } } }"
    evidence = (await vendor.ask("manager", document, id=deal["id"]))["dealRegistration"]["evidence"]
    assert evidence == [{"note": "We called in January.", "files": [{"name": "mail.csv"}]}]
    done = await approved(vendor, deal)
    assert (done["state"], done["conflicts"][0]["outcome"]) == ("APPROVED", "UPHELD")
    # Another, without evidence, ends when it is due, and its customer is free.
    other = await one_registered(vendor, "rep2", products=["ERP"])
    assert other["reason"] == "REGISTERED_BY_YOUR_FIRM"
    await acted(vendor, "rep0", "cancelDeal", deal)
    silent = await one_registered(vendor, "rep2")
    await time_passes(vendor, days=11)
    ended = await seen(vendor, "rep2", silent) or {}
    assert (ended["state"], ended["reason"], ended["conflicts"][0]["outcome"]) == (
        "REJECTED",
        "EVIDENCE_MISSING",
        "LAPSED",
    )
    assert (await acted(vendor, "rep2", "disputeDeal", silent, note="Late."))["code"] == "DEAL_ACTION_NOT_AVAILABLE"


async def test_an_incumbent_partner_is_considered_and_is_no_obstacle_to_itself(vendor: Teller) -> None:
    await vendor.does(
        "manager", "relateCustomer", "customer { id }", customer=ACME, kind="INCUMBENT", partnerId=partner_of(vendor, 1)
    )
    deal = await one_registered(vendor, "rep0", products=["CRM"])
    assert (deal["state"], [one["kind"] for one in deal["conflicts"]]) == ("IN_REVIEW", ["INCUMBENT"])
    turned_down = await acted(vendor, "manager", "decideDeal", deal, decision="REJECT", reason="INCUMBENT")
    assert (turned_down["state"], turned_down["conflicts"][0]["outcome"]) == ("REJECTED", "DISMISSED")
    own = await one_registered(vendor, "rep1", products=["ERP"])
    assert own["state"] == "SUBMITTED"
    # What is returned keeps its customer, is edited and submitted again, or expires.
    returned = await acted(vendor, "manager", "decideDeal", own, decision="RETURN", note="Which edition?")
    assert (returned["state"], returned["holdsCustomer"], returned["isWithVendor"]) == ("RETURNED", True, False)
    await acted(vendor, "rep1", "editDeal", own, deal=acme(products=["ERP", "HR"]))
    assert (await acted(vendor, "rep1", "submitDeal", own))["state"] == "SUBMITTED"
    await acted(vendor, "manager", "decideDeal", own, decision="RETURN", note="And for how many?")
    await time_passes(vendor, days=15)
    assert (await seen(vendor, "rep1", own) or {})["reason"] == "NOT_ANSWERED"


async def test_a_protected_deal_is_given_to_another_partner_with_a_reason_in_the_log(vendor: Teller) -> None:
    await vendor.world.launch(WON_PAYS)
    deal = await one_registered(vendor, "rep0")
    await approved(vendor, deal)
    asked = {"memberId": vendor.member(1), "reason": "The customer asked for it"}
    assert (await acted(vendor, "rep0", "reassignDeal", deal, **asked))["code"] == "NOT_ALLOWED"
    given = await acted(vendor, "manager", "reassignDeal", deal, **asked)
    assert given["partner"]["name"] == "Partner 1"
    assert await seen(vendor, "rep0", deal) is None
    logged = await vendor.ask("admin", "{ auditLog(first: 100) { edges { node { action facts } } } }")
    (fact,) = [one["node"]["facts"] for one in logged["auditLog"]["edges"] if one["node"]["action"] == "deal.reassign"]
    assert fact["reason"] == asked["reason"]
    # Whoever has it wins it, and the former partner finds the customer taken.
    assert (await one_registered(vendor, "rep0"))["reason"] == "CUSTOMER_PROTECTED"
    assert (await won(vendor, deal))["state"] == "WON"
    assert (await points(vendor, 0), await points(vendor, 1)) == (0, 100)


async def test_protection_is_extended_for_progress_and_a_late_win_counts_inside_the_grace(vendor: Teller) -> None:
    await vendor.world.launch(WON_PAYS)
    await vendor.does("manager", "defineDealPolicy", "code", protectionDays=60, extensionsMax=1, graceDays=20)
    deal = await one_registered(vendor, "rep0")
    first = datetime.fromisoformat((await approved(vendor, deal))["dueAt"])
    await time_passes(vendor, days=50)
    short = await acted(vendor, "rep0", "requestDealExtension", deal, progress="soon")
    assert short["code"] == "INVALID_INPUT"
    asked = await acted(vendor, "rep0", "requestDealExtension", deal, progress="Budget was approved on Monday.")
    assert asked["isWithVendor"]
    await time_passes(vendor, days=40)
    longer = await acted(vendor, "manager", "answerDealExtension", deal, granted=True)
    assert (longer["state"], longer["extensions"]) == ("EXTENDED", 1)
    # Ten days were left when it was asked; the forty that the vendor took are the vendor's.
    assert datetime.fromisoformat(longer["dueAt"]) - first > timedelta(days=40 + 30) - timedelta(minutes=1)
    more = await acted(vendor, "rep0", "requestDealExtension", deal, progress="The contract is being read.")
    assert more["code"] == "NO_EXTENSION_LEFT"
    await time_passes(vendor, days=41)
    assert (await seen(vendor, "rep0", deal) or {})["state"] == "EXPIRED"
    # Eighteen days after its end it is won; another, twenty-one days after, is not.
    await time_passes(vendor, days=18)
    assert (await won(vendor, deal))["state"] == "WON"
    assert await points(vendor, 0) == 100
    other = await one_registered(vendor, "rep1", products=["ERP"])
    await approved(vendor, other)
    await time_passes(vendor, days=81)
    assert (await won(vendor, other))["code"] == "WIN_TOO_LATE"
    # A correction and a deal that falls through take back what they should.
    corrected = {"wonAt": await moment(vendor), "net": 400_000, "currency": "EUR"}
    assert (await acted(vendor, "manager", "correctDealWin", deal, **corrected))["code"] == "WIN_TOO_LATE"
    lost = await acted(vendor, "manager", "loseDeal", deal, note="The customer stepped back.")
    assert (lost["state"], await points(vendor, 0)) == ("LOST", 0)


async def test_the_reward_follows_the_terms_of_the_win_which_may_ask_when_it_was_registered(vendor: Teller) -> None:
    registering = {"trigger": "deal.registered", "effect": {"kind": "FIXED", "amount": 7}}
    program_id = await vendor.world.launch({"code": "first", **registering}, WON_PAYS)
    before = await one_registered(vendor, "rep0", products=["CRM"])
    change = await moment(vendor)
    after = await one_registered(vendor, "rep1", products=["ERP"])
    document = {
        "unit": "POINTS",
        "zone": "UTC",
        "attributes": {"registered_at": "TIMESTAMP"},
        "rules": [
            {"code": "first", **registering, "effect": {"kind": "FIXED", "amount": 3}},
            {"code": "old", "condition": f'activity.registered_at < timestamp("{change}")', **WON_PAYS},
            {
                "code": "new",
                "condition": f'activity.registered_at >= timestamp("{change}")',
                **WON_PAYS,
                "effect": {"kind": "PER_UNIT", "amount": 1, "per": 50_000},
            },
        ],
    }
    await publish_terms(
        vendor.world.door,
        vendor.world.actor,
        vendor.world.key(),
        program_id,
        document,
        effective_from=datetime.fromisoformat(change),
    )
    # Both are approved after the change: the reward for registering goes by when each was submitted.
    await approved(vendor, before)
    await approved(vendor, after)
    assert (await points(vendor, 0), await points(vendor, 1)) == (7, 3)
    await won(vendor, before)
    await won(vendor, after)
    assert (await points(vendor, 0), await points(vendor, 1)) == (107, 23)
    corrected = {"wonAt": await moment(vendor), "net": 2_000_000, "currency": "EUR"}
    await acted(vendor, "manager", "correctDealWin", before, **corrected)
    assert await points(vendor, 0) == 207


async def test_a_duplicate_learns_nothing_of_whoever_was_first(vendor: Teller) -> None:
    holder = await one_registered(vendor, "rep0")
    await approved(vendor, holder)
    loser = await one_registered(vendor, "rep1")
    assert loser["conflicts"] == [
        {"kind": "DUPLICATE", "state": "OPEN", "outcome": None, "dueAt": loser["dueAt"], "against": None}
    ]
    held = await acted(vendor, "rep1", "disputeDeal", loser, note="We were there first.")
    assert held["state"] == "IN_REVIEW"
    assert (await approved(vendor, loser))["code"] == "CUSTOMER_PROTECTED"
    given = await approved(vendor, loser, displaceHolder=True)
    assert given["state"] == "APPROVED"
    displaced = await seen(vendor, "rep0", holder) or {}
    assert (displaced["state"], displaced["reason"], displaced["holdsCustomer"]) == ("CANCELLED", "DISPUTE_LOST", False)
    # Neither in what they may ask, nor in the events that name them, does one hear of the other or of the customer.
    everything = f"query {{ dealRegistrations {{ edges {{ node {{ customerRecord {{ id }} title {_FIELDS} }} }} }} }}"
    for mine, other, name in (("rep0", loser, "Partner 1"), ("rep1", holder, "Partner 0")):
        told = json.dumps(await vendor.ask(mine, everything))
        assert other["id"] not in told
        assert name not in told
        assert '"customerRecord": {' not in told
        assert await seen(vendor, mine, other) is None
    for place, other_place, other in ((0, 1, loser), (1, 0, holder)):
        rows = await vendor.world.database.fetch(
            "SELECT member_id, partner_id, payload FROM outbox WHERE partner_id = $1", vendor.world.partners[place]
        )
        text = " ".join(f"{row['member_id']} {row['payload']}" for row in rows)
        stranger = (
            vendor.world.partners[other_place],
            vendor.world.members[other_place],
            decode_as(Tag.DEAL, other["id"]),
        )
        assert not [one for one in stranger if str(one) in text]
        assert encode_id(Tag.PARTNER, vendor.world.partners[other_place]) not in text


_FIELDS = (
    "id state reason note conflicts { kind state outcome dueAt against { id } } evidence { note } partner { name }"
)


async def test_a_judge_that_lets_everybody_in_is_caught(vendor: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflict, "_verdict", lambda *_: Verdict(state=DealState.SUBMITTED))
    # The database refuses the second hold all the same, and the whole batch with it.
    with pytest.raises(AssertionError):
        await test_a_duplicate_learns_nothing_of_whoever_was_first(vendor)
