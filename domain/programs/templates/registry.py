"""Every template, in the order of the rows of the guide to kinds of programs."""

from domain.programs.templates.account_managers import ACCOUNT_MANAGERS
from domain.programs.templates.activity_pay import ACTIVITY_PAY
from domain.programs.templates.affiliate import AFFILIATE
from domain.programs.templates.by_partner_type import BY_PARTNER_TYPE
from domain.programs.templates.deal_registration import DEAL_REGISTRATION
from domain.programs.templates.embedded_headcount import EMBEDDED_HEADCOUNT
from domain.programs.templates.form import Template, Values
from domain.programs.templates.hybrid import HYBRID
from domain.programs.templates.lead_conversion import LEAD_CONVERSION
from domain.programs.templates.made_to_measure import MADE_TO_MEASURE
from domain.programs.templates.margin_fit import MARGIN_FIT
from domain.programs.templates.mdf_accrual import MDF_ACCRUAL
from domain.programs.templates.objective_bonus import OBJECTIVE_BONUS
from domain.programs.templates.pilot import PILOT
from domain.programs.templates.quarterly_rebate import QUARTERLY_REBATE
from domain.programs.templates.quarterly_target import QUARTERLY_TARGET
from domain.programs.templates.referral import REFERRAL
from domain.programs.templates.revenue_share import REVENUE_SHARE
from domain.programs.templates.spiff import SPIFF
from domain.programs.templates.stacked_bonus import STACKED_BONUS
from domain.programs.templates.staged_award import STAGED_AWARD
from domain.programs.templates.tier_multiplier import TIER_MULTIPLIER
from domain.programs.templates.training import TRAINING
from domain.programs.terms import Terms

TEMPLATES: tuple[Template, ...] = (
    SPIFF,
    QUARTERLY_REBATE,
    ACTIVITY_PAY,
    MDF_ACCRUAL,
    DEAL_REGISTRATION,
    EMBEDDED_HEADCOUNT,
    TRAINING,
    HYBRID,
    TIER_MULTIPLIER,
    REVENUE_SHARE,
    AFFILIATE,
    REFERRAL,
    BY_PARTNER_TYPE,
    PILOT,
    QUARTERLY_TARGET,
    ACCOUNT_MANAGERS,
    LEAD_CONVERSION,
    MADE_TO_MEASURE,
    STACKED_BONUS,
    MARGIN_FIT,
    STAGED_AWARD,
    OBJECTIVE_BONUS,
)


def example_of(template: Template) -> Terms:
    """The terms of the form with every default."""
    values = template.read({}, unit=template.unit, zone="UTC")
    assert isinstance(values, Values), "a test fills in every form with its defaults"
    return Terms.from_json(template.document(values))


def template_named(code: str) -> Template | None:
    """The template of this code."""
    return next((template for template in TEMPLATES if template.code == code), None)
