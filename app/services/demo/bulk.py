"""What a big load does to the tables: indexes and keys come down before it and go up again after."""

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

TABLES: Final = ("enforcement_case", "obligation", "party", "entry")

# Building indexes and rollups over millions of rows needs more memory than serving requests does.
_SETTINGS: Final = (
    ("statement_timeout", "0"),
    ("transaction_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("lock_timeout", "30s"),
    ("synchronous_commit", "off"),
    ("maintenance_work_mem", "512MB"),
    ("work_mem", "256MB"),
    ("hash_mem_multiplier", "2"),
    ("jit", "off"),
)

_CONSTRAINTS: Final = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE (conrelid = ANY(%(tables)s::regclass[]) AND contype IN ('p', 'u', 'f'))
       OR (confrelid = ANY(%(tables)s::regclass[]) AND contype = 'f')
    ORDER BY contype = 'f', conrelid::regclass::text, conname"""
_INDEXES: Final = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_index i
    WHERE i.indrelid = ANY(%(tables)s::regclass[])
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
    ORDER BY 1"""


def prepare(connection: Connection) -> None:
    """Settings of the transaction that loads."""
    for name, value in _SETTINGS:
        connection.execute("SELECT set_config(%s, %s, true)", [name, value])


def is_empty(connection: Connection) -> bool:
    """Whether there is nothing but what the migrations brought: no case, no unit below the nation."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM enforcement_case) OR EXISTS (SELECT FROM unit WHERE parent_id IS NOT NULL)"
    ).fetchone()
    return row is not None and not row[0]


def take_down(connection: Connection) -> list[bytes]:
    """Drops the indexes and keys of the big tables; returns the statements that put them up again.

    The tables are truncated, empty as they are: rows copied into a table truncated in the same transaction can be
    frozen at once, and need no write-ahead log where only one server lives off it.
    """
    tables = {"tables": list(TABLES)}
    constraints = connection.execute(_CONSTRAINTS, tables).fetchall()
    indexes = connection.execute(_INDEXES, tables).fetchall()
    for table, name, _ in reversed(constraints):
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}".encode())
    connection.execute("ALTER TABLE entry DISABLE TRIGGER append_only")
    connection.execute("TRUNCATE enforcement_case, obligation, party, entry")
    connection.execute("ALTER TABLE entry ENABLE TRIGGER append_only")
    connection.execute("ALTER TABLE entry DISABLE TRIGGER open_month")  # in an empty database no month is closed
    keys = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {text}".encode() for table, name, text in constraints]
    foreign = [key for key in keys if b" FOREIGN KEY " in key]
    analyse = [f"ANALYZE {table}".encode() for table in TABLES]
    return [
        *(key for key in keys if key not in foreign),
        *(definition.encode() for _, definition in indexes),
        *analyse,
        *foreign,
        b"ALTER TABLE entry ENABLE TRIGGER open_month",
    ]


def copy_into(table: str, columns: Iterable[str], *, freeze: bool) -> sql.Composed:
    """The COPY statement for rows of these columns."""
    return sql.SQL("COPY {} ({}) FROM STDIN {}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL("(FREEZE)" if freeze else ""),
    )


def vacuum(connection: Connection, table: str) -> None:
    """Leaves the visibility map and the statistics of a table as queries like them; outside a transaction."""
    connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
