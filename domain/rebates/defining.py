"""What a rebate program is: which rule, how it is disputed, who counts together, and each partner's target."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.earning.accruing import AccrualKey, accrued_of
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.periods import PeriodKind, period_of
from domain.kernel.refusals import InvalidInput, NotFound
from domain.partners.facts import FactKind, FactRecord, NewFact, SubjectKind, end_facts_in, facts_of, record_facts_in
from domain.programs.effects.brackets import Brackets
from domain.programs.enrolling import propose_parameters
from domain.programs.reading import enrollments_by_id
from domain.programs.rules import Rule
from domain.programs.rules import SubjectKind as RuleSubject
from domain.programs.terms import Terms
from domain.rebates.accrual import PPM_WHOLE, a_year_before, grown, prorated
from domain.rebates.refusals import RebateRuleUnfit

DISPUTE_DAYS_MAX = 90
GROWTH_PPM_MAX = 10 * PPM_WHOLE
PERIODS = (PeriodKind.QUARTER, PeriodKind.YEAR)
TARGET, BASELINE = "target", "baseline"
INSTANT = timedelta(microseconds=1)  # a fact is true for some time, however short

NEWEST = """
SELECT document FROM terms WHERE program_id = $1 AND cohort = $2 ORDER BY version DESC LIMIT 1
"""
DEFINE = """
INSERT INTO rebate_program (program_id, rule, dispute_days, pass_through_ppm, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, 1)
ON CONFLICT (program_id) DO UPDATE SET dispute_days = excluded.dispute_days,
  pass_through_ppm = excluded.pass_through_ppm, version = rebate_program.version + 1
WHERE rebate_program.rule = excluded.rule RETURNING version
"""
PARTNERS = f"""
SELECT count(*) FROM {VIEWERS} JOIN partner ON partner.id = ANY($6::uuid[])
WHERE {relation_sql(member="NULL::uuid", partner="partner.id")} = 'OPERATOR'
"""
ENROLLMENT = """
SELECT enrollment.program_id, enrollment.subject_kind, enrollment.subject_id, enrollment.cohort,
       enrollment.enrolled_at, rebate.rule, coalesce(
         (SELECT parameters FROM enrollment_parameters AS said WHERE said.enrollment_id = enrollment.id
          AND said.subject_consented_at IS NOT NULL ORDER BY said.version DESC LIMIT 1), '{}'::jsonb) AS parameters
