"""`app.cli privacy …`: taking away personal data that were kept long enough."""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated

import typer

from app.clock import today
from app.commands.base import OPERATOR, on_database
from app.db import SeenBy
from app.preflight import Refused
from app.services.privacy import commands, queries, rules
from app.services.privacy.rules import RetentionClass

app = typer.Typer(no_args_is_help=True, help="Personal data: what is due, and taking it away.")


@app.callback()
def _group() -> None:
    """Keeps the name of the only command."""


@app.command()
def anonymise(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what is due, change nothing")] = False,
    batch: Annotated[int, typer.Option(min=1, max=5_000, help="cases in one transaction")] = 500,
) -> None:
    """Takes the personal data of parties from cases that ended long enough ago and are not held.

    How long is data: the classes of table `retention_class`. Works in batches beside the running service; may be
    stopped and run again at any time.
    """
    on_database(partial(_work, on=today(), batch=0 if dry_run else batch))


async def _work(db: SeenBy, on: date, batch: int) -> None:
    classes = await queries.retention_classes(db, on)
    if not classes:
        raise Refused("no retention class is in force: nothing says how long personal data are kept")
    counts = await queries.count_due(db, rules.due_states(classes, on), on)
    for found in classes:
        due = [counts.get(state, (0, 0)) for state in found.states]
        what = f"{sum(n for n, _ in due)} cases due, {sum(held for _, held in due)} of them held"
        if not found.states:
            what = f"{await queries.count_over(db, found.ended_by(on))} relatives due"
        note = ", provisional" if found.provisional else ""
        typer.echo(f"{found.code}: {found.years} years{note}, ended by {found.ended_by(on)}: {what}")
    if batch:
        await _anonymise(db, classes, on, batch)


async def _anonymise(db: SeenBy, classes: list[RetentionClass], on: date, batch: int) -> None:
    actor = replace(OPERATOR, reason=f"privacy anonymise, {on}")
    cases = people = removed = 0
    work = partial(commands.anonymise, actor=actor, classes=classes, on=on, limit=batch)
    while (some := await db.write(work)).locked:
        cases, people = cases + some.cases, people + some.people
    for found in classes:
        if not found.states:
            forget = partial(commands.forget_relatives, actor=actor, ended=found.ended_by(on), limit=batch)
            while some_relatives := await db.write(forget):
                removed += some_relatives
    typer.echo(f"Anonymised {cases} cases with {people} people; removed {removed} relatives.")
