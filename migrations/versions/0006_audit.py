"""Who, where and how secret in every audit record; its hash chains."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RECORDS = """
ALTER TABLE audit_record
    ADD COLUMN unit_path TEXT COLLATE "C",
    ADD COLUMN confidentiality SMALLINT DEFAULT '0' NOT NULL,
    ADD COLUMN person_id TEXT,
    ADD COLUMN person_unit_id UUID,
    ADD COLUMN person_role TEXT,
    ADD COLUMN transaction_id BIGINT DEFAULT pg_current_xact_id()::text::bigint NOT NULL;
COMMENT ON COLUMN audit_record.unit_id IS 'null: about things of the whole nation, such as clients and rules';
COMMENT ON COLUMN audit_record.unit_path IS 'path of the unit: who may read the record';
COMMENT ON COLUMN audit_record.confidentiality IS 'class of the subject then';
COMMENT ON COLUMN audit_record.person_id IS 'whom the client acted for, as the token said';
COMMENT ON COLUMN audit_record.reason IS 'of a change; of an unmasked read its purpose';
COMMENT ON COLUMN audit_record.transaction_id IS 'lets chaining find what it has not seen';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_audit_record_subject_id;
"""
# Concurrently would mean outside the transaction; a trail that has only begun is indexed in a moment.
BRIEF = "-- squawk-ignore require-concurrent-index-creation\n"
INDEXES = {
    "transaction_id": "(transaction_id)",
    "recorded_at": "(recorded_at, id)",
    "unit_id": "(unit_id, recorded_at, id)",
    "subject_id": "(subject_id, recorded_at, id)",
    "subject": "(subject, recorded_at, id)",
    "action": "(action, recorded_at, id)",
    "client_id": "(client_id, recorded_at, id)",
    "person_id": "(person_id, recorded_at, id) WHERE person_id IS NOT NULL",
}
CHAIN = """
CREATE TABLE audit_link (
    unit_id UUID NOT NULL,
    no BIGINT NOT NULL,
    audit_id BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    digest BYTEA NOT NULL,
    CONSTRAINT pk_audit_link PRIMARY KEY (unit_id, no),
    CONSTRAINT uq_audit_link_audit_id UNIQUE (audit_id)
);
COMMENT ON COLUMN audit_link.unit_id IS 'the chain; the nil UUID for records without a unit';
COMMENT ON COLUMN audit_link.no IS '1, 2, 3 … within the chain';
COMMENT ON COLUMN audit_link.since IS 'the round before: the record was not there yet';
COMMENT ON COLUMN audit_link.digest IS 'SHA-256 of the digest before and of the record';
CREATE TABLE audit_head (
    unit_id UUID NOT NULL,
    no BIGINT NOT NULL,
    audit_id BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (unit_id)
);
COMMENT ON TABLE audit_head IS 'the last link of each chain';
CREATE TABLE audit_round (
    id SMALLINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_below BIGINT NOT NULL,
    CONSTRAINT pk_audit_round PRIMARY KEY (id),
    CONSTRAINT ck_audit_round_single CHECK (id = 1)
);
COMMENT ON TABLE audit_round IS 'the last round of chaining; one row';
COMMENT ON COLUMN audit_round.seen_below IS 'all transactions below had ended, and are linked';
INSERT INTO audit_round (id, at, seen_below) VALUES (1, '1970-01-01 00:00:00+00', 0);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE FUNCTION audit_next(digest bytea, head bytea, content text) RETURNS bytea LANGUAGE sql IMMUTABLE
    RETURN sha256(coalesce(digest, head) || convert_to(content, 'UTF8'));
CREATE AGGREGATE audit_chain(head bytea, content text) (SFUNC = audit_next, STYPE = bytea);
"""
# Nobody but the owner's superuser can rewrite what was written. Reading: records of the caller's units and up to its
# class; those without a unit for the whole nation. `@service` is the service itself, chaining and verifying.
WALLS = """
ALTER TABLE audit_record ENABLE ROW LEVEL SECURITY;
CREATE POLICY written ON audit_record FOR INSERT TO thads_service
    WITH CHECK ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
CREATE POLICY seen ON audit_record FOR SELECT TO thads_service USING (
    (SELECT current_setting('app.client', true)) = '@service'
    OR confidentiality <= (SELECT NULLIF(current_setting('app.clearance', true), '')::smallint)
    AND (SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL
    AND (
        (SELECT NULLIF(current_setting('app.lower', true), '')) = 'vn.'
        OR starts_with(unit_path, (SELECT NULLIF(current_setting('app.lower', true), '')))
        OR EXISTS (
            SELECT FROM unnest((SELECT NULLIF(current_setting('app.paths', true), '')::text[])) p
            WHERE starts_with(unit_path, p)
        )
    )
);
GRANT SELECT, INSERT ON audit_record TO thads_service;
ALTER TABLE audit_link ENABLE ROW LEVEL SECURITY;
CREATE POLICY present ON audit_link TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
GRANT SELECT, INSERT ON audit_link TO thads_service;
ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY;
CREATE POLICY present ON audit_head TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
GRANT SELECT, INSERT, UPDATE ON audit_head TO thads_service;
ALTER TABLE audit_round ENABLE ROW LEVEL SECURITY;
CREATE POLICY present ON audit_round TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
GRANT SELECT, UPDATE ON audit_round TO thads_service;
"""
UNDONE = """
DROP POLICY written ON audit_record;
DROP POLICY seen ON audit_record;
ALTER TABLE audit_record DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON audit_record FROM thads_service;
DROP AGGREGATE audit_chain(bytea, text);
DROP FUNCTION audit_next(bytea, bytea, text);
DROP TABLE audit_round, audit_head, audit_link;
DROP INDEX ix_audit_record_subject_id;
ALTER TABLE audit_record
    DROP COLUMN transaction_id,
    DROP COLUMN person_role,
    DROP COLUMN person_unit_id,
    DROP COLUMN person_id,
    DROP COLUMN confidentiality,
    DROP COLUMN unit_path;
DROP INDEX ix_audit_record_recorded_at, ix_audit_record_unit_id, ix_audit_record_subject, ix_audit_record_action,
    ix_audit_record_client_id;
COMMENT ON COLUMN audit_record.unit_id IS NULL;
COMMENT ON COLUMN audit_record.reason IS NULL;
CREATE INDEX ix_audit_record_subject_id ON audit_record (subject_id, id);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(RECORDS)
    for name, columns in INDEXES.items():
        op.execute(f"{BRIEF}CREATE INDEX ix_audit_record_{name} ON audit_record {columns};")
    op.execute(CHAIN)
    op.execute(WALLS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
