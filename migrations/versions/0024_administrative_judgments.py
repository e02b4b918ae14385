"""The register of administrative judgments tracked, and sums over the rest of the nation."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

REGISTER = """
CREATE TABLE administrative_judgment (
    id UUID DEFAULT uuidv7() NOT NULL,
    unit_id UUID NOT NULL,
    unit_path TEXT COLLATE "C" NOT NULL,
    officer_id UUID,
    file_no TEXT NOT NULL,
    court TEXT NOT NULL,
    judgment_no TEXT NOT NULL,
    judgment_date DATE NOT NULL,
    decision_no TEXT,
    decision_date DATE,
    obliged_agency TEXT NOT NULL,
    accepted_on DATE NOT NULL,
    ended_on DATE,
    outcome TEXT,
    proposals TEXT,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_administrative_judgment PRIMARY KEY (id),
    CONSTRAINT ck_administrative_judgment_outcome CHECK (outcome IN ('enforced', 'terminated')),
    CONSTRAINT ck_administrative_judgment_decision CHECK (num_nonnulls(decision_no, decision_date) <> 1),
    CONSTRAINT ck_administrative_judgment_end CHECK (num_nonnulls(ended_on, outcome) <> 1),
    CONSTRAINT ck_administrative_judgment_days CHECK (judgment_date <= accepted_on
        AND judgment_date <= coalesce(decision_date, judgment_date) AND accepted_on <= coalesce(ended_on, accepted_on)),
    CONSTRAINT uq_administrative_judgment_unit_id_file_no UNIQUE (unit_id, file_no),
    CONSTRAINT fk_administrative_judgment_unit_id FOREIGN KEY (unit_id) REFERENCES unit (id),
    CONSTRAINT fk_administrative_judgment_officer_id FOREIGN KEY (officer_id) REFERENCES officer (id)
);
CREATE INDEX ix_administrative_judgment_unit_path ON administrative_judgment (unit_path, accepted_on, id);
CREATE INDEX ix_administrative_judgment_officer_id ON administrative_judgment (officer_id, accepted_on);
COMMENT ON TABLE administrative_judgment IS
    'administrative judgments whose enforcement by the obliged agency is tracked';
COMMENT ON COLUMN administrative_judgment.unit_path IS 'path of the unit';
COMMENT ON COLUMN administrative_judgment.officer_id IS 'who tracks it; null until somebody is named';
COMMENT ON COLUMN administrative_judgment.decision_no IS
    'of the decision that compels enforcement (buộc thi hành án hành chính)';
COMMENT ON COLUMN administrative_judgment.obliged_agency IS 'the public body that has to carry it out; no person';
COMMENT ON COLUMN administrative_judgment.accepted_on IS 'tracked from this day on';
COMMENT ON COLUMN administrative_judgment.ended_on IS 'no longer tracked from this day on';
COMMENT ON COLUMN administrative_judgment.outcome IS 'why it is no longer tracked';
COMMENT ON COLUMN administrative_judgment.proposals IS 'what was proposed against whoever is to blame';
"""
# The shape of the walls, and the role, are those of migration 0004.
ALL_PARTIES = "(SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL"
FAMILY = "(SELECT NULLIF(current_setting('app.family', true), ''))"
OF_FAMILY = f"""(
        SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper FROM unnest({FAMILY}::text[]) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper)"""
# A judgment stays with the unit that took it on, so that the figures of that unit do; whoever succeeded it goes on.
WALLS = f"""
ALTER TABLE administrative_judgment ENABLE ROW LEVEL SECURITY;
CREATE POLICY wall ON administrative_judgment TO thads_service
    USING ({ALL_PARTIES} AND ({FAMILY} = '{{vn.}}' OR unit_id IN {OF_FAMILY}));
GRANT SELECT, INSERT ON administrative_judgment TO thads_service;
GRANT UPDATE (officer_id, court, judgment_no, judgment_date, decision_no, decision_date, obliged_agency, ended_on,
    outcome, proposals, version) ON administrative_judgment TO thads_service;
CREATE VIEW rest_administrative_day AS
    SELECT d.day, sum(d.accepted)::bigint AS accepted, sum(d.enforced)::bigint AS enforced,
        sum(d.ended)::bigint AS ended
    FROM administrative_judgment r CROSS JOIN LATERAL (VALUES
        (r.accepted_on, 1, 0, 0), (r.ended_on, 0, (r.outcome = 'enforced')::int, 1)) d (day, accepted, enforced, ended)
    WHERE d.day IS NOT NULL AND {FAMILY} <> '{{vn.}}' AND {ALL_PARTIES} AND r.unit_id NOT IN {OF_FAMILY}
    GROUP BY 1;
COMMENT ON VIEW rest_administrative_day IS 'sums by day of the units whose figures the caller does not see';
GRANT SELECT ON rest_administrative_day TO thads_service;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(REGISTER)
    op.execute(WALLS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("DROP VIEW rest_administrative_day;")
    op.execute("DROP TABLE administrative_judgment;")
