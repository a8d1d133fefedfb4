"""What a claim may say, each bound at its edge; what keeps it from being submitted; what can be claimed once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM
from domain.claims.claim import (
    AMOUNT_MAX,
    BULK_MAX,
    LINES_MAX,
    REPS_MAX,
    SERIALS_MAX,
    Campaign,
    EligibleSku,
    KeyKind,
    Line,
    NamedRep,
    NewLine,
    check_lines,
    check_note,
    spelled,
)
from domain.claims.deciding import approve_claims
from domain.claims.judging import BLOCK, Known, ProblemCode, problems_of
from domain.claims.machine import ClaimLineState
from domain.claims.reporting import careless_rules
from domain.earning.evaluating import Knowledge
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput

REP, COLLEAGUE, STRANGER, FIRM, OTHER_FIRM = (UUID(int=n) for n in range(1, 6))
SOLD = datetime(2026, 3, 10, tzinfo=UTC)
NEW = NewLine(sku="GTX", quantity=1, sold_on=SOLD.date(), invoice="A-1")
LINE = Line(
    id=UUID(int=10),
    claim_id=UUID(int=11),
    n=1,
    sku="GTX",
    quantity=1,
    sold_on=SOLD.date(),
    sold_at=SOLD,
    invoice="A-1",
    serials=(),
    amount=None,
    currency=None,
    reps=(),
    state=ClaimLineState.OPEN,
    reason=None,
)
CAMPAIGN = Campaign(
    id=UUID(int=12),
    program_id=UUID(int=13),
    version=1,
    sold_from=SOLD,
    sold_until=SOLD + timedelta(days=1),
    claims_until=SOLD + timedelta(days=30),
    answer_days=14,
    needs_proof=False,
    needs_serials=False,
    recorded_at=SOLD,
)
KNOWN = Known(
    now=SOLD + timedelta(days=2),
    takes_part=True,
    skus=[EligibleSku(sku="GTX", valid_from=SOLD.date(), valid_until=SOLD.date())],
    employers={(REP, SOLD): FIRM, (COLLEAGUE, SOLD): FIRM, (STRANGER, SOLD): OTHER_FIRM},
    consents={},
    has_proof=False,
)


def shares(count: int) -> tuple[NamedRep, ...]:
    first = NamedRep(member_id=UUID(int=100), share_ppm=1_000_000 - (count - 1))
    return (first, *(NamedRep(member_id=UUID(int=100 + n), share_ppm=1) for n in range(1, count)))


@pytest.mark.parametrize(
    ("at_the_edge", "beyond"),
    [
        ([NEW] * LINES_MAX, [NEW] * (LINES_MAX + 1)),
        ([NEW], []),
        ([replace(NEW, sku="s" * 64)], [replace(NEW, sku="s" * 65)]),
        ([replace(NEW, invoice="i" * 64)], [replace(NEW, invoice="")]),
        ([replace(NEW, quantity=100_000)], [replace(NEW, quantity=100_001)]),
        ([replace(NEW, quantity=1)], [replace(NEW, quantity=0)]),
        (
            [replace(NEW, quantity=99, serials=[f"S{n}" for n in range(SERIALS_MAX)])],
            [replace(NEW, quantity=99, serials=[f"S{n}" for n in range(SERIALS_MAX + 1)])],
        ),
        ([replace(NEW, serials=["S1"])], [replace(NEW, serials=["S1", "S2"])]),
        ([replace(NEW, amount=AMOUNT_MAX, currency="EUR")], [replace(NEW, amount=AMOUNT_MAX + 1, currency="EUR")]),
        ([replace(NEW, amount=0, currency="EUR")], [replace(NEW, amount=0)]),
        ([replace(NEW, reps=shares(REPS_MAX))], [replace(NEW, reps=shares(REPS_MAX + 1))]),
        ([replace(NEW, reps=shares(1))], [replace(NEW, reps=[NamedRep(member_id=REP, share_ppm=999_999)])]),
        ([replace(NEW, serials=["S1"]), NEW], [replace(NEW, serials=["S-1"]), replace(NEW, serials=["s1"])]),
    ],
)
def test_each_bound_of_a_claim_holds_at_its_edge(at_the_edge: list[NewLine], beyond: list[NewLine]) -> None:
    check_lines(at_the_edge)
    with pytest.raises(InvalidInput):
        check_lines(beyond)


def test_a_note_has_at_most_five_hundred_characters() -> None:
    check_note("n" * 500)
    check_note(None)
    for wrong in ("", "n" * 501):
        with pytest.raises(InvalidInput):
            check_note(wrong)


async def test_more_than_a_hundred_claims_at_once_are_refused() -> None:
    claims = [UUID(int=n) for n in range(BULK_MAX + 1)]
    keyed = Keyed(key="k", request={})
    for wrong in (claims, [], [claims[0]] * 2):
        with pytest.raises(InvalidInput):
            await approve_claims(cast("Door", None), cast("Knowledge", None), SYSTEM, keyed, wrong)


def test_a_sale_is_known_again_however_it_is_spelled() -> None:
    assert {spelled(text) for text in ("INV 0042", "inv-0042", "Inv/0042")} == {"INV0042"}
    assert spelled("№") == "№"
    line = replace(LINE, serials=("a-1",))
    assert line.keys == {(KeyKind.INVOICE, "A1"), (KeyKind.SERIAL, "A1")}


@pytest.mark.parametrize(
    ("line", "campaign", "known", "code"),
    [
        ({}, {}, {"now": CAMPAIGN.claims_until}, ProblemCode.CLAIMS_CLOSED),
        ({}, {}, {"takes_part": False}, ProblemCode.NOT_ENROLLED),
        ({}, {"needs_proof": True}, {}, ProblemCode.PROOF_MISSING),
        ({"sku": "RTX"}, {}, {}, ProblemCode.SKU_NOT_ELIGIBLE),
        ({"sold_on": date(2026, 3, 11)}, {}, {}, ProblemCode.SKU_NOT_ELIGIBLE),
        ({}, {"sold_from": SOLD + timedelta(seconds=1)}, {}, ProblemCode.SOLD_OUTSIDE_WINDOW),
        ({}, {"sold_until": SOLD}, {}, ProblemCode.SOLD_OUTSIDE_WINDOW),
        ({}, {}, {"now": SOLD - timedelta(seconds=1)}, ProblemCode.SOLD_IN_FUTURE),
        ({}, {"needs_serials": True}, {}, ProblemCode.SERIALS_MISSING),
        ({}, {}, {"employers": {}}, ProblemCode.NO_EMPLOYER),
        ({}, {}, {"consents": {(FIRM, SOLD): BLOCK}}, ProblemCode.EMPLOYER_FORBIDS),
        ({"reps": (NamedRep(member_id=STRANGER, share_ppm=1),)}, {}, {}, ProblemCode.REP_NOT_A_COLLEAGUE),
    ],
)
def test_what_is_in_the_way_says_so(
    line: Mapping[str, Any], campaign: Mapping[str, Any], known: Mapping[str, Any], code: ProblemCode
) -> None:
    found = problems_of(REP, [replace(LINE, **line)], replace(CAMPAIGN, **campaign), replace(KNOWN, **known))
    assert [one.code for one in found] == [code]


def test_a_claim_at_every_edge_of_its_window_may_be_submitted() -> None:
    reps = (NamedRep(member_id=COLLEAGUE, share_ppm=1_000_000),)
    last = replace(KNOWN, now=CAMPAIGN.claims_until - timedelta(microseconds=1))
    assert problems_of(REP, [replace(LINE, reps=reps)], CAMPAIGN, last) == []


def test_sales_under_two_employers_are_two_claims() -> None:
    later = SOLD + timedelta(hours=1)
    known = replace(KNOWN, employers={**KNOWN.employers, (REP, later): OTHER_FIRM})
    found = problems_of(REP, [LINE, replace(LINE, n=2, sold_at=later)], CAMPAIGN, known)
    assert [one.code for one in found] == [ProblemCode.SEVERAL_EMPLOYERS]


def test_a_rule_that_would_pay_claims_of_every_campaign_is_found() -> None:
    rules = [
        {"code": "good", "trigger": "sale.claimed", "condition": 'activity.campaign == "a"'},
        {"code": "bad", "trigger": "sale.claimed", "condition": "activity.quantity > 1"},
        {"code": "worse", "trigger": "sale.claimed"},
        {"code": "other", "trigger": "deal.won"},
    ]
    assert careless_rules({"rules": rules}) == ["bad", "worse"]
