"""One earning rule: what triggers it, when it applies, what it is worth, to whom, and within which limits."""

from dataclasses import dataclass

from domain.kernel.money import UNIT_CODE
from domain.kernel.periods import DAYS_MAX, MONTHS_MAX, PeriodKind
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, SHARES_PPM_WHOLE, Rounding
from domain.programs.caps import Cap, caps_json, caps_read
from domain.programs.course import COURSE_FIELDS, NO_COURSE, Course, course_read
from domain.programs.discounts import DiscountStep, discount_read
from domain.programs.document import Number, Reader, least, most, number_json
from domain.programs.effects.effect import Effect, Setting
from domain.programs.effects.fixed import Fixed
from domain.programs.effects.percent import PPM_MAX
from domain.programs.effects.registry import effect_read
from domain.programs.kinds import Aggregation, Allocation, Basis, Moment, StackingMode, SubjectKind

BENEFICIARIES_MAX = 10
GRANTS_MAX = 5
GRANT_QUANTITY_MAX = 10
COOLDOWN_MINUTES_MAX = 60 * 24 * 366
CAMPAIGN_COUNT_MAX = 1_000_000
PRIORITY_MAX = 1_000
REST = "REST"
ATTRIBUTE_MARK = "activity."


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A beneficiary and its part in millionths; `share_ppm` None is the rest, unless `share_from` names the attribute
    of the activity that holds the part.

    `to` is MEMBER or PARTNER (of the activity), or "activity.<attribute>" for the member that attribute names.
    """

    to: str
    share_ppm: Number | None
    share_from: str | None = None


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
    campaign_count: Number | None = None
    discount: tuple[DiscountStep, ...] = ()
    course: Course = NO_COURSE
    aggregate: Aggregation = Aggregation.OWN

    @property
    def is_weighed(self) -> bool:
        """True when the other activities and dues of the deal change what the rule's own are."""
        return self.stacking is not None or self.course.asks

    @property
    def waits_for_close(self) -> bool:
        """True when it grants nothing before the period is closed."""
        return self.allocate is Allocation.AT_CLOSE

    @property
    def waits_for_program_end(self) -> bool:
        """True when the close it waits for is the end of the program."""
        return self.waits_for_close and self.period is PeriodKind.PROGRAM

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
            "beneficiaries": [{"to": share.to, "share_ppm": _share_json(share)} for share in self.beneficiaries],
            "caps": caps_json(self.caps),
            "campaign_cap": _json(self.campaign_cap),
            "campaign_count": _json(self.campaign_count),
            "discount": [step.to_json() for step in self.discount],
            **self.course.to_json(),
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
    "campaign_count",
    "discount",
    *COURSE_FIELDS,
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
    stacking = reader.optional("stacking", lambda: _stacking(reader.inner("stacking")))
    amount_most = AMOUNT_ABSOLUTE_MAX
    rule = Rule(
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
        caps=caps_read(reader, period),
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
        campaign_count=reader.optional(
            "campaign_count", lambda: reader.number("campaign_count", 0, CAMPAIGN_COUNT_MAX)
        ),
        discount=discount_read(reader),
        course=course_read(reader),
        aggregate=_aggregate(reader, subject),
    )
    _check_together(reader, rule)
    return rule


def _check_together(reader: Reader, rule: Rule) -> None:
    """Notes what does not go together."""
    if rule.effect.has_milestones:
        if [share.to for share in rule.beneficiaries] != [rule.subject.value]:
            reader.problem("beneficiaries", "a milestone belongs to the unit, so its one beneficiary is the subject")
        if rule.stacking is not None:
            reader.problem("stacking", "a milestone belongs to no deal, so it does not stack")
        if rule.course.asks:
            reader.problem("clawback", "a milestone belongs to no deal, so it asks nothing of one")
        if rule.caps:
            reader.problem("caps", "a milestone is given once, caps do not apply to it")
        if any(most(step.keeps_ppm) > 0 for step in rule.discount):
            reader.problem("discount", "a milestone is not lowered: its steps bar, with keeps_ppm 0")
    if rule.course.asks and rule.only_grants:
        reader.problem("grants", "a rule that is worth no points asks nothing of its deal")
    if rule.waits_for_close and rule.grants:
        reader.problem("grants", "bundles are not scarce: they do not wait for the close of a period")
    if rule.waits_for_close and rule.period is PeriodKind.ALL_TIME:
        reader.problem("allocate", "all time has no close")


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
        said = inner.fields.get("share_ppm", REST)
        named = said if isinstance(said, str) and said.startswith(ATTRIBUTE_MARK) else None
        share = None if said == REST or named else inner.number("share_ppm", 0, SHARES_PPM_WHOLE)
        shares.append(Share(to=to, share_ppm=share, share_from=named))
    stated = [share.share_ppm for share in shares if share.share_ppm is not None]
    named_by_activity = sum(share.share_from is not None for share in shares)
    rests = len(shares) - len(stated) - named_by_activity
    if len({share.to for share in shares}) < len(shares):
        reader.problem("beneficiaries", "each stands once")
    if rests > 1 or sum(map(most, stated)) > SHARES_PPM_WHOLE:
        reader.problem("beneficiaries", f"at most one share is {REST}, and the others sum to at most 1000000")
    elif shares and rests == 0 and not named_by_activity and (sum(map(least, stated)) < SHARES_PPM_WHOLE):
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


def _share_json(share: Share) -> object:
    if share.share_from is not None:
        return share.share_from
    return REST if share.share_ppm is None else number_json(share.share_ppm)


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
