"""C2 and C3 against PostgreSQL: edges by the trigger, every way with its points, any history, and the audit's eyes."""

import random
from collections.abc import AsyncIterator
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from catalog.auditing import questions
from catalog.redemptions.line import Failure
from catalog.redemptions.machine import (
    ATTEMPT_EDGES,
    LINE_EDGES,
    ORDER_STATE_SQL,
    AttemptState,
    LineState,
    order_state,
)
from catalog.redemptions.moving import (
    LINES_MAX,
    await_approval_in,
    cancel_in,
    fail_in,
    lock_lines_in,
    order_in,
    refund_in,
)
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.refusals import ActionNotAvailable
from domain.access.principals import SYSTEM
from domain.kernel.failpoints import Failpoint, Failpoints
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import CheckViolation, Database, violated_constraint
from domain.ledger.auditing import audit, audit_in
from tests.shop import Shop, build_shop

LAWS = ("C1", "C2", "C3", "E1", "L1", "L2", "L3", "L7", "L8")

PLACE_LINE = """
UPDATE redemption_line SET state = $2::text,
  ordered_at = CASE WHEN $2::text IN ('ORDERED', 'FULFILLED', 'REFUNDED') THEN recorded_at END,
  fulfilled_at = CASE WHEN $2::text IN ('FULFILLED', 'REFUNDED') THEN recorded_at END,
  ended_at = CASE WHEN $2::text IN ('REFUNDED', 'CANCELLED', 'FAILED') THEN recorded_at END
WHERE id = $1
"""
PLACE_ATTEMPT = """
UPDATE fulfilment_attempt SET state = $2::text,
  ended_at = CASE WHEN $2::text IN ('DELIVERED', 'REFUSED') THEN recorded_at END
WHERE line_id = $1
"""

PLACE_CODE = """
UPDATE voucher_code SET state = $2::text, line_id = CASE WHEN $2::text IN ('RESERVED', 'ISSUED') THEN $3::uuid END,
  issued_at = CASE WHEN $2::text = 'ISSUED' THEN recorded_at END,
  voided_at = CASE WHEN $2::text = 'VOID' THEN recorded_at END
WHERE id = $1
"""
CODE_STATES = ("FREE", "RESERVED", "ISSUED", "VOID")
CODE_EDGES = {"FREE>RESERVED", "FREE>VOID", "RESERVED>FREE", "RESERVED>ISSUED", "RESERVED>VOID", "ISSUED>VOID"}


class Undone(Exception):
    """Rolls back what a test planted."""


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(database)
    built = await build_shop(opened)
    await built.give(0, 10_000)
    yield built
    await opened.close()


async def line_of(shop: Shop, count: int = 1) -> tuple[UUID, list[UUID]]:
    redemption_id = await shop.order(shop.rep(), (await shop.item(100, stock=50), count))
    return redemption_id, await shop.lines(redemption_id)


async def moved(shop: Shop, statement: str, line_id: UUID, before: str, after: str, *more: UUID) -> str | None:
    """The constraint that refuses this move, if any; nothing of it stays."""
    refused: str | None = None
    try:
        async with shop.world.database.transaction() as connection:
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(statement, line_id, before, *more)
            await connection.execute("SET LOCAL session_replication_role = origin")
            await connection.execute(statement, line_id, after, *more)
            raise Undone
    except Undone:
        return refused
    except CheckViolation as trouble:
        return violated_constraint(trouble)


async def test_the_database_lets_a_line_move_along_drawn_edges_only(shop: Shop) -> None:
    _, (line_id,) = await line_of(shop)
    for before, after in product(LineState, LineState):
        refused = await moved(shop, PLACE_LINE, line_id, before, after)
        is_drawn = after is before or after in LINE_EDGES[before]
        assert refused == (None if is_drawn else "c2_a_line_moves_along_drawn_edges"), f"{before} → {after}"


async def test_the_database_lets_an_attempt_move_along_drawn_edges_only(shop: Shop) -> None:
    _, (line_id,) = await line_of(shop)
    for before, after in product(AttemptState, AttemptState):
        refused = await moved(shop, PLACE_ATTEMPT, line_id, before, after)
        is_drawn = after is before or after in ATTEMPT_EDGES[before]
        assert refused == (None if is_drawn else "c2_an_attempt_moves_along_drawn_edges"), f"{before} → {after}"


async def test_the_database_lets_a_code_move_along_drawn_edges_only(shop: Shop) -> None:
    _, (line_id,) = await line_of(shop)
    code_id = await shop.world.database.fetchval("SELECT id FROM voucher_code WHERE line_id = $1", line_id)
    assert code_id is not None
    for before, after in product(CODE_STATES, CODE_STATES):
        refused = await moved(shop, PLACE_CODE, code_id, before, after, line_id)
        is_drawn = after == before or f"{before}>{after}" in CODE_EDGES
        assert refused == (None if is_drawn else "c1_a_code_moves_along_drawn_edges"), f"{before} → {after}"


