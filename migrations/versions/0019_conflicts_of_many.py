"""Conflicts of interest of many cases in one call: a call for each was a twentieth of what a new case costs."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# As before, `since` a day on each case is to be with its officer, `to_day` the day it is looked at.
MANY = """
CREATE FUNCTION conflicts_of_interest(cases uuid[], officers uuid[], since date[], to_day date)
    RETURNS TABLE (case_id uuid, relation text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT n.case_id, min(r.relation)
        FROM unnest(cases, officers, since) AS n (case_id, officer_id, from_day)
        JOIN officer_relative r ON r.officer_id = n.officer_id
        JOIN party p ON p.case_id = n.case_id AND p.id_number = r.id_number
        WHERE r.since <= to_day AND (r.until IS NULL OR r.until > greatest(r.since, n.from_day))
        GROUP BY n.case_id;
    END;
COMMENT ON FUNCTION conflicts_of_interest(uuid[], uuid[], date[], date) IS
    'those of the cases in which a relative of the officer is a party, and how they are related';
REVOKE EXECUTE ON FUNCTION conflicts_of_interest(uuid[], uuid[], date[], date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION conflicts_of_interest(uuid[], uuid[], date[], date) TO thads_service;
-- called by this service alone, which stands still meanwhile
-- squawk-ignore ban-drop-function
DROP FUNCTION conflict_of_interest(uuid, uuid, date, date);
"""
ONE = """
CREATE FUNCTION conflict_of_interest(of_case uuid, of_officer uuid, from_day date, to_day date) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    RETURN (
        SELECT min(r.relation) FROM officer_relative r JOIN party p ON p.id_number = r.id_number
        WHERE r.officer_id = of_officer AND p.case_id = of_case AND r.since <= to_day
        AND (r.until IS NULL OR r.until > greatest(r.since, from_day))
    );
REVOKE EXECUTE ON FUNCTION conflict_of_interest(uuid, uuid, date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION conflict_of_interest(uuid, uuid, date, date) TO thads_service;
DROP FUNCTION conflicts_of_interest(uuid[], uuid[], date[], date);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(MANY)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(ONE)
