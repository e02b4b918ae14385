"""Reading the register of an officer; who may see the officer is let through before."""

from typing import Any, Final

from app.db import Reads, Row

COLUMNS: Final = "r.id, r.masked_name, r.since, r.until, r.version"
"""The projection of an entry; `app.api.v1.schemas.relatives.relative_out` turns a row into JSON."""

_UNMASKED: Final = f"{COLUMNS}, r.name, r.relation, r.id_number"
_LIST: Final = """
    SELECT {} FROM officer_relative r
    WHERE r.officer_id = %(officer)s AND (%(after)s::uuid IS NULL OR r.id > %(after)s::uuid)
    ORDER BY r.id LIMIT %(limit)s"""
_ONE: Final = f"SELECT {COLUMNS} FROM officer_relative r WHERE r.officer_id = %(officer)s AND r.id = %(id)s"


async def list_relatives(
    db: Reads, officer_id: str, after: tuple[Any, ...] | None, limit: int, *, unmasked: bool = False
) -> list[Row]:
    """Rows of COLUMNS in the order they were registered, at most `limit`, after a key.

    `unmasked` adds name, relation and identity number; it is for `commands.unmasked`, which puts it on record.
    """
    last = after[0] if after else None
    sql = _LIST.format(_UNMASKED if unmasked else COLUMNS)
    return await db.fetch(sql, {"officer": officer_id, "after": last, "limit": limit})


async def read_relative(db: Reads, officer_id: str, relative_id: str) -> Row | None:
    """A row of COLUMNS; None when the officer has no such entry."""
    return await db.fetch_one(_ONE, {"officer": officer_id, "id": relative_id})
