"""What the server copies out, in blocks: psycopg hands over row by row, which takes longer than making the rows does.

libpq's own calls through `psycopg.pq`, as in `app.roundtrip`; decision 34 has the figures.
"""

from collections.abc import AsyncGenerator
from typing import Any, Final

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

BLOCK: Final = 64 * 1024


async def copied_out(
    connection: psycopg.AsyncConnection[Any], sql: str, params: dict[str, Any]
) -> AsyncGenerator[bytes]:
    """What a COPY … TO STDOUT sends, in blocks of at least BLOCK but for the last, and no faster than they are taken.

    Whoever stops taking ends the statement. Raises what psycopg raises.
    """
    async with connection.cursor() as cursor, cursor.copy(sql.encode(), params):
        more = True
        while more:
            block, more = await connection.wait(_block(connection.pgconn))
            yield block


def _block(pgconn: PGconn) -> PQGen[tuple[bytes, bool]]:
    """The next rows, and whether there are more."""
    block = bytearray()
    while len(block) < BLOCK:
        size, data = pgconn.get_copy_data(1)
        if size > 0:
            block += data
        elif size == 0:
            yield Wait.R
            pgconn.consume_input()
        else:
            yield from _end(pgconn)
            return bytes(block), False
    return bytes(block), True


def _end(pgconn: PGconn) -> PQGen[None]:
    """How the statement ended, once its rows are over."""
    while True:
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            return
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
