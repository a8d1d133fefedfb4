"""Suppliers that are called: due attempts are taken, called outside any transaction, and what came of it is recorded.

A call that nobody recorded is asked about once its lease is over: `attempting` decides, this carries it out.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from catalog.codes.refusals import CodeExists
from catalog.redemptions.attempting import Act, Decision, Wait, Waits, what_follows
from catalog.redemptions.machine import AttemptState
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.orders import orders_of
from catalog.redemptions.recording import Decided, record_in
from catalog.redemptions.refusals import StaleLease
from catalog.redemptions.taking import (
    Held,
    SupplierDue,
    affordable_in,
    lock_attempts_in,
    suppliers_due,
    take_in,
)
from catalog.suppliers.outcomes import Adapter, Asked, Later, Order, Unclear
from catalog.suppliers.reading import SupplierRecord, suppliers_by_id
from catalog.suppliers.registry import CALLED
from domain.access.principals import SYSTEM
from domain.kernel.operation import Door, Operation
from domain.kernel.sealing import Keyring

log = structlog.get_logger()

# An adapter ends a call within 15 s by itself; the lease outlasts it, so that nobody asks while it is under way.
CALL_SECONDS_MAX = 20
LEASE = timedelta(seconds=60)
CALLS_PER_SUPPLIER_MAX = 8
CALLS_MAX = 64

# Nobody was called, so nothing happened: the same again later, until it is parked.
UNREADABLE = Later(after_seconds=60)

AdapterFor = Callable[[SupplierRecord], Adapter]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long a lease holds, how long a call may take, and how many calls are under way at once."""

    lease: timedelta = LEASE
    call_seconds: float = CALL_SECONDS_MAX
    calls_per_supplier: int = CALLS_PER_SUPPLIER_MAX
    calls: int = CALLS_MAX


class Fulfiller:
    """The calls that this process has under way. A supplier that hangs holds up no other."""

    def __init__(self, door: Door, keyring: Keyring, adapter_for: AdapterFor, bounds: Bounds | None = None) -> None:
        self._door = door
        self._keyring = keyring
        self._adapter_for = adapter_for
        self._bounds = bounds or Bounds()
        self._running = defaultdict[UUID, set[asyncio.Task[None]]](set)

    async def step(self) -> int:
        """Takes what is due as far as there is room and rate, and starts calling; answers how many calls began."""
        started = 0
        for supplier in await suppliers_due(self._door.database, CALLED):
            slots = min(supplier.waiting, self._room(supplier.id))
            if slots > 0:
                try:
                    started += await self._begin(supplier, slots)
                except Exception:  # whatever is wrong with one supplier holds up no other
                    log.exception("fulfilment.not_begun", supplier=str(supplier.id))
        return started

    async def settle(self) -> None:
        """Every call under way has ended and is recorded."""
        while running := [task for tasks in self._running.values() for task in tasks]:
            await asyncio.wait(running)

    def _room(self, supplier_id: UUID) -> int:
        under_way = sum(len(tasks) for tasks in self._running.values())
        return min(self._bounds.calls_per_supplier - len(self._running[supplier_id]), self._bounds.calls - under_way)

    async def _begin(self, supplier: SupplierDue, slots: int) -> int:
        database = self._door.database
        # Before anything is taken: an order of a supplier that cannot be called counts no call.
        record = (await suppliers_by_id(database, [(SYSTEM, supplier.id)]))[SYSTEM, supplier.id]
        adapter = self._adapter_for(record)

        async def work(op: Operation) -> list[Held]:
            calls = await affordable_in(op, supplier, slots)
            return [] if calls == 0 else list(await take_in(op, supplier.id, calls, self._bounds.lease))

        held = await self._door.operate(SYSTEM, work)
        if not held:
            return 0
        self._door.failpoints.hit("fulfil.after_take")
        orders = await orders_of(database, self._keyring, [one.attempt for one in held])
        for one in held:
            task = asyncio.create_task(self._fulfil(adapter, one, orders.get(one.attempt.id)), name="fulfil")
            self._running[supplier.id].add(task)
            task.add_done_callback(self._running[supplier.id].discard)
        return len(held)

    async def _fulfil(self, adapter: Adapter, held: Held, order: Order | None) -> None:
        told = {"attempt": str(held.attempt.id), "fence": held.attempt.fence}
        try:
            self._door.failpoints.hit("fulfil.before_call")
            outcome = UNREADABLE if order is None else await self._called(adapter, held, order)
            self._door.failpoints.hit("fulfil.after_call")
            await record_outcome(self._door, self._keyring, held, outcome)
            self._door.failpoints.hit("fulfil.after_record")
        except StaleLease:
            log.warning("fulfilment.too_late", **told)
        except Exception:  # the lease ends, and then the supplier is asked what became of it
            log.exception("fulfilment.not_recorded", **told)

    async def _called(self, adapter: Adapter, held: Held, order: Order) -> Asked:
        call = adapter.deliver if held.was.act is Act.DELIVER else adapter.ask
        try:
            async with asyncio.timeout(self._bounds.call_seconds):
                return await call(order)
        except TimeoutError:
            return Unclear(reason="timeout")
        except Exception as trouble:  # an adapter does not raise; if it does, it may have ordered before
            log.exception("fulfilment.adapter_failed", attempt=str(held.attempt.id))
            return Unclear(reason=type(trouble).__name__)


async def record_outcome(door: Door, keyring: Keyring, held: Held, outcome: Asked) -> None:
    """What the supplier said stands, if the attempt is still under this lease.

    Refuses: StaleLease (nothing is changed); TryLater.
    """
    decision = what_follows(held.was, outcome, calls=held.attempt.calls)
    try:
        await door.operate(SYSTEM, lambda op: _record_in(op, keyring, held, decision))
    except CodeExists:
        # A code that was given before is not given again: people ask the supplier.
        parked = Wait(state=AttemptState.UNKNOWN, reason=Waits.CODE_EXISTS, after_seconds=None)
        await door.operate(SYSTEM, lambda op: _record_in(op, keyring, held, parked))


async def _record_in(op: Operation, keyring: Keyring, held: Held, decision: Decision) -> None:
    line = (await lock_lines_in(op, [held.attempt.line_id]))[held.attempt.line_id]
    standing = (await lock_attempts_in(op, [held.attempt.id]))[held.attempt.id]
    if not standing.is_open or standing.fence != held.attempt.fence:
        raise StaleLease(attempt_id=str(standing.id), fence=held.attempt.fence)
    op.failpoints.hit("fulfil.before_record")
    await record_in(op, keyring, [Decided(attempt=standing, line=line, decision=decision)])


async def fulfil_due(door: Door, keyring: Keyring, adapter_for: AdapterFor, bounds: Bounds | None = None) -> int:
    """One step of a process of its own, to its end; answers how many calls were made."""
    fulfiller = Fulfiller(door, keyring, adapter_for, bounds)
    started = await fulfiller.step()
    await fulfiller.settle()
    return started
