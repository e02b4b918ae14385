"""Every cut: entries say what their case counted as, and rollups are kept by it. Regimes have versions."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KINDS = (
    "civil", "criminal", "administrative", "family", "commercial", "labour", "bankruptcy", "arbitration", "other",
)  # fmt: skip
CUT = f"""
CREATE TABLE cut (
    id SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    initiation TEXT NOT NULL,
    segment SMALLINT NOT NULL,
    CONSTRAINT pk_cut PRIMARY KEY (id),
    CONSTRAINT uq_cut_kind UNIQUE (kind, initiation, segment),
    CONSTRAINT ck_cut_kind CHECK (kind IN ({", ".join(f"'{kind}'" for kind in KINDS)})),
    CONSTRAINT ck_cut_initiation CHECK (initiation IN ('ex_officio', 'on_request')),
    CONSTRAINT ck_cut_segment CHECK (segment BETWEEN 0 AND 7)
);
COMMENT ON TABLE cut IS 'everything reports cut by, numbered: entries and rollups carry the number';
INSERT INTO cut (id, kind, initiation, segment)
SELECT ((k.no - 1) * 2 + i.no - 1) * 8 + s.segment, k.kind, i.initiation, s.segment
FROM unnest(ARRAY[{", ".join(f"'{kind}'" for kind in KINDS)}]) WITH ORDINALITY AS k (kind, no)
CROSS JOIN unnest(ARRAY['ex_officio', 'on_request']) WITH ORDINALITY AS i (initiation, no)
CROSS JOIN generate_series(0, 7) AS s (segment);
"""

EVENTS = (
    "accepted", "amount_raised", "collected", "completed", "reduced", "conditions_lost", "conditions_found",
    "moved_to_other", "deferred_by_agreement", "deferred", "suspended", "continued", "terminated",
    "terminated_in_part", "entrusted", "entrusted_in_part", "struck_off", "withdrawn", "pulled_up",
    "to_separate_register", "back_from_register", "request_returned", "handed_over", "officer_changed",
)  # fmt: skip


def _events(*more: str) -> str:
    listed = ", ".join(f"'{event}'" for event in (*EVENTS, *more))
    return f"""
-- its successor follows at once
-- squawk-ignore ban-drop-constraint
ALTER TABLE entry DROP CONSTRAINT ck_entry_event;
-- the table is locked for a rewrite anyway
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE entry ADD CONSTRAINT ck_entry_event CHECK (event IN ({listed}));
"""


# What is there already counted as what its case counts as now. The service stands still meanwhile.
COLUMNS = """
ALTER TABLE entry ADD COLUMN cut_id SMALLINT, ADD COLUMN matter_id UUID;
COMMENT ON COLUMN entry.cut_id IS 'what the case counted as when this was booked';
COMMENT ON COLUMN entry.matter_id IS 'the matter it belonged to then';
ALTER TABLE entry DISABLE TRIGGER append_only;
UPDATE entry e SET cut_id = k.id, matter_id = c.matter_id
FROM enforcement_case c JOIN cut k USING (kind, initiation, segment) WHERE c.id = e.case_id;
ALTER TABLE entry ENABLE TRIGGER append_only;
-- the table is locked for a rewrite anyway
-- squawk-ignore adding-not-nullable-field
ALTER TABLE entry ALTER COLUMN cut_id SET NOT NULL;
"""

ACCOUNTS = (
    "accepted", "raised", "register_back", "handed_in",
    "enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended",
    "completed", "terminated", "reduced", "returned",
    "entrusted", "withdrawn", "pulled_up", "register_carried", "register_new", "handed_out", "register_moved",
)  # fmt: skip
OPENING = (*ACCOUNTS[4:10], "register_carried", "register_new", "register_back", "register_moved")
MONTH = "date_trunc('month', l.booked_on)::date"
LATER = "JOIN book_year y ON y.fiscal_year > extract(year FROM l.booked_on + interval '3 months')"
# table → keys with their type and what they are of a line, accounts, which lines count
ROLLUPS: dict[str, tuple[dict[str, tuple[str, str]], tuple[str, ...], str]] = {
    "rollup_unit_month_cut": (
        {"unit_id": ("UUID", "l.unit_id"), "month": ("DATE", MONTH), "cut_id": ("SMALLINT", "l.cut_id")},
        ACCOUNTS,
        "",
    ),
    "rollup_officer_month_cut": (
        {
            "unit_id": ("UUID", "l.unit_id"), "month": ("DATE", MONTH), "officer_id": ("UUID", "l.officer_id"),
            "cut_id": ("SMALLINT", "l.cut_id"),
        },
        ACCOUNTS,
        "",
    ),
    "rollup_matter_month": (
        {
            "matter_id": ("UUID", "l.matter_id"), "month": ("DATE", MONTH), "unit_id": ("UUID", "l.unit_id"),
            "officer_id": ("UUID", "l.officer_id"), "cut_id": ("SMALLINT", "l.cut_id"),
        },
        ACCOUNTS,
        "WHERE l.matter_id IS NOT NULL",
    ),
    "unit_opening_cut": (
        {
            "unit_id": ("UUID", "l.unit_id"), "fiscal_year": ("SMALLINT", "y.fiscal_year"),
            "cut_id": ("SMALLINT", "l.cut_id"),
        },
        OPENING,
        LATER,
    ),
}  # fmt: skip
INDEXES = """
CREATE INDEX ix_rollup_officer_month_cut_officer_id ON rollup_officer_month_cut (officer_id, month);
CREATE INDEX ix_rollup_matter_month_unit_id ON rollup_matter_month (unit_id, month);
"""


def _balances(accounts: tuple[str, ...]) -> list[str]:
    return [f"{measure}_{account}" for measure in ("cases", "money") for account in accounts]


def _rollup(name: str) -> str:
    keys, accounts, _ = ROLLUPS[name]
    columns = [f"{key} {kind} NOT NULL" for key, (kind, _) in keys.items()]
    columns += [f"{column} BIGINT" for column in _balances(accounts)]
    columns.append(f"CONSTRAINT pk_{name} PRIMARY KEY ({', '.join(keys)})")
    if "fiscal_year" in keys:
        columns.append(f"CONSTRAINT fk_{name}_fiscal_year FOREIGN KEY (fiscal_year) REFERENCES book_year (fiscal_year)")
    return f"CREATE TABLE {name} (" + ", ".join(columns) + ");"


def _filled(name: str) -> str:
    """Net movement of every account, as for the rollups without cuts; NULL for 0."""
    keys, accounts, which = ROLLUPS[name]
    nets = []
    for measure in ("cases", "amount_vnd"):
        for account in accounts:
            gain, loss = ("from", "to") if account in ACCOUNTS[:4] else ("to", "from")
            nets.append(
                f"NULLIF((sum(CASE WHEN l.{gain}_account = '{account}' THEN l.{measure}"
                f" WHEN l.{loss}_account = '{account}' THEN -l.{measure} ELSE 0 END))::bigint, 0)"
            )
    values = [value for _, value in keys.values()]
    return (
        f"INSERT INTO {name} ({', '.join((*keys, *_balances(accounts)))})"
        f" SELECT {', '.join((*values, *nets))} FROM entry l {which} GROUP BY {', '.join(values)};"
    )


# The lines a regime fed so far fed both measures; those that are deducted were fed by one account each.
REGIMES = """
CREATE TABLE regime_version (
    code TEXT NOT NULL,
    version SMALLINT NOT NULL,
    since DATE,
    provisional BOOLEAN NOT NULL,
    lines JSONB NOT NULL,
    legal_basis TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_regime_version PRIMARY KEY (code, version),
    CONSTRAINT fk_regime_version_code FOREIGN KEY (code) REFERENCES regime (code)
);
COMMENT ON TABLE regime_version IS
    'how a regime counts; the newest version with since up to a day holds on it, and all stay';
