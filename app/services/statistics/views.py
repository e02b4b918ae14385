"""A statement of one unit for one cumulative period, beside the same period of the previous year."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.db import Reads
from app.errors import invalid
from app.services.books.rules import fiscal_year as fiscal_year_of
from app.services.reference import Reference, Regime, Unit
from app.services.statistics.groups import grouped, kept
from app.services.statistics.queries import Projection, balances, zeros
from app.services.statistics.rules import MEASURES, PARTS, Period, comparable, formulas


@dataclass(frozen=True, slots=True)
class MeasureStatement:
    """The lines of one measure (việc or tiền) in both periods, by the names of PARTS."""

    now: Mapping[str, int]
    before: Mapping[str, int]
    comparable: bool


@dataclass(frozen=True, slots=True)
class PeriodStatement:
    """What the books say of a unit; each period under the regime of its last day."""

    unit: Unit
    period: Period
    before: Period
    regime: Regime
    regime_before: Regime
    complete: bool
    measures: Mapping[str, MeasureStatement]


def asked_period(fiscal_year: int | None, months: int | None, on: date) -> Period:
    """The period asked for, cut off at today; by default the running year, so far. Invalid before it begins."""
    running = fiscal_year_of(on)
    year = fiscal_year or running
    last_begun = Period.until(on).months if year == running else 12
    period = Period.of_months(year, months or last_begun)
    month = period.last.replace(day=1)
    if month > on:
        name = "fiscal_year" if year > running else "months"
        raise invalid("in-future", "has not begun", "chưa bắt đầu", parameter=name)
    return Period(year, min(period.last, on))


async def period_statement(db: Reads, ref: Reference, unit: Unit, period: Period, on: date) -> PeriodStatement:
    """The statement of a unit, its subtree and all it succeeded; one round trip."""
    before = period.previous()
    regime, regime_before = ref.regime(period.last), ref.regime(before.last)
    key = ("statement", regime.code, regime_before.code)
    projection = kept(ref, key, lambda: _projection(regime, regime_before))
    groups = kept(ref, ("statement", unit.id), lambda: grouped(ref, [unit]))
    found = (await balances(db, groups, projection, period, before)).get(0) or zeros(projection)
    same = regime.lines == regime_before.lines
    measures = {
        measure: MeasureStatement(
            dict(zip(PARTS, found.now[measure], strict=True)),
            dict(zip(PARTS, found.before[measure], strict=True)),
            comparable(measure, period, before, same),
        )
        for measure in MEASURES
    }
    complete = Period.of_months(period.fiscal_year, period.months).last < on
    return PeriodStatement(unit, period, before, regime, regime_before, complete, measures)


def _projection(regime: Regime, regime_before: Regime) -> Projection:
    now, before = formulas(regime.lines), formulas(regime_before.lines)
    return Projection(MEASURES, [now[name] for name in PARTS], [before[name] for name in PARTS])
