"""Rows of redemptions: quotes, orders with a line a unit, attempts at suppliers, and where goods are sent."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

LINE_STATES = "'HELD', 'PENDING_APPROVAL', 'ORDERED', 'FULFILLED', 'REFUNDED', 'CANCELLED', 'FAILED'"


class Quote(Model):
    """What a redemption would cost, good until it expires: `lines` are {denominationId, quantity, price, …}."""

    id = fields.UUIDField(primary_key=True)
    member_id = fields.UUIDField()
    unit = fields.CharField(max_length=16)
    total = fields.BigIntField()
    lines = fields.JSONField[list[dict[str, object]]]()
    recorded_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "quote"
        constraints = (
            CheckConstraint(check="total BETWEEN 0 AND 1000000000000000", name="quote_total_is_bounded"),
            CheckConstraint(check="expires_at > recorded_at", name="quote_span_is_ordered"),
        )


class Redemption(Model):
    """One order of a member; its state is a fold of its lines. `origin` says what it came from, `origin_id` which."""

    id = fields.UUIDField(primary_key=True)
    member_id = fields.UUIDField()
    partner_id = fields.UUIDField(null=True)
    principal_id = fields.UUIDField()
    origin = fields.CharField(max_length=8)
    origin_id = fields.UUIDField()
    unit = fields.CharField(max_length=16)
    total = fields.BigIntField()
    country = fields.CharField(max_length=2, null=True)
    locale = fields.CharField(max_length=8)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "redemption"
        constraints = (
            UniqueConstraint(fields=("origin", "origin_id"), name="redemption_is_one_per_origin"),
            CheckConstraint(check="origin IN ('QUOTE', 'GRANT', 'SEND')", name="redemption_origin_is_known"),
            CheckConstraint(check="total BETWEEN 0 AND 1000000000000000", name="redemption_total_is_bounded"),
        )


class RedemptionLine(Model):
    """One unit of one denomination: its price as held, its place in the machine (C2), its delivery.

    `fulfilled_at` is set once, when the points were captured (C3); a line without a hold cost nothing.
    """

    id = fields.UUIDField(primary_key=True)
    redemption_id = fields.UUIDField(db_index=True)
    n = fields.IntField()
    item_id = fields.UUIDField()
    denomination_id = fields.UUIDField()
    member_id = fields.UUIDField()
    price = fields.BigIntField()
    face_value = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3, null=True)
    fair_value = fields.BigIntField(null=True)
    hold_id = fields.UUIDField(null=True)
    state = fields.CharField(max_length=16)
    delivery = fields.CharField(max_length=10, default="NONE")
    reason = fields.CharField(max_length=32, null=True)
    held_until = fields.DatetimeField(null=True)
    tracking = fields.JSONField[dict[str, object]](null=True)
    expires_on = fields.DateField(null=True)
    recorded_at = fields.DatetimeField()
    ordered_at = fields.DatetimeField(null=True)
    fulfilled_at = fields.DatetimeField(null=True)
    revealed_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "redemption_line"
        constraints = (
            UniqueConstraint(fields=("redemption_id", "n"), name="redemption_line_is_numbered_once"),
            UniqueConstraint(fields=("hold_id",), name="redemption_line_has_its_own_hold"),
            CheckConstraint(check=f"state IN ({LINE_STATES})", name="redemption_line_state_is_known"),
            CheckConstraint(
                check="delivery IN ('NONE', 'SENT', 'DELIVERED', 'BOUNCED', 'REVEALED')",
                name="redemption_line_delivery_is_known",
            ),
            CheckConstraint(
                check="price BETWEEN 0 AND 1000000000000000 AND (price = 0) = (hold_id IS NULL)",
                name="redemption_line_price_is_held",
            ),
            CheckConstraint(
                check="(state IN ('FULFILLED', 'REFUNDED')) = (fulfilled_at IS NOT NULL)",
                name="c3_captured_means_ever_fulfilled",
            ),
            CheckConstraint(
                check="(state IN ('REFUNDED', 'CANCELLED', 'FAILED')) = (ended_at IS NOT NULL)",
                name="c2_a_line_ends_once",
            ),
        )


class FulfilmentAttempt(Model):
    """One try of one route for one line: INTENT → SENT → DELIVERED | REFUSED | UNKNOWN; at most one is open.

    `fence` moves with every lease; an answer under an older fence is refused. `call_at` is when to act next.
    """

    id = fields.UUIDField(primary_key=True)
    line_id = fields.UUIDField()
    n = fields.IntField()
    supplier_id = fields.UUIDField()
    priority = fields.IntField()
    sku = fields.CharField(max_length=128)
    pool_id = fields.UUIDField(null=True)
    state = fields.CharField(max_length=10)
    reason = fields.CharField(max_length=32, null=True)
    supplier_reference = fields.CharField(max_length=128, null=True)
    calls = fields.IntField(default=0)
    fence = fields.BigIntField(default=0)
    lease_until = fields.DatetimeField(null=True)
    call_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "fulfilment_attempt"
        constraints = (
            UniqueConstraint(fields=("line_id", "n"), name="fulfilment_attempt_is_numbered_once"),
            CheckConstraint(
                check="state IN ('INTENT', 'SENT', 'DELIVERED', 'REFUSED', 'UNKNOWN')"
                " AND (state IN ('DELIVERED', 'REFUSED')) = (ended_at IS NOT NULL)",
                name="fulfilment_attempt_state_is_known",
            ),
        )


class Shipment(Model):
    """Where a redemption's goods go: the person's address, sealed, readable only to fulfil; erasable."""

    redemption_id = fields.UUIDField(primary_key=True)
    sealed = fields.BinaryField(null=True)
    recorded_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "shipment"


class CodeProblem(Model):
    """A member says her code does not work, or its batch was recalled: what she says, and what she was answered."""

    id = fields.UUIDField(primary_key=True)
    line_id = fields.UUIDField()
    problem = fields.CharField(max_length=16)
    note = fields.CharField(max_length=500)
    answer = fields.CharField(max_length=500, null=True)
    state = fields.CharField(max_length=10, default="OPEN")
    recorded_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "code_problem"
        constraints = (
            CheckConstraint(
                check="state IN ('OPEN', 'REPLACED', 'REFUNDED', 'REJECTED')"
                " AND (state = 'OPEN') = (settled_at IS NULL)",
                name="code_problem_state_is_known",
            ),
            CheckConstraint(
                check="problem IN ('ALREADY_USED', 'NOT_ACCEPTED', 'WRONG_VALUE', 'EXPIRED', 'RECALLED')",
                name="code_problem_is_known",
            ),
        )
