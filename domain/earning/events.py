"""The events of earning itself; awards and reversals are told by the ledger."""

from domain.kernel.events import EventType

UNIT_REWALKED = EventType(
    name="unit.rewalked",
    aggregate="unit",
    description="A unit of evaluation was walked again because a fact or a rate of the past became known.",
    payload={
        "terms_id": "id of the terms version",
        "rule": "code of the rule",
        "subject_id": "whose unit it is",
        "period_start": "start of the unit's period, ISO 8601 in UTC",
        "cause_id": "what reversals of this walk name as their cause",
    },
)
GRANT_GIVEN = EventType(
    name="grant.given",
    aggregate="grant",
    description="A bundle was granted beside an award.",
    payload={"due_id": "the due it came with", "bundle": "code of the bundle", "quantity": "how many"},
)
GRANT_REVOKED = EventType(
    name="grant.revoked",
    aggregate="grant",
    description="The due that a bundle came with is due no longer.",
    payload={"due_id": "the due it came with", "bundle": "code of the bundle", "quantity": "how many"},
)
TIER_CHANGED = EventType(
    name="tier.changed",
    aggregate="tier_membership",
    description="A partner rose, fell, is in grace, recovered, or was put into a tier by hand.",
    payload={
        "tier_set_id": "the set of tiers",
        "from_tier": "code of the tier before, or null",
        "to_tier": "code of the tier from now on, or null",
        "from_state": "its state before, or null",
        "to_state": "QUALIFYING, ACTIVE, GRACE or DOWNGRADED",
        "reason": "why, a code",
        "valid_from": "from when on",
    },
)
TIER_AT_RISK = EventType(
    name="tier.at_risk",
    aggregate="tier_membership",
    description="By what is known now, a partner will lose its tier.",
    payload={
        "tier_set_id": "the set of tiers",
        "tier": "code of the tier",
        "missing": "metric of the set → how much more it takes to stay",
        "decides_at": "when it is decided, ISO 8601 in UTC",
    },
)
EVENTS = (UNIT_REWALKED, GRANT_GIVEN, GRANT_REVOKED, TIER_CHANGED, TIER_AT_RISK)
