"""The change feed: positions, what decides who sees a change, the head of the feed and its lineages."""

from alembic import op

revision = "0011"
down_revision = "0007"
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
UPDATE change_record c SET unit_path = u.path FROM unit u WHERE u.id = c.unit_id;
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


def _setting(name: str) -> str:
    return f"(SELECT NULLIF(current_setting('app.{name}', true), ''))"


def _within(prefix: str) -> str:
    """What the context may see, of the thing as it is or (prefix `was_`) as it was."""
    path, institution, paths = f"{prefix}unit_path", _setting("institution"), _setting("paths")
    return f"""(
        {prefix}confidentiality <= {_setting("clearance")}::smallint
        AND {path} >= {_setting("lower")} AND {path} < {_setting("upper")}
        AND ({paths} IS NULL OR EXISTS (SELECT FROM unnest({paths}::text[]) p WHERE starts_with({path}, p)))
        AND ({prefix}institutions IS NULL OR {institution} IS NULL OR {institution} = ANY ({prefix}institutions))
    )"""


# Everybody who may act writes changes; numbering and forgetting are the service's own. Rules hold for the whole nation.
WALLS = f"""
ALTER TABLE change_record ENABLE ROW LEVEL SECURITY;
CREATE POLICY written ON change_record FOR INSERT TO thads_service WITH CHECK ({_setting("client")} IS NOT NULL);
CREATE POLICY seen ON change_record FOR SELECT TO thads_service USING (
    {_setting("client")} = '@service'
    OR {_within("")}
    OR {_within("was_")}
    OR unit_path IS NULL AND subject = 'priority_rule' AND {_setting("client")} IS NOT NULL
);
CREATE POLICY numbered ON change_record FOR UPDATE TO thads_service USING ({_setting("client")} = '@service');
CREATE POLICY forgotten ON change_record FOR DELETE TO thads_service USING ({_setting("client")} = '@service');
GRANT SELECT, INSERT, UPDATE (position), DELETE ON change_record TO thads_service;
ALTER TABLE change_head ENABLE ROW LEVEL SECURITY;
CREATE POLICY present ON change_head TO thads_service USING ({_setting("client")} IS NOT NULL);
GRANT SELECT, UPDATE ON change_head TO thads_service;
ALTER TABLE change_lineage ENABLE ROW LEVEL SECURITY;
CREATE POLICY present ON change_lineage TO thads_service USING ({_setting("client")} IS NOT NULL);
GRANT SELECT, INSERT ON change_lineage TO thads_service;
"""
UNDONE = """
DROP POLICY written ON change_record;
DROP POLICY seen ON change_record;
DROP POLICY numbered ON change_record;
DROP POLICY forgotten ON change_record;
ALTER TABLE change_record DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON change_record FROM thads_service;
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
