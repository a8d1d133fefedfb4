"""Partners as they are: invitations and terms of participation, account managers, types with proof."""

from tortoise import migrations
from tortoise.migrations import operations as ops

PARTNERS = (
    """
    ALTER TABLE partner
      ADD COLUMN partnership varchar(12) NOT NULL DEFAULT 'ACTIVE',
      ADD COLUMN run_off_until timestamptz,
      ADD CONSTRAINT partner_partnership_is_known
        CHECK (partnership IN ('ACTIVE', 'SUSPENDED', 'ENDING', 'ENDED')
               AND (partnership = 'ENDING') = (run_off_until IS NOT NULL))
    """,
    """
    CREATE TABLE partner_standing (
      id uuid PRIMARY KEY,
      partner_id uuid NOT NULL CONSTRAINT partner_standing_partner_id_exists REFERENCES partner (id),
      type varchar(16) NOT NULL,
      state varchar(12) NOT NULL,
      applied_at timestamptz NOT NULL,
      verified_at timestamptz,
      verified_by uuid,
      enrolled_at timestamptz,
      valid_until timestamptz,
      told_until timestamptz,
      lapsed_at timestamptz,
      lapsed_for varchar(12),
      fact_id uuid CONSTRAINT partner_standing_fact_id_exists REFERENCES fact (id),
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT partner_standing_is_one_per_type UNIQUE (partner_id, type),
      CONSTRAINT partner_standing_state_is_known
        CHECK (state IN ('APPLIED', 'VERIFIED', 'ENROLLED', 'LAPSED')
               AND (state IN ('VERIFIED', 'ENROLLED')) = (fact_id IS NOT NULL)
               AND (state = 'LAPSED') = (lapsed_at IS NOT NULL)
               AND (lapsed_at IS NULL) = (lapsed_for IS NULL)
               AND (lapsed_for IS NULL OR lapsed_for IN ('REFUSED', 'EXPIRED', 'WITHDRAWN')))
    )
    """,
    "CREATE INDEX partner_standing_ending ON partner_standing (valid_until, id)"
    " WHERE state IN ('VERIFIED', 'ENROLLED') AND valid_until IS NOT NULL",
    "CREATE INDEX partner_of_parent ON partner (parent_id, name, id) WHERE parent_id IS NOT NULL",
    "CREATE INDEX partner_ending ON partner (run_off_until, id) WHERE partnership = 'ENDING'",
)

ACCESS = (
    """
    CREATE TABLE participation_terms (
      version int PRIMARY KEY,
      text jsonb NOT NULL,
      published_at timestamptz NOT NULL,
      published_by uuid NOT NULL,
      CONSTRAINT participation_terms_are_numbered CHECK (version >= 1)
    )
    """,
    """
    CREATE TABLE invitation (
      id uuid PRIMARY KEY,
      mailbox varchar(254) NOT NULL,
      name varchar(200) NOT NULL,
      role varchar(24) NOT NULL,
      locale varchar(8) NOT NULL,
      partner_id uuid CONSTRAINT invitation_partner_id_exists REFERENCES partner (id),
      member_id uuid CONSTRAINT invitation_member_id_exists REFERENCES member (id),
      token_hash bytea NOT NULL,
      state varchar(8) NOT NULL,
      invited_by uuid NOT NULL,
      terms_version int NOT NULL,
      sends int NOT NULL,
      recorded_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      ended_at timestamptz,
      account_id uuid CONSTRAINT invitation_account_id_exists REFERENCES account (id),
      accepted_terms int,
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT invitation_token_is_unique UNIQUE (token_hash),
      CONSTRAINT invitation_state_is_known
        CHECK (state IN ('OPEN', 'ACCEPTED', 'REVOKED') AND (state = 'OPEN') = (ended_at IS NULL)
               AND (state = 'ACCEPTED') = (account_id IS NOT NULL)
               AND (state = 'ACCEPTED') = (accepted_terms IS NOT NULL)),
      CONSTRAINT invitation_names_a_partner_for_its_people
        CHECK ((role IN ('MEMBER', 'PARTNER_ADMIN')) = (partner_id IS NOT NULL)),
      CONSTRAINT invitation_is_bounded CHECK (sends BETWEEN 1 AND 20 AND expires_at > recorded_at)
    )
    """,
    "CREATE UNIQUE INDEX invitation_open_is_one_per_mailbox ON invitation"
    " (lower(mailbox), coalesce(partner_id, '00000000-0000-0000-0000-000000000000')) WHERE state = 'OPEN'",
    "CREATE INDEX invitation_by_time ON invitation (recorded_at, id)",
    "CREATE INDEX invitation_of_partner ON invitation (partner_id, recorded_at, id) WHERE partner_id IS NOT NULL",
    """
    CREATE TABLE account_manager (
      id uuid PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT account_manager_account_id_exists REFERENCES account (id),
      partner_id uuid NOT NULL CONSTRAINT account_manager_partner_id_exists REFERENCES partner (id),
      since timestamptz NOT NULL,
      until timestamptz,
      acts boolean NOT NULL,
      due_at timestamptz,
      assigned_by uuid NOT NULL,
      recorded_at timestamptz NOT NULL,
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT account_manager_span_is_ordered CHECK (until IS NULL OR until > since)
    )
    """,
    "CREATE INDEX account_manager_of_partner ON account_manager (partner_id, since, id)",
    "CREATE INDEX account_manager_of_account ON account_manager (account_id, partner_id)",
    "CREATE INDEX account_manager_due ON account_manager (due_at, id) WHERE due_at IS NOT NULL",
)


def _edges(name: str, table: str, column: str, edges: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """A function and a trigger that refuse any change of state that was not drawn."""
    drawn = ", ".join(f"'{before}>{after}'" for before, afters in edges.items() for after in afters)
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.{column} <> NEW.{column} AND (OLD.{column} || '>' || NEW.{column}) NOT IN ({drawn}) THEN
            RAISE EXCEPTION '% does not lead to %', OLD.{column}, NEW.{column}
              USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
          END IF;
          RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


EDGES = (
    *_edges(
        "partner_standing_moves_along_drawn_edges",
        "partner_standing",
        "state",
        {
            "APPLIED": ("VERIFIED", "LAPSED"),
            "VERIFIED": ("ENROLLED", "LAPSED"),
            "ENROLLED": ("LAPSED",),
            "LAPSED": ("APPLIED",),
        },
    ),
    *_edges(
        "partnership_moves_along_drawn_edges",
        "partner",
        "partnership",
        {
            "ACTIVE": ("SUSPENDED", "ENDING", "ENDED"),
            "SUSPENDED": ("ACTIVE", "ENDING", "ENDED"),
            "ENDING": ("ACTIVE", "ENDED"),
            "ENDED": ("ACTIVE",),
        },
    ),
    *_edges("invitation_moves_along_drawn_edges", "invitation", "state", {"OPEN": ("ACCEPTED", "REVOKED")}),
)


class Migration(migrations.Migration):
    """Adds what partners and access remember of invitations, types and account managers."""

    dependencies = [("guerdon", "0021_earning")]
    operations = [ops.RunSQL([*PARTNERS, *ACCESS, *EDGES], reverse_sql=ops.RunSQL.noop)]
