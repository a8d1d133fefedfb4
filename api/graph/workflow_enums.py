"""The enums of workflows that the schema shows, with a name of their own where the room's would be unclear."""

from collections.abc import Mapping
from enum import StrEnum

from catalog.items.eligibility import ObstacleCode
from catalog.redemptions.machine import Action
from catalog.redemptions.reading import RedemptionSort
from domain.assignments.machine import AssignmentAction, AssignmentState
from domain.claims.claim import KeyKind as ClaimKeyKind
from domain.claims.claim import RejectionReason, ReversalReason
from domain.claims.deciding_conflicts import Winner
from domain.claims.machine import ClaimAction, ClaimLineState, ClaimState, ClaimTurn
from domain.claims.queues import ConflictState as ClaimConflictState
from domain.claims.reading import ClaimSort
from domain.deals.conflict import ConflictKind, ConflictState
from domain.deals.deciding import Decision
from domain.deals.machine import DealAction, DealState
from domain.earning.tiers import MembershipReason, MembershipState
from domain.funds.deciding import RequestDecision
from domain.funds.fund import FundKind, LineRejection
from domain.funds.fund import LineState as FundLineState
from domain.funds.machine import ClaimAction as FundClaimAction
from domain.funds.machine import ClaimState as FundClaimState
from domain.funds.machine import FundTurn, RequestAction, RequestState
from domain.leads.distribution import WhyCode
from domain.leads.machine import LeadAction, LeadState
from domain.ledger.wallets import OwnerKind as WalletOwnerKind
from domain.partners.customers.customer import KeyKind, RelationKind
from domain.payouts.machine import PayoutAction, PayoutOutcome, PayoutState
from domain.plans.objective import CheckpointState, ObjectiveState
from domain.plans.plan import CommitmentState, ObjectiveAction, PlanAction, PlanState, RevisionState, Side
from domain.rebates.machine import RebateAction, RebateState
from domain.training.attempt import AttemptOutcome
from domain.training.machine import TrainingAction, TrainingState
from domain.training.recording import AttemptResult

