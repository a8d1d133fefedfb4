"""Random programs for the permutation law: every kind of effect, caps, shares, stacking, parameters, two units."""

import random
from typing import Any

from domain.kernel.periods import NESTED_IN, PeriodKind

UNITS = ("POINTS", "USD")
PERIODS = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.PROGRAM)
CAP_PERIODS = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH)
CONDITIONS = (
    "activity.amount_net > 20000",
    "activity.quantity < 4",
    'activity.product != "B"',
    "tally.count < 3",
    "tally.basis_total < 60000",
)
FACT_CONDITIONS = ('facts.tier == "GOLD"', 'member.tier != "GOLD"', 'partner.tier == "GOLD"')
SURROUNDINGS = (
    *("caps", "cooldown_minutes", "condition", "hold_days", "moment", "discount"),
    *("clawback", "awaits", "follows", "touch"),
)
COURSES = ("clawback", "awaits", "follows", "touch")
TIER = {"tier": {"type": "STRING", "default": ""}}
DISCOUNTS = ((100_000, 500_000), (300_000, 0))
PARAMETERS = {"rate": {"type": "INT", "min": 1, "max": 90, "default": 7}}
PROGRAMS_MAX = 3
RULES_MAX = 3

Document = dict[str, Any]


def documents(chance: random.Random, trigger: str) -> list[Document]:
    """One to three programs' terms; every rule is triggered by this activity type only."""
    return [_document(chance, trigger) for _ in range(chance.randint(1, PROGRAMS_MAX))]


def kinds(terms: Document) -> set[str]:
    """What these terms exercise, in words of the law: effect kinds, and what surrounds them."""
    found = {"parameters"} if terms["parameters"] else set[str]()
    found |= {"shared_caps"} if terms["shared_caps"] else set()
    for rule in terms["rules"]:
        effect = rule["effect"]
        found.add(effect["kind"] + ("_" + effect["mode"] if "mode" in effect else ""))
        found |= {name for name in SURROUNDINGS if rule.get(name)}
        found |= {rule["allocate"]} if "allocate" in rule else set()
        found |= {"fact"} if ".tier" in rule.get("condition", "") else set()
        if "stacking" in rule:
            found |= {rule["stacking"]["mode"]} | ({"ceiling"} if "ceiling_ppm" in rule["stacking"] else set())
        if len(rule.get("beneficiaries", ())) > 1:
            found.add("shares")
    return found


def _document(chance: random.Random, trigger: str) -> Document:
    unit = chance.choice(UNITS)
    measured = chance.random() < 0.35
    rules = [_rule(chance, trigger, unit, number, measured) for number in range(chance.randint(1, RULES_MAX))]
    return {
        "shared_caps": _shared_caps(chance, rules),
        "unit": unit,
        "zone": chance.choice(["UTC", "Europe/Paris", "America/New_York"]),
        "attributes": {"product": {"type": "STRING", "default": ""}, "helper": {"type": "STRING"}},
        "parameters": PARAMETERS if measured else {},
        "facts": TIER,
        "member": TIER,
        "partner": TIER,
        "rules": rules,
    }


def _rule(chance: random.Random, trigger: str, unit: str, number: int, measured: bool) -> Document:
    effect = _effect(chance, measured)
    subject = chance.choice(["MEMBER", "MEMBER", "PARTNER"])
    period = chance.choice(PERIODS)
    rule: Document = {
        "code": f"r{number}",
        "trigger": trigger,
        "effect": effect,
        "basis_unit": "USD",
        "subject": subject,
        "period": period.value,
        "hold_days": chance.choice([0, 0, 3_660]),
    }
    if effect.get("per") == 1 and effect["kind"] == "PER_UNIT":
        rule |= {"basis": "UNITS", "basis_unit": None}
    if chance.random() < 0.45:
        rule["condition"] = chance.choice((*CONDITIONS, *FACT_CONDITIONS))
    if chance.random() < 0.2:
        rule["moment"] = "PAID"
    if chance.random() < 0.2:
        rule["cooldown_minutes"] = chance.choice([60, 600])
    if period is not PeriodKind.PROGRAM and chance.random() < 0.25:
        rule["allocate"] = "AT_CLOSE"
    if effect["kind"] == "MILESTONE":
        return rule
    if chance.random() < 0.2:
        rule["discount"] = [{"above_ppm": above, "keeps_ppm": keeps} for above, keeps in DISCOUNTS]
    if chance.random() < 0.4:
        rule |= _course(chance, trigger, measured)
    if chance.random() < 0.4:
        rule["caps"] = [_cap(chance, period) for _ in range(chance.randint(1, 2))]
    rule["beneficiaries"] = _beneficiaries(chance, subject)
    if chance.random() < 0.5:
        rule["stacking"] = _stacking(chance)
    return rule


