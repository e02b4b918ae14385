"""Under row-level security the hot questions are ranges of indexes still, whoever asks."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from datetime import date
from typing import Any, Final

import psycopg
import pytest
from psycopg.sql import SQL, Literal

from app.api.v1.schemas.snapshots import shown
from app.db import Context, Database, Row, SeenBy, Snapshot
from app.roundtrip import numbered
from app.services.access import SECRET, SERVICE, Caller, Scope, figures
from app.services.cases import queries as cases
from app.services.cases.queries import CaseFilter
from app.services.cases.snapshot_queries import copy_cases
from app.services.pace.queries import courses, list_lifting
from app.services.pace.rules import same_days
from app.services.priority.queries import list_flagged
from app.services.priority.rules import stretches
from app.services.priority.summary_queries import totals
from app.services.priority.upcoming_queries import list_upcoming
from app.services.priority.views import wanted
from app.services.reference import Reference, load
from app.services.statistics.cell_queries import Opening, list_counted
from app.services.statistics.cells import cell_of
from app.services.statistics.cut_queries import CutFilter, movements
from app.services.statistics.groups import grouped
from app.services.statistics.movements import boundaries
from app.services.statistics.rules import MEASURES, RESULT, Period
from app.services.statistics.views import formulas_of
from app.services.sync.queries import list_pushed
from app.settings import Settings
from tests.builders import NATION_ID
from tests.conftest import as_service, new_database

CASES: Final = 60_000
TODAY: Final = date(2026, 11, 20)
LARGE: Final = ("enforcement_case", "party", "entry", "obligation", "case_institution", "pushed_case")
FILL: Final = (
    f"""INSERT INTO unit (code, level, parent_id, path, validity)
        SELECT 'PL.' || n, 'provincial', '{NATION_ID}', 'vn.p' || n || '.', '[2010-01-01,)'
        FROM generate_series(10, 43) n""",
    """INSERT INTO unit (code, level, parent_id, path, validity)
        SELECT p.code || '.' || n, 'regional', p.id, p.path || 'k' || n || '.', '[2010-01-01,)'
        FROM unit p, generate_series(10, 19) n WHERE p.code LIKE 'PL.__'""",
    """INSERT INTO unit_name SELECT id, code, validity FROM unit WHERE code LIKE 'PL.%'""",
    """WITH o AS (INSERT INTO officer (code, name) SELECT 'PL.' || n, 'Trần Văn Lực' FROM generate_series(10, 349) n
        RETURNING id, code)
        INSERT INTO officer_posting SELECT o.id, u.id, 'senior', '[2010-01-01,)'
        FROM (SELECT id, row_number() OVER (ORDER BY code) AS n FROM o) o
        JOIN (SELECT id, row_number() OVER (ORDER BY path) AS n FROM unit WHERE level = 'regional') u USING (n)""",
    f"""INSERT INTO enforcement_case (file_no, decision_no, decision_date, unit_id, unit_path, officer_id, kind,
            initiation, account, amount_vnd, outstanding_vnd, accepted_on, entered_on, last_effective_on,
            confidentiality)
        SELECT n || '/HS', n || '/QĐ', day, u.id, u.path, p.officer_id, 'civil', 'on_request',
            CASE WHEN n % 5 = 0 THEN 'enforcing' ELSE 'completed' END, amount,
            CASE WHEN n % 5 = 0 THEN amount ELSE 0 END, day, day, day, (n % 50 = 0)::int
        FROM (SELECT n, date '2016-01-01' + n % 3900 AS day,
                CASE WHEN n % 500 = 0 THEN 30000000000 ELSE n * 1000 END AS amount
            FROM generate_series(1, {CASES}) n) c
        JOIN (SELECT *, row_number() OVER (ORDER BY path) AS place FROM unit WHERE level = 'regional') u
            ON u.place = 1 + n % 340
        JOIN officer_posting p ON p.unit_id = u.id""",
    """INSERT INTO party (case_id, no, role, kind, name, masked_name, search_name, institution)
        SELECT id, 1, 'debtor', 'individual', file_no, '***', 'nguyen van ' || file_no, NULL FROM enforcement_case
        UNION ALL SELECT id, 2, 'creditor', 'organisation', 'N', 'N', 'n', 'BIDV' FROM enforcement_case
        WHERE amount_vnd % 7 = 0""",
    """INSERT INTO case_institution SELECT 'BIDV', c.decision_date, c.id
        FROM enforcement_case c JOIN party p ON p.case_id = c.id WHERE p.institution IS NOT NULL""",
    """INSERT INTO obligation SELECT id, 1, 'money_party', amount_vnd, 'Trả nợ' FROM enforcement_case""",
    """INSERT INTO entry (case_id, event_no, line, event, unit_id, officer_id, from_account, to_account, cases,
            amount_vnd, effective_on, booked_on, source, client_id, cut_id)
        SELECT c.id, 1, 1, 'accepted', unit_id, officer_id, 'accepted', 'enforcing', 1, amount_vnd, accepted_on,
            accepted_on, 'plan', 'tests', k.id FROM enforcement_case c JOIN cut k USING (kind, initiation, segment)""",
    """INSERT INTO client (id, name, scopes)
        SELECT unnest(ARRAY['nation', 'ordinary', 'province', 'provinces', 'office', 'bank']), 'X', '{sync:write}'""",
    """INSERT INTO pushed_case (partner, external_id, case_id, source_version, digest, fixed)
        SELECT k.id, 'P-' || n, c.id, 1, '', '' FROM (SELECT id, row_number() OVER () AS n FROM enforcement_case) c
        JOIN (SELECT id, row_number() OVER () AS place FROM client) k ON k.place = 1 + n % 6""",
    """INSERT INTO open_stock SELECT unit_id, date_trunc('month', decision_date)::date, with_conditions,
            amount_vnd >= 20000000000, NULL, count(*), sum(amount_vnd), sum(outstanding_vnd) FROM enforcement_case
        WHERE is_open GROUP BY 1, 2, 3, 4""",
)


class Explained(SeenBy):
    """Answers with nothing, and keeps how PostgreSQL came by it."""

    __slots__ = ("plans",)
    plans: list[str]

    async def fetch(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """The plan of a statement as the service has it made: once, without a look at the parameters."""
        if "party_hits" in sql:
            return await super().fetch(sql, params)
        text, names = numbered(sql)
        values = [params[name] for name in names] if isinstance(params, dict) else params
        given = SQL(", ").join(Literal(value) for value in values)
        called = SQL("EXPLAIN (ANALYZE, BUFFERS) EXECUTE looked_at({})").format(given)
        async with self.snapshot() as connection:
            await connection.execute(b"PREPARE looked_at AS " + text)
            rows = await (
                await connection.execute(called if values else b"EXPLAIN (ANALYZE, BUFFERS) EXECUTE looked_at")
            ).fetchall()
            await connection.execute("DEALLOCATE looked_at")
        self.plans.append("\n".join(row[0] for row in rows))
        return []

    def changed(self, change: Callable[[Context], Context]) -> "Explained":
        """The same in another context."""
        other = Explained(self._db, lambda: change(self._context()))
        other.plans = self.plans
        return other


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[str]:
    with new_database(cluster) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            for statement in FILL:
                owner.execute(statement.encode())
            owner.execute("VACUUM ANALYZE")
        yield url


CALLERS: Final = {
    "nation": Caller("nation", frozenset(), ("vn.",), SECRET),
    "cleared for little": Caller("ordinary", frozenset(), ("vn.",)),
    "province": Caller("province", frozenset(), ("vn.p17.",)),
    "three provinces": Caller("provinces", frozenset(), ("vn.p17.", "vn.p19.", "vn.p23.")),
    "office": Caller("office", frozenset(), ("vn.p17.k12.",)),
    "bank": Caller("bank", frozenset(), ("vn.",), institution="BIDV"),
}
Question = Callable[[Explained, Reference, Caller, Scope], Awaitable[Any]]


async def _one(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    await cases.read_case(db, scope, "0197c0de-0000-7000-8000-0000000000aa")
    await cases.read_events(db, scope, "0197c0de-0000-7000-8000-0000000000aa", 0, 50)


async def _list(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    await cases.list_cases(db, scope, CaseFilter(), None, 51)
    await cases.list_cases(db, scope, CaseFilter(is_open=True), None, 51)
    await cases.list_cases(db, scope, CaseFilter(), ("2021-05-01", "0197c0de-0000-7000-8000-0000000000aa"), 51)


async def _named(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    await cases.list_cases(db, scope, CaseFilter(debtor="Nguyễn Văn 4711"), None, 51)
    await cases.list_cases(db, scope, CaseFilter(debtor="nguyen van"), None, 51)


async def _flagged(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    await list_flagged(db, wanted(ref, caller, TODAY), None, 51)
    await list_flagged(db, wanted(ref, caller, TODAY, names=("high_value",)), None, 51)
    await list_upcoming(db, wanted(ref, caller, TODAY), stretches(ref.rules, TODAY, date(2026, 12, 20)), None, 51)


async def _counted(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    await totals(db, wanted(ref, caller, TODAY), "unit_id", whole=False, kept_vnd=20_000_000_000)


async def _opened(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    """Figures by a cut up to the middle of a month, and a figure opened, from its first unit and from a later page."""
    unit = next(ref.units[unit_id] for unit_id in scope.unit_ids if ref.units[unit_id].path == caller.paths[0])
    period, cut = Period.until(date(2025, 3, 17)), CutFilter(kind="civil")
    groups, bounds = grouped(ref, [unit]), boundaries([period, period.previous()])
    await movements(figures(db), groups, "all", cut, bounds)
    units = sorted(scope.unit_ids)
    for line, after in (
        ("newly_accepted", None),
        ("enforcing", None),
        ("done", ("2025-01-31", "0197c0de-0000-7000-8000-0000000000aa")),
    ):
        cell = cell_of(line, ref.regime(period.last).lines["cases"])
        await list_counted(figures(db), scope, units, Opening("cases", cell, cut, period), after, 51)


async def _paced(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    """Past years up to the middle of a month."""
    unit = next(ref.units[unit_id] for unit_id in scope.unit_ids if ref.units[unit_id].path == caller.paths[0])
    bounds = boundaries([p for s in same_days(Period.until(date(2025, 3, 17))) for p in (s, _whole(s))])
    formulas = formulas_of(ref.regime(date(2025, 3, 17)), MEASURES, RESULT)
    await courses(figures(db), grouped(ref, [unit], ref.family(caller.paths)), formulas, bounds)


def _whole(period: Period) -> Period:
    return Period.of_months(period.fiscal_year, 12)


async def _lifting(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    """What would lift a province or an office: the first page and a later one."""
    if scope.is_wide:
        scope = ref.scope(caller, next(u for u in ref.units.values() if u.path == "vn.p17."))
    for indicator, first in (("cases_rate", "2021-05-01"), ("money_rate", 30_000_000)):
        await list_lifting(db, scope, indicator, None, 51)
        await list_lifting(db, scope, indicator, (first, "0197c0de-0000-7000-8000-0000000000aa"), 51)


async def _pushed(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
    for after in (None, "P-1000"):
        await list_pushed(db, ref, caller, after, 51)


QUESTIONS: Final[dict[str, Question]] = {
    "one case": _one,
    "lists": _list,
    "names": _named,
    "flagged": _flagged,
    "totals": _counted,
    "figures": _opened,
    "pace": _paced,
    "lifting": _lifting,
    "pushed": _pushed,
}


def _plans(url: str, caller: Caller, question: Question, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("app.services.priority.views.today", lambda: TODAY)

    async def asked() -> list[str]:
        db = Database(Settings.model_validate({"database_url": as_service(url)}))
        await db.open()
        try:
            ref = await load(db.seen_by(SERVICE))
            context = ref.context(caller)
            explained = Explained(db, lambda: context)
            explained.plans = []
            await question(explained, ref, caller, ref.scope(caller, None))
            return explained.plans
        finally:
            await db.close()

    return asyncio.run(asked())


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("what", QUESTIONS)
def test_no_large_table_is_scanned(book: str, who: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if who == "bank" and what in ("flagged", "totals", "figures", "pace", "lifting"):
        what = "lists"  # such a client has no scope for them
    for plan in _plans(book, CALLERS[who], QUESTIONS[what], monkeypatch):
        lines = [line for line in plan.splitlines() if "never executed" not in line]
        scanned = [table for table in LARGE if any(f"Seq Scan on {table}" in line for line in lines)]
        assert scanned == [], plan


async def _copied_plan(snapshot: Snapshot, sql: str, params: dict[str, Any]) -> AsyncGenerator[bytes]:
    rows = await snapshot.fetch("EXPLAIN " + sql.partition("COPY (")[2].rpartition(") TO STDOUT")[0], params)
    for row in rows:
        yield f"{row[0]}\n".encode()


@pytest.mark.parametrize("who", ["nation", "cleared for little"])
def test_a_snapshot_of_the_nation_begins_with_the_first_case(
    book: str, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sorted before, and what a line shows of its unit is looked up once for each unit."""
    monkeypatch.setattr(Snapshot, "copied", _copied_plan)
    plans: list[bytes] = []

    async def asked(db: Explained, ref: Reference, _: Caller, scope: Scope) -> None:
        async with db.long_snapshot() as snapshot:
            plans.extend([row async for row in copy_cases(snapshot, scope, shown(ref), None)])

    _plans(book, CALLERS[who], asked, monkeypatch)
    plan = b"".join(plans).decode()
    assert "Index Scan using pk_enforcement_case" in plan, plan
    assert "Sort" not in plan, plan
    assert plan.count("Memoize") == 4, plan


