"""Targets beyond two rates: more indicators, absolute numbers, milestones; targets by workload class."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BEFORE = ("cases_rate", "money_rate")
ADDED = ("administrative_rate", "credit_cases_rate", "credit_money_rate", "cases_done", "money_collected")


def _indicators(*names: str) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"CONSTRAINT ck_target_indicator CHECK (indicator IN ({listed}))"


# Targets are some thousands: checking them again takes a moment.
TARGETS = f"""
-- squawk-ignore ban-drop-constraint
ALTER TABLE target DROP CONSTRAINT ck_target_indicator;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE target ADD {_indicators(*BEFORE, *ADDED)};
ALTER TABLE target
    ADD COLUMN amount BIGINT,
    ADD COLUMN milestones JSONB DEFAULT '{{}}' NOT NULL;
-- what reads targets by their rate reads those that have one
-- squawk-ignore ban-drop-not-null
ALTER TABLE target ALTER COLUMN rate_bp DROP NOT NULL;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE target ADD CONSTRAINT ck_target_value CHECK (
    CASE WHEN indicator IN ('cases_done', 'money_collected') THEN rate_bp IS NULL AND amount >= 0
        ELSE rate_bp IS NOT NULL AND amount IS NULL END IS TRUE
);
COMMENT ON COLUMN target.amount IS 'cases or VND to be reached, of indicators that are numbers';
COMMENT ON COLUMN target.milestones IS 'months since 1 October → what is to be reached by then, like rate_bp or amount';
"""
WORKLOAD = """
CREATE TABLE workload_scheme (
    unit_id UUID NOT NULL,
    indicator TEXT NOT NULL,
    version SMALLINT NOT NULL,
    since DATE NOT NULL,
    classes JSONB NOT NULL,
    decision_no TEXT NOT NULL,
    decision_date DATE NOT NULL,
    signer TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_workload_scheme PRIMARY KEY (unit_id, indicator, version),
    CONSTRAINT ck_workload_scheme_indicator CHECK (indicator IN ('cases_rate', 'money_rate')),
    CONSTRAINT fk_workload_scheme_unit_id FOREIGN KEY (unit_id) REFERENCES unit (id)
);
COMMENT ON TABLE workload_scheme IS
    'rates by workload for the units under one; the newest version with since up to a day holds on it, and all stay';
COMMENT ON COLUMN workload_scheme.classes IS
    'rising: [{"from": cases, "rate_bp": hundredths of a percent}]; a class ends where the next one begins';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON workload_scheme
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""


def _setting(name: str, kind: str = "text") -> str:
    cast = "" if kind == "text" else f"::{kind}"
    return f"(SELECT NULLIF(current_setting('app.{name}', true), ''){cast})"


# Whoever is measured may know by what; setting it is for those who have the unit.
OF_UNIT = f"""EXISTS (SELECT FROM unit u WHERE u.id = unit_id AND (
        starts_with(u.path, {_setting("lower")})
        OR EXISTS (SELECT FROM unnest({_setting("paths", "text[]")}) p WHERE starts_with(u.path, p))))"""
WALLS = f"""
ALTER TABLE workload_scheme ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON workload_scheme FOR SELECT TO thads_service USING ({_setting("client")} IS NOT NULL);
CREATE POLICY added ON workload_scheme FOR INSERT TO thads_service WITH CHECK ({OF_UNIT});
GRANT SELECT, INSERT ON workload_scheme TO thads_service;
"""
# The way back keeps only what the schema before could hold.
UNDONE = f"""
DROP TABLE workload_scheme;
-- squawk-ignore ban-drop-constraint
ALTER TABLE target DROP CONSTRAINT ck_target_value;
-- squawk-ignore ban-drop-constraint
ALTER TABLE target DROP CONSTRAINT ck_target_indicator;
DELETE FROM target WHERE indicator NOT IN ('{"', '".join(BEFORE)}');
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE target ADD {_indicators(*BEFORE)};
-- squawk-ignore adding-not-nullable-field
ALTER TABLE target ALTER COLUMN rate_bp SET NOT NULL;
ALTER TABLE target DROP COLUMN milestones, DROP COLUMN amount;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(TARGETS)
    op.execute(WORKLOAD)
    op.execute(WALLS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
