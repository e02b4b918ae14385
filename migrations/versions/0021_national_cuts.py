"""Sums over the rest of the nation by cut: indicators of some cases have a national average for every caller."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

STOCK = ("enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended")
IN = ("accepted", "raised", "register_back", "handed_in")
ACCOUNTS = (
    *IN, *STOCK, "completed", "terminated", "reduced", "returned", "entrusted", "withdrawn", "pulled_up",
    "register_carried", "register_new", "handed_out", "register_moved",
)  # fmt: skip
OPENING = (*STOCK, "register_carried", "register_new", "register_back", "register_moved")
FAMILY = "(SELECT NULLIF(current_setting('app.family', true), ''))"
# as in the views of migration 4: units whose figures the caller sees are read in their own tables
OTHERS = f"""{FAMILY} <> '{{vn.}}' AND (SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL
        AND r.unit_id NOT IN (
        SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper FROM unnest({FAMILY}::text[]) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper)"""


def _columns(accounts: tuple[str, ...]) -> list[str]:
    return [f"{measure}_{account}" for measure in ("cases", "money") for account in accounts]


def _net(measure: str, account: str) -> str:
    gain, loss = ("from", "to") if account in IN else ("to", "from")
    column = "cases" if measure == "cases" else "amount_vnd"
    return (
        f"(sum(CASE WHEN r.{gain}_account = '{account}' THEN r.{column}"
        f" WHEN r.{loss}_account = '{account}' THEN -r.{column} ELSE 0 END))::bigint AS {measure}_{account}"
    )


def _view(name: str, key: str, table: str, sums: list[str]) -> str:
    return f"""
CREATE VIEW {name} AS
    SELECT {key}, r.cut_id, {", ".join(sums)} FROM {table}
    WHERE {OTHERS} GROUP BY 1, 2;
COMMENT ON VIEW {name} IS 'sums by cut of the units whose figures the caller does not see';
GRANT SELECT ON {name} TO thads_service;"""


def _stored(table: str, key: str, accounts: tuple[str, ...]) -> str:
    sums = [f"(sum(r.{column}))::bigint AS {column}" for column in _columns(accounts)]
    return _view(f"rest_{table}", f"r.{key}", f"{table} r", sums)


# The join lets some days be found unit by unit, by the index of entries on both.
DAYS = _view(
    "rest_entry_day_cut",
    "r.booked_on AS day",
    "unit o JOIN entry r ON r.unit_id = o.id",
    [_net(measure, account) for measure in ("cases", "money") for account in ACCOUNTS],
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(_stored("rollup_unit_month_cut", "month", ACCOUNTS))
    op.execute(_stored("unit_opening_cut", "fiscal_year", OPENING))
    op.execute(DAYS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for view in ("rest_entry_day_cut", "rest_unit_opening_cut", "rest_rollup_unit_month_cut"):
        op.execute(f"DROP VIEW {view};")
