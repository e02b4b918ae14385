"""Files of events as jobs, and why a job ended before it was done."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def _kinds(listed: str) -> str:
    return f"""
-- few rows: a scan of them locks nothing for long
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE job ADD CONSTRAINT ck_job_kind CHECK (kind IN ({listed}));
"""


ADDED = f"""
-- its successor follows at once
-- squawk-ignore ban-drop-constraint
ALTER TABLE job DROP CONSTRAINT ck_job_kind;
{_kinds("'import_cases', 'import_events', 'export_list'")}
ALTER TABLE job ADD COLUMN reason TEXT;
COMMENT ON COLUMN job.reason IS 'why it ended before it was done; null of those called off';
-- few rows: a scan of them locks nothing for long
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE job ADD CONSTRAINT ck_job_reason CHECK (reason IN ('upload_broke_off', 'upload_refused', 'not_allowed',
    'refused', 'defect'));
"""
UNDONE = f"""
DELETE FROM job WHERE kind = 'import_events';
-- its successor follows at once
-- squawk-ignore ban-drop-constraint
ALTER TABLE job DROP CONSTRAINT ck_job_kind;
ALTER TABLE job DROP COLUMN reason;
{_kinds("'import_cases', 'export_list'")}"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(ADDED)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
