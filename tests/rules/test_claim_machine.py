"""The machine of claims: every edge that is drawn, every one that is not, the fold of lines, who may do what."""

from itertools import product

import pytest

from domain.access.principals import Relation, Role
from domain.claims.machine import (
    EDGES,
    LINE_EDGES,
    POSSIBLE,
    ClaimAction,
    ClaimLineState,
    ClaimState,
    ClaimTurn,
    available_actions,
    state_after,
    turn_of,
)

OPEN, APPROVED, REJECTED, REVERSED = ClaimLineState
DRAWN = {
    "DRAFT>SUBMITTED",
    "DRAFT>WITHDRAWN",
    "SUBMITTED>IN_REVIEW",
    "SUBMITTED>INFO_REQUESTED",
    "SUBMITTED>WITHDRAWN",
    "SUBMITTED>APPROVED",
    "SUBMITTED>PARTIALLY_APPROVED",
    "SUBMITTED>REJECTED",
    "IN_REVIEW>INFO_REQUESTED",
    "IN_REVIEW>WITHDRAWN",
    "IN_REVIEW>APPROVED",
    "IN_REVIEW>PARTIALLY_APPROVED",
    "IN_REVIEW>REJECTED",
    "IN_REVIEW>REVERSED",
    "INFO_REQUESTED>IN_REVIEW",
    "INFO_REQUESTED>WITHDRAWN",
    "INFO_REQUESTED>APPROVED",
    "INFO_REQUESTED>PARTIALLY_APPROVED",
    "INFO_REQUESTED>REJECTED",
    "INFO_REQUESTED>REVERSED",
    "APPROVED>PARTIALLY_APPROVED",
    "APPROVED>REVERSED",
    "PARTIALLY_APPROVED>REVERSED",
}


def test_the_edges_of_a_claim_are_those_of_the_drawing_and_no_others() -> None:
    assert {f"{a}>{b}" for a, b in product(ClaimState, ClaimState) if b in EDGES[a]} == DRAWN


def test_the_edges_of_a_line_are_those_of_the_drawing_and_no_others() -> None:
    edges = {f"{a}>{b}" for a, b in product(ClaimLineState, ClaimLineState) if b in LINE_EDGES[a]}
    assert edges == {"OPEN>APPROVED", "OPEN>REJECTED", "APPROVED>REVERSED"}


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        (ClaimState.SUBMITTED, [OPEN, APPROVED], ClaimState.IN_REVIEW),
        (ClaimState.IN_REVIEW, [OPEN], ClaimState.IN_REVIEW),
        (ClaimState.INFO_REQUESTED, [OPEN, REJECTED], ClaimState.INFO_REQUESTED),
        (ClaimState.SUBMITTED, [APPROVED, APPROVED], ClaimState.APPROVED),
        (ClaimState.IN_REVIEW, [APPROVED, REJECTED], ClaimState.PARTIALLY_APPROVED),
        (ClaimState.APPROVED, [APPROVED, REVERSED], ClaimState.PARTIALLY_APPROVED),
        (ClaimState.SUBMITTED, [REJECTED], ClaimState.REJECTED),
        (ClaimState.PARTIALLY_APPROVED, [REVERSED, REJECTED], ClaimState.REVERSED),
    ],
)
def test_a_claim_stands_where_its_lines_stand(
    before: ClaimState, lines: list[ClaimLineState], after: ClaimState
) -> None:
    assert state_after(before, lines) is after
    assert after is before or after in EDGES[before]


def test_whatever_becomes_of_lines_is_a_drawn_edge() -> None:
    """From every state in which a line may still move, each fold that is reached by drawn moves of lines is drawn."""
    for state in (ClaimState.SUBMITTED, ClaimState.IN_REVIEW, ClaimState.INFO_REQUESTED):
        for lines in product((OPEN, APPROVED, REJECTED), repeat=3):
            if OPEN in lines and (state is not ClaimState.SUBMITTED or set(lines) == {OPEN}):
                for ends in product(*({line, *LINE_EDGES[line]} for line in lines)):
                    after = state_after(state, ends)
                    assert after is state or after in EDGES[state], (state, lines, ends)


def test_somebody_has_the_turn_until_a_claim_is_decided() -> None:
    turns = {state: turn_of(state) for state in ClaimState}
    assert {state for state, turn in turns.items() if turn is ClaimTurn.VENDOR} == {
        ClaimState.SUBMITTED,
        ClaimState.IN_REVIEW,
    }
    assert {state for state, turn in turns.items() if turn is ClaimTurn.PARTNER} == {
        ClaimState.DRAFT,
        ClaimState.INFO_REQUESTED,
    }


@pytest.mark.parametrize("state", ClaimState)
def test_nobody_is_offered_what_they_may_not_do(state: ClaimState) -> None:
    lines = [APPROVED] if state in POSSIBLE[ClaimAction.REVERSE] else [OPEN]
    reps = available_actions(state, lines, relation=Relation.OWN, role=Role.MEMBER)
    managers = available_actions(state, lines, relation=Relation.OPERATOR, role=Role.CHANNEL_MANAGER)
    assert not set(reps) & set(managers)
    assert available_actions(state, lines, relation=Relation.PARTNER, role=Role.PARTNER_ADMIN) == ()
    assert available_actions(state, lines, relation=Relation.OPERATOR, role=Role.SUPPORT) == ()
    assert set(available_actions(state, lines, relation=Relation.OPERATOR, role=Role.FINANCE)) <= {ClaimAction.REVERSE}
    if not EDGES[state]:
        assert (reps, managers) == ((), ())


def test_what_was_approved_in_part_is_not_withdrawn() -> None:
    state, own = ClaimState.IN_REVIEW, Relation.OWN
    assert ClaimAction.WITHDRAW in available_actions(state, [OPEN], relation=own, role=Role.MEMBER)
    assert ClaimAction.WITHDRAW not in available_actions(state, [OPEN, APPROVED], relation=own, role=Role.MEMBER)
