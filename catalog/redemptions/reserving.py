"""Codes are set aside for units of an order: each has one of the first of its routes that is a pool with codes left."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from catalog.codes.taking import reserve_in
from catalog.items.item import RouteRecord
from domain.kernel.operation import Operation

CODE_POOL = "CODE_POOL"
ROUTES_MAX = 5


def usable(routes: Iterable[RouteRecord]) -> list[RouteRecord]:
    """The routes that take new orders, at most five."""
    return [route for route in routes if not route.is_paused][:ROUTES_MAX]


def pools_of(routes: Iterable[RouteRecord]) -> list[UUID]:
    """The pools of our own that these routes give from."""
    return [route.pool_id for route in routes if route.adapter == CODE_POOL and route.pool_id is not None]


async def set_aside_in(op: Operation, routes: Mapping[UUID, Sequence[RouteRecord]]) -> frozenset[UUID]:
    """Each unit (by its line) has a code of the first of its usable routes that is a pool with one left, unless another
    supplier comes before; answers those that nobody can deliver. The caller has locked the pools, all at once.
    """
    waiting = {line_id: list(some) for line_id, some in routes.items()}
    undeliverable = set[UUID]()
    while waiting:
        undeliverable |= {line_id for line_id, left in waiting.items() if not left}
        wanted = {line_id: pools_of([left.pop(0)]) for line_id, left in waiting.items() if left}
        pools = {line_id: first[0] for line_id, first in wanted.items() if first}
        reserved = await reserve_in(op, pools)
        waiting = {line_id: waiting[line_id] for line_id in pools if line_id not in reserved}
    return frozenset(undeliverable)
