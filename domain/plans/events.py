"""The events of plans: agreements, objectives, checkpoints, commitments, reviews. Ids, values, codes; never texts."""

from domain.kernel.events import EventType

PLAN_CHANGED = EventType(
    name="plan.changed",
    aggregate="joint_plan",
    description="A joint plan was proposed, agreed, ended, or something was added to it.",
    payload={"state": "PROPOSED, AGREED or ENDED", "version": "the plan's version afterwards"},
)
OBJECTIVE_CHANGED = EventType(
    name="objective.changed",
    aggregate="plan_objective",
    description="An objective was set, moved to another state, or closed.",
    payload={
        "joint_plan_id": "its plan",
        "state": "ON_TRACK, AT_RISK, MET, MISSED or REVISED",
        "value": "what was measured",
        "target": "what is to be reached",
        "due_at": "by when, ISO 8601 in UTC",
        "is_closed": "true once it is final",
    },
)
REVISION_CHANGED = EventType(
    name="objective.revision_changed",
    aggregate="plan_objective",
    description="A revision of an objective was proposed, accepted or declined.",
    payload={"joint_plan_id": "its plan", "state": "PROPOSED, ACCEPTED or DECLINED", "target": "the proposed target"},
)
CHECKPOINT_OVERDUE = EventType(
    name="checkpoint.overdue",
    aggregate="plan_checkpoint",
    description="Nobody held a checkpoint within three days of its date.",
    payload={"plan_objective_id": "its objective", "due_at": "when it was due", "expected": "what the line said"},
)
CHECKPOINT_HELD = EventType(
    name="checkpoint.held",
    aggregate="plan_checkpoint",
    description="A checkpoint was held.",
    payload={
        "plan_objective_id": "its objective",
        "due_at": "when it was due",
        "expected": "what the line said",
        "actual": "what was measured",
    },
)
COMMITMENT_CHANGED = EventType(
    name="commitment.changed",
    aggregate="plan_commitment",
    description="A side committed itself, or said whether it did what it had committed to.",
    payload={"joint_plan_id": "its plan", "side": "VENDOR or PARTNER", "state": "OPEN, DONE or NOT_DONE"},
)
REVIEW_RECORDED = EventType(
    name="plan.review_recorded",
    aggregate="plan_review",
    description="The review of a quarter was frozen as a document.",
    payload={"joint_plan_id": "its plan", "period": "the quarter"},
)
EVENTS = (
    PLAN_CHANGED,
    OBJECTIVE_CHANGED,
    REVISION_CHANGED,
    CHECKPOINT_OVERDUE,
    CHECKPOINT_HELD,
    COMMITMENT_CHANGED,
    REVIEW_RECORDED,
)
