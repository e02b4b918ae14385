"""Open cases with conditions of a unit in the order of what is outstanding: which would lift its result most."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Concurrently would mean outside the transaction; one pass over the cases takes seconds.
INDEX = """
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_case_unit_outstanding ON enforcement_case (unit_id, outstanding_vnd, id)
    WHERE is_open AND with_conditions AND outstanding_vnd > 0;
"""
UNDONE = """
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_case_unit_outstanding;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '300s'")
    op.execute(INDEX)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
