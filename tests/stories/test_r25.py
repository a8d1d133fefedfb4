"""R25, a portfolio on one deal: five programs, one exclusive, the best of two, two that add, under one ceiling."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from domain.earning import stacking
from domain.earning.stacking import DealLine
from tests.stories.earning import crm, happens, is_taken_back, item, launch, owns, told
from tests.stories.teller import Teller


def percent(code: str, ppm: int, mode: str, priority: int, **more: Any) -> Mapping[str, Any]:
    """A rule that is worth a part of the sale, with its place among all that reward the deal."""
    place = {"group": "sale", "mode": mode, "priority": priority, "ceiling_ppm": 80_000}
    return {
        "code": code,
        "trigger": "sale.won",
        "effect": {"kind": "PERCENT", "ppm": ppm},
        "stacking": place,
        **more,
    }


async def portfolio(teller: Teller) -> None:
    """Five live programs, and a CRM."""
    await crm(teller)
    new = {"condition": 'activity.product == "New"'}
    await launch(teller, percent("launch", 60_000, "EXCLUSIVE", 9, **new))
    await launch(teller, percent("spiff", 50_000, "BEST_OF", 5))
    await launch(teller, percent("rebate", 30_000, "BEST_OF", 5, trigger="sale.paid"))
    await launch(teller, percent("gold", 25_000, "ADDITIVE", 3))
    await launch(teller, percent("local", 20_000, "ADDITIVE", 1))


async def test_a_deal_under_five_programs_pays_to_the_ceiling_and_each_program_says_why(teller: Teller) -> None:
    await portfolio(teller)
    member = teller.member(0)
    await happens(teller, item("old", "sale.won", "acme", 0, member=member, net=100_000, product="Old"))
    await happens(teller, item("paid", "sale.paid", "acme", 1, member=member, net=100_000, product="Old"))
    await happens(teller, item("new", "sale.won", "ajax", 2, member=member, net=100_000, product="New"))
    said = await told(teller, "rep0")
    old = {rule: said["old" if rule != "rebate" else "paid", rule] for rule in PROGRAMS}
    assert {rule: one.granted for rule, one in old.items()} == {
        "launch": 0,
        "spiff": 5_000,
        "rebate": 0,
        "gold": 2_500,
        "local": 500,
    }
    assert {rule: one.codes[-1] for rule, one in old.items()} == {
        "launch": "CONDITION_FALSE",
        "spiff": "EFFECT_PERCENT",
        "rebate": "STACKING_BEST_OF",
        "gold": "EFFECT_PERCENT",
        "local": "STACKING_CEILING",
    }
    assert old["local"].texts[-1] == "The ceiling of 8% of the deal, 80.00 USD, left 5.00 USD of 20.00 USD."
    assert old["rebate"].texts[-1] == "In the group sale the rule spiff is worth more."
    new = {rule: said["new", rule] for rule in PROGRAMS if rule != "rebate"}
    assert {rule: one.granted for rule, one in new.items()} == {"launch": 6_000, "spiff": 0, "gold": 0, "local": 0}
    assert {one.codes[-1] for rule, one in new.items() if rule != "launch"} == {"STACKING_EXCLUSIVE"}
    assert await owns(teller, "rep0") == 14_000


async def test_one_that_is_reversed_makes_room_for_the_others(teller: Teller) -> None:
    await portfolio(teller)
    member = teller.member(0)
    await happens(teller, item("won", "sale.won", "acme", 0, member=member, net=50_000, product="Old"))
    await happens(teller, item("paid", "sale.paid", "acme", 1, member=member, net=100_000, product="Old"))
    said = await told(teller, "rep0")
    assert [said[key].granted for key in PLACES] == [0, 3_000, 1_250, 1_000]
    await is_taken_back(teller, "paid")
    said = await told(teller, "rep0")
    assert [said[key].granted for key in PLACES] == [2_500, 0, 1_250, 250]
    assert said["paid", "rebate"].codes == ["NO_LONGER_COUNTS"]
    assert said["won", "local"].codes[-1] == "STACKING_CEILING"
    assert await owns(teller, "rep0") == 4_000


PROGRAMS = ("launch", "spiff", "rebate", "gold", "local")
PLACES = (("won", "spiff"), ("paid", "rebate"), ("won", "gold"), ("won", "local"))


async def test_a_stacking_that_forgets_the_ceiling_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(lines: Sequence[DealLine], *more: object) -> list[DealLine]:
        return list(lines)

    monkeypatch.setattr(stacking, "_under_ceiling", forgets)
    with pytest.raises(AssertionError):
        await test_one_that_is_reversed_makes_room_for_the_others(teller)
