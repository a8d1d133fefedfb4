"""Every enumeration of the schema: the rooms' own, described for the face, and the few that only the face knows."""

from collections.abc import Mapping
from enum import StrEnum

import strawberry

from api.graph.workflow_enums import WORKFLOW_ENUMS
from api.webhooks.reading import DeliveryKind, DeliveryState, EndpointState
from catalog.codes.importing import RowOutcome
from catalog.codes.reading import BatchState
from catalog.codes.records import Problem, Rejection
from catalog.items.browsing import ItemSort
from catalog.items.item import ItemKind, ItemState
from catalog.items.upserting import ItemOutcome
from catalog.redemptions.leasing import Completion, CompletionOutcome
from catalog.redemptions.machine import AttemptState, Delivery, LineState, OrderState
from catalog.redemptions.problems import Settlement
from catalog.redemptions.queues import ProblemState
from catalog.sends.bundling import BundleMode, BundleState, WaitsFor
from catalog.sends.entitlement import BenefitPeriod, EntitlementState, OnTierLoss, OwnerKind
from catalog.sends.sent import Content, RewardState, SendState
from catalog.suppliers.outcomes import RefusalReason
from catalog.suppliers.reading import AdapterKind, SupplierState
from catalog.suppliers.reconciliation import Difference
from domain.access.principals import Relation, Role, Scope
from domain.activities.activity import ActivityStatus, Basis, OnChange, Outcome
from domain.earning.reading import AwardState, DueOutcome
from domain.kernel.units import UnitKind
from domain.partners.invitation import InvitationAction, InvitationState
from domain.partners.parting import Partnership, PartnershipAction
from domain.partners.registration import JourneyStage, MemberKind, PartnerType, Result
from domain.partners.standing import LapsedFor, StandingAction, StandingState
from domain.programs.program import Audience, DebtPolicy, ProgramAction, ProgramState, Visibility
from domain.programs.templates.form import FieldKind
from leaderboards.boards import Operator, RankDisplay
from leaderboards.boards import Scope as BoardScope
from leaderboards.views import AnswerSource
from leaderboards.windows import WindowKind


class Locale(StrEnum):
    """A language the API speaks."""

    EN = "en"
    FR = "fr"


class RevisionKind(StrEnum):
    """Why a revision was made."""

    RECORDED = "RECORDED"
    CORRECTED = "CORRECTED"
    REVERSED = "REVERSED"


class ActivitySort(StrEnum):
    """In which order activities are listed, by when they happened."""

    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


class EnrollmentState(StrEnum):
    """Whether somebody takes part."""

    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class TransactionKind(StrEnum):
    """What a transaction of the ledger did."""

    FUND = "FUND"
    AWARD = "AWARD"
    MATURE = "MATURE"
    EXPIRE = "EXPIRE"
    HOLD = "HOLD"
    CAPTURE = "CAPTURE"
    RELEASE = "RELEASE"
    REVERSE = "REVERSE"
    SETTLE = "SETTLE"
    WRITE_OFF = "WRITE_OFF"
    PAY = "PAY"
    REFUND = "REFUND"
    PREPARE = "PREPARE"
    WITHDRAW = "WITHDRAW"
    RETURN = "RETURN"


class BalanceKind(StrEnum):
    """Which of a wallet's balances an entry moved."""

    PENDING = "pending"
    AVAILABLE = "available"
    HELD = "held"
    PAYABLE = "payable"
    RECEIVABLE = "receivable"


class Booking(StrEnum):
    """In which month an entry is booked: its OWN, or a later one as an ADJUSTMENT."""

    OWN = "OWN"
    ADJUSTMENT = "ADJUSTMENT"


class PointsMove(StrEnum):
    """How points moved inside a wallet."""

    MATURED = "MATURED"
    EXPIRED = "EXPIRED"
    HELD = "HELD"
    CAPTURED = "CAPTURED"
    RELEASED = "RELEASED"
    REFUNDED = "REFUNDED"
    DEBT_SETTLED = "DEBT_SETTLED"
    DEBT_WRITTEN_OFF = "DEBT_WRITTEN_OFF"


