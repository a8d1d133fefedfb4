"""Finding anything again by its opaque id."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from api.graph.batching import Reading
from api.graph.context import Info
from api.graph.fields import Node
from api.graph.ids import Tag, decode_id
from api.graph.readings import (
    account_by_id,
    activity_by_id,
    api_key_by_id,
    board_by_id,
    member_by_id,
    partner_by_id,
    season_by_id,
    source_by_id,
)
from api.webhooks.reading import deliveries_by_id, endpoints_by_id
from catalog.codes.reading import code_batches_by_id, code_pools_by_id
from catalog.items.reading import denominations_by_id, items_by_id
from catalog.redemptions.queues import attempts_by_id, code_problems_by_id
from catalog.redemptions.reading import lines_by_id, redemptions_by_id
from catalog.sends.listing import entitlements_by_id, rewards_by_id, sends_by_id
from catalog.sends.reading import bundle_orders_by_id, bundles_by_id
from catalog.suppliers.reading import suppliers_by_id
from catalog.suppliers.reconciling import reconciliations_by_id
from domain.access.portfolios import assignments_by_id as account_managers_by_id
from domain.assignments.reading import assignments_by_id, targets_by_id
from domain.claims.queues import conflicts_by_id
from domain.claims.reading import claims_by_id
from domain.deals.reading import deals_by_id
from domain.earning.reading import awards_by_id, dues_by_id
from domain.earning.runs import import_runs_by_id
from domain.earning.tier_reading import memberships_by_id, tier_sets_by_id
from domain.files.reading import own_files
from domain.funds.reading import allocations_by_id, funds_by_id
from domain.funds.reading_cases import claims_by_id as fund_claims_by_id
from domain.funds.reading_cases import requests_by_id as fund_requests_by_id
from domain.leads.reading import leads_by_id
from domain.ledger.reading import debts_by_id, wallets_by_id
from domain.partners.customers.reading import customers_by_id
from domain.partners.invitations import invitations_by_id
from domain.partners.standings import standings_by_id
from domain.payouts.reading import exports_by_id, payouts_by_id
from domain.plans.reading import objectives_by_id, plans_by_id, reviews_by_id
from domain.programs.reading import enrollments_by_id, programs_by_id, terms_by_id
from domain.rebates.reading import periods_by_id
from domain.training.reading import courses_by_id, trainings_by_id

READINGS: Mapping[Tag, Reading[Any, Any]] = {
    Tag.ACCOUNT: account_by_id,
    Tag.ACTIVITY: activity_by_id,
    Tag.API_KEY: api_key_by_id,
    Tag.AWARD: awards_by_id,
    Tag.CODE_BATCH: code_batches_by_id,
    Tag.ATTEMPT: attempts_by_id,
    Tag.CODE_POOL: code_pools_by_id,
    Tag.CODE_PROBLEM: code_problems_by_id,
    Tag.CATALOG_ITEM: items_by_id,
    Tag.DENOMINATION: denominations_by_id,
    Tag.CUSTOMER: customers_by_id,
    Tag.DEAL: deals_by_id,
    Tag.LEAD: leads_by_id,
    Tag.PAYOUT: payouts_by_id,
    Tag.PAYOUT_EXPORT: exports_by_id,
    Tag.REBATE_PERIOD: periods_by_id,
    Tag.DUE: dues_by_id,
    Tag.DEBT: debts_by_id,
    Tag.ENROLLMENT: enrollments_by_id,
    Tag.IMPORT_RUN: import_runs_by_id,
    Tag.LEADERBOARD: board_by_id,
    Tag.MEMBER: member_by_id,
    Tag.PARTNER: partner_by_id,
    Tag.PROGRAM: programs_by_id,
    Tag.RECONCILIATION: reconciliations_by_id,
    Tag.REDEMPTION: redemptions_by_id,
    Tag.REDEMPTION_LINE: lines_by_id,
    Tag.SEASON: season_by_id,
    Tag.SOURCE: source_by_id,
    Tag.SUPPLIER: suppliers_by_id,
    Tag.TERMS: terms_by_id,
    Tag.WALLET: wallets_by_id,
    Tag.WEBHOOK_DELIVERY: deliveries_by_id,
    Tag.WEBHOOK_ENDPOINT: endpoints_by_id,
    Tag.BUNDLE: bundles_by_id,
    Tag.BUNDLE_ORDER: bundle_orders_by_id,
    Tag.REWARD_SEND: sends_by_id,
    Tag.REWARD: rewards_by_id,
    Tag.ENTITLEMENT: entitlements_by_id,
    Tag.ACCOUNT_MANAGER: account_managers_by_id,
    Tag.INVITATION: invitations_by_id,
    Tag.PARTNER_STANDING: standings_by_id,
    Tag.FILE: own_files,
    Tag.CLAIM: claims_by_id,
    Tag.CLAIM_CONFLICT: conflicts_by_id,
    Tag.JOINT_PLAN: plans_by_id,
    Tag.PLAN_OBJECTIVE: objectives_by_id,
    Tag.PLAN_REVIEW: reviews_by_id,
    Tag.TIER_SET: tier_sets_by_id,
    Tag.TIER_MEMBERSHIP: memberships_by_id,
    Tag.FUND: funds_by_id,
    Tag.FUND_ALLOCATION: allocations_by_id,
    Tag.FUND_REQUEST: fund_requests_by_id,
    Tag.FUND_CLAIM: fund_claims_by_id,
    Tag.COURSE: courses_by_id,
    Tag.ASSIGNMENT: assignments_by_id,
    Tag.ASSIGNMENT_TARGET: targets_by_id,
    Tag.TRAINING: trainings_by_id,
}


@strawberry.type
class NodeQuery:
    @strawberry.field(
        graphql_type=Node | None,
        description="Anything by its id; null where there is no such thing or you may not see it.",
    )
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id of a Node.")]
    ) -> Any:
        found = decode_id(id)
        reading = READINGS.get(found[0]) if found else None
        return await info.context.batches.one(reading, found[1]) if found and reading else None
