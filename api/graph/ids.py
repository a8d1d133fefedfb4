"""Typed opaque ids: base64url of a two-letter tag and the 16 bytes of a UUID; decoding is strict."""

import base64
import binascii
from enum import StrEnum
from uuid import UUID

ID_LENGTH = 24


class Tag(StrEnum):
    """The kind of thing an id names."""

    ACCOUNT = "ac"
    API_KEY = "ak"
    PARTNER = "pa"
    MEMBER = "me"
    PRINCIPAL = "pp"
    OBJECT = "ob"
    WALLET = "wa"
    ENTRY = "en"
    TRANSACTION = "tx"
    LOT = "lo"
    DEBT = "de"
    SOURCE = "so"
    ACTIVITY = "av"
    AWARD = "aw"
    DUE = "du"
    REVERSAL = "rv"
    CAUSE = "ca"
    PROGRAM = "pr"
    TERMS = "te"
    ENROLLMENT = "er"
    LEADERBOARD = "lb"
    SEASON = "se"
    IMPORT_RUN = "ir"
    AUDIT_RECORD = "au"
    EVENT = "ev"
    SUPPLIER = "su"
    CODE_POOL = "cp"
    CODE_BATCH = "cb"
    RECONCILIATION = "rc"
    CATALOG_ITEM = "ci"
    DENOMINATION = "dn"
    QUOTE = "qu"
    REDEMPTION = "rd"
    REDEMPTION_LINE = "rl"
    WEBHOOK_ENDPOINT = "we"
    WEBHOOK_DELIVERY = "wd"
    BUNDLE = "bu"
    BUNDLE_ORDER = "bo"
    BUNDLE_PART = "bp"
    REWARD_SEND = "sd"
    REWARD = "rw"
    ENTITLEMENT = "et"
    GRANT = "gr"
    ATTEMPT = "fa"
    CODE_PROBLEM = "cx"
    CUSTOMER = "cu"
    DEAL = "dl"
    LEAD = "ld"
    ACCOUNT_MANAGER = "am"
    INVITATION = "iv"
    PARTNER_STANDING = "ps"
    FILE = "fi"
    CLAIM = "cl"
    CLAIM_LINE = "ln"
    CLAIM_CONFLICT = "cf"
    TIER_SET = "ts"
    TIER_MEMBERSHIP = "tm"
    JOINT_PLAN = "jp"
    PLAN_OBJECTIVE = "po"
    PLAN_CHECKPOINT = "ph"
    PLAN_COMMITMENT = "pm"
    PLAN_REVISION = "pv"
    PLAN_REVIEW = "pw"
    PAYOUT = "po"
    PAYOUT_EXPORT = "px"
    PAYMENT = "py"
    REBATE_PERIOD = "rb"
    FUND = "fu"
    FUND_ALLOCATION = "fo"
    FUND_REQUEST = "fr"
    FUND_CLAIM = "fc"
    FUND_CLAIM_LINE = "fl"
    COURSE = "co"
    ASSIGNMENT = "as"
    ASSIGNMENT_TARGET = "at"
    TRAINING = "tn"
    COURSE_REQUIREMENT = "cq"
    REQUIREMENT_STANDING = "cs"


def encode_id(tag: Tag, value: UUID) -> str:
    """The opaque id, 24 characters of the base64url alphabet."""
    return base64.urlsafe_b64encode(tag.encode() + value.bytes).decode()


def decode_id(text: str) -> tuple[Tag, UUID] | None:
    """What an opaque id names; None for any text that `encode_id` does not write."""
    if len(text) != ID_LENGTH or not text.isascii():
        return None
    try:
        data = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
        return Tag(data[:2].decode()), UUID(bytes=data[2:])
    except (binascii.Error, ValueError):
        return None


def decode_as(tag: Tag, text: str) -> UUID | None:
    """The UUID of an id of this kind; None for anything else."""
    found = decode_id(text)
    return found[1] if found is not None and found[0] is tag else None
