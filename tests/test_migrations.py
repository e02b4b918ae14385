"""Migrations run up and down on an empty database and end where the models say."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_alembic.config import Config as Runs
from pytest_alembic.runner import MigrationContext, runner
from pytest_alembic.tests import test_model_definitions_match_ddl as models_match
from pytest_alembic.tests import test_single_head_revision as single_head
from pytest_alembic.tests import test_up_down_consistency as up_and_down
from sqlalchemy import create_engine

from app.preflight import ROOT


@pytest.fixture
def empty_database(cluster: str) -> Iterator[str]:
    """A database without a single table."""
    server = cluster.rpartition("/")[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrations_only TEMPLATE template0")
        yield f"{server}/migrations_only"
        connection.execute("DROP DATABASE migrations_only WITH (FORCE)")


@pytest.fixture
def migrations(empty_database: str) -> Iterator[MigrationContext]:
    """pytest-alembic's runner over the empty database."""
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    configured = Runs(config_options={"file": str(ROOT / "alembic.ini")})
    with runner(config=configured, engine=engine) as context:
        yield context
    engine.dispose()


def test_there_is_one_head(migrations: MigrationContext) -> None:
    single_head(migrations)


def test_every_revision_goes_up_and_down(migrations: MigrationContext) -> None:
    up_and_down(migrations)


def test_the_end_is_what_the_models_say(migrations: MigrationContext) -> None:
    models_match(migrations)


def test_every_revision_has_time_outs() -> None:
    scripts = ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini")))
    for revision in scripts.walk_revisions():
        source = Path(revision.path).read_text()
        for half in source.split("def upgrade()")[1].split("def downgrade()"):
            assert "SET LOCAL lock_timeout" in half, revision.revision
            assert "SET LOCAL statement_timeout" in half, revision.revision
