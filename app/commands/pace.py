"""`app.cli backtest`: how far off the projection of results was in a year gone by."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated, Final

import typer

from app.clock import today
from app.commands.base import on_database
from app.db import SeenBy
from app.preflight import Refused
from app.services.books.rules import fiscal_year as fiscal_year_of
from app.services.pace.backtest import Outcome, backtest
from app.services.reference import load

_HEAD: Final = (
    f"{'level':<11}{'indicator':<12}{'months':>6}{'units':>7}{'error':>8}{'last year':>11}{'intervals':>11}{'held':>8}"
)


def command(
    fiscal_year: Annotated[int, typer.Option(help="the year that is projected, from the years before it")] = 2025,
) -> None:
    """Projects every month of a past year for the nation, provinces and offices, and says how far off that was.

    Errors are means of absolute differences in percentage points; beside them that of guessing last year's result.
    """
    if fiscal_year >= fiscal_year_of(today()):
        raise Refused("this year is not over")
    typer.echo(_HEAD)
    for outcome in on_database(partial(_work, fiscal_year=fiscal_year)):
        typer.echo(_line(outcome))


async def _work(db: SeenBy, fiscal_year: int) -> Sequence[Outcome]:
    return await backtest(db, await load(db), fiscal_year, date(fiscal_year, 9, 30))


def _line(found: Outcome) -> str:
    held = f"{found.held} %" if found.held else "-"
    return (
        f"{found.level:<11}{found.indicator:<12}{found.months:>6}{found.units:>7}{found.error or '-':>8}"
        f"{found.naive or '-':>11}{found.intervals:>11}{held:>8}"
    )
