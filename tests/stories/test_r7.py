"""R7, training: who passes is certified for a time and paid once; firms need certified people; systems report twice."""

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from api.graph.ids import Tag, encode_id
from domain.access.principals import Role
from domain.earning.evaluating import Knowledge
from domain.kernel.operation import Operation
from domain.partners.facts import FactKind, NewFact, SubjectKind
from domain.training import recording, rewarding
from tests.stories.schooling import (
    RESULT,
    TRAINING,
    a_course,
    attempt,
    lms,
    moves_to,
    now,
    paid,
    passing,
    points,
    report,
    results,
    time_passes,
    told,
    training,
)
from tests.stories.teller import Teller
from tests.stories.teller import told as stage

MEMBERS = 12  # even ones work for the first firm, odd ones for its competitor
MAPPING = Path(__file__).parents[2] / "docs" / "mappings" / "lms_attempts.json"


@pytest.fixture(scope="module")
async def teller(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teller]:
    async with stage(database, valkey_url, tmp_path_factory.mktemp("r7"), members=MEMBERS) as teller:
        await teller.person("boss0", Role.PARTNER_ADMIN, 10)
        await teller.person("boss1", Role.PARTNER_ADMIN, 11)
        await lms(teller)
        yield teller


async def is_paid_once(teller: Teller, code: str, member: int) -> None:
    """Somebody passed twice, and the earlier pass is told last."""
    await a_course(teller, code)
    await paid(teller, passing(code))
    at, before = await now(teller), await points(teller, member)
    for hours in (1, 2):
        await report(teller, attempt(teller, member, code, at - timedelta(hours=hours)))
    assert await points(teller, member) == before + 100


async def test_a_retake_and_a_second_report_pay_once_a_version(teller: Teller) -> None:
    await is_paid_once(teller, "twice", 9)
    course = await a_course(teller, "sales", expiryMonths=12)
    await paid(teller, passing("sales"))
    at = await now(teller)
    asked = {"courseId": course}
    enrolled = (await teller.does("rep0", "enrollInCourse", f"training {{ {TRAINING} }}", **asked))["training"]
    assert (enrolled["state"], enrolled["availableActions"]) == ("ENROLLED", ["START"])
    started = await teller.does("rep0", "startCourse", "training { state }", trainingId=enrolled["id"])
    assert started["training"]["state"] == "IN_PROGRESS"
    # The mark decides, whatever the system says; who failed may try again.
    failed = attempt(teller, 0, "sales", at - timedelta(hours=3), score=79)
    assert [(one["result"], one["state"]) for one in await report(teller, failed)] == [("RECORDED", "FAILED")]
    assert await points(teller, 0) == 0
    first = attempt(teller, 0, "sales", at - timedelta(hours=2), score=80, outcome="FAILED")
    again = attempt(teller, 0, "sales", at - timedelta(hours=1), score=95)
    assert results(await report(teller, first)) == ["RECORDED"]
    assert await points(teller, 0) == 100
    assert [one["state"] for one in await report(teller, again)] == ["RENEWED"]
    assert results(await report(teller, again, first)) == ["DUPLICATE", "DUPLICATE"]
    assert await points(teller, 0) == 100
    mine = await training(teller, "rep0", course, 0)
    assert (mine["state"], mine["score"], len(mine["certifications"])) == ("RENEWED", 80, 2)
    # A failed retake takes nothing away; another version is paid once more.
    assert [one["state"] for one in await report(teller, attempt(teller, 0, "sales", at, score=10))] == ["RENEWED"]
    await a_course(teller, "sales", expiryMonths=12, passMark=60)
    second = attempt(teller, 0, "sales", await now(teller), score=70)
    assert [one["state"] for one in await report(teller, second)] == ["PASSED"]
    assert await points(teller, 0) == 200
    assert (await training(teller, "boss0", course, 0))["courseVersion"]["n"] == 2
    assert await training(teller, "boss1", course, 0) is None
    # What was passed by fraud is revoked, and taken back.
    found = await training(teller, "manager", course, 0)
    assert found["availableActions"] == ["REVOKE"]
    asked = {"trainingId": found["id"], "reason": "Somebody else sat the exam"}
    refused = await teller.says("rep0", "revokeCertificate", "training { id }", idempotencyKey="mine", **asked)
    assert refused["code"] == "NOT_ALLOWED"
    await teller.does("manager", "revokeCertificate", "training { id }", **asked)
    assert await points(teller, 0) == 100
    third = attempt(teller, 0, "sales", await now(teller), score=99)
    assert results(await report(teller, third)) == ["TRAINING_ACTION_NOT_AVAILABLE"]


