"""What each denomination of the sandbox's card forces, and where its line ends once time has passed."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.redemptions.machine import LineState
from catalog.suppliers.scripted import Script


@dataclass(frozen=True, kw_only=True)
class Forced:
    """What happens, in the words of the guide, and where the line may end; `PARTIAL` has two ways."""

    happens: str
    ends: frozenset[LineState]


def _forced(happens: str, *ends: LineState) -> Forced:
    return Forced(happens=happens, ends=frozenset(ends))


FORCED: Mapping[Script, Forced] = {
    Script.DELIVER: _forced("It is delivered at once.", LineState.FULFILLED),
    Script.TIMEOUT_AFTER_SUCCESS: _forced(
        "The supplier delivers and does not say so. It is asked, and the order is not sent again.", LineState.FULFILLED
    ),
    Script.TIMEOUT_BEFORE: _forced(
        "The call is lost before it arrives. Asked, the supplier does not know the order; it is sent again.",
        LineState.FULFILLED,
    ),
    Script.PARTIAL: _forced(
        "About half of the units are delivered, the others are out of stock.", LineState.FULFILLED, LineState.FAILED
    ),
    Script.DEAD_CODE: _forced(
        "A code comes that begins with `DEAD`: report it with `reportCodeProblem`.", LineState.FULFILLED
    ),
    Script.BUSY: _forced("The supplier says 429 first, and is called again later.", LineState.FULFILLED),
    Script.REFUND: _forced("The supplier accepts the order and takes it back later.", LineState.FAILED),
    Script.PENDING: _forced("The supplier accepts the order, and delivers it after five seconds.", LineState.FULFILLED),
    Script.DOWN: _forced("The supplier is down and stays down. The line waits.", LineState.ORDERED),
    Script.NEVER_KNOWN: _forced(
        "Nobody ever learns whether it was delivered: it waits in `openFulfilments`, and is never sent elsewhere.",
        LineState.ORDERED,
    ),
    Script.OUT_OF_STOCK: _forced("The supplier has none: points are back at once.", LineState.FAILED),
    Script.ADDRESS_INVALID: _forced("The supplier cannot deliver to the address.", LineState.FAILED),
    Script.SAME_CODE: _forced(
        "The same code for everybody: the second order of it waits for people.", LineState.FULFILLED, LineState.ORDERED
    ),
}
