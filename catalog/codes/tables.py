"""Rows of codes: pools with their counters, batches of one import, and sealed codes (C1)."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class CodePool(Model):
    """A supplier's codes of one kind; `data_key` seals them and is itself sealed; counters move under its lock.

    Of codes whose last good day is `expiring_told_until` or earlier it was told that they expire.
    """

    id = fields.UUIDField(primary_key=True)
    supplier_id = fields.UUIDField()
    code = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    data_key = fields.BinaryField()
    imported = fields.BigIntField(default=0)
    free = fields.BigIntField(default=0)
    reserved = fields.BigIntField(default=0)
    issued = fields.BigIntField(default=0)
    void = fields.BigIntField(default=0)
    low_stock_at = fields.BigIntField(default=0)
    expiring_told_until = fields.DateField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "code_pool"
        constraints = (
            UniqueConstraint(fields=("supplier_id", "code"), name="code_pool_code_is_unique_per_supplier"),
            CheckConstraint(
                check="free >= 0 AND reserved >= 0 AND issued >= 0 AND void >= 0"
                " AND free + reserved + issued + void = imported",
                name="c1_every_code_of_a_pool_is_accounted_for",
            ),
            CheckConstraint(check="low_stock_at BETWEEN 0 AND 1000000000", name="code_pool_threshold_is_bounded"),
        )


class CodeBatch(Model):
    """The codes of one import into a pool, under the importer's own id; a recall voids what nobody has seen."""

    id = fields.UUIDField(primary_key=True)
    pool_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    state = fields.CharField(max_length=8, default="ACTIVE")
    imported = fields.BigIntField(default=0)
    rejected = fields.BigIntField(default=0)
    recorded_at = fields.DatetimeField()
    recalled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "code_batch"
        constraints = (
            UniqueConstraint(fields=("pool_id", "external_id"), name="code_batch_is_imported_once"),
            CheckConstraint(
                check="state IN ('ACTIVE', 'RECALLED') AND (state = 'RECALLED') = (recalled_at IS NOT NULL)",
                name="code_batch_state_is_known",
            ),
        )


class VoucherCode(Model):
    """One sealed code (code, PIN, URL, serial, expiry); given to one line, once, and never deleted (C1).

    `blind_index` is a keyed digest of the normalised code: the same code is never stored twice, in any pool.
    """

    id = fields.UUIDField(primary_key=True)
    pool_id = fields.UUIDField()
    batch_id = fields.UUIDField()
    state = fields.CharField(max_length=8)
    sealed = fields.BinaryField()
    blind_index = fields.BinaryField()
    last_four = fields.CharField(max_length=4)
    expires_on = fields.DateField(null=True)
    line_id = fields.UUIDField(null=True)
    problem = fields.CharField(max_length=16, null=True)
    recorded_at = fields.DatetimeField()
    reserved_at = fields.DatetimeField(null=True)
    issued_at = fields.DatetimeField(null=True)
    revealed_at = fields.DatetimeField(null=True)
    voided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "voucher_code"
        constraints = (
            UniqueConstraint(fields=("blind_index",), name="c1_a_code_is_stored_once"),
            CheckConstraint(
                check="state IN ('FREE', 'RESERVED', 'ISSUED', 'VOID')"
                " AND (state <> 'FREE' OR line_id IS NULL)"
                " AND (state NOT IN ('RESERVED', 'ISSUED') OR line_id IS NOT NULL)"
                " AND (state = 'VOID') = (voided_at IS NOT NULL) AND (state <> 'ISSUED' OR issued_at IS NOT NULL)"
                " AND (revealed_at IS NULL OR issued_at IS NOT NULL)",
                name="c1_a_code_belongs_to_its_state",
            ),
            CheckConstraint(
                check="problem IS NULL"
                " OR problem IN ('ALREADY_USED', 'NOT_ACCEPTED', 'WRONG_VALUE', 'EXPIRED', 'RECALLED')",
                name="voucher_code_problem_is_known",
            ),
        )
