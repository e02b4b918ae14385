"""A database of N cases, made once by the demo generator and kept for the next run."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from app.embedded import USER, Embedded
from app.preflight import ROOT, service_url
from app.settings import Settings
from bench.processes import parent_of, run

# what the demo loads at scale 1
NATION: Final = 1_750_000
SEED: Final = 1
# what decides the content of a loaded database
SOURCES: Final = ("migrations/versions", "app/services/demo", "app/data")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A running server with cases in it."""

    url: str
    service_url: str
    postmaster: int
    cases: int
    open_cases: int
    version: str

    def environment(self) -> dict[str, str]:
        """What the service needs to know of this database."""
        return {**os.environ, "THADS_DATABASE_URL": self.service_url}

    def environment_of_peers(self) -> dict[str, str]:
        """What the others need: they have no row-level security to be bound by."""
        return {**os.environ, "THADS_DATABASE_URL": self.url}


@contextmanager
def loaded(folder: Path, cases: int) -> Iterator[Loaded]:
    """The database of about `cases` cases below `folder`; loads it when it is not there or no longer current."""
    server = Embedded(folder / f"postgres-{cases}")
    with server as url:
        wanted = f"bench {_digest()}"
        if _note(server) != wanted:
            _load(server, url, cases)
            _execute(server.url("postgres"), sql.SQL("COMMENT ON DATABASE {} IS {}").format(_DATABASE, wanted))
        yield _described(url, folder)


@contextmanager
def copied(folder: Path, cases: int) -> Iterator[Loaded]:
    """A copy of the database, to be written to and thrown away."""
    with loaded(folder, cases) as database:
        maintenance, url = (f"{database.url.rpartition('/')[0]}/{name}" for name in ("postgres", "copy"))
        drop = sql.SQL("DROP DATABASE IF EXISTS copy WITH (FORCE)")
        _execute(maintenance, drop)
        _execute(maintenance, sql.SQL("CREATE DATABASE copy TEMPLATE {} STRATEGY FILE_COPY").format(_DATABASE))
        try:
            yield replace(database, url=url, service_url=f"{database.service_url.rpartition('/')[0]}/copy")
        finally:
            _execute(maintenance, drop)


READING: Final = ("cases:read", "changes:read", "priority:read", "targets:read", "statistics:read")


def client_secret(database: Loaded, client: str = "bench", unit: str = "G15", scopes: tuple[str, ...] = READING) -> str:
    """A fresh secret of a client that may do this with everything of a unit."""
    with psycopg.connect(database.url) as connection:
        known = connection.execute("SELECT 1 FROM client WHERE id = %s", [client]).fetchone()
    command = ["secret", client]
    if not known:
        granted = [f"--scope={name}" for name in scopes]
        command = ["register", client, "--name=bench", f"--unit={unit}", "--clearance=secret", *granted]
    return _cli(database.url, "clients", *command).split()[-1]


def _cli(url: str, *arguments: str) -> str:
    return run(
        sys.executable, "-m", "app.cli", *arguments, cwd=ROOT, environment={**os.environ, "THADS_DATABASE_URL": url}
    )


_DATABASE: Final = sql.Identifier(USER)


def _load(server: Embedded, url: str, cases: int) -> None:
    sys.stderr.write(f"Loading {cases:,} cases (once) …\n")
    maintenance = server.url("postgres")
    _execute(maintenance, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_DATABASE))
    _execute(maintenance, sql.SQL("CREATE DATABASE {}").format(_DATABASE))
    _cli(url, "migrate")
    _cli(url, "demo", f"--scale={cases / NATION:.6f}", f"--seed={SEED}")
    # so that no housekeeping of the load is left to the measured minutes
    _execute(url, sql.SQL("VACUUM (FREEZE, ANALYZE)"))
    _execute(url, sql.SQL("CHECKPOINT"))


def _execute(url: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _note(server: Embedded) -> str | None:
    """What was noted on the database when its load was complete."""
    with psycopg.connect(server.url("postgres")) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [USER]
        ).fetchone()
    return row[0] if row else None


def _digest() -> str:
    digest = hashlib.sha256()
    for source in SOURCES:
        for file in sorted((ROOT / source).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _described(url: str, folder: Path) -> Loaded:
    owner = Settings.model_validate({"database_url": url})
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE is_open), current_setting('server_version') FROM enforcement_case"
        ).fetchone()
        postmaster = parent_of(connection.info.backend_pid)
    assert row is not None
    cases, open_cases, version = row
    return Loaded(url, service_url(owner, folder), postmaster, cases, open_cases, str(version).split()[0])
