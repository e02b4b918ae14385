"""Everything that may go wrong around the feed, at once: many writers that pause, roll back, hold their transactions
or are killed, and two workers whose numbering is killed in the middle. Readers change workers with every page.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, SeenBy
from app.errors import DomainError
from app.services import journal
from app.services.access import SERVICE, Actor, Caller, Visibility
from app.services.changes import queries
from app.services.changes.feed import Feed
from app.services.changes.rules import SCOPE_OF, Place, View
from app.settings import Settings
from tests.builders import NATION_ID

WRITERS: Final = 24
THINGS: Final = 60
UNITS: Final = 4
ROLLED_BACK: Final = 0.1
HELD: Final = 0.03
_LOCK: Final = 0x6368616E6765
_AS_SERVICE: Final = Actor("storm")

TABLES: Final = f"""
    CREATE TABLE thing (id text PRIMARY KEY, unit int NOT NULL, version bigint NOT NULL);
    INSERT INTO thing SELECT 'thing-' || n, n % {UNITS}, 0 FROM generate_series(1, {THINGS}) n;
    INSERT INTO unit (id, code, level, parent_id, path, validity)
    SELECT ('0197c0de-0000-7000-8000-00000000000' || n)::uuid, 'ST.' || n, 'regional', '{NATION_ID}',
        'vn.s' || n || '.', '[2010-01-01,)'
    FROM generate_series(0, {UNITS - 1}) n"""


class _RolledBack(Exception):
    """A writer thinks better of it."""


@contextlib.asynccontextmanager
async def resting() -> AsyncIterator[None]:
    """No gate to leave."""
    yield


def view(*units: int, **walls: Any) -> View:
    """Who sees these units, or the whole nation."""
    paths = tuple(f"vn.s{unit}." for unit in units) or ("vn.",)
    return View.of(Caller("tests", frozenset(SCOPE_OF.values()), paths, **walls), None)


def settings(url: str) -> Settings:
    """Pools large enough for all writers."""
    return Settings.model_validate({"database_url": url, "write_pool_size": WRITERS + 4, "pool_wait_seconds": 30})


@dataclass
class Worker:
    """What of a worker matters here."""

    database: Database
    db: SeenBy
    feed: Feed


@contextlib.asynccontextmanager
async def worker(url: str) -> AsyncIterator[Worker]:
    """A worker of the service over a database."""
    db = Database(settings(url))
    feed = Feed(db)
    await db.open()
    try:
        await feed.start()
        yield Worker(db, db.seen_by(SERVICE), feed)
    finally:
        await feed.stop()
        await db.close()


@dataclass
class Reader:
    """A partner that keeps what it was told, and where it is."""

    view: View
    place: Place | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)

    def take(self, page: queries.Page | None) -> None:
        """Keeps a page together with its place."""
        assert page is not None, "the place is lost"
        self.changes += page.changes()
        self.place = page.upto


@dataclass
class Storm:
    """One run; `kills` counts what was killed, by kind."""

    url: str
    seconds: float
    seed: int = 1
    readers: list[Reader] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=lambda: {"writer": 0, "numbering": 0})
    _over: bool = False

    async def run(self, beside: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Rages, and lets the readers come to the end; `beside` runs until it is cancelled."""
        self._random = Random(self.seed)
        async with worker(self.url) as first, worker(self.url) as second:
            self._workers = [first, second]
            killers = _begun(self._killer("writer", _A_WRITER, 0.2), self._killer("numbering", _NUMBERING, 0.1))
            others = _begun(*map(self._follow, self.readers), *([beside()] if beside else []))
            writers = _begun(*(self._writer(Random(number)) for number in range(WRITERS)))
            try:
                await asyncio.sleep(self.seconds)
                self._over = True
                await asyncio.gather(*writers)
                await _ended(killers)
                await self._settled()
            finally:
                await _ended([*writers, *killers, *others])
            await self._read_to_the_end()

    async def _writer(self, random: Random) -> None:
        while not self._over:
            with contextlib.suppress(_RolledBack, DomainError):  # rolled back, or killed
                await random.choice(self._workers).db.write(lambda session: self._change(session, random))
            await asyncio.sleep(random.random() * 0.02)

    async def _change(self, session: AsyncSession, random: Random) -> None:
        """One to three things in a fixed order, so that nobody waits in a circle."""
        for number in sorted(random.sample(range(1, THINGS + 1), random.choice((1, 1, 1, 2, 3)))):
            before = await session.execute(_CHANGE, {"id": f"thing-{number}", "unit": random.randrange(UNITS)})
            version, now, was = before.one()
            await asyncio.sleep(random.random() * 0.01)
            await journal.record(
                session,
                subject="officer",
                subject_id=f"thing-{number}",
                unit_id=f"0197c0de-0000-7000-8000-00000000000{now}",
                version=version,
                action="changed",
                actor=_AS_SERVICE,
                was=None if was == now else Visibility(f"vn.s{was}."),
            )
        await asyncio.sleep(0.5 + random.random() if random.random() < HELD else random.random() * 0.01)
        if random.random() < ROLLED_BACK:
            raise _RolledBack

    async def _killer(self, kind: str, sql: str, pause: float) -> None:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            while True:
                await asyncio.sleep(pause * (0.5 + self._random.random()))
                killed = await (await connection.execute(sql.encode())).fetchall()
                self.kills[kind] += len(killed)

    async def _follow(self, reader: Reader) -> None:
        while True:
            await self._page(reader, self._random.randint(1, 40), self._random.choice((0, 0.1)))
            await asyncio.sleep(self._random.random() * 0.05)

    async def _page(self, reader: Reader, limit: int, wait_seconds: float) -> None:
        chosen = self._random.choice(self._workers)
        with contextlib.suppress(DomainError):
            reader.take(await chosen.feed.changes(chosen.db, reader.view, reader.place, limit, wait_seconds, resting))

    async def _settled(self) -> None:
        """Everything committed has its position, and both workers know."""
        async with asyncio.timeout(20):
            while True:
                head = await queries.read_head(self._workers[0].db)
                known = {await worker.feed.end() for worker in self._workers}
                if not head.waiting and known == {head.place}:
                    return
                await asyncio.sleep(0.05)

    async def _read_to_the_end(self) -> None:
        head = await self._workers[0].feed.end()
        for reader in self.readers:
            while reader.place != head:
                await self._page(reader, 500, 0)

    def facts(self) -> dict[str, int]:
        """The version every thing has come to: all versions up to it were committed, each once."""
        with psycopg.connect(self.url) as connection:
            return dict(connection.execute("SELECT id, version FROM thing").fetchall())


