"""Cases with their obligations and parties; the books and their rollups."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE enforcement_case (
    id UUID DEFAULT uuidv7() NOT NULL,
    file_no TEXT NOT NULL,
    decision_no TEXT NOT NULL,
    decision_date DATE NOT NULL,
    unit_id UUID NOT NULL,
    unit_path TEXT COLLATE "C" NOT NULL,
    officer_id UUID NOT NULL,
    matter_id UUID,
    kind TEXT NOT NULL,
    initiation TEXT NOT NULL,
    segment SMALLINT DEFAULT '0' NOT NULL,
    account TEXT DEFAULT 'new' NOT NULL,
    amount_vnd BIGINT DEFAULT '0' NOT NULL,
    outstanding_vnd BIGINT DEFAULT '0' NOT NULL,
    accepted_on DATE NOT NULL,
    entered_on DATE NOT NULL,
    left_on DATE,
    steering_matter BOOLEAN DEFAULT 'false' NOT NULL,
    last_event_no SMALLINT DEFAULT '0' NOT NULL,
    last_effective_on DATE NOT NULL,
    version BIGINT DEFAULT '1' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    is_open BOOLEAN GENERATED ALWAYS AS (account IN ('enforcing', 'deferred_by_agreement', 'other',
        'no_conditions', 'deferred', 'suspended')) STORED NOT NULL,
    with_conditions BOOLEAN GENERATED ALWAYS AS (account IN ('enforcing', 'deferred_by_agreement',
        'other')) STORED NOT NULL,
    CONSTRAINT pk_enforcement_case PRIMARY KEY (id),
    CONSTRAINT ck_enforcement_case_kind CHECK (kind IN ('civil', 'criminal', 'administrative',
        'family', 'commercial', 'labour', 'bankruptcy', 'arbitration', 'other')),
    CONSTRAINT ck_enforcement_case_initiation CHECK (initiation IN ('ex_officio', 'on_request')),
    CONSTRAINT ck_enforcement_case_account CHECK (account IN ('new', 'enforcing',
        'deferred_by_agreement', 'other', 'no_conditions', 'deferred', 'suspended', 'completed',
        'terminated', 'returned', 'entrusted', 'withdrawn', 'pulled_up', 'register')),
    CONSTRAINT ck_enforcement_case_balances CHECK (
        amount_vnd >= 0 AND outstanding_vnd >= 0 AND outstanding_vnd <= amount_vnd),
    CONSTRAINT fk_enforcement_case_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id),
    CONSTRAINT fk_enforcement_case_officer_id FOREIGN KEY(officer_id) REFERENCES officer (id),
    CONSTRAINT fk_enforcement_case_matter_id FOREIGN KEY(matter_id) REFERENCES matter (id)
);
CREATE INDEX ix_case_account ON enforcement_case (account, decision_date, id);
CREATE INDEX ix_case_amount ON enforcement_case (amount_vnd) WHERE amount_vnd >= 1000000000;
CREATE INDEX ix_case_kind ON enforcement_case (kind, decision_date, id);
CREATE INDEX ix_case_date ON enforcement_case (decision_date, id);
CREATE INDEX ix_case_date_open ON enforcement_case (decision_date, id) WHERE is_open;
CREATE INDEX ix_case_decision_no ON enforcement_case (decision_no);
CREATE INDEX ix_case_file_no ON enforcement_case (file_no);
CREATE INDEX ix_case_high_value ON enforcement_case (decision_date, id)
    WHERE is_open AND with_conditions AND amount_vnd >= 1000000000;
CREATE INDEX ix_case_matter ON enforcement_case (matter_id, decision_date, id) WHERE matter_id IS NOT NULL;
CREATE INDEX ix_case_officer ON enforcement_case (officer_id, decision_date, id);
CREATE INDEX ix_case_recorded_at ON enforcement_case USING brin (recorded_at);
CREATE INDEX ix_case_steering ON enforcement_case (decision_date, id) WHERE is_open AND steering_matter;
CREATE INDEX ix_case_unit ON enforcement_case (unit_id, decision_date, id);
CREATE INDEX ix_case_unit_high_value ON enforcement_case (unit_id, decision_date, id)
    WHERE is_open AND with_conditions AND amount_vnd >= 1000000000;
CREATE INDEX ix_case_unit_steering ON enforcement_case (unit_id, decision_date, id)
    WHERE is_open AND steering_matter;
CREATE INDEX ix_case_unit_open ON enforcement_case (unit_id, decision_date, id) WHERE is_open;
COMMENT ON COLUMN enforcement_case.unit_path IS 'copy of the path of the unit: what the row wall is a range of';
COMMENT ON COLUMN enforcement_case.entered_on IS 'day it last entered the counted stock';
COMMENT ON COLUMN enforcement_case.left_on IS 'day it left the counted stock; null while in it';
CREATE TABLE obligation (
    case_id UUID NOT NULL,
    no SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    amount_vnd BIGINT DEFAULT '0' NOT NULL,
    description TEXT NOT NULL,
    CONSTRAINT pk_obligation PRIMARY KEY (case_id, no),
    CONSTRAINT ck_obligation_kind CHECK (kind IN ('money_state_budget', 'money_party', 'non_monetary')),
    CONSTRAINT ck_obligation_amount CHECK (amount_vnd >= 0 AND (kind <> 'non_monetary' OR amount_vnd = 0)),
    CONSTRAINT fk_obligation_case_id FOREIGN KEY(case_id) REFERENCES enforcement_case (id)
);
CREATE TABLE party (
    case_id UUID NOT NULL,
    no SMALLINT NOT NULL,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    credit_institution BOOLEAN DEFAULT 'false' NOT NULL,
    name TEXT NOT NULL,
    masked_name TEXT NOT NULL,
    search_name TEXT NOT NULL,
    id_number TEXT,
    address TEXT,
    phone TEXT,
    CONSTRAINT pk_party PRIMARY KEY (case_id, no),
    CONSTRAINT ck_party_role CHECK (role IN ('creditor', 'debtor', 'related')),
    CONSTRAINT ck_party_kind CHECK (kind IN ('individual', 'organisation')),
    CONSTRAINT fk_party_case_id FOREIGN KEY(case_id) REFERENCES enforcement_case (id)
);
CREATE INDEX ix_party_search_name ON party USING gin (search_name gin_trgm_ops);
COMMENT ON COLUMN party.masked_name IS 'what callers without the right to names are shown';
COMMENT ON COLUMN party.search_name IS 'lower case, no diacritics';
CREATE TABLE entry (
    case_id UUID NOT NULL,
    event_no SMALLINT NOT NULL,
    line SMALLINT NOT NULL,
    event TEXT NOT NULL,
    unit_id UUID NOT NULL,
    officer_id UUID NOT NULL,
    from_account TEXT NOT NULL,
    to_account TEXT NOT NULL,
    cases SMALLINT NOT NULL,
    amount_vnd BIGINT DEFAULT '0' NOT NULL,
    effective_on DATE NOT NULL,
    booked_on DATE NOT NULL,
    reverses SMALLINT,
    source TEXT NOT NULL,
    client_id TEXT NOT NULL,
    request_id UUID,
    document_no TEXT,
    ground TEXT,
    note TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (case_id, event_no, line),
    CONSTRAINT ck_entry_event CHECK (event IN ('accepted', 'amount_raised', 'collected', 'completed',
        'reduced', 'conditions_lost', 'conditions_found', 'moved_to_other', 'deferred_by_agreement',
        'deferred', 'suspended', 'continued', 'terminated', 'terminated_in_part', 'entrusted',
        'entrusted_in_part', 'struck_off', 'withdrawn', 'pulled_up', 'to_separate_register',
        'back_from_register', 'request_returned', 'handed_over', 'officer_changed', 'reversed')),
    CONSTRAINT ck_entry_source CHECK (source IN ('person', 'partner', 'plan')),
    CONSTRAINT ck_entry_from_account CHECK (from_account IN ('accepted', 'raised', 'register_back',
        'handed_in', 'enforcing', 'deferred_by_agreement', 'other', 'no_conditions', 'deferred',
        'suspended', 'completed', 'terminated', 'reduced', 'returned', 'entrusted', 'withdrawn',
        'pulled_up', 'register_carried', 'register_new', 'handed_out', 'register_moved', 'elsewhere')),
    CONSTRAINT ck_entry_to_account CHECK (to_account IN ('accepted', 'raised', 'register_back',
        'handed_in', 'enforcing', 'deferred_by_agreement', 'other', 'no_conditions', 'deferred',
        'suspended', 'completed', 'terminated', 'reduced', 'returned', 'entrusted', 'withdrawn',
        'pulled_up', 'register_carried', 'register_new', 'handed_out', 'register_moved', 'elsewhere')),
    CONSTRAINT ck_entry_moves CHECK (cases IN (0, 1) AND amount_vnd >= 0),
    CONSTRAINT ck_entry_accounts CHECK (from_account <> to_account),
    CONSTRAINT ck_entry_days CHECK (booked_on >= effective_on),
    CONSTRAINT fk_entry_case_id FOREIGN KEY(case_id) REFERENCES enforcement_case (id)
);
CREATE INDEX ix_entry_officer_id ON entry (officer_id, booked_on);
CREATE INDEX ix_entry_unit_id ON entry (unit_id, booked_on);
COMMENT ON COLUMN entry.effective_on IS 'the true day';
COMMENT ON COLUMN entry.booked_on IS 'the day it counts on: later when the period was closed';
COMMENT ON COLUMN entry.reverses IS 'event_no of the event this one takes back';
CREATE TABLE book_year (
    fiscal_year SMALLINT NOT NULL,
    CONSTRAINT pk_book_year PRIMARY KEY (fiscal_year)
);
COMMENT ON TABLE book_year IS
    'fiscal years that have a stored opening; a statement starts from the latest one not after it';
CREATE TABLE open_stock (
    unit_id UUID NOT NULL,
    decision_month DATE NOT NULL,
    with_conditions BOOLEAN NOT NULL,
    high_value BOOLEAN NOT NULL,
    matter_id UUID,
    cases BIGINT NOT NULL,
    amount_vnd BIGINT DEFAULT '0' NOT NULL,
    outstanding_vnd BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT uq_open_stock_key UNIQUE NULLS NOT DISTINCT (unit_id, decision_month, with_conditions,
        high_value, matter_id)
);
COMMENT ON COLUMN open_stock.high_value IS 'at or above the threshold of the rule in force';
COMMENT ON COLUMN open_stock.matter_id IS 'only of matters a steering committee has tracked';
CREATE TABLE accounting_period (
    month DATE NOT NULL,
    state TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_accounting_period PRIMARY KEY (month),
    CONSTRAINT ck_accounting_period_state CHECK (state IN ('open', 'closed', 'frozen'))
);
COMMENT ON TABLE accounting_period IS 'months that are no longer open; a month without a row is open';
"""

