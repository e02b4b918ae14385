"""The feed read from a standby, and what becomes of it when the standby takes over without the last changes."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app import preflight
from app.db import Database
from app.embedded import Embedded, temporary
from app.services.access import SERVICE
from app.services.changes.commands import number
from app.services.changes.queries import read_head, read_page
from app.settings import Settings
from tests.conftest import TEMPLATE
from tests.services.audit.book import on
from tests.services.changes.storm import TABLES, Reader, Storm, check, settings, view
from tests.services.changes.test_numbering import Book

SECONDS = 4.0
REPLICATED = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}


@pytest.fixture(scope="module")
def primary() -> Iterator[Embedded]:
    """A server that may have standbys."""
    with temporary(REPLICATED) as server:
        preflight.migrate(Settings.model_validate({"database_url": server.url(TEMPLATE)}))
        yield server


@pytest.fixture
def standby(primary: Embedded) -> Iterator[Embedded]:
    """A standby of it that has caught up with its start."""
    folder = Path(tempfile.mkdtemp(prefix="thads-"))
    primary._account.give(folder)
    backup: list[str | Path] = [
        primary.binaries / "pg_basebackup",
        "-d",
        primary.url("postgres"),
        "-D",
        folder / "data",
    ]
    options = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--wal-method=stream"]
    subprocess.run(primary._account.launcher(*backup, *options), check=True, cwd="/", timeout=60)
    shutil.copy(primary.home / "password", folder / "password")
    server = Embedded(folder, {"fsync": "off", **REPLICATED})
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_standby_tells_the_same_and_no_less(primary: Embedded, standby: Embedded) -> None:
    url = primary.url(TEMPLATE)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
    reader = Reader(view())

    async def follow() -> None:
        db = Database(settings(standby.url(TEMPLATE)))
        await db.open()
        try:
            while True:
                reader.take(await read_page(db.seen_by(SERVICE), reader.view, reader.place, 30))
                await asyncio.sleep(0.01)
        finally:
            await db.close()

    storm = Storm(url, SECONDS, readers=[])
    asyncio.run(storm.run(beside=follow))
    end = on(url, read_head).place
    while reader.place != end:
        reader.take(on(standby.url(TEMPLATE), lambda db: read_page(db, reader.view, reader.place, 1_000)))
    assert len(reader.changes) > 20 * SECONDS
    check(reader.changes, storm.facts())


def test_a_standby_numbers_nothing(standby: Embedded) -> None:
    assert on(standby.url(TEMPLATE), lambda db: db.write(number)) is None


def test_who_read_what_did_not_survive_a_failover_is_told_so(primary: Embedded, standby: Embedded) -> None:
    before, after = Book(primary.url(TEMPLATE)), Book(standby.url(TEMPLATE))
    before.write(3)
    before.number()
    survived = before.end()
    _until(lambda: after.end() == survived)
    after.sql("ALTER SYSTEM SET primary_conninfo = ''")
    after.sql("SELECT pg_reload_conf()")
    _until(lambda: after.sql("SELECT FROM pg_stat_wal_receiver") == [])  # cut off, so that the next changes are lost
    before.write(2)
    before.number()
    lost = before.end()
    after.sql("SELECT pg_promote()")
    assert after.end() == survived
    page = after.read(survived)
    assert page is not None
    assert page.number == 0
    assert after.read(lost) is None
    after.write(4)  # soon the new server is further than the old one ever was
    after.number()
    assert after.end().position > lost.position
    assert after.read(lost) is None
    page = after.read(survived)
    assert page is not None
    assert page.number == 4
