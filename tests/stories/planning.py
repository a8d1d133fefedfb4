"""A joint plan in a story: proposed by the manager, agreed by the partner's administrator, tracked by the worker."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from api.graph.ids import Tag, encode_id
from domain.access.principals import Role
from domain.plans.checking import tell_overdue
from domain.plans.tracking import end_plans, track_due
from tests.building import deal
from tests.stories.teller import STEPS_MAX, Teller

DEALS: Mapping[str, Any] = {"kind": "COUNT", "types": ["deal.won"]}
OBJECTIVE = """id code state side availableActions value target baseline expected progressPpm elapsedPpm
    achievedPpm sharePpm uplift closedAt dueAt supports { id } replaces { id state } replacedBy { id }
    valueNow { value uplift }
    checkpoints { id n dueAt expected state actual }
    revisions { target reason proposedBy state }"""
PLAN = f"id state availableActions objectives {{ {OBJECTIVE} }} commitments {{ id side text state note }}"


async def bosses(teller: Teller) -> None:
    """Each of the two firms has an administrator: members 2 and 3."""
    await teller.person("boss0", Role.PARTNER_ADMIN, 2)
    await teller.person("boss1", Role.PARTNER_ADMIN, 3)


async def now(teller: Teller) -> datetime:
    """The instant as Guerdon counts it."""
    return await teller.world.database.fetchval("SELECT guerdon_now()")


async def planned(
    teller: Teller, *objectives: Mapping[str, Any], days: int = 90, agreed: bool = True, **more: Any
) -> Mapping[str, Any]:
    """A plan of so many days with the first firm, from now on, agreed by its administrator; answers the plan."""
    starts = await now(teller)
    asked: dict[str, Any] = {
        "name": "A quarter together",
        "partnerId": encode_id(Tag.PARTNER, teller.world.partners[0]),
        "startsAt": starts.isoformat(),
        "endsAt": (starts + timedelta(days=days)).isoformat(),
        "objectives": [
            {"code": "deals", "name": "Deals", "metric": DEALS, "dueAt": (starts + timedelta(days=days)).isoformat()}
            | dict(one)
            for one in objectives
        ],
    }
    made = await teller.does("manager", "createJointPlan", f"plan {{ {PLAN} }}", **asked | more)
    if agreed:
        made = await teller.does("boss0", "agreeJointPlan", f"plan {{ {PLAN} }}", planId=made["plan"]["id"])
        await tracked(teller)
    return made["plan"]


async def plan_seen(teller: Teller, who: str, plan: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The plan as this person sees it now."""
    document = f"query($id: ID!) {{ jointPlan(id: $id) {{ {PLAN} }} }}"
    return (await teller.ask(who, document, id=plan["id"]))["jointPlan"]


async def objective_seen(teller: Teller, who: str, objective_id: str) -> Any:
    """The objective as this person sees it now."""
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on PlanObjective {{ {OBJECTIVE} }} }} }}"
    return (await teller.ask(who, document, id=objective_id))["node"]


async def wins(teller: Teller, member: int, count: int = 1, at: datetime | None = None) -> None:
    """So many deals are won now, or were won then."""
    won = [deal(f"won-{next(teller.numbers)}", teller.world.members[member]) for _ in range(count)]
    occurred = at or await now(teller)
    batch = await teller.world.record(*(replace(one, occurred_at=occurred) for one in won))
    assert not [one.refusal for one in batch.results if one.refusal is not None]


async def tracked(teller: Teller) -> None:
    """The worker has looked at all that is due."""
    door = teller.world.door
    for _ in range(STEPS_MAX):
        looked = await track_due(door, teller.world.knowledge)
        if not looked + await tell_overdue(door) + await end_plans(door):
            return


async def later(teller: Teller, **span: int) -> None:
    """So much time passes, and the worker has looked at all that is due by then."""
    await teller.later(**span)
    await tracked(teller)


async def told_of(teller: Teller, name: str) -> list[Mapping[str, Any]]:
    """The payloads of the events of this name, in order."""
    rows = await teller.world.database.fetch("SELECT payload FROM outbox WHERE name = $1 ORDER BY id", name)
    return [row["payload"] for row in rows]