async def test_a_certificate_gates_a_reward_and_a_back_dated_completion_is_walked_again(teller: Teller) -> None:
    course = await a_course(teller, "gate", expiryMonths=1)
    await paid(teller, passing("gate", 7))
    gated = {"code": "gated", "trigger": "demo.given", "effect": {"kind": "FIXED", "amount": 1_000}}
    firms = {"code": "firms", "trigger": "demo.given", "effect": {"kind": "FIXED", "amount": 10_000}}
    await paid(
        teller,
        gated | {"condition": "member.certificate_gate"},
        firms | {"condition": "partner.certified_gate >= 2"},
        member={"certificate_gate": {"type": "BOOL", "default": False}},
        partner={"certified_gate": {"type": "INT", "default": 0}},
    )
    at = await now(teller)
    plain = await points(teller, 2)

    async def demo(name: str, days: int) -> None:
        source = encode_id(Tag.SOURCE, teller.world.source_id)
        given = {"externalId": name, "type": "demo.given", "memberId": teller.member(2)}
        items = [given | {"occurredAt": (at - timedelta(days=days)).isoformat()}]
        answer = await teller.says("lms", "recordActivities", "recorded", sourceId=source, items=items)
        assert answer["recorded"] == 1, answer

    async def gained() -> int:
        await time_passes(teller)
        return await points(teller, 2) - plain

    for name, days in (("gate-1", 50), ("gate-2", 20), ("gate-3", 1)):
        await demo(name, days)
    base = await gained()
    # Passed forty days ago, told today: the demo in between counts now, that before and that after the end do not.
    late = attempt(teller, 2, "gate", at - timedelta(days=40))
    assert results(await report(teller, late)) == ["RECORDED"]
    assert await gained() == base + 7 + 1_000
    assert (await training(teller, "rep2", course, 2))["state"] == "EXPIRED"
    # A colleague passed then, too: the firm has two from then on.
    assert results(await report(teller, attempt(teller, 4, "gate", at - timedelta(days=30)))) == ["RECORDED"]
    assert await gained() == base + 7 + 1_000 + 10_000
    # An earlier pass becomes known: the reward moves there, and is not paid again.
    earlier = attempt(teller, 2, "gate", at - timedelta(days=55))
    assert [one["state"] for one in await report(teller, earlier)] == ["EXPIRED"]
    assert await gained() == base + 7 + 2_000 + 10_000
    mine = await training(teller, "rep2", course, 2)
    assert mine["passedAt"][:10] == (at - timedelta(days=55)).date().isoformat()


async def test_a_firm_that_a_certified_rep_leaves_is_told_that_its_tier_is_at_risk(teller: Teller) -> None:
    course = await a_course(teller, "team")
    firm = teller.world.partners[0]
    gold = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=firm,
        kind=FactKind.TIER,
        value={"value": "GOLD"},
        valid_from=await now(teller) - timedelta(days=30),
    )
    await teller.world.know(gold)
    asked = {"courseId": course, "repsMin": 2}
    await teller.does("manager", "requireCertificates", "course { code }", tier="GOLD", **asked)
    await teller.does("manager", "requireCertificates", "course { code }", tier="SILVER", **asked)
    at = await now(teller) - timedelta(days=1)
    await report(teller, attempt(teller, 6, "team", at), attempt(teller, 8, "team", at))
    met = await told(teller, "partner.requirement_met", partner=0)
    assert sorted(one["tier"] for one in met) == ["GOLD", "SILVER"]
    assert await told(teller, "partner.requirement_at_risk", partner=0) == []
    await moves_to(teller, 8, 1, await now(teller))
    await time_passes(teller)
    (risk,) = await told(teller, "partner.requirement_at_risk", partner=0)
    assert (risk["tier"], risk["certified"], risk["reps_min"]) == ("GOLD", 1, 2)
    document = """query($course: ID) { requirementStandings(courseId: $course) {
        edges { node { certified isMet partner { name } requirement { tier repsMin } } } } }"""
    seen = (await teller.ask("boss0", document, course=course))["requirementStandings"]["edges"]
    assert {(one["node"]["certified"], one["node"]["isMet"], one["node"]["partner"]["name"]) for one in seen} == {
        (1, False, "Partner 0")
    }
    # The certificate went along; the former firm's administrator sees it no longer.
    assert (await training(teller, "boss1", course, 8))["state"] == "PASSED"
    assert await training(teller, "boss0", course, 8) is None
    theirs = (await teller.ask("boss1", document, course=course))["requirementStandings"]["edges"]
    assert {one["node"]["certified"] for one in theirs} == {1}
    # Told once: looked at again, nothing more is said; somebody else passes, and all is well.
    await time_passes(teller)
    await report(teller, attempt(teller, 0, "team", await now(teller)))
    assert len(await told(teller, "partner.requirement_at_risk", partner=0)) == 1
    assert len(await told(teller, "partner.requirement_met", partner=0)) == 4


