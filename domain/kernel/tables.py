"""Rows of the kernel: the outbox with its relay, receipts, units, rates, what was learned late, and the one clock."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Outbox(Model):
    """One domain event; `position` is NULL until the relay stamps it, dense from then on (E2)."""

    id = fields.BigIntField(primary_key=True)
    event_id = fields.UUIDField()
    name = fields.CharField(max_length=64)
    aggregate_kind = fields.CharField(max_length=32)
    aggregate_id = fields.UUIDField()
    member_id = fields.UUIDField(null=True)
    partner_id = fields.UUIDField(null=True)
    program_id = fields.UUIDField(null=True)
    payload = fields.JSONField[dict[str, object]]()
    transaction_id = fields.UUIDField(null=True)
    digest = fields.BinaryField(null=True)
    recorded_at = fields.DatetimeField()
    position = fields.BigIntField(null=True)
    link = fields.BinaryField(null=True)

    class Meta:
        table = "outbox"
        constraints = (
            UniqueConstraint(fields=("event_id",), name="outbox_event_id_is_unique"),
            UniqueConstraint(fields=("position",), name="e2_position_is_unique"),
            CheckConstraint(check="(position IS NULL) = (link IS NULL)", name="e2_a_stamped_event_is_linked"),
        )


class RelayState(Model):
    """The single row that fences relays: the last dense position, the head of the hash chain and the epoch."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    last_position = fields.BigIntField()
    head = fields.BinaryField()
    epoch = fields.IntField()

    class Meta:
        table = "relay_state"
        constraints = (CheckConstraint(check="id = 1", name="relay_state_is_one_row"),)


class Receipt(Model):
    """The outcome of one keyed operation, stored in the transaction of its effect (L4)."""

    id = fields.UUIDField(primary_key=True)
    principal_id = fields.UUIDField()
    operation = fields.CharField(max_length=64)
    key = fields.CharField(max_length=128)
    fingerprint = fields.BinaryField()
    outcome = fields.JSONField[dict[str, object]](null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "receipt"
        constraints = (UniqueConstraint(fields=("principal_id", "operation", "key"), name="l4_one_key_one_effect"),)


class ClockShift(Model):
    """How far a sandbox has moved `guerdon_now()` ahead of the database's clock, in seconds; 0 in production."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    seconds = fields.BigIntField()

    class Meta:
        table = "clock_shift"
        constraints = (CheckConstraint(check="id = 1 AND seconds >= 0", name="clock_shift_is_one_row_ahead"),)


class Unit(Model):
    """A unit of value: points of some kind, or an ISO 4217 currency counted in minor units (`exponent` digits)."""

    code = fields.CharField(max_length=16, primary_key=True)
    kind = fields.CharField(max_length=8)
    exponent = fields.SmallIntField()
    name = fields.JSONField[dict[str, str]]()

    class Meta:
        table = "unit"
        constraints = (
            CheckConstraint(check="kind IN ('POINTS', 'MONEY')", name="unit_kind_is_known"),
            CheckConstraint(check="exponent BETWEEN 0 AND 6", name="unit_exponent_is_bounded"),
        )


class Rate(Model):
    """One dated conversion: 1 smallest step of `from_unit` is numerator/denominator of `to_unit` from `valid_from`."""

    id = fields.UUIDField(primary_key=True)
    from_unit = fields.CharField(max_length=16)
    to_unit = fields.CharField(max_length=16)
    numerator = fields.BigIntField()
    denominator = fields.BigIntField()
    valid_from = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "rate"
        constraints = (
            UniqueConstraint(fields=("from_unit", "to_unit", "valid_from"), name="rate_is_one_per_instant"),
            CheckConstraint(check="numerator > 0 AND denominator > 0", name="rate_is_positive"),
        )


class LateTruth(Model):
    """Something recorded that was true before: what was evaluated without it is to be looked at again.

    FACT: a fact of `subject_id` and `kind`; RATE: a rate of the pair `kind` ("USD/EUR"). `settled_after` is the first
    transaction that certainly sees it, set by the first look; nothing is judged before all older ones have ended.
    """

    id = fields.UUIDField(primary_key=True)
    about = fields.CharField(max_length=8)
    subject_id = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=33)
    true_from = fields.DatetimeField()
    true_until = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    settled_after = fields.BigIntField(null=True)

    class Meta:
        table = "late_truth"
        constraints = (
            CheckConstraint(
                check="about IN ('FACT', 'RATE') AND (about = 'FACT') = (subject_id IS NOT NULL)",
                name="late_truth_is_of_a_fact_or_a_rate",
            ),
        )
