"""Metrics by set: every kind of metric of every kind of subject, over its own window, in one statement a kind."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from domain.activities.activity import ActivityInput, ActivityReversal
from domain.earning import measuring
from domain.earning.measuring import Measured, MeasuredKind, measured, statement_for
from domain.earning.metric import Metric, MetricBasis, MetricKind
from domain.kernel.sql import Database
from domain.partners.facts import NewFact, SubjectKind
from domain.programs.program import Audience
from tests.building import START, World, build_world, deal

UNTIL = START + timedelta(days=30)
DEALS = ("deal.won",)
AMOUNT = Metric(kind=MetricKind.AMOUNT, types=DEALS, basis=MetricBasis.NET, unit="USD")
COUNT = Metric(kind=MetricKind.COUNT, types=("deal.won", "demo.given"))
UNITS = Metric(kind=MetricKind.UNITS, types=DEALS)
EARNED = Metric(kind=MetricKind.EARNED, unit="POINTS")
HOLDERS = Metric(kind=MetricKind.HOLDERS, fact="certificate")
MANAGED = Metric(kind=MetricKind.FACT, fact="managed", field="value")
MEMBER, PARTNER, PROGRAM = MeasuredKind


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[World]:
    opened = await Database.open(database, connections_max=4)
    made = await build_world(opened)
    yield made
    await opened.close()


@pytest.fixture(scope="module")
async def programs(world: World) -> list[UUID]:
    """One program for everyone that pays 10 points a deal, one for an enrolled member only; then what happened."""
    effect = {"effect": {"kind": "FIXED", "amount": 10}}
    everyone = await world.launch(effect)
    enrolled = await world.launch(effect, audience=Audience.ENROLLED)
    first, second, third, _ = world.members
    await world.enroll(enrolled, second)
    demo = ActivityInput(external_id="demo", type="demo.given", occurred_at=START, member=first)
    before, after = deal("before", first, days=-1), deal("after", first, days=30)
    await world.record(
        deal("a", first, 10_000, quantity=3), deal("b", second, 20_000), deal("c", third, 5_000), demo, before, after
    )
    await world.record(deal("gone", first, 90_000))
    await world.correct(ActivityReversal(external_id="gone", reason="refunded"))

    def fact(kind: SubjectKind, subject: int, name: str, value: object, days: int, until: int | None = None) -> NewFact:
        subjects = world.members if kind is SubjectKind.MEMBER else world.partners
        return NewFact(
            subject_kind=kind,
            subject_id=subjects[subject],
            kind=name,
            value={"value": value},
            valid_from=START + timedelta(days=days),
            valid_until=None if until is None else START + timedelta(days=until),
        )

    await world.know(
        fact(SubjectKind.MEMBER, 0, "certificate", "basic", 0),
        fact(SubjectKind.MEMBER, 0, "certificate", "expert", 1),
        fact(SubjectKind.MEMBER, 1, "certificate", "basic", 0),
        fact(SubjectKind.MEMBER, 2, "certificate", "basic", 0, 30),
        fact(SubjectKind.PARTNER, 0, "managed", 4, 0),
        fact(SubjectKind.PARTNER, 0, "managed", 7, 10),
        fact(SubjectKind.PARTNER, 1, "managed", "many", 0),
    )
    return [everyone, enrolled]


async def test_every_metric_is_read_for_every_kind_of_subject(world: World, programs: list[UUID]) -> None:
    everyone, enrolled = programs
    first, second = world.members[:2]
    ours, theirs = world.partners
    expected = [
        (MEMBER, first, AMOUNT, 10_000),
        (PARTNER, ours, AMOUNT, 15_000),
        (PROGRAM, everyone, AMOUNT, 35_000),
        (PROGRAM, enrolled, AMOUNT, 20_000),
        (MEMBER, first, COUNT, 2),
        (PARTNER, theirs, COUNT, 1),
        (PROGRAM, everyone, COUNT, 4),
        (MEMBER, first, UNITS, 3),
        (PARTNER, ours, UNITS, 4),
        (MEMBER, first, EARNED, 10),
        (PARTNER, ours, EARNED, 20),
        (PARTNER, theirs, EARNED, 20),
        (PROGRAM, everyone, EARNED, 30),
        (PROGRAM, enrolled, EARNED, 10),
        (MEMBER, first, HOLDERS, 1),
        (PARTNER, ours, HOLDERS, 1),
        (PARTNER, theirs, HOLDERS, 1),
        (PROGRAM, everyone, HOLDERS, 2),
        (PARTNER, ours, MANAGED, 7),
        (PARTNER, theirs, MANAGED, 0),
        (MEMBER, second, MANAGED, 0),
    ]
    asked = [
        Measured(kind=kind, subject_id=subject, metric=metric, start=START, end=UNTIL)
        for kind, subject, metric, _ in expected
    ]
    found = await measured(world.database, asked)
    assert [(one.kind, one.metric.kind, value) for one, value in zip(asked, found, strict=True)] == [
        (kind, metric.kind, value) for kind, _, metric, value in expected
    ]
    assert len({statement_for(one) for one in asked}) == 10


async def test_each_question_has_its_own_window(world: World, programs: list[UUID]) -> None:
    assert programs
    first, ours = world.members[0], world.partners[0]
    spans = [(-1, 30), (0, 31), (-1, 31), (1, 30)]
    asked = [
        Measured(
            kind=MEMBER,
            subject_id=first,
            metric=Metric(kind=MetricKind.COUNT, types=DEALS),
            start=START + timedelta(days=since),
            end=START + timedelta(days=until),
        )
        for since, until in spans
    ]
    assert await measured(world.database, asked) == [2, 2, 3, 0]
    then = START + timedelta(days=9)
    asked = [Measured(kind=PARTNER, subject_id=ours, metric=one, start=START, end=then) for one in (MANAGED, HOLDERS)]
    assert await measured(world.database, asked) == [4, 2]


async def test_a_question_too_many_is_a_mistake(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ASKED_MAX", 2)
    one = Measured(kind=PARTNER, subject_id=world.partners[0], metric=COUNT, start=START, end=UNTIL)
    assert len(await measured(world.database, [one] * 2)) == 2
    with pytest.raises(ValueError, match="at most 2"):
        await measured(world.database, [one] * 3)
