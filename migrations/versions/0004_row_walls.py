"""Confidentiality, institutions and row-level security: the second wall.

The service works as a member of `thads_service`, which owns nothing and bypasses nothing. What a transaction may see
follows from its settings `app.…`; without them it sees nothing. Decision 16 says how they are read and why.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE client ADD COLUMN clearance SMALLINT DEFAULT '0' NOT NULL, ADD COLUMN institution TEXT;
COMMENT ON COLUMN client.clearance IS 'highest confidentiality class seen';
COMMENT ON COLUMN client.institution IS 'the only party whose cases it sees, by code; null: all parties';
ALTER TABLE matter ADD COLUMN confidentiality SMALLINT DEFAULT '0' NOT NULL;
COMMENT ON COLUMN matter.confidentiality IS 'class (độ mật): 0 ordinary, 1 restricted, 2 secret';
ALTER TABLE enforcement_case ADD COLUMN confidentiality SMALLINT DEFAULT '0' NOT NULL;
COMMENT ON COLUMN enforcement_case.confidentiality IS 'class of its matter';
ALTER TABLE party ADD COLUMN institution TEXT;
COMMENT ON COLUMN party.institution IS 'code of the credit institution';
CREATE TABLE case_institution (
    institution TEXT NOT NULL,
    decision_date DATE NOT NULL,
    case_id UUID NOT NULL,
    CONSTRAINT pk_case_institution PRIMARY KEY (institution, decision_date, case_id),
    CONSTRAINT uq_case_institution_case_id UNIQUE (case_id, institution),
    CONSTRAINT fk_case_institution_case_id FOREIGN KEY(case_id) REFERENCES enforcement_case (id)
);
COMMENT ON TABLE case_institution IS 'whose cases a credit institution may see: where it is creditor or debtor';
"""
# LIKE is not leakproof: under row-level security the planner may not use the trigram index for it. This function may;
# it gives away nothing but ids, which then have to pass the walls like any other.
FUNCTIONS = """
CREATE FUNCTION party_hits(wanted_role text, pattern text, most int) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public ROWS 100
    AS 'SELECT case_id FROM party WHERE role = wanted_role AND search_name LIKE pattern LIMIT most';
"""


def _setting(name: str, kind: str = "text") -> str:
    cast = "" if kind == "text" else f"::{kind}"
    return f"(SELECT NULLIF(current_setting('app.{name}', true), ''){cast})"


# A function rather than a range of two comparisons: the planner takes it for a third of the rows, not for 0.5 %.
def _within(path: str) -> str:
    several = f"EXISTS (SELECT FROM unnest({_setting('paths', 'text[]')}) p WHERE starts_with({path}, p))"
    return f"(starts_with({path}, {_setting('lower')}) OR {several})"


PRESENT = f"{_setting('client')} IS NOT NULL"
SERVICE = f"{_setting('client')} = '@service'"
ALL_PARTIES = f"{_setting('institution')} IS NULL"
CLEARED = f"confidentiality <= {_setting('clearance', 'smallint')}"
WHOLE_NATION = f"{_setting('family')} = '{{vn.}}'"
# OFFSET 0 keeps the bounds plain columns: calls of functions in the comparison are not leakproof, and would keep the
# policy of `unit` from its index.
FAMILY = f"""(
        SELECT u.id FROM (
            SELECT f AS lower, left(f, -1) || '/' AS upper FROM unnest({_setting("family", "text[]")}) f OFFSET 0
        ) f JOIN unit u ON u.path >= f.lower AND u.path < f.upper)"""


def _of_family(unit_id: str) -> str:
    return f"({WHOLE_NATION} OR {unit_id} IN {FAMILY})"


FIGURES = f"{ALL_PARTIES} AND {_of_family('unit_id')}"
# Not EXISTS: of that the planner may make a hash of the whole table, where one row is wanted.
CASE = f"""{_within("unit_path")} AND {CLEARED} AND ({ALL_PARTIES} OR (
        SELECT true FROM case_institution i
        WHERE i.case_id = enforcement_case.id AND i.institution = {_setting("institution")}))"""
OF_CASE = "(SELECT true FROM enforcement_case c WHERE c.id = case_id)"
OF_MATTER = "EXISTS (SELECT FROM matter m WHERE m.id = matter_id)"
OF_UNIT = f"EXISTS (SELECT FROM unit u WHERE u.id = unit_id AND {_within('u.path')})"
OFFICERS = f"officer_id IN (SELECT p.officer_id FROM officer_posting p WHERE {_of_family('p.unit_id')})"
# figures count every case of a unit, whatever its class
ENTRY = f"{FIGURES} AND {_setting('clearance')} = '2' OR {OF_CASE}"

