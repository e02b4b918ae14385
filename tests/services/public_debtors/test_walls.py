"""The public list in the database: read by everybody who comes with a context, kept by who has the case before them."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.api.world import make_world
from tests.builders import Service
from tests.conftest import new_database

HERE = {"client": "portal", "clearance": "0", "lower": "vn.wa.", "paths": "", "family": "{vn.wa.}"}


@pytest.fixture(scope="module")
def url(cluster: str) -> Iterator[str]:
    with new_database(cluster) as url:
        service = Service.over(url)
        make_world(service)
        service.close()
        yield url


def ask(url: str, sql: str, **context: str) -> list[tuple[Any, ...]]:
    """What the role of the service is answered in this context; nothing stays."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE thads_service")
        for name, value in context.items():
            connection.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
        cursor = connection.execute(sql.encode())
        found = cursor.fetchall() if cursor.description else [(cursor.rowcount,)]
        connection.rollback()
        return found


@pytest.mark.parametrize("table", ["public_debtor", "public_list", "holiday", "deadline"])
def test_without_a_context_nothing_is_seen(url: str, table: str) -> None:
    assert ask(url, f"SELECT * FROM {table}") == []
    assert ask(url, f"SELECT * FROM {table}", client="") == []
    assert ask(url, f"SELECT * FROM {table}", client="portal") != []


@pytest.mark.parametrize("table", ["public_debtor", "public_list"])
def test_the_whole_list_is_open_to_every_client(url: str, table: str) -> None:
    assert ask(url, f"SELECT count(*) FROM {table}", **HERE) == [(2,)]


@pytest.mark.parametrize("change", ["UPDATE public_debtor SET name = 'x'", "DELETE FROM public_debtor"])
def test_only_rows_of_cases_within_sight_are_kept(url: str, change: str) -> None:
    assert ask(url, change, **HERE) == [(1,)]
    assert ask(url, change, client="portal") == [(0,)]


@pytest.mark.parametrize(("code", "allowed"), [("W.a.001", True), ("W.b.001", False)])
def test_only_cases_within_sight_are_added(url: str, code: str, allowed: bool) -> None:
    with psycopg.connect(url) as owner:
        sql = "SELECT c.id FROM enforcement_case c JOIN unit u ON u.id = c.unit_id WHERE u.code = %s LIMIT 1"
        (case_id,) = owner.execute(sql, [code]).fetchone() or (None,)
    added = f"""
        INSERT INTO public_debtor (id, case_id, unit_id, name, search_name, decision_date, obligation, outstanding_vnd,
            published_on)
        VALUES (gen_random_uuid(), '{case_id}', gen_random_uuid(), 'x', 'x', now(), 'x', 0, now())"""
    if allowed:
        assert ask(url, added, **HERE) == [(1,)]
    else:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            ask(url, added, **HERE)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE public_debtor",
        "DELETE FROM holiday",
        "UPDATE deadline SET working_days = 1",
        "INSERT INTO holiday VALUES ('2030-01-01', 'x', false, true, 'x')",
        "DELETE FROM public_list",
    ],
)
def test_the_law_and_the_whole_list_are_not_the_services_to_change(url: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, statement, **HERE)


def test_a_name_is_found_by_its_index(url: str) -> None:
    """The barrier of a policy would keep LIKE from it."""
    search = "SELECT * FROM public_list WHERE search_name LIKE '%ngoc diep%'"
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE thads_service")
        connection.execute("SELECT set_config('app.client', 'portal', true), set_config('enable_seqscan', 'off', true)")
        plans = [
            "\n".join(row[0] for row in connection.execute(f"EXPLAIN {sql}".encode()))
            for sql in (search, search.replace("public_list", "public_debtor"))
        ]
    assert ["ix_public_debtor_search_name" in plan for plan in plans] == [True, False]
