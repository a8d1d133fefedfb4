"""R15, programs for start-ups, schools and charities: a type is proven, opens what it opens, lapses with its proof."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag, encode_id
from domain.access.principals import Role
from domain.kernel.operation import Operation
from domain.partners import verifying
from domain.partners.facts import NewFact, record_facts_in
from domain.partners.verifying import lapse_due
from tests.building import deal
from tests.stories.teller import Teller

PDF = b"%PDF-1.7\nA letter of the ministry.\n%%EOF"
STANDING = "standing { id state validUntil availableActions proof { name } }"
SHOWN = "{ viewer { partner { typeStandings { type state lapsedFor } } } }"
CREDITS = """
INSERT INTO unit (code, kind, exponent, name) VALUES ('CREDITS', 'POINTS', 0, '{"en": "Credits", "fr": "Crédits"}')
ON CONFLICT DO NOTHING
"""


async def opened(teller: Teller) -> None:
    """The firm has an administrator; a program for start-ups pays credits of its own, one for schools pays points."""
    await teller.person("boss", Role.PARTNER_ADMIN, 0)
    await teller.world.database.fetch(CREDITS)
    for kind, unit, amount in (("startup", "CREDITS", 50), ("education", "POINTS", 30)):
        await teller.world.launch(
            {"effect": {"kind": "FIXED", "amount": amount}, "condition": f'partner.type_{kind} == "ENROLLED"'},
            code=kind,
            unit=unit,
            partner_facts={f"type_{kind}": {"type": "STRING", "default": ""}},
        )


async def enrolled(teller: Teller, kind: str, *, days: int | None = None) -> str:
    """The firm proves the type, the vendor believes it for so many days, and lets it in; answers the standing's id."""
    headers = {"authorization": f"Bearer {teller.tokens['boss']}"}
    handed = (await teller.client.post("/files", content=PDF, params={"name": "letter.pdf"}, headers=headers)).json()
    firm = encode_id(Tag.PARTNER, teller.world.partners[0])
    asked: Mapping[str, Any] = {"partnerId": firm, "type": kind, "fileIds": [handed["id"]]}
    applied = (await teller.does("boss", "applyForPartnerType", STANDING, **asked))["standing"]
    assert applied["state"] == "APPLIED"
    own = await teller.says(
        "boss", "movePartnerType", STANDING, idempotencyKey=teller.key(), standingId=applied["id"], action="VERIFY"
    )
    assert own["code"] == "NOT_FOUND", "nobody believes the own proof"
    until = None if days is None else (await now(teller) + timedelta(days=days)).isoformat()
    for action, more in (("VERIFY", {"validUntil": until}), ("ENROLL", {})):
        moved = await teller.does(
            "manager", "movePartnerType", STANDING, standingId=applied["id"], action=action, **more
        )
    assert (moved["standing"]["state"], moved["standing"]["proof"][-1]) == ("ENROLLED", {"name": "letter.pdf"})
    return applied["id"]


async def now(teller: Teller) -> datetime:
    found = (await teller.ask("manager", "{ now }"))["now"]
    return datetime.fromisoformat(found)


async def wins(teller: Teller, name: str) -> None:
    """The firm's rep wins a deal now."""
    won = deal(name, teller.world.members[0], opportunity=name)
    at: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    await teller.world.record(replace(won, occurred_at=at))


async def earned(teller: Teller) -> tuple[int, int]:
    """The rep's credits and points."""
    wallets = (await teller.ask("rep0", "{ viewer { wallets { unit { code } available } } }"))["viewer"]["wallets"]
    found = {wallet["unit"]["code"]: wallet["available"] for wallet in wallets}
    return found.get("CREDITS", 0), found.get("POINTS", 0)


async def test_one_firm_is_in_several_types_at_once_until_a_proof_expires(teller: Teller) -> None:
    await opened(teller)
    await wins(teller, "before")
    assert await earned(teller) == (0, 0)
    await enrolled(teller, "STARTUP", days=20)
    await enrolled(teller, "EDUCATION")
    await wins(teller, "both")
    assert await earned(teller) == (50, 30)
    await teller.later(days=1)
    assert await lapse_due(teller.world.door) == 1, "the firm is told that a proof expires soon"
    assert await lapse_due(teller.world.door) == 0, "and once"
    await teller.later(days=19)
    await wins(teller, "after")
    assert await earned(teller) == (50, 60), "rules read the proof's own date, however late the worker is"
    assert await lapse_due(teller.world.door) == 1
    told = (await teller.ask("rep0", SHOWN))["viewer"]["partner"]["typeStandings"]
    assert told == [
        {"type": "EDUCATION", "state": "ENROLLED", "lapsedFor": None},
        {"type": "STARTUP", "state": "LAPSED", "lapsedFor": "EXPIRED"},
    ]
    other = (await teller.ask("rep1", SHOWN))["viewer"]["partner"]["typeStandings"]
    assert other == []
    await enrolled(teller, "STARTUP", days=400)
    await wins(teller, "again")
    assert await earned(teller) == (100, 90)


async def test_of_programs_that_conflict_the_better_one_pays(teller: Teller) -> None:
    await teller.person("boss", Role.PARTNER_ADMIN, 0)
    for kind, amount in (("startup", 50), ("education", 30)):
        await teller.world.launch(
            {
                "effect": {"kind": "FIXED", "amount": amount},
                "condition": f'partner.type_{kind} == "ENROLLED"',
                "stacking": {"group": "types", "mode": "BEST_OF"},
            },
            code=kind,
            partner_facts={f"type_{kind}": {"type": "STRING", "default": ""}},
        )
    await enrolled(teller, "STARTUP")
    await enrolled(teller, "EDUCATION")
    await wins(teller, "both")
    assert await earned(teller) == (0, 50)
    seen = await teller.ask("rep0", "{ viewer { dues { edges { node { outcome } } } } }")
    outcomes = sorted(edge["node"]["outcome"] for edge in seen["viewer"]["dues"]["edges"])
    assert outcomes == ["GRANTED", "NOTHING"], "the one that did not pay says so"


async def test_a_proof_that_never_expires_for_rules_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(op: Operation, facts: Sequence[NewFact]) -> list[UUID]:
        return await record_facts_in(op, [replace(fact, valid_until=None) for fact in facts])

    monkeypatch.setattr(verifying, "record_facts_in", endless)
    with pytest.raises(AssertionError, match="rules read the proof's own date"):
        await test_one_firm_is_in_several_types_at_once_until_a_proof_expires(teller)
