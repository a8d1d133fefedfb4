"""THE DOOR, the one way to write: one key, one transaction, one receipt; events last; bounded retries."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import stamina

from domain.kernel import outbox
from domain.kernel.events import Event
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from domain.kernel.keys import KEY_LENGTH_MAX, Keyed
from domain.kernel.refusals import InvalidInput, KeyReused, Refusal, TryLater, refusal_again
from domain.kernel.sql import TURBULENCE, Connection, Database

ATTEMPTS_MAX = 4
RETRY_AFTER_MS = 500

Answer = TypeVar("Answer")


class Principal(Protocol):
    """Whoever acts: a person, a machine's key or the system itself."""

    @property
    def principal_id(self) -> UUID: ...


@dataclass(kw_only=True)
class Operation:
    """One open transaction: what a gerund's `…_in(op, …)` joins. Events told here are appended last, in order."""

    sql: Connection
    now: datetime
    actor: Principal
    failpoints: Failpoints
    events: list[Event] = field(default_factory=list[Event])

    def tell(self, *events: Event) -> None:
        self.events.extend(events)

    @asynccontextmanager
    async def part(self) -> AsyncGenerator[None]:
        """What the block wrote and told stands unless it raises; the operation can go on either way."""
        told = len(self.events)
        try:
            async with self.sql.transaction():
                yield
        except BaseException:
            del self.events[told:]
            raise


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The facts of what a keyed operation did (ids, amounts), and whether they were replayed from its receipt."""

    facts: Mapping[str, Any]
    replayed: bool


class Door:
    """Opens operations. `after_commit` is told once events were committed: a nudge, best effort, never awaited on."""

    def __init__(
        self, database: Database, failpoints: Failpoints | None = None, after_commit: Callable[[], None] | None = None
    ) -> None:
        self.database = database
        self.failpoints = failpoints or Failpoints()
        self._after_commit = after_commit
        self._running: set[asyncio.Task[Any]] = set()

    async def operate(self, actor: Principal, work: Callable[[Operation], Awaitable[Answer]]) -> Answer:
        """Runs `work` in one transaction, to its end even if the caller goes away. For work with a natural key.

        Refuses: whatever `work` refuses (nothing is then written); TryLater.
        """
        return await self._shielded(lambda: self._attempts(lambda: self._once(actor, work)))

    async def operate_keyed(
        self,
        actor: Principal,
        operation: str,
        keyed: Keyed,
        work: Callable[[Operation], Awaitable[Mapping[str, Any]]],
    ) -> Outcome:
        """Runs `work` once per (principal, operation, key); a repeat answers the stored facts or the stored refusal.

        Refuses: whatever `work` refuses; InvalidInput (the key's length); KeyReused; TryLater.
        """
        if not 1 <= len(keyed.key) <= KEY_LENGTH_MAX:
            raise InvalidInput(field="idempotencyKey", problem=f"1 to {KEY_LENGTH_MAX} characters")
        return await self._shielded(lambda: self._attempts(lambda: self._once_keyed(actor, operation, keyed, work)))

    async def close(self) -> None:
        """Waits for what is still running; nothing new may be started."""
        if self._running:
            await asyncio.wait(self._running, timeout=10)

    async def _shielded(self, start: Callable[[], Awaitable[Answer]]) -> Answer:
        # A cancelled request must neither lose its connection nor leave its work half done: see ECOSYSTEM, Tortoise 2.
        async def run() -> Answer:
            return await start()

        task = asyncio.create_task(run())
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may be gone; its answer is in the receipt

    async def _attempts(self, once: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            async for attempt in stamina.retry_context(
                on=TURBULENCE, attempts=ATTEMPTS_MAX, wait_initial=0.02, wait_max=0.5, wait_jitter=0.05, timeout=20
            ):
                with attempt:
                    return await once()
        except TURBULENCE as trouble:
            raise TryLater(retry_after_ms=RETRY_AFTER_MS) from trouble
        raise AssertionError("a retry context ends by returning or raising")

    async def _once(self, actor: Principal, work: Callable[[Operation], Awaitable[Answer]]) -> Answer:
        async with self.database.transaction() as connection:
            now = await connection.fetchval("SELECT guerdon_now()")
            op = Operation(sql=connection, now=now, actor=actor, failpoints=self.failpoints)
            self.failpoints.hit("operation.after_begin")
            answer = await work(op)
            await self._append(op)
        self._committed(op)
        return answer

    async def _once_keyed(
        self,
        actor: Principal,
        operation: str,
        keyed: Keyed,
        work: Callable[[Operation], Awaitable[Mapping[str, Any]]],
    ) -> Outcome:
        refusal: Refusal | None = None
        facts: Mapping[str, Any] = {}
        async with self.database.transaction() as connection:
            receipt_id, fingerprint = new_id(), keyed.fingerprint()
            now = await connection.fetchval(CLAIM, receipt_id, actor.principal_id, operation, keyed.key, fingerprint)
            if now is None:
                return await _replayed(connection, actor, operation, keyed.key, fingerprint)
            op = Operation(sql=connection, now=now, actor=actor, failpoints=self.failpoints)
            self.failpoints.hit("operation.after_begin")
            try:
                async with connection.transaction():
                    facts = await work(op)
                    await self._append(op)
                stored = {"facts": facts}
            except Refusal as trouble:
                if not trouble.stored:
                    raise
                refusal, stored = trouble, {"refusal": trouble.code(), "facts": trouble.facts()}
            await connection.execute("UPDATE receipt SET outcome = $2 WHERE id = $1", receipt_id, stored)
        if refusal is not None:
            raise refusal
        self._committed(op)
        return Outcome(facts=facts, replayed=False)

    async def _append(self, op: Operation) -> None:
        self.failpoints.hit("operation.after_work")
        await outbox.append(op.sql, op.now, op.events)
        self.failpoints.hit("operation.before_commit")

    def _committed(self, op: Operation) -> None:
        self.failpoints.hit("operation.after_commit")
        if op.events and self._after_commit is not None:
            self._after_commit()


CLAIM = """
INSERT INTO receipt (id, principal_id, operation, key, fingerprint, recorded_at)
VALUES ($1, $2, $3, $4, $5, guerdon_now())
ON CONFLICT (principal_id, operation, key) DO NOTHING RETURNING recorded_at
"""


async def _replayed(connection: Connection, actor: Principal, operation: str, key: str, fingerprint: bytes) -> Outcome:
    row = await connection.fetchrow(
        "SELECT fingerprint, outcome FROM receipt WHERE principal_id = $1 AND operation = $2 AND key = $3",
        actor.principal_id,
        operation,
        key,
    )
    if row is None or row["outcome"] is None:
        raise TryLater(retry_after_ms=RETRY_AFTER_MS)
    if row["fingerprint"] != fingerprint:
        raise KeyReused(key=key)
    outcome = row["outcome"]
    if "refusal" in outcome:
        raise refusal_again(outcome["refusal"], outcome["facts"])
    return Outcome(facts=outcome["facts"], replayed=True)
