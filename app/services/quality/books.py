"""What the checks look at: the books of one unit, month by month, over the year asked about and two before it."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import Final

from app.models.codes import ACCOUNTS_STOCK
from app.services.quality import rules
from app.services.quality.rules import Finding, Years
from app.services.regimes.rules import Regime
from app.services.statistics.movements import COLUMNS, Movements, boundaries, together
from app.services.statistics.rules import FIRST_YEAR, LINES, MEASURES, PARTS, Formula, Period, Share, formulas

# Months are compared with those of the year before, and these changes with those of the year before that.
_YEARS: Final = 2
_ACCEPTED: Final = ("accepted",)
_ALL: Final = range(1, 13)


def _columns(measure: str, accounts: Iterable[str]) -> list[int]:
    return [COLUMNS.index(f"{measure}_{account}") for account in accounts]


_STOCK: Final = {measure: _columns(measure, ACCOUNTS_STOCK) for measure in MEASURES}


def _chosen(regime: Regime, measure: str, names: Iterable[str]) -> dict[str, Formula]:
    every = formulas(regime.lines[measure])
    return {name: every[name] for name in names}


@dataclass(frozen=True)
class Year:
    """A fiscal year up to the end of a month, under its regime; `complete` months of it are over."""

    period: Period
    regime: Regime
    regime_before: Regime
    complete: int

    @cached_property
    def first(self) -> int:
        """The first fiscal year that is read."""
        return max(self.period.fiscal_year - _YEARS, FIRST_YEAR)

    @cached_property
    def bounds(self) -> tuple[date, ...]:
        """First days of all months, and of the one after: stretch n of movements is the n-th month."""
        last = self.period.fiscal_year
        months = [Period.of_months(year, month, single=True) for year in range(self.first, last) for month in _ALL]
        months += [Period.of_months(last, month, single=True) for month in _ALL[: self.period.months]]
        return boundaries(months)

    def stretch(self, year: int, month: int) -> int:
        """The number of a month among the stretches."""
        return (year - self.first) * len(_ALL) + month

    @cached_property
    def before(self) -> Period | None:
        """The same period of the year before, if it is read."""
        found = self.period.previous()
        return found if found.fiscal_year >= self.first else None

    @cached_property
    def parts(self) -> Mapping[str, Mapping[str, Formula]]:
        """What a statement shows, by measure."""
        return {measure: _chosen(self.regime, measure, PARTS) for measure in MEASURES}

    @cached_property
    def lines_before(self) -> Mapping[str, Formula]:
        """The lines of the year before, in cases."""
        return _chosen(self.regime_before, "cases", LINES)


class Books:
    """The books of one unit."""

    def __init__(self, year: Year, moved: Movements) -> None:
        self._year = year
        self._months = moved.stretches
        bounds = boundaries([year.period, year.before] if year.before else [year.period])
        whole = together(
            (
                Movements(bounds, {bisect_right(bounds, year.bounds[number - 1]) if number else 0: nets})
                for number, nets in moved.stretches.items()
            ),
            bounds,
        )
        self.now = {measure: whole.parts(measure, year.period, year.parts[measure]) for measure in MEASURES}
        self.share = rules.share_of(self.now["cases"])
        self.before = rules.share_of(whole.parts("cases", year.before, year.lines_before)) if year.before else None

    def findings(self, stored: Mapping[str, int] | None, siblings: Iterable[Share]) -> Iterable[Finding]:
        """What the checks find; `stored` is the stock by measure the year is stored to have begun with."""
        for measure in MEASURES:
            yield from rules.impossible(measure, self.now[measure])
            if stored is not None and self._year.before:
                yield from self._opening(measure, stored[measure])
        if found := rules.share_with_conditions(self.share, self.before, siblings):
            yield found
        for line, accounts in (("accepted", _ACCEPTED), ("done", self._year.regime.lines["cases"]["D1"])):
            yield from rules.jumps(line, self._years(_columns("cases", accounts)))
        yield from self._silent()

    def _opening(self, measure: str, stored: int) -> Iterable[Finding]:
        """The stock that last year's movements led to, against the one this year is stored to have begun with."""
        now = self.now[measure]
        closing = self._stocks(measure)[self._year.stretch(self._year.period.fiscal_year, 1)]
        if found := rules.opening(measure, closing, stored, now["to_register_carried"], now["handed_over_net"]):
            yield found

    def _silent(self) -> list[Finding]:
        numbers = [self._year.stretch(self._year.period.fiscal_year, month) for month in _ALL[: self._year.complete]]
        stocks = self._stocks("cases")
        return rules.silent_months([stocks[number] for number in numbers], [n in self._months for n in numbers])

    def _years(self, columns: Sequence[int]) -> Years:
        def months(year: int, number: int = len(_ALL)) -> list[int]:
            return [self._sum(self._year.stretch(year, month), columns) for month in _ALL[:number]]

        year = self._year.period.fiscal_year
        if year - _YEARS < self._year.first:  # not read, so nothing is known
            return Years(months(year, self._year.complete), [], [])
        return Years(months(year, self._year.complete), months(year - 1), months(year - 2))

    def _stocks(self, measure: str) -> list[int]:
        """The stock that each stretch began with, by its number."""
        gained = (self._sum(number, _STOCK[measure]) for number in range(len(self._year.bounds)))
        return [0, *accumulate(gained)]

    def _sum(self, stretch: int, columns: Sequence[int]) -> int:
        nets = self._months.get(stretch)
        return sum(nets[column] for column in columns) if nets is not None else 0
