"""The books of a unit by day and case: the order in which an opened figure lists its cases."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Takes the place of the index without the case. Concurrently would mean outside the transaction; one pass over the
# entries takes seconds.
INDEX = """
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_entry_unit_day ON entry (unit_id, booked_on, case_id);
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_entry_unit_id;
"""
UNDONE = """
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_entry_unit_id ON entry (unit_id, booked_on);
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_entry_unit_day;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '300s'")
    op.execute(INDEX)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '300s'")
    op.execute(UNDONE)
