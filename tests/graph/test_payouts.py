"""Payouts before the whole API: drafted in batches, approved by a second person, exported, settled as the bank says."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag, decode_as, encode_id
from api.graph.mutating import sure
from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.ledger.auditing import audit
from domain.payouts.deciding import approve_payouts
from domain.payouts.moving import results_told
from tests.building import deal
from tests.stories.teller import Teller, told

PAYOUT = "id state amount byPayroll bankReference reason availableActions member { id } partner { id }"
RESULTS = f"results {{ payoutId payout {{ {PAYOUT} }} refusal {{ code }} }}"


@pytest.fixture
async def teller(fresh_database: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Teller]:
    async with told(fresh_database, valkey_url, tmp_path) as teller:
        rule = {"effect": {"kind": "PERCENT", "ppm": 100_000}, "basis_unit": "USD"}
        await teller.world.launch(rule, unit="USD")
        yield teller


async def earns(teller: Teller, member: int, cents: int) -> str:
    """The member has so many cents more; answers the wallet's id."""
    now = await teller.world.database.fetchval("SELECT guerdon_now()")
    sale = deal(f"sale-{next(teller.numbers)}", teller.world.members[member], cents * 10)
    await teller.world.record(replace(sale, occurred_at=now))
    wallet_id = await teller.world.database.fetchval(
        "SELECT id FROM wallet WHERE owner_id = $1 AND unit = 'USD'", teller.world.members[member]
    )
    return encode_id(Tag.WALLET, wallet_id)


async def results(teller: Teller, who: str, name: str, **asked: Any) -> list[tuple[str | None, str | None]]:
    """State and refusal of each item."""
    answer = await teller.does(who, name, RESULTS, **asked)
    return [
        (one["payout"] and one["payout"]["state"], one["refusal"] and one["refusal"]["code"])
        for one in answer["results"]
    ]


async def wallet(teller: Teller, member: int) -> Mapping[str, int]:
    return await teller.world.balances(teller.world.members[member], "USD")


async def drafts(teller: Teller, minimum: int, **more: Any) -> list[Mapping[str, Any]]:
    fields = f"payouts {{ {PAYOUT} }} next"
    made = await teller.does("finance", "draftPayouts", fields, unit="USD", minimum=minimum, **more)
    assert made["next"] is None
    return made["payouts"]


async def test_all_above_a_minimum_go_out_and_what_the_bank_returns_is_its_owners_again(teller: Teller) -> None:
    database = teller.world.database
    await database.fetch("UPDATE member SET name = '=HYPERLINK(1)' WHERE id = $1", teller.world.members[0])
    await database.fetch("UPDATE member SET kind = 'VENDOR_STAFF' WHERE id = $1", teller.world.members[3])
    for member, cents in enumerate((1_234, 400, 5_000, 900)):
        await earns(teller, member, cents)
    made = sorted(await drafts(teller, 500), key=lambda one: one["amount"])
    assert [(one["amount"], one["byPayroll"]) for one in made] == [(900, True), (1_234, False), (5_000, False)]
    staff, first, second = (one["id"] for one in made)
    assert (await wallet(teller, 0))["payable"] == 1_234
    assert await drafts(teller, 500) == []
    approved = await results(teller, "finance", "approvePayouts", payoutIds=[staff, first, second])
    assert approved == [("APPROVED", None)] * 3
    exported = await teller.does("finance", "exportPayouts", "export { id payouts total csv }", unit="USD")
    assert (exported["export"]["payouts"], exported["export"]["total"]) == (2, 6_234)
    lines = exported["export"]["csv"].splitlines()
    assert lines[0] == "payout,owner_kind,owner,name,currency,amount,payroll"
    assert f"{first},MEMBER,member-0,'=HYPERLINK(1),USD,12.34,no" in lines
    paid = [
        {"payoutId": first, "outcome": "PAID", "bankReference": "SEPA-1"},
        {"payoutId": second, "outcome": "RETURNED", "reason": "unknown account"},
        {"payoutId": staff, "outcome": "PAID", "bankReference": "SEPA-2"},
    ]
    settled = await results(teller, "finance", "settlePayouts", items=paid)
    assert settled == [("PAID", None), ("RETURNED", None), ("APPROVED", "PAYOUT_ACTION_NOT_AVAILABLE")]
    assert (await results(teller, "finance", "settlePayouts", items=paid[:2])) == settled[:2]
    assert ((await wallet(teller, 2))["available"], (await wallet(teller, 0))["payable"]) == (5_000, 0)
    back = [{"payoutId": first, "outcome": "RETURNED", "reason": "account closed"}]
    assert await results(teller, "finance", "settlePayouts", items=back) == [("RETURNED", None)]
    assert (await wallet(teller, 0))["available"] == 1_234
    assert await results(teller, "finance", "cancelPayouts", payoutIds=[staff, first], reason="left") == [
        ("CANCELLED", None),
        ("RETURNED", "PAYOUT_ACTION_NOT_AVAILABLE"),
    ]
    assert (await wallet(teller, 3))["available"] == 900
    report = await audit(database, ["L1", "L2", "L3", "L5", "L7", "L8"])
    assert report.violations == 0, report.to_json()


