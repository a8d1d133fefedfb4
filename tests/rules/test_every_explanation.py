"""Every code is brought about once, and its sentences name only facts that it then carries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.earning.course import along, asked_of
from domain.earning.evaluation import walk
from domain.earning.explanation import Explanation, Reason
from domain.earning.explanation_texts import TEXTS
from domain.earning.stacking import Deal, DealLine, Place, stacked
from domain.earning.tally import EMPTY
from domain.earning.together import Together, walk_together
from domain.earning.trimming import Request, trim
from domain.earning.views import Beneficiary
from domain.kernel.money import Amount, Unit
from domain.kernel.rates import Rate, Rates
from domain.programs.matching import Withheld
from domain.programs.rules import Basis, Moment, StackingMode, SubjectKind
from domain.programs.terms import Terms
from tests.rules.builders import REP, START, activity, case, document, unit_of

USD, POINTS = Unit(code="USD", exponent=2), Unit(code="POINTS", exponent=0)
RATE = Rate.from_text("1", from_unit=USD, to_unit=POINTS, valid_from=START)
STEPS = [{"from": 0, "rate": 1_000}, {"from": 10, "rate": 2_000}]
HALF = [{"to": "MEMBER", "share_ppm": 500_000}, {"to": "activity.helper", "share_ppm": 500_000}]
# Reasons that only the posting of differences gives, when a line leaves its unit.
SAID_BY_POSTING = frozenset({"NO_LONGER_COUNTS", "ADJUSTED", "SENT", "TAKEN_BACK", "NEVER_CAME", "WAITS_FOR_CLOSE"})
LISTED = Amount(minor=1_000, unit="USD")
RULES: list[dict[str, object]] = [
    {"condition": "tally.count < 1", "hold_days": 1, "expires_after": {"days": 1}, "caps": [{"amount": 5}]},
    {"condition": "activity.quantity / 0 > 1"},
    {"moment": "PAID"},
    {"cooldown_minutes": 600},
    {"effect": {"kind": "PERCENT", "ppm": 10_000}},
    {"effect": {"kind": "PERCENT", "ppm": 10_000}, "basis": "PAID"},
    {"effect": {"kind": "PER_UNIT", "amount": 3}, "basis": "UNITS", "caps": [{"count": 1}]},
    {"effect": {"kind": "BRACKETS", "brackets": STEPS}, "basis_unit": "POINTS"},
    {"effect": {"kind": "BRACKETS", "brackets": STEPS, "mode": "RETROACTIVE"}},
    {"effect": {"kind": "MILESTONE", "milestones": [{"code": "m", "at": 2, "amount": 5}]}},
    {"effect": {"kind": "PER_UNIT", "amount": 10**15}, "basis": "UNITS"},
    {"beneficiaries": HALF},
    {"grants": [{"bundle": "welcome"}]},
    {"follows": {"trigger": "deal.seen"}},
    {"discount": [{"above_ppm": 100_000, "keeps_ppm": 500_000}, {"above_ppm": 600_000, "keeps_ppm": 0}]},
]


def from_evaluation() -> Iterator[Reason]:
    cases = [
        case(activity(1, net=500, unit="USD", quantity=2)),
        case(activity(2, net=500)),
        case(activity(3, net=-500)),
        case(activity(4, net=500), enrolled=False),
        case(activity(5, net=500)),
        case(activity(16, net=500), withheld=Withheld(code="PROGRAM_PAUSED", facts={"since_at": START.isoformat()})),
        case(activity(17, net=500), withheld=Withheld(code="AUDIENCE_OTHER", facts={"list": "tiers", "wanted": "A"})),
        case(activity(900, net=500)),
        case(activity(6, net=300, unit="USD", amounts={Basis.LIST: LISTED})),
        case(activity(7, net=800, unit="USD", amounts={Basis.LIST: LISTED})),
    ]
    window = {"until": (START + timedelta(days=30)).isoformat()}
    for rule in RULES:
        for rates in ((), (RATE,)):
            terms = Terms.from_json(document(rule, attributes={"helper": "STRING"}, window=window))
            for due in walk(unit_of(terms, rates=rates), EMPTY, cases).dues:
                yield from due.explanation.reasons


def from_shared_caps() -> Iterator[Reason]:
    terms = Terms.from_json(
        document(
            rules=[{"code": code, "trigger": "deal.won", "effect": {"kind": "FIXED", "amount": 9}} for code in "ab"],
            shared_caps=[{"code": "both", "rules": ["a", "b"], "caps": [{"count": 2}, {"amount": 13}]}],
        )
    )
    first = unit_of(terms)
    units = tuple(replace(first, rule=rule) for rule in terms.rules)
    cases = [case(activity(number)) for number in (1, 2)]
    walked = walk_together(Together(units=units, shared=terms.shared_caps[0]), EMPTY, dict.fromkeys("ab", cases))
    for due in walked.dues:
        yield from due.explanation.reasons


def from_course() -> Iterator[Reason]:
    sign = {"trigger": "deal.won", "moment": "CHURNED", "within_days": 9}
    own, churned = activity(5, deal_key="d"), activity(9, deal_key="d", moment=Moment.CHURNED)
    earlier = replace(activity(1, deal_key="d"), partner_id=UUID(int=5))
    for asked, deal in (
        ({"awaits": sign}, [own]),
        ({"awaits": sign, "clawback": sign}, [own, churned]),
        ({"follows": {"trigger": "deal.seen"}}, [own]),
        ({"touch": {"triggers": ["deal.won"]}}, [own, earlier]),
    ):
        rule = Terms.from_json(document(asked)).rules[0]
        found = asked_of(rule, {}, ZoneInfo("UTC"))
        assert found is not None
        yield from along(found, own, deal, 10, "POINTS")[1]


def from_stacking() -> Iterator[Reason]:
    for mode, ceiling, net, rates in (
        (StackingMode.EXCLUSIVE, None, None, ()),
        (StackingMode.BEST_OF, None, None, ()),
        (StackingMode.ADDITIVE, 1_000, None, ()),
        (StackingMode.ADDITIVE, 1_000, Amount(minor=100, unit="POINTS"), ()),
        (StackingMode.ADDITIVE, 1_000, Amount(minor=100, unit="USD"), ()),
    ):
        lines = tuple(
            DealLine(
                terms_id=UUID(int=1),
                rule=rule,
                activity_id=UUID(int=1),
                order=(START, "crm", "d"),
                beneficiary=Beneficiary(kind=SubjectKind.MEMBER, id=REP),
                due=10,
                unit="POINTS",
                place=Place(group="g", mode=mode, priority=0, ceiling_ppm=ceiling),
                explanation=Explanation(()),
            )
            for rule in ("a", "b")
        )
        for line in stacked(Deal(key="d", net=net, occurred_at=START, lines=lines), Rates.of(rates)):
            yield from line.explanation.reasons


def from_trimming() -> Iterator[Reason]:
    request = Request(key="r", order=(START, "crm", "d"), amount=9, unit="POINTS", campaign="c", budget="b")
    for grant in trim([request], campaigns={"c": 5}, budgets={"b": 2}).grants:
        yield from grant.explanation.reasons
    counted = replace(request, campaign=None, counted="c", first=1, seat="s")
    for grant in trim([counted], campaigns={}, budgets={"b": 9}, seats={"c": 0}).grants:
        yield from grant.explanation.reasons


def test_every_code_is_said_in_both_languages_from_the_facts_it_carries() -> None:
    said: set[str] = set()
    for reason in (
        *from_evaluation(),
        *from_shared_caps(),
        *from_course(),
        *from_stacking(),
        *from_trimming(),
    ):
        said.add(reason.code)
        for locale in ("en", "fr", "de"):
            assert "{" not in reason.text(locale)
    assert said == set(TEXTS) - SAID_BY_POSTING
