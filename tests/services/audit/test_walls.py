"""What the role of the service may do to the trail: add to it, and read what its context shows."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import SeenBy
from app.services.audit import commands
from tests.conftest import new_database
from tests.services.audit.book import OTHER, ROUNDS, UNIT, make_book, on, superuser, verdict

TABLES = ("audit_record", "audit_link", "audit_head", "audit_round")
OFFICE = {"client": "portal", "lower": "vn.aa.", "paths": "{vn.aa.}", "clearance": "0"}
NATION = {"client": "portal", "lower": "vn.", "paths": "{vn.}", "clearance": "0"}


@pytest.fixture(scope="module")
def original(cluster: str) -> Iterator[str]:
    with new_database(cluster) as url:
        make_book(url)
        with superuser(url) as connection:
            connection.execute("UPDATE audit_record SET confidentiality = 1 WHERE id = 1")
        yield url


@pytest.fixture
def book(original: str) -> Iterator[str]:
    with new_database(original) as url:
        yield url


def _as_service(context: dict[str, str]) -> list[str]:
    settings = [f"SELECT set_config('app.{name}', '{value}', true)" for name, value in context.items()]
    return ["SET LOCAL ROLE thads_service", *settings]


def ask(book: str, sql: str, **context: str) -> list[tuple[Any, ...]]:
    """What the role of the service is answered in this context."""
    with psycopg.connect(book) as connection:
        for statement in _as_service(context):
            connection.execute(statement.encode())
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_record SET reason = NULL",
        "DELETE FROM audit_record",
        "TRUNCATE audit_record",
        "UPDATE audit_link SET no = no",
        "DELETE FROM audit_link",
        "TRUNCATE audit_link",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        "DELETE FROM audit_round",
        "INSERT INTO audit_round VALUES (2, now(), 0)",
        "ALTER TABLE audit_record DISABLE TRIGGER append_only",
        "SET session_replication_role = replica",
    ],
)
def test_the_service_cannot_rewrite_the_trail(book: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(book, statement, client="@service")


@pytest.mark.parametrize("table", ["audit_record", "audit_link"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET unit_id = NULL", "DELETE FROM {}", "TRUNCATE {}"])
def test_nor_can_its_owner_by_accident(book: str, table: str, statement: str) -> None:
    with psycopg.connect(book) as owner, pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner.execute(statement.format(table).encode())


@pytest.mark.parametrize("table", TABLES)
def test_without_a_context_nothing_is_seen(book: str, table: str) -> None:
    assert ask(book, f"SELECT * FROM {table}") == []
    assert ask(book, f"SELECT * FROM {table}", client="", lower="", upper="", clearance="") == []
    assert ask(book, f"SELECT * FROM {table}", client="@service") != []


def test_without_a_context_nothing_is_written(book: str) -> None:
    sql = "INSERT INTO audit_record (subject, subject_id, action, client_id) VALUES ('a', 'b', 'c', 'd')"
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        ask(book, sql)
    assert ask(book, sql, client="portal") == []


def test_the_context_says_which_records_are_seen(book: str) -> None:
    def seen(**context: str) -> set[tuple[Any, ...]]:
        return set(ask(book, "SELECT unit_id::text, count(*) FROM audit_record GROUP BY 1", **context))

    assert seen(client="portal") == set()
    assert seen(**OFFICE) == {(UNIT, 2 * ROUNDS - 1)}
    assert seen(**{**OFFICE, "clearance": "1"}) == {(UNIT, 2 * ROUNDS)}
    assert seen(**{**OFFICE, "institution": "VCB"}) == set()
    assert seen(**NATION) == {(UNIT, 2 * ROUNDS - 1), (OTHER, ROUNDS), (None, ROUNDS)}


_WRITTEN = f"""
    INSERT INTO audit_record (subject, subject_id, unit_id, unit_path, action, client_id) VALUES
    ('case', 'x', '{UNIT}', 'vn.aa.', 'changed', 'portal'), ('case', 'x', '{OTHER}', 'vn.bb.', 'changed', 'portal'),
    ('client', 'x', NULL, NULL, 'changed', 'portal')"""


def test_the_service_writes_what_it_may_not_read_and_chains_it(book: str) -> None:
    async def work(db: SeenBy) -> int:
        async def written(session: AsyncSession) -> None:
            for statement in (*_as_service(OFFICE), _WRITTEN):
                await session.execute(text(statement))

        async def linked(session: AsyncSession) -> int:
            for statement in _as_service({"client": "@service"}):
                await session.execute(text(statement))
            return await commands.link_records(session)

        await db.write(written)
        return await db.write(linked)

    assert on(book, work) == 3
    found = verdict(book)
    assert (found.linked, found.waiting) == (4 * ROUNDS + 3, 0)
    assert [broken.audit_id for broken in found.breaks] == [1]  # the one reclassified above
