"""Closing of months: nothing is booked into one, frozen reports with their lines, and who has sent figures."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PERIODS = """
ALTER TABLE accounting_period ADD COLUMN version BIGINT DEFAULT '1' NOT NULL;
COMMENT ON TABLE accounting_period IS 'a month is open while neither it nor a later one is closed or frozen';
-- The lock makes whoever books wait for whoever closes, and the other way round; after it the state is read anew.
-- 40001 has the whole transaction repeated, which then books into the next open month, or is refused.
CREATE FUNCTION refuse_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('accounting_period', 0));
    IF EXISTS (
        SELECT FROM booked b
        WHERE b.booked_on < (SELECT max(p.month) + interval '1 month' FROM accounting_period p WHERE p.state <> 'open')
    ) THEN
        RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER open_month AFTER INSERT ON entry REFERENCING NEW TABLE AS booked
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_month();
"""

PARTS = (
    "carried_over", "newly_accepted", "handed_over_net", "entrusted", "withdrawn", "pulled_up", "done", "enforcing",
    "deferred_by_agreement", "other", "without_conditions", "deferred_or_suspended", "accepted", "raised",
    "back_from_register", "to_register_carried", "to_register_new", "handed_in", "handed_out", "completed",
    "terminated", "reduced", "returned", "stock", "separate_register", "ended",
)  # fmt: skip
LINES = ",\n    ".join(f"{measure}_{part} BIGINT" for measure in ("cases", "money") for part in PARTS)
REPORTS = f"""
CREATE TABLE report (
    no BIGINT NOT NULL,
    month DATE NOT NULL,
    version SMALLINT NOT NULL,
    regime TEXT NOT NULL,
    regime_version SMALLINT NOT NULL,
    reason TEXT,
    watermark TEXT NOT NULL,
    units INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    cases_done BIGINT NOT NULL,
    cases_with_conditions BIGINT NOT NULL,
    money_done BIGINT NOT NULL,
    money_with_conditions BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    person_id TEXT,
    frozen_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_report PRIMARY KEY (no),
    CONSTRAINT uq_report_month UNIQUE (month, version),
    CONSTRAINT ck_report_restated CHECK (version = 1 OR reason IS NOT NULL),
    CONSTRAINT fk_report_regime FOREIGN KEY (regime, regime_version) REFERENCES regime_version (code, version)
);
COMMENT ON TABLE report IS 'frozen figures of all units (số liệu đã chốt); every version stays';
COMMENT ON COLUMN report.month IS 'the last month of the period, which is cumulative from 1 October';
COMMENT ON COLUMN report.watermark IS 'pg_current_snapshot(): the transactions whose entries it saw';
COMMENT ON COLUMN report.cases_done IS 'of the nation, as the three after it';
COMMENT ON COLUMN report.digest IS 'SHA-256 over what it is and all its lines';
CREATE TABLE report_line (
    report_no BIGINT NOT NULL,
    unit_id UUID NOT NULL,
    cut_id SMALLINT NOT NULL,
    {LINES},
    CONSTRAINT pk_report_line PRIMARY KEY (report_no, unit_id, cut_id),
    CONSTRAINT fk_report_line_report_no FOREIGN KEY (report_no) REFERENCES report (no)
);
COMMENT ON TABLE report_line IS 'what the books of a unit said, without the units below it; NULL stands for 0';
CREATE TABLE report_submission (
    id UUID DEFAULT uuidv7() NOT NULL,
    month DATE NOT NULL,
    unit_id UUID NOT NULL,
    officer_id UUID,
    missing INTEGER NOT NULL,
    reason TEXT,
    client_id TEXT NOT NULL,
    person_id TEXT,
    sent_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_report_submission PRIMARY KEY (id),
    CONSTRAINT ck_report_submission_missing CHECK (missing = 0 OR missing > 0 AND reason IS NOT NULL),
    CONSTRAINT fk_report_submission_unit_id FOREIGN KEY (unit_id) REFERENCES unit (id),
    CONSTRAINT fk_report_submission_officer_id FOREIGN KEY (officer_id) REFERENCES officer (id)
);
CREATE INDEX ix_report_submission_month ON report_submission (month, unit_id, officer_id);
COMMENT ON TABLE report_submission IS 'a unit or an officer sent, and thereby approved, the figures of a period';
COMMENT ON COLUMN report_submission.missing IS 'how many below it had not sent by then';
"""
# The number of days is that of docs/domain.md; circular 05/2026 is not known yet and taken to keep them.
DEADLINES = """
INSERT INTO deadline (code, working_days, legal_basis, validity)
SELECT d.code, d.days, c.basis, c.validity
FROM (VALUES ('report_officer', 1), ('report_unit', 2), ('report_province', 4)) AS d (code, days),
    (VALUES ('Thông tư 06/2019/TT-BTP', daterange('2020-01-05', '2024-07-26')),
            ('Thông tư 05/2024/TT-BTP', daterange('2024-07-26', '2026-07-01')),
            ('Thông tư 05/2026/TT-BTP: chưa đối chiếu, tạm giữ thời hạn cũ', daterange('2026-07-01', NULL))
    ) AS c (basis, validity);
