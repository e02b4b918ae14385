"""Chaining beside writers: nobody waits, nothing is lost, nothing is linked twice."""

import asyncio
from collections.abc import Callable
from random import Random

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import SeenBy
from app.services.audit import commands
from tests.services.audit.book import OTHER, UNIT, changed, link, make_book, on, superuser, verdict

WRITERS = 16
EACH = 12


class _Undone(Exception):
    """Rolls a transaction back."""


@pytest.fixture
def book(fresh_database: Callable[[], str]) -> str:
    url = fresh_database()
    make_book(url)
    return url


async def _writer(db: SeenBy, number: int) -> int:
    """Writes records into three chains, some slowly, some in vain; how many are kept."""
    random, kept = Random(number), 0
    for turn in range(EACH):

        async def work(session: AsyncSession, turn: int = turn) -> None:
            for unit_id in random.sample([UNIT, OTHER, None], 2):
                await changed(session, unit_id, turn)
                await asyncio.sleep(random.random() * 0.02)
            if random.random() < 0.25:
                raise _Undone

        try:
            await db.write(work)
            kept += 2
        except _Undone:
            continue
    return kept


async def _chained_while_writing(db: SeenBy) -> tuple[int, int]:
    async def chain() -> int:
        rounds = 0
        while True:
            rounds += min(1, await db.write(commands.link_records))
            counted[0] = rounds
            await asyncio.sleep(0.005)

    counted = [0]
    chainers = [asyncio.create_task(chain()) for _ in range(2)]
    kept = await asyncio.gather(*(_writer(db, number) for number in range(WRITERS)))
    for chainer in chainers:
        chainer.cancel()
    await asyncio.gather(*chainers, return_exceptions=True)
    return sum(kept), counted[0]


def test_writers_and_rounds_at_the_same_time(book: str) -> None:
    before = verdict(book).linked
    kept, rounds = on(book, _chained_while_writing)
    assert kept > WRITERS
    assert rounds > 3
    link(book)
    found = verdict(book)
    assert (found.breaks, found.linked, found.waiting) == ((), before + kept, 0)
    with psycopg.connect(book) as connection:
        (once,) = connection.execute(
            """SELECT (SELECT array_agg(id ORDER BY id) FROM audit_record)
                = (SELECT array_agg(audit_id ORDER BY audit_id) FROM audit_link)"""
        ).fetchone() or (False,)
    assert once


def test_who_commits_late_is_linked_late(book: str) -> None:
    """The record with the lower id comes second in the chain; no round waits for it."""

    async def work(db: SeenBy) -> list[int]:
        linked = []

        async def late(session: AsyncSession) -> None:
            await changed(session, UNIT, 1)
            await db.write(lambda other: changed(other, UNIT, 2))
            linked.append(await db.write(commands.link_records))

        await db.write(late)
        linked.append(await db.write(commands.link_records))
        return linked

    assert on(book, work) == [1, 1]
    with psycopg.connect(book) as connection:
        sql = "SELECT audit_id FROM audit_link WHERE unit_id = %s ORDER BY no DESC LIMIT 2"
        last, before = (row[0] for row in connection.execute(sql, [UNIT]))
    assert last < before
    assert verdict(book).breaks == ()


def test_only_one_round_at_a_time(book: str) -> None:
    async def work(db: SeenBy) -> tuple[int, int]:
        await db.write(lambda session: changed(session, UNIT, 1))

        async def first(session: AsyncSession) -> tuple[int, int]:
            mine = await commands.link_records(session)
            return mine, await db.write(commands.link_records)

        return await db.write(first)

    assert on(book, work) == (1, 0)


def test_a_book_restored_into_a_younger_cluster_is_chained_on(book: str) -> None:
    """Transaction ids begin anew there, below those on record."""
    with superuser(book) as connection:
        connection.execute("UPDATE audit_round SET seen_below = 9000000000000000")
    on(book, lambda db: db.write(lambda session: changed(session, UNIT, 1)))
    assert link(book) == 1
    on(book, lambda db: db.write(lambda session: changed(session, UNIT, 2)))
    assert (link(book), link(book)) == (1, 0)
    assert verdict(book).breaks == ()


def test_a_long_trail_is_verified_in_pieces(book: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.audit.chain_queries.PIECE", 3)
    found = verdict(book)
    assert (found.breaks, found.chains, found.waiting) == ((), 3, 0)
    with superuser(book) as connection:
        connection.execute(
            "UPDATE audit_record SET reason = 'x' WHERE id IN (SELECT audit_id FROM audit_link WHERE no = 4)"
        )
    assert [broken.no for broken in verdict(book).breaks] == [4, 4, 4]
