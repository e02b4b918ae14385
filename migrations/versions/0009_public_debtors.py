"""Judgments of cases; holidays and deadlines; the public list of debtors without conditions."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE enforcement_case
    ADD COLUMN judgment_no TEXT,
    ADD COLUMN judgment_date DATE,
    ADD COLUMN court TEXT;
COMMENT ON COLUMN enforcement_case.court IS 'who gave the judgment';
CREATE TABLE holiday (
    day DATE NOT NULL,
    name TEXT NOT NULL,
    works BOOLEAN DEFAULT 'false' NOT NULL,
    announced BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_holiday PRIMARY KEY (day)
);
COMMENT ON TABLE holiday IS 'days that are not as their weekday says; a year with rows is known as a whole';
COMMENT ON COLUMN holiday.works IS 'a day off is made up for on this day';
COMMENT ON COLUMN holiday.announced IS 'by law or announcement; false: calculated, may change';
CREATE TABLE deadline (
    code TEXT NOT NULL,
    working_days SMALLINT NOT NULL,
    legal_basis TEXT NOT NULL,
    validity DATERANGE NOT NULL,
    CONSTRAINT pk_deadline PRIMARY KEY (code, validity WITHOUT OVERLAPS),
    CONSTRAINT ck_deadline_working_days CHECK (working_days > 0)
);
COMMENT ON TABLE deadline IS 'within how many working days something is due, by the day of what sets it off';
CREATE TABLE public_debtor (
    id UUID NOT NULL,
    case_id UUID NOT NULL,
    unit_id UUID NOT NULL,
    name TEXT NOT NULL,
    search_name TEXT NOT NULL,
    address TEXT,
    judgment_no TEXT,
    judgment_date DATE,
    court TEXT,
    decision_no TEXT,
    decision_date DATE NOT NULL,
    obligation TEXT NOT NULL,
    outstanding_vnd BIGINT NOT NULL,
    reason TEXT,
    published_on DATE NOT NULL,
    due_on DATE,
    CONSTRAINT pk_public_debtor PRIMARY KEY (id),
    CONSTRAINT fk_public_debtor_case_id FOREIGN KEY(case_id) REFERENCES enforcement_case (id)
);
CREATE INDEX ix_public_debtor_case_id ON public_debtor (case_id);
CREATE INDEX ix_public_debtor_published_on ON public_debtor (published_on, id);
CREATE INDEX ix_public_debtor_unit_id ON public_debtor (unit_id, published_on, id);
CREATE INDEX ix_public_debtor_decision_no ON public_debtor (decision_no, published_on, id);
CREATE INDEX ix_public_debtor_search_name ON public_debtor USING gin (search_name gin_trgm_ops);
COMMENT ON TABLE public_debtor IS
    'kept in the transaction of the books; one row per debtor of a case without conditions';
COMMENT ON COLUMN public_debtor.id IS 'made of case and party: the same after every rebuild';
COMMENT ON COLUMN public_debtor.search_name IS 'lower case, no diacritics';
COMMENT ON COLUMN public_debtor.decision_no IS 'decision that there are no conditions';
COMMENT ON COLUMN public_debtor.published_on IS 'day in Vietnam on which the decision was recorded';
COMMENT ON COLUMN public_debtor.due_on IS 'last lawful day of publishing; null: outside the years of the calendar';
"""

LAW = "Bộ luật Lao động 2019, Điều 112"
COMPENSATED = "Bộ luật Lao động 2019, Điều 111 khoản 3"
ANNOUNCED_2024 = "Phương án nghỉ Tết Âm lịch và Quốc khánh năm 2024 (Bộ Lao động - Thương binh và Xã hội)"
SWAP_2024 = "Công văn 2450/VPCP-KGVX năm 2024"
ANNOUNCED_2025 = "Thông báo 6150/TB-BLĐTBXH năm 2024"
NEW_YEAR_2026 = "Công văn 12729/VPCP-KGVX ngày 25/12/2025"
ANNOUNCED_2026 = "Lịch nghỉ Tết Nguyên đán và Quốc khánh năm 2026, Thông tấn xã Việt Nam ngày 17/10/2025"
LUNAR = "Tính theo âm lịch: ngày 10 tháng 3"
CULTURE = "Nghị quyết 80-NQ/TW ngày 07/01/2026: chủ trương là ngày nghỉ; văn bản luật chưa đối chiếu"
LIKE_2024 = "Tạm tính như năm 2024 (mùng 1 cũng là thứ Bảy), chưa công bố"
TET, KINGS, NATIONAL = "Tết Nguyên đán", "Giỗ Tổ Hùng Vương", "Quốc khánh"

