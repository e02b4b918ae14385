"""Two statements in one exchange with the server: who asks, and what is asked.

psycopg's own pipeline waits for the socket six times where once is enough, which is a third of what reading one case
costs the service (decision 30). This is the same on its lower level: libpq through `psycopg.pq`, values and rows
through `psycopg.adapt`. Everything that is not a read of the pool goes psycopg's usual way.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from psycopg import adapt
from psycopg.abc import PQGen, Transformer
from psycopg.adapt import PyFormat
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

Row = tuple[Any, ...]
Parameters = Sequence[Any] | dict[str, Any]
Connection = psycopg.AsyncConnection[Row]
Send = Callable[[], None]

# statements that one connection keeps prepared
KEPT: Final = 500

_PLACE: Final = re.compile(r"%(?:\((\w+)\)s|s|%)")


@lru_cache(maxsize=4 * KEPT)
def numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with `$1`, `$2` … for its `%s`, or for its `%(name)s`; and these names in that order."""
    names: dict[str, int] = {}
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found[1]:
            return f"${names.setdefault(found[1], len(names) + 1)}"
        count += 1
        return f"${count}"

    return _PLACE.sub(place, sql).encode(), tuple(names)


class Prepared:
    """What a connection has prepared: the name of a statement by its text and the types of its parameters."""

    def __init__(self) -> None:
        self._names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._new: list[tuple[bytes, tuple[int, ...]]] = []
        self._unwanted: list[bytes] = []
        self._last = 0

    def sends(self, pgconn: PGconn, tx: Transformer, sql: str, params: Parameters) -> list[Send]:
        """What to send for a statement: its preparation where it is new, and its call."""
        text, names = numbered(sql)
        values = [params[name] for name in names] if isinstance(params, dict) else params
        dumped = tx.dump_sequence(values, [PyFormat.AUTO] * len(values)) if values else []
        key = (text, tx.types or () if values else ())
        sends: list[Send] = []
        if key not in self._names:
            if len(self._names) >= KEPT:
                self._unwanted.append(self._names.pop(next(iter(self._names))))
            self._last += 1
            self._names[key] = b"read%d" % self._last
            self._new.append(key)
            sends = [partial(pgconn.send_close_prepared, name) for name in self._unwanted]
            sends.append(partial(pgconn.send_prepare, self._names[key], text, key[1]))
        formats = tx.formats if values else None
        return [*sends, partial(pgconn.send_query_prepared, self._names[key], dumped, formats)]

    def succeeded(self) -> None:
        """Everything sent was done."""
        if self._new:
            self._new.clear()
            self._unwanted.clear()

    def failed(self) -> None:
        """Nobody knows what of it was prepared; to close what is not there is no error."""
        self._unwanted += [self._names.pop(key) for key in self._new]
        self._new.clear()


_PREPARED: Final[WeakKeyDictionary[Connection, Prepared]] = WeakKeyDictionary()


async def fetch_after(
    connection: Connection, first: tuple[str, Sequence[Any]], sql: str, params: Parameters
) -> list[Row]:
    """All rows of `sql` after a first statement, both in one transaction; the first one's rows are not looked at.

    Raises what psycopg raises for errors of the database and of the connection.
    """
    prepared = _PREPARED.setdefault(connection, Prepared())
    tx: Transformer = adapt.Transformer(connection)
    try:
        sends = [
            send
            for statement, values in (first, (sql, params))
            for send in prepared.sends(connection.pgconn, tx, statement, values)
        ]
        result = await connection.wait(_exchange(connection.pgconn, sends))
    except BaseException:
        prepared.failed()
        raise
    prepared.succeeded()
    tx.set_pgresult(result)
    return tx.load_rows(0, result.ntuples, tuple)


def _exchange(pgconn: PGconn, sends: list[Send]) -> PQGen[PGresult]:
    """The last result, once everything has been answered."""
    pgconn.enter_pipeline_mode()
    for send in sends:
        send()
    pgconn.pipeline_sync()
    while pgconn.flush():
        ready = yield Wait.RW
        if ready & Ready.R:
            pgconn.consume_input()
    results = yield from _answers(pgconn)
    pgconn.exit_pipeline_mode()
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
    return results[-1]


def _answers(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """One result for everything sent before the sync."""
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if pgconn.status != ConnStatus.OK:
                raise psycopg.OperationalError("the connection is lost")
        elif result.status == ExecStatus.PIPELINE_SYNC:
            return results
        else:
            results.append(result)
