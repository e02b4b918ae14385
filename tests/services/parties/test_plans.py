"""A search by number is a range of its index, whoever asks."""

import re
from collections.abc import Iterator

import pytest

from app.db import SeenBy
from app.services.access import Scope
from app.services.parties.queries import NumberSearch, cases_of_number
from tests.conftest import new_database
from tests.services.audit.book import on, superuser
from tests.services.audit.test_plans import Explained

CASES = 20_000
# Nobody has the units and officers: only the plans are looked at.
_CASES = f"""
    INSERT INTO enforcement_case (id, file_no, decision_no, decision_date, unit_id, unit_path, officer_id, kind,
        initiation, accepted_on, entered_on, last_effective_on)
    SELECT md5(n::text)::uuid, n || '/HS', n || '/QĐ', '2025-08-22', gen_random_uuid(), 'vn.' || 10 + n % 50 || '.',
        gen_random_uuid(), 'civil', 'on_request', '2025-08-22', '2025-08-22', '2025-08-22'
    FROM generate_series(1, {CASES}) n"""
_PARTIES = f"""
    INSERT INTO party (case_id, no, role, kind, name, masked_name, search_name, id_number)
    SELECT md5(n::text)::uuid, no, 'debtor', 'individual', 'A', 'A***', 'a',
        CASE no WHEN 1 THEN lpad((n % 5000)::text, 12, '0') END
    FROM generate_series(1, {CASES}) n, generate_series(1, 2) no"""


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[str]:
    with new_database(cluster) as url:
        with superuser(url) as connection:
            for statement in (_CASES, _PARTIES, "ANALYZE"):
                connection.execute(statement.encode())
        yield url


@pytest.mark.parametrize("paths", [("vn.",), ("vn.17.",), ("vn.17.", "vn.19.", "vn.21.")], ids=len)
@pytest.mark.parametrize("after", [None, "80000000-0000-0000-0000-000000000000"])
def test_a_search_reads_the_index_of_numbers(book: str, paths: tuple[str, ...], after: str | None) -> None:
    async def work(db: SeenBy) -> str:
        explained = Explained(db)
        await cases_of_number(explained, Scope(paths, ()), NumberSearch("000000000042", after, 50))
        return explained.plan

    plan = on(book, work)
    ranges = re.findall(r"Index Cond: \(+(id_number = .*)\)", plan)
    assert ranges, plan
    assert ("case_id <" in ranges[0]) is (after is not None), plan
    assert "Seq Scan" not in plan, plan
