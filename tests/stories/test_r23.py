"""R23, sending rewards: a channel manager sends points and things to a list, and each line says what became of it."""

from typing import Any

import pytest

from catalog.sends import composing
from tests.stories.giving import budget_of, employer_says, lines_of, program, rewards, send, send_again, settled
from tests.stories.teller import Teller


async def test_an_address_that_nobody_has_fails_its_line_and_no_other(teller: Teller) -> None:
    pays = await program(teller, 1_000)
    sent = await send(teller, pays, 0, amount=100, more=[{"email": "nobody@example.com"}])
    assert lines_of(sent) == [("SENT", None), ("FAILED", "ADDRESS_UNKNOWN")]
    assert await budget_of(teller, pays) == 900
    (reward,) = await rewards(teller, "rep0")
    await teller.does("rep0", "claimReward", "reward { state }", rewardId=reward["id"])
    assert await teller.balances("rep0") == (100, 0)


async def test_whose_employer_forbids_rewards_is_sent_nothing(teller: Teller) -> None:
    await employer_says(teller, 0, allowed=False)
    pays = await program(teller, 1_000)
    sent = await send(teller, pays, 0, 1, amount=100)
    assert lines_of(sent) == [("FAILED", "EMPLOYER_FORBIDS"), ("SENT", None)]
    assert await budget_of(teller, pays) == 900
    assert await rewards(teller, "rep0") == []


async def test_a_budget_for_two_of_three_pays_two_and_says_which(teller: Teller) -> None:
    pays = await program(teller, 250)
    sent = await send(teller, pays, 0, 1, 2, amount=100)
    assert lines_of(sent) == [("SENT", None), ("SENT", None), ("FAILED", "OVER_BUDGET")]
    assert {one["state"]: one["count"] for one in sent["counts"]} == {"SENT": 2, "FAILED": 1}
    assert await budget_of(teller, pays) == 50


async def test_what_is_recalled_before_it_was_claimed_is_nobodys_and_back_in_the_budget(teller: Teller) -> None:
    pays = await program(teller, 1_000)
    sent = await send(teller, pays, 0, 1, amount=100)
    (claimed,), (late,) = await rewards(teller, "rep0"), await rewards(teller, "rep1")
    await teller.does("rep0", "claimReward", "reward { state }", rewardId=claimed["id"])
    recalled = await teller.does("manager", "recallSend", "recalled", sendId=sent["id"])
    assert recalled["recalled"] == 1
    assert await budget_of(teller, pays) == 900
    refused = await teller.says("rep1", "claimReward", "reward { state }", idempotencyKey="late", rewardId=late["id"])
    assert refused["code"] == "REWARD_NOT_OPEN"
    assert lines_of(await send_again(teller, sent["id"])) == [("CLAIMED", None), ("RECALLED", None)]


async def test_a_send_that_is_sent_twice_under_one_key_leaves_once(teller: Teller) -> None:
    pays = await program(teller, 1_000)
    asked: dict[str, Any] = {
        "idempotencyKey": "bonus-of-may",
        "programId": pays,
        "amount": 100,
        "needsClaim": False,
        "message": {"en": "For May"},
        "recipients": [{"memberId": teller.member(0)}],
    }
    answers = [await teller.says("manager", "sendRewards", "send { id }", **asked) for _ in range(2)]
    await settled(teller)
    assert answers[0]["send"]["id"] == answers[1]["send"]["id"]
    assert (await budget_of(teller, pays), await teller.balances("rep0")) == (900, (100, 0))
    other = await teller.says("manager", "sendRewards", "send { id }", **asked | {"amount": 50})
    assert other["code"] == "KEY_REUSED"


async def test_a_recall_that_forgets_the_budget_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forgets(*_: object) -> None:
        """Nothing goes back."""

    monkeypatch.setattr(composing, "put_back_in", forgets)
    with pytest.raises(AssertionError):
        await test_what_is_recalled_before_it_was_claimed_is_nobodys_and_back_in_the_budget(teller)
