"""Books of before there were cuts get theirs by the migration; who may see the new rollups."""

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, pool

from app.preflight import ROOT
from app.services.books.queries import verify_statements
from app.services.demo.load import load
from tests.builders import NATION_ID
from tests.conftest import new_database

ROLLUPS = ("rollup_unit_month_cut", "rollup_officer_month_cut", "rollup_matter_month", "unit_opening_cut")


def test_books_of_before_get_their_cuts(cluster: str) -> None:
    with new_database(cluster) as url:
        load(url, scale=0.001, seed=1, progress=lambda *_: None)
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=pool.NullPool)
        with engine.connect() as connection:
            config = Config(str(ROOT / "alembic.ini"))
            config.attributes["connection"] = connection
            command.downgrade(config, "0010-1")
            command.upgrade(config, "head")
        with psycopg.connect(url) as connection:
            for statement in verify_statements():
                assert connection.execute(statement.encode()).fetchall() == []
            for table in ROLLUPS:
                assert connection.execute(f"SELECT count(*) > 100 FROM {table}".encode()).fetchone() == (True,), table


@pytest.mark.parametrize("table", ROLLUPS)
def test_figures_are_seen_by_those_who_may_see_the_unit(database_url: str, table: str) -> None:
    unit = "INSERT INTO unit (code, level, path, validity) VALUES (%s, 'regional', %s, '[2009-01-01,)') RETURNING id"
    others = {"month": "2025-03-01", "fiscal_year": 2026, "officer_id": NATION_ID, "matter_id": NATION_ID}
    with psycopg.connect(database_url) as connection:
        connection.execute("GRANT SELECT ON unit TO thads_service")
        connection.execute(f"DELETE FROM {table}".encode())
        known = [column.name for column in connection.execute(f"SELECT * FROM {table}".encode()).description or ()]
        keys = {name: value for name, value in others.items() if name in known}
        marks = ", ".join(f"%({name})s" for name in keys)
        for path in ("vn.wall.1.", "vn.wall.2."):
            unit_id = connection.execute(unit, [path, path]).fetchone()
            assert unit_id
            insert = f"INSERT INTO {table} (unit_id, cut_id, {', '.join(keys)}) VALUES (%(unit)s, 1, {marks})"
            connection.execute(insert.encode(), {**keys, "unit": unit_id[0]})
        connection.execute("SET ROLE thads_service")
        for institution, family, seen in [
            ("", "{vn.}", 2), ("", "{vn.wall.2.}", 1), ("", "{vn.wall.1.,vn.wall.2.}", 2), ("", "{vn.wal.}", 0),
            ("", "", 0), ("VCB", "{vn.}", 0),
        ]:  # fmt: skip
            for name, value in (("client", "c"), ("institution", institution), ("family", family)):
                connection.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
            assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (seen,), family
        connection.rollback()