FROM enrollment JOIN rebate_program AS rebate ON rebate.program_id = enrollment.program_id WHERE enrollment.id = $1
"""


async def define_rebate(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    program_id: UUID,
    *,
    rule: str,
    dispute_days: int = 14,
    pass_through_ppm: int | None = None,
) -> Outcome:
    """The program's rule of this code is reviewed and paid as a rebate; said again, its settings are these. Facts:
    program_id.

    Refuses: NotFound (the program has no terms); RebateRuleUnfit; InvalidInput.
    """
    if not 0 <= dispute_days <= DISPUTE_DAYS_MAX:
        raise InvalidInput(field="disputeDays", problem=f"0 to {DISPUTE_DAYS_MAX}")
    if pass_through_ppm is not None and not 0 <= pass_through_ppm <= PPM_WHOLE:
        raise InvalidInput(field="passThroughPpm", problem=f"0 to {PPM_WHOLE}")

    async def work(op: Operation) -> Mapping[str, Any]:
        document = await op.sql.fetchval(NEWEST, program_id, "standard")
        if document is None:
            raise NotFound(kind="program", id=str(program_id))
        check_rule(Terms.from_json(document), rule)
        if await op.sql.fetchval(DEFINE, program_id, rule, dispute_days, pass_through_ppm, op.now) is None:
            raise RebateRuleUnfit(rule=rule, problem="another rule of the program is its rebate")
        return {"program_id": str(program_id)}

    return await door.operate_keyed(actor, "defineRebate", keyed, work)


def check_rule(terms: Terms, code: str) -> Rule:
    """The rule of this code. Refuses: RebateRuleUnfit unless it has brackets, per quarter or year, for the partner."""
    rule = next((one for one in terms.rules if one.code == code), None)
    if rule is None:
        raise RebateRuleUnfit(rule=code, problem="the terms have no such rule")
    if not isinstance(rule.effect, Brackets):
        raise RebateRuleUnfit(rule=code, problem="its effect is not BRACKETS")
    if rule.period not in PERIODS:
        raise RebateRuleUnfit(rule=code, problem="its period is neither QUARTER nor YEAR")
    if rule.subject is not RuleSubject.PARTNER or [share.to for share in rule.beneficiaries] != ["PARTNER"]:
        raise RebateRuleUnfit(rule=code, problem="its subject and its one beneficiary are not PARTNER")
    return rule


async def group_partner(
    door: Door, actor: Actor, keyed: Keyed, partner_id: UUID, *, group_id: UUID | None, since: datetime | None = None
) -> Outcome:
    """From then on (by default: now) what the partner sells counts for the other one, where rules say so; None: for
    itself again. What was sold before stays where it counted. Facts: partner_id.

    Refuses: NotFound (a partner); InvalidInput (a past instant; itself; one that belongs to a group).
    """
    if group_id == partner_id:
        raise InvalidInput(field="groupId", problem="another partner, or null")

    async def work(op: Operation) -> Mapping[str, Any]:
        start = since or op.now
        if start < op.now:
            raise InvalidInput(field="since", problem="now or later")
        named = [partner_id] if group_id is None else [partner_id, group_id]
        if await op.sql.fetchval(PARTNERS, *viewer_arguments([actor]), named) != len(named):
            raise NotFound(kind="partner", id=str(partner_id))
        groups = await facts_of(op.sql, named, FactKind.GROUP)
        if group_id is not None and any(_holds_after(one, start) for one in groups.get(group_id, ())):
            raise InvalidInput(field="groupId", problem="belongs to a group itself: say the head of that")
        known = groups.get(partner_id, ())
        await end_facts_in(
            op, {one.id: max(start, one.valid_from + INSTANT) for one in known if _holds_after(one, start)}
        )
        if group_id is not None:
            fact = NewFact(
                subject_kind=SubjectKind.PARTNER,
                subject_id=partner_id,
                kind=FactKind.GROUP,
                value={"value": str(group_id)},
                valid_from=start,
            )
            await record_facts_in(op, [fact])
        return {"partner_id": str(partner_id)}

    return await door.operate_keyed(actor, "groupPartner", keyed, work)


def _holds_after(fact: FactRecord, start: datetime) -> bool:
    return fact.valid_until is None or fact.valid_until > start


async def propose_target(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    enrollment_id: UUID,
    *,
    at: datetime,
    target: int | None = None,
    growth_ppm: int | None = None,
) -> Outcome:
    """The enrolled partner is proposed its target for the period that holds `at`: the one given, or last year's total
    and so many millionths more; in part where it joined inside the period. `baseline` is last year's total. Both are
    parameters of the terms (one may be missing there) and wait for the partner's consent. Facts: enrollment_id,
    version.

    Refuses: NotFound; RebateRuleUnfit; InvalidInput; ParametersRefused.
    """
    if (target is None) == (growth_ppm is None):
        raise InvalidInput(field="target", problem="either a target or a growth")
    if growth_ppm is not None and not 0 <= growth_ppm <= GROWTH_PPM_MAX:
        raise InvalidInput(field="growthPpm", problem=f"0 to {GROWTH_PPM_MAX}")
    pair = (actor, enrollment_id)
    seen = (await enrollments_by_id(door.database, [pair])).get(pair)
    row = await door.database.fetchrow(ENROLLMENT, enrollment_id)
    if (
        row is None
        or seen is None
        or seen.relation is not Relation.OPERATOR
        or row["subject_kind"] != RuleSubject.PARTNER
    ):
        raise NotFound(kind="enrollment", id=str(enrollment_id))
    terms = Terms.from_json(await door.database.fetchval(NEWEST, row["program_id"], row["cohort"]))
    rule = check_rule(terms, row["rule"])
    period = period_of(rule.period, at, terms.zone)
    key = AccrualKey(
        program_id=row["program_id"],
        rule=rule.code,
        subject_id=row["subject_id"],
        period_start=a_year_before(period.start, terms.zone),
    )
    baseline = (await accrued_of(door.database, [key]))[key].total
    whole = grown(baseline, growth_ppm) if growth_ppm is not None else target or 0
    said = {
        TARGET: prorated(whole, row["enrolled_at"], period.start, period.end, terms.zone),
        BASELINE: prorated(baseline, row["enrolled_at"], period.start, period.end, terms.zone),
    }
    declared = {name: value for name, value in said.items() if name in terms.parameters}
    if not declared:
        raise RebateRuleUnfit(rule=rule.code, problem="the terms declare neither target nor baseline as a parameter")
    return await propose_parameters(
        door,
        actor,
        keyed,
        enrollment_id=enrollment_id,
        parameters={**row["parameters"], **declared},
        valid_from=max(period.start, row["enrolled_at"]),
    )
