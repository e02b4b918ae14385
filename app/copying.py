"""Texts that the server copies out, in blocks: psycopg hands over row by row, which takes longer than making the rows.

In the binary format, in which a text is sent as it is: in the others it is searched for what must be escaped. libpq's
own calls through `psycopg.pq`, as in `app.roundtrip`; decisions 34 and 38 have the figures.
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
_HEADER: Final = 11 + 4 + 4
"""What comes with the first row and precedes it: a signature, flags, the length of an extension."""
_FIELD: Final = 6
"""What precedes the text of each row: the number of columns in two bytes, its length in four."""


async def copied_out(
    connection: psycopg.AsyncConnection[Any], sql: str, params: dict[str, Any]
) -> AsyncGenerator[bytes]:
    """What COPY … TO STDOUT (FORMAT binary) sends of one column of texts, in blocks of at least BLOCK but for the last.

    No faster than they are taken. Whoever stops taking ends the statement. Raises what psycopg raises.
    """
    async with connection.cursor() as cursor, cursor.copy(sql.encode(), params):
        skipped, more = _HEADER + _FIELD, True
        while more:
            block, more = await connection.wait(_block(connection.pgconn, skipped))
            skipped = _FIELD
            yield block


def _block(pgconn: PGconn, skipped: int) -> PQGen[tuple[bytes, bool]]:
    """The next rows, and whether there are more; so many bytes precede the text of the first of them."""
    block = bytearray()
    while len(block) < BLOCK:
        size, data = pgconn.get_copy_data(1)
        if size > 0:
            block += data[skipped:]
            skipped = _FIELD
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
