"""The program builder: pauses, an audience as data, the template a program was made from; drawn moves."""

from tortoise import migrations
from tortoise.migrations import operations as ops

STATEMENTS = (
    "ALTER TABLE program ADD COLUMN audience_rule jsonb",
    "ALTER TABLE program ADD COLUMN template varchar(64)",
    "ALTER TABLE program ADD COLUMN template_values jsonb",
    "ALTER TABLE program ADD CONSTRAINT program_template_has_its_values CHECK ((template IS NULL) = (template_values IS NULL))",
    """
    CREATE TABLE program_pause (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL REFERENCES program (id),
        paused_at timestamptz NOT NULL,
        resumed_at timestamptz
    )
    """,
    "ALTER TABLE program_pause ADD CONSTRAINT program_pause_span_is_ordered CHECK (resumed_at IS NULL OR resumed_at >= paused_at)",
    "CREATE INDEX program_pause_of_program ON program_pause (program_id)",
    "CREATE UNIQUE INDEX program_pause_is_open_once ON program_pause (program_id) WHERE resumed_at IS NULL",
    "CREATE INDEX program_waits_for_its_time ON program (id) WHERE state IN ('SCHEDULED', 'LIVE', 'PAUSED')",
    "CREATE INDEX lot_open_of_program ON lot (program_id) WHERE pending > 0 OR payable > 0",
    """
    CREATE FUNCTION program_moves_along_drawn_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (
          'DRAFT>SCHEDULED', 'DRAFT>LIVE', 'SCHEDULED>DRAFT', 'SCHEDULED>LIVE', 'LIVE>PAUSED', 'PAUSED>LIVE',
          'LIVE>ENDED', 'PAUSED>ENDED', 'ENDED>ARCHIVED') THEN
        RAISE EXCEPTION '% does not lead to %', OLD.state, NEW.state
          USING ERRCODE = 'check_violation', CONSTRAINT = 'program_moves_along_drawn_edges';
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER program_moves_along_drawn_edges BEFORE UPDATE ON program FOR EACH ROW EXECUTE FUNCTION program_moves_along_drawn_edges()",
)
BACK = (
    "DROP TRIGGER program_moves_along_drawn_edges ON program",
    "DROP FUNCTION program_moves_along_drawn_edges()",
    "DROP INDEX lot_open_of_program",
    "DROP INDEX program_waits_for_its_time",
    "DROP TABLE program_pause",
    "ALTER TABLE program DROP COLUMN audience_rule, DROP COLUMN template, DROP COLUMN template_values",
)


class Migration(migrations.Migration):
    """Adds what the program builder keeps, and draws the moves of a program."""

    dependencies = [("guerdon", "0018_newest")]
    operations = [ops.RunSQL([*STATEMENTS], reverse_sql=[*BACK])]
