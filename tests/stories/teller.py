"""Who tells a story: people with tokens of their own before the whole API, and a worker that works when told to."""

import itertools
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2

from api.face import build_server
from api.graph.ids import Tag, decode_as, encode_id
from api.http.issuer import DEVELOPMENT, mint_token
from api.http.issuer import PATH as ISSUER_PATH
from api.http.signing import SigningKey
from api.settings import Limits, Settings
from api.wiring import Wired, wired
from catalog.redemptions.fulfilling import Fulfiller
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.policy import ShopPolicy
from catalog.suppliers.outcomes import Adapter, Asked, Delivered, Goods, NotFound, Order, Outcome
from catalog.suppliers.reading import SupplierRecord
from catalog.suppliers.scripted import Scripted
from domain.access.admitting import Invitation, assign_portfolio_in, link_account
from domain.access.granting import create_key_in
from domain.access.principals import SYSTEM, Role, Scope
from domain.activities.sources import SourceDefinition, ensure_source
from domain.ledger.maturing import mature_due
from tests.building import World, build_world, deal

STEPS_MAX = 50
# What a program of a story is to reach: without an objective none goes live.
OBJECTIVE: Mapping[str, Any] = {"metric": "deals.won", "baseline": 10, "target": 20, "dueAt": "2099-12-31T00:00:00Z"}
REFUSAL = "... on Refusal { code text }"
LINE = "id state price delivery maskedCode availableActions item { name }"
ORDER = f"redemption {{ id state total lines {{ {LINE} }} }}"
OPERATORS = {
    "manager": Role.CHANNEL_MANAGER,
    "catalog": Role.CATALOG,
    "support": Role.SUPPORT,
    "finance": Role.FINANCE,
    "admin": Role.ADMIN,
}
EARNS: Mapping[str, Any] = {"trigger": "demo.given", "effect": {"kind": "FIXED", "amount": 10}}


@dataclass(kw_only=True)
class Book:
    """A supplier that keeps a book: what was ordered under which id, and how often it was called at all.

    `outcomes` are answered first, one a call of `deliver`; what stands in the book was delivered, whatever was said.
    """

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    delivers_unsaid: bool = True
    delivered: dict[str, Goods] = field(default_factory=dict[str, Goods])
    calls: int = 0

    async def deliver(self, order: Order) -> Outcome:
        self.calls += 1
        if self.outcomes:
            said = self.outcomes.pop(0)
            if self.delivers_unsaid:
                self._write(order)
            return said
        return Delivered(goods=self._write(order))

    async def ask(self, order: Order) -> Asked:
        goods = self.delivered.get(order.external_id)
        return NotFound() if goods is None else Delivered(goods=goods)

    def _write(self, order: Order) -> Goods:
        return self.delivered.setdefault(order.external_id, Goods(code=f"BOOK-{order.external_id[-12:]}"))


