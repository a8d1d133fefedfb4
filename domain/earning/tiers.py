"""Tiers: their document, which one a partner qualifies for, and what an evaluation makes of a membership; pure."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast
from zoneinfo import ZoneInfo

from domain.earning.metric import OF_ACTIVITIES, Metric, metric_read
from domain.kernel.periods import PeriodKind, days_later, period_of, zone_named
from domain.programs.document import InvalidTerms, Reader

METRICS_MAX = 10
TIERS_MAX = 10
LOOK_BACK_MONTHS_MAX = 60
GRACE_DAYS_MAX = 366
AT_RISK_DAYS_MAX = 90
THRESHOLD_MAX = 10**15
NAME_LENGTH_MAX = 200


class Calendar(StrEnum):
    """When tiers are evaluated: at the start of every month, quarter or year of the zone."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Downgrade(StrEnum):
    """Where a fall ends: at what the partner QUALIFIES for, ONE_STEP down at most, or NEVER a fall at all."""

    QUALIFIED = "QUALIFIED"
    ONE_STEP = "ONE_STEP"
    NEVER = "NEVER"


class Match(StrEnum):
    """Whether a tier needs ALL of its thresholds, or ANY of them."""

    ALL = "ALL"
    ANY = "ANY"


class MembershipState(StrEnum):
    """Where a partner stands in a set of tiers."""

    QUALIFYING = "QUALIFYING"
    ACTIVE = "ACTIVE"
    GRACE = "GRACE"
    DOWNGRADED = "DOWNGRADED"


class MembershipReason(StrEnum):
    """Why a membership began."""

    NOT_YET = "NOT_YET"
    QUALIFIED = "QUALIFIED"
    ROSE = "ROSE"
    BELOW = "BELOW"
    RECOVERED = "RECOVERED"
    FELL = "FELL"
    SETTLED = "SETTLED"
    OVERRIDE = "OVERRIDE"
    OVERRIDE_ENDED = "OVERRIDE_ENDED"


# Every edge that an evaluation may take; an override leads from anywhere to ACTIVE.
EDGES: Mapping[MembershipState, frozenset[MembershipState]] = {
    MembershipState.QUALIFYING: frozenset({MembershipState.ACTIVE}),
    MembershipState.ACTIVE: frozenset({MembershipState.ACTIVE, MembershipState.GRACE, MembershipState.DOWNGRADED}),
    MembershipState.GRACE: frozenset({MembershipState.ACTIVE, MembershipState.DOWNGRADED}),
    MembershipState.DOWNGRADED: frozenset(
        {MembershipState.QUALIFYING, MembershipState.ACTIVE, MembershipState.GRACE, MembershipState.DOWNGRADED}
    ),
}


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One tier: what it takes to reach it (`needs`) and to stay (`keeps`), metric code → threshold."""

    code: str
    name: Mapping[str, str]
    needs: Mapping[str, int]
    keeps: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Tiers:
    """A set of tiers, the lowest first, the metrics they are decided by, and when and how that happens.

    The window of an evaluation is the `look_back_months` before it. `top_up` measures what a partner sold in a period
    that would have been in a higher tier, had its late sales been known.
    """

    zone: ZoneInfo
    evaluate: Calendar
    look_back_months: int
    grace_days: int
    at_risk_days: int
    downgrade: Downgrade
    match: Match
    metrics: Mapping[str, Metric]
    tiers: tuple[Tier, ...]
    top_up: Metric | None
    document: Mapping[str, object]

    @classmethod
    def from_json(cls, document: object) -> "Tiers":
        """The tiers in the document. Refuses: InvalidTerms, with the path and reason of every problem."""
        fields = cast("dict[str, object]", document) if isinstance(document, dict) else {}
        reader = Reader(fields=fields, path="")
        found = _tiers(reader)
        if reader.problems:
            raise InvalidTerms(reader.problems)
        return found

    def place(self, code: str | None) -> int:
        """How high the tier stands: 0 for none, 1 for the lowest; a tier that the set no longer has is none."""
        return next((n for n, tier in enumerate(self.tiers, start=1) if tier.code == code), 0)

    def at(self, place: int) -> Tier | None:
        """The tier that stands so high."""
        return self.tiers[place - 1] if 1 <= place <= len(self.tiers) else None

    def meets(self, thresholds: Mapping[str, int], values: Mapping[str, int]) -> bool:
        """True where the values reach these thresholds, all of them or any, as the set says."""
        reached = [values.get(code, 0) >= threshold for code, threshold in thresholds.items()]
        return all(reached) if self.match is Match.ALL else any(reached)

    def qualified(self, values: Mapping[str, int]) -> int:
        """The place of the highest tier whose needs are met, 0 for none."""
        return max((n for n, tier in enumerate(self.tiers, 1) if self.meets(tier.needs, values)), default=0)

    def stays(self, place: int, values: Mapping[str, int]) -> bool:
        """True where a partner of that place may stay there; without a tier there is nothing to lose."""
        tier = self.at(place)
        return tier is None or self.meets(tier.keeps, values) or self.qualified(values) >= place

    def window(self, instant: datetime) -> datetime:
        """Where the window of an evaluation at the instant starts."""
        return months_earlier(instant, self.look_back_months, self.zone)

    def next_evaluation(self, instant: datetime) -> datetime:
        """The first evaluation after the instant."""
        return period_of(PeriodKind(self.evaluate.value), instant, self.zone).end


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A membership as an evaluation finds or leaves it: `look_at` is when its grace or its override ends."""

    state: MembershipState
    tier: str | None
    reason: MembershipReason
    look_at: datetime | None = None


