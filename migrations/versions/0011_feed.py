"""The change feed: positions, what decides who sees a change, the head of the feed and its lineages."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE change_record
    ADD COLUMN position BIGINT,
    ADD COLUMN client_id TEXT,
    ADD COLUMN unit_path TEXT COLLATE "C",
    ADD COLUMN confidentiality SMALLINT DEFAULT '0' NOT NULL,
    ADD COLUMN institutions TEXT[],
    ADD COLUMN was_unit_path TEXT COLLATE "C",
    ADD COLUMN was_confidentiality SMALLINT,
    ADD COLUMN was_institutions TEXT[];
COMMENT ON COLUMN change_record.position IS 'place in the feed: 1, 2, 3 … without gaps; null until numbered';
COMMENT ON COLUMN change_record.client_id IS 'client that made the change';
COMMENT ON COLUMN change_record.unit_path IS 'path of the unit: who may see the thing';
COMMENT ON COLUMN change_record.confidentiality IS 'class of the thing';
COMMENT ON COLUMN change_record.institutions IS
    'institutions among its parties; null: it names no parties, so that institutions see it like everybody';
COMMENT ON COLUMN change_record.was_unit_path IS 'the same three before, when the change altered who may see the thing';
COMMENT ON COLUMN change_record.transaction_id IS 'lets numbering find what it has not seen';
-- numbering leaves one dead row for each change
ALTER TABLE change_record SET (autovacuum_vacuum_scale_factor = 0.05);
-- what was recorded before shows to whom its thing shows now, and to institutions as that does
UPDATE change_record c SET unit_path = u.path FROM unit u WHERE u.id = c.unit_id;
UPDATE change_record SET institutions = '{}' WHERE subject NOT IN ('unit', 'officer');
UPDATE change_record r SET confidentiality = c.confidentiality,
    institutions = ARRAY(SELECT i.institution FROM case_institution i WHERE i.case_id = c.id)
FROM enforcement_case c WHERE r.subject IN ('case', 'legal_hold') AND r.subject_id = c.id::text;
UPDATE change_record r SET confidentiality = m.confidentiality
FROM matter m WHERE r.subject = 'matter' AND r.subject_id = m.id::text;
"""
# Concurrently would mean outside the transaction; a feed that has only begun is indexed in a moment.
BRIEF = "-- squawk-ignore require-concurrent-index-creation\n"
INDEXES = (
    f"{BRIEF}CREATE UNIQUE INDEX uq_change_record_position ON change_record (position) WHERE position IS NOT NULL;",
    f"{BRIEF}CREATE INDEX ix_change_record_transaction_id ON change_record (transaction_id) WHERE position IS NULL;",
)
HEAD = """
CREATE TABLE change_head (
    id SMALLINT NOT NULL,
    position BIGINT NOT NULL,
    forgotten BIGINT NOT NULL,
    seen_below BIGINT NOT NULL,
    running BIGINT[] NOT NULL,
    CONSTRAINT pk_change_head PRIMARY KEY (id),
    CONSTRAINT ck_change_head_single CHECK (id = 1)
);
COMMENT ON TABLE change_head IS 'how far the feed is numbered; one row';
COMMENT ON COLUMN change_head.position IS 'the last position given';
COMMENT ON COLUMN change_head.forgotten IS 'changes up to this position were deleted for their age';
COMMENT ON COLUMN change_head.seen_below IS 'all transactions below had ended and are numbered, but those running';
INSERT INTO change_head (id, position, forgotten, seen_below, running) VALUES (1, 0, 0, 0, '{}');
CREATE TABLE change_lineage (
    no SMALLINT NOT NULL,
    mark BIGINT NOT NULL,
    server TEXT NOT NULL,
    since BIGINT NOT NULL,
    CONSTRAINT pk_change_lineage PRIMARY KEY (no)
);
COMMENT ON TABLE change_lineage IS 'which server numbered from which position on; a new one after restore or failover';
COMMENT ON COLUMN change_lineage.mark IS 'random; cursors carry it';
COMMENT ON COLUMN change_lineage.server IS 'cluster, timeline and database';
COMMENT ON COLUMN change_lineage.since IS 'the first position it numbered';
"""


def _setting(name: str, kind: str = "text") -> str:
    cast = "" if kind == "text" else f"::{kind}"
    return f"(SELECT NULLIF(current_setting('app.{name}', true), ''){cast})"


PRESENT = f"{_setting('client')} IS NOT NULL"
SERVICE = f"{_setting('client')} = '@service'"


def _visible(prefix: str) -> str:
    """What the context may see, of the thing as it is or (prefix `was_`) as it was."""
    path, institution = f"{prefix}unit_path", _setting("institution")
    several = f"EXISTS (SELECT FROM unnest({_setting('paths', 'text[]')}) p WHERE starts_with({path}, p))"
    return f"""(
        (starts_with({path}, {_setting("lower")}) OR {several})
        AND {prefix}confidentiality <= {_setting("clearance", "smallint")}
        AND ({institution} IS NULL OR {prefix}institutions IS NULL OR {institution} = ANY ({prefix}institutions))
    )"""


# Everybody who may act writes changes; numbering and forgetting are the service's own. Rules hold for the whole nation.
WALLS = f"""
DROP POLICY wall ON change_record;
CREATE POLICY written ON change_record FOR INSERT TO thads_service WITH CHECK ({PRESENT});
CREATE POLICY seen ON change_record FOR SELECT TO thads_service USING (
    {SERVICE} OR {_visible("")} OR {_visible("was_")}
    OR unit_path IS NULL AND subject = 'priority_rule' AND {PRESENT}
);
CREATE POLICY numbered ON change_record FOR UPDATE TO thads_service USING ({SERVICE});
CREATE POLICY forgotten ON change_record FOR DELETE TO thads_service USING ({SERVICE});
GRANT UPDATE (position), DELETE ON change_record TO thads_service;
ALTER TABLE change_head ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON change_head FOR SELECT TO thads_service USING ({PRESENT});
CREATE POLICY moved ON change_head FOR UPDATE TO thads_service USING ({SERVICE});
GRANT SELECT, UPDATE ON change_head TO thads_service;
ALTER TABLE change_lineage ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON change_lineage FOR SELECT TO thads_service USING ({PRESENT});
CREATE POLICY begun ON change_lineage FOR INSERT TO thads_service WITH CHECK ({SERVICE});
GRANT SELECT, INSERT ON change_lineage TO thads_service;
"""
UNDONE = f"""
DROP POLICY written ON change_record;
DROP POLICY seen ON change_record;
DROP POLICY numbered ON change_record;
DROP POLICY forgotten ON change_record;
REVOKE UPDATE (position), DELETE ON change_record FROM thads_service;
CREATE POLICY wall ON change_record TO thads_service USING ({PRESENT});
DROP TABLE change_lineage, change_head;
DROP INDEX ix_change_record_transaction_id, uq_change_record_position;
ALTER TABLE change_record RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE change_record
    DROP COLUMN was_institutions,
    DROP COLUMN was_confidentiality,
    DROP COLUMN was_unit_path,
    DROP COLUMN institutions,
    DROP COLUMN confidentiality,
    DROP COLUMN unit_path,
    DROP COLUMN client_id,
    DROP COLUMN position;
COMMENT ON COLUMN change_record.transaction_id IS 'lets a feed wait for older writers';
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(CHANGES)
    for index in INDEXES:
        op.execute(index)
    op.execute(HEAD)
    op.execute(WALLS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