async def test_a_large_payout_is_approved_by_somebody_else_than_who_drafted_it(teller: Teller) -> None:
    """Through the gerund, because the deployment's setting is none here."""
    wallet_id = await earns(teller, 0, 2_001)
    made = [
        (await teller.does("finance", "draftPayout", "payout { id }", walletId=wallet_id, amount=amount))["payout"][
            "id"
        ]
        for amount in (1_000, 1_001)
    ]
    small, large = (sure(Tag.PAYOUT, one, "payout") for one in made)
    door, database = teller.world.door, teller.world.database
    drafter = await database.fetchval("SELECT created_by FROM payout WHERE id = $1", small)
    for principal, refusals in ((drafter, [None, "SECOND_PERSON_NEEDED"]), (new_id(), [None])):
        asked = [small, large][-len(refusals) :]
        actor = Actor(role=Role.FINANCE, principal_id=principal)
        keyed = Keyed(key=teller.key(), request={})
        done = await approve_payouts(door, actor, keyed, asked, second_person_above=1_000)
        told_of = [one.refusal and one.refusal.code() for one in results_told(done.facts["results"])]
        assert told_of == refusals


async def test_everybody_sees_the_own_payouts_and_only_finance_pays(teller: Teller) -> None:
    mine = await earns(teller, 0, 700)
    await earns(teller, 2, 300)
    made = (await teller.does("finance", "draftPayout", f"payout {{ {PAYOUT} }}", walletId=mine))["payout"]
    assert (made["state"], made["amount"], made["availableActions"]) == ("DRAFT", 700, ["APPROVE", "CANCEL"])
    page = f"{{ payouts {{ edges {{ node {{ {PAYOUT} }} }} }} }}"
    seen = [edge["node"] for edge in (await teller.ask("rep0", page))["payouts"]["edges"]]
    assert [(one["id"], one["availableActions"]) for one in seen] == [(made["id"], [])]
    assert (await teller.ask("rep2", page))["payouts"]["edges"] == []
    await teller.person("boss", Role.PARTNER_ADMIN, 2)  # of the same firm as the first rep
    assert (await teller.ask("boss", page))["payouts"]["edges"] == []
    document = "query($id: ID!) { payout(id: $id) { id } node(id: $id) { id } }"
    assert await teller.ask("rep2", document, id=made["id"]) == {"payout": None, "node": None}
    refused = await teller.says("rep0", "approvePayouts", RESULTS, idempotencyKey=teller.key(), payoutIds=[made["id"]])
    assert refused["code"] == "NOT_ALLOWED"
    too_much = await teller.says(
        "finance", "draftPayout", "payout { id }", idempotencyKey=teller.key(), walletId=mine, amount=1
    )
    assert too_much["code"] == "INSUFFICIENT_POINTS"


async def test_points_are_no_money_and_batches_have_their_bounds(teller: Teller) -> None:
    await teller.give(0, 10)
    points = await teller.world.database.fetchval(
        "SELECT id FROM wallet WHERE owner_id = $1 AND unit = 'POINTS'", teller.world.members[0]
    )
    asked = {"walletId": encode_id(Tag.WALLET, points)}
    refused = await teller.says("finance", "draftPayout", "payout { id }", idempotencyKey=teller.key(), **asked)
    assert refused["code"] == "INVALID_INPUT"
    wallet_id = await earns(teller, 0, 50)
    made = (await teller.does("finance", "draftPayout", "payout { id }", walletId=wallet_id))["payout"]["id"]
    found = decode_as(Tag.PAYOUT, made)
    assert found is not None
    unknown = encode_id(Tag.PAYOUT, UUID(int=found.int ^ 1))
    assert await results(teller, "finance", "approvePayouts", payoutIds=[unknown, made]) == [
        (None, "NOT_FOUND"),
        ("APPROVED", None),
    ]
    for wrong in ([], [made, made], [made] * 1_001):
        refused = await teller.says("finance", "approvePayouts", RESULTS, idempotencyKey=teller.key(), payoutIds=wrong)
        assert refused["code"] == "INVALID_INPUT"
    nothing = await teller.says("finance", "exportPayouts", "export { id }", idempotencyKey=teller.key(), unit="EUR")
    assert nothing["code"] == "NOTHING_TO_PAY"
