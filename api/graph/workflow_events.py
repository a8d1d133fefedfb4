"""Events of workflows as they are sent live: deals, leads, tiers, objectives."""

import strawberry

from api.graph.event_shapes import RewardEvent, carried, carried_id, carried_instant
from api.graph.fields import sure_reference
from api.graph.ids import Tag
from api.graph.scalars import Json, Points
from domain.deals.events import DEAL_MOVED
from domain.deals.machine import DealState
from domain.earning.events import TIER_AT_RISK, TIER_CHANGED
from domain.earning.tiers import MembershipReason, MembershipState
from domain.leads.events import LEAD_MOVED, LEAD_TAKEN
from domain.leads.machine import LeadState
from domain.plans.events import CHECKPOINT_OVERDUE, OBJECTIVE_CHANGED
from domain.plans.objective import ObjectiveState


@strawberry.type(description="A deal registration came to a state.")
class DealMoved(RewardEvent):
    deal_id = sure_reference(Tag.DEAL, "aggregate_id", "The registration.")
    from_state = carried("from_state", DealState | None, "The state before, null for a new draft.")
    to_state = carried("to_state", DealState, "The state from now on.")
    reason = carried("reason", str | None, "Why, a code; it names nobody.")
    due_at = carried_instant("due_at", "Until when its partner has time, if there is a deadline.", optional=True)
    version = carried("version", Points, "The registration's version from now on.")

    names = frozenset({DEAL_MOVED.name})


@strawberry.type(description="A lead came to a state.")
class LeadMoved(RewardEvent):
    lead_id = sure_reference(Tag.LEAD, "aggregate_id", "The lead.")
    to_state = carried("to_state", LeadState, "The state from now on.")
    reason = carried("reason", str | None, "Why, a code.")
    due_at = carried_instant("due_at", "Until when it is to be answered, if it is.", optional=True)
    version = carried("version", Points, "The lead's version from now on.")

    names = frozenset({LEAD_MOVED.name})


@strawberry.type(description="A lead is no longer its partner's: it was not answered in time, or given to another.")
class LeadTaken(RewardEvent):
    lead_id = sure_reference(Tag.LEAD, "aggregate_id", "The lead.")
    reason = carried("reason", str, "NOT_ANSWERED or REASSIGNED.")

    names = frozenset({LEAD_TAKEN.name})


@strawberry.type(description="A partner's tier changed, or its state did.")
class TierChanged(RewardEvent):
    membership_id = sure_reference(Tag.TIER_MEMBERSHIP, "aggregate_id", "Where the partner stands from now on.")
    from_tier = carried("from_tier", str | None, "The code of the tier before.")
    to_tier = carried("to_tier", str | None, "The code of the tier from now on.")
    state = carried("to_state", MembershipState, "Its state.")
    reason = carried("reason", MembershipReason, "Why.")
    valid_from = carried_instant("valid_from", "From when on.")

    names = frozenset({TIER_CHANGED.name})


@strawberry.type(description="By what is known now, a partner will lose its tier.")
class TierAtRisk(RewardEvent):
    membership_id = sure_reference(Tag.TIER_MEMBERSHIP, "aggregate_id", "Where the partner stands.")
    tier = carried("tier", str, "The code of the tier.")
    missing = carried("missing", Json, "Metric → how much more it takes to stay.")
    decides_at = carried_instant("decides_at", "When it is decided.")

    names = frozenset({TIER_AT_RISK.name})


@strawberry.type(description="An objective was set, moved to another state, or closed.")
class ObjectiveChanged(RewardEvent):
    objective_id = sure_reference(Tag.PLAN_OBJECTIVE, "aggregate_id", "The objective.")
    state = carried("state", ObjectiveState, "Its state.")
    value = carried("value", Points, "What was measured.")
    target = carried("target", Points, "What is to be reached.")
    closed = carried("is_closed", bool, "True once it is final.")

    names = frozenset({OBJECTIVE_CHANGED.name})


@strawberry.type(description="Nobody held a checkpoint within three days of its date.")
class CheckpointOverdue(RewardEvent):
    objective_id = carried_id(Tag.PLAN_OBJECTIVE, "plan_objective_id", "Its objective.")
    due_at = carried_instant("due_at", "When it was due.")
    expected = carried("expected", Points, "What the line said for it.")

    names = frozenset({CHECKPOINT_OVERDUE.name})


WORKFLOW_EVENTS = (
    DealMoved,
    LeadMoved,
    LeadTaken,
    TierChanged,
    TierAtRisk,
    ObjectiveChanged,
    CheckpointOverdue,
)