COMMENT ON COLUMN regime_version.since IS 'first day counted by it; null: from the beginning of the regime';
COMMENT ON COLUMN regime_version.provisional IS 'a stand-in until the rules of the circular are known';
COMMENT ON COLUMN regime_version.lines IS 'measure → line of the counting identity → accounts that feed it';
INSERT INTO regime_version (code, version, provisional, lines, legal_basis)
SELECT r.code, 1, r.code = 'tt05-2026', jsonb_build_object('cases', l.lines, 'money', l.lines), r.legal_basis
FROM regime r CROSS JOIN LATERAL (
    SELECT r.lines || '{"B1": ["entrusted"], "B2": ["withdrawn"], "B3": ["pulled_up"]}' AS lines
) l;
CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE ON regime_version
    FOR EACH STATEMENT EXECUTE FUNCTION ring_reference();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON regime_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
-- read by this service alone, from the versions from now on
-- squawk-ignore ban-drop-column
ALTER TABLE regime DROP COLUMN lines;
"""
REGIMES_BACK = """
ALTER TABLE regime ADD COLUMN lines JSONB;
COMMENT ON COLUMN regime.lines IS 'line of the counting identity → accounts that feed it';
UPDATE regime r SET lines = (v.lines -> 'cases') - '{B1,B2,B3}'::text[]
FROM regime_version v WHERE v.code = r.code AND v.version = 1;
ALTER TABLE regime ALTER COLUMN lines SET NOT NULL;
DROP TABLE regime_version;
"""

# The shape of the walls, and the role, are those of migration 0004.
PRESENT = "(SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL"
WHOLE_NATION = "(SELECT NULLIF(current_setting('app.family', true), '')) = '{vn.}'"
FIGURES = f"""(SELECT NULLIF(current_setting('app.institution', true), '')) IS NULL
    AND ({WHOLE_NATION} OR unit_id IN (
        SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper
            FROM unnest((SELECT NULLIF(current_setting('app.family', true), '')::text[])) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper))"""


def _walls() -> str:
    figures = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE ON {name} TO thads_service;"
        f" CREATE POLICY wall ON {name} TO thads_service USING ({FIGURES});"
        for name in ROLLUPS
    ]
    return "\n".join(
        [
            "ALTER TABLE cut ENABLE ROW LEVEL SECURITY; GRANT SELECT ON cut TO thads_service;",
            f"CREATE POLICY seen ON cut FOR SELECT TO thads_service USING ({PRESENT});",
            "ALTER TABLE regime_version ENABLE ROW LEVEL SECURITY;",
            "GRANT SELECT, INSERT ON regime_version TO thads_service;",
            f"CREATE POLICY seen ON regime_version FOR SELECT TO thads_service USING ({PRESENT});",
            f"CREATE POLICY added ON regime_version FOR INSERT TO thads_service WITH CHECK ({WHOLE_NATION});",
            *figures,
        ]
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '1h'")
    op.execute(CUT)
    op.execute(COLUMNS)
    op.execute(_events("reclassified", "reversed"))
    for name in ROLLUPS:
        op.execute(_rollup(name))
        op.execute(_filled(name))
    op.execute(INDEXES)
    op.execute(REGIMES)
    op.execute(_walls())


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(REGIMES_BACK)
    op.execute(f"DROP TABLE {', '.join(ROLLUPS)};")
    op.execute(_events("reversed"))
    op.execute("ALTER TABLE entry DROP COLUMN matter_id, DROP COLUMN cut_id;")
    op.execute("DROP TABLE cut;")
