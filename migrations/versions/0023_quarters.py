"""Rollups by quarter: statements read a third of the rows, and those of a few units find them by unit."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

STOCK = ("enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended")
ACCOUNTS = (
    "accepted", "raised", "register_back", "handed_in", *STOCK, "completed", "terminated", "reduced", "returned",
    "entrusted", "withdrawn", "pulled_up", "register_carried", "register_new", "handed_out", "register_moved",
)  # fmt: skip
BALANCES = [f"{measure}_{account}" for measure in ("cases", "money") for account in ACCOUNTS]
SUMS = ", ".join(f"(sum(r.{balance}))::bigint AS {balance}" for balance in BALANCES)
FAMILY = "(SELECT NULLIF(current_setting('app.family', true), ''))"
ALL_PARTIES = "(SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL"
# as in the views and policies of migration 4
IN_FAMILY = f"""(SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper FROM unnest({FAMILY}::text[]) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper)"""

QUARTERS = f"""
CREATE TABLE rollup_unit_quarter (
    quarter DATE NOT NULL,
    unit_id UUID NOT NULL,
    {", ".join(f"{balance} BIGINT DEFAULT '0' NOT NULL" for balance in BALANCES)},
    CONSTRAINT pk_rollup_unit_quarter PRIMARY KEY (quarter, unit_id)
);
INSERT INTO rollup_unit_quarter (quarter, unit_id, {", ".join(BALANCES)})
SELECT date_trunc('quarter', r.month)::date, r.unit_id, {SUMS} FROM rollup_unit_month r GROUP BY 1, 2;
CREATE INDEX ix_rollup_unit_quarter_unit_id ON rollup_unit_quarter (unit_id, quarter);
ALTER TABLE rollup_unit_quarter ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON rollup_unit_quarter TO thads_service;
CREATE POLICY wall ON rollup_unit_quarter TO thads_service USING (
    {ALL_PARTIES} AND ({FAMILY} = '{{vn.}}' OR unit_id IN {IN_FAMILY}));
CREATE VIEW rest_rollup_unit_quarter AS
    SELECT r.quarter, {SUMS} FROM rollup_unit_quarter r
    WHERE {FAMILY} <> '{{vn.}}' AND {ALL_PARTIES} AND r.unit_id NOT IN {IN_FAMILY} GROUP BY r.quarter;
COMMENT ON VIEW rest_rollup_unit_quarter IS 'sums of the units whose figures the caller does not see';
GRANT SELECT ON rest_rollup_unit_quarter TO thads_service;
"""


# Many units are read by time, a few by unit; rows are added once a month or a quarter and unit.
INDEXES = """
-- some ten thousand rows
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_rollup_unit_month_unit_id ON rollup_unit_month (unit_id, month);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(QUARTERS)
    op.execute(INDEXES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("-- squawk-ignore require-concurrent-index-deletion\nDROP INDEX ix_rollup_unit_month_unit_id;")
    op.execute("DROP VIEW rest_rollup_unit_quarter;")
    op.execute("DROP TABLE rollup_unit_quarter;")