def _course(chance: random.Random, trigger: str, measured: bool) -> Document:
    """What the rule asks of its deal, whose activities are all of one type: their moments tell them apart."""
    days: Any = {"parameter": "rate"} if measured and chance.random() < 0.5 else chance.choice([3, 20, 60])
    paid: Document = {"trigger": trigger, "moment": "PAID", "within_days": days}
    return {
        "clawback": {"clawback": paid | {"keeps_ppm": chance.choice([0, 0, 300_000])}},
        "awaits": {"awaits": paid},
        "follows": {"follows": paid},
        "touch": {"touch": {"mode": chance.choice(["FIRST", "LAST"]), "triggers": [trigger]}},
    }[chance.choice(COURSES)]


def _shared_caps(chance: random.Random, rules: list[Document]) -> list[Document]:
    """One cap over all rules of one subject and period that a cap applies to, where there are two."""
    groups: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        if rule["effect"]["kind"] != "MILESTONE":
            groups.setdefault((rule["subject"], rule["period"]), []).append(rule["code"])
    return [
        {"code": f"s{number}", "rules": codes, "caps": [_cap(chance, PeriodKind(period))]}
        for number, ((_, period), codes) in enumerate(groups.items())
        if len(codes) > 1 and chance.random() < 0.8
    ]


def _effect(chance: random.Random, measured: bool) -> Document:
    amount: Any = {"parameter": "rate"} if measured and chance.random() < 0.6 else chance.randint(1, 120)
    starts = [0, chance.randint(10_000, 40_000), chance.randint(40_001, 150_000)]
    brackets = [{"from": start, "rate": chance.randint(1, 9)} for start in starts]
    counted = [{"from": start, "rate": chance.randint(1, 30)} for start in (0, 2, 4)]
    milestones = [{"code": f"m{n}", "at": at, "amount": amount} for n, at in enumerate((2, chance.randint(3, 5)))]
    money = [{"code": f"b{n}", "at": at, "amount": amount} for n, at in enumerate((30_000, 90_000))]
    return chance.choice(
        [
            {"kind": "FIXED", "amount": amount},
            {"kind": "PER_UNIT", "amount": amount, "per": chance.choice([1, 1_000, 7_777])},
            {"kind": "PERCENT", "ppm": chance.randint(5_000, 90_000)},
            {"kind": "BRACKETS", "mode": "MARGINAL", "per": 1_000, "brackets": brackets},
            {"kind": "BRACKETS", "mode": "RETROACTIVE", "per": 1_000, "brackets": brackets},
            {"kind": "BRACKETS", "mode": "RETROACTIVE", "measure": "COUNT", "per": 1, "brackets": counted},
            {"kind": "MILESTONE", "measure": "COUNT", "milestones": milestones},
            {"kind": "MILESTONE", "measure": "BASIS", "milestones": money},
        ]
    )


def _cap(chance: random.Random, period: PeriodKind) -> Document:
    fitting = [one for one in (*CAP_PERIODS, period) if period in NESTED_IN[one]]
    kind = chance.choice(["amount", "count"])
    most = chance.randint(20, 900) if kind == "amount" else chance.randint(1, 3)
    return {"period": chance.choice(fitting).value, kind: most}


def _beneficiaries(chance: random.Random, subject: str) -> list[Document]:
    return chance.choice(
        [
            [{"to": subject}],
            [{"to": subject}],
            [{"to": "MEMBER", "share_ppm": 333_333}, {"to": "PARTNER", "share_ppm": "REST"}],
            [{"to": "MEMBER", "share_ppm": 700_000}, {"to": "activity.helper", "share_ppm": 300_000}],
            [{"to": "PARTNER"}],
        ]
    )


def _stacking(chance: random.Random) -> Document:
    stacking: Document = {
        "group": chance.choice(["deals", "deals", "other"]),
        "mode": chance.choice(["EXCLUSIVE", "BEST_OF", "ADDITIVE"]),
        "priority": chance.randint(0, 3),
    }
    return stacking | ({"ceiling_ppm": chance.choice([2_000, 20_000, 120_000])} if chance.random() < 0.5 else {})
