"""Frozen reports hold what the books of every officer said, too. Those frozen before have none, and say so."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

PARTS = (
    "carried_over", "newly_accepted", "handed_over_net", "entrusted", "withdrawn", "pulled_up", "done", "enforcing",
    "deferred_by_agreement", "other", "without_conditions", "deferred_or_suspended", "accepted", "raised",
    "back_from_register", "to_register_carried", "to_register_new", "handed_in", "handed_out", "completed",
    "terminated", "reduced", "returned", "stock", "separate_register", "ended",
)  # fmt: skip
LINES = ", ".join(f"{measure}_{part} BIGINT" for measure in ("cases", "money") for part in PARTS)
FAMILY = "(SELECT NULLIF(current_setting('app.family', true), ''))"
WHOLE_NATION = f"{FAMILY} = '{{vn.}}'"
# as the walls of the other lines of a report (migration 15)
FIGURES = f"""(SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL AND ({WHOLE_NATION} OR unit_id IN (
        SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper FROM unnest({FAMILY}::text[]) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper))"""
OFFICERS = f"""
ALTER TABLE report ADD COLUMN officer_lines INTEGER;
COMMENT ON COLUMN report.officer_lines IS 'null: frozen before figures of officers were kept';
CREATE TABLE report_officer_line (
    report_no BIGINT NOT NULL,
    unit_id UUID NOT NULL,
    officer_id UUID NOT NULL,
    {LINES},
    CONSTRAINT pk_report_officer_line PRIMARY KEY (report_no, unit_id, officer_id),
    CONSTRAINT fk_report_officer_line_report_no FOREIGN KEY (report_no) REFERENCES report (no)
);
COMMENT ON TABLE report_officer_line IS 'what the books of an officer in a unit said; NULL stands for 0';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON report_officer_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
ALTER TABLE report_officer_line ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON report_officer_line TO thads_service;
CREATE POLICY seen ON report_officer_line FOR SELECT TO thads_service USING ({FIGURES});
CREATE POLICY frozen ON report_officer_line FOR INSERT TO thads_service WITH CHECK ({WHOLE_NATION});
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(OFFICERS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("DROP TABLE report_officer_line;")
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE report DROP COLUMN officer_lines;")
