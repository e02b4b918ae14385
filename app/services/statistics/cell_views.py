"""A cell of a statement opened: what it says, and the cases it counts."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.db import Row, SeenBy
from app.services.access import Caller, figures
from app.services.reference import Reference, Unit
from app.services.regimes.rules import Regime
from app.services.statistics import cut_queries
from app.services.statistics.cell_queries import Opening, list_counted
from app.services.statistics.cells import cell_of
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.groups import grouped, kept
from app.services.statistics.movements import boundaries, columns_of
from app.services.statistics.rules import Period


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
    """What the statement says, and a page of (unit, day, withheld, counted, case) rows; see `cell_queries`."""

    regime: Regime
    value: int
    rows: Sequence[Row]


async def opened(
    db: SeenBy, ref: Reference, caller: Caller, asked: Asked, after: tuple[Any, ...] | None, limit: int
) -> Opened:
    """The cell and its cases after a key (unit, day, case); two round trips, one when it has none."""
    regime = ref.regime(asked.period.last, asked.regime)
    cell = cell_of(asked.line, regime.lines[asked.measure])
    groups = kept(ref, ("statement", asked.unit.id), lambda: grouped(ref, [asked.unit]))
    bounds = boundaries([asked.period])
    columns = columns_of(asked.measure, cell)
    found = await cut_queries.movements(figures(db), groups, "unit", asked.cut, bounds, columns)
    weighed = {unit: moved.weighed(asked.measure, asked.period, cell) for unit, moved in found.items()}
    value = sum(number for number, _ in weighed.values())
    books = sorted(unit for unit, (_, shows) in weighed.items() if shows)
    if after is not None:
        books = books[bisect_left(books, after[0]) :]
    if not books:
        return Opened(regime, value, [])
    last = (after[1], after[2]) if after is not None and books[0] == after[0] else None
    opening = Opening(asked.measure, cell, asked.cut, asked.period)
    rows = await list_counted(figures(db), ref.scope(caller, None), books, opening, last, limit)
    return Opened(regime, value, rows)
