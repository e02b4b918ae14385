"""`app.cli audit …`: whether the trail is as it was written, and signed heads to keep elsewhere."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.commands.base import DIFFERENT, on_database
from app.db import SeenBy
from app.preflight import Refused, read_settings
from app.services.audit import chain_queries, commands, export
from app.services.audit.rules import Verdict
from app.services.clients.tokens import Tokens

app = typer.Typer(no_args_is_help=True, help="The trail: whether it is as it was written; signed heads.")


@app.command()
def verify(
    heads: Annotated[list[Path], typer.Option(help="an export of `audit heads`; may be repeated")] = [],  # noqa: B006
) -> None:
    """Names the first broken record of every chain of the trail; exit status 1 when there is one.

    Reads the whole trail piece by piece; nobody has to wait for it.
    """
    verdict = on_database(lambda db: _verify(db, heads))
    for broken in verdict.breaks:
        typer.echo(f"broken: {broken}")
    typer.echo(f"{verdict.linked} records in {verdict.chains} chains; {verdict.waiting} not linked yet")
    if verdict.breaks:
        raise typer.Exit(DIFFERENT)


@app.command("heads")
def print_heads() -> None:
    """Links what has no link yet and prints the head of every chain, signed: keep them outside the database."""
    for line in on_database(_heads):
        typer.echo(line)


async def _verify(db: SeenBy, files: list[Path]) -> Verdict:
    tokens = Tokens(read_settings())
    try:
        lines = [line for file in files for line in (await asyncio.to_thread(file.read_text)).splitlines()]
        signed = list(export.read_lines(tokens, lines))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("cannot read the export of heads") from error
    except export.NotSigned as error:
        raise Refused(f"the export of heads cannot be used: {error}") from error
    return await chain_queries.verify(db, signed)


async def _heads(db: SeenBy) -> list[str]:
    await db.write(commands.link_records_now)
    at = await chain_queries.last_round(db)
    return list(export.signed_lines(Tokens(read_settings()), await chain_queries.heads(db), at))
