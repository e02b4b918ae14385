"""Row-level security of every table: without a context nothing is seen, and nobody works above the walls."""

from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from app import preflight
from app.models import metadata
from app.preflight import Refused
from app.services.access import ORDINARY, SERVICE, Caller, context_of
from app.settings import Settings
from tests.api.world import World
from tests.conftest import as_service

TABLES: Final = sorted(metadata.tables)
NOTHING: Final = context_of(Caller("tests", frozenset(), ()), ())


@pytest.fixture
def bound(database_url: str, world: World) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the service has it from its pool; the world is there."""
    assert world
    with psycopg.connect(as_service(database_url), autocommit=True) as connection:
        yield connection


def _tables(connection: psycopg.Connection[Any]) -> dict[str, bool]:
    """Every table with whether row-level security is on, but that of the migrations."""
    sql = """SELECT relname, relrowsecurity FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'"""
    return dict(connection.execute(sql).fetchall())


def test_every_table_has_its_wall(bound: psycopg.Connection[Any]) -> None:
    assert _tables(bound) == dict.fromkeys(TABLES, True)


@pytest.mark.parametrize("table", TABLES)
def test_a_connection_without_context_sees_nothing(bound: psycopg.Connection[Any], table: str) -> None:
    assert bound.execute(f"SELECT FROM {table} LIMIT 1".encode()).fetchall() == []


def test_views_without_context_show_nothing(bound: psycopg.Connection[Any]) -> None:
    views = bound.execute("SELECT relname FROM pg_class WHERE relkind = 'v' AND relname LIKE 'rest_%'").fetchall()
    assert len(views) >= 3
    for (view,) in views:
        assert bound.execute(f"SELECT FROM {view} LIMIT 1".encode()).fetchall() == []


def test_the_same_connection_sees_with_a_context_and_forgets_it(bound: psycopg.Connection[Any]) -> None:
    for context, seen in ((SERVICE, True), (NOTHING, False)):
        with bound.transaction():
            for name, value in context._asdict().items():
                bound.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
            assert bool(bound.execute("SELECT 1 FROM enforcement_case").fetchall()) is seen
        assert bound.execute("SELECT 1 FROM enforcement_case").fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET note = 'x'",
        "DELETE FROM entry",
        "TRUNCATE entry",
        "DELETE FROM enforcement_case",
        "UPDATE target SET rate_bp = 1",
        "DELETE FROM target",
        "UPDATE administrative_judgment SET accepted_on = '2020-01-01'",
        "DELETE FROM administrative_judgment",
        "UPDATE client SET disabled = false",
        "INSERT INTO client (id, name, scopes) VALUES ('thief', 'x', '{admin}')",
        "INSERT INTO client_grant SELECT id, NULL FROM client",
        "UPDATE accounting_period SET month = '2020-01-01'",
        "DELETE FROM accounting_period",
        "UPDATE report SET reason = 'x'",
        "DELETE FROM report",
        "UPDATE report_line SET cases_done = 1",
        "DELETE FROM report_line",
        "TRUNCATE report_line",
        "UPDATE report_officer_line SET cases_done = 1",
        "DELETE FROM report_officer_line",
        "UPDATE report_submission SET reason = 'x'",
        "DELETE FROM report_submission",
        "UPDATE regime SET name_vi = 'x'",
        "ALTER TABLE enforcement_case DISABLE ROW LEVEL SECURITY",
        "SET ROLE thads",
        "CREATE TABLE mine (id int)",
    ],
)
def test_the_service_may_not(bound: psycopg.Connection[Any], statement: str) -> None:
    with bound.transaction(force_rollback=True):
        for name, value in SERVICE._asdict().items():
            bound.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), bound.transaction():
            bound.execute(statement.encode())


def test_a_case_cannot_be_put_beyond_what_its_writer_sees(bound: psycopg.Connection[Any], world: World) -> None:
    caller = Caller("tests", frozenset(), ("vn.wa.",), ORDINARY)
    with bound.transaction(force_rollback=True):
        for name, value in context_of(caller, ("vn.wa.",))._asdict().items():
            bound.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
        own = world.own.objects["case_id"]
        assert bound.execute("SELECT 1 FROM enforcement_case WHERE id = %s", [own]).fetchall() == [(1,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"), bound.transaction():
            bound.execute("UPDATE enforcement_case SET unit_path = 'vn.wb.' WHERE id = %s", [own])
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"), bound.transaction():
            bound.execute("UPDATE enforcement_case SET confidentiality = 2 WHERE id = %s", [own])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("SUPERUSER", "is a superuser"),
        ("BYPASSRLS IN ROLE thads_service", "bypasses row-level security"),
        ("CREATEROLE IN ROLE thads_service", "may create roles"),
        ("IN ROLE thads_service, {owner}", "owns tables"),
        ("IN ROLE thads_service, {owner}", "may become a role that is above the walls"),
        ("", "is not a member of thads_service"),
    ],
)
def test_start_refuses_a_role_above_the_walls(database_url: str, options: str, why: str) -> None:
    owner = database_url.split("//")[1].split(":", maxsplit=1)[0]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE tried LOGIN PASSWORD 'tried' {options.format(owner=owner)}".encode())
        try:
            url = "postgresql://tried:tried@" + database_url.rpartition("@")[2]
            with pytest.raises(Refused, match=why):
                preflight.require_walls(Settings.model_validate({"database_url": url}))
        finally:
            connection.execute("DROP ROLE tried")


def test_start_takes_a_role_behind_the_walls(database_url: str) -> None:
    preflight.require_walls(Settings.model_validate({"database_url": as_service(database_url)}))
