"""Files that people hand in, and the claims they prove."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FILES = (
    """
    CREATE TABLE file_record (
      id uuid PRIMARY KEY,
      owner_id uuid NOT NULL,
      name varchar(200) NOT NULL,
      media_type varchar(32) NOT NULL,
      size bigint NOT NULL,
      digest bytea NOT NULL,
      purpose varchar(32) NOT NULL,
      recorded_at timestamptz NOT NULL,
      attached_kind varchar(32),
      attached_id uuid,
      attached_at timestamptz,
      CONSTRAINT file_media_type_is_known
        CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'image/webp', 'text/csv')),
      CONSTRAINT file_size_is_bounded CHECK (size BETWEEN 1 AND 1000000000),
      CONSTRAINT file_is_attached_whole CHECK ((attached_kind IS NULL) = (attached_id IS NULL)
        AND (attached_kind IS NULL) = (attached_at IS NULL))
    )
    """,
    """
    CREATE TABLE file_part (
      id uuid PRIMARY KEY,
      file_id uuid NOT NULL CONSTRAINT file_part_file_id_exists REFERENCES file_record (id) ON DELETE CASCADE,
      n int NOT NULL,
      content bytea NOT NULL,
      CONSTRAINT file_part_is_numbered_once UNIQUE (file_id, n),
      CONSTRAINT file_part_is_bounded CHECK (n >= 0 AND octet_length(content) BETWEEN 1 AND 262144)
    )
    """,
    # What is handed in is compressed already.
    "ALTER TABLE file_part ALTER COLUMN content SET STORAGE EXTERNAL",
    "CREATE INDEX file_record_of ON file_record (attached_kind, attached_id, recorded_at, id)"
    " WHERE attached_id IS NOT NULL",
    "CREATE INDEX file_record_unattached ON file_record (recorded_at, id) WHERE attached_id IS NULL",
)


class Migration(migrations.Migration):
    """Adds file_record and file_part."""

    dependencies = [("guerdon", "0016_sends_laws")]
    operations = [ops.RunSQL([*FILES], reverse_sql=ops.RunSQL.noop)]