@pytest.mark.parametrize("path", ["vn.p17.", "vn.p17.k10."])
@pytest.mark.parametrize("who", ["nation", "province"])
def test_what_would_lift_a_unit_is_read_in_the_order_of_an_index(
    book: str, who: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of four pages reads of each unit a range of one index, and no more rows of it than the page has."""

    async def asked(db: Explained, ref: Reference, caller: Caller, scope: Scope) -> None:
        unit = next(unit for unit in ref.units.values() if unit.path == path)
        await _lifting(db, ref, caller, ref.scope(caller, unit))

    indexes = ["ix_case_unit_open"] * 2 + ["ix_case_unit_outstanding"] * 2
    for plan, index in zip(_plans(book, CALLERS[who], asked, monkeypatch), indexes, strict=True):
        read = re.search(rf"Index Scan.* using {index} on .*actual time=\S+ rows=([0-9.]+)", plan)
        assert read is not None, plan
        assert 0 < float(read[1]) <= 51, plan


@pytest.mark.parametrize(
    ("line", "limit", "units"), [("newly_accepted", 4, 1), ("enforcing", 4, 1), ("newly_accepted", 200, 10)]
)
def test_an_opened_figure_is_read_in_the_order_of_an_index(
    book: str, line: str, limit: int, units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with the page, and comes to no unit after that."""
    period = Period.of_months(2024, 12)

    async def asked(db: Explained, ref: Reference, _: Caller, scope: Scope) -> None:
        books = sorted(unit.id for unit in ref.units.values() if unit.path.startswith("vn.p17.k"))
        opening = Opening("cases", cell_of(line, ref.regime(period.last).lines["cases"]), CutFilter(), period)
        await list_counted(figures(db), scope, books, opening, None, limit)

    (plan,) = _plans(book, CALLERS["nation"], asked, monkeypatch)
    way = "Backward " if line == "enforcing" else ""
    read = re.search(rf"Index Scan {way}using ix_entry_unit_day on entry e .*rows=([0-9.]+) loops=(\d+)", plan)
    assert read is not None, plan
    assert 0 < float(read[1]) * int(read[2]) <= limit, plan
    assert int(read[2]) == units, plan
