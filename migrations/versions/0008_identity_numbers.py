"""Identity numbers of parties are kept without blanks and found by an index."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Concurrently would mean outside the transaction; one pass over the parties takes seconds.
INDEX = """
UPDATE party SET id_number = regexp_replace(id_number, '\\s', '', 'g') WHERE id_number ~ '\\s';
COMMENT ON COLUMN party.id_number IS 'without blanks';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_party_id_number ON party (id_number, case_id) WHERE id_number IS NOT NULL;
"""
UNDONE = """
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_party_id_number;
COMMENT ON COLUMN party.id_number IS NULL;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '300s'")
    op.execute(INDEX)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
