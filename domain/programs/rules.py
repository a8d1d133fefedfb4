"""One earning rule: what triggers it, when it applies, what it is worth, to whom, and within which limits."""

from dataclasses import dataclass
from enum import StrEnum

from domain.kernel.money import UNIT_CODE
from domain.kernel.periods import DAYS_MAX, MONTHS_MAX, NESTED_IN, PeriodKind
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, SHARES_PPM_WHOLE, Rounding
from domain.programs.document import Number, Reader, least, most, number_json
from domain.programs.effects.effect import Effect, Setting
from domain.programs.effects.fixed import Fixed
from domain.programs.effects.percent import PPM_MAX
from domain.programs.effects.registry import effect_read

BENEFICIARIES_MAX = 10
CAPS_MAX = 4
GRANTS_MAX = 5
GRANT_QUANTITY_MAX = 10
COOLDOWN_MINUTES_MAX = 60 * 24 * 366
CAP_COUNT_MAX = 10_000
PRIORITY_MAX = 1_000
REST = "REST"
ATTRIBUTE_MARK = "activity."


class Basis(StrEnum):
    """Which amount of the activity a rule values; UNITS is its quantity."""

    LIST = "LIST"
    NET = "NET"
    MARGIN = "MARGIN"
    UNITS = "UNITS"
    PAID = "PAID"


class Moment(StrEnum):
    """The moment of a sale's life that an activity reports."""

    BOOKED = "BOOKED"
    PAID = "PAID"
    ACTIVATED = "ACTIVATED"
    RENEWED = "RENEWED"
    CHURNED = "CHURNED"


class SubjectKind(StrEnum):
    """Whose activities a unit gathers, and who may be a beneficiary."""

    MEMBER = "MEMBER"
    PARTNER = "PARTNER"


class Aggregation(StrEnum):
    """Whose unit a partner's activity counts in: its OWN, or that of the group it belonged to when it happened."""

    OWN = "OWN"
    GROUP = "GROUP"


class StackingMode(StrEnum):
    """How the rules of one stacking group share a deal: the first only, the largest only, or all of them."""

    EXCLUSIVE = "EXCLUSIVE"
    BEST_OF = "BEST_OF"
    ADDITIVE = "ADDITIVE"


class Allocation(StrEnum):
    """Whether scarcity is shared as activities are recorded, or at the period's close in order of occurrence."""

    AS_RECORDED = "AS_RECORDED"
    AT_CLOSE = "AT_CLOSE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A beneficiary and its part in millionths; `share_ppm` None is the rest.

    `to` is MEMBER or PARTNER (of the activity), or "activity.<attribute>" for the member that attribute names.
    """

    to: str
    share_ppm: Number | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """At most this amount, and this many paid activities, per beneficiary in each period inside the unit."""

    period: PeriodKind
    amount: Number | None
    count: Number | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Expiry:
    """Lots expire so many days or months after they mature, at the end of that day; with neither, never."""

    days: Number | None = None
    months: Number | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stacking:
    """The rule's place among all rules that value one deal; the ceiling is in millionths of the deal's NET."""

    group: str
    mode: StackingMode
    priority: int
    ceiling_ppm: Number | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BundleGrant:
    """So many of a bundle of the catalog, by its code, for every person who is due something under the rule."""

    bundle: str
    quantity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule as published; numbers may come from the enrollment's parameters."""

    code: str
    trigger: str
    condition: str | None
    effect: Effect
    basis: Basis
    basis_unit: str | None
    moment: Moment | None
    subject: SubjectKind
    period: PeriodKind
    beneficiaries: tuple[Share, ...]
    caps: tuple[Cap, ...]
    campaign_cap: Number | None
    cooldown_minutes: Number | None
    hold_days: Number
    expiry: Expiry
    stacking: Stacking | None
    allocate: Allocation
    rounding: Rounding
    grants: tuple[BundleGrant, ...] = ()
    aggregate: Aggregation = Aggregation.OWN

    @property
    def only_grants(self) -> bool:
        """True when the rule is worth no points: what it gives are its bundles."""
        return bool(self.grants) and isinstance(self.effect, Fixed) and self.effect.amount == 0

    def to_json(self) -> dict[str, object]:
        """The rule as the document writes it, every default written out."""
        return {
            "code": self.code,
            "trigger": self.trigger,
            "condition": self.condition,
            "effect": self.effect.to_json(),
            "basis": self.basis.value,
            "basis_unit": self.basis_unit,
            "moment": self.moment.value if self.moment else None,
            "subject": self.subject.value,
            "period": self.period.value,
            "beneficiaries": [
                {"to": share.to, "share_ppm": REST if share.share_ppm is None else number_json(share.share_ppm)}
                for share in self.beneficiaries
            ],
            "caps": [
                {"period": cap.period.value, "amount": _json(cap.amount), "count": _json(cap.count)}
                for cap in self.caps
            ],
            "campaign_cap": _json(self.campaign_cap),
            "cooldown_minutes": _json(self.cooldown_minutes),
            "hold_days": _json(self.hold_days),
            "expires_after": _expiry_json(self.expiry),
            "stacking": _stacking_json(self.stacking),
            "allocate": self.allocate.value,
            "rounding": self.rounding.value,
            "grants": [{"bundle": grant.bundle, "quantity": grant.quantity} for grant in self.grants],
            # Written where it says something: the digests of terms that were published before stay.
            **({"aggregate": self.aggregate.value} if self.aggregate is not Aggregation.OWN else {}),
        }


