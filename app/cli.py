"""Commands for operators: `python -m app.cli <command>`. Settings come from THADS_… variables."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import orjson
import typer
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app import preflight, serving
from app.clock import today
from app.db import Database
from app.embedded import Embedded, EmbeddedError, InUse
from app.errors import DomainError
from app.main import create_app
from app.preflight import ROOT, Refused
from app.progress import reporter
from app.services import reference
from app.services.access import Actor
from app.services.books.commands import rebuild_statements
from app.services.books.queries import verify
from app.services.clients import commands as client_commands
from app.services.clients.queries import list_clients
from app.services.clients.tokens import Tokens
from app.services.demo.clients import CLIENTS, NATIONAL, ensure_clients
from app.services.demo.load import NotEmptyError, is_loaded, load
from app.settings import Settings

T = TypeVar("T")

SNAPSHOT: Final = ROOT / "docs/openapi.json"
REFUSED: Final = 2
DIFFERENT: Final = 1
DAY_SECONDS: Final = 86_400
OPERATOR: Final = Actor(client_id="operator", source="person")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True, help=__doc__)
clients = typer.Typer(no_args_is_help=True, help="Systems that may call, their secrets and what they may see.")
app.add_typer(clients, name="clients")

Port = Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="TCP port to serve on")]
Host = Annotated[str, typer.Option(envvar="THADS_HOST", help="address to serve on")]
Workers = Annotated[int, typer.Option(envvar="WORKERS", min=1, max=64, help="worker processes")]
Scale = Annotated[float, typer.Option(envvar="SCALE", min=0.001, max=10, help="size of the demo; 1 is the nation")]
Seed = Annotated[int, typer.Option(envvar="SEED", help="the same seed gives the same demo")]
ClientId = Annotated[str, typer.Argument(help="id of the client")]

DEFAULT_WORKERS: Final = min(4, len(os.sched_getaffinity(0)))


@app.command()
def start(
    port: Port = 8000,
    host: Host = "127.0.0.1",
    workers: Workers = DEFAULT_WORKERS,
    scale: Scale = 0.01,
    seed: Seed = 1,
) -> None:
    """Everything at once, for development: database, schema, demo data, service.

    Uses THADS_DATABASE_URL, or an embedded PostgreSQL in THADS_DATA (default: .data in the project folder).
    """
    with preflight.bind(host, port) as sock, _database(attach=False) as server:
        preflight.own_secrets(_data_folder())
        settings = preflight.read_settings()
        _migrate(settings)
        if settings.environment == "development":
            _load_demo(settings, scale, seed)
        address = f"http://{host}:{port}"
        serving.serve(
            sock,
            workers,
            settings.log_level,
            ready=lambda: _welcome(settings, address),
            healthy=lambda: server is None or server.running,
        )


@app.command()
def serve(port: Port = 8000, host: Host = "127.0.0.1", workers: Workers = DEFAULT_WORKERS) -> None:
    """Serves the database of THADS_DATABASE_URL, which must be migrated; for production."""
    settings = preflight.read_settings()
    with preflight.bind(host, port) as sock:
        preflight.require_schema(settings)
        serving.serve(sock, workers, settings.log_level)


@app.command()
def migrate() -> None:
    """Brings the database schema to the newest revision."""
    with _database():
        _migrate(preflight.read_settings())


@app.command()
def demo(scale: Scale = 0.01, seed: Seed = 1) -> None:
    """Loads the demo data, once, into a database without cases."""
    with _database():
        settings = preflight.read_settings()
        if settings.environment == "production":
            raise Refused("demo data is not loaded in production")
        preflight.require_schema(settings)
        _load_demo(settings, scale, seed)


@app.command()
def rebuild_and_verify() -> None:
    """Compares every rollup with the entries; where they differ, recomputes all of them and compares again.

    Exit status 1 when a difference was found. Recomputing keeps bookings and statistics waiting.
    """
    with _database():
        settings = preflight.read_settings()
        preflight.require_schema(settings)
        before, after = asyncio.run(_with(settings, _rebuild))
    _tell("before", before)
    if not before:
        typer.echo("Nothing to rebuild.")
        return
    _tell("after", after)
    raise typer.Exit(DIFFERENT)


def _tell(when: str, differences: list[tuple[str, str, str]]) -> None:
    typer.echo(f"{len(differences)} differences {when} the rebuild")
    for rollup, difference, key in differences[:50]:
        typer.echo(f"  {rollup} {key}: {difference}")


@app.command()
def openapi(
    output: Annotated[Path, typer.Option(help="file to write")] = SNAPSHOT,
    check: Annotated[bool, typer.Option("--check", help="compare with the file, write nothing")] = False,
) -> None:
    """Writes the OpenAPI document, or compares it with the committed snapshot."""
    document = orjson.dumps(create_app(Settings()).openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if not check:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(document)
    elif not output.exists() or output.read_bytes() != document:
        typer.echo(f"{output} is not what the service offers: run make openapi and read the difference", err=True)
        raise typer.Exit(DIFFERENT)


@clients.command("list")
def clients_list() -> None:
    """Every client with its scopes and units."""
    for found in _on_database(list_clients):
        state = "disabled" if found.disabled else "enabled"
        typer.echo(f"{found.id}\t{state}\t{found.name}\t{','.join(found.units)}\t{' '.join(found.scopes)}")


@clients.command("register")
def clients_register(
    client_id: ClientId,
    name: Annotated[str, typer.Option(help="name of the system and its owner")],
    scope: Annotated[list[str], typer.Option(help="scope; may be repeated")],
    unit: Annotated[list[str], typer.Option(help="code of a unit whose subtree it may see; may be repeated")],
) -> None:
    """Creates a client and prints its secret, the only time it is shown."""

    async def work(db: Database) -> str:
        ids = await _unit_ids(db, unit)
        return await db.write(
            lambda session: client_commands.register(
                session, OPERATOR, client_id=client_id, name=name, scopes=frozenset(scope), unit_ids=ids
            )
        )

    typer.echo(_on_database(work))


@clients.command("secret")
def clients_secret(client_id: ClientId) -> None:
    """Gives a client a new secret and prints it; the old one stops at once."""
    typer.echo(_on_database(_change(lambda s: client_commands.replace_secret(s, OPERATOR, client_id))))


@clients.command("disable")
def clients_disable(client_id: ClientId) -> None:
    """Shuts a client out at once."""
    _on_database(_change(lambda s: client_commands.set_disabled(s, OPERATOR, client_id, disabled=True)))


@clients.command("enable")
def clients_enable(client_id: ClientId) -> None:
    """Lets a client in again."""
    _on_database(_change(lambda s: client_commands.set_disabled(s, OPERATOR, client_id, disabled=False)))


@clients.command("grant")
def clients_grant(
    client_id: ClientId,
    unit: Annotated[list[str], typer.Option(help="code of a unit whose subtree it may see; may be repeated")],
) -> None:
    """Replaces the unit subtrees a client may see."""

    async def work(db: Database) -> None:
        ids = await _unit_ids(db, unit)
        await db.write(lambda session: client_commands.replace_grants(session, OPERATOR, client_id, ids))

    _on_database(work)


def _data_folder() -> Path:
    return Path(os.environ.get("THADS_DATA") or ROOT / ".data").absolute()


@contextmanager
def _database(*, attach: bool = True) -> Iterator[Embedded | None]:
    """Sees to it that THADS_DATABASE_URL names a database, an embedded one if need be.

    `attach`: work beside a running service that owns the embedded one.
    """
    if os.environ.get("THADS_DATABASE_URL"):
        yield None
        return
    server = Embedded(_data_folder() / "postgres")
    try:
        url = server.start()
    except InUse:
        if not attach:
            raise
        url = server.attach()
    try:
        os.environ["THADS_DATABASE_URL"] = url
        yield server
    finally:
        server.stop()
        del os.environ["THADS_DATABASE_URL"]


def _migrate(settings: Settings) -> None:
    before, after = preflight.migrate(settings)
    typer.echo(f"Database schema: revision {after}" + ("" if before == after else f" (was {before or 'empty'})"))


def _load_demo(settings: Settings, scale: float, seed: int) -> None:
    if is_loaded(settings.libpq_url):
        typer.echo("Demo data: kept as it is.")
    else:
        try:
            with reporter() as report:
                load(settings.libpq_url, scale=scale, seed=seed, progress=report)
        except NotEmptyError:
            typer.echo("Demo data: not loaded, the database holds other data.")
            return
        typer.echo("Demo data: loaded.")
    asyncio.run(_with(settings, lambda db: db.write(ensure_clients)))


async def _with(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    db = Database(settings)
    await db.open()
    try:
        return await work(db)
    finally:
        await db.close()


def _on_database(work: Callable[[Database], Awaitable[T]]) -> T:
    with _database():
        settings = preflight.read_settings()
        preflight.require_schema(settings)
        return asyncio.run(_with(settings, work))


def _change(work: Callable[[AsyncSession], Awaitable[T]]) -> Callable[[Database], Awaitable[T]]:
    return lambda db: db.write(work)


async def _unit_ids(db: Database, codes: list[str]) -> list[str]:
    """Ids of the units of today with these codes; codes were reused, so older ones with the same code are not meant."""
    units = [unit for unit in (await reference.load(db)).units.values() if unit.existed(today())]
    if unknown := set(codes) - {unit.code for unit in units}:
        raise Refused(f"no such unit: {', '.join(sorted(unknown))}")
    return [unit.id for unit in units if unit.code in codes]


async def _rebuild(db: Database) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    async def rebuild(session: AsyncSession) -> None:
        for statement in ("SET LOCAL statement_timeout = 0", "SET LOCAL transaction_timeout = 0"):
            await session.execute(text(statement))
        for statement in rebuild_statements():
            await session.execute(text(statement))

    before = await verify(db)
    if not before:
        return before, before
    try:
        await db.write(rebuild)
    except ProgrammingError as error:
        raise Refused(f"the role of this URL may not rebuild, it must own the tables: {error.orig}") from error
    return before, await verify(db)


def _welcome(settings: Settings, address: str) -> None:
    """Says where the service is and how to ask it something, with a token that works for a day."""
    found = next((c for c in asyncio.run(_with(settings, list_clients)) if c.id == NATIONAL.id), None)
    typer.echo(f"Ready: {address} (documentation: {address}/docs). Stop with Ctrl-C.")
    if found is not None and settings.environment == "development":
        lasting = settings.model_copy(update={"token_seconds": DAY_SECONDS})
        token = Tokens(lasting).issue(found.id, frozenset(found.scopes))
        typer.echo(f"Try:\n  curl -H 'Authorization: Bearer {token}' '{address}/v1/priority-cases?limit=3'")
        others = ", ".join(demo.id for demo in CLIENTS if demo is not NATIONAL)
        typer.echo(f"Secrets, also for {others}: .venv/bin/python -m app.cli clients secret {NATIONAL.id}")


def _sentence(error: Exception) -> str:
    faults = [fault.message["en"] for fault in getattr(error, "faults", ())]
    return "; ".join(faults) or str(error)


def _terminated(*_: Any) -> NoReturn:
    """Lets SIGTERM unwind what is running, so that nothing is left behind."""
    sys.exit(128 + signal.SIGTERM)


def main() -> None:
    """Runs a command; what it refuses is one sentence and exit status 2."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        preflight.secrets_from_files()
        app()
    except (Refused, EmbeddedError, DomainError) as error:
        typer.echo(f"error: {_sentence(error)}", err=True)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
