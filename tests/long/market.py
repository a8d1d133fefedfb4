"""The shop of the suite of redemptions: what is sold, who redeems by which way, and the supplier that comes back."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from api.http.issuer import DEVELOPMENT
from api.http.issuer import PATH as ISSUER_PATH
from api.http.signing import SigningKey
from catalog.sends.claiming import claim_reward
from catalog.sends.composing import send_rewards
from catalog.sends.defining import define_benefit
from catalog.sends.entitlement import BenefitDraft
from catalog.sends.sent import Address, SendDraft, SendPolicy
from domain.access.admitting import Invitation, link_account
from domain.access.principals import SYSTEM, Role
from tests.boards import board
from tests.building import deal
from tests.faults.fulfilment import FulfilmentStage
from tests.faults.racing import free_ports
from tests.faults.supplier import Fault
from tests.faults.supplying import RunningSupplier, supplying
from tests.faults.verdict import Told
from tests.long.journal import Journal
from tests.long.plan import Plan
from tests.long.tills import PATIENT_ENVIRONMENT
from tests.orders import Way

OWN_DOOR, HTTP = "redeemer-0", "redeemer-1"
REDEEMERS = (OWN_DOOR, HTTP)
APIS = ("api-0", "api-1")
WORKERS = ("worker-0", "worker-1")
THINK_SECONDS = 0.5
PERCENT = 30
STOCK = 1_000_000
SENT = 50
BENEFIT = "UPDATE catalog_item SET kind = 'BENEFIT' WHERE id = $1"
# One that hangs keeps a call busy for 15 s: it comes as often as each of the others.
FAULTS = [fault.value for fault in Fault]


@dataclass(kw_only=True)
class Market:
    """The supplier, which may be killed and comes back with its book; and the journals of those who redeem."""

    plan: Plan
    stack: ExitStack
    supplier: RunningSupplier
    ports: Sequence[int] = field(default_factory=lambda: free_ports(len(APIS)))

    @classmethod
    def opened(cls, plan: Plan, stack: ExitStack) -> "Market":
        return cls(plan=plan, stack=stack, supplier=stack.enter_context(cls._supplying(plan, 0)))

    @staticmethod
    def _supplying(plan: Plan, port: int) -> AbstractContextManager[RunningSupplier]:
        return supplying(plan.home / "book.db", seed=plan.seed, percent=PERCENT, faults=FAULTS, port=port)

    async def kill_supplier(self) -> None:
        """It was killed with -9, and is back at the same address with the same book."""
        port = urlsplit(self.supplier.url).port or 0
        self.supplier.kill()
        self.supplier = await asyncio.to_thread(self.stack.enter_context, self._supplying(self.plan, port))

    @property
    def home(self) -> Path:
        return self.plan.home / "keys"

    @property
    def over(self) -> Path:
        """Once this file exists, nobody asks for anything new."""
        return self.plan.home / "over"

    @property
    def environment(self) -> Mapping[str, str]:
        """How every process finds everything."""
        return {
            "DATABASE_URL": self.plan.servers.postgres.url(),
            "REDIS_URL": self.plan.servers.valkey.url(),
            "GUERDON_HOME": str(self.home),
            "PUBLIC_URL": f"http://127.0.0.1:{self.ports[0]}",
            "GUERDON_DATABASE_CONNECTIONS_MAX": "8",
            "GUERDON_DEMO": "0",
            **PATIENT_ENVIRONMENT,
        }

    def journal_of(self, name: str) -> Path:
        return self.plan.home / f"{name}.jsonl"

    def acknowledged(self) -> int:
        """How many redemptions were answered so far."""
        paths = [self.journal_of(name) for name in REDEEMERS]
        return sum(path.read_bytes().count(b'"ok"') for path in paths if path.exists())

    async def stocked(self, stage: FulfilmentStage) -> list[UUID]:
        """The denominations that are redeemed, and a row for every law of the audit; all members may sign in.

        Of six, two are what the supplier is called for, one is what it never has (our own code is given instead), two
        are our own codes, one is a benefit.
        """
        shop, world = stage.shop, stage.shop.world
        pooled = await world.database.fetchval("SELECT supplier_id FROM code_pool WHERE id = $1", stage.pool_id)
        own = Way(supplier_id=pooled, sku="own", pool_id=stage.pool_id)
        called = await shop.denomination(Way(supplier_id=stage.called, sku="gift-25"), stock=STOCK)
        elsewhere = await shop.denomination(Way(supplier_id=stage.called, sku="none-left"), own, stock=STOCK)
        benefit = await shop.denomination(own)
        await world.database.fetch(BENEFIT, benefit[0])
        await define_benefit(world.door, SYSTEM, world.key(), BenefitDraft(denomination_id=benefit[1], quota=3))
        await board(world.door, "won")
        await world.record(*(deal(f"board-{member}", member) for member in world.members))
        await self._sent(stage)
        SigningKey.kept_in(self.home)
        for member in world.members:
            invitation = Invitation(
                issuer=DEVELOPMENT, subject=str(member), role=Role.MEMBER, name="A rep", member_id=member
            )
            await link_account(world.door, SYSTEM, invitation)
        return [called[1], called[1], elsewhere[1], *[stage.goods["pooled"][1]] * 2, benefit[1]]

    async def _sent(self, stage: FulfilmentStage) -> None:
        """The first member was sent points, and claimed them."""
        world, member = stage.shop.world, stage.member
        program_id = await world.launch({"effect": {"kind": "FIXED", "amount": 1}, "trigger": "demo.given"})
        addresses = (Address(text=str(member), member_id=member),)
        draft = SendDraft(program_id=program_id, message={"en": "Well done"}, amount=SENT, addresses=addresses)
        await send_rewards(world.door, SYSTEM, world.key(), draft, SendPolicy())
        line_id = await world.database.fetchval("SELECT id FROM send_recipient WHERE member_id = $1", member)
        await claim_reward(world.door, stage.shop.owner(member), world.key(), line_id)

    def commands(self, members: Sequence[UUID], denominations: Sequence[UUID]) -> Mapping[str, Sequence[str]]:
        """How each redeemer is started, with members of its own."""
        told = {
            name: {
                "journal": str(self.journal_of(name)),
                "over": str(self.over),
                "database": self.environment["DATABASE_URL"],
                "urls": [f"http://127.0.0.1:{port}/graphql" for port in self.ports] if name == HTTP else [],
                "issuer": self.environment["PUBLIC_URL"] + ISSUER_PATH,
                "home": str(self.home),
                "members": [str(member) for member in members[place :: len(REDEEMERS)]],
                "denominations": [str(one) for one in denominations],
                "seed": self.plan.seed,
                "think": THINK_SECONDS,
            }
            for place, name in enumerate(REDEEMERS)
        }
        return {name: ("-m", "tests.long.redeemers", orjson.dumps(one).decode()) for name, one in told.items()}

    def journals(self) -> Mapping[str, Journal]:
        """What each redeemer asked and was told."""
        return {name: Journal.opened(self.journal_of(name)) for name in REDEEMERS}


def told_by(journals: Mapping[str, Journal]) -> Told:
    """What the redeemers were told in all."""
    told = Told()
    for journal in journals.values():
        told.acknowledged |= set(journal.answered.values())
        told.odd += [f"{key} was answered twice, differently" for key in journal.odd]
        told.odd += [f"{said['key']} was never answered" for said in journal.unanswered()]
        if len(set(journal.answered.values())) < len(journal.answered):
            told.odd.append("two keys were answered with one redemption")
    return told
