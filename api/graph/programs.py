"""Programs: what is rewarded, in which unit, since when, and what is left to award."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, pages, wording
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, CountedConnection, First, limit_of, page_of, read_cursor
from api.graph.readings import boards_of_program
from api.graph.scalars import Json, Points
from api.graph.units import unit_of
from domain.programs.audience import audience_read
from domain.programs.objective import objective_read
from domain.programs.program import Audience, DebtPolicy, ProgramAction, ProgramState, Visibility
from domain.programs.reading import (
    ProgramRecord,
    actions_of,
    budgets_of,
    current_terms,
    enrollments_of_programs,
    my_enrollments,
    pauses_of,
    program_by_code,
    programs,
    programs_by_id,
    programs_total,
    terms_of,
)


@strawberry.type(description="What a program may still award, in its own unit.")
class Budget:
    unit = unit_of("What it counts in.")
    balance: Points = strawberry.field(description="What may still be awarded, never below zero.")
    allocated: Points = strawberry.field(description="The sum of all fundings.")
    committed: Points = strawberry.field(description="What is awarded and not given back: allocated − balance.")
    as_of: datetime = strawberry.field(description="The instant of these figures.")


@strawberry.type(description="What a program is to reach; without one it cannot go live.")
class Objective:
    metric: str = strawberry.field(description="The code of what is measured, at most 64 characters.")
    unit: str | None = strawberry.field(description="The unit it is measured in, null for a count.")
    baseline: Points = strawberry.field(description="Where it stood before.")
    target: Points = strawberry.field(description="Where it is to stand.")
    due_at: datetime = strawberry.field(description="By when.")
    expected_impact: str | None = strawberry.field(description="What it is expected to bring.")


@strawberry.type(
    description="Which partners a program is for: of each list that is not empty, the partner has at least one value."
)
class AudienceRule:
    types: list[str] = strawberry.field(description="Types of partner, at most 100; as the partner is now.")
    countries: list[str] = strawberry.field(description="ISO 3166 codes, at most 100; where the partner is now.")
    tiers: list[str] = strawberry.field(
        description="Tiers of the partner or the member on the day of the activity, at most 100."
    )
    segments: list[str] = strawberry.field(
        description="Segments of the partner or the member on the day of the activity, at most 100."
    )


@strawberry.type(description="A stretch in which a program stood still: what occurred in it earns nothing.")
class ProgramPause:
    paused_at: datetime = strawberry.field(description="From when on.")
    resumed_at: datetime | None = strawberry.field(description="Until when, null while it lasts.")


@strawberry.type(description="An incentive program: rules in versions, one unit, one zone, one budget.")
class Program(Node):
    id = identity(Tag.PROGRAM)
    version: Points = strawberry.field(description="Moves with every change of the program itself.")
    code: str = strawberry.field(description="Unique code, at most 64 characters.")
    name = wording("name", "Its name.")
    description = wording("description", "What it is about, as plain text.")
    unit = unit_of("What it awards.")
    zone: str = strawberry.field(description="The IANA zone of its calendar.")
    state: ProgramState = strawberry.field(description="Where it stands.")
    visibility: Visibility = strawberry.field(description="Who may know of it.")
    audience: Audience = strawberry.field(description="Who earns.")
    starts_at: datetime = strawberry.field(description="Activities before this instant earn nothing.")
    ends_at: datetime | None = strawberry.field(
        description="Activities from this instant on earn nothing; null for no end."
    )
    grace_days: int | None = strawberry.field(
        description="Days after a month in which late activities still count for it."
    )
    debt_policy: DebtPolicy | None = strawberry.field(description="What a redemption in debt meets.")
    budget = one(Budget, budgets_of, "id", "What it may still award; for operators, null before its first funding.")
    terms = pages(
        nouns.TERMS,
        terms_of,
        "The versions of its rules, newest first; special cohorts' only for those in them.",
        key=lambda row: (row.version,),
        kinds=(int,),
    )
    my_enrollment = one(nouns.ENROLLMENT, my_enrollments, "id", "Your own part in it, or your firm's.")
    enrollments = pages(
        nouns.ENROLLMENT,
        enrollments_of_programs,
        "Who takes part, newest first; for operators.",
        key=lambda row: (row.enrolled_at, row.id),
        kinds=(datetime, UUID),
    )

    available_actions = many(ProgramAction, actions_of, "What you may do with its state now, at most 7.", nullable=True)
    pauses = many(ProgramPause, pauses_of, "When it stood still, newest first, at most 100.")
    template: str | None = strawberry.field(description="The code of the template it was made from, null for none.")
    template_values: Json | None = strawberry.field(
        description="The values of that template's form, by field; `reviseDraft` changes them one by one."
    )

    leaderboards = many(nouns.LEADERBOARD, boards_of_program, "The leaderboards that belong to it, at most 200.")

    @strawberry.field(graphql_type=nouns.TERMS | None, description="The rules that are in force now for a cohort.")
    @staticmethod
    async def current_terms(
        parent: strawberry.Parent[ProgramRecord],
        info: Info,
        cohort: Annotated[str, strawberry.argument(description="Whom they bind.")] = "standard",
    ) -> Any:
        return await info.context.batches.one(current_terms, parent.id, cohort=cohort)

    @strawberry.field(graphql_type=Objective | None, description="What it is to reach, null if nobody said so.")
    @staticmethod
    def objective(parent: strawberry.Parent[ProgramRecord]) -> Any:
        return objective_read(parent.objective)

    @strawberry.field(
        graphql_type=AudienceRule | None, description="Which partners it is for; null for all. Read it with `audience`."
    )
    @staticmethod
    def audience_rule(parent: strawberry.Parent[ProgramRecord]) -> Any:
        return audience_read(parent.audience_rule)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ProgramRecord)


@strawberry.type
class ProgramQuery:
    @strawberry.field(
        graphql_type=CountedConnection[Program],
        description="Programs you may know of, newest start first; without signing in the public ones.",
    )
    async def programs(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        search: Annotated[
            str | None, strawberry.argument(description="Only codes and names that contain this.")
        ] = None,
        state: Annotated[ProgramState | None, strawberry.argument(description="Only those in this state.")] = None,
    ) -> Any:
        context, wanted = info.context, state.value if state else None
        rows = await programs(
            context.database,
            context.actor,
            limit=limit_of(first),
            after=read_cursor(after, datetime, UUID),
            state=wanted,
            search=search,
        )

        async def count() -> int:
            return await programs_total(context.database, context.actor, state=wanted, search=search)

        return page_of(rows, first=first, after=after, key=lambda row: (row.starts_at, row.id), count=count)

    @strawberry.field(graphql_type=Program | None, description="One program, by its id or by its code.")
    async def program(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,
        code: Annotated[str | None, strawberry.argument(description="Its code, where no id is given.")] = None,
    ) -> Any:
        if id is not None:
            return await info.context.batches.one(programs_by_id, decode_as(Tag.PROGRAM, id))
        return None if code is None else await program_by_code(info.context.database, info.context.actor, code)
