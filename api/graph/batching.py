"""Fields of one operation share statements: what they ask of one reading in one tick becomes one call."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from domain.access.principals import Actor
from domain.kernel.sql import Database

BATCH_MAX = 1_000

KeyT = TypeVar("KeyT", bound=Hashable)
Answer = TypeVar("Answer")
# A reading by set: (sql, pairs of (actor, key), **arguments) → what is known of each pair that is to be seen, by pair
# or in the order of the pairs.
Reading = Callable[..., Awaitable[Mapping[tuple[Actor, KeyT], Answer] | Sequence[Answer | None]]]


class Batches:
    """The batches of one operation (of one event, in a subscription), for one actor.

    A batch belongs to a reading and its arguments; its keys are the parents. The reading decides for every (actor,
    parent) pair, so two viewers' batches may one day be merged, but never two parents'.
    """

    def __init__(self, database: Database, actor: Actor) -> None:
        self._database = database
        self._actor = actor
        self._loaders: dict[tuple[Hashable, ...], DataLoader[Any, Any]] = {}

    async def one(self, reading: Reading[KeyT, Answer], key: KeyT | None, **arguments: Hashable) -> Answer | None:
        """What the reading knows of one key; None where that is nothing, or the key itself is None."""
        if key is None:
            return None
        return await self._loader(reading, arguments).load(key)

    async def sure(self, reading: Reading[KeyT, Answer], key: KeyT, **arguments: Hashable) -> Answer:
        """What the reading knows of a key that it always knows."""
        found = await self.one(reading, key, **arguments)
        if found is None:
            raise LookupError("nothing is known of a key that is always known")
        return found

    async def many(
        self, reading: Reading[KeyT, Sequence[Answer]], key: KeyT, **arguments: Hashable
    ) -> Sequence[Answer]:
        """The rows that the reading knows of one key, none if it knows nothing."""
        return await self._loader(reading, arguments).load(key) or ()

    def know(self, reading: Reading[KeyT, Answer], answers: Mapping[KeyT, Answer]) -> None:
        """What was read already, for all viewers of one message together, is not read again."""
        self._loader(reading, {}).prime_many(answers)

    def _loader(self, reading: Callable[..., Any], arguments: Mapping[str, Hashable]) -> DataLoader[Any, Any]:
        place = (reading, *sorted(arguments.items()))
        if place not in self._loaders:
            load = partial(_load, self._database, self._actor, reading, arguments)
            self._loaders[place] = DataLoader(load_fn=load, max_batch_size=BATCH_MAX)
        return self._loaders[place]


async def _load(
    database: Database, actor: Actor, reading: Callable[..., Any], arguments: Mapping[str, Any], keys: list[Any]
) -> list[Any]:
    pairs = [(actor, key) for key in keys]
    found = await reading(database, pairs, **arguments)
    return [found.get(pair) for pair in pairs] if isinstance(found, Mapping) else list(found)
