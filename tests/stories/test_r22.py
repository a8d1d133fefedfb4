"""R22, lead sharing: the partner that fits best has a lead, answers in time or loses it, and is paid for its work."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.leads import sharing
from tests.stories.dealing import LEAD, approved, lead_acted, one_registered, points, prepared, time_passes
from tests.stories.teller import Teller

ACCEPTED_PAYS: dict[str, Any] = {"trigger": "lead.accepted", "effect": {"kind": "FIXED", "amount": 5}}
CONVERTED_PAYS: dict[str, Any] = {
    "trigger": "lead.converted",
    "effect": {"kind": "PER_UNIT", "amount": 1, "per": 10_000},
    "basis_unit": "EUR",
}


@pytest.fixture
async def vendor(teller: Teller) -> Teller:
    """Two partners take leads: both from France, the first retail alone; what is accepted and converted pays."""
    await prepared(teller)
    await teller.world.launch({"code": "accepted", **ACCEPTED_PAYS}, {"code": "converted", **CONVERTED_PAYS})
    for place, verticals in ((0, ["RETAIL"]), (1, [])):
        await teller.does(
            "manager",
            "routeLeads",
            "partner { name }",
            memberId=teller.member(place),
            countries=["FR"],
            verticals=verticals,
            openMax=2,
        )
    return teller


async def shared(teller: Teller, name: str = "Contoso", **more: Any) -> Mapping[str, Any]:
    """The channel manager shares a lead of a retailer in France."""
    customer = {"name": name, "country": "FR", "vertical": "RETAIL"} | more.pop("customer", {})
    asked = {"title": f"{name} asks", "origin": "WEBINAR", "customer": customer, "value": 300_000, "currency": "EUR"}
    return (await teller.does("manager", "shareLead", f"lead {{ {LEAD} }}", **(asked | more)))["lead"]


async def told(teller: Teller, partner: int) -> list[tuple[str, str]]:
    """The events of leads that this partner was told: their names with the state or reason."""
    rows = await teller.world.database.fetch(
        "SELECT name, payload FROM outbox WHERE aggregate_kind = 'lead' AND partner_id = $1 ORDER BY id",
        teller.world.partners[partner],
    )
    return [(row["name"], row["payload"].get("to_state") or row["payload"]["reason"]) for row in rows]


async def test_a_lead_that_is_not_answered_in_time_goes_to_the_next_and_both_are_told(vendor: Teller) -> None:
    lead = await shared(vendor, responseHours=24)
    assert (lead["state"], lead["partner"]["name"]) == ("ASSIGNED", "Partner 0")
    why = lead["assignments"][0]["why"]
    assert (why["code"], why["matches"]) == ("BEST_MATCH", ["VERTICAL", "COUNTRY"])
    assert why["text"] == "Correspondances : secteur, pays ; 0 opportunités ouvertes sur 2 à ce moment."
    # Load decides between equals, and a full desk takes no more.
    assert (await shared(vendor, "Fabrikam"))["partner"]["name"] == "Partner 0"
    assert (await shared(vendor, "Tailspin"))["partner"]["name"] == "Partner 1"
    abroad = await shared(vendor, "Wingtip", customer={"country": "DE"})
    assert (abroad["state"], abroad["reason"], abroad["partner"]) == ("RETURNED", "NOBODY_TAKES_IT", None)
    await time_passes(vendor, days=1, minutes=1)
    document = f"query($id: ID!) {{ lead(id: $id) {{ {LEAD} }} }}"
    now = (await vendor.ask("manager", document, id=lead["id"]))["lead"]
    assert (now["state"], now["partner"]["name"]) == ("ASSIGNED", "Partner 1")
    assert [one["outcome"] for one in now["assignments"]] == ["NOT_ANSWERED", None]
    assert ("lead.taken", "NOT_ANSWERED") in await told(vendor, 0)
    assert await told(vendor, 1) == [("lead.moved", "ASSIGNED"), ("lead.moved", "ASSIGNED")]
    # Whoever was late has it no longer; its next partner hears of no other.
    assert (await lead_acted(vendor, "rep0", "acceptLead", lead))["code"] == "NOT_FOUND"
    mine = (await vendor.ask("rep1", document, id=lead["id"]))["lead"]
    assert [one["n"] for one in mine["assignments"]] == [2]
    # Nobody else is left: it is the vendor's again, who may name somebody.
    await time_passes(vendor, days=1, minutes=1)
    over = (await vendor.ask("manager", document, id=lead["id"]))["lead"]
    assert (over["state"], over["reason"]) == ("EXPIRED", "NOT_ANSWERED")
    assert (await lead_acted(vendor, "manager", "assignLead", lead))["code"] == "NOBODY_TAKES_LEAD"
    again = await lead_acted(vendor, "manager", "assignLead", lead, memberId=vendor.member(0))
    assert (again["state"], again["assignments"][-1]["why"]["code"]) == ("ASSIGNED", "BY_HAND")


async def test_a_lead_is_returned_with_its_reason_and_converted_by_whoever_has_it_then(vendor: Teller) -> None:
    lead = await shared(vendor)
    accepted = await lead_acted(vendor, "rep0", "acceptLead", lead)
    assert (accepted["state"], await points(vendor, 0)) == ("ACCEPTED", 5)
    # A deal with the lead's customer by another partner is looked at first.
    rival = await one_registered(vendor, "rep1", customer={"name": "Contoso", "country": "FR"})
    assert (rival["state"], [one["kind"] for one in rival["conflicts"]]) == ("IN_REVIEW", ["LEAD"])
    assert (await lead_acted(vendor, "rep1", "returnLead", lead, reason="NO_TIME"))["code"] == "NOT_FOUND"
    await lead_acted(vendor, "rep0", "returnLead", lead, reason="NO_BUDGET", note="Nothing this year.")
    document = f"query($id: ID!) {{ lead(id: $id) {{ {LEAD} note }} }}"
    back = (await vendor.ask("manager", document, id=lead["id"]))["lead"]
    assert (back["state"], back["reason"], back["note"]) == ("RETURNED", "NO_BUDGET", "Nothing this year.")
    assert await points(vendor, 0) == 0
    given = await lead_acted(vendor, "manager", "assignLead", lead, memberId=vendor.member(1))
    assert given["partner"]["name"] == "Partner 1"
    await lead_acted(vendor, "rep1", "acceptLead", lead)
    assert (await lead_acted(vendor, "rep1", "workLead", lead))["state"] == "WORKING"
    converted = await lead_acted(vendor, "rep1", "convertLead", lead, opportunity="opp-7")
    assert converted["state"] == "CONVERTED"
    assert (await lead_acted(vendor, "rep0", "convertLead", lead))["code"] == "NOT_FOUND"
    assert (await points(vendor, 0), await points(vendor, 1)) == (0, 5 + 30)


async def test_a_lead_of_a_registered_customer_goes_to_the_partner_that_registered_it(vendor: Teller) -> None:
    deal = await one_registered(vendor, "rep3", customer={"name": "Contoso", "domain": "contoso.example"})
    await approved(vendor, deal)
    lead = await shared(vendor, customer={"domain": "www.contoso.example"})
    assert (lead["partner"]["name"], lead["assignments"][0]["why"]["code"]) == ("Partner 1", "REGISTERED_DEAL")
    # It is handed to nobody else while that deal is protected.
    await time_passes(vendor, days=3)
    document = f"query($id: ID!) {{ lead(id: $id) {{ {LEAD} }} }}"
    assert (await vendor.ask("manager", document, id=lead["id"]))["lead"]["state"] == "EXPIRED"


async def test_the_value_of_a_lead_is_corrected_and_a_conversion_taken_back(vendor: Teller) -> None:
    lead = await shared(vendor)
    await lead_acted(vendor, "rep0", "acceptLead", lead)
    await lead_acted(vendor, "rep0", "convertLead", lead)
    assert await points(vendor, 0) == 5 + 30
    asked = {"value": 500_000, "reason": "The quote was for more seats"}
    assert (await lead_acted(vendor, "rep0", "correctLeadValue", lead, **asked))["code"] == "NOT_ALLOWED"
    assert (await lead_acted(vendor, "manager", "correctLeadValue", lead, **asked))["value"] == 500_000
    assert await points(vendor, 0) == 5 + 50
    taken_back = await lead_acted(vendor, "manager", "revertLeadConversion", lead, reason="The order was withdrawn")
    assert (taken_back["state"], await points(vendor, 0)) == ("WORKING", 5)
    await lead_acted(vendor, "rep0", "convertLead", lead)
    assert await points(vendor, 0) == 5 + 50


async def test_a_choice_that_forgets_who_had_it_is_caught(vendor: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = sharing.choose
    monkeypatch.setattr(sharing, "choose", lambda wanted, candidates, _: chosen(wanted, candidates))
    with pytest.raises(AssertionError):
        await test_a_lead_that_is_not_answered_in_time_goes_to_the_next_and_both_are_told(vendor)
