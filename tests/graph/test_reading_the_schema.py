"""What each role is answered by the schema, over real rows: own, the firm's, everybody's, nobody's."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from api.graph.ids import Tag
from domain.access.principals import Scope
from domain.kernel.failpoints import Failpoints
from domain.kernel.outbox import stamp
from domain.programs.program import Visibility
from leaderboards.defining import create_leaderboard
from leaderboards.metrics import Definition
from leaderboards.projecting import fold
from tests.building import build_world, deal
from tests.graph.asking import NOBODY, Asker, admin, key, listening, member, opaque, partner_admin

FIXED = {"effect": {"kind": "FIXED", "amount": 100}}

FIELDS_ASKING = 30  # how many fields of the document below ask a reading, with what a reading asks itself

MINE = """{ viewer { role
  member { name email externalId partner { name } }
  wallets { version unit { code name(locale: FR) } pending available receivable owner { name }
    entries { edges { node { seq kind amount transaction { kind } program { code } } } pageInfo { hasNextPage } }
    lots { edges { node { amount available } } } debts { edges { node { amount } } }
    upcomingExpiries { at amount } upcomingMaturities { at amount }
    balanceAsOf(at: "2999-01-01T00:00:00Z") { available }
    statement(from: "2020-01-01T00:00:00Z", until: "2990-01-01T00:00:00Z") { closing { available } lines { kind } } }
  awards { edges { node { amount state relation lot { available } explanation { code facts text(locale: FR) }
    activity { externalId typeName(locale: FR) } terms { version } due { outcome } program { code } } } }
  dues { edges { node { outcome granted explanation { code text } awards { n } } } }
  activities { edges { node { externalId amounts { basis amount unit } revisions { revision kind }
        dues { granted } } } }
  enrollments { edges { node { state } } }
  leaderboards { edges { node { code myRank { rank total reasons { text } contributions { value counts }
        pointsToNext }
    page(first: 2) { total edges { node { name score isMe contributions } } pageInfo { hasNextPage endCursor } }
    aroundMe(k: 1) { place } season { startsAt } } } }
} }"""


@pytest.fixture(scope="module")
async def asker(database: str) -> AsyncIterator[Asker]:
    heard: list[str] = []
    opened = await listening(database, heard)
    world = await build_world(opened)
    await world.launch(FIXED, code="wins", visibility=Visibility.PUBLIC)
    await world.launch({"effect": {"kind": "FIXED", "amount": 7}, "condition": "activity.quantity > 1"}, code="inside")
    for number in range(6):
        await world.record(deal(f"d{number}", world.members[number % 4], 10_000 + number, days=number))
    wanted = Definition(
        code="won",
        name={"en": "Won revenue", "fr": "Ventes gagnées"},
        metric={"event": "activity", "type": "deal.won", "value": {"basis": "NET"}, "unit": "USD"},
    )
    await create_leaderboard(world.door, world.actor, world.key(), wanted)
    await stamp(opened, Failpoints())
    while await fold(world.door, None):
        pass
    yield Asker.over(world, heard)
    await opened.close()


async def test_nobody_is_no_viewer_and_sees_public_programs_only(asker: Asker) -> None:
    data = await asker.ask(
        NOBODY,
        """{ viewer { role } leaderboards { edges { node { code } } }
             programs { totalCount edges { node { code budget { balance } } } } }""",
    )
    assert data["viewer"] is None
    assert [edge["node"] for edge in data["programs"]["edges"]] == [{"code": "wins", "budget": None}]
    assert data["programs"]["totalCount"] == 1
    assert data["leaderboards"]["edges"] == []


async def test_a_rep_sees_everything_of_her_own_in_one_question(asker: Asker) -> None:
    viewer = (await asker.ask(member(asker.world, 0), MINE))["viewer"]
    assert viewer["member"]["name"] == "Member 0"
    assert viewer["member"]["externalId"] is None, "the matrix denies a member her id at the source"
    (wallet,) = viewer["wallets"]
    assert wallet["pending"] + wallet["available"] == 200
    assert wallet["unit"] == {"code": "POINTS", "name": "points"}
    assert wallet["owner"] == {"name": "Member 0"}
    awards = [edge["node"] for edge in viewer["awards"]["edges"]]
    assert [award["amount"] for award in awards] == [100, 100]
    assert awards[0]["activity"] == {"externalId": "d4", "typeName": "Affaire gagnée"}
    assert all(step["text"] for step in awards[0]["explanation"])
    outcomes = sorted(edge["node"]["outcome"] for edge in viewer["dues"]["edges"])
    assert outcomes == ["GRANTED", "GRANTED", "NOTHING", "NOTHING"], "why nothing is told too"
    board = viewer["leaderboards"]["edges"][0]["node"]
    assert board["myRank"]["rank"] == 2
    assert board["myRank"]["total"] == 4
    assert len(board["myRank"]["contributions"]) == 2
    assert [edge["node"]["name"] for edge in board["page"]["edges"]] == ["Member 1", "Member 0"]


async def test_another_rep_gets_null_for_what_is_not_hers(asker: Asker) -> None:
    wallet = await asker.world.database.fetchval("SELECT id FROM wallet WHERE owner_id = $1", asker.world.members[0])
    award = await asker.world.database.fetchval("SELECT id FROM award WHERE wallet_id = $1 LIMIT 1", wallet)
    document = (
        "query($w: ID!, $a: ID!, $m: ID!) { w: node(id: $w) { id } a: node(id: $a) { id } m: node(id: $m) { id } }"
    )
    ids = {
        "w": opaque(Tag.WALLET, wallet),
        "a": opaque(Tag.AWARD, award),
        "m": opaque(Tag.MEMBER, asker.world.members[0]),
    }
    assert await asker.ask(member(asker.world, 1), document, **ids) == {"w": None, "a": None, "m": None}
    assert await asker.ask(member(asker.world, 0), document, **ids) == {
        name: {"id": value} for name, value in ids.items()
    }
    firm = await asker.ask(partner_admin(asker.world, 0), document, **ids)
    assert firm["w"] is not None
    assert firm["m"] is not None
    assert (await asker.ask(partner_admin(asker.world, 1), document, **ids))["w"] is None


@pytest.mark.parametrize("text", ["", "x", "%%%%", "A" * 24, "d2E" + "A" * 21, "é" * 24, "d2E=" * 6])
async def test_an_id_that_nobody_wrote_is_null(asker: Asker, text: str) -> None:
    assert await asker.ask(admin(), "query($id: ID!) { node(id: $id) { id } }", id=text) == {"node": None}


async def test_an_operator_lists_everything_with_filters(asker: Asker) -> None:
    data = await asker.ask(
        admin(),
        """{ partners(search: "partner") { edges { node { name members { edges { node { name wallets {
        available } } } } } } }
             members { edges { node { name email } } }
             activities(first: 2, filter: {type: "deal.won"}, sort: OLDEST) { edges { node { externalId } }
        pageInfo { hasNextPage endCursor } }
             sources { edges { node { code mapping } } } activityTypes { edges { node { code name } } }
             programs { edges { node { code budget { allocated committed balance }
        enrollments { edges { node { state } } }
               terms { edges { node { version document } } } currentTerms { cohort } leaderboards { code } } } }
             importRuns { edges { node { rows } } } accounts { edges { node { name } } }
        apiKeys { edges { node { name } } }
             auditLog { edges { node { action } } } liability { available program { code } } now units { code } }""",
    )
    assert [edge["node"]["externalId"] for edge in data["activities"]["edges"]] == ["d0", "d1"]
    budgets = {edge["node"]["code"]: edge["node"]["budget"] for edge in data["programs"]["edges"]}
    assert budgets["wins"] == {"allocated": 1_000_000_000, "committed": 600, "balance": 999_999_400}
    assert len(data["members"]["edges"]) == 4


async def test_a_key_sees_what_its_scopes_say(asker: Asker) -> None:
    document = "{ activities { edges { node { externalId attributes } } } }"
    reader = key(Scope.ACTIVITIES_READ, source_id=asker.world.source_id)
    assert len((await asker.ask(reader, document))["activities"]["edges"]) == 6
    refused = await asker.result(key(Scope.EVENTS_READ), document)
    assert refused.data == {"activities": None}
    assert type(refused.errors[0].original_error).__name__ == "ScopeMissing"


async def test_pages_follow_each_other_without_gap_or_repeat(asker: Asker) -> None:
    document = """query($after: Cursor) { activities(first: 4, after: $after) {
        edges { node { externalId } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
    first = (await asker.ask(admin(), document))["activities"]
    second = (await asker.ask(admin(), document, after=first["pageInfo"]["endCursor"]))["activities"]
    seen = [edge["node"]["externalId"] for page in (first, second) for edge in page["edges"]]
    assert seen == ["d5", "d4", "d3", "d2", "d1", "d0"]
    assert first["pageInfo"]["hasNextPage"] is True
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (False, True)


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_out_of_bounds_is_an_error_with_its_code(asker: Asker, first: int) -> None:
    refused = await asker.result(admin(), "query($n: Int!) { activities(first: $n) { edges { cursor } } }", n=first)
    assert refused.errors[0].extensions == {"code": "PAGE_TOO_LARGE"}


async def test_the_largest_page_is_a_hundred(asker: Asker) -> None:
    await asker.ask(
        admin(), "{ activities(first: 100) { edges { cursor } } partners(first: 100) { edges { cursor } } }"
    )


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "e30", "bnVsbA"])
async def test_a_cursor_of_another_list_is_an_error_with_its_code(asker: Asker, cursor: str) -> None:
    document = "query($c: Cursor) { activities(after: $c) { edges { cursor } } }"
    refused = await asker.result(admin(), document, c=cursor)
    assert refused.errors[0].extensions == {"code": "BAD_INPUT"}


async def test_statements_do_not_grow_with_the_page(asker: Asker) -> None:
    document = """query($n: Int!) { members(first: $n) { edges { node { name partner { name parent { name } }
        wallets { available
        entries(first: 3) { edges { node { amount program { code } } } }
        lots(first: 3) { edges { node { award: awardId } } } }
        awards(first: 3) { edges { node { amount activity { externalId source { code } revisions { revision } }
        terms { version }
          due { granted awards { n } } reversals { amount } program { code budget { balance } } member { name } } } }
        dues(first: 3) { edges { node { granted } } }
        enrollments(first: 3) { edges { node { state parameters { version } } } } } } } }"""
    await asker.ask(admin(), document, n=4)  # every connection has met its types by now
    await asker.ask(admin(), document, n=4)
    # Three fields of the document may ask the same reading in different ticks; four members may not ask it each.
    assert max(Counter(asker.statements).values()) <= 3
    assert len(asker.statements) <= FIELDS_ASKING
