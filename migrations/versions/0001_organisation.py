"""Units, officers, matters; clients; rules and targets; the trail of changes."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE unit (
    id UUID DEFAULT uuidv7() NOT NULL,
    code TEXT NOT NULL,
    province_code TEXT,
    level TEXT NOT NULL,
    parent_id UUID,
    path TEXT COLLATE "C" NOT NULL,
    validity DATERANGE NOT NULL,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_unit PRIMARY KEY (id),
    CONSTRAINT ck_unit_level CHECK (level IN ('national', 'provincial', 'district', 'regional')),
    CONSTRAINT fk_unit_parent_id FOREIGN KEY(parent_id) REFERENCES unit (id),
    CONSTRAINT uq_unit_path UNIQUE (path),
    CONSTRAINT uq_unit_code UNIQUE (code, validity WITHOUT OVERLAPS)
);
COMMENT ON COLUMN unit.code IS 'electronic identifier, Decision 20/2020';
COMMENT ON COLUMN unit.path IS 'ends with "."; a subtree is a range';
CREATE TABLE unit_name (
    unit_id UUID NOT NULL,
    name TEXT NOT NULL,
    validity DATERANGE NOT NULL,
    CONSTRAINT pk_unit_name PRIMARY KEY (unit_id, validity WITHOUT OVERLAPS),
    CONSTRAINT fk_unit_name_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE TABLE unit_successor (
    predecessor_id UUID NOT NULL,
    successor_id UUID NOT NULL,
    since DATE NOT NULL,
    CONSTRAINT pk_unit_successor PRIMARY KEY (predecessor_id, successor_id),
    CONSTRAINT fk_unit_successor_predecessor_id FOREIGN KEY(predecessor_id) REFERENCES unit (id),
    CONSTRAINT fk_unit_successor_successor_id FOREIGN KEY(successor_id) REFERENCES unit (id)
);
CREATE TABLE officer (
    id UUID DEFAULT uuidv7() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_officer PRIMARY KEY (id),
    CONSTRAINT uq_officer_code UNIQUE (code)
);
CREATE TABLE officer_posting (
    officer_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    rank TEXT NOT NULL,
    validity DATERANGE NOT NULL,
    CONSTRAINT pk_officer_posting PRIMARY KEY (officer_id, validity WITHOUT OVERLAPS),
    CONSTRAINT ck_officer_posting_rank CHECK (rank IN ('primary', 'intermediate', 'senior', 'verifier',
        'clerk')),
    CONSTRAINT fk_officer_posting_officer_id FOREIGN KEY(officer_id) REFERENCES officer (id),
    CONSTRAINT fk_officer_posting_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_officer_posting_unit_id ON officer_posting (unit_id);
CREATE TABLE matter (
    id UUID DEFAULT uuidv7() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    unit_path TEXT COLLATE "C" NOT NULL,
    ever_tracked BOOLEAN DEFAULT 'false' NOT NULL,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_matter PRIMARY KEY (id),
    CONSTRAINT uq_matter_code UNIQUE (code)
);
CREATE INDEX ix_matter_unit_path ON matter (unit_path, code);
COMMENT ON COLUMN matter.unit_path IS 'subtree that may see the matter';
CREATE TABLE matter_tracking (
    matter_id UUID NOT NULL,
    level TEXT NOT NULL,
    tracked DATERANGE NOT NULL,
    state TEXT NOT NULL,
    state_since DATE NOT NULL,
    CONSTRAINT pk_matter_tracking PRIMARY KEY (matter_id, level, tracked WITHOUT OVERLAPS),
    CONSTRAINT ck_matter_tracking_level CHECK (level IN ('central', 'provincial')),
    CONSTRAINT ck_matter_tracking_state CHECK (state IN ('not_accepted', 'enforcing',
        'assets_exhausted', 'done')),
    CONSTRAINT fk_matter_tracking_matter_id FOREIGN KEY(matter_id) REFERENCES matter (id)
);
CREATE TABLE client (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    disabled BOOLEAN DEFAULT 'false' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_client PRIMARY KEY (id)
);
CREATE TABLE client_grant (
    client_id TEXT NOT NULL,
    unit_id UUID NOT NULL,
    CONSTRAINT pk_client_grant PRIMARY KEY (client_id, unit_id),
    CONSTRAINT fk_client_grant_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_client_grant_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
CREATE TABLE idempotency_key (
    client_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status SMALLINT,
    headers JSONB,
    body BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_idempotency_key PRIMARY KEY (client_id, key),
    CONSTRAINT fk_idempotency_key_client_id FOREIGN KEY(client_id) REFERENCES client (id)
);
CREATE INDEX ix_idempotency_key_created_at ON idempotency_key (created_at);
COMMENT ON COLUMN idempotency_key.fingerprint IS 'digest of method, path and body';
CREATE TABLE regime (
    code TEXT NOT NULL,
    name_vi TEXT NOT NULL,
    name_en TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    lines JSONB NOT NULL,
    validity DATERANGE NOT NULL,
    CONSTRAINT pk_regime PRIMARY KEY (code)
);
COMMENT ON COLUMN regime.lines IS 'line of the counting identity → accounts that feed it';
CREATE TABLE priority_rule (
    flag TEXT NOT NULL,
    version SMALLINT NOT NULL,
    years SMALLINT,
    years_inclusive BOOLEAN NOT NULL,
    min_amount_vnd BIGINT,
    amount_meant TEXT NOT NULL,
    requires_conditions BOOLEAN NOT NULL,
    legal_basis TEXT NOT NULL,
    validity DATERANGE NOT NULL,
    CONSTRAINT pk_priority_rule PRIMARY KEY (flag, version),
    CONSTRAINT ck_priority_rule_flag CHECK (flag IN ('long_running', 'high_value', 'steering_committee')),
    CONSTRAINT ck_priority_rule_amount_meant CHECK (amount_meant IN ('value', 'outstanding')),
    CONSTRAINT uq_priority_rule_flag UNIQUE (flag, validity WITHOUT OVERLAPS)
);
COMMENT ON COLUMN priority_rule.years_inclusive IS 'true: raised on the very day; false: the day after';
CREATE TABLE target (
    id UUID DEFAULT uuidv7() NOT NULL,
    unit_id UUID,
    officer_id UUID,
    fiscal_year SMALLINT NOT NULL,
    indicator TEXT NOT NULL,
    version SMALLINT NOT NULL,
    rate_bp INTEGER NOT NULL,
    decision_no TEXT NOT NULL,
    decision_date DATE NOT NULL,
    signer TEXT NOT NULL,
    effective_on DATE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_target PRIMARY KEY (id),
    CONSTRAINT ck_target_indicator CHECK (indicator IN ('cases_rate', 'money_rate')),
    CONSTRAINT ck_target_rate CHECK (rate_bp BETWEEN 0 AND 10000),
    CONSTRAINT ck_target_holder CHECK (num_nonnulls(unit_id, officer_id) = 1),
    CONSTRAINT fk_target_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_target_officer_id FOREIGN KEY(officer_id) REFERENCES officer (id)
);
CREATE INDEX ix_target_fiscal_year ON target (fiscal_year, unit_id);
CREATE INDEX ix_target_officer_id ON target (officer_id, fiscal_year);
CREATE UNIQUE INDEX uq_target_version
    ON target (unit_id, officer_id, fiscal_year, indicator, version) NULLS NOT DISTINCT;
COMMENT ON COLUMN target.version IS '1 when set, 2… as amended; all stay';
COMMENT ON COLUMN target.rate_bp IS 'hundredths of a percent: 8390 is 83.90 %';
CREATE TABLE change_record (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    unit_id UUID,
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    transaction_id BIGINT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_change_record PRIMARY KEY (id)
);
CREATE INDEX ix_change_record_recorded_at ON change_record (subject, recorded_at);
COMMENT ON COLUMN change_record.transaction_id IS 'lets a feed wait for older writers';
CREATE TABLE audit_record (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    unit_id UUID,
    action TEXT NOT NULL,
    client_id TEXT NOT NULL,
    request_id UUID,
    reason TEXT,
    before JSONB,
    after JSONB,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_audit_record PRIMARY KEY (id)
);
CREATE INDEX ix_audit_record_subject_id ON audit_record (subject_id, id);
"""

# What lives in every worker's reference cache: a change rings once per statement and table.
CACHED = (
    "unit",
    "unit_name",
    "unit_successor",
    "officer",
    "officer_posting",
    "client",
    "client_grant",
    "regime",
    "priority_rule",
    "target",
)

BELL = """
CREATE FUNCTION ring_reference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('reference', TG_TABLE_NAME);
    RETURN NULL;
END $$;
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(TABLES)
    op.execute(BELL)
    for table in CACHED:
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ring_reference();"
        )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(
        "DROP TABLE audit_record, change_record, target, priority_rule, regime, idempotency_key, client_grant, client,"
        " matter_tracking, matter, officer_posting, officer, unit_successor, unit_name, unit;"
    )
    op.execute("DROP FUNCTION ring_reference(); DROP FUNCTION refuse_rewrite();")
