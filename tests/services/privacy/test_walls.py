"""What the role of the service sees of relatives, holds and classes, and what it learns though it does not see it."""

from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from tests.builders import NATION_ID
from tests.conftest import new_database

HERE: Final = {"client": "portal", "lower": "vn.aa.", "clearance": "0"}
THERE: Final = {**HERE, "lower": "vn.bb."}
BOTH: Final = {**HERE, "lower": "", "paths": "{vn.aa.,vn.bb.}"}
SERVICE: Final = {"client": "@service", "lower": "vn.", "clearance": "2"}
UNIT: Final = "0197c0de-0000-7000-8000-0000000000aa"
OTHER: Final = "0197c0de-0000-7000-8000-0000000000bb"
OFFICER: Final = "0197c0de-0000-7000-8000-00000000a0aa"
CASE: Final = "0197c0de-0000-7000-8000-00000000c0bb"
BOOK: Final = f"""
    INSERT INTO unit (id, code, level, parent_id, path, validity) VALUES
    ('{UNIT}', 'AU.1', 'regional', '{NATION_ID}', 'vn.aa.', '[2010-01-01,)'),
    ('{OTHER}', 'AU.2', 'regional', '{NATION_ID}', 'vn.bb.', '[2010-01-01,)');
    INSERT INTO officer (id, code, name) VALUES ('{OFFICER}', 'O.1', 'Trần Thị Minh Hạnh');
    INSERT INTO officer_posting VALUES ('{OFFICER}', '{UNIT}', 'senior', '[2010-01-01,)');
    INSERT INTO officer_relative (officer_id, relation, name, masked_name, id_number, since)
    VALUES ('{OFFICER}', 'spouse', 'Nguyễn Văn An', 'N***', '025090001234', '2020-01-01');
    INSERT INTO enforcement_case (id, file_no, decision_no, decision_date, unit_id, unit_path, officer_id, kind,
        initiation, account, accepted_on, entered_on, last_effective_on)
    VALUES ('{CASE}', '1', '1', '2025-01-01', '{OTHER}', 'vn.bb.', '{OFFICER}', 'civil', 'on_request', 'enforcing',
        '2025-01-01', '2025-01-01', '2025-01-01');
    INSERT INTO party (case_id, no, role, kind, name, masked_name, search_name, id_number)
    VALUES ('{CASE}', 1, 'debtor', 'individual', 'Nguyễn Văn An', 'N***', 'nguyen van an', '025090001234');
    INSERT INTO legal_hold (case_id, validity, reason, client_id) VALUES ('{CASE}', '[2025-01-01,)', 'x', 'x');
    GRANT SELECT ON unit, officer_posting, enforcement_case TO thads_service"""


@pytest.fixture(scope="module")
def book(cluster: str) -> Iterator[str]:
    with new_database(cluster) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(BOOK.encode())
        yield url


def ask(book: str, sql: str, **context: str) -> list[tuple[Any, ...]]:
    """What the role of the service is answered in this context; nothing stays."""
    with psycopg.connect(book) as connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL ROLE thads_service")
        for name, value in context.items():
            connection.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def test_relatives_are_seen_by_who_sees_their_officer(book: str) -> None:
    sql = "SELECT count(*) FROM officer_relative"
    contexts: list[dict[str, str]] = [HERE, BOTH, SERVICE, THERE, {}, {**HERE, "institution": "VCB"}]
    assert [ask(book, sql, **context) for context in contexts] == [[(n,)] for n in (1, 1, 1, 0, 0, 0)]


@pytest.mark.parametrize("what", ["UPDATE officer_relative SET until = '2026-01-01'", "DELETE FROM officer_relative"])
def test_nobody_else_changes_them(book: str, what: str) -> None:
    count = f"WITH c AS ({what} RETURNING id) SELECT count(*) FROM c"
    assert [ask(book, count, **context) for context in (THERE, HERE)] == [[(0,)], [(1,)]]


def test_nobody_else_adds_to_them(book: str) -> None:
    sql = f"""INSERT INTO officer_relative (officer_id, relation, name, masked_name, id_number, since)
        VALUES ('{OFFICER}', 'child', 'x', 'x', 'x', '2020-01-01')"""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        ask(book, sql, **THERE)
    assert ask(book, sql, **HERE) == []


def test_the_law_is_kept_whoever_of_the_two_the_caller_sees(book: str) -> None:
    """The officer is not seen there, the case is not seen here: the conflict and the count are known to both."""
    asked = f"ARRAY['{CASE}']::uuid[], ARRAY['{OFFICER}']::uuid[], ARRAY['2025-01-01']::date[], '2025-01-01'"
    conflict = f"SELECT relation FROM conflicts_of_interest({asked})"
    cases = f"SELECT same_number, same_name FROM cases_of_relative('{OFFICER}', '025090001234', 'nguyen van an')"
    for context in (HERE, THERE):
        assert ask(book, conflict, **context) == [("spouse",)]
        assert ask(book, cases, **context) == [(1, 0)]


def test_these_functions_are_for_the_service_alone(book: str) -> None:
    with psycopg.connect(book, autocommit=True) as owner:
        rows = owner.execute(
            """SELECT p.proname, p.proacl::text FROM pg_proc p
            WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef ORDER BY 1"""
        ).fetchall()
    listed = {name: rights for name, rights in rows if name in ("conflicts_of_interest", "cases_of_relative")}
    assert len(listed) == 2
    for rights in listed.values():
        assert "thads_service=X" in rights
        assert not rights.startswith("{=X")
        assert ",=X" not in rights


def test_holds_are_seen_with_their_case_and_never_deleted(book: str) -> None:
    sql = "SELECT count(*) FROM legal_hold"
    assert [ask(book, sql, **context) for context in (THERE, SERVICE)] == [[(1,)], [(1,)]]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(book, "DELETE FROM legal_hold", **SERVICE)


def test_classes_are_read_and_not_set(book: str) -> None:
    sql = "SELECT count(*) FROM retention_class"
    assert [ask(book, sql, **context) for context in (HERE, {})] == [[(3,)], [(0,)]]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(book, "UPDATE retention_class SET years = 1", **SERVICE)
