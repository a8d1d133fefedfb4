"""A joint plan and its two sides: its states, and what each side may do; pure."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from domain.access.principals import Relation

NAME_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 500
NOTE_LENGTH_MAX = 2_000
SPAN_MAX = timedelta(days=732)
OBJECTIVES_MAX = 20
COMMITMENTS_MAX = 50
ACTIONS_MAX = 20


class PlanState(StrEnum):
    """Where a plan stands: PROPOSED until the partner agrees, AGREED, ENDED when its time is over."""

    PROPOSED = "PROPOSED"
    AGREED = "AGREED"
    ENDED = "ENDED"


class Side(StrEnum):
    """Who speaks: the vendor's people, or the partner's."""

    VENDOR = "VENDOR"
    PARTNER = "PARTNER"


class PlanAction(StrEnum):
    """What somebody may do with a plan."""

    AGREE = "AGREE"
    ADD_OBJECTIVE = "ADD_OBJECTIVE"
    ADD_COMMITMENT = "ADD_COMMITMENT"
    FREEZE_REVIEW = "FREEZE_REVIEW"


class ObjectiveAction(StrEnum):
    """What somebody may do with an objective."""

    PROPOSE_REVISION = "PROPOSE_REVISION"
    ANSWER_REVISION = "ANSWER_REVISION"
    HOLD_CHECKPOINT = "HOLD_CHECKPOINT"


class CommitmentState(StrEnum):
    """What became of what a side said it would do."""

    OPEN = "OPEN"
    DONE = "DONE"
    NOT_DONE = "NOT_DONE"


class RevisionState(StrEnum):
    """What became of a proposed revision."""

    PROPOSED = "PROPOSED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"


# The partner's own goals are its own to add; the vendor's stand once both sides agreed.
ACTIONS: Mapping[tuple[PlanState, Side], tuple[PlanAction, ...]] = {
    (PlanState.PROPOSED, Side.VENDOR): (PlanAction.ADD_OBJECTIVE, PlanAction.ADD_COMMITMENT),
    (PlanState.PROPOSED, Side.PARTNER): (PlanAction.AGREE, PlanAction.ADD_OBJECTIVE, PlanAction.ADD_COMMITMENT),
    (PlanState.AGREED, Side.VENDOR): (PlanAction.ADD_COMMITMENT, PlanAction.FREEZE_REVIEW),
    (PlanState.AGREED, Side.PARTNER): (PlanAction.ADD_OBJECTIVE, PlanAction.ADD_COMMITMENT),
    (PlanState.ENDED, Side.VENDOR): (PlanAction.FREEZE_REVIEW,),
    (PlanState.ENDED, Side.PARTNER): (),
}


def side_of(relation: Relation) -> Side:
    """For whom somebody in this relation to the plan speaks."""
    return Side.VENDOR if relation is Relation.OPERATOR else Side.PARTNER


def objective_actions(
    side: Side, *, is_open: bool, is_due: bool, waits_from: Side | None, is_own: bool
) -> tuple[ObjectiveAction, ...]:
    """What that side may do with an objective; `waits_from` is who proposed the revision that waits, `is_own` says that
    the plan is the vendor's own, where another person of the vendor answers.
    """
    if not is_open:
        return ()
    if is_due:
        return (ObjectiveAction.HOLD_CHECKPOINT,)
    if waits_from is None:
        return (ObjectiveAction.PROPOSE_REVISION, ObjectiveAction.HOLD_CHECKPOINT)
    if waits_from is side and not is_own:
        return (ObjectiveAction.HOLD_CHECKPOINT,)
    return (ObjectiveAction.ANSWER_REVISION, ObjectiveAction.HOLD_CHECKPOINT)


def available_actions(state: PlanState, side: Side) -> tuple[PlanAction, ...]:
    """What that side may do with a plan in this state."""
    return ACTIONS[state, side]
