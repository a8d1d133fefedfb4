"""How the vendor's people are embedded in a story: staff with names, assignments, targets, and what the worker does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.graph.ids import Tag, encode_id
from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, Amount, Basis
from domain.assignments.attaining import attain_due
from domain.assignments.planning import move_due
from domain.partners.registering import register_members_in
from domain.partners.registration import MemberKind, MemberRow
from tests.stories.teller import OBJECTIVE, Teller

ASSIGNMENT = "id state startsAt endsAt isExclusive availableActions partner { name }"
TARGET = "id attained cost milestones { amount reachedAt }"
REPS = [{"to": f"activity.rep_{n}", "share_ppm": f"activity.share_{n}"} for n in range(1, 6)]


async def staff(teller: Teller, *names: str) -> list[str]:
    """People of the vendor's own; answers their ids."""
    rows = [MemberRow(external_id=name, name=name, kind=MemberKind.VENDOR_STAFF) for name in names]
    made = await teller.world.door.operate(SYSTEM, lambda op: register_members_in(op, teller.world.source_id, rows))
    return [encode_id(Tag.MEMBER, one.id) for one in made if one.id is not None]


def firm(teller: Teller, place: int) -> str:
    return encode_id(Tag.PARTNER, teller.world.partners[place])


async def planned(
    teller: Teller, partner: int, member: str, start: datetime, end: datetime, **more: Any
) -> Mapping[str, Any]:
    """The manager embeds somebody; answers the assignment, or the refusal with its code."""
    asked = {"partnerId": firm(teller, partner), "memberId": member, "startsAt": start.isoformat()}
    asked |= {"endsAt": end.isoformat()} | more
    key = teller.key()
    answer = await teller.says(
        "manager", "planAssignment", f"assignment {{ {ASSIGNMENT} }}", idempotencyKey=key, **asked
    )
    return answer.get("assignment") or answer


async def acted(teller: Teller, who: str, name: str, one: Mapping[str, Any], /, **asked: Any) -> Mapping[str, Any]:
    """What became of the assignment by this mutation, or the refusal with its code."""
    fields = f"assignment {{ {ASSIGNMENT} }}"
    answer = await teller.says(who, name, fields, idempotencyKey=teller.key(), assignmentId=one["id"], **asked)
    return answer.get("assignment") or answer


async def a_target(teller: Teller, partner: int, start: datetime, end: datetime, *milestones: int, **more: Any) -> str:
    """The manager sets a target for a partner's sales; answers its id."""
    asked = {"startsAt": start.isoformat(), "endsAt": end.isoformat(), "milestones": list(milestones)} | more
    made = await teller.does(
        "manager",
        "setAssignmentTarget",
        "target { id }",
        partnerId=firm(teller, partner),
        title="A quarter",
        currency="USD",
        **asked,
    )
    return made["target"]["id"]


async def counted(teller: Teller) -> None:
    """The worker counts all targets again, whether it is time or not, and walks what was learned late."""
    await teller.world.database.fetch("UPDATE assignment_target SET look_at = guerdon_now()")
    while await move_due(teller.world.door):
        pass
    while await attain_due(teller.world.door, teller.world.knowledge):
        pass
    await teller.world.catch_up()


async def target(teller: Teller, who: str, target_id: str) -> Any:
    document = f"query($id: ID!) {{ assignmentTarget(id: $id) {{ {TARGET} }} }}"
    return (await teller.ask(who, document, id=target_id))["assignmentTarget"]


async def sold(teller: Teller, name: str, at: datetime, net: int, *, partner: int, member: int) -> ActivityInput:
    """The member sells for so many cents, for the partner."""
    sale = ActivityInput(
        external_id=name,
        type="deal.won",
        occurred_at=at,
        member=teller.world.members[member],
        partner=teller.world.partners[partner],
        amounts={Basis.NET: Amount(minor=net, unit="USD")},
    )
    await teller.world.record(sale)
    return sale


async def milestones_pay(teller: Teller, *rules: Mapping[str, Any], budget: int = 1_000_000) -> None:
    """A live program with rules over milestones."""
    at = await teller.world.database.fetchval("SELECT guerdon_now()")
    made = await teller.does(
        "manager",
        "createProgram",
        "program { id }",
        code=f"embedded-{next(teller.numbers)}",
        name={"en": "Embedded"},
        audience="EVERYONE",
        objective=OBJECTIVE,
        startsAt=(at - timedelta(days=400)).isoformat(),
    )
    program_id = made["program"]["id"]
    people = {f"rep_{n}": {"type": "STRING"} for n in range(1, 6)}
    shares = {f"share_{n}": {"type": "INT"} for n in range(1, 6)} | {"share_partner": {"type": "INT"}}
    document = {"unit": "POINTS", "zone": "UTC", "attributes": {**people, **shares}, "rules": list(rules)}
    await teller.does("manager", "publishTerms", "terms { id }", programId=program_id, document=document)
    await teller.does("manager", "fundBudget", "program { id }", programId=program_id, amount=budget, reason="go")
    await teller.does("manager", "changeProgramState", "program { state }", programId=program_id, action="LAUNCH")
