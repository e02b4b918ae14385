"""Every page of the trail is a range of an index, whatever it is narrowed to."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from app.db import Row, SeenBy
from app.services.access import Caller
from app.services.audit.queries import AuditFilter, list_records
from app.services.reference import Reference, load
from tests.builders import NATION_ID
from tests.conftest import new_database
from tests.services.audit.book import on

RECORDS = 30_000
PAGE = 21
_UNITS = f"""
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT 'PL.' || n, 'provincial', '{NATION_ID}', 'vn.' || n || '.', '[2010-01-01,)'
    FROM generate_series(100, 299) n"""
_FILLED = f"""
    INSERT INTO audit_record (subject, subject_id, unit_id, unit_path, action, client_id, person_id, recorded_at)
    SELECT 'case', (n / 6)::text, u.id, u.path, 'action_' || n % 7, 'client-' || n % 50, 'person-' || n % 900,
        TIMESTAMPTZ '2026-01-01 00:00Z' + n * interval '1 second'
    FROM generate_series(1, {RECORDS}) n JOIN unit u ON u.path = 'vn.' || 100 + n % 200 || '.'"""


class Explained:
    """Answers with nothing, and keeps how PostgreSQL would have come by it."""

    def __init__(self, db: SeenBy) -> None:
        self._db = db
        self.plan = ""

    async def fetch(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """The plan goes on record."""
        rows = await self._db.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
        self.plan = "\n".join(row[0] for row in rows)
        return []

    async def fetch_one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """Nothing either."""
        await self.fetch(sql, params)
        return None


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[str]:
    with new_database(cluster) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            for statement in (_UNITS, _FILLED, "VACUUM ANALYZE audit_record"):
                owner.execute(statement.encode())
        yield url


@pytest.mark.parametrize("paths", [("vn.",), ("vn.107.",), ("vn.107.", "vn.109.", "vn.111.")], ids=len)
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"subject_id": "2000"},
        {"person_id": "person-7"},
        {"client_id": "client-7"},
        {"client_id": "nobody"},
        {"action": "unmasked"},
        {"subject": "matter"},
        {"recorded_from": datetime(2026, 1, 1, 5, tzinfo=UTC), "recorded_until": datetime(2026, 1, 1, 6, tzinfo=UTC)},
        {"recorded_until": datetime(2025, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda wanted: "+".join(wanted) or "everything",
)
def test_pages_are_ranges_of_an_index(book: str, paths: tuple[str, ...], wanted: dict[str, Any]) -> None:
    async def work(db: SeenBy) -> str:
        ref: Reference = await load(db)
        explained = Explained(db)
        await list_records(explained, ref, Caller("x", frozenset(), paths), AuditFilter(**wanted), None, PAGE)
        return explained.plan

    plan = on(book, work)
    assert "Seq Scan on audit_record" not in plan, plan
    pages = sum(int(number) for number in re.findall(r"shared hit=(\d+)", plan.split("Planning")[0].split("->")[0]))
    assert pages < (PAGE + 10 if paths == ("vn.",) else 190 * len(paths)), plan  # a unit has 150 records
