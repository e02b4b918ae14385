"""Rounds of numbering: bounded, alone, announced; what happens after a restore; what is forgotten."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import psycopg
import pytest

from app.db import SeenBy
from app.services.changes.commands import CHANNEL, ROUND, Numbered, forget_old_changes, number
from app.services.changes.queries import Page, read_head, read_page
from app.services.changes.rules import MAX_PATHS, Place
from tests.services.audit.book import on
from tests.services.changes.storm import _LOCK, view

_WRITE: Final = """
    INSERT INTO change_record (subject, subject_id, unit_path, version, action, transaction_id)
    SELECT 'case', 'thing-' || n, 'vn.s' || n || '.', 1, 'changed', pg_current_xact_id()::text::bigint
    FROM generate_series(1, {}) n"""


class Book:
    """A database whose changes are numbered by hand."""

    def __init__(self, url: str) -> None:
        self.url = url

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database says, as its owner."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def write(self, changes: int = 1) -> None:
        """Commits changes, of as many things and units."""
        self.sql(_WRITE.format(changes))

    def number(self) -> Numbered | None:
        """One round."""
        return on(self.url, lambda db: db.write(number))

    def end(self) -> Place:
        """Where the feed ends."""
        return on(self.url, read_head).place

    def read(self, after: Place | None = None, limit: int = 1_000) -> Page | None:
        """A page as the nation sees it."""
        return on(self.url, lambda db: read_page(db, view(), after, limit))

    def forget(self) -> int:
        """Forgets what is older than forty days."""
        return on(self.url, lambda db: db.write(lambda session: forget_old_changes(session, timedelta(days=40))))


@pytest.fixture
def book(fresh_database: Callable[[], str]) -> Book:
    return Book(fresh_database())


def test_a_round_is_bounded_and_the_next_one_goes_on(book: Book) -> None:
    book.write(ROUND + 7)
    first, second, third = book.number(), book.number(), book.number()
    assert first is not None
    assert second is not None
    assert third is not None
    assert [(done.changes, done.more) for done in (first, second, third)] == [(ROUND, True), (7, False), (0, False)]
    assert second.head == third.head == Place(first.head.mark, ROUND + 7)
    positions = "SELECT min(position), max(position), count(DISTINCT position) FROM change_record"
    assert book.sql(positions) == [(1, ROUND + 7, ROUND + 7)]


def test_a_round_without_changes_writes_nothing(book: Book) -> None:
    book.write()
    book.number()
    head = book.sql("SELECT xmin FROM change_head")
    assert book.number() is not None
    assert book.sql("SELECT xmin FROM change_head") == head


def test_one_round_at_a_time(book: Book) -> None:
    book.write()
    with psycopg.connect(book.url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({_LOCK})".encode())
        assert book.number() is None
    assert book.number() is not None


def test_a_round_says_in_which_units_something_happened(book: Book) -> None:
    def announced(changes: int, extra: str = "") -> Any:
        book.write(changes)
        if extra:
            book.sql(extra)
        with psycopg.connect(book.url, autocommit=True) as listener:
            listener.execute(f"LISTEN {CHANNEL}".encode())
            book.number()
            return json.loads(next(listener.notifies(timeout=5, stop_after=1)).payload)

    few = announced(2, "UPDATE change_record SET was_unit_path = 'vn.w.' WHERE subject_id = 'thing-2'")
    assert (few["position"], few["changes"], sorted(few["paths"])) == (2, 2, ["vn.s1.", "vn.s2.", "vn.w."])
    assert announced(MAX_PATHS + 1)["paths"] is None
    anywhere = announced(1, "UPDATE change_record SET unit_path = NULL WHERE position IS NULL")
    assert anywhere["paths"] is None


def test_changes_held_back_are_numbered_when_they_are_committed(book: Book) -> None:
    with psycopg.connect(book.url) as holding:
        holding.execute(_WRITE.format(1).encode())
        for _ in range(3):
            book.write()
            book.number()
        assert book.end().position == 3
        holding.commit()
    done = book.number()
    assert done is not None
    assert done.changes == 1
    assert book.sql("SELECT count(*) FROM change_record WHERE position IS NULL") == [(0,)]


def test_another_server_goes_on_and_refuses_what_it_never_had(book: Book) -> None:
    """After a restore: cursors up to the restored end hold, later ones do not, and transaction ids begin anew."""
    book.write(3)
    book.number()
    known = book.end()
    restored = "UPDATE change_lineage SET server = 'another'; UPDATE change_head SET seen_below = 1::bigint << 60"
    book.sql(restored)
    book.write(2)
    done = book.number()
    assert done is not None
    assert (done.changes, done.head.position) == (2, 5)
    assert done.head.mark != known.mark
    page = book.read(known)
    assert page is not None
    assert [one["position"] for one in page.changes()] == [4, 5]
    assert page.upto == done.head
    for place in (Place(known.mark, 4), Place(known.mark, 5), Place(done.head.mark, 6), Place(123, 2)):
        assert book.read(place) is None, place


def test_a_second_restore_to_an_earlier_moment_is_no_second_chance(book: Book) -> None:
    """What was read from a server that is gone is not taken for what its successor numbered with the same number."""
    book.write(3)
    book.number()
    first = book.end()
    book.sql("CREATE TABLE kept AS TABLE change_lineage; UPDATE change_lineage SET server = 'another'")
    book.write(2)
    book.number()
    second = book.end()
    book.sql("DELETE FROM change_record WHERE position > 3; UPDATE change_head SET position = 3")
    book.sql("DELETE FROM change_lineage; INSERT INTO change_lineage SELECT * FROM kept")
    book.sql("UPDATE change_lineage SET server = 'a third one'")
    book.write(2)
    book.number()
    assert book.end().position == second.position == 5
    assert book.read(second) is None
    assert book.read(first) is not None


def test_what_is_old_is_forgotten_and_its_cursors_are_lost(book: Book) -> None:
    book.write(ROUND + 3)
    book.number()
    book.number()
    old = "UPDATE change_record SET recorded_at = now() - interval '41 days' WHERE position <= {}"
    book.sql(old.format(ROUND + 1))
    mark = book.end().mark
    assert [book.forget() for _ in range(3)] == [ROUND, 1, 0]
    assert book.read(Place(mark, ROUND)) is None
    for place in (None, Place(mark, ROUND + 1)):
        page = book.read(place)
        assert page is not None
        assert [one["position"] for one in page.changes()] == [ROUND + 2, ROUND + 3]
    book.sql(old.format(ROUND + 3))
    assert book.forget() == 2
    page = book.read(book.end())
    assert page is not None
    assert page.number == 0
    book.write()
    book.number()
    assert book.end().position == ROUND + 4


def test_forgetting_side_by_side_never_goes_back(book: Book) -> None:
    book.write(50)
    book.number()
    book.sql("UPDATE change_record SET recorded_at = now() - interval '41 days'")

    async def together(db: SeenBy) -> list[Any]:
        def work(session: Any) -> Any:
            return forget_old_changes(session, timedelta(days=40))

        return await asyncio.gather(*(db.write(work) for _ in range(4)))

    assert sum(on(book.url, together)) == 50
    assert book.sql("SELECT forgotten FROM change_head") == [(50,)]


def test_what_is_not_numbered_is_never_forgotten(book: Book) -> None:
    book.write()
    book.sql("UPDATE change_record SET recorded_at = now() - interval '41 days'")
    assert book.forget() == 0
    book.number()
    assert book.forget() == 1
