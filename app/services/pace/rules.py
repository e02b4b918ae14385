"""What a target still needs, at which pace, and where the year is likely to end. Pure functions, exact numbers.

The projection adds to what is done what was still done after the same day of past years, for each case or VND that had
conditions on that day; the denominator grows as it grew then. Years count by their size. Short histories borrow from
the unit above (an officer's unit, a unit's nation). How far off the method was is what it would have said of each past
year from the years before it.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from app.services.statistics.rules import FIRST_YEAR, MEASURES, Period, Share

MEASURE_OF: Final = {"cases_rate": "cases", "money_rate": "money"}
INDICATORS: Final = tuple(MEASURE_OF)
"""The indicators of `/v1/target-pace` where none is named, and of the back-test."""
HISTORY: Final = 6
"""How many past years are looked at."""
BORROWED_CASES: Final = 100
"""A history of so many cases done counts as much as that of the unit above."""
YEAR_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class PastYear:
    """One measure of a past year: D1 and C1 up to the same day, and at its end; `cases` done in the whole year."""

    fiscal_year: int
    cases: int
    on_the_day: Share
    at_the_end: Share

    @property
    def rate(self) -> Fraction:
        """Its result rate."""
        return Fraction(*self.at_the_end)


@dataclass(frozen=True, slots=True)
class Seasons:
    """What followed a day, for each case or VND that had conditions on it: done, and with conditions at the end."""

    still_done: Fraction
    at_the_end: Fraction

    def projected(self, share: Share) -> tuple[Fraction, Fraction]:
        """D1 and C1 on 30 September; never less done than already is, never more than has conditions."""
        done = share[0] + share[1] * self.still_done
        return done, max(share[1] * self.at_the_end, done)


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the result rate may end, as shares; `years` is how many projections of the past it rests on."""

    low: Fraction
    high: Fraction
    years: int

    @property
    def coverage(self) -> Share:
        """How often it should hold, if the year is like those it rests on: that their largest error is not topped."""
        return self.years, self.years + 1


@dataclass(frozen=True, slots=True)
class Projection:
    """D1 and C1 on 30 September in whole numbers, and their rate before rounding.

    `years` of its own it rests on; `interval` where one can be said; `last_year`, to compare, is the rate the year
    before ended with.
    """

    share: Share
    rate: Fraction
    years: int
    interval: Interval | None = None
    last_year: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Needed:
    """What must still be done, in cases or VND; `by_year_end` of what will have conditions, as projected."""

    of_today: int
    by_year_end: int | None

    @property
    def total(self) -> int:
        """What the rest of the year must bring, as far as is known."""
        return self.of_today if self.by_year_end is None else self.by_year_end


Shares = Callable[[str, Period], Share]
"""D1 and C1 of a measure in a period."""


def same_days(period: Period) -> list[Period]:
    """The same period of the past years that are looked at, newest first."""
    found = [period]
    while len(found) <= HISTORY and found[-1].fiscal_year > FIRST_YEAR:
        found.append(found[-1].previous())
    return found[1:]


def history(shares: Shares, period: Period) -> Mapping[str, Sequence[PastYear]]:
    """The past years of a unit or an officer by measure; without those in which nothing had conditions or was done.

    A year in which no case was done says nothing about money either: the books were not kept yet.
    """
    found: dict[str, list[PastYear]] = {measure: [] for measure in MEASURES}
    for same in same_days(period):
        whole = Period.of_months(same.fiscal_year, YEAR_MONTHS)
        cases, _ = shares("cases", whole)
        for measure in MEASURES:
            on_the_day, at_the_end = shares(measure, same), shares(measure, whole)
            if cases > 0 and on_the_day[1] > 0 and at_the_end[1] > 0:
                found[measure].append(PastYear(same.fiscal_year, cases, on_the_day, at_the_end))
    return found


