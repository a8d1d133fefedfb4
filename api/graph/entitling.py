"""Who may still look at what is sent live: judged at every delivery, at most a second old, read for all together."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from domain.access.matrix import Matrix
from domain.access.principals import Actor, Role
from domain.access.reading import UNNAMED, actors_again
from domain.access.refusals import KeyExpired, TokenExpired
from domain.kernel.refusals import Refusal
from domain.kernel.sql import Database

AGE_MAX = 1.0  # seconds
KNOWN_MAX = 10_000
TOGETHER_MAX = 1_000


class Accesses:
    """Actors as of now. What is known of a principal is forgotten after a second, or when an event says so."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock = database, clock
        self._known: dict[UUID, tuple[float, Actor | Refusal]] = {}
        self._asking: DataLoader[Actor, bool] = DataLoader(load_fn=self._ask, cache=False, max_batch_size=TOGETHER_MAX)

    async def of(self, actor: Actor) -> Actor:
        """The same actor with today's role, partner and scopes.

        Refuses: GraphQLError (ACCESS_REVOKED, TOKEN_EXPIRED), which ends the connection.
        """
        if actor.role in UNNAMED:
            return actor
        known = self._known.get(actor.principal_id)
        if known is None or self._clock() - known[0] >= AGE_MAX:
            # Shielded: whoever leaves first must not take the answer away from those who asked with them.
            await asyncio.shield(self._asking.load(actor))
            known = self._known[actor.principal_id]
        found = known[1]
        if isinstance(found, Refusal):
            code = "TOKEN_EXPIRED" if isinstance(found, (TokenExpired, KeyExpired)) else "ACCESS_REVOKED"
            raise GraphQLError(found.text(actor.locale), extensions={"code": code, "retryable": False})
        return found if found.role is Role.INTEGRATION else replace(found, expires_at=actor.expires_at)

    def forget(self, principal_id: UUID) -> None:
        """The next question about this principal reads again."""
        self._known.pop(principal_id, None)

    async def _ask(self, actors: list[Actor]) -> Sequence[bool]:
        now = self._clock()
        found = await actors_again(self._database, actors)
        if len(self._known) + len(actors) > KNOWN_MAX:
            self._known = {key: known for key, known in self._known.items() if now - known[0] < AGE_MAX}
        for actor, again in zip(actors, found, strict=True):
            self._known[actor.principal_id] = (now, again)
        return [True] * len(actors)


def standing(actor: Actor) -> tuple[object, ...]:
    """What of an actor decides what it may see: where this changes, the stream says so."""
    return (actor.role, actor.member_id, actor.partner_id, actor.source_id, actor.scopes)


def refuse_unless_allowed(matrix: Matrix, action: str, actor: Actor) -> None:
    """Refuses: GraphQLError (ACCESS_REVOKED) where the actor may not (or no longer) listen at all."""
    if not matrix.allows_action(action, actor):
        raise GraphQLError("You may not listen to this.", extensions={"code": "ACCESS_REVOKED", "retryable": False})
