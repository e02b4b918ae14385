"""A small book whose trail is chained, and what a superuser may do to it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, SeenBy
from app.services import journal
from app.services.access import SERVICE, Actor, Person
from app.services.audit import chain_queries, commands
from app.services.audit.rules import SignedHead, Verdict
from app.settings import Settings
from tests.builders import NATION_ID

T = TypeVar("T")
UNIT: str = "0197c0de-0000-7000-8000-0000000000aa"
OTHER: str = "0197c0de-0000-7000-8000-0000000000bb"
OFFICIAL = Person("tran.hanh", UNIT, "officer")
CLERK = Actor("portal", "0197c0de-0000-7000-8000-00000000f00d", "Quyết định số 15", person=OFFICIAL)
ROUNDS = 4

_UNITS = f"""
    INSERT INTO unit (id, code, level, parent_id, path, validity) VALUES
    ('{UNIT}', 'AU.1', 'regional', '{NATION_ID}', 'vn.aa.', '[2010-01-01,)'),
    ('{OTHER}', 'AU.2', 'regional', '{NATION_ID}', 'vn.bb.', '[2010-01-01,)')"""


def on(url: str, work: Callable[[SeenBy], Awaitable[T]]) -> T:
    """What `work` gives on this database."""

    async def opened() -> T:
        db = Database(Settings.model_validate({"database_url": url, "write_pool_size": 20, "pool_wait_seconds": 30}))
        await db.open()
        try:
            return await work(db.seen_by(SERVICE))
        finally:
            await db.close()

    return asyncio.run(opened())


async def changed(session: AsyncSession, unit_id: str | None, number: int) -> None:
    """One change on record, of a case or of a client."""
    await journal.record(
        session,
        subject="case" if unit_id else "client",
        subject_id=f"0197c0de-0000-7000-8000-{number:012}",
        unit_id=unit_id,
        version=number,
        action="changed",
        actor=CLERK,
        before={"state": "mới", "no": number, "amounts": [1, 2.50, None]},
        after={"state": "xong", "no": number + 1},
    )


def make_book(url: str) -> None:
    """Two units and the nation with records of their own, chained in several rounds."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(_UNITS)

    async def fill(db: SeenBy) -> None:
        for number in range(ROUNDS):

            async def work(session: AsyncSession, number: int = number) -> None:
                for unit_id in (UNIT, OTHER, None, UNIT):
                    await changed(session, unit_id, number)

            await db.write(work)
            await db.write(commands.link_records)

    on(url, fill)


def verdict(url: str, signed: Iterable[SignedHead] = ()) -> Verdict:
    """What verifying says."""
    return on(url, lambda db: chain_queries.verify(db, signed))


def link(url: str) -> int:
    """A round of chaining; how many records it linked."""
    return on(url, lambda db: db.write(commands.link_records))


@contextmanager
def superuser(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection that no trigger stops."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def audit_id(url: str, unit_id: str, no: int) -> int:
    """The record behind a link."""
    with psycopg.connect(url) as connection:
        sql = "SELECT audit_id FROM audit_link WHERE unit_id = %s AND no = %s"
        row = connection.execute(sql, [unit_id, no]).fetchone()
    assert row is not None
    return int(row[0])
