"""Cases that partners push under ids of their own, and jobs: long work that goes on when a worker ends."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The key to the case waits for the end of the transaction: an id is claimed before there is a case, so that of two
# pushes of one id at the same time the second waits and then finds the case.
TABLES = """
CREATE TABLE pushed_case (
    partner TEXT NOT NULL,
    external_id TEXT NOT NULL,
    case_id UUID DEFAULT uuidv7() NOT NULL,
    source_version BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    fixed BYTEA NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_pushed_case PRIMARY KEY (partner, external_id),
    CONSTRAINT uq_pushed_case_case_id UNIQUE (case_id),
    CONSTRAINT fk_pushed_case_partner FOREIGN KEY(partner) REFERENCES client (id),
    CONSTRAINT fk_pushed_case_case_id FOREIGN KEY(case_id) REFERENCES enforcement_case (id)
        DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE pushed_case IS 'which case a partner means by an id of its own, and what it pushed last';
COMMENT ON COLUMN pushed_case.source_version IS 'version of the partner; only higher ones are applied';
COMMENT ON COLUMN pushed_case.digest IS 'SHA-256 of all that was pushed';
COMMENT ON COLUMN pushed_case.fixed IS 'SHA-256 of what changes by events only';
CREATE TABLE pushed_event (
    partner TEXT NOT NULL,
    external_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_no SMALLINT NOT NULL,
    digest BYTEA NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_pushed_event PRIMARY KEY (partner, external_id, event_id),
    CONSTRAINT fk_pushed_event_partner_external_id FOREIGN KEY(partner, external_id)
        REFERENCES pushed_case (partner, external_id)
);
COMMENT ON TABLE pushed_event IS 'which event of a case a partner means by an id of its own';
COMMENT ON COLUMN pushed_event.digest IS 'SHA-256 of what was pushed';
CREATE TABLE job (
    id UUID DEFAULT uuidv7() NOT NULL,
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    options JSONB NOT NULL,
    request_id UUID,
    chunks INTEGER DEFAULT '0' NOT NULL,
    chunks_done INTEGER DEFAULT '0' NOT NULL,
    lines_read BIGINT DEFAULT '0' NOT NULL,
    created BIGINT DEFAULT '0' NOT NULL,
    updated BIGINT DEFAULT '0' NOT NULL,
    unchanged BIGINT DEFAULT '0' NOT NULL,
    stale BIGINT DEFAULT '0' NOT NULL,
    failed BIGINT DEFAULT '0' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    touched_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_job PRIMARY KEY (id),
    CONSTRAINT ck_job_kind CHECK (kind IN ('import_cases')),
    CONSTRAINT ck_job_state CHECK (state IN ('receiving', 'waiting', 'running', 'done', 'cancelled', 'incomplete',
        'failed')),
    CONSTRAINT fk_job_client_id FOREIGN KEY(client_id) REFERENCES client (id)
);
CREATE INDEX ix_job_client_id ON job (client_id, id);
CREATE INDEX ix_job_at_work ON job (id) WHERE state IN ('receiving', 'waiting', 'running');
COMMENT ON TABLE job IS 'long work, done piece by piece by whichever worker has time';
COMMENT ON COLUMN job.chunks IS 'pieces there are';
COMMENT ON COLUMN job.chunks_done IS 'pieces done; the next has this number';
COMMENT ON COLUMN job.touched_at IS 'when it last got on';
CREATE TABLE job_chunk (
    job_id UUID NOT NULL,
    no INTEGER NOT NULL,
    first_line BIGINT NOT NULL,
    content BYTEA,
    result BYTEA,
    CONSTRAINT pk_job_chunk PRIMARY KEY (job_id, no),
    CONSTRAINT fk_job_chunk_job_id FOREIGN KEY(job_id) REFERENCES job (id) ON DELETE CASCADE
);
COMMENT ON COLUMN job_chunk.content IS 'whole lines as they were sent; gone once they are done';
COMMENT ON COLUMN job_chunk.result IS 'one line about each of them; null until they are done';
"""


def _setting(name: str) -> str:
    return f"(SELECT NULLIF(current_setting('app.{name}', true), ''))"


# What a client pushed, and its jobs, are its own; the service finds the jobs and forgets old ones.
OWN = "{column} = " + _setting("client")
SERVICE = f"{_setting('client')} = '@service'"
OF_JOB = "EXISTS (SELECT FROM job j WHERE j.id = job_id)"
WALLS = f"""
ALTER TABLE pushed_case ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON pushed_case TO thads_service USING ({OWN.format(column="partner")});
GRANT SELECT, INSERT, UPDATE ON pushed_case TO thads_service;
ALTER TABLE pushed_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON pushed_event TO thads_service USING ({OWN.format(column="partner")});
GRANT SELECT, INSERT ON pushed_event TO thads_service;
ALTER TABLE job ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON job TO thads_service USING ({OWN.format(column="client_id")} OR {SERVICE});
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO thads_service;
ALTER TABLE job_chunk ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON job_chunk TO thads_service USING ({OF_JOB});
GRANT SELECT, INSERT, UPDATE ON job_chunk TO thads_service;
"""
UNDONE = """
DROP TABLE job_chunk, job, pushed_event, pushed_case;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for statements in (TABLES, WALLS):
        op.execute(statements)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
