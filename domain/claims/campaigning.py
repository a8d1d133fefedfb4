"""What may be claimed in a program: its window in versions, and the SKUs that are eligible from day to day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.claims.claim import SKU_LENGTH_MAX, EligibleSku
from domain.claims.events import CLAIM_CAMPAIGN_CHANGED
from domain.claims.refusals import RulesNotOfCampaign
from domain.claims.reporting import WORKFLOW, careless_rules
from domain.claims.storing import newest_campaign
from domain.earning.reporting import workflow_source_in
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.programs.reaching import check_program_in

ANSWER_DAYS_MAX = 366
SKUS_MAX = 1_000

PROGRAM = "SELECT code FROM program WHERE id = $1 FOR NO KEY UPDATE"
# Of each cohort the newest version, published or not: what the program says of claims.
TERMS = """
SELECT DISTINCT ON (cohort) document FROM terms WHERE program_id = $1 ORDER BY cohort, version DESC
"""
INSERT = """
INSERT INTO claim_campaign (id, program_id, version, sold_from, sold_until, claims_until, answer_days, needs_proof,
                            needs_serials, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
SAVE_SKUS = """
INSERT INTO claim_sku (id, program_id, sku, valid_from, valid_until, recorded_at)
SELECT said.id, $1, said.sku, said.valid_from, said.valid_until, $6
FROM unnest($2::uuid[], $3::text[], $4::date[], $5::date[]) AS said (id, sku, valid_from, valid_until)
ON CONFLICT (program_id, sku, valid_from) DO UPDATE SET valid_until = excluded.valid_until
"""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Sales from `sold_from` until `sold_until` may be claimed until `claims_until`, each end excluded."""

    sold_from: datetime
    sold_until: datetime
    claims_until: datetime
    answer_days: int = 14
    needs_proof: bool = True
    needs_serials: bool = False


async def open_claims(door: Door, actor: Actor, keyed: Keyed, program_id: UUID, window: Window) -> Outcome:
    """Claims of the program are submitted under this window from now on; those submitted before keep theirs. The type
    `sale.claimed` is declared. Facts: program_id, version.

    Refuses: NotFound (also outside the portfolio); InvalidInput; RulesNotOfCampaign.
    """
    if not window.sold_from < window.sold_until or not window.sold_from < window.claims_until:
        raise InvalidInput(field="soldUntil", problem="sales and claims end after sales begin")
    if not 1 <= window.answer_days <= ANSWER_DAYS_MAX:
        raise InvalidInput(field="answerDays", problem=f"1 to {ANSWER_DAYS_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        code = await _program_in(op, actor, program_id)
        await workflow_source_in(op, WORKFLOW)
        await _check_rules(op, program_id, code)
        known = await newest_campaign(op.sql, program_id)
        version, campaign_id = 1 + (known.version if known else 0), new_id()
        await op.sql.execute(
            INSERT,
            campaign_id,
            program_id,
            version,
            window.sold_from,
            window.sold_until,
            window.claims_until,
            window.answer_days,
            window.needs_proof,
            window.needs_serials,
            op.now,
        )
        op.tell(CLAIM_CAMPAIGN_CHANGED.about(campaign_id, program_id=program_id, version=version))
        return {"program_id": str(program_id), "version": version}

    return await door.operate_keyed(actor, "openClaims", keyed, work)


async def save_skus(door: Door, actor: Actor, keyed: Keyed, program_id: UUID, skus: Sequence[EligibleSku]) -> Outcome:
    """Each SKU is eligible for the days it says; one that began the same day before is said anew. Facts: program_id.

    Refuses: NotFound (also outside the portfolio, or where nothing may be claimed); InvalidInput.
    """
    if not 1 <= len(skus) <= SKUS_MAX or len({(one.sku, one.valid_from) for one in skus}) < len(skus):
        raise InvalidInput(field="skus", problem=f"1 to {SKUS_MAX}, each once a first day")
    for one in skus:
        if not 1 <= len(one.sku) <= SKU_LENGTH_MAX or one.sku != one.sku.strip():
            raise InvalidInput(field="skus", problem=f"1 to {SKU_LENGTH_MAX} characters each")
        if one.valid_until is not None and one.valid_until < one.valid_from:
            raise InvalidInput(field="skus", problem=f"{one.sku} ends before it begins")

    async def work(op: Operation) -> Mapping[str, Any]:
        await _program_in(op, actor, program_id)
        campaign = await newest_campaign(op.sql, program_id)
        if campaign is None:
            raise NotFound(kind="claim campaign", id=str(program_id))
        await op.sql.execute(
            SAVE_SKUS,
            program_id,
            new_ids(len(skus)),
            [one.sku for one in skus],
            [one.valid_from for one in skus],
            [one.valid_until for one in skus],
            op.now,
        )
        op.tell(CLAIM_CAMPAIGN_CHANGED.about(campaign.id, program_id=program_id, version=campaign.version))
        return {"program_id": str(program_id)}

    return await door.operate_keyed(actor, "saveEligibleSkus", keyed, work)


async def _program_in(op: Operation, actor: Actor, program_id: UUID) -> str:
    code: str | None = await op.sql.fetchval(PROGRAM, program_id)
    if code is None:
        raise NotFound(kind="program", id=str(program_id))
    await check_program_in(op, actor, program_id)
    return code


async def _check_rules(op: Operation, program_id: UUID, code: str) -> None:
    """All claims are of one type: a rule that does not name its campaign would pay those of every other, too."""
    careless = [rule for row in await op.sql.fetch(TERMS, program_id) for rule in careless_rules(row["document"])]
    if careless:
        raise RulesNotOfCampaign(rules=careless, campaign=code)
