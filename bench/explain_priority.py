"""Plans and times of the priority queries on a book as large as wanted.

    THADS_DATABASE_URL=postgresql://… python -m bench.explain_priority fill 2000000   # an empty, migrated database
    THADS_DATABASE_URL=postgresql://… python -m bench.explain_priority                # a Markdown table

The cases are made by the database (generate_series), straight into the tables, with the entries that brought them
where they are: fit for measuring plans and nothing else. About 18 % are open, in 355 offices, with 4,000 officers.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import psycopg

from app.db import Database
from app.models import aggregates as agg
from app.services import reference
from app.services.access import Caller
from app.services.priority.queries import Parameters, Wanted, list_sql
from app.services.priority.rules import kept_threshold, stretches
from app.services.priority.summary_queries import totals_sql
from app.services.priority.upcoming_queries import upcoming_sql
from app.services.reference import Reference
from app.settings import Settings

TODAY: Final = date(2026, 11, 24)
RUNS: Final = 15

_ORGANISATION: Final = """
    INSERT INTO unit (code, province_code, level, parent_id, path, validity)
    SELECT 'G15.' || p, p::text, 'provincial', n.id, 'vn.t' || lpad(p::text, 2, '0') || '.', n.validity
    FROM unit n, generate_series(1, 34) p WHERE n.level = 'national';
    INSERT INTO unit (code, province_code, level, parent_id, path, validity)
    SELECT t.code || '.' || k, t.province_code, 'regional', t.id, t.path || 'k' || lpad(k::text, 2, '0') || '.',
        t.validity
    FROM unit t, generate_series(1, 11) k WHERE t.level = 'provincial' AND (t.province_code::int * 11 + k) <= 366;
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT 'G15.CU.' || p, 'provincial', n.id, 'vn.p' || lpad(p::text, 2, '0') || '.',
        daterange('1993-07-01', '2025-07-01')
    FROM unit n, generate_series(1, 63) p WHERE n.level = 'national';
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT p.code || '.' || d, 'district', p.id, p.path || 'd' || lpad(d::text, 2, '0') || '.', p.validity
    FROM unit p, generate_series(1, 11) d WHERE p.code LIKE 'G15.CU.%';
    INSERT INTO unit_name (unit_id, name, validity)
    SELECT id, 'Đơn vị ' || code, validity FROM unit WHERE level <> 'national';
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
_CASES: Final = """
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
            SELECT n, decided, random() AS dice, last, random() < 0.07 + 0.75 * exp(-(last - decided) / 500.0) AS open,
                (exp(17 + 2.5 * random_normal()))::bigint % 1000000000000000 AS amount,
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

_ENTRY: Final = """
    INSERT INTO entry (case_id, event_no, line, event, unit_id, officer_id, from_account, to_account, cases, amount_vnd,
        effective_on, booked_on, source, client_id)"""
_ENTRIES: Final = (
    f"""{_ENTRY}
    SELECT id, 1, 1, 'accepted', unit_id, officer_id, 'accepted', 'enforcing', 1, amount_vnd, accepted_on, accepted_on,
        'plan', 'bench' FROM enforcement_case""",
    f"""{_ENTRY}
    SELECT id, 2, 1, CASE account WHEN 'completed' THEN 'completed' WHEN 'enforcing' THEN 'collected'
            WHEN 'deferred' THEN 'deferred' ELSE 'conditions_lost' END, unit_id, officer_id, 'enforcing',
        CASE WHEN account = 'enforcing' THEN 'completed' ELSE account END, (account <> 'enforcing')::int,
        CASE WHEN account = 'enforcing' THEN 0 ELSE amount_vnd END, last_effective_on, last_effective_on, 'plan',
        'bench'
    FROM enforcement_case WHERE last_event_no = 2""",
    "TRUNCATE open_stock",
    f"INSERT INTO open_stock ({agg.STOCK_KEY}, cases, amount_vnd, outstanding_vnd) {agg.OPEN_STOCK}",
)


def fill(url: str, cases: int) -> None:
    """Makes the book in a freshly migrated database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT setseed(0.42)")
        for statement in (_ORGANISATION, _CASES.replace("%(cases)s", str(cases)), *_ENTRIES, "VACUUM ANALYZE"):
            connection.execute(statement.encode())


@dataclass(frozen=True)
class Question:
    """One statement with its parameters."""

    name: str
    sql: str
    parameters: Parameters


def _asked(name: str, wanted: Wanted, make: Callable[[Wanted, Parameters], str]) -> Question:
    parameters = wanted.parameters(51)
    return Question(name, make(wanted, parameters), parameters)


def questions(ref: Reference) -> Iterator[Question]:
    """First pages of lists and whole summaries, of the nation, a province and an office, on several days."""
    kept = kept_threshold(ref.rules)
    ahead = stretches(ref.rules, TODAY, TODAY + timedelta(days=30))
    officer = next(iter(ref.officers))
    for place, path in (("nation", "vn."), ("province", "vn.t01."), ("office", "vn.t01.k03.")):
        whole = place == "nation"
        scope = ref.scope(Caller("bench", frozenset(), (path,)), None)

        def count(wanted: Wanted, parameters: Parameters, whole: bool = whole) -> str:
            return totals_sql(wanted, parameters, "unit_id", whole=whole, kept_vnd=kept)

        for days in (0, 1, 30, 420):
            on = TODAY - timedelta(days=days)
            wanted = Wanted(ref.rules_on(on), on, TODAY, scope, scope)
            when = f"{days} days ago" if days else "today"
            yield _asked(f"list, {place}, {when}", wanted, lambda w, p: list_sql(w, p, continued=False))
            yield _asked(f"summary, {place}, {when}", wanted, count)
            if not days:
                yield _asked(f"upcoming, {place}", wanted, lambda w, p: upcoming_sql(w, ahead, p, None))
    scope = ref.scope(Caller("bench", frozenset(), ("vn.",)), None)
    wanted = Wanted(ref.rules_on(TODAY), TODAY, TODAY, scope, scope, officer_id=officer)
    yield _asked("list, one officer, today", wanted, lambda w, p: list_sql(w, p, continued=False))


async def _measured(db: Database, question: Question) -> str:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        rows = await db.fetch(question.sql, question.parameters)
        times.append((time.perf_counter() - start) * 1000)
    plan = await db.fetch(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {question.sql}", question.parameters)
    lines = [str(line[0]) for line in plan]
    pages = next(sum(map(int, re.findall(r"(?:hit|read)=(\d+)", line))) for line in lines if "Buffers" in line)
    used = dict.fromkeys(re.findall(r"(?:using|on|Backward using) (ix_\w+|pk_\w+|open_stock)", " ".join(lines)))
    scanned = [name for line in lines for name in re.findall(r"Seq Scan on (enforcement_case|entry)", line)]
    return f"| {question.name} | {len(rows)} | {min(times):.2f} | {pages} | {', '.join([*used, *scanned])} |"


async def main() -> None:
    """Prints the table."""
    settings = Settings(statement_timeout_ms=120_000)
    db = Database(settings)
    await db.open()
    ref = await reference.load(db)
    print("| Question | rows | ms (best of 15) | pages | indexes and tables |\n|---|---:|---:|---:|---|")
    for question in questions(ref):
        print(await _measured(db, question), flush=True)
    await db.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["fill"]:
        fill(Settings().libpq_url, int(arguments[1]))
    else:
        asyncio.run(main())
