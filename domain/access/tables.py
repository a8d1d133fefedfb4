"""Rows of access: accounts, API keys, ownership, account managers, spent tokens, rate buckets, the audit log."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Account(Model):
    """A person who signs in: an issuer's subject with one role, linked to a member where the role is a partner's."""

    id = fields.UUIDField(primary_key=True)
    issuer = fields.CharField(max_length=255)
    subject = fields.CharField(max_length=255)
    role = fields.CharField(max_length=24)
    member_id = fields.UUIDField(null=True)
    name = fields.CharField(max_length=200)
    locale = fields.CharField(max_length=8, default="en")
    recorded_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "account"
        constraints = (
            UniqueConstraint(fields=("issuer", "subject"), name="account_subject_is_linked_once"),
            CheckConstraint(
                check="(role IN ('MEMBER', 'PARTNER_ADMIN')) = (member_id IS NOT NULL)",
                name="account_of_a_partner_names_its_member",
            ),
        )


class ApiKey(Model):
    """A machine's scoped key; only the SHA-256 of its secret is kept."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=100)
    prefix = fields.CharField(max_length=32)
    secret_hash = fields.BinaryField()
    scopes = fields.JSONField[list[str]]()
    source_id = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"
        constraints = (UniqueConstraint(fields=("prefix",), name="api_key_prefix_is_unique"),)


class Belonging(Model):
    """The partner under which a subject stands today; one row a member, one row a partner for itself."""

    subject_id = fields.UUIDField(primary_key=True)
    partner_id = fields.UUIDField(db_index=True)

    class Meta:
        table = "belonging"


class Reach(Model):
    """A principal (account) acts for a partner in the named relation: PARTNER (own firm) or OPERATOR (portfolio)."""

    id = fields.UUIDField(primary_key=True)
    principal_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    relation = fields.CharField(max_length=16)

    class Meta:
        table = "reach"
        constraints = (
            UniqueConstraint(fields=("principal_id", "partner_id", "relation"), name="reach_is_stated_once"),
            CheckConstraint(check="relation IN ('PARTNER', 'OPERATOR')", name="reach_relation_is_known"),
        )


class AccountManager(Model):
    """An account looks after a partner for a span of time; `acts`: `reach` names it; at `due_at` that changes."""

    id = fields.UUIDField(primary_key=True)
    account_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    acts = fields.BooleanField()
    due_at = fields.DatetimeField(null=True)
    assigned_by = fields.UUIDField()
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "account_manager"
        constraints = (CheckConstraint(check="until IS NULL OR until > since", name="account_manager_span_is_ordered"),)


class SpentToken(Model):
    """A one-time token (authorization code, refresh token) of the development issuer that was used."""

    jti = fields.UUIDField(primary_key=True)
    family_id = fields.UUIDField(db_index=True)
    expires_at = fields.DatetimeField()
    spent_at = fields.DatetimeField()

    class Meta:
        table = "spent_token"


class RateBucket(Model):
    """A token bucket of one subject under one limit: full again at `full_at`; without a row it is full."""

    id = fields.UUIDField(primary_key=True)
    limit_name = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=200)
    full_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "rate_bucket"
        constraints = (UniqueConstraint(fields=("limit_name", "subject"), name="rate_bucket_is_one_per_subject"),)


class AuditLog(Model):
    """What somebody did or was denied: written in the transaction of the action, never edited."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    principal_id = fields.UUIDField(null=True)
    role = fields.CharField(max_length=24)
    action = fields.CharField(max_length=64)
    object_kind = fields.CharField(max_length=32)
    object_id = fields.UUIDField(null=True)
    facts = fields.JSONField[dict[str, object]]()
    request_id = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "audit_log"
