"""Any period from the same few sums: net movements of the accounts between boundaries in time. Pure functions.

Where a statement of one period has its formulas summed in the database, a series or a breakdown has the accounts
themselves summed there, by stretches of time, and the formulas of every period, each under its regime, reckoned here.
"""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.models.aggregates import balance_columns
from app.models.codes import ACCOUNTS, ACCOUNTS_IN
from app.services.books.rules import month_after
from app.services.statistics.cells import Cell
from app.services.statistics.rules import Formula, Period, quarter_start

COLUMNS: Final = tuple(balance_columns())
_PLACES: Final = {
    "cases": {account: number for number, account in enumerate(ACCOUNTS)},
    "money": {account: number + len(ACCOUNTS) for number, account in enumerate(ACCOUNTS)},
}
_PLACE_OF: Final = {column: number for number, column in enumerate(COLUMNS)}
_NOTHING: Final = (0,) * len(COLUMNS)

Nets = Sequence[int]
"""Net movements in the order of COLUMNS."""


def boundaries(periods: Iterable[Period]) -> tuple[date, ...]:
    """The days on which a stretch of time begins: first days of the periods and days after them."""
    days = {day for period in periods for day in (period.first, period.last + timedelta(days=1))}
    return tuple(sorted(days))


def rests_of_months(bounds: Iterable[date]) -> list[date]:
    """The days of its month from each boundary on; none where it is the first."""
    late = (bound for bound in bounds if bound.day > 1)
    return [day.replace(day=n) for day in late for n in range(day.day, monthrange(day.year, day.month)[1] + 1)]


def split_quarters(bounds: Iterable[date]) -> dict[date, list[date]]:
    """Quarters that boundaries fall into, with their months: what is to be read by month, and not by quarter.

    A month belongs to the stretch of time it begins in, and so does a quarter all months of which do.
    """
    begun = {bound if bound.day == 1 else month_after(bound) for bound in bounds}
    split = {quarter_start(day) for day in begun if day != quarter_start(day)}
    return {quarter: [quarter.replace(month=quarter.month + n) for n in range(3)] for quarter in sorted(split)}


def columns_of(measure: str, cell: Cell) -> tuple[str, ...]:
    """The columns that a cell is made of; at least one."""
    named = tuple(f"{measure}_{account}" for account in ACCOUNTS if account in cell.within or account in cell.before)
    return named or COLUMNS[:1]


def spread(columns: Sequence[str], nets: Nets) -> Nets:
    """Net movements of some columns among zeros for the others."""
    found = [0] * len(COLUMNS)
    for column, number in zip(columns, nets, strict=True):
        found[_PLACE_OF[column]] = number
    return found


@dataclass(frozen=True, slots=True)
class Movements:
    """Net movements by the stretch they were in: 0 is before the first boundary, n begins with the n-th."""

    bounds: tuple[date, ...]
    stretches: Mapping[int, Nets]

    def parts(self, measure: str, period: Period, formulas: Mapping[str, Formula]) -> dict[str, int]:
        """What each formula gives for a period both ends of which are boundaries."""
        before, within = self._around(period)
        places = _PLACES[measure]
        return {name: _reckoned(formula, places, before, within) for name, formula in formulas.items()}

    def gained(self, measure: str, formula: Formula) -> list[int]:
        """What the flows of a formula come to in each stretch, from the one before the first boundary on."""
        places = _PLACES[measure]
        plus, minus = ([places[account] for account in accounts] for accounts in (formula.plus, formula.minus))
        every = (self.stretches.get(number, _NOTHING) for number in range(len(self.bounds) + 1))
        return [sum(nets[p] for p in plus) - sum(nets[m] for m in minus) for nets in every]

    def weighed(self, measure: str, period: Period, cell: Cell) -> tuple[int, bool]:
        """What a cell says, and whether there is something to list.

        That is where it says something, or where something moved. Cases that cancel each other out so that a unit has
        nothing at all stay out of the list: a late event of a case that had been corrected before, or one taken back.
        """
        found = list(_weighed(self._around(period), measure, cell))
        value = sum(number for number, _ in found)
        return value, value != 0 or (not cell.before and any(balance for _, balance in found))

    def weighed_all(self, period: Period, cells: Iterable[tuple[str, Cell]]) -> list[int]:
        """What many cells say, each of a measure."""
        around = self._around(period)
        return [sum(number for number, _ in _weighed(around, measure, cell)) for measure, cell in cells]

    def _around(self, period: Period) -> tuple[Nets, Nets]:
        """Net movements before a period and within it."""
        first = bisect_right(self.bounds, period.first)
        end = bisect_right(self.bounds, period.last + timedelta(days=1))
        return self._total(range(first)), self._total(range(first, end))

    @property
    def is_empty(self) -> bool:
        """Whether nothing ever moved."""
        return not any(number for nets in self.stretches.values() for number in nets)

    def _total(self, numbers: Iterable[int]) -> Nets:
        return _added(self.stretches[number] for number in numbers if number in self.stretches)


def _reckoned(formula: Formula, places: Mapping[str, int], before: Nets, within: Nets) -> int:
    """What a formula gives; plain loops, as a statement has a hundred of them."""
    found = 0
    for account in formula.plus:
        found += within[places[account]]
    for account in formula.minus:
        found -= within[places[account]]
    for account in formula.opening:
        found += before[places[account]]
    for account in formula.opening_minus:
        found -= before[places[account]]
    return found


def _weighed(around: tuple[Nets, Nets], measure: str, cell: Cell) -> Iterator[tuple[int, int]]:
    places = _PLACES[measure]
    for balances, weights in zip(around, (cell.before, cell.within), strict=True):
        for account, weight in weights.items():
            balance = balances[places[account]]
            yield (weight * balance * (-1 if account in ACCOUNTS_IN else 1)), balance


def together(parts: Iterable[Movements], bounds: tuple[date, ...]) -> Movements:
    """The movements of several parts in one."""
    found: dict[int, list[Nets]] = {}
    for part in parts:
        for number, nets in part.stretches.items():
            found.setdefault(number, []).append(nets)
    return Movements(bounds, {number: _added(nets) for number, nets in found.items()})


def without(whole: Movements, parts: Iterable[Movements]) -> Movements:
    """What is left of the whole."""
    taken = together(parts, whole.bounds).stretches
    left = {
        number: [all_of - part for all_of, part in zip(nets, taken.get(number, _NOTHING), strict=True)]
        for number, nets in whole.stretches.items()
    }
    return Movements(whole.bounds, left)


def _added(rows: Iterable[Nets]) -> Nets:
    rows = list(rows)
    if len(rows) == 1:
        return rows[0]
    return [sum(column) for column in zip(*rows, strict=True)] if rows else _NOTHING
