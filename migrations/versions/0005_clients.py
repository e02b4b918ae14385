"""Keys and secrets of clients."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = """
-- squawk-ignore ban-drop-not-null
ALTER TABLE client ALTER COLUMN secret_hash DROP NOT NULL;
ALTER TABLE client
    ADD COLUMN old_secret_hash TEXT,
    ADD COLUMN old_secret_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN jwks JSONB,
    ADD COLUMN issuer TEXT;
COMMENT ON COLUMN client.secret_hash IS 'null: it has keys, or an outside issuer speaks for it';
COMMENT ON COLUMN client.old_secret_hash IS 'the secret before, good until old_secret_until';
COMMENT ON COLUMN client.jwks IS 'public keys it signs assertions with';
COMMENT ON COLUMN client.issuer IS 'outside issuer that may speak for it and the people behind it';
"""
ASSERTIONS = """
CREATE TABLE client_assertion (
    client_id TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_client_assertion PRIMARY KEY (client_id, jti),
    CONSTRAINT fk_client_assertion_client_id FOREIGN KEY(client_id) REFERENCES client (id)
);
COMMENT ON TABLE client_assertion IS 'assertions that were used; each counts once';
CREATE INDEX ix_client_assertion_expires_at ON client_assertion (expires_at);
ALTER TABLE client_assertion ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON client_assertion TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) = '@service');
GRANT SELECT, INSERT, DELETE ON client_assertion TO thads_service;
"""
# a client without a secret gets one that nothing matches
UNDONE = """
DROP TABLE client_assertion;
UPDATE client SET secret_hash = '' WHERE secret_hash IS NULL;
ALTER TABLE client
    ALTER COLUMN secret_hash SET NOT NULL,
    DROP COLUMN issuer,
    DROP COLUMN jwks,
    DROP COLUMN old_secret_until,
    DROP COLUMN old_secret_hash;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(COLUMNS)
    op.execute(ASSERTIONS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(UNDONE)
