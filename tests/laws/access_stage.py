"""One of everything the shop has, of one member; and everybody who could ask for it, with how they stand to it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from api.graph.ids import Tag
from domain.access.ownership import EVERY_PARTNER
from domain.access.principals import ANONYMOUS, Actor, Relation, Role, Scope
from domain.kernel.ids import new_id
from tests.graph.asking import Asker, listening, member, opaque, partner_admin
from tests.sends import gift, line_ids, send
from tests.storage.refused import Stage, reported, staged
from tests.storage.refused_rewards import entitled

ENDPOINT = """
INSERT INTO webhook_endpoint (id, url, description, events, state, owner_role, source_id, secret, position, recorded_at,
                              updated_at)
VALUES ($1, 'https://hooks.example', '', '["redemption.held"]', 'ACTIVE', 'INTEGRATION', $2, '\\x00', 0, guerdon_now(),
        guerdon_now())
"""
DELIVERY = """
INSERT INTO webhook_delivery (id, endpoint_id, kind, event_id, event_name, state, next_at, recorded_at)
VALUES ($1, $2, 'TEST', $3, 'redemption.held', 'WAITING', guerdon_now(), guerdon_now())
"""
PLACES = """
SELECT code.pool_id, code.batch_id, pool.supplier_id, attempt.id AS attempt_id, line.redemption_id,
       line.denomination_id, line.item_id
FROM redemption_line AS line JOIN voucher_code AS code ON code.line_id = line.id
JOIN code_pool AS pool ON pool.id = code.pool_id JOIN fulfilment_attempt AS attempt ON attempt.line_id = line.id
WHERE line.id = $1
"""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Somebody, and how they stand to what is the member's, and to what is the supplier's or the key's own."""

    name: str
    actor: Actor
    relation: Relation | None
    is_stranger: bool = False


@dataclass(frozen=True, kw_only=True)
class Everything:
    """The shop's things by type, as opaque ids; `line_id` is the member's, with its code in her hands."""

    stage: Stage
    asker: Asker
    ids: Mapping[str, str]
    line_id: UUID

    def people(self) -> list[Asking]:
        """Every role, own and other; keys with each scope alone, of this source and of another."""
        world, source_id = self.stage.shop.world, self.stage.shop.world.source_id
        operators = [Role.CATALOG, Role.SUPPORT, Role.FINANCE, Role.ADMIN]
        found = [
            Asking(name="owner", actor=member(world, 0), relation=Relation.OWN),
            Asking(name="colleague", actor=member(world, 2), relation=None),
            Asking(name="another rep", actor=member(world, 1), relation=None),
            Asking(name="own partner's admin", actor=partner_admin(world, 0), relation=Relation.OWN),
            Asking(
                name="admin of the partner",
                actor=_admin_of(world.partners[0], world.members[2]),
                relation=Relation.PARTNER,
            ),
            Asking(name="another partner's admin", actor=partner_admin(world, 1), relation=None),
            Asking(name="nobody", actor=ANONYMOUS, relation=None),
            Asking(name="applicant", actor=Actor(principal_id=new_id(), role=Role.APPLICANT), relation=None),
        ]
        found += [
            Asking(
                name=role.value,
                actor=Actor(principal_id=new_id(), role=role),
                relation=None if role is Role.CATALOG else Relation.OPERATOR,
            )
            for role in operators
        ]
        for scopes in (frozenset[Scope](), *(frozenset({scope}) for scope in Scope), frozenset(Scope)):
            for name, source, relation in (("own", source_id, Relation.OPERATOR), ("other", new_id(), None)):
                key = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=source, scopes=scopes)
                told = f"key of the {name} source, {sorted(scopes)}"
                found.append(Asking(name=told, actor=key, relation=relation, is_stranger=name == "other"))
        return found

    async def managers(self) -> list[Asking]:
        """Channel managers with every partner and with the other alone; account managers with own, other and none."""
        shop, found = self.stage.shop, list[Asking]()
        own, other = shop.world.partners[:2]
        for role, partner_id, relation in (
            (Role.CHANNEL_MANAGER, EVERY_PARTNER, Relation.OPERATOR),
            (Role.CHANNEL_MANAGER, other, None),
            (Role.ACCOUNT_MANAGER, own, Relation.OPERATOR),
            (Role.ACCOUNT_MANAGER, other, None),
            (Role.ACCOUNT_MANAGER, new_id(), None),
        ):
            actor = Actor(principal_id=new_id(), role=role)
            await shop.execute(
                "INSERT INTO reach (id, principal_id, partner_id, relation) VALUES ($1, $2, $3, 'OPERATOR')",
                new_id(),
                actor.principal_id,
                partner_id,
            )
            found.append(Asking(name=f"{role} {relation}", actor=actor, relation=relation))
        return found


def _admin_of(partner_id: UUID, member_id: UUID) -> Actor:
    return Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, member_id=member_id, partner_id=partner_id)


@asynccontextmanager
async def everything(database: str) -> AsyncGenerator[Everything]:
    """Rows of every noun of the shop in this database."""
    opened = await listening(database, [])
    stage = await staged(opened)
    shop = stage.shop
    held = await reported(stage)
    places = await opened.fetchrow(PLACES, held.line_id)
    assert places is not None
    await shop.execute("UPDATE supplier SET source_id = $2 WHERE id = $1", places["supplier_id"], shop.world.source_id)
    draft = await gift(shop, await shop.item(), is_gift=True)
    send_id = await send(shop, draft)
    (reward_id,) = await line_ids(shop, send_id)
    endpoint_id, delivery_id = new_id(), new_id()
    await shop.execute(ENDPOINT, endpoint_id, shop.world.source_id)
    await shop.execute(DELIVERY, delivery_id, endpoint_id, new_id())
    ids = {
        "Redemption": opaque(Tag.REDEMPTION, places["redemption_id"]),
        "RedemptionLine": opaque(Tag.REDEMPTION_LINE, held.line_id),
        "FulfilmentAttempt": opaque(Tag.ATTEMPT, places["attempt_id"]),
        "CodeProblem": opaque(Tag.CODE_PROBLEM, held.problem_id),
        "CodePool": opaque(Tag.CODE_POOL, places["pool_id"]),
        "CodeBatch": opaque(Tag.CODE_BATCH, places["batch_id"]),
        "Supplier": opaque(Tag.SUPPLIER, places["supplier_id"]),
        "CatalogItem": opaque(Tag.CATALOG_ITEM, places["item_id"]),
        "Denomination": opaque(Tag.DENOMINATION, places["denomination_id"]),
        "RewardSend": opaque(Tag.REWARD_SEND, send_id),
        "SentReward": opaque(Tag.REWARD, reward_id),
        "Bundle": opaque(Tag.BUNDLE, draft.bundle_id or new_id()),
        "Entitlement": opaque(Tag.ENTITLEMENT, await entitled(stage)),
        "WebhookEndpoint": opaque(Tag.WEBHOOK_ENDPOINT, endpoint_id),
        "WebhookDelivery": opaque(Tag.WEBHOOK_DELIVERY, delivery_id),
    }
    yield Everything(stage=stage, asker=Asker.over(shop.world, []), ids=ids, line_id=held.line_id)
    await opened.close()
