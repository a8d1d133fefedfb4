"""Builds the schema: every noun's queries, mutations and subscriptions under the three roots."""

from collections.abc import Awaitable, Callable

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from api.graph.access_in import AccessMutation
from api.graph.account_managers import AccountManagerMutation, AccountManagerQuery
from api.graph.accounts import AccountQuery
from api.graph.activities import ActivityQuery
from api.graph.activities_in import ActivityMutation
from api.graph.adjustments_in import AdjustmentMutation
from api.graph.api_keys import ApiKeyQuery
from api.graph.assignments import AssignmentQuery
from api.graph.assignments_in import AssignmentMutation
from api.graph.audit_records import AuditQuery
from api.graph.authorizing import Denials, authorize
from api.graph.bundles import BundleQuery
from api.graph.bundles_in import BundleMutation
from api.graph.catalog import CatalogQuery
from api.graph.catalog_in import CatalogMutation
from api.graph.claims import ClaimQuery
from api.graph.claims_decided_in import ClaimDecisionMutation
from api.graph.claims_in import ClaimMutation
from api.graph.codes import CodeQuery
from api.graph.codes_in import CodeMutation
from api.graph.codes_in_hand_in import CodesInHandMutation
from api.graph.context import Context
from api.graph.customers import CustomerQuery
from api.graph.customers_in import CustomerMutation
from api.graph.deal_decisions_in import DealDecisionMutation
from api.graph.deals import DealQuery
from api.graph.deals_in import DealMutation
from api.graph.enrollments_in import EnrollmentMutation
from api.graph.entitlements import EntitlementMutation, EntitlementQuery
from api.graph.files import FileQuery
from api.graph.fulfilment import FulfilmentQuery
from api.graph.fulfilment_in import FulfilmentMutation
from api.graph.fund_cases import FundCaseQuery
from api.graph.fund_cases_in import FundCaseMutation
from api.graph.fund_decisions_in import FundDecisionMutation
from api.graph.funds import FundQuery
from api.graph.funds_in import FundMutation
from api.graph.import_runs import ImportRunQuery
from api.graph.inlets_in import InletMutation
from api.graph.invitations import InvitationQuery
from api.graph.invitations_in import InvitationMutation
from api.graph.leaderboards import LeaderboardQuery
from api.graph.leads import LeadQuery
from api.graph.leads_in import LeadAnswerMutation, LeadMutation
from api.graph.live import CursorShown, Subscription
from api.graph.members import MemberQuery
from api.graph.nodes import NodeQuery
from api.graph.objectives_in import ObjectiveMutation
from api.graph.partner_types import PartnerTypeMutation, PartnerTypeQuery
from api.graph.partners import PartnerQuery
from api.graph.partners_in import PartnerMutation
from api.graph.payouts import PayoutQuery
from api.graph.payouts_in import PayoutMutation
from api.graph.people_in import PeopleMutation
from api.graph.plans import PlanQuery
from api.graph.plans_in import PlanMutation
from api.graph.programs import ProgramQuery
from api.graph.programs_drafts_in import ProgramDraftMutation
from api.graph.programs_in import ProgramMutation
from api.graph.programs_templates import ProgramTemplateQuery
from api.graph.rebates import RebateQuery
from api.graph.rebates_in import RebateMutation
from api.graph.redemptions import RedemptionQuery
from api.graph.redemptions_in import RedemptionMutation
from api.graph.refusing import REFUSAL_TYPES, Told
from api.graph.rewards_in import RewardMutation
from api.graph.scalars import SCALARS
from api.graph.sends import SendQuery
from api.graph.sends_in import SendMutation
from api.graph.sources import SourceQuery
from api.graph.suppliers import SupplierQuery
from api.graph.suppliers_in import SupplierMutation
from api.graph.terms import TermsQuery
from api.graph.tiers import TierQuery
from api.graph.tiers_in import TierMutation
from api.graph.training import TrainingQuery
from api.graph.training_in import AttemptMutation, TrainingMutation
from api.graph.units import UnitQuery
from api.graph.vendor_in import VendorMutation
from api.graph.viewer import ViewerQuery
from api.graph.wallets import LiabilityQuery
from api.graph.webhooks import WebhookQuery
from api.graph.webhooks_in import WebhookMutation
from domain.access.matrix import Matrix
from domain.access.principals import Actor
from domain.kernel.refusals import Refusal

