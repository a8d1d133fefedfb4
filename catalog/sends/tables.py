"""Rows of sends: bundles and what became of each, rewards sent with a line a recipient, benefits and entitlements."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Bundle(Model):
    """Things that are given together, by a code that rules name; a change of it touches later orders only."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    name = fields.JSONField[dict[str, str]]()
    mode = fields.CharField(max_length=16)
    choose = fields.IntField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "bundle"
        constraints = (
            UniqueConstraint(fields=("code",), name="bundle_code_is_unique"),
            CheckConstraint(
                check="mode IN ('ALL_OR_NOTHING', 'BEST_EFFORT', 'CHOICE') AND (mode = 'CHOICE') = (choose IS NOT NULL)"
                " AND (choose IS NULL OR choose BETWEEN 1 AND 20)",
                name="bundle_mode_is_known",
            ),
        )


class BundleItem(Model):
    """So many units of one denomination in a bundle; `substitutes` are denomination ids, tried in order."""

    id = fields.UUIDField(primary_key=True)
    bundle_id = fields.UUIDField()
    place = fields.IntField()
    denomination_id = fields.UUIDField()
    quantity = fields.IntField()
    substitutes = fields.JSONField[list[str]]()

    class Meta:
        table = "bundle_item"
        constraints = (
            UniqueConstraint(fields=("bundle_id", "place"), name="bundle_item_has_its_place"),
            CheckConstraint(
                check="quantity BETWEEN 1 AND 10 AND place BETWEEN 1 AND 20", name="bundle_item_is_bounded"
            ),
        )


class BundleOrder(Model):
    """One bundle on its way to a member; its state is a fold of its parts' lines, never stored.

    `origin` says what it came from (a GRANT beside an award, a line of a SEND), `origin_id` which. `look_at` is when
    the shop looks at it next, NULL when nothing is left to do.
    """

    id = fields.UUIDField(primary_key=True)
    bundle_id = fields.UUIDField()
    origin = fields.CharField(max_length=8)
    origin_id = fields.UUIDField()
    member_id = fields.UUIDField()
    partner_id = fields.UUIDField(null=True)
    quantity = fields.IntField()
    mode = fields.CharField(max_length=16)
    choose = fields.IntField(null=True)
    waits_for = fields.CharField(max_length=8, null=True)
    look_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    compensating_since = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "bundle_order"
        constraints = (
            UniqueConstraint(fields=("origin", "origin_id"), name="bundle_order_is_one_per_origin"),
            CheckConstraint(
                check="origin IN ('GRANT', 'SEND') AND (waits_for IS NULL OR waits_for IN ('CHOICE', 'ADDRESS'))",
                name="bundle_order_origin_is_known",
            ),
        )


class BundlePart(Model):
    """One unit of a bundle order: what was asked for, what may stand in, and the line that delivers it now."""

    id = fields.UUIDField(primary_key=True)
    order_id = fields.UUIDField()
    n = fields.IntField()
    denomination_id = fields.UUIDField()
    substitutes = fields.JSONField[list[str]]()
    line_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=32, null=True)

    class Meta:
        table = "bundle_part"
        constraints = (
            UniqueConstraint(fields=("order_id", "n"), name="bundle_part_is_numbered_once"),
            UniqueConstraint(fields=("line_id",), name="bundle_part_has_its_own_line"),
        )


class RewardSend(Model):
    """Something the vendor sends to people: points, or a bundle, paid by the budget of a program.

    `value` is what one line takes of that budget, in minor units of the program's unit; `fair_value` is for tax and
    for the employers' ceilings, in minor units of `currency`. Texts are locale → text.
    """

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    principal_id = fields.UUIDField()
    approved_by = fields.UUIDField(null=True)
    content = fields.CharField(max_length=8)
    amount = fields.BigIntField(null=True)
    bundle_id = fields.UUIDField(null=True)
    is_gift = fields.BooleanField(default=False)
    needs_claim = fields.BooleanField(default=True)
    message = fields.JSONField[dict[str, str]]()
    state = fields.CharField(max_length=12)
    unit = fields.CharField(max_length=16)
    value = fields.BigIntField()
    fair_value = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3, null=True)
    recipients = fields.IntField()
    send_at = fields.DatetimeField(null=True)
    claim_days = fields.IntField(null=True)
    recorded_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    recalled_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "reward_send"
        constraints = (
            CheckConstraint(
                check="content IN ('POINTS', 'BUNDLE') AND (content = 'POINTS') = (amount IS NOT NULL)"
                " AND (content = 'BUNDLE') = (bundle_id IS NOT NULL)",
                name="reward_send_has_one_content",
            ),
            CheckConstraint(
                check="state IN ('DRAFT', 'SCHEDULED', 'SENT', 'RECALLED')"
                " AND (state = 'RECALLED') = (recalled_at IS NOT NULL) AND (state <> 'SENT' OR sent_at IS NOT NULL)",
                name="reward_send_state_is_known",
            ),
            CheckConstraint(
                check="amount BETWEEN 1 AND 1000000000000 AND value BETWEEN 0 AND 1000000000000"
                " AND fair_value BETWEEN 0 AND 1000000000000 AND recipients BETWEEN 1 AND 10000"
                " AND claim_days BETWEEN 1 AND 3660 AND (fair_value IS NULL) = (currency IS NULL)",
                name="reward_send_is_bounded",
            ),
            CheckConstraint(
                check="approved_by IS NULL OR approved_by <> principal_id", name="reward_send_is_approved_by_another"
            ),
        )