async def test_sql_folds_an_order_as_the_machine_does(shop: Shop) -> None:
    statement = f"SELECT {ORDER_STATE_SQL} FROM unnest($1::text[]) AS line (state)"
    for mask in range(1, 2 ** len(LineState)):
        mixture = [state for place, state in enumerate(LineState) if mask >> place & 1]
        assert await shop.world.database.fetchval(statement, mixture) == order_state(mixture)


async def step(shop: Shop, line_ids: list[UUID], target: LineState) -> None:
    """The lines move to this state the way the shop moves them."""
    if target is LineState.FULFILLED:
        await shop.fulfil(line_ids)
        return

    async def work(op: Operation) -> None:
        lines = list((await lock_lines_in(op, line_ids)).values())
        if target is LineState.PENDING_APPROVAL:
            await await_approval_in(op, lines)
        elif target is LineState.ORDERED:
            await order_in(op, lines)
        elif target is LineState.CANCELLED:
            await cancel_in(op, lines, "TEST")
        elif target is LineState.FAILED:
            await fail_in(op, [Failure(line=line, reason="TEST") for line in lines])
        else:
            await refund_in(op, lines, "TEST")

    await shop.world.door.operate(SYSTEM, work)


async def stands(shop: Shop, line_id: UUID) -> tuple[str, bool]:
    row = await shop.world.database.fetchrow(
        "SELECT hold.state, hold.refunded_at IS NOT NULL AS refunded FROM redemption_line AS line"
        " JOIN hold ON hold.id = line.hold_id WHERE line.id = $1",
        line_id,
    )
    assert row is not None
    return (row["state"], row["refunded"])


def ways() -> list[list[LineState]]:
    """Every way from HELD to an end."""
    found, open_ways = list[list[LineState]](), [[LineState.HELD]]
    while open_ways:
        way = open_ways.pop()
        nexts = sorted(LINE_EDGES[way[-1]])
        found += [way[1:]] if not nexts else []
        open_ways += [[*way, state] for state in nexts]
    return found


@pytest.mark.parametrize("way", ways(), ids=">".join)
async def test_every_way_captures_or_releases_and_never_both(shop: Shop, way: list[LineState]) -> None:
    shop.policy = ShopPolicy(fraud_hold_minutes=5)
    _, (line_id,) = await line_of(shop)
    member, is_spent = shop.world.members[0], False
    for target in way:
        await step(shop, [line_id], target)
        is_spent = is_spent or target is LineState.FULFILLED
        for other in set(LineState) - LINE_EDGES[target] - {target, LineState.HELD, LineState.FULFILLED}:
            with pytest.raises(ActionNotAvailable):
                await step(shop, [line_id], other)
    balances = await shop.world.balances(member)
    is_back = way[-1] is not LineState.FULFILLED
    assert (balances["held"], balances["available"]) == (0, 10_000 if is_back else 9_900)
    assert await stands(shop, line_id) == ("CAPTURED", True) if is_spent else ("RELEASED", False)
    assert (await audit(shop.world.database, LAWS, questions())).violations == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_history_of_many_orders_ends_with_points_where_their_lines_stand(shop: Shop, seed: int) -> None:
    dice, places = random.Random(seed), range(3)
    for place in places[1:]:
        await shop.give(place, 10_000)
    items = [await shop.item(price, stock=200) for price in (100, 7, 0)]
    lines = dict[UUID, tuple[int, int, LineState]]()
    for _ in range(12):
        place, (item, price) = dice.choice(places), dice.choice(list(zip(items, (100, 7, 0), strict=True)))
        shop.policy = ShopPolicy(fraud_hold_minutes=dice.choice([0, 5]))
        redemption_id = await shop.order(shop.rep(place), (item, dice.randint(1, 4)))
        state = LineState((await shop.states(redemption_id))[0])
        lines |= dict.fromkeys(await shop.lines(redemption_id), (place, price, state))
    while movable := sorted({state for _, _, state in lines.values() if LINE_EDGES[state]}):
        before = dice.choice(movable)
        if before is LineState.FULFILLED and dice.random() < 0.3:
            break
        target = dice.choice(sorted(LINE_EDGES[before]))
        there = sorted(line_id for line_id, (_, _, state) in lines.items() if state is before)
        some = dice.sample(there, min(len(there), dice.randint(1, 4)))
        await step(shop, some, target)
        lines |= {line_id: (lines[line_id][0], lines[line_id][1], target) for line_id in some}
    for place in places:
        mine = [(price, state) for where, price, state in lines.values() if where == place]
        held = sum(
            price for price, state in mine if state in (LineState.HELD, LineState.PENDING_APPROVAL, LineState.ORDERED)
        )
        spent = sum(price for price, state in mine if state is LineState.FULFILLED)
        balances = await shop.world.balances(shop.world.members[place])
        assert (balances["held"], balances["available"]) == (held, 10_000 - held - spent)
    report = await audit(shop.world.database, LAWS, questions())
    assert report.violations == 0, report.to_json()


