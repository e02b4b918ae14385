"""Retention, legal holds, relatives and the public list."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE enforcement_case ADD COLUMN anonymised_on DATE;")
    op.execute(
        "COMMENT ON COLUMN enforcement_case.anonymised_on IS"
        " 'day its parties lost their personal data; null when they have some';"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE enforcement_case DROP COLUMN anonymised_on;")