class SendRecipient(Model):
    """One person of a send; `set_aside` is what of the program's budget stands outside of it for this line (C4).

    Points that were claimed are awarded from the budget, so nothing of them is set aside any more; a bundle that was
    claimed stays paid for.
    """

    id = fields.UUIDField(primary_key=True)
    send_id = fields.UUIDField()
    n = fields.IntField()
    address = fields.CharField(max_length=254)
    member_id = fields.UUIDField(null=True)
    partner_id = fields.UUIDField(null=True)
    state = fields.CharField(max_length=10)
    reason = fields.CharField(max_length=32, null=True)
    set_aside = fields.BigIntField(default=0)
    activity_id = fields.UUIDField(null=True)
    address_consent_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    opened_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    claimed_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "send_recipient"
        constraints = (
            UniqueConstraint(fields=("send_id", "n"), name="send_recipient_is_numbered_once"),
            UniqueConstraint(fields=("send_id", "member_id"), name="send_recipient_is_one_per_member"),
            CheckConstraint(
                check="state IN ('PENDING', 'SENT', 'OPENED', 'CLAIMED', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'RECALLED',"
                " 'FAILED') AND (state IN ('CLAIMED', 'ACCEPTED')) = (claimed_at IS NOT NULL)"
                " AND (state IN ('DECLINED', 'EXPIRED', 'RECALLED', 'FAILED')) = (ended_at IS NOT NULL)"
                " AND (state = 'FAILED') = (reason IS NOT NULL)",
                name="send_recipient_state_is_known",
            ),
            CheckConstraint(
                check="set_aside >= 0 AND (state IN ('SENT', 'OPENED', 'CLAIMED', 'ACCEPTED') OR set_aside = 0)"
                " AND (activity_id IS NULL OR set_aside = 0)",
                name="c4_what_is_not_given_is_not_set_aside",
            ),
        )


class Benefit(Model):
    """What a denomination of a BENEFIT item gives: how often it may be used, how long, by whom, and who keeps it."""

    denomination_id = fields.UUIDField(primary_key=True)
    quota = fields.IntField()
    valid_days = fields.IntField(null=True)
    owner_kind = fields.CharField(max_length=8)
    is_transferable = fields.BooleanField(default=False)
    tiers = fields.JSONField[list[str]]()
    on_tier_loss = fields.CharField(max_length=10)
    period = fields.CharField(max_length=8)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "benefit"
        constraints = (
            CheckConstraint(
                check="quota BETWEEN 1 AND 1000000 AND valid_days BETWEEN 1 AND 3660", name="benefit_is_bounded"
            ),
            CheckConstraint(
                check="owner_kind IN ('MEMBER', 'PARTNER') AND on_tier_loss IN ('NOW', 'PERIOD_END', 'KEEP')"
                " AND period IN ('MONTH', 'QUARTER', 'YEAR')",
                name="benefit_rules_are_known",
            ),
        )


class Entitlement(Model):
    """The right to use a benefit so many times; made by the fulfilment of one line, used within its quota (C5).

    `revokes_at`: the tier was lost, and this is when the right ends. `tier_checked_at` turns with every look.
    """

    id = fields.UUIDField(primary_key=True)
    line_id = fields.UUIDField()
    denomination_id = fields.UUIDField()
    owner_kind = fields.CharField(max_length=8)
    owner_id = fields.UUIDField()
    partner_id = fields.UUIDField(null=True)
    state = fields.CharField(max_length=8)
    reason = fields.CharField(max_length=32, null=True)
    quota = fields.IntField()
    used = fields.IntField(default=0)
    is_transferable = fields.BooleanField()
    tiers = fields.JSONField[list[str]]()
    on_tier_loss = fields.CharField(max_length=10)
    period = fields.CharField(max_length=8)
    tier_checked_at = fields.DatetimeField(null=True)
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    revokes_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "entitlement"
        constraints = (
            UniqueConstraint(fields=("line_id",), name="entitlement_is_one_per_line"),
            CheckConstraint(check="used BETWEEN 0 AND quota", name="c5_a_benefit_is_used_within_its_quota"),
            CheckConstraint(
                check="state IN ('GRANTED', 'ACTIVE', 'CONSUMED', 'EXPIRED', 'REVOKED')"
                " AND (state = 'CONSUMED') = (used = quota)"
                " AND (state IN ('CONSUMED', 'EXPIRED', 'REVOKED')) = (ended_at IS NOT NULL)",
                name="c5_an_entitlement_ends_once",
            ),
            CheckConstraint(check="owner_kind IN ('MEMBER', 'PARTNER')", name="entitlement_owner_kind_is_known"),
        )


class EntitlementUse(Model):
    """One use of an entitlement; never changed."""

    id = fields.UUIDField(primary_key=True)
    entitlement_id = fields.UUIDField()
    quantity = fields.IntField()
    note = fields.CharField(max_length=200)
    principal_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "entitlement_use"
        constraints = (CheckConstraint(check="quantity >= 1", name="entitlement_use_is_positive"),)


class Following(Model):
    """How far the shop has followed the stream of events, by what it follows them for."""

    name = fields.CharField(max_length=32, primary_key=True)
    position = fields.BigIntField()

    class Meta:
        table = "following"
