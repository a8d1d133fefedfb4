"""What an attempt does next: never the order again where it may have been delivered, never the next route either."""

from dataclasses import replace

import pytest

from catalog.redemptions.attempting import (
    BACK_OFF_SECONDS_MAX,
    CALLS_MAX,
    WAIT_SECONDS_MAX,
    Act,
    Decision,
    Deliver,
    Refuse,
    Taken,
    Wait,
    back_off_seconds,
    next_route,
    taken,
    what_follows,
)
from catalog.redemptions.machine import AttemptState
from catalog.suppliers.outcomes import (
    Asked,
    Delivered,
    Goods,
    Later,
    NotFound,
    Pending,
    RefusalReason,
    Refused,
    Unclear,
)

INTENT, SENT, UNKNOWN = AttemptState.INTENT, AttemptState.SENT, AttemptState.UNKNOWN
DELIVERING = Taken(state=SENT, reason=None, act=Act.DELIVER)
ASKING = Taken(state=UNKNOWN, reason="TIMEOUT", act=Act.ASK)
ASKING_ACCEPTED = Taken(state=SENT, reason="PENDING", act=Act.ASK)
GOODS = Goods(code="c", pin=None, url=None, serial=None, expires_on=None)
HERE = Delivered(reference="r", goods=GOODS, tracking=None)


@pytest.mark.parametrize(
    ("state", "reason", "then"),
    [
        (INTENT, None, (SENT, None, Act.DELIVER)),
        (SENT, "LATER", (SENT, None, Act.DELIVER)),
        (SENT, "PENDING", (SENT, "PENDING", Act.ASK)),
        (SENT, None, (UNKNOWN, "NO_ANSWER", Act.ASK)),
        (UNKNOWN, "TIMEOUT", (UNKNOWN, "TIMEOUT", Act.ASK)),
        (UNKNOWN, "NOT_KNOWN", (SENT, None, Act.DELIVER)),
    ],
)
def test_what_may_have_happened_is_asked_about(
    state: AttemptState, reason: str | None, then: tuple[AttemptState, str | None, Act]
) -> None:
    found = taken(state, reason)
    assert (found.state, found.reason, found.act) == then


@pytest.mark.parametrize("state", [AttemptState.DELIVERED, AttemptState.REFUSED])
def test_an_attempt_that_ended_is_not_taken(state: AttemptState) -> None:
    with pytest.raises(ValueError, match="ended"):
        taken(state, None)


@pytest.mark.parametrize(
    ("was", "outcome", "calls", "decided"),
    [
        (DELIVERING, HERE, 1, Deliver(reference="r", goods=GOODS, tracking=None)),
        (ASKING, HERE, 2, Deliver(reference="r", goods=GOODS, tracking=None)),
        (DELIVERING, Refused(reason=RefusalReason.OUT_OF_STOCK), 1, Refuse(reason="OUT_OF_STOCK")),
        (ASKING, Refused(reason=RefusalReason.FAILED), 2, Refuse(reason="FAILED")),
        (DELIVERING, Later(after_seconds=7), 1, Wait(state=SENT, reason="LATER", after_seconds=7)),
        (ASKING, Later(after_seconds=7), 3, Wait(state=UNKNOWN, reason="TIMEOUT", after_seconds=7)),
        (ASKING_ACCEPTED, Later(after_seconds=7), 3, Wait(state=SENT, reason="PENDING", after_seconds=7)),
        (DELIVERING, Later(after_seconds=7), 10, Wait(state=SENT, reason="LATER", after_seconds=16)),
        (
            DELIVERING,
            Pending(reference="p", check_after_seconds=30),
            1,
            Wait(state=SENT, reason="PENDING", after_seconds=30, reference="p"),
        ),
        (
            ASKING,
            Pending(reference="p", check_after_seconds=1),
            4,
            Wait(state=SENT, reason="PENDING", after_seconds=8, reference="p"),
        ),
        (DELIVERING, Unclear(reason="TIMEOUT"), 1, Wait(state=UNKNOWN, reason="TIMEOUT", after_seconds=1)),
        (ASKING, Unclear(reason="TIMEOUT"), 5, Wait(state=UNKNOWN, reason="TIMEOUT", after_seconds=16)),
        (DELIVERING, Unclear(reason="NOT_KNOWN"), 1, Wait(state=UNKNOWN, reason="NO_ANSWER", after_seconds=1)),
        (ASKING, NotFound(), 2, Wait(state=UNKNOWN, reason="NOT_KNOWN", after_seconds=0)),
        (ASKING, NotFound(), 3, Wait(state=UNKNOWN, reason="NOT_KNOWN", after_seconds=4)),
        (DELIVERING, NotFound(), 1, Wait(state=UNKNOWN, reason="NO_ANSWER", after_seconds=1)),
    ],
)
def test_what_follows_from_an_answer(was: Taken, outcome: Asked, calls: int, decided: Decision) -> None:
    assert what_follows(was, outcome, calls=calls) == decided


@pytest.mark.parametrize(
    ("was", "outcome"),
    [
        (DELIVERING, Unclear(reason="TIMEOUT")),
        (ASKING, NotFound()),
        (DELIVERING, Later(after_seconds=1)),
        (ASKING_ACCEPTED, Pending(reference=None, check_after_seconds=1)),
    ],
)
def test_the_fiftieth_call_is_the_last_until_somebody_retries(was: Taken, outcome: Asked) -> None:
    before = what_follows(was, outcome, calls=CALLS_MAX - 1)
    after = what_follows(was, outcome, calls=CALLS_MAX)
    assert isinstance(before, Wait)
    assert before.after_seconds is not None
    assert after == replace(before, after_seconds=None)


def test_waits_are_bounded() -> None:
    assert [back_off_seconds(n) for n in (1, 2, 3, 12, 13, 10_000)] == [1, 2, 4, 2_048, BACK_OFF_SECONDS_MAX, 3_600]
    for asked, waited in ((-5, 1), (0, 1), (WAIT_SECONDS_MAX, WAIT_SECONDS_MAX), (WAIT_SECONDS_MAX + 1, 86_400)):
        found = what_follows(DELIVERING, Later(after_seconds=asked), calls=1)
        assert isinstance(found, Wait)
        assert found.after_seconds == waited


def test_nothing_but_a_refusal_opens_the_next_route() -> None:
    """Whatever the state and the answer: an attempt that may have delivered stays the line's only one."""
    for state, reason in ((INTENT, None), (SENT, None), (SENT, "LATER"), (SENT, "PENDING"), (UNKNOWN, "NOT_KNOWN")):
        for outcome in (Later(after_seconds=1), Unclear(reason="RESET"), NotFound(), HERE):
            assert not isinstance(what_follows(taken(state, reason), outcome, calls=3), Refuse)


class Way:
    """A route, as far as choosing goes."""

    def __init__(self, priority: int) -> None:
        self.priority = priority


def test_routes_are_tried_in_their_order() -> None:
    ways = [Way(3), Way(1), Way(2)]
    assert next_route(ways, 0) is ways[1]
    assert next_route(ways, 1) is ways[2]
    assert next_route(ways, 3) is None
