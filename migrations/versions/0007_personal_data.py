"""Relatives of officers, retention of personal data, legal holds."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE officer_relative (
    id UUID DEFAULT uuidv7() NOT NULL,
    officer_id UUID NOT NULL,
    relation TEXT NOT NULL,
    name TEXT NOT NULL,
    masked_name TEXT NOT NULL,
    id_number TEXT NOT NULL,
    since DATE NOT NULL,
    until DATE,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_officer_relative PRIMARY KEY (id),
    CONSTRAINT ck_officer_relative_relation CHECK (relation IN ('self', 'spouse', 'child', 'parent', 'grandparent',
        'uncle_aunt', 'sibling', 'spouse_parent', 'spouse_grandparent', 'spouse_uncle_aunt', 'spouse_sibling',
        'grandchild', 'nephew_niece')),
    CONSTRAINT ck_officer_relative_days CHECK (until >= since),
    CONSTRAINT fk_officer_relative_officer_id FOREIGN KEY(officer_id) REFERENCES officer (id)
);
CREATE INDEX ix_officer_relative_officer_id ON officer_relative (officer_id, id);
CREATE INDEX ix_officer_relative_id_number ON officer_relative (id_number);
CREATE UNIQUE INDEX uq_officer_relative_lasting ON officer_relative (officer_id, id_number) WHERE until IS NULL;
COMMENT ON COLUMN officer_relative.masked_name IS 'what callers without the right to names are shown';
COMMENT ON COLUMN officer_relative.id_number IS 'without blanks, as in party';
COMMENT ON COLUMN officer_relative.until IS 'day from which it is over; null while it lasts';
CREATE TABLE retention_class (
    code TEXT NOT NULL,
    states TEXT[] NOT NULL,
    years SMALLINT NOT NULL,
    legal_basis TEXT NOT NULL,
    provisional BOOLEAN NOT NULL,
    validity DATERANGE NOT NULL,
    CONSTRAINT pk_retention_class PRIMARY KEY (code, validity WITHOUT OVERLAPS),
    CONSTRAINT ck_retention_class_code CHECK (code IN ('case_ended', 'case_moved', 'relation_ended')),
    CONSTRAINT ck_retention_class_years CHECK (years BETWEEN 1 AND 100)
);
COMMENT ON TABLE retention_class IS 'how long personal data are kept (thời hạn lưu trữ)';
COMMENT ON COLUMN retention_class.states IS 'states of the cases it is for; none: not for cases';
COMMENT ON COLUMN retention_class.years IS 'kept for so long after the end';
COMMENT ON COLUMN retention_class.provisional IS 'no text of law with this number is known';
CREATE TABLE legal_hold (
    case_id UUID NOT NULL,
    validity DATERANGE NOT NULL,
    reason TEXT NOT NULL,
    client_id TEXT NOT NULL,
    person_id TEXT,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_legal_hold PRIMARY KEY (case_id, validity WITHOUT OVERLAPS),
    CONSTRAINT fk_legal_hold_case_id FOREIGN KEY(case_id) REFERENCES enforcement_case (id)
);
COMMENT ON TABLE legal_hold IS 'cases whose personal data must be kept whatever their age';
COMMENT ON COLUMN legal_hold.client_id IS 'who placed it';
COMMENT ON COLUMN legal_hold.person_id IS 'whom the client acted for';
"""
# The numbers are assumptions until the list of Circular 07/2025/TT-BTP was read: that is what `provisional` says.
CLASSES = """
INSERT INTO retention_class (code, states, years, legal_basis, provisional, validity) VALUES
('case_ended', '{completed,terminated,returned,withdrawn}', 20,
 'Luật Lưu trữ 2024; Thông tư 07/2025/TT-BTP (thời hạn tạm tính)', true, daterange('2026-01-01', NULL)),
('case_moved', '{entrusted,pulled_up}', 10,
 'Luật Lưu trữ 2024; Thông tư 07/2025/TT-BTP (thời hạn tạm tính)', true, daterange('2026-01-01', NULL)),
('relation_ended', '{}', 5,
 'Điều 14 Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15 (thời hạn tạm tính)', true, daterange('2026-01-01', NULL));
"""
# Concurrently would mean outside the transaction.
CASES = """
ALTER TABLE enforcement_case ADD COLUMN anonymised_on DATE;
COMMENT ON COLUMN enforcement_case.anonymised_on IS
    'day its parties lost their personal data; null when they have some';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_case_to_anonymise ON enforcement_case (account, last_effective_on, id)
    WHERE left_on IS NOT NULL AND anonymised_on IS NULL;
"""
# The law forbids the officer the case, whoever of the two the caller may see: so these look with the owner's right and
# give away a relation or a count.
FUNCTIONS = """
CREATE FUNCTION conflict_of_interest(of_case uuid, of_officer uuid, from_day date, to_day date) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    RETURN (
        SELECT min(r.relation) FROM officer_relative r JOIN party p ON p.id_number = r.id_number
        WHERE r.officer_id = of_officer AND p.case_id = of_case AND r.since <= to_day
        AND (r.until IS NULL OR r.until > greatest(r.since, from_day))
    );
CREATE FUNCTION cases_of_relative(
    of_officer uuid, number text, sought_name text, OUT same_number bigint, OUT same_name bigint
)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT count(DISTINCT c.id) FILTER (WHERE p.id_number = number),
            count(DISTINCT c.id) FILTER (WHERE p.id_number IS NULL AND p.search_name = sought_name)
        FROM enforcement_case c JOIN party p ON p.case_id = c.id
        WHERE c.officer_id = of_officer AND (c.is_open OR c.account = 'register') AND p.kind = 'individual';
    END;
REVOKE EXECUTE ON FUNCTION conflict_of_interest(uuid, uuid, date, date) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION cases_of_relative(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION conflict_of_interest(uuid, uuid, date, date) TO thads_service;
GRANT EXECUTE ON FUNCTION cases_of_relative(uuid, text, text) TO thads_service;
"""
# Relatives are seen by who sees a unit the officer serves or served in, holds by who sees the case.
WALLS = """
ALTER TABLE officer_relative ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON officer_relative TO thads_service USING (
    (SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL AND EXISTS (
        SELECT FROM officer_posting p JOIN unit u ON u.id = p.unit_id
        WHERE p.officer_id = officer_relative.officer_id AND (
            starts_with(u.path, (SELECT NULLIF(current_setting('app.lower', true), '')))
            OR EXISTS (
                SELECT FROM unnest((SELECT NULLIF(current_setting('app.paths', true), '')::text[])) g (path)
                WHERE starts_with(u.path, g.path)
            )
        )
    )
);
GRANT SELECT, INSERT, UPDATE, DELETE ON officer_relative TO thads_service;
ALTER TABLE retention_class ENABLE ROW LEVEL SECURITY;
CREATE POLICY present ON retention_class FOR SELECT TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
GRANT SELECT ON retention_class TO thads_service;
ALTER TABLE legal_hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON legal_hold TO thads_service
    USING (EXISTS (SELECT FROM enforcement_case c WHERE c.id = legal_hold.case_id));
GRANT SELECT, INSERT, UPDATE ON legal_hold TO thads_service;
"""
UNDONE = """
DROP FUNCTION cases_of_relative(uuid, text, text);
DROP FUNCTION conflict_of_interest(uuid, uuid, date, date);
DROP TABLE legal_hold, retention_class, officer_relative;
DROP INDEX ix_case_to_anonymise;
ALTER TABLE enforcement_case DROP COLUMN anonymised_on;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for statements in (TABLES, CLASSES, CASES, FUNCTIONS, WALLS):
        op.execute(statements)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