QUERIES = (
    ViewerQuery,
    NodeQuery,
    UnitQuery,
    ProgramQuery,
    ProgramTemplateQuery,
    TermsQuery,
    LeaderboardQuery,
    PartnerQuery,
    MemberQuery,
    ActivityQuery,
    LiabilityQuery,
    SourceQuery,
    ImportRunQuery,
    AccountQuery,
    ApiKeyQuery,
    AuditQuery,
    SupplierQuery,
    CodeQuery,
    FulfilmentQuery,
    CatalogQuery,
    RedemptionQuery,
    WebhookQuery,
    BundleQuery,
    SendQuery,
    EntitlementQuery,
    CustomerQuery,
    DealQuery,
    LeadQuery,
    AccountManagerQuery,
    InvitationQuery,
    PartnerTypeQuery,
    FileQuery,
    ClaimQuery,
    TierQuery,
    PlanQuery,
    PayoutQuery,
    RebateQuery,
    FundQuery,
    FundCaseQuery,
    TrainingQuery,
    AssignmentQuery,
)


MUTATIONS = (
    ActivityMutation,
    PeopleMutation,
    ProgramMutation,
    ProgramDraftMutation,
    EnrollmentMutation,
    VendorMutation,
    AdjustmentMutation,
    AccessMutation,
    SupplierMutation,
    CodeMutation,
    FulfilmentMutation,
    CodesInHandMutation,
    CatalogMutation,
    RedemptionMutation,
    WebhookMutation,
    InletMutation,
    BundleMutation,
    SendMutation,
    RewardMutation,
    EntitlementMutation,
    ClaimMutation,
    ClaimDecisionMutation,
    CustomerMutation,
    DealMutation,
    DealDecisionMutation,
    LeadMutation,
    LeadAnswerMutation,
    AccountManagerMutation,
    InvitationMutation,
    PartnerTypeMutation,
    PartnerMutation,
    TierMutation,
    PlanMutation,
    ObjectiveMutation,
    PayoutMutation,
    RebateMutation,
    FundMutation,
    FundCaseMutation,
    FundDecisionMutation,
    TrainingMutation,
    AttemptMutation,
    AssignmentMutation,
)


def served_schema(denied: Callable[[Actor, str], Awaitable[None]], matrix: Matrix | None = None) -> strawberry.Schema:
    """The schema that `api/schema.graphql` prints; no field of it is resolved beyond the access matrix, and `denied`
    is told of every action that was denied.

    Refuses: SchemaNotCovered where a field has no row.
    """
    schema = build_schema()
    denials = Denials(told=denied, answered=_answered)
    authorize(schema._schema, matrix or Matrix.load(), actor_of, denials)  # pyright: ignore[reportPrivateUsage] Strawberry names no public one
    return schema


def build_schema() -> strawberry.Schema:
    """The schema without the matrix: what it says, for printing and comparing."""
    return strawberry.Schema(
        query=merge_types("Query", QUERIES),
        mutation=merge_types("Mutation", MUTATIONS),
        subscription=Subscription,
        types=list(REFUSAL_TYPES.values()),
        extensions=[CursorShown],
        config=StrawberryConfig(auto_camel_case=True, scalar_map=dict(SCALARS)),
    )


def sdl() -> str:
    """The schema as text, as served at /schema.graphql."""
    return build_schema().as_str() + "\n"


def actor_of(context: Context) -> Actor:
    """Who asks."""
    return context.actor


def _answered(refusal: Refusal, context: Context) -> Told:
    return Told(refusal=refusal, locale=context.locale)
