"""Every failpoint kills its process once, with -9, on a PostgreSQL that keeps its promises; a repeat makes it whole."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api.settings import read_settings
from api.upkeep import new_key
from api.wiring import wired
from domain.kernel import outbox
from domain.kernel.failpoints import POINTS, Failpoints
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from domain.ledger.maturing import mature_due
from domain.partners.facts import NewFact, SubjectKind
from embedded.supervisor import EmbeddedServers
from leaderboards.auditing import audit as audit_boards
from leaderboards.rebuilding import LOAD_ROWS, heal
from leaderboards.store import Store
from migrations import migrate
from tests.boards import board, fold_all, minutes, season_of, tell, won
from tests.building import START, World, build_world
from tests.faults.deals import Item, items_of
from tests.faults.face import Face
from tests.faults.fulfilment import OWN_POINTS
from tests.faults.roles import accepted, imported, started
from tests.faults.test_webhook_crashes import POINTS as WEBHOOK_POINTS
from tests.shop import KEYRING, open_shop

PORT = 18_400
KILLED_SECONDS_MAX = 60
BATCH = 10
HELD = {"effect": {"kind": "FIXED", "amount": 10}, "hold_days": 1}
LAWS = ("L1", "L2", "L4", "L5", "L6", "L7", "L8", "E1", "E2")
RECORDED_BY: Mapping[str, str] = {
    "operation.after_begin": "record",
    "operation.after_work": "record",
    "operation.before_commit": "api",
    "operation.after_commit": "api",
    "record.after_activities": "record",
    "record.after_evaluation": "record",
    "post.after_entries": "record",
}
WORKED_BY: tuple[str, ...] = (
    "relay.before_stamp",
    "relay.after_stamp",
    "project.before_fold",
    "project.after_fold",
    "project.after_index",
)
REDEEMED_BY = ("redeem.after_hold", "redeem.after_codes")
REBUILT_BY = ("rebuild.half_way", "rebuild.before_swap")
APART = ("import.after_batch", "mature.before_commit", "rewalk.before_commit", "deliver.before_send", *WEBHOOK_POINTS)
GOLD = {"effect": {"kind": "FIXED", "amount": 10}, "trigger": "demo.given", "condition": 'facts.tier == "GOLD"'}

OF_BATCH = """
SELECT (SELECT count(*) FROM activity WHERE external_id LIKE $1) AS activities,
       (SELECT count(*) FROM award JOIN due ON due.id = award.due_id JOIN activity ON activity.id = due.activity_id
        WHERE external_id LIKE $1) AS awards,
       (SELECT count(*) FROM outbox JOIN activity ON activity.id = aggregate_id
        WHERE external_id LIKE $1 AND name = 'activity.recorded') AS events
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Durable servers with two databases: a world that earns, and boards that are large."""

    servers: EmbeddedServers
    home: Path
    world: World
    boards: str
    store: Store
    key: str

    def environment(self, database: str | None = None, port: int = PORT) -> dict[str, str]:
        return {
            "DATABASE_URL": self.servers.postgres.url(database or "guerdon"),
            "REDIS_URL": self.servers.valkey.url(1 if database else 0),
            "GUERDON_HOME": str(self.home),
            "PORT": str(port),
        }

    def batch(self, name: str) -> list[Item]:
        member = {"member": str(self.world.members[0]), "member_code": "member-0"}
        return [{"id": f"{name}-{n}", "days": n, **member} for n in range(BATCH)]

    async def settle(self) -> None:
        """Everything told is stamped, folded and in the index."""
        await fold_all(self.world.door, self.store)
        await heal(self.world.database, Failpoints(), self.store)


@pytest.fixture(scope="module")
def durable(disk_folder: Path) -> Iterator[EmbeddedServers]:
    home = disk_folder / "durable"
    home.mkdir(mode=0o711)
    with EmbeddedServers(home, durable=True) as running:
        yield running


@pytest.fixture(scope="module")
async def stage(durable: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    await migrate(durable.postgres.url())
    connection = await asyncpg.connect(durable.postgres.url("postgres"))
    await connection.execute("CREATE DATABASE boards TEMPLATE guerdon")
    await connection.close()
    home = tmp_path_factory.mktemp("home")
    database = await Database.open(durable.postgres.url(), connections_max=4)
    world, store = await build_world(database), Store.open(durable.valkey.url())
    await world.launch({"effect": {"kind": "FIXED", "amount": 10}})
    await board(world.door, "won")
    environment = {"DATABASE_URL": database.url, "REDIS_URL": durable.valkey.url(), "GUERDON_HOME": str(home)}
    async with wired(read_settings(environment), "guerdon-key") as parts:
        key = await new_key(parts, name="crm", source="crm", scopes=["activities:write", "events:read"])
    yield Stage(servers=durable, home=home, world=world, boards="boards", store=store, key=key)
    await store.close()
    await database.close()


def test_every_point_has_a_test_that_crashes_there() -> None:
    covered = {*RECORDED_BY, *WORKED_BY, *REBUILT_BY, *REDEEMED_BY, *APART, *OWN_POINTS}
    assert sorted(covered) == sorted(POINTS), "a point that no workflow reaches proves nothing"


async def killed(role: str, environment: Mapping[str, str], point: str, **told: Any) -> None:
    """The process in this role was killed by the point, and by nothing else."""
    process = started(role, environment, f"{point}=crash", **told)
    await asyncio.to_thread(process.join, KILLED_SECONDS_MAX)
    assert process.exitcode == -signal.SIGKILL, f"{role} did not die at {point}"


async def whole(stage: Stage, name: str) -> None:
    row = await stage.world.database.fetchrow(OF_BATCH, f"{name}-%")
    assert row is not None
    assert dict(row) == {"activities": BATCH, "awards": BATCH, "events": BATCH}, name


@pytest.mark.parametrize("point", RECORDED_BY)
async def test_a_batch_killed_anywhere_is_whole_after_the_same_batch_again(stage: Stage, point: str) -> None:
    batch, environment = stage.batch(point), stage.environment()
    if RECORDED_BY[point] == "record":
        await killed("record", environment, point, source=str(stage.world.source_id), items=batch)
    else:
        process = started("api", environment, f"{point}=crash")
        face = Face(PORT, stage.key)
        await face.ready()
        assert await face.record(batch) is None, "nobody acknowledged it"
        await asyncio.to_thread(process.join, KILLED_SECONDS_MAX)
        assert process.exitcode == -signal.SIGKILL
    outcomes = {str(result.outcome) for result in (await stage.world.record(*items_of(batch))).results}
    assert outcomes == {"DUPLICATE" if point == "operation.after_commit" else "RECORDED"}
    await whole(stage, point)


@pytest.mark.parametrize("point", WORKED_BY)
async def test_a_worker_killed_anywhere_leaves_what_the_next_one_completes(stage: Stage, point: str) -> None:
    await stage.settle()
    stamped = await outbox.last_position(stage.world.database)
    await stage.world.record(*items_of(stage.batch(point)))
    await killed("worker", stage.environment(), point)
    await stage.settle()
    assert await outbox.last_position(stage.world.database) > stamped
    await whole(stage, point)
    assert all(one.violations == 0 for one in await audit_boards(stage.world.database, stage.store))


async def test_a_worker_killed_while_points_mature_matures_them_once(stage: Stage) -> None:
    world, member = stage.world, stage.world.members[1]
    now = await world.database.fetchval("SELECT guerdon_now()")
    await world.launch({**HELD, "trigger": "demo.given"}, code="held")
    days = (now - START).total_seconds() / 86_400 - 0.01
    told = [{"id": f"held-{n}", "member": str(member), "days": days} for n in range(3)]
    await world.record(*(replace(item, type="demo.given", amounts={}, attributes={}) for item in items_of(told)))
    assert (await world.balances(member))["pending"] == 30
    await world.database.fetch("UPDATE clock_shift SET seconds = seconds + 172800")
    await killed("worker", stage.environment(), "mature.before_commit")
    assert (await world.balances(member))["pending"] == 30
    assert await mature_due(world.door, world.actor) == 1
    assert (await world.balances(member))["available"] == 30
    kinds = "SELECT count(*) FROM entry JOIN wallet ON wallet.id = wallet_id WHERE owner_id = $1 AND kind = 'available'"
    assert await world.database.fetchval(kinds, member) == 3


async def test_a_worker_killed_while_it_walks_units_again_awards_them_once(stage: Stage) -> None:
    world, member = stage.world, stage.world.members[2]
    await world.launch(GOLD, code="gold", facts={"tier": {"type": "STRING", "default": ""}})
    told = [{"id": f"gold-{n}", "member": str(member), "days": n} for n in range(3)]
    await world.record(*(replace(item, type="demo.given", amounts={}, attributes={}) for item in items_of(told)))
    before, subject, value = await world.worth(member), SubjectKind.MEMBER, {"value": "GOLD"}
    await world.know(NewFact(subject_kind=subject, subject_id=member, kind="tier", value=value, valid_from=START))
    await killed("worker", stage.environment(), "rewalk.before_commit")
    assert await world.worth(member) == before
    await world.catch_up()
    assert await world.worth(member) == before + 30


@pytest.mark.parametrize("point", REDEEMED_BY)
async def test_a_redemption_killed_anywhere_is_whole_after_the_same_key_again(stage: Stage, point: str) -> None:
    shop, member = await open_shop(stage.world), stage.world.members[3]
    await shop.give(3, 100)
    pool = await shop.pool(2)
    card = await shop.item(30, stock=2, routes=[(shop.supplier_id, pool)])
    before = await stage.world.balances(member)
    quote = await shop.quote(shop.rep(3), card)
    await killed("redeem", stage.environment(), point, member=str(member), quote=str(quote.id))
    assert await stage.world.balances(member) == before
    assert (await shop.stock(card), await shop.pool_counts(pool)) == (2, (2, 0, 0, 0))
    first, again = [await accepted(stage.world.door, member, quote.id, KEYRING) for _ in range(2)]
    assert (first.replayed, again.replayed, first.facts) == (False, True, again.facts)
    assert (await shop.stock(card), await shop.pool_counts(pool)) == (1, (1, 1, 0, 0))
    assert (await stage.world.balances(member))["held"] == before["held"] + 30


async def test_an_import_killed_after_a_batch_counts_every_row_once(stage: Stage) -> None:
    environment = stage.environment(stage.boards)
    await killed("import", environment, "import.after_batch")
    async with wired(read_settings(environment), "guerdon-import") as parts:
        counts = await imported(parts)
        found = "SELECT count(*), (SELECT count(*) FROM outbox WHERE name = 'activity.recorded') FROM activity"
        row = await parts.database.fetchrow(found)
    assert row is not None
    assert row[0] == row[1] == counts["RECORDED"]


async def test_a_rebuild_killed_anywhere_leaves_boards_that_the_next_one_rights(stage: Stage) -> None:
    environment = stage.environment(stage.boards)
    database = await Database.open(environment["DATABASE_URL"], connections_max=3)
    store, door = Store.open(environment["REDIS_URL"]), Door(database)
    board_id = await board(door, "large")
    await tell(database, [won(one, n % 50, minutes(n % 7)) for n, one in enumerate(new_ids(LOAD_ROWS + 1))])
    await fold_all(door, store)
    assert await season_of(database, board_id)
    for point in REBUILT_BY:
        await killed("rebuild", environment, point)
        await heal(database, Failpoints(), store)
        found = await audit_boards(database, store)
        assert [(one.violations, one.examined > 0) for one in found] == [(0, True)] * len(found)
    await store.close()
    await database.close()


async def test_a_subscriber_of_a_killed_api_resumes_without_a_gap(stage: Stage) -> None:
    await stage.settle()
    process = started("api", stage.environment(), "deliver.before_send=crash")
    face = Face(PORT, stage.key)
    await face.ready()
    async with face.following(None) as messages:
        first = await anext(messages)
        await stage.world.record(*items_of(stage.batch("followed")))
        await stage.settle()
        async for late in messages:
            assert late["content"]["__typename"] == "Heartbeat"
            first = late
    await asyncio.to_thread(process.join, KILLED_SECONDS_MAX)
    assert process.exitcode == -signal.SIGKILL
    process = started("api", stage.environment())
    await face.ready()
    seen, cursor = list[str](), first["cursor"]
    async with face.following(cursor) as messages:
        async for message in messages:
            assert message["previous"] == cursor
            cursor = message["cursor"]
            seen += [message["content"]["id"]] if message["content"]["__typename"] == "ActivityRecorded" else []
            if len(seen) == BATCH:
                break
    process.terminate()
    await asyncio.to_thread(process.join, 20)
    assert len(set(seen)) == BATCH


async def test_the_books_are_right_after_all_crashes(stage: Stage) -> None:
    await stage.settle()
    report = await audit(stage.world.database, LAWS)
    assert report.is_clean(strict=True), report.to_json()
    waiting = "SELECT count(*) FROM outbox WHERE position IS NULL"
    assert await stage.world.database.fetchval(waiting) == 0
