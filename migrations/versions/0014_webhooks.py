"""Webhooks: subscriptions with their places in the feed, and the log of what was sent."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE webhook (
    id UUID DEFAULT uuidv7() NOT NULL,
    client_id TEXT NOT NULL,
    url TEXT NOT NULL,
    kinds TEXT[] NOT NULL,
    unit_id UUID,
    description TEXT,
    state TEXT DEFAULT 'active' NOT NULL,
    signature TEXT NOT NULL,
    key_no BIGINT DEFAULT '1' NOT NULL,
    old_key_until TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    mark BIGINT NOT NULL,
    position BIGINT NOT NULL,
    view TEXT NOT NULL,
    replay INT8MULTIRANGE DEFAULT '{}' NOT NULL,
    notice TEXT,
    notice_id UUID,
    test_id UUID,
    attempts SMALLINT DEFAULT '0' NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    holder UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_webhook PRIMARY KEY (id),
    CONSTRAINT ck_webhook_state CHECK (state IN ('active', 'disabled', 'gone')),
    CONSTRAINT ck_webhook_signature CHECK (signature IN ('v1a', 'v1')),
    CONSTRAINT ck_webhook_notice CHECK (notice IN ('changes-lost', 'view-changed')),
    CONSTRAINT fk_webhook_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_webhook_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
) WITH (fillfactor = 50);
CREATE INDEX ix_webhook_client_id ON webhook (client_id, id);
COMMENT ON TABLE webhook IS 'who is sent which changes, and how far; its keys are derived, not kept';
COMMENT ON COLUMN webhook.unit_id IS 'only what lies in its subtree; null: all the client sees';
COMMENT ON COLUMN webhook.state IS 'gone: the receiver answered 410';
COMMENT ON COLUMN webhook.key_no IS 'the key that signs; the one before signs as well until old_key_until';
COMMENT ON COLUMN webhook.mark IS 'lineage of the position';
COMMENT ON COLUMN webhook.position IS 'everything in the feed up to here was delivered, given up, or not for this view';
COMMENT ON COLUMN webhook.view IS 'digest of what the client saw when it was last sent something';
COMMENT ON COLUMN webhook.replay IS 'positions to be sent once more, before all others';
COMMENT ON COLUMN webhook.notice IS 'why the receiver must take a new snapshot; to be sent before changes';
COMMENT ON COLUMN webhook.test_id IS 'of the test event asked for';
COMMENT ON COLUMN webhook.attempts IS 'that failed, of the event that is next';
COMMENT ON COLUMN webhook.failing_since IS 'when an event was given up first; null once one is delivered';
COMMENT ON COLUMN webhook.holder IS 'the worker that delivers now';
CREATE TABLE webhook_delivery (
    id UUID DEFAULT uuidv7() NOT NULL,
    webhook_id UUID NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    attempt SMALLINT NOT NULL,
    outcome TEXT NOT NULL,
    status_code SMALLINT,
    error TEXT,
    duration_ms INTEGER NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_webhook_delivery PRIMARY KEY (id),
    CONSTRAINT ck_webhook_delivery_outcome CHECK (outcome IN ('delivered', 'retry', 'failed')),
    CONSTRAINT fk_webhook_delivery_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id) ON DELETE CASCADE
);
CREATE INDEX ix_webhook_delivery_webhook_id ON webhook_delivery (webhook_id, id);
CREATE INDEX ix_webhook_delivery_recorded_at ON webhook_delivery (recorded_at);
COMMENT ON TABLE webhook_delivery IS 'every attempt to deliver, without what was sent or answered';
COMMENT ON COLUMN webhook_delivery.status_code IS 'null: there was no answer';
"""
# A client has its own; only the service delivers and writes the log. What a client deletes takes its log along.
WALLS = """
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON webhook TO thads_service USING (
    client_id = (SELECT NULLIF(current_setting('app.client', true), ''))
    OR (SELECT NULLIF(current_setting('app.client', true), '')) = '@service'
);
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook TO thads_service;
ALTER TABLE webhook_delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON webhook_delivery FOR SELECT TO thads_service
    USING (EXISTS (SELECT FROM webhook w WHERE w.id = webhook_delivery.webhook_id));
CREATE POLICY written ON webhook_delivery FOR INSERT TO thads_service
    WITH CHECK ((SELECT NULLIF(current_setting('app.client', true), '')) = '@service');
CREATE POLICY forgotten ON webhook_delivery FOR DELETE TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) = '@service');
GRANT SELECT, INSERT, DELETE ON webhook_delivery TO thads_service;
"""
UNDONE = """
DROP TABLE webhook_delivery, webhook;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(TABLES)
    op.execute(WALLS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
