"""How people learn in a story: courses that pay, a learning system that reports, and what the worker does of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from api.graph.ids import Tag, encode_id
from domain.access.granting import create_key_in
from domain.access.principals import SYSTEM, Scope
from domain.kernel import outbox
from domain.training.expiring import look_at_due
from domain.training.following import follow_memberships
from tests.stories.teller import OBJECTIVE, Teller

RESULT = "results { externalId result state refusal { code text } }"
TRAINING = """id state score passedAt expiresAt availableActions courseVersion { n } member { id }
    certifications { validFrom validUntil revokedAt } attempts { externalId outcome score }"""


async def now(teller: Teller) -> datetime:
    found: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    return found.astimezone(UTC)


async def a_course(teller: Teller, code: str, **said: Any) -> str:
    """The manager defines a course that 80 of 100 pass; answers its id."""
    asked = {"code": code, "name": {"en": f"Course {code}", "fr": f"Formation {code}"}, "passMark": 80} | said
    made = await teller.does("manager", "defineCourse", "course { id n versions { n passMark } }", **asked)
    return made["course"]["id"]


async def paid(teller: Teller, *rules: Mapping[str, Any], budget: int = 100_000, **document: Any) -> str:
    """A live program with these rules, for everybody; answers its id."""
    code = f"school-{next(teller.numbers)}"
    at = await now(teller)
    made = await teller.does(
        "manager",
        "createProgram",
        "program { id }",
        code=code,
        name={"en": "Learning pays"},
        audience="EVERYONE",
        objective=OBJECTIVE,
        startsAt=(at - timedelta(days=400)).isoformat(),
    )
    program_id = made["program"]["id"]
    terms = {
        "unit": "POINTS",
        "zone": "UTC",
        "attributes": {"course": {"type": "STRING"}, "version": {"type": "INT"}},
        "rules": list(rules),
    }
    await teller.does("manager", "publishTerms", "terms { id }", programId=program_id, document=terms | document)
    await teller.does("manager", "fundBudget", "program { id }", programId=program_id, amount=budget, reason="go")
    await teller.does("manager", "changeProgramState", "program { state }", programId=program_id, action="LAUNCH")
    return program_id


def passing(course: str, amount: int = 100, **more: Any) -> dict[str, Any]:
    """A rule that pays who passes this course."""
    condition = f'activity.course == "{course}"'
    effect = {"kind": "FIXED", "amount": amount}
    return {"code": f"passed_{course}", "trigger": "course.passed", "condition": condition, "effect": effect} | more


async def lms(teller: Teller) -> None:
    """A learning system has a key of the source that told the members."""
    source_id = teller.world.source_id
    made = await teller.world.door.operate(
        SYSTEM, lambda op: create_key_in(op, name="lms", scopes=(Scope.ACTIVITIES_WRITE,), source_id=source_id)
    )
    assert made.text is not None
    teller.tokens["lms"] = made.text


def attempt(teller: Teller, member: int, course: str, at: datetime, **said: Any) -> dict[str, Any]:
    """The member passed the course then, unless told otherwise."""
    return {
        "externalId": f"attempt-{next(teller.numbers)}",
        "course": course,
        "memberId": teller.member(member),
        "outcome": "PASSED",
        "at": at.isoformat(),
    } | said


async def report(teller: Teller, *items: Mapping[str, Any]) -> list[Any]:
    """The learning system reports attempts; answers what became of each."""
    answer = await teller.says("lms", "recordAttempts", RESULT, items=list(items))
    assert answer["__typename"] == "RecordAttemptsSuccess", answer
    return answer["results"]


def results(told: list[Any]) -> list[str]:
    """The results alone, or the code of a refusal."""
    return [each["refusal"]["code"] if each["refusal"] else each["result"] for each in told]


async def training(teller: Teller, who: str, course_id: str, member: int) -> Any:
    """The member's training of the course's newest version that this person sees, None for none."""
    document = (
        f"query($filter: TrainingFilter) {{ trainings(filter: $filter) {{ edges {{ node {{ {TRAINING} }} }} }} }}"
    )
    asked = {"courseId": course_id, "memberId": teller.member(member)}
    edges = (await teller.ask(who, document, filter=asked))["trainings"]["edges"]
    return edges[0]["node"] if edges else None


async def time_passes(teller: Teller, **span: int) -> None:
    """The clock moves, and the worker does what that brings."""
    if span:
        await teller.later(**span)
    while await outbox.stamp(teller.world.database, teller.world.door.failpoints):
        pass
    while await follow_memberships(teller.world.door):
        pass
    while await look_at_due(teller.world.door):
        pass
    await teller.world.catch_up()


async def told(teller: Teller, name: str, *, member: int | None = None, partner: int | None = None) -> list[Any]:
    """What was told by this name about the member or the partner, in order."""
    rows = await teller.world.database.fetch(
        "SELECT payload FROM outbox WHERE name = $1 AND (member_id = $2 OR partner_id = $3) ORDER BY id",
        name,
        None if member is None else teller.world.members[member],
        None if partner is None else teller.world.partners[partner],
    )
    return [row["payload"] for row in rows]


async def moves_to(teller: Teller, member: int, partner: int, at: datetime) -> None:
    """The vendor's system tells that the member works for this partner from then on."""
    row = {
        "externalId": f"member-{member}",
        "name": f"Member {member}",
        "partnerExternalId": f"partner-{partner}",
        "partnerSince": at.isoformat(),
    }
    source = encode_id(Tag.SOURCE, teller.world.source_id)
    assert (await teller.says("admin", "registerMembers", "changed", sourceId=source, items=[row]))["changed"] == 1


async def points(teller: Teller, member: int) -> int:
    """What the member has earned by now."""
    return await teller.world.worth(teller.world.members[member])