async def test_a_learning_system_reports_in_xapi_and_csv_and_repeats_itself(teller: Teller) -> None:
    course = await a_course(teller, "gtx")
    await paid(teller, passing("gtx"))
    at = await now(teller)
    before = await points(teller, 1)
    statement = {
        "id": "stmt-1",
        "actor": {"account": {"homePage": "https://lms.example", "name": "member-1"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
        "object": {"id": "https://lms.example/courses/gtx"},
        "result": {"score": {"scaled": 0.795}, "success": False},
        "timestamp": (at - timedelta(hours=1)).isoformat(),
    }
    strange = statement | {"id": "stmt-2", "verb": {"id": "http://adlnet.gov/expapi/verbs/liked"}}
    nobody = statement | {"id": "stmt-3", "actor": {"mbox": "mailto:nobody@example.com"}}
    altered = statement | {"timestamp": at.isoformat()}
    asked = [statement, strange, nobody, statement, altered]
    answer = await teller.says("lms", "recordStatements", RESULT, statements=asked)
    expected = ["RECORDED", "STATEMENT_NOT_UNDERSTOOD", "UNKNOWN_MEMBER", "DUPLICATE", "ATTEMPT_CONFLICT"]
    assert results(answer["results"]) == expected
    assert await points(teller, 1) == before + 100, "79.5 of 100 is rounded to the mark, and the mark decides"
    day = (at - timedelta(days=1)).strftime("%d/%m/%Y")
    csv = "\n".join(
        (
            "Record ID,Course,Learner,Status,Score,Completed,Site",
            f"r-1,GTX Fundamentals,member-3,Passed,90,{day},Paris",
            f"r-2,GTX Fundamentals,member-5,Not Started,,{day},Paris",
            f"r-3,GTX Fundamentals,member-5,Passed,ninety,{day},Paris",
            f"r-1,GTX Fundamentals,member-3,Passed,90,{day},Paris",
        )
    )
    mapping = json.loads(MAPPING.read_text(encoding="utf-8"))
    for expected in (["RECORDED", "STATEMENT_NOT_UNDERSTOOD", "DUPLICATE"], ["DUPLICATE", "", "DUPLICATE"]):
        answer = await teller.says("lms", "importAttempts", RESULT, csv=csv, mapping=mapping)
        found = results(answer["results"])
        assert [one for one, wanted in zip(found, expected, strict=True) if wanted] == [one for one in expected if one]
    assert (await training(teller, "rep3", course, 3))["score"] == 90
    wrong = await teller.says("lms", "importAttempts", RESULT, csv="A,B\n1,2", mapping=mapping)
    assert wrong["code"] == "INVALID_INPUT"
    # A rep can't report for itself; a course that nobody defined is nobody's.
    assert (await teller.says("rep3", "recordStatements", RESULT, statements=[statement]))["code"] == "NOT_ALLOWED"
    assert results(await report(teller, attempt(teller, 3, "nothing", at))) == ["NOT_FOUND"]


async def test_who_passes_first_has_the_budget_and_who_comes_last_learns_why(teller: Teller) -> None:
    await a_course(teller, "race")
    await paid(teller, passing("race"), budget=250)
    before = [await points(teller, member) for member in (1, 3, 5, 7)]
    for member in (1, 3, 5, 7):
        await report(teller, attempt(teller, member, "race", await now(teller)))
    gained = [await points(teller, member) - was for member, was in zip((1, 3, 5, 7), before, strict=True)]
    assert gained == [100, 100, 50, 0]
    document = "{ viewer { dues(first: 20) { edges { node { granted explanation { code text } } } } } }"
    dues = [edge["node"] for edge in (await teller.ask("rep5", document))["viewer"]["dues"]["edges"]]
    (last,) = (due for due in dues if due["granted"] == 50)
    assert "BUDGET_TRIM" in [step["code"] for step in last["explanation"]]


async def test_reminders_are_told_once_a_threshold_and_a_certificate_expires_and_is_renewed(teller: Teller) -> None:
    course = await a_course(teller, "brief", expiryMonths=3, reminderDays=[7, 30])
    await report(teller, attempt(teller, 9, "brief", await now(teller)))
    await time_passes(teller, days=40)
    assert await told(teller, "certificate.expiring", member=9) == []
    await time_passes(teller, days=25)
    await time_passes(teller)
    assert [one["days"] for one in await told(teller, "certificate.expiring", member=9)] == [30]
    await time_passes(teller, days=20)
    assert [one["days"] for one in await told(teller, "certificate.expiring", member=9)] == [30, 7]
    await time_passes(teller, days=10)
    assert (await training(teller, "rep9", course, 9))["state"] == "EXPIRED"
    assert [one["to_state"] for one in await told(teller, "training.moved", member=9)][-2:] == ["PASSED", "EXPIRED"]
    assert [one["state"] for one in await report(teller, attempt(teller, 9, "brief", await now(teller)))] == ["RENEWED"]
    await time_passes(teller, days=88)
    # Both thresholds passed unseen: the nearer is told.
    assert [one["days"] for one in await told(teller, "certificate.expiring", member=9)] == [30, 7, 7]


async def test_a_report_that_names_each_pass_anew_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, honest = itertools.count(), rewarding.report_passes_in

    async def careless(op: Operation, knowledge: Knowledge, passes: Sequence[rewarding.Pass], **_: bool) -> None:
        monkeypatch.setattr(rewarding, "_external_id", lambda training_id: f"{training_id}:{next(numbers)}")
        await honest(op, knowledge, passes, correcting=False)

    monkeypatch.setattr(recording, "report_passes_in", careless)
    with pytest.raises(AssertionError):
        await is_paid_once(teller, "planted", 3)