# day, name, whether it is worked (a Saturday in place of a day off), whether it is announced, source
FIXED = [
    (f"{year}-{day}", name, False, True, LAW)
    for year in range(2024, 2028)
    for day, name in (
        ("01-01", "Tết Dương lịch"),
        ("04-30", "Ngày Chiến thắng"),
        ("05-01", "Quốc tế Lao động"),
        ("09-02", NATIONAL),
    )
]
HOLIDAYS = [
    *FIXED,
    *((f"2024-02-{day:02}", TET, False, True, ANNOUNCED_2024) for day in range(8, 15)),
    ("2024-04-18", KINGS, False, True, LAW),
    ("2024-04-29", "Nghỉ hoán đổi", False, True, SWAP_2024),
    ("2024-05-04", "Làm bù ngày 29/4", True, True, SWAP_2024),
    ("2024-09-03", NATIONAL, False, True, ANNOUNCED_2024),
    *((f"2025-01-{day}", TET, False, True, ANNOUNCED_2025) for day in range(27, 32)),
    ("2025-04-07", KINGS, False, True, LAW),
    ("2025-04-26", "Làm bù ngày 02/5", True, True, ANNOUNCED_2025),
    ("2025-05-02", "Nghỉ hoán đổi", False, True, ANNOUNCED_2025),
    ("2025-09-01", NATIONAL, False, True, ANNOUNCED_2025),
    ("2026-01-02", "Nghỉ hoán đổi", False, True, NEW_YEAR_2026),
    ("2026-01-10", "Làm bù ngày 02/01", True, True, NEW_YEAR_2026),
    *((f"2026-02-{day}", TET, False, True, ANNOUNCED_2026) for day in range(16, 21)),
    ("2026-04-26", KINGS, False, True, LAW),
    ("2026-04-27", "Nghỉ bù Giỗ Tổ Hùng Vương", False, True, COMPENSATED),
    ("2026-08-22", "Làm bù ngày 31/8", True, True, ANNOUNCED_2026),
    ("2026-08-31", "Nghỉ hoán đổi", False, True, ANNOUNCED_2026),
    ("2026-09-01", NATIONAL, False, True, ANNOUNCED_2026),
    ("2026-11-24", "Ngày Văn hóa Việt Nam", False, False, CULTURE),
    *((f"2027-02-{day:02}", TET, False, False, LIKE_2024) for day in range(4, 11)),
    ("2027-04-16", KINGS, False, False, LUNAR),
    ("2027-05-03", "Nghỉ bù Quốc tế Lao động", False, True, COMPENSATED),
    ("2027-09-03", NATIONAL, False, False, "Ngày liền kề tạm tính, chưa công bố"),
    ("2027-11-24", "Ngày Văn hóa Việt Nam", False, False, CULTURE),
]
DEADLINES = """
INSERT INTO deadline (code, working_days, legal_basis, validity) VALUES
('debtor_published', 5, 'Điều 44a Luật Thi hành án dân sự (sửa đổi năm 2014); từ 01/7/2026 Luật 106/2025/QH15',
 daterange('2015-07-01', NULL)),
('debtor_updated', 3, 'Điều 44a Luật Thi hành án dân sự (sửa đổi năm 2014); từ 01/7/2026 Luật 106/2025/QH15',
 daterange('2015-07-01', NULL)),
('debtor_removed', 2, 'Điều 44a Luật Thi hành án dân sự (sửa đổi năm 2014)', daterange('2015-07-01', '2026-07-01')),
('debtor_removed', 3, 'Luật 106/2025/QH15', daterange('2026-07-01', NULL));
"""

# Everybody may read the list, whatever else they may see; only who has a case before them keeps its rows.
# LIKE is not leakproof, so the policy would keep it from the trigram index; there is nothing here that could leak, and
# the view has the same condition without the barrier.
WALLS = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'thads_service') THEN
        CREATE ROLE thads_service NOLOGIN;
    END IF;
END $$;
ALTER TABLE public_debtor ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON public_debtor FOR SELECT TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
CREATE POLICY added ON public_debtor FOR INSERT TO thads_service
    WITH CHECK (EXISTS (SELECT FROM enforcement_case c WHERE c.id = case_id));
CREATE POLICY changed ON public_debtor FOR UPDATE TO thads_service
    USING (EXISTS (SELECT FROM enforcement_case c WHERE c.id = case_id));
CREATE POLICY removed ON public_debtor FOR DELETE TO thads_service
    USING (EXISTS (SELECT FROM enforcement_case c WHERE c.id = case_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON public_debtor TO thads_service;
CREATE VIEW public_list AS
    SELECT * FROM public_debtor
    WHERE (SELECT NOT row_security_active('public_debtor')
        OR NULLIF(current_setting('app.client', true), '') IS NOT NULL);
GRANT SELECT ON public_list TO thads_service;
ALTER TABLE holiday ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON holiday FOR SELECT TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
GRANT SELECT ON holiday TO thads_service;
ALTER TABLE deadline ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON deadline FOR SELECT TO thads_service
    USING ((SELECT NULLIF(current_setting('app.client', true), '')) IS NOT NULL);
GRANT SELECT ON deadline TO thads_service;
"""


def _holidays() -> str:
    rows = (f"('{day}', '{name}', {works}, {known}, '{source}')" for day, name, works, known, source in HOLIDAYS)
    return "INSERT INTO holiday (day, name, works, announced, source) VALUES\n" + ",\n".join(rows) + ";"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for statement in (TABLES, _holidays(), DEADLINES, WALLS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("DROP VIEW public_list; DROP TABLE public_debtor, deadline, holiday;")
    op.execute("ALTER TABLE enforcement_case DROP COLUMN court, DROP COLUMN judgment_date, DROP COLUMN judgment_no;")
