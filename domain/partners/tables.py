"""Rows of partners: firms, their types and members, dated facts, invitations."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Partner(Model):
    """A firm that sells for the vendor; `external_id` is unique per source, `version` moves with every change."""

    id = fields.UUIDField(primary_key=True)
    source_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    name = fields.CharField(max_length=200)
    types = fields.JSONField[list[str]]()
    parent_id = fields.UUIDField(null=True)
    country = fields.CharField(max_length=2, null=True)
    vertical = fields.CharField(max_length=64, null=True)
    size = fields.CharField(max_length=32, null=True)
    journey_stage = fields.CharField(max_length=16, default="ENGAGEMENT")
    partnership = fields.CharField(max_length=12, default="ACTIVE")
    run_off_until = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "partner"
        constraints = (
            UniqueConstraint(fields=("source_id", "external_id"), name="partner_external_id_is_unique_per_source"),
            CheckConstraint(
                check="journey_stage IN ('CONSIDERATION', 'CONVERSION', 'ENGAGEMENT', 'ENDING')",
                name="partner_journey_stage_is_known",
            ),
            CheckConstraint(
                check="partnership IN ('ACTIVE', 'SUSPENDED', 'ENDING', 'ENDED')"
                " AND (partnership = 'ENDING') = (run_off_until IS NOT NULL)",
                name="partner_partnership_is_known",
            ),
        )


class PartnerStanding(Model):
    """How far a partner is with one of its types: applied for with proof, verified until a date, enrolled, lapsed."""

    id = fields.UUIDField(primary_key=True)
    partner_id = fields.UUIDField()
    type = fields.CharField(max_length=16)
    state = fields.CharField(max_length=12)
    applied_at = fields.DatetimeField()
    verified_at = fields.DatetimeField(null=True)
    verified_by = fields.UUIDField(null=True)
    enrolled_at = fields.DatetimeField(null=True)
    valid_until = fields.DatetimeField(null=True)
    told_until = fields.DatetimeField(null=True)
    lapsed_at = fields.DatetimeField(null=True)
    lapsed_for = fields.CharField(max_length=12, null=True)
    fact_id = fields.UUIDField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "partner_standing"
        constraints = (
            UniqueConstraint(fields=("partner_id", "type"), name="partner_standing_is_one_per_type"),
            CheckConstraint(
                check="state IN ('APPLIED', 'VERIFIED', 'ENROLLED', 'LAPSED')"
                " AND (state IN ('VERIFIED', 'ENROLLED')) = (fact_id IS NOT NULL)"
                " AND (state = 'LAPSED') = (lapsed_at IS NOT NULL) AND (lapsed_at IS NULL) = (lapsed_for IS NULL)"
                " AND (lapsed_for IS NULL OR lapsed_for IN ('REFUSED', 'EXPIRED', 'WITHDRAWN'))",
                name="partner_standing_state_is_known",
            ),
        )


class Member(Model):
    """A person who acts for a partner (REP) or stands in the vendor's own pool (VENDOR_STAFF)."""

    id = fields.UUIDField(primary_key=True)
    source_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    kind = fields.CharField(max_length=16, default="REP")
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=254, null=True)
    locale = fields.CharField(max_length=8, default="en")
    partner_id = fields.UUIDField(null=True, db_index=True)
    on_boards = fields.BooleanField(default=True)
    recorded_at = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "member"
        constraints = (
            UniqueConstraint(fields=("source_id", "external_id"), name="member_external_id_is_unique_per_source"),
            CheckConstraint(check="kind IN ('REP', 'VENDOR_STAFF')", name="member_kind_is_known"),
        )


class Fact(Model):
    """Something true of a subject for a span of time (membership, tier, certificate, consent); appended, never edited
    except to end it.
    """

    id = fields.UUIDField(primary_key=True)
    subject_kind = fields.CharField(max_length=8)
    subject_id = fields.UUIDField()
    kind = fields.CharField(max_length=32)
    value = fields.JSONField[dict[str, object]]()
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fact"
        constraints = (
            CheckConstraint(check="subject_kind IN ('MEMBER', 'PARTNER')", name="fact_subject_kind_is_known"),
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="fact_span_is_ordered"),
        )


class ParticipationTerms(Model):
    """What everybody agrees to who takes part, as text by locale; the highest version is in force."""

    version = fields.IntField(primary_key=True, generated=False)
    text = fields.JSONField[dict[str, str]]()
    published_at = fields.DatetimeField()
    published_by = fields.UUIDField()

    class Meta:
        table = "participation_terms"
        constraints = (CheckConstraint(check="version >= 1", name="participation_terms_are_numbered"),)


class Invitation(Model):
    """Somebody may get an account: whoever shows the token in time; only the SHA-256 of it is kept."""

    id = fields.UUIDField(primary_key=True)
    mailbox = fields.CharField(max_length=254)
    name = fields.CharField(max_length=200)
    role = fields.CharField(max_length=24)
    locale = fields.CharField(max_length=8)
    partner_id = fields.UUIDField(null=True)
    member_id = fields.UUIDField(null=True)
    token_hash = fields.BinaryField()
    state = fields.CharField(max_length=8)
    invited_by = fields.UUIDField()
    terms_version = fields.IntField()
    sends = fields.IntField()
    recorded_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    account_id = fields.UUIDField(null=True)
    accepted_terms = fields.IntField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "invitation"
        constraints = (
            UniqueConstraint(fields=("token_hash",), name="invitation_token_is_unique"),
            CheckConstraint(
                check="state IN ('OPEN', 'ACCEPTED', 'REVOKED') AND (state = 'OPEN') = (ended_at IS NULL)"
                " AND (state = 'ACCEPTED') = (account_id IS NOT NULL)"
                " AND (state = 'ACCEPTED') = (accepted_terms IS NOT NULL)",
                name="invitation_state_is_known",
            ),
            CheckConstraint(
                check="(role IN ('MEMBER', 'PARTNER_ADMIN')) = (partner_id IS NOT NULL)",
                name="invitation_names_a_partner_for_its_people",
            ),
            CheckConstraint(check="sends BETWEEN 1 AND 20 AND expires_at > recorded_at", name="invitation_is_bounded"),
        )