# table → what is seen, what may be written (None: the same), rights of the service
WALLS = {
    "enforcement_case": (CASE, None, "SELECT, INSERT, UPDATE"),
    "case_institution": (
        f"{PRESENT} AND ({ALL_PARTIES} OR institution = {_setting('institution')})",
        None,
        "SELECT, INSERT, UPDATE, DELETE",
    ),
    "obligation": (OF_CASE, None, "SELECT, INSERT"),
    "party": (OF_CASE, None, "SELECT, INSERT, UPDATE, DELETE"),
    "entry": (ENTRY, None, "SELECT, INSERT"),
    "rollup_unit_month": (FIGURES, None, "SELECT, INSERT, UPDATE"),
    "rollup_unit_day": (FIGURES, None, "SELECT, INSERT, UPDATE"),
    "rollup_officer_month": (FIGURES, None, "SELECT, INSERT, UPDATE"),
    "unit_opening": (FIGURES, None, "SELECT, INSERT, UPDATE"),
    "open_stock": (FIGURES, None, "SELECT, INSERT, UPDATE, DELETE"),
    "matter": (f"{_within('unit_path')} AND {CLEARED} AND {ALL_PARTIES}", None, "SELECT, INSERT, UPDATE"),
    "matter_tracking": (PRESENT, OF_MATTER, "SELECT, INSERT, UPDATE, DELETE"),
    "unit": (PRESENT, _within("path"), "SELECT, INSERT, UPDATE"),
    "unit_name": (PRESENT, OF_UNIT, "SELECT, INSERT, UPDATE, DELETE"),
    "unit_successor": (PRESENT, OF_UNIT.replace("unit_id", "successor_id"), "SELECT, INSERT, UPDATE, DELETE"),
    "officer": (PRESENT, PRESENT, "SELECT, INSERT, UPDATE"),
    "officer_posting": (PRESENT, OF_UNIT, "SELECT, INSERT, UPDATE, DELETE"),
    "target": (f"{_of_family('unit_id')} OR {OFFICERS}", None, "SELECT, INSERT"),
    "regime": (PRESENT, "false", "SELECT"),
    "priority_rule": (PRESENT, WHOLE_NATION, "SELECT, INSERT, UPDATE"),
    "book_year": (PRESENT, "false", "SELECT"),
    "accounting_period": (PRESENT, "false", "SELECT"),
    "client": (SERVICE, "false", "SELECT"),
    "client_grant": (SERVICE, "false", "SELECT"),
    "idempotency_key": (
        f"client_id = {_setting('client')} OR {SERVICE}",
        None,
        "SELECT, INSERT, UPDATE, DELETE",
    ),
    "change_record": (PRESENT, None, "SELECT, INSERT"),
}
ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'thads_service') THEN
        CREATE ROLE thads_service NOLOGIN;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION party_hits(text, text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION party_hits(text, text, int) TO thads_service;
GRANT SELECT ON alembic_version TO thads_service;
"""
STOCK = ("enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended")
ACCOUNTS = (
    "accepted", "raised", "register_back", "handed_in", *STOCK, "completed", "terminated", "reduced", "returned",
    "entrusted", "withdrawn", "pulled_up", "register_carried", "register_new", "handed_out", "register_moved",
)  # fmt: skip
OPENING = (*STOCK, "register_carried", "register_new", "register_back", "register_moved")
# The national average is shown to all who may see figures: sums over everybody else, by the owner's right.
RESTS = {
    "rollup_unit_month": ("month", ACCOUNTS),
    "rollup_unit_day": ("day", ACCOUNTS),
    "unit_opening": ("fiscal_year", OPENING),
}


def _rest(table: str) -> str:
    key, accounts = RESTS[table]
    columns = [f"{measure}_{account}" for measure in ("cases", "money") for account in accounts]
    sums = ", ".join(f"(sum(r.{column}))::bigint AS {column}" for column in columns)
    return f"""
CREATE VIEW rest_{table} AS
    SELECT r.{key}, {sums} FROM {table} r
    WHERE {_setting("family")} <> '{{vn.}}' AND {ALL_PARTIES} AND r.unit_id NOT IN {FAMILY} GROUP BY r.{key};
COMMENT ON VIEW rest_{table} IS 'sums of the units whose figures the caller does not see';
GRANT SELECT ON rest_{table} TO thads_service;"""


def _wall(table: str) -> str:
    seen, written, rights = WALLS[table]
    head = f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\nGRANT {rights} ON {table} TO thads_service;\n"
    if written is None:
        return f"{head}CREATE POLICY wall ON {table} TO thads_service USING ({seen});"
    policies = [f"CREATE POLICY seen ON {table} FOR SELECT TO thads_service USING ({seen});"]
    if written != "false":
        policies += [
            f"CREATE POLICY added ON {table} FOR INSERT TO thads_service WITH CHECK ({written});",
            f"CREATE POLICY changed ON {table} FOR UPDATE TO thads_service USING ({written});",
            f"CREATE POLICY removed ON {table} FOR DELETE TO thads_service USING ({written});",
        ]
    return head + "\n".join(policies)


def _unwall(table: str) -> str:
    policies = ["wall"] if WALLS[table][1] is None else ["seen", "added", "changed", "removed"]
    drops = "".join(f"DROP POLICY IF EXISTS {policy} ON {table};\n" for policy in policies)
    return f"{drops}ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;\nREVOKE ALL ON {table} FROM thads_service;"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(COLUMNS)
    op.execute(FUNCTIONS)
    op.execute(ROLE)
    for table in WALLS:
        op.execute(_wall(table))
    for table in RESTS:
        op.execute(_rest(table))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table in RESTS:
        op.execute(f"DROP VIEW rest_{table};")
    for table in WALLS:
        op.execute(_unwall(table))
    op.execute("REVOKE ALL ON alembic_version FROM thads_service;")
    op.execute("DROP FUNCTION party_hits(text, text, int);")
    op.execute("DROP TABLE case_institution;")
    op.execute("ALTER TABLE party DROP COLUMN institution;")
    op.execute("ALTER TABLE enforcement_case DROP COLUMN confidentiality;")
    op.execute("ALTER TABLE matter DROP COLUMN confidentiality;")
    op.execute("ALTER TABLE client DROP COLUMN institution, DROP COLUMN clearance;")
