"""R18, the vendor's own people inside the program: a pool of their own, and no place on partners' boards."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag, decode_as, encode_id
from domain.access.admitting import Invitation, link_account
from domain.access.principals import SYSTEM, Role
from domain.kernel import outbox
from domain.kernel.sql import Connection, Database
from domain.partners.showing import OffBoards, subjects_off_boards
from domain.programs.program import Audience
from leaderboards import restanding
from leaderboards.projecting import fold
from tests.building import deal
from tests.stories.teller import Teller

RANKED = "query($id: ID!) { node(id: $id) { ... on Leaderboard { page { edges { node { name } } } } } }"


async def hired(teller: Teller) -> UUID:
    """The vendor's own Sam is told of by the vendor's system, and signs in."""
    staff = {"externalId": "sam", "name": "Sam", "kind": "VENDOR_STAFF", "partnerExternalId": None}
    source = encode_id(Tag.SOURCE, teller.world.source_id)
    fields = "registered results { member { id kind partner { id } } }"
    told = await teller.says("admin", "registerMembers", fields, sourceId=source, items=[staff])
    (result,) = told["results"]
    assert (result["member"]["kind"], result["member"]["partner"]) == ("VENDOR_STAFF", None)
    found = decode_as(Tag.MEMBER, result["member"]["id"])
    assert found is not None
    return found


async def wins(teller: Teller, name: str, member_id: UUID) -> None:
    at: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    await teller.world.record(replace(deal(name, member_id), occurred_at=at))


async def board(teller: Teller, code: str, **more: Any) -> str:
    metric = {"event": "activity", "type": "deal.won", "value": {"count": True}, **more}
    made = await teller.does(
        "manager", "createLeaderboard", "leaderboard { id }", code=code, name={"en": code}, metric=metric
    )
    return made["leaderboard"]["id"]


async def ranked(teller: Teller, board_id: str) -> list[str]:
    """Who stands on the board, as a partner's rep sees it."""
    seen = (await teller.ask("rep0", RANKED, id=board_id))["node"]["page"]
    return sorted(edge["node"]["name"] for edge in seen["edges"])


async def test_vendor_staff_earns_from_its_own_pool_and_is_ranked_only_where_a_board_allows_it(teller: Teller) -> None:
    world = teller.world
    sam = await hired(teller)
    invited = Invitation(issuer="https://login.example", subject="sam", role=Role.MEMBER, name="Sam", member_id=sam)
    await link_account(world.door, SYSTEM, invited)
    everyone = await world.launch({"effect": {"kind": "FIXED", "amount": 100}}, code="partners")
    own = await world.launch(
        {"effect": {"kind": "FIXED", "amount": 7}}, code="staff", budget=1_000, audience=Audience.ENROLLED
    )
    program = encode_id(Tag.PROGRAM, own)
    await teller.does("manager", "enroll", "enrollment { id }", programId=program, memberId=encode_id(Tag.MEMBER, sam))
    partners_only, open_to_all = await board(teller, "partners"), await board(teller, "all", vendor_staff=True)
    await wins(teller, "of-sam", sam)
    await wins(teller, "of-rep", world.members[0])
    assert (await world.balances(sam))["available"] == 7, "what is everyone's is the partners'"
    assert (await world.balances(world.members[0]))["available"] == 100
    budgets = "query($id: ID!) { program(id: $id) { budget { balance } } }"
    left = [
        (await teller.ask("manager", budgets, id=encode_id(Tag.PROGRAM, one)))["program"]["budget"]["balance"]
        for one in (own, everyone)
    ]
    assert left == [993, 999_999_900]
    await outbox.stamp(teller.parts.database, teller.parts.failpoints)
    while await fold(teller.parts.door, teller.parts.store):
        pass
    assert await ranked(teller, partners_only) == ["Member 0"]
    assert await ranked(teller, open_to_all) == ["Member 0", "Sam"]


async def test_a_board_that_ranks_staff_unasked_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(source: Database | Connection, ids: Collection[UUID]) -> OffBoards:
        return replace(await subjects_off_boards(source, ids), vendor_staff=frozenset())

    monkeypatch.setattr(restanding, "subjects_off_boards", nobody)
    with pytest.raises(AssertionError):
        await test_vendor_staff_earns_from_its_own_pool_and_is_ranked_only_where_a_board_allows_it(teller)
