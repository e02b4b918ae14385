"""Connections: reads as prepared statements, changes as units of work. The only place that commits."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, NamedTuple, Protocol, TypeVar, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.copying import copied_out
from app.errors import Busy, Conflict
from app.roundtrip import fetch_after
from app.settings import Settings

Row = tuple[Any, ...]
T = TypeVar("T")

ATTEMPTS: Final = 4
# deadlock and serialization failure: PostgreSQL asks for the whole transaction again
RETRIED: Final = ("40P01", "40001")
# lock and statement timeouts, shutdown, too many connections, connection failures
BUSY: Final = ("55P03", "57014", "57P01", "57P02", "57P03", "53300", "08000", "08003", "08006", "25P04")


class Context(NamedTuple):
    """Who a transaction works for and what it may see: the settings `app.…` that row-level security reads.

    `lower` is the path of the only subtree, or `paths` a PostgreSQL array of several; `family` is an array of the paths
    whose figures may be read. Empty texts show nothing.
    """

    client: str = ""
    clearance: str = ""
    institution: str = ""
    lower: str = ""
    paths: str = ""
    family: str = ""


NOBODY: Final = Context()
"""What a connection has from the pool: nothing is seen, nothing can be written."""

_SETTINGS: Final = ", ".join(f"set_config('app.{name}', %s, true)" for name in Context._fields)
_SET: Final = f"SELECT {_SETTINGS}"
_SET_NAMED: Final = text(f"SELECT {_SETTINGS}" % tuple(f":{name}" for name in Context._fields))
_CONTEXT: Final = "context"


class _Instant(Loader):
    """`2026-11-24 02:00:00.5+00` becomes RFC 3339 (sessions run in UTC)."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode().replace(" ", "T", 1)[:-3] + "Z"


def _options(settings: Settings) -> str:
    values = {
        "timezone": "UTC",
        "datestyle": "ISO",
        "jit": "off",
        # Statements are written to have one good plan, whoever asks. Left to choose, PostgreSQL plans some anew with
        # every request, because their units turn out fewer than it guesses: more work than running them (decision 40).
        "plan_cache_mode": "force_generic_plan",
        "statement_timeout": settings.statement_timeout_ms,
        "lock_timeout": settings.lock_timeout_ms,
        "idle_in_transaction_session_timeout": 10_000,
        "transaction_timeout": settings.statement_timeout_ms * 2,
        "client_connection_check_interval": 1_000,
    }
    return " ".join(f"-c {name}={value}" for name, value in values.items())


def allowing(seconds: int = 0) -> str:
    """The statement that lets the rest of its transaction take so long, or, by default, as long as it needs."""
    # a timeout that is running cannot be made longer, only ended
    limits = (("statement_timeout", seconds), ("transaction_timeout", 0), ("transaction_timeout", seconds))
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}s', true)" for name, value in limits)


def _texts(adapters: AdaptersMap) -> None:
    for name in ("uuid", "date"):  # they stay the text they arrive as: answers need no more
        adapters.register_loader(name, TextLoader)
    adapters.register_loader("timestamptz", _Instant)


async def _prepare(connection: psycopg.AsyncConnection[Row]) -> None:
    _texts(connection.adapters)
    connection.prepared_max = 500


