"""A cell of a statement opened: what it says, and the cases it counts."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.db import Row, SeenBy
from app.services.access import WIDE, Caller, figures
from app.services.reference import Reference, Unit
from app.services.regimes.rules import Regime
from app.services.statistics import cell_queries, cut_queries
from app.services.statistics.cells import cell_of
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.groups import grouped, kept
from app.services.statistics.movements import boundaries
from app.services.statistics.rules import Period

# Up to so many units all are looked through; of more only those whose balances show that there is something.
LOOKED_THROUGH: Final = WIDE


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cell: the line of a measure in the statement of a unit, a period and a cut."""

    unit: Unit
    period: Period
    measure: str
    line: str
    cut: CutFilter
    regime: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the statement says, and a page of (unit, withheld, counted, case) rows; see `cell_queries`."""

    regime: Regime
    value: int
    rows: Sequence[Row]


async def opened(
    db: SeenBy, ref: Reference, caller: Caller, asked: Asked, after: tuple[Any, ...] | None, limit: int
) -> Opened:
    """The cell and its cases after a key (unit, case); two round trips, one when it has none."""
    regime = ref.regime(asked.period.last, asked.regime)
    cell = cell_of(asked.line, regime.lines[asked.measure])
    groups = kept(ref, ("statement", asked.unit.id), lambda: grouped(ref, [asked.unit]))
    bounds = boundaries([asked.period])
    found = await cut_queries.movements(figures(db), groups, "unit", asked.cut, bounds)
    value = sum(moved.weighed(asked.measure, asked.period, cell) for moved in found.values())
    books = sorted(found)
    if len(books) > LOOKED_THROUGH:
        books = [unit for unit in books if found[unit].shows(asked.measure, asked.period, cell)]
    if after is not None:
        books = books[bisect_left(books, after[0]) :]
    if not books:
        return Opened(regime, value, [])
    last = after[1] if after is not None and books[0] == after[0] else None
    scope = ref.scope(caller, None)
    rows = await cell_queries.list_counted(
        figures(db), scope, books, asked.measure, cell, asked.cut, asked.period, last, limit
    )
    return Opened(regime, value, rows)