@dataclass(kw_only=True)
class Teller:
    """A vendor with its people and a shop; `answers` says who stands behind a supplier (else: the scripted one)."""

    parts: Wired
    world: World
    client: httpx2.AsyncClient
    program_id: UUID
    answers: dict[UUID, Adapter] = field(default_factory=dict[UUID, Adapter])
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def person(self, name: str, role: Role, member: int | None = None) -> str:
        """Somebody may sign in from now on."""
        member_id = None if member is None else self.world.members[member]
        invited = Invitation(issuer=DEVELOPMENT, subject=name, role=role, name=name, member_id=member_id)
        account = await link_account(self.world.door, SYSTEM, invited)
        if role is Role.CHANNEL_MANAGER:
            await self.world.door.operate(SYSTEM, lambda op: assign_portfolio_in(op, account, None))
        settings = self.parts.settings
        key = SigningKey.kept_in(settings.home)
        issuer, audience = settings.url + ISSUER_PATH, settings.oidc_audience
        # Stories move the clock of the database, not of the issuer.
        self.tokens[name] = mint_token(key, issuer=issuer, audience=audience, subject=name, seconds=900)
        return name

    async def machine(self, name: str, source: str, *scopes: Scope) -> str:
        """A machine of this source has a key; answers the source's id as the API says it."""
        record = await ensure_source(self.world.door, SYSTEM, SourceDefinition(code=source, name=source))
        made = await self.world.door.operate(
            SYSTEM, lambda op: create_key_in(op, name=name, scopes=scopes, source_id=record.source_id)
        )
        assert made.text is not None
        self.tokens[name] = made.text
        return encode_id(Tag.SOURCE, record.source_id)

    async def ask(self, who: str, document: str, /, **variables: Any) -> Mapping[str, Any]:
        """What this person is answered; fails on errors."""
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        body = {"query": document, "variables": variables}
        answer = (await self.client.post("/graphql", json=body, headers=headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def says(self, who: str, name: str, fields: str, /, **asked: Any) -> Mapping[str, Any]:
        """What the mutation answers this person: the success's fields, or a refusal with its `code`."""
        upper = name[0].upper() + name[1:]
        document = (
            f"mutation($input: {upper}Input!) {{ {name}(input: $input) {{"
            f" __typename ... on {upper}Success {{ {fields} }} {REFUSAL} }} }}"
        )
        return (await self.ask(who, document, input=asked))[name]

    async def does(self, who: str, name: str, fields: str, /, **asked: Any) -> Mapping[str, Any]:
        """As `says`, which has to succeed; with a key of its own."""
        answer = await self.says(who, name, fields, idempotencyKey=self.key(), **asked)
        assert answer["__typename"].endswith("Success"), answer
        return answer

    def key(self) -> str:
        return f"story-{next(self.numbers)}"

    async def supplier(self, adapter: str, answers: Adapter | None = None, **more: Any) -> str:
        """The catalog's keeper defines a supplier; answers its code."""
        code = f"supplier-{next(self.numbers)}"
        made = await self.does(
            "catalog",
            "defineSupplier",
            "supplier { id }",
            code=code,
            name=code,
            adapter=adapter,
            isTest=adapter == "SCRIPTED",
            **more,
        )
        self.tokens[code] = made["supplier"]["id"]
        found = decode_as(Tag.SUPPLIER, made["supplier"]["id"])
        assert found is not None
        if answers is not None:
            self.answers[found] = answers
        return code

    async def pool(self, supplier: str, codes: Sequence[str]) -> str:
        """The catalog's keeper fills a pool of the supplier; answers its code."""
        code = f"pool-{next(self.numbers)}"
        made = await self.does(
            "catalog", "createCodePool", "pool { id }", supplierId=self.tokens[supplier], code=code, name=code
        )
        if codes:
            rows = [{"code": each, "pin": "1234"} for each in codes]
            await self.does(
                "catalog", "importCodes", "imported", poolId=made["pool"]["id"], batchExternalId=code, codes=rows
            )
        return code

    async def item(self, supplier: str, price: int, *routes: Mapping[str, Any], **more: Any) -> str:
        """The catalog's keeper lists an item of one denomination; answers the denomination's id."""
        denomination = {
            "externalId": "one",
            "priceFixed": price,
            "faceValue": 1_000,
            "currency": "EUR",
            "fairValue": 1_000,
        } | more.pop("denomination", {})
        if routes:
            denomination["routes"] = list(routes)
        item = {"externalId": f"item-{next(self.numbers)}", "kind": "GIFT_CARD", "name": {"en": "A card"}} | more
        return await self.feed(supplier, item | {"denominations": [denomination]})

    async def feed(self, supplier: str, item: Mapping[str, Any]) -> str:
        """The item stands as said; answers its first denomination's id."""
        fields = "results { outcome refusal { text } item { denominations { id } } }"
        made = await self.does("catalog", "upsertCatalogItems", fields, supplierId=self.tokens[supplier], items=[item])
        (result,) = made["results"]
        assert result["item"] is not None, result
        return result["item"]["denominations"][0]["id"]

    async def give(self, member: int, points: int) -> None:
        """The administrator grants the member points, with a reason."""
        await self.does(
            "admin",
            "adjustPoints",
            "wallet { available }",
            memberId=self.member(member),
            programId=encode_id(Tag.PROGRAM, self.program_id),
            amount=points,
            reason="for a story",
        )

    async def earn_expiring(self, member: int, points: int, *, days: int) -> None:
        """The member wins a deal now, whose points are good for so many days, held ones until their order ends."""
        number = next(self.numbers)
        rule = {"effect": {"kind": "FIXED", "amount": points}, "expires_after": {"days": days}}
        await self.world.launch(rule, code=f"expiring-{number}", expired_hold_days=0)
        now = await self.world.database.fetchval("SELECT guerdon_now()")
        won = deal(f"deal-{number}", self.world.members[member])
        await self.world.record(replace(won, occurred_at=now))

    def member(self, place: int) -> str:
        return encode_id(Tag.MEMBER, self.world.members[place])

    async def quote(self, who: str, denomination: str, quantity: int = 1) -> Mapping[str, Any]:
        lines = [{"denominationId": denomination, "quantity": quantity}]
        answer = await self.says(who, "quoteRedemption", "quote { id total needsApproval }", lines=lines)
        return answer.get("quote") or answer

    async def order(self, who: str, denomination: str, quantity: int = 1, **more: Any) -> Mapping[str, Any]:
        """Quoted and redeemed; answers the redemption."""
        quoted = await self.quote(who, denomination, quantity)
        return (await self.does(who, "redeem", ORDER, quoteId=quoted["id"], **more))["redemption"]

    async def seen(self, who: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """The order as this person sees it now."""
        document = f"query($id: ID!) {{ redemption(id: $id) {{ id state total lines {{ {LINE} }} }} }}"
        return (await self.ask(who, document, id=order["id"]))["redemption"]

    async def states(self, who: str, order: Mapping[str, Any]) -> list[str]:
        return sorted(line["state"] for line in (await self.seen(who, order))["lines"])

    async def balances(self, who: str) -> tuple[int, int]:
        """Available and held points, as their owner sees them."""
        (wallet,) = (await self.ask(who, "{ viewer { wallets { available held } } }"))["viewer"]["wallets"]
        return wallet["available"], wallet["held"]

    async def later(self, **span: int) -> None:
        """The administrator moves the sandbox's clock, and what is due by then becomes due."""
        seconds = sum(span[unit] * size for unit, size in SPANS.items() if unit in span)
        answer = await self.says("admin", "advanceClock", "now", seconds=seconds)
        assert answer["__typename"] == "AdvanceClockSuccess", answer
        for _ in range(STEPS_MAX):
            if not await mature_due(self.world.door, SYSTEM):
                return

    async def work(self) -> int:
        """The worker's steps of the shop, once, to their end; answers how many lines or calls there were."""
        door, keyring = self.world.door, self.parts.keyring
        fulfiller = Fulfiller(door, keyring, self._adapter_for)
        done = await issue_due(door, keyring) + await fulfiller.step()
        await fulfiller.settle()
        return done

    def _adapter_for(self, supplier: SupplierRecord) -> Adapter:
        return self.answers.get(supplier.id) or Scripted()


SPANS = {"seconds": 1, "minutes": 60, "days": 86_400}


@asynccontextmanager
async def told(
    database_url: str,
    valkey_url: str,
    home: Path,
    *,
    members: int = 4,
    limits: Limits | None = None,
    shop: ShopPolicy | None = None,
) -> AsyncGenerator[Teller]:
    """The stage of a story: the API in this process, operators with tokens, and reps `rep0`, `rep1`, … with none."""
    policy = shop or ShopPolicy(sandbox=True)
    settings = Settings(
        home=home, database_url=database_url, redis_url=valkey_url, shop=policy, limits=limits or Limits()
    )
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(wired(settings, "story"))
        world = await build_world(parts.database, members=members)
        world.door = parts.door
        program_id = await world.launch(EARNS)
        transport = httpx2.ASGITransport(app=build_server(parts))
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=settings.url))
        teller = Teller(parts=parts, world=world, client=client, program_id=program_id)
        for name, role in OPERATORS.items():
            await teller.person(name, role)
        for place in range(members):
            await teller.person(f"rep{place}", Role.MEMBER, place)
        yield teller
