"""Fills an empty, migrated database with a made-up national book: cases, entries and open stock only.

    THADS_DATABASE_URL=postgresql://… python -m bench.priority_book 2000000

The rows are made by the database (generate_series), straight into the tables: nothing here is fit for anything but
measuring plans. About 17 % of the cases are open, spread over 355 offices and 4,000 officers.
"""

import sys
from typing import Final

import psycopg

from app.services.books.commands import rebuild_statements
from app.settings import Settings

ORGANISATION: Final = """
    INSERT INTO unit (code, province_code, level, parent_id, path, validity)
    SELECT 'G15.' || p, p::text, 'provincial', n.id, 'vn.t' || lpad(p::text, 2, '0') || '.', n.validity
    FROM unit n, generate_series(1, 34) p WHERE n.level = 'national';
    INSERT INTO unit (code, province_code, level, parent_id, path, validity)
    SELECT t.code || '.' || k, t.province_code, 'regional', t.id, t.path || 'k' || lpad(k::text, 2, '0') || '.', t.validity
    FROM unit t, generate_series(1, 11) k WHERE t.level = 'provincial' AND (t.province_code::int * 11 + k) <= 366;
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT 'G15.CU.' || p, 'provincial', n.id, 'vn.p' || lpad(p::text, 2, '0') || '.',
        daterange('1993-07-01', '2025-07-01')
    FROM unit n, generate_series(1, 63) p WHERE n.level = 'national';
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT p.code || '.' || d, 'district', p.id, p.path || 'd' || lpad(d::text, 2, '0') || '.', p.validity
    FROM unit p, generate_series(1, 11) d WHERE p.code LIKE 'G15.CU.%';
    INSERT INTO unit_name (unit_id, name, validity)
    SELECT id, 'Đơn vị ' || code, validity FROM unit u WHERE NOT EXISTS (SELECT FROM unit_name n WHERE n.unit_id = u.id);
    INSERT INTO officer (code, name) SELECT 'CHV-' || n, 'Chấp hành viên ' || n FROM generate_series(1, 4000) n;
    INSERT INTO officer_posting (officer_id, unit_id, rank, validity)
    SELECT o.id, u.id, 'intermediate', daterange('2012-01-01', NULL)
    FROM (SELECT id, row_number() OVER (ORDER BY code) AS n FROM officer) o
    JOIN (SELECT id, row_number() OVER (ORDER BY path) - 1 AS n, count(*) OVER () AS units FROM unit
          WHERE level = 'regional') u ON o.n % u.units = u.n;
    INSERT INTO matter (code, name, unit_path, ever_tracked)
    SELECT 'VU-' || n, 'Vụ án số ' || n, 'vn.', n <= 60 FROM generate_series(1, 500) n;
    INSERT INTO matter_tracking (matter_id, level, tracked, state, state_since)
    SELECT id, 'central', daterange('2024-01-01', CASE WHEN code LIKE '%9' THEN date '2026-06-01' END), 'enforcing',
        '2024-01-01' FROM matter WHERE ever_tracked;
"""

# Newer years have more decisions than older ones; an open case is the likelier the younger the decision.
CASES: Final = """
    INSERT INTO enforcement_case (file_no, decision_no, decision_date, unit_id, unit_path, officer_id, matter_id, kind,
        initiation, account, amount_vnd, outstanding_vnd, accepted_on, entered_on, left_on, steering_matter,
        last_event_no, last_effective_on)
    SELECT n || '/HS', n || '/QĐ-CTHADS', d.decided, w.unit_id, w.path, w.officer_id, m.id, 'civil', 'ex_officio',
        CASE WHEN NOT d.open THEN 'completed' WHEN d.dice < 0.62 THEN 'enforcing' WHEN d.dice < 0.9 THEN 'no_conditions'
            ELSE 'deferred' END,
        d.amount, CASE WHEN d.open THEN d.amount ELSE 0 END, d.decided, d.decided,
        CASE WHEN NOT d.open THEN d.moved END, coalesce(m.ever_tracked, false),
        CASE WHEN d.open AND d.moved = d.decided THEN 1 ELSE 2 END, d.moved
    FROM (
        SELECT n, decided, dice, open, amount, matter_no,
            CASE WHEN open AND dice < 0.5 THEN decided ELSE decided + (random() * random() * (last - decided))::int END
                AS moved, 1 + (random() * 3999)::int AS officer_no
        FROM (
            SELECT n, decided, random() AS dice, last, (exp(17 + 2.5 * random_normal()))::bigint % 1000000000000000 AS amount,
                random() < 0.07 + 0.75 * exp(-(last - decided) / 500.0) AS open,
                CASE WHEN random() < 0.02 THEN (random() * 499)::int + 1 END AS matter_no
            FROM (SELECT n, date '2026-11-23' AS last, date '2026-11-23' - (5400 * power(random(), 1.3))::int AS decided
                  FROM generate_series(1, %(cases)s) n) a
        ) b
    ) d
    JOIN (SELECT o.id AS officer_id, row_number() OVER (ORDER BY o.code) AS no, u.id AS unit_id, u.path
          FROM officer o JOIN officer_posting p ON p.officer_id = o.id JOIN unit u ON u.id = p.unit_id) w
        ON w.no = d.officer_no
    LEFT JOIN (SELECT id, ever_tracked, row_number() OVER (ORDER BY code) AS no FROM matter) m ON m.no = d.matter_no
"""

ENTRIES: Final = (
    """
    INSERT INTO entry (case_id, event_no, line, event, unit_id, officer_id, from_account, to_account, cases, amount_vnd,
        effective_on, booked_on, source, client_id)
    SELECT id, 1, 1, 'accepted', unit_id, officer_id, 'accepted', 'enforcing', 1, amount_vnd, accepted_on, accepted_on,
        'plan', 'bench' FROM enforcement_case""",
    """
    INSERT INTO entry (case_id, event_no, line, event, unit_id, officer_id, from_account, to_account, cases, amount_vnd,
        effective_on, booked_on, source, client_id)
    SELECT id, 2, 1, CASE account WHEN 'completed' THEN 'completed' WHEN 'enforcing' THEN 'collected'
            WHEN 'deferred' THEN 'deferred' ELSE 'conditions_lost' END, unit_id, officer_id, 'enforcing',
        CASE WHEN account = 'enforcing' THEN 'completed' ELSE account END, (account <> 'enforcing')::int,
        CASE WHEN account = 'enforcing' THEN 0 ELSE amount_vnd END, last_effective_on, last_effective_on, 'plan', 'bench'
    FROM enforcement_case WHERE last_event_no = 2""",
)


def fill(url: str, cases: int) -> None:
    """Makes the book; the database must be freshly migrated."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT setseed(0.42)")
        connection.execute(ORGANISATION)
        connection.execute(CASES.replace("%(cases)s", str(int(cases))).encode())
        for statement in (*ENTRIES, "TRUNCATE open_stock", rebuild_statements()[-1]):
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    fill(Settings().libpq_url, int(sys.argv[1]))