def seasons(years: Sequence[PastYear], above: Seasons | None) -> Seasons | None:
    """What followed the day in these years, mixed with the history above by how many cases they know of."""
    if not years:
        return above
    base = sum(year.on_the_day[1] for year in years)
    still = sum(year.at_the_end[0] - year.on_the_day[0] for year in years)
    own = Seasons(Fraction(max(still, 0), base), Fraction(sum(year.at_the_end[1] for year in years), base))
    if above is None:
        return own
    cases = sum(year.cases for year in years)
    weight = Fraction(cases, cases + BORROWED_CASES)
    return Seasons(
        weight * own.still_done + (1 - weight) * above.still_done,
        weight * own.at_the_end + (1 - weight) * above.at_the_end,
    )


Chain = Sequence[Sequence[PastYear]]
"""Histories of one measure: one's own first, then those that are borrowed from, the nation last."""


def project(chain: Chain, fiscal_year: int, share: Share) -> Projection | None:
    """Where a year ends whose D1 and C1 on the day are `share`; None where no past year or no denominator says."""
    found = _expected(chain, fiscal_year, share)
    if found is None:
        return None
    own = [year for year in chain[0] if year.fiscal_year < fiscal_year]
    # what the method would have said of each past year, knowing the years before it only
    said = [(year, _expected(chain, year.fiscal_year, year.on_the_day)) for year in own]
    errors = [abs(year.rate - then[0] / then[1]) for year, then in said if then is not None]
    done, with_conditions = found
    rate = done / with_conditions
    last = next((year.rate for year in own if year.fiscal_year == fiscal_year - 1), None)
    return Projection((round(done), round(with_conditions)), rate, len(own), _interval(rate, errors), last)


def _expected(chain: Chain, fiscal_year: int, share: Share) -> tuple[Fraction, Fraction] | None:
    known: Seasons | None = None
    for years in reversed(chain):
        known = seasons([year for year in years if year.fiscal_year < fiscal_year], known)
    if known is None or share[1] <= 0:
        return None
    projected = known.projected(share)
    return projected if projected[1] > 0 else None


def _interval(rate: Fraction, errors: Sequence[Fraction]) -> Interval | None:
    if not errors:
        return None
    error = max(errors)
    return Interval(max(rate - error, Fraction(0)), min(rate + error, Fraction(1)), len(errors))


def months_gone(on: date) -> Fraction:
    """Months since 1 October, the day included: 4 on 31 January, 1/31 on 1 October."""
    return Period.until(on).months - 1 + Fraction(on.day, monthrange(on.year, on.month)[1])


def months_left(on: date) -> Fraction:
    """Months from the day after to 30 September."""
    return YEAR_MONTHS - months_gone(on)


def lacking(share: Share, wanted: Share) -> int:
    """What must still be done, in cases or VND, so that a rate is not below another one; 0 when it is not."""
    return max(-(-wanted[0] * share[1] // wanted[1]) - share[0], 0)


def needed(share: Share, target: Share, projected: Share | None) -> Needed:
    """What is missing to a target of what has conditions today, and of what will have them on 30 September."""
    by_year_end = None if projected is None else lacking((share[0], projected[1]), target)
    return Needed(lacking(share, target), by_year_end)


def needed_of_number(reached: int, target: int) -> Needed:
    """What is missing to a target that is a number: it does not grow with what has conditions."""
    return Needed(max(target - reached, 0), None)


def reached_on(missing: int, done: int, on: date) -> date | None:
    """The day on which what is missing is done at the average pace since 1 October; None where not by 30 September."""
    if missing == 0:
        return on
    period = Period.until(on)
    if done <= 0:
        return None
    days_gone = (on - period.first).days + 1
    days = -(-missing * days_gone // done)
    last = Period.of_months(period.fiscal_year, YEAR_MONTHS).last
    return on + timedelta(days=days) if days <= (last - on).days else None


def ends_of_months(period: Period) -> list[Period]:
    """The cumulative periods to every end of a month of a year up to a day, and to the day, oldest first."""
    return [*(Period.of_months(period.fiscal_year, months) for months in range(1, period.months)), period]


def below_since(below: Sequence[tuple[date, bool]]) -> tuple[date, int] | None:
    """Since when, and for how many ends of months, a unit has been below without a break; None when it is not.

    `below` are the ends of months and the day asked for last, oldest first.
    """
    run: list[date] = []
    for day, is_below in below:
        run = [*run, day] if is_below else []
    if not run:
        return None
    return run[0], sum((day + timedelta(days=1)).day == 1 for day in run)
