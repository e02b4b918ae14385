"""Quarters are found by unit first: a few units read their own rows, not those of everybody in the same years."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# some ten thousand rows: all of it takes less than a second
BY_UNIT = """
-- its successor follows at once
-- squawk-ignore ban-drop-constraint
ALTER TABLE rollup_unit_quarter DROP CONSTRAINT pk_rollup_unit_quarter;
-- squawk-ignore adding-serial-primary-key-field, constraint-missing-not-valid
ALTER TABLE rollup_unit_quarter ADD CONSTRAINT pk_rollup_unit_quarter PRIMARY KEY (unit_id, quarter);
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_rollup_unit_quarter_unit_id;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_rollup_unit_quarter_quarter ON rollup_unit_quarter (quarter);
"""
BY_QUARTER = """
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_rollup_unit_quarter_quarter;
-- its successor follows at once
-- squawk-ignore ban-drop-constraint
ALTER TABLE rollup_unit_quarter DROP CONSTRAINT pk_rollup_unit_quarter;
-- squawk-ignore adding-serial-primary-key-field, constraint-missing-not-valid
ALTER TABLE rollup_unit_quarter ADD CONSTRAINT pk_rollup_unit_quarter PRIMARY KEY (quarter, unit_id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_rollup_unit_quarter_unit_id ON rollup_unit_quarter (unit_id, quarter);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(BY_UNIT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(BY_QUARTER)
