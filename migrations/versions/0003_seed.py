"""The nation, the statistical regimes, the priority rules and the national targets."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NATION = "01890000-0000-7000-8000-000000000001"

UNITS = f"""
INSERT INTO unit (id, code, level, path, validity)
VALUES ('{NATION}', 'G15', 'national', 'vn.', daterange('1993-07-01', NULL));
INSERT INTO unit_name (unit_id, name, validity) VALUES
('{NATION}', 'Tổng cục Thi hành án dân sự', daterange('1993-07-01', '2025-07-01')),
('{NATION}', 'Cục Quản lý Thi hành án dân sự', daterange('2025-07-01', NULL));
INSERT INTO book_year (fiscal_year) SELECT generate_series(2010, 2027);
"""

# Which accounts feed which line. Under Circular 08/2015 deferred and suspended cases counted as having conditions.
REGIMES = """
INSERT INTO regime (code, name_vi, name_en, legal_basis, lines, validity)
SELECT v.code, v.name_vi, v.name_en, v.legal_basis,
    jsonb_build_object(
        'D1', '["completed", "terminated", "reduced", "returned"]'::jsonb,
        'D2', '["enforcing"]'::jsonb,
        'D3', '["deferred_by_agreement"]'::jsonb,
        'D4', CASE WHEN v.two_classes THEN '["other", "deferred", "suspended"]'::jsonb
            ELSE '["other"]'::jsonb END,
        'C2', '["no_conditions"]'::jsonb,
        'C3', CASE WHEN v.two_classes THEN '[]'::jsonb ELSE '["deferred", "suspended"]'::jsonb END
    ),
    v.validity
FROM (VALUES
    ('tt08-2015', 'Thông tư 08/2015/TT-BTP', 'Circular 08/2015: two classes', 'Thông tư 08/2015/TT-BTP',
     true, daterange(NULL, '2020-01-05')),
    ('tt06-2019', 'Thông tư 06/2019/TT-BTP', 'Circular 06/2019: three classes', 'Thông tư 06/2019/TT-BTP',
     false, daterange('2020-01-05', '2024-07-26')),
    ('tt05-2024', 'Thông tư 05/2024/TT-BTP', 'Circular 05/2024: twelve forms', 'Thông tư 05/2024/TT-BTP',
     false, daterange('2024-07-26', '2026-07-01')),
    ('tt05-2026', 'Thông tư 05/2026/TT-BTP (tạm áp dụng cách tính của TT 05/2024)',
     'Circular 05/2026: provisional, counted as under Circular 05/2024; one decision per debtor',
     'Thông tư 05/2026/TT-BTP; Nghị định 152/2026/NĐ-CP', false, daterange('2026-07-01', NULL))
) AS v (code, name_vi, name_en, legal_basis, two_classes, validity);
"""

RULES = """
INSERT INTO priority_rule (flag, version, years, years_inclusive, min_amount_vnd, amount_meant,
    requires_conditions, legal_basis, validity) VALUES
('long_running', 1, 5, true, NULL, 'value', false,
 'Chỉ đạo của Tổng cục THADS về chỉ tiêu, nhiệm vụ năm 2025: quyết định thi hành án từ 5 năm trở lên',
 daterange('2024-10-01', NULL)),
('high_value', 1, 3, false, 20000000000, 'value', true,
 'Chỉ đạo của Tổng cục THADS về chỉ tiêu, nhiệm vụ năm 2025: từ 20 tỷ đồng, có điều kiện, quá 3 năm',
 daterange('2024-10-01', NULL)),
('steering_committee', 1, NULL, true, NULL, 'value', false,
 'Vụ việc do Ban Chỉ đạo phòng, chống tham nhũng, tiêu cực theo dõi',
 daterange('2024-10-01', NULL));
"""

TARGETS = f"""
INSERT INTO target (unit_id, fiscal_year, indicator, version, rate_bp, decision_no, decision_date, signer,
    effective_on)
SELECT '{NATION}', v.fiscal_year, v.indicator, 1, v.rate_bp, 'Chỉ tiêu Quốc hội giao', v.starts,
    'Quốc hội', v.starts
FROM (VALUES
    (2022, 'cases_rate', 8150, date '2021-10-01'), (2022, 'money_rate', 4010, date '2021-10-01'),
    (2023, 'cases_rate', 8250, date '2022-10-01'), (2023, 'money_rate', 4550, date '2022-10-01'),
    (2025, 'cases_rate', 8390, date '2024-10-01'), (2025, 'money_rate', 5190, date '2024-10-01')
) AS v (fiscal_year, indicator, rate_bp, starts);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for statement in (UNITS, REGIMES, RULES, TARGETS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(f"DELETE FROM target WHERE unit_id = '{NATION}';")
    op.execute("DELETE FROM priority_rule; DELETE FROM regime; DELETE FROM book_year;")
    op.execute(f"DELETE FROM unit_name WHERE unit_id = '{NATION}'; DELETE FROM unit WHERE id = '{NATION}';")
