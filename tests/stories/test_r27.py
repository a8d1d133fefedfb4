"""R27, a staged award: sign-up, upgrade and renewal of one customer, weighted, with a milestone for many customers."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.earning import course
from tests.stories.earning import crm, happens, is_taken_back, item, launch, owns, told
from tests.stories.teller import Teller

SIGNED_UP: Mapping[str, Any] = {"trigger": "app.signed_up"}
STAGES: tuple[dict[str, Any], ...] = (
    {"code": "sign-up", "trigger": "app.signed_up", "effect": {"kind": "FIXED", "amount": 100}},
    {
        "code": "upgrade",
        "trigger": "app.upgraded",
        "effect": {"kind": "FIXED", "amount": 400},
        "follows": {"trigger": "app.signed_up"},
        "clawback": {"trigger": "app.downgraded", "within_days": 60, "keeps_ppm": 250_000},
    },
    {
        "code": "renewal",
        "trigger": "app.renewed",
        "effect": {"kind": "FIXED", "amount": 200},
        "follows": {"trigger": "app.upgraded", "within_days": 400},
    },
    {
        "code": "many",
        "trigger": "app.upgraded",
        "period": "QUARTER",
        "effect": {"kind": "MILESTONE", "milestones": [{"code": "three", "at": 3, "amount": 1_000}]},
    },
)


async def test_stages_are_weighted_and_many_customers_reach_a_milestone(teller: Teller) -> None:
    await crm(teller)
    await launch(teller, *STAGES)
    member = teller.member(0)
    for number in range(3):
        await happens(teller, item(f"s{number}", "app.signed_up", f"c{number}", number, member=member))
        await happens(teller, item(f"u{number}", "app.upgraded", f"c{number}", 10 + number, member=member))
    await happens(teller, item("r0", "app.renewed", "c0", 200, member=member))
    assert await owns(teller, "rep0") == 3 * 100 + 3 * 400 + 200 + 1_000
    await is_taken_back(teller, "u0")
    assert await owns(teller, "rep0") == 3 * 100 + 2 * 400


async def test_an_upgrade_without_a_seen_sign_up_waits_for_it_to_be_seen(teller: Teller) -> None:
    await crm(teller)
    await launch(teller, *STAGES)
    member = teller.member(0)
    await happens(teller, item("u", "app.upgraded", "acme", 10, member=member))
    said = (await told(teller, "rep0"))["u", "upgrade"]
    assert (said.granted, said.texts[-1]) == (0, "No app.signed_up of this deal was seen before it.")
    await happens(teller, item("s", "app.signed_up", "acme", 3, member=member))
    assert (await told(teller, "rep0"))["u", "upgrade"].granted == 400
    assert await owns(teller, "rep0") == 500


async def test_a_downgrade_after_the_award_leaves_the_part_that_the_terms_say(teller: Teller) -> None:
    await crm(teller)
    await launch(teller, *STAGES)
    member = teller.member(0)
    await happens(
        teller,
        item("s", "app.signed_up", "acme", 0, member=member),
        item("u", "app.upgraded", "acme", 1, member=member),
    )
    assert await owns(teller, "rep0") == 500
    await happens(teller, item("d", "app.downgraded", "acme", 30, member=member))
    said = (await told(teller, "rep0"))["u", "upgrade"]
    assert (said.due, said.granted, said.facts["trigger"]) == (100, 100, "app.downgraded")
    assert await owns(teller, "rep0") == 200
    await is_taken_back(teller, "d")
    assert await owns(teller, "rep0") == 500


async def test_of_two_partners_on_one_customer_the_terms_say_whose_touch_counts(teller: Teller) -> None:
    await crm(teller)
    touched = {"triggers": ["app.signed_up"]}
    first = {**STAGES[1], "code": "first", "touch": {"mode": "FIRST", **touched}}
    last = {**STAGES[1], "code": "last", "touch": {"mode": "LAST", **touched}}
    await launch(teller, first, last)
    ours, theirs = teller.member(0), teller.member(1)
    await happens(teller, item("s2", "app.signed_up", "acme", 5, member=theirs))
    await happens(
        teller,
        item("u1", "app.upgraded", "acme", 10, member=ours),
        item("u2", "app.upgraded", "acme", 11, member=theirs),
    )
    said = {who: await told(teller, who) for who in ("rep0", "rep1")}
    assert [said["rep0"]["u1", rule].granted for rule in ("first", "last")] == [0, 0]
    assert [said["rep1"]["u2", rule].granted for rule in ("first", "last")] == [400, 400]
    # An earlier touch of ours becomes known late: by the first touch the customer was ours all along.
    await happens(teller, item("s1", "app.signed_up", "acme", 1, member=ours))
    said = {who: await told(teller, who) for who in ("rep0", "rep1")}
    assert [said["rep0"]["u1", rule].granted for rule in ("first", "last")] == [400, 0]
    assert [said["rep1"]["u2", rule].granted for rule in ("first", "last")] == [0, 400]
    lost = said["rep1"]["u2", "first"]
    assert (lost.codes[-1], dict(lost.facts)) == ("TOUCHED_BY_ANOTHER", {"mode": "FIRST"})
    assert [await owns(teller, who) for who in ("rep0", "rep1")] == [400, 400]


async def test_a_stage_that_does_not_look_back_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "_not_preceded", lambda *asked: None)
    with pytest.raises(AssertionError):
        await test_an_upgrade_without_a_seen_sign_up_waits_for_it_to_be_seen(teller)
