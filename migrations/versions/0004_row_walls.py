"""Confidentiality, institutions and row-level security: the second wall."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE client ADD COLUMN clearance SMALLINT DEFAULT '0' NOT NULL, ADD COLUMN institution TEXT;")
    op.execute("ALTER TABLE enforcement_case ADD COLUMN confidentiality SMALLINT DEFAULT '0' NOT NULL;")
    op.execute("COMMENT ON COLUMN enforcement_case.confidentiality IS 'class of its matter';")
    op.execute("COMMENT ON COLUMN client.clearance IS 'highest confidentiality class seen';")
    op.execute(
        "COMMENT ON COLUMN client.institution IS 'the only party whose cases it sees, by code; null: all parties';"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE enforcement_case DROP COLUMN confidentiality;")
    op.execute("ALTER TABLE client DROP COLUMN institution, DROP COLUMN clearance;")