def evaluated(tiers: Tiers, before: Standing | None, values: Mapping[str, int], instant: datetime) -> Standing:
    """What the membership is from the instant on; equal to `before` where nothing changes.

    A tier that is earned is had at once. Below what it takes to stay there is a grace; when it ends, the tier is lost
    as the set's downgrade rule says. With `grace_days` 0 it is lost at once. An override that ended leaves the tier
    that the values earn or keep.
    """
    earned = tiers.qualified(values)
    held = tiers.place(before.tier if before else None)
    if before is None and not earned:
        return Standing(state=MembershipState.QUALIFYING, tier=None, reason=MembershipReason.NOT_YET)
    if earned > held:
        reason = MembershipReason.ROSE if held else MembershipReason.QUALIFIED
        return Standing(state=MembershipState.ACTIVE, tier=_code(tiers, earned), reason=reason)
    if before is None:
        raise AssertionError("who has no membership holds no tier")
    if before.tier is not None and not held:  # the set has this tier no longer
        return Standing(state=MembershipState.DOWNGRADED, tier=None, reason=MembershipReason.FELL)
    if tiers.stays(held, values):
        return _stayed(before, held)
    if tiers.downgrade is Downgrade.NEVER:
        return before
    if before.state is MembershipState.GRACE and before.look_at is not None and instant < before.look_at:
        return before
    if before.state is not MembershipState.GRACE and tiers.grace_days:
        ends = days_later(instant, tiers.grace_days, tiers.zone)
        return Standing(state=MembershipState.GRACE, tier=before.tier, reason=MembershipReason.BELOW, look_at=ends)
    place = max(earned, held - 1) if tiers.downgrade is Downgrade.ONE_STEP else earned
    return Standing(state=MembershipState.DOWNGRADED, tier=_code(tiers, place), reason=MembershipReason.FELL)


def _stayed(before: Standing, held: int) -> Standing:
    if before.state is MembershipState.GRACE:
        return Standing(state=MembershipState.ACTIVE, tier=before.tier, reason=MembershipReason.RECOVERED)
    if before.state is MembershipState.DOWNGRADED:
        state = MembershipState.ACTIVE if held else MembershipState.QUALIFYING
        return Standing(state=state, tier=before.tier, reason=MembershipReason.SETTLED)
    return before


def after_override(tiers: Tiers, earned_before: str | None, values: Mapping[str, int], instant: datetime) -> Standing:
    """What the membership is when its override ends: what was held before it, evaluated as if it still were."""
    place = tiers.place(earned_before)
    state = MembershipState.ACTIVE if place else MembershipState.QUALIFYING
    resumed = Standing(state=state, tier=_code(tiers, place), reason=MembershipReason.OVERRIDE_ENDED)
    return evaluated(tiers, resumed, values, instant)