ACCOUNTS = (
    "accepted", "raised", "register_back", "handed_in",
    "enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended",
    "completed", "terminated", "reduced", "returned",
    "entrusted", "withdrawn", "pulled_up", "register_carried", "register_new", "handed_out", "register_moved",
)  # fmt: skip
OPENING = (*ACCOUNTS[4:10], "register_carried", "register_new", "register_back", "register_moved")
# Time first: a statement reads the months of one fiscal year, of all units, however many years there are.
ROLLUPS = {
    "rollup_unit_month": (("month DATE", "unit_id UUID"), "month, unit_id", ACCOUNTS),
    "rollup_unit_day": (("day DATE", "unit_id UUID"), "day, unit_id", ACCOUNTS),
    "rollup_officer_month": (
        ("officer_id UUID", "month DATE", "unit_id UUID"), "officer_id, month, unit_id", ACCOUNTS,
    ),
    "unit_opening": (("fiscal_year SMALLINT", "unit_id UUID"), "fiscal_year, unit_id", OPENING),
}  # fmt: skip


def _rollup(name: str) -> str:
    keys, primary, accounts = ROLLUPS[name]
    columns = [f"{key} NOT NULL" for key in keys]
    columns += [f"{m}_{account} BIGINT DEFAULT 0 NOT NULL" for m in ("cases", "money") for account in accounts]
    columns.append(f"CONSTRAINT pk_{name} PRIMARY KEY ({primary})")
    return f"CREATE TABLE {name} (" + ", ".join(columns) + ");"


APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(TABLES)
    for name in ROLLUPS:
        op.execute(_rollup(name))
    op.execute(
        "ALTER TABLE unit_opening ADD CONSTRAINT fk_unit_opening_fiscal_year"
        " FOREIGN KEY (fiscal_year) REFERENCES book_year (fiscal_year);"
    )
    op.execute("CREATE INDEX ix_rollup_officer_month_unit_id ON rollup_officer_month (unit_id, month);")
    op.execute(APPEND_ONLY)
    # Cases are updated in place all day: leave room for HOT updates and vacuum before flags get slow.
    op.execute(
        "ALTER TABLE enforcement_case SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_analyze_scale_factor = 0.02);"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(
        "DROP TABLE unit_opening, rollup_officer_month, rollup_unit_day, rollup_unit_month, accounting_period,"
        " open_stock, book_year, entry, party, obligation, enforcement_case;"
    )
