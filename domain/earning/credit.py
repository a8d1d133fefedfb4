"""Turns an activity that counts into dues: the effect's worth, shares, caps, and when a lot matures and expires."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from domain.earning.caps import Left, left_by, used
from domain.earning.explanation import Explanation, Reason, told_at
from domain.earning.tally import CapUse
from domain.earning.unit import Due, Judged, Lowered, Running, Unit
from domain.earning.views import Beneficiary, Case
from domain.kernel.periods import Period, days_later, end_of_date_later, local_date, period_of
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, SHARES_PPM_WHOLE, rounded_ratio, split
from domain.programs.caps import Cap
from domain.programs.discounts import PPM_WHOLE
from domain.programs.document import number_value
from domain.programs.effects.effect import Counted, Totals, Worth
from domain.programs.rules import ATTRIBUTE_MARK, SubjectKind


class Credit:
    """The credit of one unit's walk; caps used and milestones reached are noted in the running tally."""

    def __init__(self, unit: Unit, running: Running) -> None:
        self._unit = unit
        self._running = running
        self._cap_periods: dict[int, Period] = {}
        self._expiries: dict[tuple[date, int, int], tuple[datetime, Reason]] = {}
        self._names: dict[Beneficiary, str] = {}
        self._bundles = [
            Reason(code="GRANTS_BUNDLE", facts={"bundle": grant.bundle, "quantity": grant.quantity})
            for grant in unit.rule.grants
        ]
        self._closes_at = unit.closes_at if unit.rule.waits_for_close else None
        self._units = {"unit": unit.terms.unit, "basis_unit": unit.rule.basis_unit}

    def nothing(self, case: Case, reason: Reason) -> Due:
        """The due of 0 of an activity that does not count, with the reason; it stands with the unit's subject."""
        activity = case.activity
        return self._due(case, self._unit.subject, 0, 0, Explanation((reason,)), (activity.occurred_at, None))

    def dues(self, judged: Judged, whole: Totals, parameters: Mapping[str, object]) -> list[Due]:
        """One due per beneficiary of the activity, and one per milestone it reached."""
        rule = self._unit.rule
        counted = Counted(
            basis=judged.basis,
            before=judged.before,
            after=judged.after,
            whole=whole,
            factor=judged.factor,
            reached=self._running.milestones,
        )
        found: list[Due] = []
        for worth in rule.effect.worth(counted, parameters, rule.rounding):
            reasons = [*judged.reasons, self._worth_reason(worth)]
            if judged.lowered is not None and worth.milestone is None and worth.amount > 0:
                worth = self._lowered(judged.lowered, worth, reasons)
            if self._running.due_total + worth.amount > AMOUNT_ABSOLUTE_MAX:
                reasons.append(Reason(code="AMOUNT_OUT_OF_BOUNDS", facts={}))
                worth = Worth(amount=0, code=worth.code, facts=worth.facts, milestone=worth.milestone)
            if worth.milestone is not None:
                self._running.milestones = (*self._running.milestones, worth.milestone)
                found.append(self._credited(judged, self._unit.subject, worth.amount, reasons, worth.milestone))
            elif rule.effect.has_milestones:
                found.append(self._credited(judged, self._unit.subject, 0, reasons, bears=False))
            else:
                found.extend(self._shared(judged, worth.amount, reasons))
        return found

    def _lowered(self, lowered: Lowered, worth: Worth, reasons: list[Reason]) -> Worth:
        left = rounded_ratio(worth.amount * lowered.keeps_ppm, PPM_WHOLE, self._unit.rule.rounding)
        facts = {"discount": lowered.discount, "above": lowered.above, "keeps": lowered.keeps_ppm}
        facts |= {"whole_amount": worth.amount, "amount": left}
        reasons.append(Reason(code="DISCOUNT_LOWERED", facts={**facts, "unit": self._unit.terms.unit}))
        return Worth(amount=left, code=worth.code, facts=worth.facts)

    def _shared(self, judged: Judged, amount: int, reasons: list[Reason]) -> list[Due]:
        shares = self._unit.rule.beneficiaries
        if len(shares) == 1 and shares[0].to == self._unit.subject.kind.value:
            return [self._capped(judged, self._unit.subject, amount, reasons)]
        weights = self._weights(judged.case)
        if not any(weights):
            facts = {"to": shares[0].to, "asked": amount, "unit": self._unit.terms.unit}
            reason = Reason(code="BENEFICIARY_MISSING", facts=facts)
            return [self._capped(judged, self._unit.subject, 0, [*reasons, reason])]
        by_beneficiary: dict[Beneficiary, tuple[int, list[Reason]]] = {}
        for share, ppm, part in zip(shares, weights, split(amount, weights), strict=True):
            if share.share_from is not None and not ppm:
                continue  # the activity names fewer people than the rule has places for
            beneficiary = self._beneficiary(share.to, judged.case)
            if beneficiary is None:
                facts = {"to": share.to, "asked": part, "unit": self._unit.terms.unit}
                reason, beneficiary, part = Reason(code="BENEFICIARY_MISSING", facts=facts), self._unit.subject, 0
            else:
                facts = {"ppm": ppm, "whole_amount": amount, "amount": part, "unit": self._unit.terms.unit}
                reason = Reason(code="SHARE", facts=facts)
            sofar, told = by_beneficiary.get(beneficiary, (0, list(reasons)))
            by_beneficiary[beneficiary] = (sofar + part, [*told, reason])
        return [self._capped(judged, who, part, told) for who, (part, told) in by_beneficiary.items()]

    def _weights(self, case: Case) -> list[int]:
        """Each beneficiary's part in millionths; what the activity names is bounded, and absent is nothing."""
        found: list[int | None] = []
        for share in self._unit.rule.beneficiaries:
            if share.share_from is not None:
                named = case.activity.attributes.get(share.share_from.removeprefix(ATTRIBUTE_MARK))
                found.append(min(max(named, 0), SHARES_PPM_WHOLE) if isinstance(named, int) else 0)
            else:
                found.append(None if share.share_ppm is None else number_value(share.share_ppm, case.parameters))
        rest = max(SHARES_PPM_WHOLE - sum(ppm or 0 for ppm in found), 0)
        return [rest if ppm is None else ppm for ppm in found]

    def _beneficiary(self, to: str, case: Case) -> Beneficiary | None:
        activity = case.activity
        if to.startswith(ATTRIBUTE_MARK):
            named = activity.attributes.get(to.removeprefix(ATTRIBUTE_MARK))
            try:
                return Beneficiary(kind=SubjectKind.MEMBER, id=UUID(str(named)))
            except ValueError:
                return None
        kind = SubjectKind(to)
        found = activity.member_id if kind is SubjectKind.MEMBER else activity.partner_id
        return None if found is None else Beneficiary(kind=kind, id=found)

    def _capped(self, judged: Judged, beneficiary: Beneficiary, amount: int, reasons: list[Reason]) -> Due:
        caps = self._unit.rule.caps
        if not caps:
            return self._credited(judged, beneficiary, amount, reasons, bears=self._unit.rule.only_grants)
        told, bears = list(reasons), self._unit.rule.only_grants
        name = self._names.get(beneficiary)
        if name is None:
            name = self._names[beneficiary] = f"{beneficiary.kind}:{beneficiary.id}"
        found: list[tuple[str, CapUse]] = []
        for index, cap in enumerate(caps):
            key = f"{index}:{name}"
            period = self._cap_period(index, cap, judged.case.activity.occurred_at)
            use = used(self._running.caps, key, period.key)
            found.append((key, use))
            left = self._left(cap, use, amount, judged.case.parameters)
            amount, bears = left.amount, bears and left.limit is None
            if left.limit is not None:
                told.append(self._limited(left))
        counts = amount > 0 or bears
        for key, use in found:
            self._running.caps[key] = CapUse(period=use.period, amount=use.amount + amount, count=use.count + counts)
        return self._credited(judged, beneficiary, amount, told, bears=bears)

    def _left(self, cap: Cap, use: CapUse, amount: int, parameters: Mapping[str, object]) -> Left:
        return left_by(cap, use, amount, parameters, is_paid=amount > 0 or self._unit.rule.only_grants)

    def _limited(self, left: Left) -> Reason:
        if left.limit == "count":
            return Reason(code="CAP_COUNT", facts=left.facts)
        unit = self._unit.terms.unit
        return Reason(code="CAP_AMOUNT", facts={**left.facts, "cap_unit": unit, "unit": unit})

    def _cap_period(self, index: int, cap: Cap, at: datetime) -> Period:
        known = self._cap_periods.get(index)
        if known is None or not known.holds(at):
            is_unit = cap.period is self._unit.period.kind
            known = self._unit.period if is_unit else period_of(cap.period, at, self._unit.terms.zone)
            self._cap_periods[index] = known
        return known

    def _worth_reason(self, worth: Worth) -> Reason:
        return Reason(code=worth.code, facts={**worth.facts, **self._units})

    def _credited(
        self,
        judged: Judged,
        beneficiary: Beneficiary,
        amount: int,
        reasons: list[Reason],
        milestone: str | None = None,
        *,
        bears: bool = False,
    ) -> Due:
        """`bears`: bundles come with it even though it is worth no points."""
        self._running.due_total += amount
        matures_at, expires_at = judged.case.activity.occurred_at, None
        if amount > 0:
            matures_at = self._matures_at(judged.case)
            expiry = self._expiry(judged.case, matures_at)
            if matures_at > (self._closes_at or judged.case.activity.occurred_at):
                told = told_at(matures_at, self._unit.terms.zone)
                reasons = [*reasons, Reason(code="HOLDS_UNTIL", facts={"matures_at": told})]
            if expiry is not None:
                expires_at = expiry[0]
                reasons = [*reasons, expiry[1]]
        if (amount > 0 or bears) and beneficiary.kind is SubjectKind.MEMBER:
            reasons = [*reasons, *self._bundles]
        explanation = Explanation(tuple(reasons))
        return self._due(
            judged.case, beneficiary, amount, judged.basis, explanation, (matures_at, expires_at), milestone
        )

    def _due(
        self,
        case: Case,
        beneficiary: Beneficiary,
        amount: int,
        basis: int,
        explanation: Explanation,
        span: tuple[datetime, datetime | None],
        milestone: str | None = None,
    ) -> Due:
        activity = case.activity
        return Due(
            rule=self._unit.rule.code,
            activity_id=None if milestone else activity.id,
            milestone=milestone,
            beneficiary=beneficiary,
            amount=amount,
            unit=self._unit.terms.unit,
            basis_amount=basis,
            deal_key=None if milestone else activity.deal_key,
            occurred_at=activity.occurred_at,
            matures_at=span[0],
            expires_at=span[1],
            explanation=explanation,
            order=activity.order,
            waits_until=self._closes_at,
        )

    def _matures_at(self, case: Case) -> datetime:
        held = number_value(self._unit.rule.hold_days, case.parameters)
        occurred_at = case.activity.occurred_at
        return days_later(occurred_at, held, self._unit.terms.zone) if held else occurred_at

    def _expiry(self, case: Case, matures_at: datetime) -> tuple[datetime, Reason] | None:
        """When a lot that matures then expires, with the reason that says so; None when it never does."""
        expiry, zone, parameters = self._unit.rule.expiry, self._unit.terms.zone, case.parameters
        if expiry.days is None and expiry.months is None:
            return None
        days = 0 if expiry.days is None else number_value(expiry.days, parameters)
        months = 0 if expiry.months is None else number_value(expiry.months, parameters)
        first = max(matures_at, case.activity.first_recorded_at, self._closes_at or matures_at)
        day = local_date(first, zone)
        found = self._expiries.get((day, days, months))
        if found is None:
            at = end_of_date_later(day, zone, days=days, months=months)
            found = (at, Reason(code="EXPIRES_AT", facts={"expires_at": told_at(at, zone)}))
            self._expiries[day, days, months] = found
        return found
