"""The walls of figures ask one function which units are in sight, which is set up with a statement in no time."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = {
    **dict.fromkeys(
        (
            "rollup_unit_day", "rollup_unit_month", "rollup_unit_quarter", "rollup_unit_month_cut",
            "rollup_officer_month", "rollup_officer_month_cut", "rollup_matter_month", "unit_opening",
            "unit_opening_cut", "open_stock", "administrative_judgment",
        ),
        "wall",
    ),
    "report_line": "seen",
    "report_officer_line": "seen",
}  # fmt: skip
FAMILY = "(SELECT NULLIF(current_setting('app.family', true), ''))"
ALL_PARTIES = "(SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL"
# In PL/pgSQL, or the planner would put its query in the place of the call again.
FUNCTION = """
CREATE FUNCTION family_units() RETURNS SETOF uuid LANGUAGE plpgsql STABLE ROWS 100 AS $$
BEGIN
    RETURN QUERY
        SELECT u.id FROM unnest(NULLIF(current_setting('app.family', true), '')::text[]) f
        JOIN unit u ON u.path >= f AND u.path < left(f, -1) || '/';
END $$;
COMMENT ON FUNCTION family_units() IS 'units whose figures the caller may read';
REVOKE EXECUTE ON FUNCTION family_units() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION family_units() TO thads_service;
"""
# as in the policies of migrations 4, 23, 24 and 25
BEFORE = f"""(SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper FROM unnest({FAMILY}::text[]) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper)"""


def _walls(in_family: str) -> str:
    return "".join(
        f"""
ALTER POLICY {policy} ON {table} USING (
    {ALL_PARTIES} AND ({FAMILY} = '{{vn.}}' OR unit_id IN {in_family}));"""
        for table, policy in TABLES.items()
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(FUNCTION)
    op.execute(_walls("(SELECT family_units())"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(_walls(BEFORE))
    op.execute("DROP FUNCTION family_units();")
