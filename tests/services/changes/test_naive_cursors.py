"""Why the feed has numbers of its own: the cursors everybody tries first lose changes or tell them in the wrong order.

Each scenario is two writers and a reader who reads, waits, and reads on (docs/decisions/0015-change-feed.md).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import pytest

from app.db import SeenBy
from app.services.changes.commands import number
from app.services.changes.queries import read_page
from tests.services.audit.book import on
from tests.services.changes.storm import Reader, view

Connection = psycopg.Connection[tuple[Any, ...]]
Change = tuple[str, int]
Scenario = Callable[["Lab", Callable[[], list[Change]]], list[Change]]

_WRITE: Final = """
    INSERT INTO change_record (subject, subject_id, unit_path, version, action, transaction_id)
    VALUES ('case', %s, 'vn.', %s, 'changed', pg_current_xact_id()::text::bigint)"""
_READ: Final = "SELECT subject_id, version, {key} FROM change_record WHERE {key} > %s::{type} AND {only} ORDER BY {key}"
_OLDER_ENDED: Final = "transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

SERIAL: Final = (_READ.format(key="id", type="bigint", only="true"), 0)
UPDATED_AT: Final = (_READ.format(key="recorded_at", type="timestamptz", only="true"), "-infinity")
XID_AND_SERIAL: Final = (_READ.format(key="id", type="bigint", only=_OLDER_ENDED), 0)
XID_AND_XID: Final = (_READ.format(key="ARRAY[transaction_id, id]", type="bigint[]", only=_OLDER_ENDED), [0, 0])


class Cursor:
    """Reads what comes after the last key it saw."""

    def __init__(self, reader: Connection, sql: str, start: Any) -> None:
        self._reader, self._sql, self._last = reader, sql, start

    def read(self) -> list[Change]:
        """The next changes."""
        rows = self._reader.execute(self._sql.encode(), [self._last]).fetchall()
        if rows:
            self._last = rows[-1][2]
        return [row[:2] for row in rows]

    def wait(self, number: int = 1) -> list[Change]:
        """That many changes: transactions of other databases, too, hold back what waits for older ones."""
        limit, found = time.monotonic() + 10, self.read()
        while len(found) < number:
            assert time.monotonic() < limit, found
            time.sleep(0.02)
            found += self.read()
        return found


@dataclass(frozen=True)
class Lab:
    """Two writers and a reader."""

    url: str
    one: Connection
    two: Connection
    reader: Connection


@pytest.fixture
def lab(fresh_database: Callable[[], str]) -> Iterator[Lab]:
    url = fresh_database()
    with psycopg.connect(url) as one, psycopg.connect(url) as two, psycopg.connect(url, autocommit=True) as reader:
        yield Lab(url, one, two, reader)


def _write(writer: Connection, thing: str, version: int = 1) -> None:
    writer.execute(_WRITE, [thing, version])


def late_commit(lab: Lab, read: Callable[[], list[Change]]) -> list[Change]:
    """The first to write is the last to commit."""
    _write(lab.one, "early")
    _write(lab.two, "late")
    lab.two.commit()
    told = read()
    lab.one.commit()
    return told


def old_transaction(lab: Lab, read: Callable[[], list[Change]]) -> list[Change]:
    """A transaction that began first writes last, and commits first."""
    lab.one.execute("SELECT pg_current_xact_id()")
    _write(lab.two, "early")
    _write(lab.one, "late")
    lab.one.commit()
    told = read()
    lab.two.commit()
    return told


def overtaken(lab: Lab, read: Callable[[], list[Change]]) -> list[Change]:
    """A transaction that began first makes the second version of a thing."""
    lab.one.execute("SELECT pg_current_xact_id()")
    _write(lab.two, "thing", 1)
    lab.two.commit()
    _write(lab.one, "thing", 2)
    lab.one.commit()
    return read()


LOSING: Final[dict[str, tuple[tuple[str, Any], Scenario]]] = {
    "serial": (SERIAL, late_commit),
    "updated_at": (UPDATED_AT, late_commit),
    "xid8 filter with serial resume": (XID_AND_SERIAL, old_transaction),
}


@pytest.mark.parametrize("name", LOSING)
def test_well_known_cursors_lose_a_change(name: str, lab: Lab) -> None:
    naive, scenario = LOSING[name]
    cursor = Cursor(lab.reader, *naive)
    assert scenario(lab, cursor.wait) == [("late", 1)]
    assert len(Cursor(lab.reader, *naive).wait(2)) == 2  # both are there for who begins anew …
    assert cursor.read() == []  # … but the early one was passed over


def test_a_cursor_of_transactions_tells_versions_in_the_wrong_order(lab: Lab) -> None:
    cursor = Cursor(lab.reader, *XID_AND_XID)
    assert overtaken(lab, lambda: cursor.wait(2)) == [("thing", 2), ("thing", 1)]


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        (late_commit, [("late", 1), ("early", 1)]),
        (old_transaction, [("late", 1), ("early", 1)]),
        (overtaken, [("thing", 1), ("thing", 2)]),
    ],
)
def test_the_feed_tells_all_in_order(scenario: Scenario, told: list[Change], lab: Lab) -> None:
    partner = Reader(view())

    def read() -> list[Change]:
        async def numbered(db: SeenBy) -> None:
            await db.write(number)
            partner.take(await read_page(db, partner.view, partner.place, 10))

        before = len(partner.changes)
        on(lab.url, numbered)
        return [(one["id"], one["version"]) for one in partner.changes[before:]]

    assert scenario(lab, read) + read() == told
