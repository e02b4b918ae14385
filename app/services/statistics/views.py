"""A statement of one unit for one cumulative period, beside the same period of the previous year."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from app.errors import invalid
from app.services.books.rules import fiscal_year as fiscal_year_of
from app.services.reference import Unit
from app.services.regimes.rules import Regime
from app.services.statistics.rules import Formula, Period, formulas


@dataclass(frozen=True, slots=True)
class MeasureStatement:
    """The lines of one measure (việc or tiền) in both periods, by the names of PARTS."""

    now: Mapping[str, int]
    before: Mapping[str, int]
    comparable: bool


@dataclass(frozen=True, slots=True)
class PeriodStatement:
    """What the books say of a unit; each period under the regime of its last day, or one asked for."""

    unit: Unit
    period: Period
    before: Period
    regime: Regime
    regime_before: Regime
    complete: bool
    measures: Mapping[str, MeasureStatement]


def asked_period(fiscal_year: int | None, months: int | None, on: date, *, single: bool = False) -> Period:
    """The period asked for, cut off at today; by default the running year, so far. Invalid before it begins.

    With `single` only the last of the months.
    """
    running = fiscal_year_of(on)
    year = fiscal_year or running
    last_begun = Period.until(on).months if year == running else 12
    period = Period.of_months(year, months or last_begun)
    month = period.last.replace(day=1)
    if month > on:
        name = "fiscal_year" if year > running else "months"
        raise invalid("in-future", "has not begun", "chưa bắt đầu", parameter=name)
    return Period(year, min(period.last, on), single)


def same_lines(measure: str, regime: Regime, other: Regime) -> bool:
    """Whether two regimes feed the lines of a measure from the same accounts."""
    return regime.lines[measure] == other.lines[measure]


def formulas_of(regime: Regime, measures: Iterable[str], names: Iterable[str]) -> dict[str, list[Formula]]:
    """The formulas of these lines under a regime, by measure."""
    listed = list(names)
    return {measure: [formulas(regime.lines[measure])[name] for name in listed] for measure in measures}