class Reads(Protocol):
    """Where a query may be asked: the read pool, or the transaction of a change that answers with what it wrote."""

    async def fetch(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of one statement; UUIDs, dates and instants as text."""

    async def fetch_one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""


class Within:
    """Reads what an open unit of work has written so far."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fetch(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of one statement inside the transaction."""
        raw = await (await self._session.connection()).get_raw_connection()
        connection = cast("psycopg.AsyncConnection[Row]", raw.driver_connection)
        async with connection.cursor() as cursor:
            _texts(cursor.adapters)
            await cursor.execute(sql.encode(), params)
            return await cursor.fetchall()

    async def fetch_one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        rows = await self.fetch(sql, params)
        return rows[0] if rows else None


class Snapshot:
    """Reads one moment of the database, however long that takes."""

    def __init__(self, connection: psycopg.AsyncConnection[Row]) -> None:
        self._connection = connection

    async def fetch(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of one statement as of that moment."""
        return await (await self._connection.execute(sql.encode(), params)).fetchall()

    async def fetch_one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        return await (await self._connection.execute(sql.encode(), params)).fetchone()

    def copied(self, sql: str, params: dict[str, Any]) -> AsyncGenerator[bytes]:
        """What a COPY … TO STDOUT sends, in blocks, and no faster than they are taken."""
        return copied_out(self._connection, sql, params)


@asynccontextmanager
async def in_context(session: AsyncSession, context: Context) -> AsyncIterator[None]:
    """Statements of the block see what `context` sees: for the few that must reach what their caller may not see."""
    own: Context = session.info[_CONTEXT]
    await _enter(session, context)
    yield
    await _enter(session, own)  # after an error there is no way back, nor a need: the transaction is over


async def _enter(session: AsyncSession, context: Context) -> None:
    session.info[_CONTEXT] = context
    await session.execute(_SET_NAMED, context._asdict())


def _forget_values(error: BaseException) -> None:
    """Leaves what PostgreSQL says of the kind of an error, not the rows and keys in its details: logs keep neither."""
    original = getattr(error, "orig", error)
    if isinstance(original, psycopg.Error) and original.diag.message_primary:
        original.args = (original.diag.message_primary,)
        if error is not original:
            error.args = original.args


def _raise_if_cancelled(error: BaseException) -> None:
    """A task that is being cancelled ends so, even where a broken connection has put its own error in between."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


def translated(error: BaseException) -> Exception | None:
    """The domain error that a database error means to a caller, if it means one; the rest may be logged after this."""
    _forget_values(error)
    original = getattr(error, "orig", error)
    if isinstance(error, PoolTimeout | PoolExhausted):
        return Busy(headers={"Retry-After": "1"})
    state = getattr(original, "sqlstate", None)
    if state in RETRIED:
        return Conflict()
    if state in BUSY or (state is None and isinstance(original, psycopg.OperationalError)):
        return Busy(headers={"Retry-After": "1"})
    return None


class Database:
    """One per worker: a pool of autocommit connections for reads, an engine for changes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._reads: AsyncConnectionPool[psycopg.AsyncConnection[Row]] = AsyncConnectionPool(
            settings.libpq_url,
            kwargs={"autocommit": True, "options": _options(settings), "application_name": "thads-read"},
            min_size=1,
            max_size=settings.pool_size,
            timeout=settings.pool_wait_seconds,
            max_waiting=settings.pool_size * 64,
            configure=_prepare,
            open=False,
        )
        self._engine = create_async_engine(
            settings.sqlalchemy_url,
            pool_size=settings.write_pool_size,
            max_overflow=0,
            pool_timeout=settings.pool_wait_seconds,
            pool_pre_ping=True,
            hide_parameters=True,  # a log of a defect must not name people
            connect_args={"options": _options(settings), "application_name": "thads-write"},
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._snapshots = asyncio.Semaphore(settings.snapshots_at_once)
        self._reload: Callable[[], Awaitable[None]] | None = None
        self._changed: Callable[[], None] | None = None

    async def open(self) -> None:
        """Opens the read pool; waits for its first connection."""
        await self._reads.open(wait=True, timeout=10)

    async def close(self) -> None:
        """Gives every connection back."""
        await self._reads.close()
        await self._engine.dispose()

    def on_reference_change(self, reload: Callable[[], Awaitable[None]]) -> None:
        """`reload` runs after a unit of work of this worker that changed reference data."""
        self._reload = reload

    def on_change(self, changed: Callable[[], None]) -> None:
        """`changed` is called after every unit of work of this worker that left a change record."""
        self._changed = changed

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
        try:
            async with self._reads.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout) as error:
            _raise_if_cancelled(error)
            meant = translated(error)
            if meant is None:
                raise
            raise meant from error

    @asynccontextmanager
    async def snapshot(self, context: Context) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
        """A read connection for the rare answer that needs more than one statement: all see the same moment."""
        async with self._reading() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            await connection.execute(_SET.encode(), context)
            yield connection

    async def fetch(self, context: Context, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of one prepared statement; UUIDs, dates and instants as text.

        The context travels with it: what a pipeline sends between two syncs is one transaction, and one round trip.
        """
        async with self._reading() as connection:
            return await fetch_after(connection, (_SET, context), sql, params)

    def seen_by(self, context: Context) -> "SeenBy":
        """The database as this context sees it."""
        return SeenBy(self, lambda: context)

    @asynccontextmanager
    async def long_snapshot(self, context: Context) -> AsyncIterator[Snapshot]:
        """One moment of the database for a long answer, on a connection of its own; Busy when too many are at it.

        A connection that is given up in the middle ends its query.
        """
        if self._snapshots.locked():
            raise Busy(headers={"Retry-After": "10"})
        async with self._snapshots:
            try:
                async with await self._of_its_own("thads-snapshot") as connection:
                    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    await connection.execute(allowing(self.settings.snapshot_seconds).encode())
                    await connection.execute(_SET.encode(), context)
                    yield Snapshot(connection)
            except psycopg.Error as error:
                _raise_if_cancelled(error)
                meant = translated(error)
                if meant is None:
                    raise
                raise meant from error

    async def _of_its_own(self, name: str) -> psycopg.AsyncConnection[Row]:
        connection = await psycopg.AsyncConnection.connect(
            self.settings.libpq_url, autocommit=True, options=_options(self.settings), application_name=name
        )
        await _prepare(connection)
        return connection

    async def write(self, context: Context, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Runs `work` as one transaction and commits it; all or nothing.

        Deadlocks and serialization failures repeat the whole of it, so `work` must not touch anything else.
        """
        for attempt in range(ATTEMPTS):
            try:
                async with self._sessions.begin() as session:
                    await _enter(session, context)
                    result = await work(session)
            except (DBAPIError, PoolExhausted, psycopg.Error) as error:  # the last of reads `Within`
                _raise_if_cancelled(error)
                state = getattr(getattr(error, "orig", error), "sqlstate", None)
                if state in RETRIED and attempt < ATTEMPTS - 1:
                    await asyncio.sleep(0.02 * 2**attempt)
                    continue
                meant = translated(error)
                if meant is None:
                    raise
                raise meant from error
            if session.info.get("reference_changed") and self._reload is not None:
                await self._reload()
            if session.info.get("changed") and self._changed is not None:
                self._changed()
            return result
        raise Busy  # unreachable: the last attempt raises

    async def listen(self, channel: str, heard: Callable[[str | None], Awaitable[None]]) -> None:
        """Calls `heard` with the text of every notification, and with None after every reconnect, until cancelled."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self.settings.libpq_url, autocommit=True)
                async with connection:
                    await connection.execute(f"LISTEN {channel}".encode())
                    await heard(None)
                    async for notification in connection.notifies():
                        await heard(notification.payload)
            except (psycopg.Error, Busy) as error:
                _raise_if_cancelled(error)
                await asyncio.sleep(1)


class SeenBy:
    """The database as somebody sees it, and what queries and commands of the service are given.

    Who that is may turn out only after this was handed over, so it is asked for with every statement.
    """

    __slots__ = ("_context", "_db")

    def __init__(self, db: Database, context: Callable[[], Context]) -> None:
        self._db = db
        self._context = context

    async def fetch(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of one prepared statement; UUIDs, dates and instants as text."""
        return await self._db.fetch(self._context(), sql, params)

    async def fetch_one(self, sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        rows = await self.fetch(sql, params)
        return rows[0] if rows else None

    async def write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Runs `work` as one transaction and commits it; all or nothing."""
        return await self._db.write(self._context(), work)

    def snapshot(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Row]]:
        """A read connection for the rare answer that needs more than one statement: all see the same moment."""
        return self._db.snapshot(self._context())

    def long_snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """One moment of the database for a long answer, on a connection of its own; Busy when too many are at it."""
        return self._db.long_snapshot(self._context())

    def changed(self, change: Callable[[Context], Context]) -> "SeenBy":
        """The same in a context made from this one."""
        return SeenBy(self._db, lambda: change(self._context()))
