"""C2 in its pure form: every edge that is drawn, every one that is not, the fold of an order, and who may do what."""

from functools import partial
from itertools import combinations, product

import pytest

from catalog.redemptions.machine import (
    ATTEMPT_EDGES,
    CAPTURED,
    HOLDING,
    LINE_EDGES,
    RELEASED,
    Action,
    AttemptState,
    Delivery,
    LineState,
    OrderState,
    available_actions,
    order_state,
    sources,
)
from domain.access.principals import Relation, Role

DRAWN = {
    "HELD>PENDING_APPROVAL",
    "HELD>ORDERED",
    "HELD>CANCELLED",
    "HELD>FAILED",
    "PENDING_APPROVAL>ORDERED",
    "PENDING_APPROVAL>CANCELLED",
    "PENDING_APPROVAL>FAILED",
    "ORDERED>FULFILLED",
    "ORDERED>FAILED",
    "FULFILLED>REFUNDED",
}
DRAWN_FOR_ATTEMPTS = {
    "INTENT>SENT",
    "INTENT>REFUSED",
    "SENT>DELIVERED",
    "SENT>REFUSED",
    "SENT>UNKNOWN",
    "UNKNOWN>SENT",
    "UNKNOWN>DELIVERED",
    "UNKNOWN>REFUSED",
}


def test_the_edges_of_a_line_are_those_of_the_drawing_and_no_others() -> None:
    edges = {f"{before}>{after}" for before, after in product(LineState, LineState) if after in LINE_EDGES[before]}
    assert edges == DRAWN
    assert {f"{before}>{after}" for after in LineState for before in sources(after)} == DRAWN


def test_the_edges_of_an_attempt_are_those_of_the_drawing_and_no_others() -> None:
    edges = {
        f"{before}>{after}" for before, after in product(AttemptState, AttemptState) if after in ATTEMPT_EDGES[before]
    }
    assert edges == DRAWN_FOR_ATTEMPTS


def test_points_are_in_one_place_in_every_state_and_never_leave_being_spent_or_given_back() -> None:
    assert sorted([*HOLDING, *CAPTURED, *RELEASED]) == sorted(LineState)
    for before, afters in LINE_EDGES.items():
        if before in CAPTURED:
            assert afters <= CAPTURED
        if before in RELEASED:
            assert afters == frozenset()
        assert LineState.REFUNDED not in afters or before in CAPTURED


def test_every_way_through_the_machine_captures_or_releases_never_both() -> None:
    ways = [[LineState.HELD]]
    ends = list[list[LineState]]()
    while ways:
        way = ways.pop()
        nexts = LINE_EDGES[way[-1]]
        ends += [way] if not nexts else []
        ways += [[*way, state] for state in nexts]
    assert len(ends) == 8
    for way in ends:
        assert bool(CAPTURED & set(way)) != bool(RELEASED & set(way))


@pytest.mark.parametrize(
    ("states", "folded"),
    [
        ("HELD", "HELD"),
        ("HELD PENDING_APPROVAL ORDERED", "PENDING_APPROVAL"),
        ("HELD ORDERED FAILED", "HELD"),
        ("ORDERED FAILED CANCELLED", "ORDERED"),
        ("ORDERED FULFILLED", "PARTIALLY_FULFILLED"),
        ("FULFILLED FULFILLED", "FULFILLED"),
        ("FULFILLED FAILED", "PARTIALLY_FULFILLED"),
        ("FULFILLED REFUNDED", "PARTIALLY_FULFILLED"),
        ("REFUNDED FAILED", "REFUNDED"),
        ("FAILED CANCELLED", "FAILED"),
        ("CANCELLED", "CANCELLED"),
    ],
)
def test_an_orders_state_is_the_fold_of_its_lines(states: str, folded: str) -> None:
    assert order_state(map(LineState, states.split())) is OrderState(folded)


def test_the_fold_knows_every_mixture_and_an_order_without_lines_is_none() -> None:
    for size in range(1, len(LineState) + 1):
        for mixture in combinations(LineState, size):
            assert order_state(mixture) in OrderState
    with pytest.raises(ValueError, match="at least one line"):
        order_state([])


OWN = {
    LineState.HELD: {Action.CANCEL},
    LineState.PENDING_APPROVAL: {Action.CANCEL},
    LineState.FULFILLED: {Action.REVEAL, Action.REPORT_PROBLEM},
}
OPERATORS = {
    (LineState.PENDING_APPROVAL, Role.CHANNEL_MANAGER): {Action.APPROVE, Action.REJECT},
    (LineState.PENDING_APPROVAL, Role.ADMIN): {Action.APPROVE, Action.REJECT},
    (LineState.ORDERED, Role.SUPPORT): {Action.RETRY},
    (LineState.ORDERED, Role.ADMIN): {Action.RETRY},
    (LineState.FULFILLED, Role.FINANCE): {Action.REFUND},
    (LineState.FULFILLED, Role.ADMIN): {Action.REFUND},
}


@pytest.mark.parametrize("state", LineState)
def test_each_viewer_is_offered_what_they_may_do_in_this_state_and_nothing_else(state: LineState) -> None:
    sent = Delivery.SENT if state is LineState.FULFILLED else Delivery.NONE
    for relation, role in product(Relation, Role):
        found = set(available_actions(state, sent, has_code=True, relation=relation, role=role))
        if relation is Relation.OWN:
            assert found == OWN.get(state, set())
        elif relation is Relation.OPERATOR:
            assert found == OPERATORS.get((state, role), set())
        else:
            assert found == set()


def test_goods_that_came_back_can_be_sent_again_and_what_has_no_code_is_not_revealed() -> None:
    own = partial(available_actions, LineState.FULFILLED, has_code=False, relation=Relation.OWN, role=Role.MEMBER)
    assert own(delivery=Delivery.BOUNCED) == (Action.CORRECT_DELIVERY,)
    assert own(delivery=Delivery.DELIVERED) == ()


def test_whoever_may_correct_a_bounced_delivery_is_told_so() -> None:
    bounced = partial(available_actions, LineState.FULFILLED, Delivery.BOUNCED, has_code=False)
    for role in (Role.SUPPORT, Role.ADMIN):
        assert Action.CORRECT_DELIVERY in bounced(relation=Relation.OPERATOR, role=role)
    for role in (Role.FINANCE, Role.CHANNEL_MANAGER):
        assert Action.CORRECT_DELIVERY not in bounced(relation=Relation.OPERATOR, role=role)
