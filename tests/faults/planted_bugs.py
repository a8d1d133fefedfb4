"""A dozen bugs that somebody might write, each planted by replacing a name of the code while a round is played."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from catalog.codes import taking
from catalog.redemptions import attempting, fulfilling, moving
from catalog.redemptions.attempting import Decision, Refuse, Taken
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.recording import Decided, record_in
from catalog.redemptions.refusals import StaleLease
from catalog.redemptions.taking import Attempt, Held, lock_attempts_in
from catalog.sends import delivering
from catalog.suppliers.outcomes import Asked, Order, Unclear
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome, Principal
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Connection, Database
from domain.ledger import holding, opening, posting, writing
from domain.ledger.holding import release_each_in
from domain.ledger.journal import Journal

Patch = pytest.MonkeyPatch
THINKING_SECONDS = 0.05


def _unguarded(patch: Patch) -> None:
    """Wallets are neither locked nor guarded by their number: of two at once, the later forgets the earlier."""
    patch.setattr(opening, "LOCK_WALLETS", opening.LOCK_WALLETS.replace("FOR NO KEY UPDATE", ""))
    patch.setattr(writing, "MOVE_WALLETS", writing.MOVE_WALLETS.replace("AND wallet.seq = moved.seq", ""))
    write_in = writing.write_in

    async def slowly(op: Operation, journal: Journal) -> None:
        await asyncio.sleep(THINKING_SECONDS)
        await write_in(op, journal)

    patch.setattr(holding, "write_in", slowly)
    patch.setattr(posting, "write_in", slowly)


def _both(patch: Patch) -> None:
    capture = moving.capture_each_in

    async def and_release(op: Operation, hold_ids: Collection[UUID]) -> None:
        await capture(op, hold_ids)
        await release_each_in(op, hold_ids)

    patch.setattr(holding, "_refuse_ended", lambda holds: None)  # pyright: ignore[reportUnknownLambdaType] any holds
    patch.setattr(writing, "END_HOLDS", writing.END_HOLDS.replace("AND hold.state = 'HELD'", ""))
    patch.setattr(moving, "capture_each_in", and_release)


def _keyless(patch: Patch) -> None:
    async def operate_keyed(
        door: Door,
        actor: Principal,
        _operation: str,
        _keyed: Keyed,
        work: Callable[[Operation], Awaitable[Mapping[str, Any]]],
    ) -> Outcome:
        return Outcome(facts=await door.operate(actor, work), replayed=False)

    patch.setattr(Door, "operate_keyed", operate_keyed)


def _given_twice(patch: Patch) -> None:
    statement = taking.RESERVE.replace("c.state = 'FREE' AND (", "(").replace("AND c.state = 'FREE'", "")
    patch.setattr(taking, "RESERVE", statement)


def _fenceless(patch: Patch) -> None:
    async def recorded(op: Operation, keyring: Keyring, held: Held, decision: Decision) -> None:
        line = (await lock_lines_in(op, [held.attempt.line_id]))[held.attempt.line_id]
        standing = (await lock_attempts_in(op, [held.attempt.id]))[held.attempt.id]
        if not standing.is_open:
            raise StaleLease(attempt_id=str(standing.id), fence=held.attempt.fence)
        await record_in(op, keyring, [Decided(attempt=standing, line=line, decision=decision)])

    patch.setattr(fulfilling, "_record_in", recorded)


def _impatient(patch: Patch) -> None:
    follows = attempting.what_follows

    def onward(was: Taken, outcome: Asked, *, calls: int) -> Decision:
        return Refuse(reason="FAILED") if isinstance(outcome, Unclear) else follows(was, outcome, calls=calls)

    patch.setattr(fulfilling, "what_follows", onward)


def _renamed(patch: Patch) -> None:
    orders_of = fulfilling.orders_of

    async def anew(
        source: Database | Connection, keyring: Keyring, attempts: Collection[Attempt]
    ) -> Mapping[UUID, Order]:
        orders = await orders_of(source, keyring, attempts)
        return {each: replace(order, line_id=new_id()) for each, order in orders.items()}

    patch.setattr(fulfilling, "orders_of", anew)


def _lotless(patch: Patch) -> None:
    async def marked(op: Operation, hold_ids: Collection[UUID]) -> None:
        await op.sql.execute("UPDATE hold SET refunded_at = $2 WHERE id = ANY($1::uuid[])", list(hold_ids), op.now)

    patch.setattr(moving, "refund_each_in", marked)


async def _nothing(*_arguments: object, **_more: object) -> None:
    """What a forgotten call does."""


def _kept(patch: Patch) -> None:
    patch.setattr(moving, "give_stock_back_in", _nothing)


def _untold(patch: Patch) -> None:
    tell = moving._tell  # pyright: ignore[reportPrivateUsage] the bug is in there

    async def but_fulfilled(op: Operation, lines: Sequence[Any], event: Any, more: Any = None) -> None:
        if event is not moving.REDEMPTION_FULFILLED:
            await tell(op, lines, event, more)

    patch.setattr(moving, "_tell", but_fulfilled)


def _recalled(patch: Patch) -> None:
    patch.setattr(taking, "ISSUE", taking.ISSUE.replace("AND problem IS NULL", ""))


def _uncharged(patch: Patch) -> None:
    patch.setattr(delivering, "set_aside_in", _nothing)


@dataclass(frozen=True, kw_only=True)
class Bug:
    """What is wrong in the code, and how it gets there."""

    name: str
    plant: Callable[[Patch], None]


BUGS = (
    Bug(name="the guarded WHERE of a hold is skipped", plant=_unguarded),
    Bug(name="points are captured and released", plant=_both),
    Bug(name="the key row is forgotten", plant=_keyless),
    Bug(name="a code is given twice", plant=_given_twice),
    Bug(name="the fence is skipped", plant=_fenceless),
    Bug(name="the next route is tried while unknown", plant=_impatient),
    Bug(name="delivered again under a new external id", plant=_renamed),
    Bug(name="refunded without lots", plant=_lotless),
    Bug(name="stock is not given back", plant=_kept),
    Bug(name="an event is not told", plant=_untold),
    Bug(name="a recalled code is issued", plant=_recalled),
    Bug(name="a send is not charged to its budget", plant=_uncharged),
)
