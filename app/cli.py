"""Commands for operators: `python -m app.cli <command>`. Settings come from THADS_… variables."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import orjson
import typer
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app import preflight, serving
from app.commands import audit, clients, pace, privacy
from app.commands.authorisation import authorisation
from app.commands.base import DIFFERENT, data_folder, database, with_database
from app.db import SeenBy, allowing
from app.embedded import EmbeddedError
from app.errors import DomainError
from app.main import create_app
from app.preflight import ROOT, Refused
from app.progress import reporter
from app.services.books.commands import rebuild_statements
from app.services.books.queries import verify
from app.services.clients.queries import list_clients
from app.services.clients.tokens import Tokens
from app.services.demo.clients import CLIENTS, NATIONAL, ensure_clients
from app.services.demo.load import NotEmptyError, is_loaded, load
from app.services.periods.views import proofs
from app.settings import Settings

SNAPSHOT: Final = ROOT / "docs/openapi.json"
REFUSED: Final = 2
DAY_SECONDS: Final = 86_400

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True, help=__doc__)
app.add_typer(clients.app, name="clients")
app.add_typer(audit.app, name="audit")
app.add_typer(privacy.app, name="privacy")
app.command()(authorisation)
app.command("backtest")(pace.command)

Port = Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="TCP port to serve on")]
Host = Annotated[str, typer.Option(envvar="THADS_HOST", help="address to serve on")]
Workers = Annotated[int, typer.Option(envvar="WORKERS", min=1, max=64, help="worker processes")]
Scale = Annotated[float, typer.Option(envvar="SCALE", min=0.001, max=10, help="size of the demo; 1 is the nation")]
Seed = Annotated[int, typer.Option(envvar="SEED", help="the same seed gives the same demo")]

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
    with preflight.bind(host, port) as sock, database(attach=False) as server:
        preflight.own_secrets(data_folder())
        owner = preflight.read_settings().of_owner()
        _migrate(owner)
        if owner.environment == "development":
            _load_demo(owner, scale, seed)
        settings = preflight.step_down(data_folder())
        address = f"http://{host}:{port}"
        serving.serve(
            sock,
            workers,
            settings.log_level,
            ready=lambda: _welcome(owner, address),
            healthy=lambda: server is None or server.running,
        )


@app.command()
def serve(port: Port = 8000, host: Host = "127.0.0.1", workers: Workers = DEFAULT_WORKERS) -> None:
    """Serves the database of THADS_DATABASE_URL, which must be migrated; for production."""
    settings = preflight.read_settings()
    with preflight.bind(host, port) as sock:
        preflight.require_schema(settings)
        preflight.require_walls(settings)
        serving.serve(sock, workers, settings.log_level)


@app.command()
def migrate() -> None:
    """Brings the database schema to the newest revision."""
    with database():
        _migrate(preflight.read_settings().of_owner())


@app.command()
def demo(scale: Scale = 0.01, seed: Seed = 1) -> None:
    """Loads the demo data, once, into a database without cases."""
    with database():
        settings = preflight.read_settings().of_owner()
        if settings.environment == "production":
            raise Refused("demo data is not loaded in production")
        preflight.require_schema(settings)
        _load_demo(settings, scale, seed)


@app.command()
def rebuild_and_verify() -> None:
    """Compares every rollup with the entries; where they differ, recomputes all of them and compares again.

    Also compares every frozen report with its digest; what differs there cannot be recomputed. Exit status 1 when a
    difference was found. Recomputing keeps bookings and statistics waiting.
    """
    with database():
        settings = preflight.read_settings().of_owner()
        preflight.require_schema(settings)
        before, after = asyncio.run(with_database(settings, _rebuild))
        reports = asyncio.run(with_database(settings, proofs))
    _tell("before", before)
    if before:
        _tell("after", after)
    else:
        typer.echo("Nothing to rebuild.")
    altered = [report.name for report in reports if not report.holds]
    typer.echo(f"{len(reports)} frozen reports, {len(altered)} not as they were frozen")
    if altered:
        typer.echo(f"  the first: {altered[0]}")
    if before or altered:
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
    asyncio.run(with_database(settings, lambda db: db.write(ensure_clients)))


async def _rebuild(db: SeenBy) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    async def rebuild(session: AsyncSession) -> None:
        for statement in (allowing(), *rebuild_statements()):
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
    found = next((c for c in asyncio.run(with_database(settings, list_clients)) if c.id == NATIONAL.id), None)
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