"""
APPEND_ONLY = "".join(
    f"""
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();"""
    for table in ("report", "report_line", "report_submission")
)


def _setting(name: str, kind: str = "text") -> str:
    cast = "" if kind == "text" else f"::{kind}"
    return f"(SELECT NULLIF(current_setting('app.{name}', true), ''){cast})"


# The shape of the walls, and the role, are those of migration 0004. Periods and reports are the nation's to make.
PRESENT = f"{_setting('client')} IS NOT NULL"
ALL_PARTIES = f"{_setting('institution')} IS NULL"
WHOLE_NATION = f"{_setting('family')} = '{{vn.}}'"
FIGURES = f"""{ALL_PARTIES} AND ({WHOLE_NATION} OR unit_id IN (
        SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper FROM unnest({_setting("family", "text[]")}) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper))"""
OF_UNIT = f"""{ALL_PARTIES} AND EXISTS (SELECT FROM unit u WHERE u.id = unit_id AND (
        starts_with(u.path, {_setting("lower")})
        OR EXISTS (SELECT FROM unnest({_setting("paths", "text[]")}) p WHERE starts_with(u.path, p))))"""
WALLS = f"""
GRANT INSERT, UPDATE (state, version, changed_at) ON accounting_period TO thads_service;
CREATE POLICY closed ON accounting_period FOR INSERT TO thads_service WITH CHECK ({WHOLE_NATION});
CREATE POLICY changed ON accounting_period FOR UPDATE TO thads_service
    USING ({WHOLE_NATION} AND state <> 'frozen') WITH CHECK ({WHOLE_NATION});
ALTER TABLE report ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON report TO thads_service;
CREATE POLICY seen ON report FOR SELECT TO thads_service USING ({PRESENT} AND {ALL_PARTIES});
CREATE POLICY frozen ON report FOR INSERT TO thads_service WITH CHECK ({WHOLE_NATION});
ALTER TABLE report_line ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON report_line TO thads_service;
CREATE POLICY seen ON report_line FOR SELECT TO thads_service USING ({FIGURES});
CREATE POLICY frozen ON report_line FOR INSERT TO thads_service WITH CHECK ({WHOLE_NATION});
ALTER TABLE report_submission ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON report_submission TO thads_service;
CREATE POLICY seen ON report_submission FOR SELECT TO thads_service USING ({OF_UNIT});
CREATE POLICY sent ON report_submission FOR INSERT TO thads_service WITH CHECK ({OF_UNIT});
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for statements in (PERIODS, REPORTS, DEADLINES, APPEND_ONLY, WALLS):
        op.execute(statements)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("DROP TABLE report_submission, report_line, report;")
    op.execute("DELETE FROM deadline WHERE code IN ('report_officer', 'report_unit', 'report_province');")
    op.execute(
        "DROP POLICY closed ON accounting_period; DROP POLICY changed ON accounting_period;"
        " REVOKE INSERT, UPDATE ON accounting_period FROM thads_service;"
        " REVOKE UPDATE (state, version, changed_at) ON accounting_period FROM thads_service;"
        " ALTER TABLE accounting_period DROP COLUMN version;"
    )
    op.execute("COMMENT ON TABLE accounting_period IS 'months that are no longer open; a month without a row is open';")
    op.execute("DROP TRIGGER open_month ON entry; DROP FUNCTION refuse_closed_month();")
