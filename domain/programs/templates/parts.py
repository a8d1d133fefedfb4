"""Fields that many forms share, and the parts of a rule that they fill; pure."""

from collections.abc import Mapping, Sequence

from domain.programs.templates.form import Field, FieldKind, Texts, Values

HUNDRED_PERCENT = 1_000_000


def both(en: str, fr: str) -> Texts:
    """A text in both languages."""
    return {"en": en, "fr": fr}


def amount(name: str, label: Texts, help: Texts, default: int, minimum: int = 0) -> Field:
    """So many minor units of what the program awards."""
    return Field(name=name, kind=FieldKind.AMOUNT, label=label, help=help, default=default, minimum=minimum)


def count(name: str, label: Texts, help: Texts, default: int, minimum: int = 0, maximum: int = 10_000) -> Field:
    """A whole number of things, days or minutes."""
    return Field(
        name=name, kind=FieldKind.COUNT, label=label, help=help, default=default, minimum=minimum, maximum=maximum
    )


def percent(name: str, label: Texts, help: Texts, default: int, minimum: int = 0) -> Field:
    """A part in millionths, at most all of it."""
    return Field(
        name=name,
        kind=FieldKind.PERCENT,
        label=label,
        help=help,
        default=default,
        minimum=minimum,
        maximum=HUNDRED_PERCENT,
    )


def text(name: str, label: Texts, help: Texts, default: str | None = "") -> Field:
    """A text that a condition compares with."""
    return Field(name=name, kind=FieldKind.TEXT, label=label, help=help, default=default)


def trigger(default: str, name: str = "trigger", what: Texts | None = None) -> Field:
    """Which type of activity is rewarded."""
    return Field(
        name=name,
        kind=FieldKind.CODE,
        label=what or both("What is rewarded", "Ce qui est récompensé"),
        help=both("The code of the activity type that earns.", "Le code du type d’activité qui rapporte."),
        default=default,
    )


BASIS_UNIT = Field(
    name="basis_unit",
    kind=FieldKind.UNIT,
    label=both("Currency of the sales", "Devise des ventes"),
    help=both("In which currency sales are added up.", "La devise dans laquelle les ventes sont additionnées."),
    default="USD",
)
HOLD_DAYS = count(
    "hold_days",
    both("Days on hold", "Jours d’attente"),
    both(
        "Days until what is earned can be used: the time in which sales are returned.",
        "Jours avant que les gains soient utilisables : le délai des retours.",
    ),
    default=14,
    maximum=3_660,
)
EXPIRES_MONTHS = count(
    "expires_months",
    both("Months until expiry", "Mois avant expiration"),
    both("Months for which it can be used; 0: it never expires.", "Mois d’utilisation ; 0 : n’expire jamais."),
    default=12,
    maximum=1_200,
)
CAMPAIGN_CAP = amount(
    "campaign_cap",
    both("Cap of the campaign", "Plafond de la campagne"),
    both("The most that everybody together gets; 0: no cap.", "Le maximum pour tous ensemble ; 0 : sans plafond."),
    default=0,
)
MEMBER_CAP = amount(
    "cap",
    both("Cap per participant", "Plafond par participant"),
    both("The most that one participant gets in the period; 0: no cap.", "Le maximum par participant ; 0 : sans."),
    default=0,
)
LIMITS = (HOLD_DAYS, EXPIRES_MONTHS)


def rule(values: Values, code: str, effect: Mapping[str, object], **more: object) -> dict[str, object]:
    """One rule with the hold and expiry of the form, and its cap of the campaign where it has one."""
    told: dict[str, object] = {"code": code, "effect": effect, "trigger": values.fields.get("trigger")} | more
    if "hold_days" in values.fields:
        told["hold_days"] = values.whole("hold_days")
    if values.fields.get("expires_months"):
        told["expires_after"] = {"months": values.whole("expires_months")}
    if values.fields.get("campaign_cap"):
        told["campaign_cap"] = values.whole("campaign_cap")
    return told


def caps(values: Values, period: str, *, amount_field: str = "cap", count_field: str = "cap_count") -> list[object]:
    """The cap that the form sets for a period, if it sets one."""
    found: dict[str, object] = {"period": period}
    if values.fields.get(amount_field):
        found["amount"] = values.whole(amount_field)
    if values.fields.get(count_field):
        found["count"] = values.whole(count_field)
    return [found] if len(found) > 1 else []


def terms(
    values: Values,
    rules: Sequence[Mapping[str, object]],
    *,
    attributes: Mapping[str, object] | None = None,
    partner: Mapping[str, object] | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Mapping[str, object]:
    """The whole document in the program's unit and zone."""
    return {
        "unit": values.unit,
        "zone": values.zone,
        "attributes": dict(attributes or {}),
        "partner": dict(partner or {}),
        "parameters": dict(parameters or {}),
        "rules": list(rules),
    }


def equals(variable: str, value: str) -> str | None:
    """The condition that a text variable has this value; none where it is empty."""
    return f'{variable} == "{value}"' if value else None
