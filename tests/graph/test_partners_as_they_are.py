"""Partners as they are: relations that end, people who change employer, consent, and who stands below whom."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from api.graph.ids import Tag, encode_id
from domain.access.principals import Role
from domain.partners.parting import end_partnerships_due
from tests.building import deal
from tests.stories.teller import Teller, told

RELATION = "partner { partnership availableActions runOffUntil employerConsent }"


@pytest.fixture
async def teller(fresh_database: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Teller]:
    async with told(fresh_database, valkey_url, tmp_path) as teller:
        await teller.person("boss", Role.PARTNER_ADMIN, 2)
        await teller.person("rival", Role.PARTNER_ADMIN, 1)
        yield teller


async def wins(teller: Teller, name: str, rep: int = 0) -> None:
    at: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    await teller.world.record(replace(deal(name, teller.world.members[rep]), occurred_at=at))


async def available(teller: Teller, rep: int = 0) -> int:
    return (await teller.world.balances(teller.world.members[rep]))["available"]


def firm(teller: Teller, place: int) -> str:
    return encode_id(Tag.PARTNER, teller.world.partners[place])


async def moved(teller: Teller, action: str, until: datetime | None = None) -> str:
    """The manager moves the relation with the first firm; answers how it stands."""
    span = {"runOffUntil": until.isoformat()} if until else {}
    done = await teller.does("manager", "movePartnership", RELATION, partnerId=firm(teller, 0), action=action, **span)
    return done["partner"]["partnership"]


async def test_a_relation_that_ends_still_earns_in_its_run_off_and_not_while_it_is_suspended(teller: Teller) -> None:
    await teller.world.launch({"effect": {"kind": "FIXED", "amount": 10}}, code="everyone")
    await wins(teller, "active")
    assert await moved(teller, "SUSPEND") == "SUSPENDED"
    await wins(teller, "suspended")
    assert await available(teller) == 10
    refused = await teller.says(
        "manager", "movePartnership", RELATION, idempotencyKey="x", partnerId=firm(teller, 0), action="SUSPEND"
    )
    assert refused["code"] == "PARTNERSHIP_NOT_IN_STATE"
    now: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    assert await moved(teller, "END", now + timedelta(days=10)) == "ENDING"
    await wins(teller, "run-off")
    assert await available(teller) == 20
    await teller.later(days=11)
    await wins(teller, "late")
    assert await available(teller) == 20, "what is announced holds by itself, however late the worker is"
    assert await end_partnerships_due(teller.world.door) == 1
    assert await end_partnerships_due(teller.world.door) == 0
    assert await moved(teller, "RESUME") == "ACTIVE"
    await wins(teller, "again")
    assert await available(teller) == 30
    for who in ("boss", "rep0"):
        denied = await teller.says(
            who, "movePartnership", RELATION, idempotencyKey="y", partnerId=firm(teller, 0), action="END"
        )
        assert denied["code"] == "NOT_ALLOWED"


async def test_an_end_that_is_withdrawn_does_not_come_back(teller: Teller) -> None:
    await teller.world.launch({"effect": {"kind": "FIXED", "amount": 10}}, code="everyone")
    now: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    assert await moved(teller, "END", now + timedelta(days=3)) == "ENDING"
    assert await moved(teller, "RESUME") == "ACTIVE"
    await teller.later(days=4)
    await wins(teller, "after")
    assert (await available(teller), await end_partnerships_due(teller.world.door)) == (10, 0)
    assert await moved(teller, "END") == "ENDED"
    await wins(teller, "over")
    assert await available(teller) == 10


async def test_an_employers_consent_is_read_by_rules_until_it_ends(teller: Teller) -> None:
    consent = {"consent": {"type": "STRING", "default": ""}}
    rule = {"effect": {"kind": "FIXED", "amount": 10}, "condition": 'partner.consent == "ALL"'}
    await teller.world.launch(rule, code="consented", partner_facts=consent)
    await wins(teller, "before")
    given = await teller.does("boss", "giveEmployerConsent", RELATION, partnerId=firm(teller, 0))
    assert given["partner"]["employerConsent"] == "ALL"
    await wins(teller, "with")
    assert await available(teller) == 10
    theft = await teller.says("rival", "endEmployerConsent", RELATION, idempotencyKey="t", partnerId=firm(teller, 0))
    assert theft["code"] == "NOT_FOUND"
    ended = await teller.does("boss", "endEmployerConsent", RELATION, partnerId=firm(teller, 0))
    assert ended["partner"]["employerConsent"] is None
    await wins(teller, "after")
    assert await available(teller) == 10


async def test_who_changes_employer_keeps_the_wallet_and_the_old_firms_doings_stay_there(teller: Teller) -> None:
    await teller.world.launch({"effect": {"kind": "FIXED", "amount": 10}}, code="everyone")
    await wins(teller, "old")
    source = encode_id(Tag.SOURCE, teller.world.source_id)
    moving = {"externalId": "member-0", "name": "Member 0", "partnerExternalId": "partner-1"}
    await teller.says("admin", "registerMembers", "changed", sourceId=source, items=[moving])
    await wins(teller, "new")
    own = await teller.ask("rep0", "{ viewer { partner { name } wallets { available } } }")
    assert own["viewer"] == {"partner": {"name": "Partner 1"}, "wallets": [{"available": 20}]}
    doings = "{ activities { edges { node { externalId } } } }"
    for who, seen in (("rival", ["new"]), ("boss", ["old"])):
        listed = await teller.ask(who, doings)
        assert sorted(edge["node"]["externalId"] for edge in listed["activities"]["edges"]) == seen, who


async def test_a_firm_has_children_that_its_own_people_are_not_shown(teller: Teller) -> None:
    source = encode_id(Tag.SOURCE, teller.world.source_id)
    below = [{"externalId": f"branch-{n}", "name": f"Branch {n}", "parentExternalId": "partner-0"} for n in range(3)]
    await teller.says("admin", "registerPartners", "registered", sourceId=source, items=below)
    page = "edges { node { name parent { name } } } pageInfo { hasNextPage }"
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on Partner {{ children(first: 2) {{ {page} }} }} }} }}"
    seen = (await teller.ask("manager", document, id=firm(teller, 0)))["node"]["children"]
    assert [edge["node"]["name"] for edge in seen["edges"]] == ["Branch 0", "Branch 1"]
    assert seen["pageInfo"]["hasNextPage"]
    assert seen["edges"][0]["node"]["parent"] == {"name": "Partner 0"}
    hidden = (await teller.ask("boss", document, id=firm(teller, 0)))["node"]["children"]
    assert hidden["edges"] == []