def _begun(*work: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(each) for each in work]


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    """Cancels what still runs; raises what went wrong in any of them."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if result is not None and not isinstance(result, asyncio.CancelledError):
            raise result


_CHANGE: Final = text("""
    UPDATE thing t SET version = t.version + 1, unit = :unit FROM (SELECT * FROM thing WHERE id = :id FOR UPDATE) o
    WHERE t.id = o.id RETURNING t.version, t.unit, o.unit""")
_A_WRITER: Final = """
    SELECT pg_terminate_backend(pid) FROM (
        SELECT pid FROM pg_stat_activity WHERE application_name = 'thads-write' AND datname = current_database()
            AND state = 'idle in transaction' ORDER BY random() LIMIT 1) w"""
_NUMBERING: Final = f"""
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = {_LOCK}
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def check(changes: list[dict[str, Any]], facts: dict[str, int]) -> None:
    """Nothing lost, nothing twice, versions in order, positions without gaps."""
    positions = [change["position"] for change in changes]
    assert positions == list(range(1, len(changes) + 1)), _odd(positions)
    versions: dict[str, list[int]] = {}
    for change in changes:
        versions.setdefault(change["id"], []).append(change["version"])
    for thing, last in facts.items():
        assert versions.get(thing, []) == list(range(1, last + 1)), (thing, last, versions.get(thing))


def _odd(positions: list[int]) -> list[tuple[int, int]]:
    return [pair for pair in zip([0, *positions], positions, strict=False) if pair[1] != pair[0] + 1][:5]
