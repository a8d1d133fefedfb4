"""What happens in the demo story, as data: activity types, two programs, three boards and a season of deals."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from api.demo.people import PARTNERS
from domain.activities.activity import ActivityInput, Basis
from domain.kernel.money import Amount

SOURCE = "demo-crm"
SEED = 7  # the story is the same on every machine
DAYS = 75
PRODUCTS = ("Cloud Backup", "Edge Router", "Secure Mail", "Insight Suite")
BOARD = "points-this-quarter"
# Those who sign in have something to see: how often they sell, where 1 is usual.
STRENGTH: Mapping[str, float] = {"Ava Brooks": 1.5, "Camille Laurent": 1.4, "Lena Frei": 1.2}

TYPES: Mapping[str, tuple[Mapping[str, str], Mapping[str, Any]]] = {
    "deal.won": (
        {"en": "Deal won", "fr": "Affaire gagnée"},
        {
            "attributes": [
                {"name": "product", "kind": "STRING"},
                {"name": "opportunity", "kind": "STRING", "length_max": 64},
            ],
            "amounts": [{"basis": "NET", "units": ["USD"]}],
            "deal_key": "opportunity",
        },
    ),
    "demo.given": (
        {"en": "Demo given", "fr": "Démonstration faite"},
        {"attributes": [{"name": "product", "kind": "STRING"}], "amounts": []},
    ),
}

PRODUCT: Mapping[str, Mapping[str, str]] = {"product": {"type": "STRING", "default": ""}}

REWARDS: Mapping[str, Any] = {
    "unit": "POINTS",
    "zone": "Europe/Paris",
    "attributes": PRODUCT,
    "parameters": {"points_per_hundred": {"type": "INT", "min": 1, "max": 50, "default": 10}},
    "rules": [
        {
            "code": "deal",
            "trigger": "deal.won",
            "effect": {"kind": "PER_UNIT", "amount": {"parameter": "points_per_hundred"}, "per": 10_000},
            "basis": "NET",
            "basis_unit": "USD",
            "period": "QUARTER",
            "caps": [{"period": "MONTH", "amount": 4_000}],
            "hold_days": 14,
            "expires_after": {"months": 12},
        },
        {
            "code": "demo",
            "trigger": "demo.given",
            "effect": {"kind": "FIXED", "amount": 40},
            "period": "QUARTER",
            "caps": [{"period": "MONTH", "count": 6}],
        },
        {
            "code": "ten-deals",
            "trigger": "deal.won",
            "effect": {
                "kind": "MILESTONE",
                "measure": "COUNT",
                "milestones": [
                    {"code": "five", "at": 5, "amount": 250},
                    {"code": "ten", "at": 10, "amount": 750},
                ],
            },
            "period": "QUARTER",
        },
    ],
}

SPIFF: Mapping[str, Any] = {
    "unit": "POINTS",
    "zone": "UTC",
    "attributes": PRODUCT,
    "rules": [
        {
            "code": "cloud-backup",
            "trigger": "deal.won",
            "condition": 'activity.product == "Cloud Backup"',
            "effect": {"kind": "FIXED", "amount": 300},
            "period": "MONTH",
            "beneficiaries": [{"to": "MEMBER", "share_ppm": 800_000}, {"to": "PARTNER", "share_ppm": "REST"}],
        }
    ],
}

BOARDS: tuple[Mapping[str, Any], ...] = (
    {
        "code": BOARD,
        "name": {"en": "Points this quarter", "fr": "Points du trimestre"},
        "metric": {"event": "award", "unit": "POINTS"},
        "window_kind": "QUARTER",
        "zone": "Europe/Paris",
        "visibility": "PUBLIC",
    },
    {
        "code": "revenue-all-time",
        "name": {"en": "Won revenue", "fr": "Chiffre d’affaires gagné"},
        "metric": {"event": "activity", "type": "deal.won", "value": {"basis": "NET"}, "unit": "USD"},
        "window_kind": "ALL_TIME",
    },
    {
        "code": "biggest-deal",
        "name": {"en": "Biggest deal of the year", "fr": "Plus grosse affaire de l’année"},
        "metric": {"event": "activity", "type": "deal.won", "value": {"basis": "NET"}, "unit": "USD"},
        "operator": "BEST",
        "window_kind": "YEAR",
    },
)


def member_code(name: str) -> str:
    """The external id of a demo member."""
    return name.lower().replace(" ", "-")


def activities(now: datetime) -> Iterator[ActivityInput]:
    """The season's deals and demos up to `now`, oldest first; some are too many, some fall under a cap."""
    draw = random.Random(SEED)
    members = [(partner, name) for partner in PARTNERS for name in partner.members]
    strength = {name: draw.uniform(0.3, 1.6) for _, name in members}
    strength |= STRENGTH
    for day in range(DAYS, -1, -1):
        for _, name in members:
            happened = draw.random()
            at = now - timedelta(days=day, minutes=draw.randrange(30, 1_200))
            if happened < 0.11 * strength[name]:
                yield _deal(draw, name, day, at)
            elif happened < 0.19 * strength[name]:
                yield ActivityInput(
                    external_id=f"demo-{member_code(name)}-{day}",
                    type="demo.given",
                    occurred_at=at,
                    member=member_code(name),
                    attributes={"product": draw.choice(PRODUCTS)},
                )


def _deal(draw: random.Random, name: str, day: int, at: datetime) -> ActivityInput:
    identity = f"{member_code(name)}-{day}"
    cents = int(draw.lognormvariate(8.0, 0.9)) * 100
    return ActivityInput(
        external_id=f"deal-{identity}",
        type="deal.won",
        occurred_at=at,
        member=member_code(name),
        amounts={Basis.NET: Amount(minor=cents, unit="USD")},
        attributes={"product": draw.choice(PRODUCTS), "opportunity": f"opp-{identity}"},
    )