@pytest.mark.parametrize("point", ["redeem.after_hold", "redeem.after_codes"])
async def test_an_order_that_stumbles_leaves_nothing_and_its_quote_can_be_redeemed_again(
    shop: Shop, point: str
) -> None:
    door, pool = shop.world.door, await shop.pool(2)
    card = await shop.item(100, stock=2, routes=[(shop.supplier_id, pool)])
    quote = await shop.quote(shop.rep(), card)
    shop.world.door = Door(shop.world.database, Failpoints({point: "raise"}))
    with pytest.raises(Failpoint):
        await shop.redeem(shop.rep(), quote.id)
    assert (await shop.stock(card), await shop.pool_counts(pool)) == (2, (2, 0, 0, 0))
    assert (await shop.world.balances(shop.world.members[0]))["held"] == 0
    shop.world.door = door
    await shop.redeem(shop.rep(), quote.id)
    assert (await shop.stock(card), await shop.pool_counts(pool)) == (1, (1, 1, 0, 0))


async def test_an_operation_locks_a_thousand_lines_and_leaves_out_what_is_none(shop: Shop) -> None:
    _, line_ids = await line_of(shop, 2)
    found = await shop.world.door.operate(SYSTEM, lambda op: lock_lines_in(op, [*line_ids, new_id()]))
    assert list(found) == sorted(line_ids)
    with pytest.raises(ValueError, match=str(LINES_MAX)):
        await shop.world.door.operate(SYSTEM, lambda op: lock_lines_in(op, [new_id() for _ in range(LINES_MAX + 1)]))


PLANTED = {
    "a line fulfilled without having been ordered": (
        "lines_stand_as_drawn",
        "UPDATE redemption_line SET ordered_at = NULL WHERE state = 'FULFILLED'",
    ),
    "goods on their way that nobody delivered": (
        "lines_stand_as_drawn",
        "UPDATE redemption_line SET delivery = 'SENT' WHERE state = 'ORDERED'",
    ),
    "a line that ended before it began": (
        "lines_stand_as_drawn",
        "UPDATE redemption_line SET ended_at = recorded_at - interval '1 day' WHERE state = 'FAILED'",
    ),
    "a total that is not the lines'": ("orders_equal_their_lines", "UPDATE redemption SET total = total + 1"),
    "an attempt of nobody's order": (
        "attempts_stand_as_drawn",
        "UPDATE fulfilment_attempt SET state = 'SENT', ended_at = NULL"
        " FROM redemption_line AS line WHERE line.id = line_id AND line.state = 'FAILED'",
    ),
    "points released where goods were delivered": (
        "captured_is_ever_fulfilled",
        "UPDATE hold SET state = 'RELEASED' FROM redemption_line AS line WHERE hold_id = hold.id"
        " AND line.state = 'FULFILLED'",
    ),
    "points spent where nothing was delivered": (
        "captured_is_ever_fulfilled",
        "UPDATE hold SET state = 'CAPTURED' FROM redemption_line AS line WHERE hold_id = hold.id"
        " AND line.state = 'FAILED'",
    ),
    "a refund that the hold does not know": (
        "captured_is_ever_fulfilled",
        "UPDATE hold SET refunded_at = NULL WHERE refunded_at IS NOT NULL",
    ),
    "another price than what was held": (
        "captured_is_ever_fulfilled",
        "UPDATE redemption_line SET price = price + 1 WHERE state = 'ORDERED' AND price > 0",
    ),
    "a hold for a line that is none": (
        "captured_is_ever_fulfilled",
        "UPDATE redemption_line SET hold_id = NULL, price = 0 WHERE state = 'ORDERED'",
    ),
    "a state that was never told": (
        "lines_name_their_events",
        "DELETE FROM outbox WHERE name = 'redemption.fulfilled'",
    ),
    "a state that was told at another time": (
        "lines_name_their_events",
        "UPDATE redemption_line SET fulfilled_at = fulfilled_at + interval '1 second' WHERE state = 'FULFILLED'",
    ),
    "an event of a line that moved nowhere": (
        "lines_name_their_events",
        "UPDATE outbox SET name = 'redemption.ordered' WHERE name = 'redemption.failed'",
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
async def test_the_audit_finds_what_was_planted(shop: Shop, planted: str) -> None:
    redemption_id, (first, second, third, _) = await line_of(shop, 4)
    await shop.fulfil([first, second])
    await step(shop, [second], LineState.REFUNDED)
    await step(shop, [third], LineState.FAILED)
    assert await shop.states(redemption_id) == ["FULFILLED", "REFUNDED", "FAILED", "ORDERED"]
    name, statement = PLANTED[planted]
    asked = questions()
    chosen: list[Any] = [asked[law] for law in ("C2", "C3", "E1")]
    broken = set[str]()
    try:
        async with shop.world.database.transaction() as connection:
            assert (await audit_in(connection, chosen)).violations == 0
            await connection.execute("SET LOCAL session_replication_role = replica")
            assert (await connection.execute(statement)).split()[-1] != "0"
            broken = {check.name for check in (await audit_in(connection, chosen)).checks if check.violations}
            raise Undone
    except Undone:
        assert name in broken
