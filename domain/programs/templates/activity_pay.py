"""R3: activity pay rewards calls, demos and webinars, not only what comes of them."""

from collections.abc import Mapping

from domain.programs.templates.form import Template, Values
from domain.programs.templates.parts import LIMITS, amount, both, caps, count, rule, terms, trigger


def document(values: Values) -> Mapping[str, object]:
    """So much an activity that lasted long enough, a few a day, with a pause between two."""
    minutes = values.whole("minutes_min")
    told = rule(
        values,
        "activity",
        {"kind": "FIXED", "amount": values.whole("amount")},
        basis="UNITS",
        period="MONTH",
        condition=f"activity.minutes >= {minutes}" if minutes else None,
        caps=caps(values, "DAY", count_field="per_day"),
        cooldown_minutes=values.whole("cooldown") or None,
    )
    return terms(values, [told], attributes={"minutes": {"type": "INT", "default": 0}})


ACTIVITY_PAY = Template(
    code="activity_pay",
    row="R3",
    name=both("Activity pay", "Prime à l’activité"),
    description=both(
        "A fixed amount for calls, demos or webinars: what works best for juniors and new partners.",
        "Un montant fixe par appel, démonstration ou webinaire : ce qui réussit le mieux aux débutants.",
    ),
    fields=(
        trigger("demo.given"),
        amount(
            "amount",
            both("Amount per activity", "Montant par activité"),
            both("What one activity is worth.", "Ce que vaut une activité."),
            default=20,
            minimum=1,
        ),
        count(
            "minutes_min",
            both("Least duration in minutes", "Durée minimale en minutes"),
            both("Shorter ones do not count; 0: any duration.", "Plus court ne compte pas ; 0 : toute durée."),
            default=15,
            maximum=1_440,
        ),
        count(
            "per_day",
            both("At most per day", "Au plus par jour"),
            both("Paid activities of one participant a day; 0: no limit.", "Activités payées par jour ; 0 : sans."),
            default=5,
        ),
        count(
            "cooldown",
            both("Minutes between two", "Minutes entre deux"),
            both("The least time from one to the next; 0: none.", "Le délai minimal entre deux ; 0 : aucun."),
            default=0,
            maximum=1_440,
        ),
        *LIMITS,
    ),
    document=document,
)
