"""What it costs to tell the database with every read who asks: `python -m bench.context`, a Markdown table.

Reads one case over and over, on one connection: the statement alone, with the settings of its context in the same
round trip (as the service does it, and as psycopg's own pipeline does), and as a transaction of its own; by the owner,
whom row-level security does not bind, and by the role that serves.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from typing import Any, Final

import psycopg

from app.db import _SET, Context
from app.preflight import ROOT
from app.roundtrip import fetch_after
from app.services.access import SERVICE, Scope
from app.services.cases.queries import _ONE, case_wall
from bench.database import Loaded, loaded

CASES: Final = 200_000
TIMES: Final = 4_000
SCOPE: Final = Scope(("vn.",), (), 2)
ASKED: Final = _ONE + case_wall(SCOPE)
SQL: Final = ASKED.encode()
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


async def _alone(connection: Connection, values: dict[str, Any], _: Context) -> None:
    await (await connection.execute(SQL, values, prepare=True)).fetchall()


async def _exchanged(connection: Connection, values: dict[str, Any], context: Context) -> None:
    await fetch_after(connection, (_SET, context), ASKED, values)


async def _together(connection: Connection, values: dict[str, Any], context: Context) -> None:
    async with connection.pipeline():
        await connection.execute(_SET.encode(), context, prepare=True)
        cursor = await connection.execute(SQL, values, prepare=True)
    await cursor.fetchall()


async def _in_turn(connection: Connection, values: dict[str, Any], context: Context) -> None:
    async with connection.transaction():
        await connection.execute(_SET.encode(), context, prepare=True)
        await (await connection.execute(SQL, values, prepare=True)).fetchall()


Way = Callable[[Connection, dict[str, Any], Context], Awaitable[None]]
WAYS: Final[dict[str, Way]] = {
    "the query alone": _alone,
    "one exchange": _exchanged,
    "a pipeline of psycopg": _together,
    "a transaction": _in_turn,
}


def _backend_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - read twice a measurement
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def _measured(url: str, way: Way, ids: list[str]) -> tuple[float, float]:
    """CPU of client and server for each read, in µs."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        each = cycle(ids)
        for _ in range(TIMES // 10):
            await way(connection, {"id": next(each), **SCOPE.wall()}, SERVICE)
        server, client = _backend_seconds(connection.info.backend_pid), time.process_time()
        for _ in range(TIMES):
            await way(connection, {"id": next(each), **SCOPE.wall()}, SERVICE)
        client = time.process_time() - client
        server = _backend_seconds(connection.info.backend_pid) - server
    return client / TIMES * 1e6, server / TIMES * 1e6


async def main(database: Loaded) -> None:
    """Prints the table."""
    with psycopg.connect(database.url) as owner:
        ids = [str(row[0]) for row in owner.execute("SELECT id FROM enforcement_case ORDER BY id LIMIT 2000")]
    print("| Role | How the context travels | Client CPU µs | Server CPU µs |\n|---|---|---:|---:|")
    for role, url in (("owner", database.url), ("the service's", database.service_url)):
        for name, way in WAYS.items():
            client, server = await _measured(url, way, ids)
            print(f"| {role} | {name} | {client:.0f} | {server:.0f} |", flush=True)


if __name__ == "__main__":
    with loaded(ROOT / ".data/bench", CASES) as found:
        asyncio.run(main(found))