RULE_FIELDS = (
    "code",
    "trigger",
    "condition",
    "effect",
    "basis",
    "basis_unit",
    "moment",
    "subject",
    "period",
    "beneficiaries",
    "caps",
    "campaign_cap",
    "cooldown_minutes",
    "hold_days",
    "expires_after",
    "stacking",
    "allocate",
    "rounding",
    "grants",
    "aggregate",
)


def rule_read(reader: Reader, award_unit: str) -> Rule:
    """The rule in the document; problems are noted in the reader."""
    reader.only(*RULE_FIELDS)
    basis = reader.choice("basis", Basis, Basis.NET)
    basis_unit = _basis_unit(reader, basis, award_unit)
    subject = reader.choice("subject", SubjectKind, SubjectKind.MEMBER)
    period = reader.choice("period", PeriodKind, PeriodKind.PROGRAM)
    effect = effect_read(reader.inner("effect"), Setting(award_unit=award_unit, basis_unit=basis_unit))
    beneficiaries = _beneficiaries(reader, subject)
    if effect.has_milestones and [share.to for share in beneficiaries] != [subject.value]:
        reader.problem("beneficiaries", "a milestone belongs to the unit, so its one beneficiary is the subject")
    stacking = reader.optional("stacking", lambda: _stacking(reader.inner("stacking")))
    if effect.has_milestones and stacking is not None:
        reader.problem("stacking", "a milestone belongs to no deal, so it does not stack")
    amount_most = AMOUNT_ABSOLUTE_MAX
    return Rule(
        code=reader.code("code"),
        trigger=reader.code("trigger"),
        condition=reader.optional("condition", lambda: reader.text("condition", 2_000)),
        effect=effect,
        basis=basis,
        basis_unit=basis_unit,
        moment=reader.optional("moment", lambda: reader.choice("moment", Moment)),
        subject=subject,
        period=period,
        beneficiaries=beneficiaries,
        caps=_caps(reader, period, effect),
        campaign_cap=reader.optional("campaign_cap", lambda: reader.number("campaign_cap", 0, amount_most)),
        cooldown_minutes=reader.optional(
            "cooldown_minutes", lambda: reader.number("cooldown_minutes", 1, COOLDOWN_MINUTES_MAX)
        ),
        hold_days=reader.number("hold_days", 0, DAYS_MAX // 10, default=0),
        expiry=_expiry(reader),
        stacking=stacking,
        allocate=reader.choice("allocate", Allocation, Allocation.AS_RECORDED),
        rounding=reader.choice("rounding", Rounding, Rounding.HALF_EVEN),
        grants=_grants(reader, beneficiaries),
        aggregate=_aggregate(reader, subject),
    )


def _aggregate(reader: Reader, subject: SubjectKind) -> Aggregation:
    found = reader.choice("aggregate", Aggregation, Aggregation.OWN)
    if found is Aggregation.GROUP and subject is not SubjectKind.PARTNER:
        reader.problem("aggregate", "partners have groups, so the subject is PARTNER")
    return found


def _basis_unit(reader: Reader, basis: Basis, award_unit: str) -> str | None:
    unit = reader.fields.get("basis_unit")
    if basis is Basis.UNITS:
        if unit is not None:
            reader.problem("basis_unit", "UNITS are counted, they have no unit of money")
        return None
    if unit is None:
        return award_unit
    if not isinstance(unit, str) or not UNIT_CODE.fullmatch(unit):
        reader.problem("basis_unit", "is a unit code: 2 to 16 capital letters, digits, underscores")
        return award_unit
    return unit


def _beneficiaries(reader: Reader, subject: SubjectKind) -> tuple[Share, ...]:
    if not reader.has("beneficiaries"):
        return (Share(to=subject.value, share_ppm=SHARES_PPM_WHOLE),)
    shares: list[Share] = []
    for inner in reader.each("beneficiaries", BENEFICIARIES_MAX, items_min=1):
        inner.only("to", "share_ppm")
        to = inner.text("to", 80)
        if to not in SubjectKind.__members__ and not to.startswith(ATTRIBUTE_MARK):
            inner.problem("to", 'is MEMBER, PARTNER or "activity." and a STRING attribute holding a member\'s id')
        is_rest = inner.fields.get("share_ppm", REST) == REST
        share = None if is_rest else inner.number("share_ppm", 0, SHARES_PPM_WHOLE)
        shares.append(Share(to=to, share_ppm=share))
    stated = [share.share_ppm for share in shares if share.share_ppm is not None]
    rests = len(shares) - len(stated)
    if len({share.to for share in shares}) < len(shares):
        reader.problem("beneficiaries", "each stands once")
    if rests > 1 or sum(map(most, stated)) > SHARES_PPM_WHOLE:
        reader.problem("beneficiaries", f"at most one share is {REST}, and the others sum to at most 1000000")
    elif shares and rests == 0 and (sum(map(least, stated)) < SHARES_PPM_WHOLE):
        reader.problem("beneficiaries", f"the shares sum to exactly 1000000, or one of them is {REST}")
    return tuple(shares)


def _grants(reader: Reader, beneficiaries: tuple[Share, ...]) -> tuple[BundleGrant, ...]:
    grants: list[BundleGrant] = []
    for inner in reader.each("grants", GRANTS_MAX):
        inner.only("bundle", "quantity")
        quantity = inner.whole("quantity", 1, GRANT_QUANTITY_MAX, default=1)
        grants.append(BundleGrant(bundle=inner.code("bundle"), quantity=quantity))
    if len({grant.bundle for grant in grants}) < len(grants):
        reader.problem("grants", "each bundle stands once")
    if grants and all(share.to == SubjectKind.PARTNER for share in beneficiaries):
        reader.problem("grants", "a bundle goes to a person, and no beneficiary is one")
    return tuple(grants)


def _caps(reader: Reader, period: PeriodKind, effect: Effect) -> tuple[Cap, ...]:
    caps: list[Cap] = []
    for inner in reader.each("caps", CAPS_MAX):
        inner.only("period", "amount", "count")
        cap = Cap(
            period=inner.choice("period", PeriodKind, period),
            amount=inner.optional("amount", lambda inner=inner: inner.number("amount", 0, AMOUNT_ABSOLUTE_MAX)),
            count=inner.optional("count", lambda inner=inner: inner.number("count", 0, CAP_COUNT_MAX)),
        )
        if period not in NESTED_IN[cap.period]:
            inner.problem("period", f"a {cap.period} does not lie wholly inside the rule's {period}")
        if cap.amount is None and cap.count is None:
            inner.problem("amount", "a cap limits the amount, the count or both")
        caps.append(cap)
    if caps and effect.has_milestones:
        reader.problem("caps", "a milestone is given once, caps do not apply to it")
    return tuple(caps)


def _expiry(reader: Reader) -> Expiry:
    value = reader.fields.get("expires_after")
    if value is None or value == "NEVER":
        return Expiry()
    inner = reader.inner("expires_after")
    inner.only("days", "months")
    days = inner.optional("days", lambda: inner.number("days", 0, DAYS_MAX))
    months = inner.optional("months", lambda: inner.number("months", 0, MONTHS_MAX))
    if (days is None) == (months is None):
        reader.problem("expires_after", 'is "NEVER", {"days": …} or {"months": …}')
    return Expiry(days=days, months=months)


def _stacking(reader: Reader) -> Stacking:
    reader.only("group", "mode", "priority", "ceiling_ppm")
    return Stacking(
        group=reader.code("group"),
        mode=reader.choice("mode", StackingMode, StackingMode.ADDITIVE),
        priority=reader.whole("priority", 0, PRIORITY_MAX, default=0),
        ceiling_ppm=reader.optional("ceiling_ppm", lambda: reader.number("ceiling_ppm", 0, PPM_MAX)),
    )


def _json(number: Number | None) -> object:
    return None if number is None else number_json(number)


def _expiry_json(expiry: Expiry) -> object:
    if expiry.days is not None:
        return {"days": number_json(expiry.days)}
    return "NEVER" if expiry.months is None else {"months": number_json(expiry.months)}


def _stacking_json(stacking: Stacking | None) -> object:
    if stacking is None:
        return None
    return {
        "group": stacking.group,
        "mode": stacking.mode.value,
        "priority": stacking.priority,
        "ceiling_ppm": _json(stacking.ceiling_ppm),
    }