# The name in the schema, where it is not the class's own, and what it says.
DESCRIBED: Mapping[type[StrEnum], tuple[str | None, str]] = {
    Locale: (None, "A language the API speaks; a text that lacks one falls back to English."),
    Role: (None, "What somebody may do here. INTEGRATION is a machine's key; ANONYMOUS and SYSTEM never sign in."),
    Scope: ("ApiScope", "One thing a machine's key may do; there is no wildcard."),
    Relation: (None, "How you stand to a record: it is your OWN, your PARTNER firm's, or you see it as OPERATOR."),
    UnitKind: (None, "What a unit counts: the vendor's own POINTS, or MONEY in minor units."),
    Basis: (None, "What an amount measures: LIST before discount, NET after it, MARGIN, or PAID."),
    ActivityStatus: ("ActivityState", "Whether an activity counts (ACTIVE), or was taken back whole (REVERSED)."),
    OnChange: (None, "What another content under a known external id means: REFUSE it, or CORRECT what stands."),
    Outcome: ("ActivityOutcome", "What became of one item of a batch; REJECTED ones carry their refusal."),
    RevisionKind: (None, "Why a revision was made."),
    ActivitySort: (None, "In which order activities are listed, by when they happened."),
    AwardState: (
        None,
        "Where an award stands: the first of HELD, PAYABLE, PENDING, AVAILABLE of which its lot still holds a part;"
        " with none left, what took the largest part: SPENT, EXPIRED or REVERSED. The amounts are in `lot`.",
    ),
    DueOutcome: (None, "GRANTED in full; TRIMMED: granted, but less than the rule alone would give; NOTHING granted."),
    JourneyStage: (None, "How far a partnership has come."),
    PartnerType: (None, "What kind of firm a partner is."),
    MemberKind: (None, "A partner's person (REP), or one of the vendor's own (VENDOR_STAFF)."),
    Result: ("RegistrationOutcome", "What became of one row of a batch; REFUSED ones carry their refusal."),
    Partnership: (
        "PartnershipState",
        "How a relation stands. People of the partner earn while it is ACTIVE or ENDING, the run-off; not while it is"
        " SUSPENDED or ENDED.",
    ),
    PartnershipAction: (None, "What the vendor may do with a relation."),
    StandingState: (
        "PartnerTypeState",
        "APPLIED with proof, VERIFIED by the vendor until a date, ENROLLED in what the type opens, or LAPSED.",
    ),
    StandingAction: ("PartnerTypeAction", "What may be done with a partner's type; EXPIRE comes with the time."),
    LapsedFor: ("PartnerTypeLapse", "Why a partner's type lapsed."),
    InvitationState: (
        None,
        "Where an invitation stands: OPEN for 14 days, then ACCEPTED, REVOKED, or EXPIRED until it is sent again.",
    ),
    InvitationAction: (None, "What may be done with an invitation by those who invite."),
    ProgramState: (None, "Where a program stands; only a LIVE one awards."),
    ProgramAction: (None, "What may be done with a program's state."),
    FieldKind: (
        "TemplateFieldKind",
        "What a field of a template's form holds: an AMOUNT in minor units, a COUNT, a PERCENT in millionths, a CODE, a"
        " TEXT without quotes, a UNIT's code, or a CHOICE.",
    ),
    Visibility: (None, "Who may know of it: everybody (PUBLIC), or signed-in people (MEMBERS)."),
    Audience: (None, "Who earns: EVERYONE, or those who are ENROLLED."),
    DebtPolicy: (None, "What a redemption in debt meets: REFUSE, ALLOW or WRITE_OFF."),
    EnrollmentState: (None, "Whether somebody takes part; PROPOSED waits for consent to the parameters."),
    TransactionKind: (None, "What a transaction of the ledger did."),
    BalanceKind: (None, "Which of a wallet's balances an entry moved."),
    Booking: (None, "In which month an entry is booked: its OWN, or a later one as an ADJUSTMENT."),
    PointsMove: (None, "How points moved inside a wallet."),
    AdapterKind: (
        None,
        "How a supplier delivers: from a CODE_POOL of ours, called by signed HTTP_PUSH, by its own PULL_QUEUE, BY_HAND"
        " of the vendor's people, or SCRIPTED by the SKU in a sandbox.",
    ),
    SupplierState: (None, "A PAUSED supplier gets no new orders; what is under way is finished."),
    BatchState: ("CodeBatchState", "A RECALLED batch gives nothing any more."),
    RowOutcome: ("CodeOutcome", "What became of one code: new, stored already (in whatever pool), or not taken."),
    Rejection: (
        "CodeRejection",
        "Why a code was not taken: neither code nor link (EMPTY), TOO_LONG, NOT_PRINTABLE, NOT_A_DATE, a link without"
        " https (NOT_A_LINK), good for a day or less (EXPIRED), or a payment card's number, which is never stored.",
    ),
    Difference: ("ReconciliationDifferenceKind", "How a supplier's list and ours disagree about one order."),
    Operator: ("BoardOperator", "How the contributions of one subject become one score."),
    BoardScope: ("BoardScope", "Who is ranked: people, or the firms they acted for at the time."),
    WindowKind: ("BoardWindow", "Over which stretch of time a board counts; PROGRAM is its program's own."),
    RankDisplay: (None, "What ties look like: 1, 2, 3 (ORDINAL) or 1, 1, 3 (COMPETITION)."),
    EndpointState: (
        "WebhookEndpointState",
        "PENDING until it answered its challenge; ACTIVE hears events; PAUSED by hand; DISABLED after 410 Gone, or a"
        " challenge that was never answered.",
    ),
    DeliveryKind: ("WebhookDeliveryKind", "What a delivery carries: an EVENT, a TEST, or a new endpoint's CHALLENGE."),
    DeliveryState: (
        "WebhookDeliveryState",
        "WAITING for its first or next try; DELIVERED; PARKED after the last try; WITHHELD from an owner who may no"
        " longer see it.",
    ),
    AnswerSource: ("BoardSource", "Where a board was read: the INDEX, or the LEDGER itself; both say the same."),
    ItemKind: ("CatalogItemKind", "What kind of thing is redeemed."),
    ItemState: ("CatalogItemState", "Whether members are shown an item: not yet (DRAFT), now, or no longer."),
    ItemSort: ("CatalogSort", "In which order items are listed; prices are the lowest of what is offered."),
    ItemOutcome: ("CatalogItemOutcome", "What became of one item of a feed; REJECTED ones carry their refusal."),
    OrderState: (
        "RedemptionState",
        "What an order's lines amount to. PARTIALLY_FULFILLED: some were delivered and stand, some not (yet, or any"
        " more). With none delivered: the open state in which somebody waits longest, else how they ended.",
    ),
    LineState: (
        "RedemptionLineState",
        "Where a line stands: HELD, [PENDING_APPROVAL], ORDERED, FULFILLED, [REFUNDED]; or CANCELLED by the member"
        " before it was ordered, or FAILED. Points are spent by FULFILLED and by nothing else.",
    ),
    BundleMode: (
        None,
        "How a bundle's items belong together: ALL_OR_NOTHING, BEST_EFFORT, or a CHOICE of some of them.",
    ),
    BundleState: (
        None,
        "What a bundle's parts amount to: PENDING while nothing is delivered and something may be, PARTIALLY_FULFILLED,"
        " FULFILLED, FAILED where nothing could be had, COMPENSATED where what there was is taken back.",
    ),
    WaitsFor: ("BundleWaitsFor", "What a bundle waits for: your CHOICE, or an ADDRESS."),
    BenefitPeriod: (None, "The calendar whose end PERIOD_END means, in UTC."),
    EntitlementState: (
        None,
        "GRANTED until its first use, ACTIVE from then on, until it is CONSUMED, EXPIRED or REVOKED.",
    ),
    OnTierLoss: (None, "What becomes of a benefit whose tier is lost: it ends NOW, at the PERIOD_END, or you KEEP it."),
    OwnerKind: ("EntitlementOwner", "Whose an entitlement is: a MEMBER's, or their firm's, the PARTNER."),
    Content: ("SentContent", "What is sent: POINTS or a BUNDLE."),
    RewardState: (
        None,
        "Where a reward that is sent stands: PENDING, SENT, OPENED; then CLAIMED, or ACCEPTED for a gift; or DECLINED,"
        " EXPIRED, RECALLED; or FAILED, which was never sent.",
    ),
    SendState: (None, "Where a send stands: DRAFT, SCHEDULED, SENT (every line was judged), RECALLED."),
    Delivery: (None, "How far the goods are on their way, once fulfilled; REVEALED: the code was shown."),
    AttemptState: (
        "FulfilmentState",
        "Where one try at one supplier stands: INTENT, SENT, then DELIVERED or REFUSED; UNKNOWN: it may have.",
    ),
    Completion: ("FulfilmentOutcome", "What came of a claimed order; LATER puts it back into the queue."),
    CompletionOutcome: (
        "FulfilmentReportOutcome",
        "What became of a report: a DUPLICATE was made before, with a STALE_LEASE somebody else has the order now, and"
        " with CODE_EXISTS the code was delivered before, for another line.",
    ),
    RefusalReason: ("SupplierRefusal", "Why a supplier surely did not deliver."),
    Problem: ("CodeProblemKind", "What is wrong with a code."),
    ProblemState: ("CodeProblemState", "Whether a problem is OPEN, or how it was settled."),
    Settlement: ("CodeProblemSettlement", "How a problem ends: another code, the points back, or neither."),
    **WORKFLOW_ENUMS,
}

for _kind, (_name, _description) in DESCRIBED.items():
    strawberry.enum(_kind, name=_name, description=_description)