@dataclass(frozen=True, kw_only=True)
class Needed:
    """How a metric stands against a threshold: `missing` is how much more it takes, 0 where it is reached."""

    metric: str
    value: int
    threshold: int

    @property
    def missing(self) -> int:
        """How much more it takes."""
        return max(self.threshold - self.value, 0)


def needed(thresholds: Mapping[str, int], values: Mapping[str, int]) -> tuple[Needed, ...]:
    """Every threshold against the values."""
    return tuple(
        Needed(metric=code, value=values.get(code, 0), threshold=threshold) for code, threshold in thresholds.items()
    )


def months_earlier(instant: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same wall-clock time so many months earlier; a day the month lacks becomes its last day."""
    local = instant.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    moved = local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
    return moved.astimezone(instant.tzinfo)


def warns_at(tiers: Tiers, evaluates_at: datetime) -> datetime | None:
    """When partners are told that they may lose their tier at the evaluation; None where the set does not warn."""
    return evaluates_at - timedelta(days=tiers.at_risk_days) if tiers.at_risk_days else None


def _code(tiers: Tiers, place: int) -> str | None:
    tier = tiers.at(place)
    return None if tier is None else tier.code


def _tiers(reader: Reader) -> Tiers:
    reader.only(
        *("zone", "evaluate", "look_back_months", "grace_days", "at_risk_days", "downgrade", "match"),
        *("metrics", "tiers", "top_up"),
    )
    metrics = {code: metric_read(each) for code, each in reader.named("metrics", METRICS_MAX).items()}
    if not metrics:
        reader.problem("metrics", f"is an object of 1 to {METRICS_MAX} metrics by name")
    top_up = metric_read(reader.inner("top_up")) if reader.has("top_up") else None
    if top_up is not None and top_up.kind not in OF_ACTIVITIES:
        reader.problem("top_up", "measures what was sold: AMOUNT, COUNT or UNITS")
    return Tiers(
        zone=_zone(reader),
        evaluate=reader.choice("evaluate", Calendar, Calendar.QUARTER),
        look_back_months=reader.whole("look_back_months", 1, LOOK_BACK_MONTHS_MAX, 12),
        grace_days=reader.whole("grace_days", 0, GRACE_DAYS_MAX, 0),
        at_risk_days=reader.whole("at_risk_days", 0, AT_RISK_DAYS_MAX, 0),
        downgrade=reader.choice("downgrade", Downgrade, Downgrade.QUALIFIED),
        match=reader.choice("match", Match, Match.ALL),
        metrics=metrics,
        tiers=_listed(reader, metrics),
        top_up=top_up,
        document=dict(reader.fields),
    )


def _listed(reader: Reader, metrics: Mapping[str, Metric]) -> tuple[Tier, ...]:
    found = list[Tier]()
    for each in reader.each("tiers", TIERS_MAX, 1):
        each.only("code", "name", "needs", "keeps")
        needs = _thresholds(each, "needs", metrics)
        keeps = _thresholds(each, "keeps", metrics) if each.has("keeps") else needs
        if not needs:
            each.problem("needs", "names at least one metric of the set")
        if set(keeps) - set(needs) or any(keeps[code] > needs[code] for code in keeps if code in needs):
            each.problem("keeps", "asks for no more than needs does")
        found.append(Tier(code=each.code("code"), name=_name(each), needs=needs, keeps=keeps))
    if len({tier.code for tier in found}) != len(found):
        reader.problem("tiers", "each have a code of their own")
    return tuple(found)


def _thresholds(reader: Reader, name: str, metrics: Mapping[str, Metric]) -> dict[str, int]:
    inner = reader.inner(name)
    inner.only(*metrics)
    return {code: inner.whole(code, 1, THRESHOLD_MAX) for code in inner.fields if code in metrics}


def _name(reader: Reader) -> Mapping[str, str]:
    inner = reader.inner("name")
    inner.only("en", "fr")
    return {"en": inner.text("en", NAME_LENGTH_MAX)} | (
        {"fr": inner.text("fr", NAME_LENGTH_MAX)} if inner.has("fr") else {}
    )


def _zone(reader: Reader) -> ZoneInfo:
    try:
        return zone_named(reader.text("zone", 64, "UTC"))
    except ValueError as trouble:
        reader.problem("zone", str(trouble))
        return ZoneInfo("UTC")
