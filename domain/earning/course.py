"""What became of a deal: whether what a due asks of its other activities came, was there, or took it back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.earning.explanation import Reason, told_at
from domain.earning.views import ActivityView
from domain.kernel.periods import days_later
from domain.kernel.points import Rounding, rounded_ratio
from domain.programs.course import PPM_WHOLE, Awaits, Clawback, Course, Follows, Sign, Touch
from domain.programs.document import number_value
from domain.programs.kinds import TouchMode
from domain.programs.rules import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What one due asks of its deal: the rule's course, the enrollment's parameters, and the zone that counts days."""

    course: Course
    parameters: Mapping[str, object]
    zone: ZoneInfo


def asked_of(rule: Rule, parameters: Mapping[str, object], zone: ZoneInfo) -> Asked | None:
    """What the rule asks of a deal; None when the other activities do not matter."""
    return Asked(course=rule.course, parameters=parameters, zone=zone) if rule.course.asks else None


def along(
    asked: Asked, own: ActivityView, deal: Sequence[ActivityView], due: int, unit: str
) -> tuple[int, tuple[Reason, ...]]:
    """What is left of the due of activity `own` after the course of its deal, and the reasons, the last one deciding.

    `deal` are all activities of the deal, in any order; the answer depends on the set alone.
    """
    course, reasons = asked.course, list[Reason]()
    others = sorted((each for each in deal if each.id != own.id), key=lambda each: each.order)
    hindrance = (
        (course.touch and _touched_by_another(course.touch, own, others))
        or (course.follows and _not_preceded(course.follows, asked, own, others))
        or (course.awaits and _awaited(course.awaits, asked, own, others, reasons))
    )
    if hindrance:
        return 0, (*reasons, hindrance)
    happened = [
        (number_value(clawback.keeps_ppm, asked.parameters), came, clawback)
        for clawback in course.clawbacks
        if (came := _came_after(clawback.sign, _days(clawback, asked), own, others, asked.zone)) is not None
    ]
    if not happened:
        return due, tuple(reasons)
    keeps, came, clawback = min(happened, key=lambda each: (each[0], each[1].order))
    left = rounded_ratio(due * keeps, PPM_WHOLE, Rounding.HALF_EVEN)
    facts = {"trigger": clawback.sign.trigger, "came_at": told_at(came.occurred_at, asked.zone)}
    facts |= {"days": _days(clawback, asked), "left": left, "asked": due, "unit": unit}
    return left, (*reasons, Reason(code="CHURNED", facts=facts))


def _days(clawback: Clawback, asked: Asked) -> int:
    return number_value(clawback.within_days, asked.parameters)


def _is(sign: Sign, activity: ActivityView) -> bool:
    return activity.type == sign.trigger and sign.moment in (None, activity.moment)


def _came_after(
    sign: Sign, days: int, own: ActivityView, others: Iterable[ActivityView], zone: ZoneInfo
) -> ActivityView | None:
    """The first of the sign's activities at or after `own`, at most so many days later."""
    until = days_later(own.occurred_at, days, zone)
    found = (each for each in others if _is(sign, each) and own.occurred_at <= each.occurred_at <= until)
    return next(found, None)


def _awaited(
    awaits: Awaits, asked: Asked, own: ActivityView, others: Sequence[ActivityView], reasons: list[Reason]
) -> Reason | None:
    days = number_value(awaits.within_days, asked.parameters)
    came = _came_after(awaits.sign, days, own, others, asked.zone)
    facts: dict[str, object] = {"trigger": awaits.sign.trigger}
    if came is None:
        until: datetime = days_later(own.occurred_at, days, asked.zone)
        return Reason(code="AWAITED", facts={**facts, "awaited_until": told_at(until, asked.zone)})
    reasons.append(Reason(code="AWAITED_CAME", facts={**facts, "came_at": told_at(came.occurred_at, asked.zone)}))
    return None


def _not_preceded(follows: Follows, asked: Asked, own: ActivityView, others: Sequence[ActivityView]) -> Reason | None:
    days = None if follows.within_days is None else number_value(follows.within_days, asked.parameters)
    for each in others:
        if not _is(follows.sign, each) or each.occurred_at > own.occurred_at:
            continue
        if days is None or days_later(each.occurred_at, days, asked.zone) >= own.occurred_at:
            return None
    return Reason(code="NOT_PRECEDED", facts={"trigger": follows.sign.trigger})


def _touched_by_another(touch: Touch, own: ActivityView, others: Sequence[ActivityView]) -> Reason | None:
    """Touches count up to the activity, which is one itself if its type is; a deal that nobody touched is its own."""
    touches = [
        each
        for each in sorted((own, *others), key=lambda each: each.order)
        if each.type in touch.triggers and each.partner_id is not None and each.order <= own.order
    ]
    if not touches:
        return None
    decisive = touches[0] if touch.mode is TouchMode.FIRST else touches[-1]
    if decisive.partner_id == own.partner_id:
        return None
    return Reason(code="TOUCHED_BY_ANOTHER", facts={"mode": touch.mode.value})