WORKFLOW_ENUMS: Mapping[type[StrEnum], tuple[str | None, str]] = {
    ClaimState: (
        None,
        "Where a claim stands: DRAFT, SUBMITTED, IN_REVIEW, INFO_REQUESTED while the claimant is asked; APPROVED,"
        " PARTIALLY_APPROVED or REJECTED by the vendor; WITHDRAWN by the claimant; REVERSED once nothing of it counts.",
    ),
    ClaimLineState: (None, "What became of a line: what is APPROVED counts, and nothing else does."),
    ClaimAction: (None, "What somebody may do with a claim."),
    ClaimTurn: (None, "Who has to act next: the claimant's clock stands still while it is the VENDOR."),
    ClaimSort: (None, "In which order claims are listed, by since when they wait."),
    ClaimKeyKind: ("ClaimKeyKind", "By what a sale is known again."),
    RejectionReason: ("ClaimRejection", "Why a line is not approved."),
    ReversalReason: ("ClaimReversal", "Why an approved line is taken back."),
    Winner: ("ClaimConflictWinner", "For whom a conflict is decided: who claimed FIRST, who SECOND, or BOTH."),
    ClaimConflictState: (
        "ClaimConflictState",
        "Whether a conflict is OPEN, for whom it was decided, or that it is GONE: the first claim holds it no longer.",
    ),
    Action: ("RedemptionAction", "What somebody may do with a line."),
    RedemptionSort: (None, "In which order orders are listed, by when they were made."),
    KeyKind: ("CustomerKeyKind", "What identifies a customer, strongest first: TAX_ID, DOMAIN, NAME."),
    RelationKind: (
        "CustomerRelationKind",
        "How somebody has to do with a customer: the vendor's own rep, the partner that serves it, who has its lead.",
    ),
    DealState: (
        "DealState",
        "Where a registration stands: DRAFT, SUBMITTED, [IN_REVIEW, RETURNED], APPROVED, [EXTENDED], then WON or LOST;"
        " or REJECTED, EXPIRED, CANCELLED.",
    ),
    DealAction: ("DealAction", "What somebody may do with a registration."),
    ConflictKind: (
        "DealConflictKind",
        "What stands in a registration's way: a DUPLICATE was first, a SIMILAR name is registered, a VENDOR_REP or an"
        " INCUMBENT has the customer, somebody has its LEAD.",
    ),
    ConflictState: (
        "DealConflictState",
        "OPEN until evidence is given, then DISPUTED; SETTLED in the end.",
    ),
    Decision: ("DealDecision", "What the vendor decides on a registration."),
    LeadState: (
        "LeadState",
        "Where a lead stands: ASSIGNED, ACCEPTED, WORKING, CONVERTED with a partner; RETURNED or EXPIRED without.",
    ),
    AssignmentState: (None, "Where an assignment stands: PLANNED, ACTIVE, PAUSED or ENDED."),
    AssignmentAction: (None, "What somebody may do with an assignment."),
    TrainingState: (
        None,
        "Where a person stands with a version of a course: ENROLLED, IN_PROGRESS, PASSED or FAILED; RENEWED by passing"
        " again, EXPIRED by time, REVOKED by the vendor.",
    ),
    TrainingAction: (None, "What somebody may do with a training."),
    AttemptOutcome: (None, "How an attempt at a course ended, or that it STARTED."),
    AttemptResult: (None, "What became of a reported attempt: RECORDED, a DUPLICATE of one known, or REJECTED."),
    LeadAction: ("LeadAction", "What somebody may do with a lead."),
    WhyCode: (
        "LeadChoiceCode",
        "Why a lead went to a partner: its REGISTERED_DEAL with the customer, the BEST_MATCH, or BY_HAND.",
    ),
    MembershipState: (
        "TierState",
        "QUALIFYING: no tier yet; ACTIVE; GRACE: below what it takes, with time to recover; DOWNGRADED: just fell.",
    ),
    MembershipReason: (
        "TierReason",
        "Why a tier began: by its metrics, or OVERRIDE, by hand; SETTLED: the evaluation after a fall left it there.",
    ),
    PlanState: (None, "PROPOSED until the partner agrees, AGREED, ENDED when its time is over."),
    PlanAction: (None, "What your side may do with a plan."),
    ObjectiveAction: (None, "What your side may do with an objective."),
    Side: ("PlanSide", "The vendor's side or the partner's."),
    CommitmentState: (None, "Whether a commitment is OPEN, DONE or NOT_DONE."),
    RevisionState: ("ObjectiveRevisionState", "What became of a proposed revision."),
    ObjectiveState: (
        None,
        "ON_TRACK, AT_RISK or MET by the straight line to the target; MISSED once closed; REVISED: another one goes"
        " on.",
    ),
    CheckpointState: (
        None,
        "PLANNED; HELD by either side; OVERDUE when nobody held it within three days; DROPPED by a revision.",
    ),
    WalletOwnerKind: ("WalletOwnerKind", "Who may own a wallet: a MEMBER, or a PARTNER as a firm."),
    PayoutState: (
        "PayoutState",
        "Where a payout stands: DRAFT, APPROVED, EXPORTED, then PAID or RETURNED; CANCELLED before it was exported.",
    ),
    PayoutAction: ("PayoutAction", "What somebody may do with a payout."),
    PayoutOutcome: ("PayoutOutcome", "How a payout ended, as the bank says."),
    RebateState: (
        "RebatePeriodState",
        "Where a period stands: OPEN, GRACE, CALCULATING, IN_REVIEW, APPROVED, PAID; or REOPENED.",
    ),
    RebateAction: ("RebatePeriodAction", "What somebody may do with a period of a rebate."),
    FundKind: (None, "Where a fund's money comes from: a part of what partners do, or the vendor's discretion."),
    RequestState: (
        "FundRequestState",
        "Where a request for funds stands: DRAFT, SUBMITTED, INFO_REQUESTED, APPROVED in full or for less; REJECTED may"
        " be submitted again; DECLINED, EXPIRED and CANCELLED are over.",
    ),
    RequestAction: ("FundRequestAction", "What somebody may do with a request for funds; time alone does EXPIRE."),
    RequestDecision: ("FundRequestDecision", "What the vendor decides on a request for funds."),
    FundClaimState: (
        "FundClaimState",
        "Where a claim stands: SUBMITTED, IN_REVIEW, INFO_REQUESTED; APPROVED or PARTIALLY_APPROVED, then PAID or"
        " PARTIALLY_PAID; REJECTED; WITHDRAWN by the partner; REVERSED once the payment came back.",
    ),
    FundClaimAction: ("FundClaimAction", "What somebody may do with a claim of funds."),
    FundTurn: (None, "Who has to act next: the partner's clock stands still while it is the VENDOR."),
    FundLineState: ("FundClaimLineState", "What became of an invoice."),
    LineRejection: ("FundLineRejection", "Why an invoice is not paid."),
    ObstacleCode: (None, "Why somebody cannot redeem something now; the sentence comes with it."),
}
