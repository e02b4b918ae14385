"""Exports as jobs, which belong to the person a portal acts for."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _kinds(listed: str) -> str:
    return f"""
-- few rows: a scan of them locks nothing for long
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE job ADD CONSTRAINT ck_job_kind CHECK (kind IN ({listed}));
"""


ADDED = f"""
ALTER TABLE job ADD COLUMN person TEXT;
COMMENT ON COLUMN job.person IS 'for whom a portal began it; nobody else of that portal sees it';
-- its successor follows at once
-- squawk-ignore ban-drop-constraint
ALTER TABLE job DROP CONSTRAINT ck_job_kind;
{_kinds("'import_cases', 'export_list'")}"""
UNDONE = f"""
DELETE FROM job WHERE kind = 'export_list';
-- its successor follows at once
-- squawk-ignore ban-drop-constraint
ALTER TABLE job DROP CONSTRAINT ck_job_kind;
ALTER TABLE job DROP COLUMN person;
{_kinds("'import_cases'")}"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(ADDED)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
