"""Short ways to say terms, units, activities and cases in tests of rules."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.earning.unit import Unit
from domain.earning.views import ActivityView, Beneficiary, Case, Facts
from domain.kernel.expressions import ConditionCache
from domain.kernel.money import Amount
from domain.kernel.rates import Rate, Rates
from domain.programs.matching import Withheld
from domain.programs.rules import Basis, Moment, SubjectKind
from domain.programs.terms import Terms

START = datetime(2017, 7, 3, 9, tzinfo=UTC)
REP, OTHER_REP, FIRM = UUID(int=1), UUID(int=2), UUID(int=100)
TERMS_ID = UUID(int=7)
FIXED = {"kind": "FIXED", "amount": 100}


def document(rule: Mapping[str, object] | None = None, **fields: object) -> dict[str, object]:
    """A terms document of one rule, "won" on "deal.won", with these fields of the rule and of the terms."""
    base = {"code": "won", "trigger": "deal.won", "effect": FIXED, **(rule or {})}
    return {"unit": "POINTS", "zone": "UTC", "rules": [base], **fields}


def unit_of(terms: Terms, *, at: datetime = START, rates: tuple[Rate, ...] = ()) -> Unit:
    """The unit of the first rule, its subject the rep or the firm, in the period of the instant."""
    rule = terms.rules[0]
    return Unit(
        terms=terms,
        terms_id=TERMS_ID,
        terms_version=3,
        rule=rule,
        subject=Beneficiary(kind=rule.subject, id=REP if rule.subject is SubjectKind.MEMBER else FIRM),
        period=terms.period_of(rule, at),
        rates=Rates.of(rates),
        conditions=ConditionCache(),
    )


def activity(
    number: int,
    *,
    hours: float | None = None,
    net: int | None = None,
    unit: str = "POINTS",
    amounts: Mapping[Basis, Amount] | None = None,
    attributes: Mapping[str, int | str | bool | datetime] | None = None,
    quantity: int = 1,
    deal_key: str | None = None,
    moment: Moment = Moment.BOOKED,
    recorded_at: datetime | None = None,
) -> ActivityView:
    """The activity of this number, so many hours after the start (by default its number), of the rep at the firm."""
    occurred_at = START + timedelta(hours=number if hours is None else hours)
    given = dict(amounts or {})
    if net is not None:
        given[Basis.NET] = Amount(minor=net, unit=unit)
    return ActivityView(
        id=UUID(int=10_000 + number),
        revision=1,
        source="crm",
        external_id=f"d{number:05}",
        type="deal.won",
        occurred_at=occurred_at,
        first_recorded_at=recorded_at or occurred_at,
        member_id=REP,
        partner_id=FIRM,
        attributes=dict(attributes or {}),
        amounts=given,
        quantity=quantity,
        deal_key=deal_key,
        moment=moment,
    )


def case(view: ActivityView, **more: object) -> Case:
    """The activity as a case; `parameters`, `facts`, `enrolled` and `withheld` as given."""
    facts, withheld = more.get("facts"), more.get("withheld")
    parameters = more.get("parameters")
    return Case(
        activity=view,
        facts=facts if isinstance(facts, Facts) else Facts(),
        parameters=parameters if isinstance(parameters, dict) else {},
        enrolled=more.get("enrolled") is not False,
        withheld=withheld if isinstance(withheld, Withheld) else None,
    )
