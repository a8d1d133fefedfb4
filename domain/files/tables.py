"""Rows of files: what each is and whom it belongs to, and its bytes in parts that are read one after the other."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class FileRecordRow(Model):
    """A file: `owner_id` is the principal who handed it in; what it is attached to keeps it, what is not goes."""

    id = fields.UUIDField(primary_key=True)
    owner_id = fields.UUIDField()
    name = fields.CharField(max_length=200)
    media_type = fields.CharField(max_length=32)
    size = fields.BigIntField()
    digest = fields.BinaryField()
    purpose = fields.CharField(max_length=32)
    recorded_at = fields.DatetimeField()
    attached_kind = fields.CharField(max_length=32, null=True)
    attached_id = fields.UUIDField(null=True)
    attached_at = fields.DatetimeField(null=True)

    class Meta:
        table = "file_record"
        constraints = (
            CheckConstraint(
                check="media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'image/webp', 'text/csv')",
                name="file_media_type_is_known",
            ),
            CheckConstraint(check="size BETWEEN 1 AND 1000000000", name="file_size_is_bounded"),
            CheckConstraint(
                check="(attached_kind IS NULL) = (attached_id IS NULL)"
                " AND (attached_kind IS NULL) = (attached_at IS NULL)",
                name="file_is_attached_whole",
            ),
        )


class FilePart(Model):
    """So many bytes of a file, in order from 0; they go with it."""

    id = fields.UUIDField(primary_key=True)
    file_id = fields.UUIDField()
    n = fields.IntField()
    content = fields.BinaryField()

    class Meta:
        table = "file_part"
        constraints = (
            UniqueConstraint(fields=("file_id", "n"), name="file_part_is_numbered_once"),
            CheckConstraint(check="n >= 0 AND octet_length(content) BETWEEN 1 AND 262144", name="file_part_is_bounded"),
        )
