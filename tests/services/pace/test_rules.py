"""The rules of pace and projection: worked numbers, and what holds for all numbers."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.pace.rules import (
    BORROWED_CASES,
    Interval,
    Needed,
    PastYear,
    Projection,
    Seasons,
    below_since,
    ends_of_months,
    history,
    lacking,
    months_gone,
    months_left,
    needed,
    project,
    reached_on,
    same_days,
    seasons,
)
from app.services.statistics.rules import Period, Share, percent

# the nation after six months of 2023 and of 2024, and at the end of both (published results)
NATION_2023 = PastYear(2023, 574_819, (234_426, 434_152), (574_819, 690_448))
NATION_2024 = PastYear(2024, 620_657, (242_304, 462_469), (620_657, 739_974))


def year(number: int, on_the_day: Share, at_the_end: Share, cases: int = BORROWED_CASES) -> PastYear:
    return PastYear(number, cases, on_the_day, at_the_end)


def shown(rate: Fraction) -> str | None:
    return percent(rate.numerator, rate.denominator)


def test_the_nation_of_2024_from_that_of_2023() -> None:
    """340,393 more were done of 434,152 in the year before: 0.78404 of each of 462,469 are 362,595 more."""
    found = project([[NATION_2023]], 2024, NATION_2024.on_the_day)
    assert found is not None
    assert found.share == (242_304 + 362_595, 735_482)
    assert (shown(found.rate), shown(NATION_2024.rate)) == ("82.25", "83.88")
    assert (found.years, found.interval) == (1, None)


def test_the_interval_is_as_wide_as_the_largest_error_of_the_past() -> None:
    """From 10 of 20 on the day 2022 ended at 15, so 2023 with 16 was off by 5 points, and 2024 with 14 by 7.5."""
    past = [year(2022, (10, 20), (15, 20)), year(2023, (10, 20), (16, 20)), year(2024, (10, 20), (14, 20))]
    found = project([past], 2025, (100, 200))
    interval = Interval(Fraction(675, 1000), Fraction(825, 1000), 2)
    assert found == Projection((150, 200), Fraction(3, 4), 3, interval, Fraction(14, 20))
    assert percent(*interval.coverage) == "66.67"


def test_an_interval_ends_where_rates_do() -> None:
    past = [year(2023, (0, 10), (0, 10)), year(2024, (0, 10), (10, 10))]
    found = project([past], 2025, (0, 10))
    assert found is not None
    assert found.interval == Interval(Fraction(0), Fraction(1), 1)


def test_a_year_that_is_later_tells_nothing() -> None:
    day = NATION_2024.on_the_day
    assert project([[NATION_2023, NATION_2024]], 2024, day) == project([[NATION_2023]], 2024, day)
    assert project([[NATION_2024]], 2024, day) is None


def test_a_short_history_borrows_from_above() -> None:
    """A unit with as many cases done as are borrowed counts half; one without any takes all."""
    own, above = [year(2024, (0, 10), (2, 10))], [year(2024, (0, 100), (80, 200))]
    assert project([own, above], 2025, (0, 100)) == Projection((50, 150), Fraction(1, 3), 1, None, Fraction(1, 5))
    assert project([[], above], 2025, (0, 100)) == Projection((80, 200), Fraction(2, 5), 0)
    assert project([own, []], 2025, (0, 100)) == Projection((20, 100), Fraction(1, 5), 1, None, Fraction(1, 5))
    assert project([[], []], 2025, (0, 100)) is None


def test_the_chain_goes_from_officer_to_unit_to_nation() -> None:
    nation = [year(2024, (0, 10), (8, 10))]
    unit = [year(2024, (0, 10), (4, 10))]
    officer = [year(2024, (0, 10), (2, 10))]
    assert seasons(unit, seasons(nation, None)) == Seasons(Fraction(6, 10), Fraction(1))
    assert project([officer, unit, nation], 2025, (0, 100)) == Projection(
        (40, 100), Fraction(2, 5), 1, None, Fraction(1, 5)
    )


def test_rates_are_taken_before_rounding() -> None:
    """Half of what is left of one case: 0.5 of 1."""
    found = project([[year(2024, (0, 2), (1, 2))]], 2025, (0, 1))
    assert found == Projection((0, 1), Fraction(1, 2), 1, None, Fraction(1, 2))


def test_the_year_before_is_not_any_past_year() -> None:
    found = project([[NATION_2023]], 2025, NATION_2024.on_the_day)
    assert found is not None
    assert (found.years, found.last_year) == (1, None)


def test_without_a_denominator_there_is_no_projection() -> None:
    assert project([[NATION_2023]], 2024, (0, 0)) is None


def test_what_was_taken_back_later_does_not_lower_a_projection() -> None:
    past = [year(2024, (8, 10), (7, 10))]
    assert project([past], 2025, (8, 10)) == Projection((8, 10), Fraction(8, 10), 1, None, Fraction(7, 10))


def test_which_years_are_a_history() -> None:
    """Not those in which nothing had conditions, nor, for money either, those in which no case was done."""
    period = Period.until(date(2025, 3, 17))
    numbers = {
        ("cases", 2024): ((1, 4), (3, 5)), ("money", 2024): ((10, 40), (30, 50)),
        ("cases", 2023): ((1, 4), (2, 5)), ("money", 2023): ((0, 0), (0, 0)),
        ("cases", 2022): ((0, 4), (0, 5)), ("money", 2022): ((1, 40), (2, 50)),
    }  # fmt: skip

    def shares(measure: str, of: Period) -> Share:
        parts = numbers.get((measure, of.fiscal_year), ((0, 0), (0, 0)))
        return parts[of.last.month == 9]

    found = history(shares, period)
    assert found["cases"] == [PastYear(2024, 3, (1, 4), (3, 5)), PastYear(2023, 2, (1, 4), (2, 5))]
    assert found["money"] == [PastYear(2024, 3, (10, 40), (30, 50))]


def test_the_same_day_of_six_years() -> None:
    days = [period.last for period in same_days(Period.until(date(2024, 2, 29)))]
    assert days == [date(y, 2, 29 if y == 2020 else 28) for y in range(2023, 2017, -1)]
    assert [period.last for period in same_days(Period.until(date(2012, 2, 1)))] == [date(2011, 2, 1), date(2010, 2, 1)]
    assert same_days(Period.until(date(2010, 9, 30))) == []


@pytest.mark.parametrize(
    ("on", "gone"),
    [
        (date(2024, 10, 1), Fraction(1, 31)),
        (date(2024, 10, 31), Fraction(1)),
        (date(2025, 1, 31), Fraction(4)),
        (date(2025, 2, 14), Fraction(9, 2)),
        (date(2025, 9, 30), Fraction(12)),
    ],
)
def test_months(on: date, gone: Fraction) -> None:
    assert (months_gone(on), months_left(on)) == (gone, 12 - gone)


def test_what_a_target_needs() -> None:
    """83.90 % of 18,090 is 15,177.51: 15,178 cases, less 6,473; of 27,035 it is 22,682.37."""
    target = (8_390, 10_000)
    assert needed((6_473, 18_090), target, (22_310, 27_035)) == Needed(8_705, 16_210)
    assert needed((6_473, 18_090), target, None).total == 8_705
    assert needed((6_473, 18_090), target, (22_310, 27_035)).total == 16_210
    assert lacking((839, 1_000), target) == 0
    assert lacking((838, 1_000), target) == 1
    assert lacking((0, 0), target) == 0
    assert lacking((5, 10), (0, 10_000)) == 0


def test_the_day_a_target_is_reached_on_at_this_pace() -> None:
    """31 done in October are one a day."""
    on = date(2024, 10, 31)
    assert reached_on(1, 31, on) == date(2024, 11, 1)
    assert reached_on(334, 31, on) == date(2025, 9, 30)
    assert reached_on(335, 31, on) is None
    assert reached_on(0, 0, on) == on
    assert reached_on(1, 0, on) is None
    assert reached_on(1, -2, on) is None
    assert reached_on(1, 300, date(2025, 9, 30)) is None


def test_since_when_a_unit_is_below() -> None:
    october, november, middle = date(2024, 10, 31), date(2024, 11, 30), date(2024, 12, 15)
    assert below_since([(october, True), (november, True), (middle, True)]) == (october, 2)
    assert below_since([(october, True), (november, False), (middle, True)]) == (middle, 0)
    assert below_since([(october, False), (november, True)]) == (november, 1)
    assert below_since([(october, True), (november, True), (middle, False)]) is None
    assert below_since([(date(2024, 10, 1), True)]) == (date(2024, 10, 1), 0)


def test_the_ends_of_months_of_a_year() -> None:
    days = [period.last for period in ends_of_months(Period.until(date(2024, 12, 15)))]
    assert days == [date(2024, 10, 31), date(2024, 11, 30), date(2024, 12, 15)]
    assert [p.last for p in ends_of_months(Period.until(date(2024, 10, 1)))] == [date(2024, 10, 1)]
    assert len(ends_of_months(Period.until(date(2025, 9, 30)))) == 12


AMOUNT = st.integers(0, 10**15)


@st.composite
def shares(draw: st.DrawFn) -> Share:
    done = draw(AMOUNT)
    return done, done + draw(AMOUNT)


@st.composite
def courses(draw: st.DrawFn) -> list[PastYear]:
    """Past years as the books can have them: with a denominator on both days, and cases done."""
    found = []
    for number in draw(st.sets(st.integers(2019, 2024), max_size=6)):
        day, end = draw(shares()), draw(shares())
        if day[1] and end[1]:
            found.append(PastYear(number, draw(st.integers(1, 10**6)), day, end))
    return found


@settings(deadline=None)
@given(st.lists(courses(), min_size=1, max_size=3), shares())
def test_a_projection_keeps_what_is_done_and_its_interval_holds_it(chain: list[list[PastYear]], share: Share) -> None:
    found = project(chain, 2025, share)
    if found is None:
        return
    done, with_conditions = found.share
    assert share[0] <= done <= with_conditions
    assert 0 <= found.rate <= 1
    assert found.years == len(chain[0])
    if found.interval is not None:
        assert 0 <= found.interval.low <= found.rate <= found.interval.high <= 1
        assert 1 <= found.interval.years <= len(chain[0])


@settings(deadline=None)
@given(st.lists(courses(), min_size=1, max_size=3), shares())
def test_the_last_day_projects_to_itself(chain: list[list[PastYear]], share: Share) -> None:
    at_the_end = [[PastYear(y.fiscal_year, y.cases, y.at_the_end, y.at_the_end) for y in own] for own in chain]
    found = project(at_the_end, 2025, share)
    if found is not None:
        assert found.share == share
        assert found.interval is None or found.interval.low == Fraction(*share) == found.interval.high


@settings(deadline=None)
@given(shares(), shares())
def test_what_is_lacking_is_enough_and_no_more(share: Share, wanted: Share) -> None:
    if not (share[1] and wanted[1]):
        return
    missing = lacking(share, wanted)
    assert Fraction(share[0] + missing, share[1]) >= Fraction(*wanted)
    assert missing == 0 or Fraction(share[0] + missing - 1, share[1]) < Fraction(*wanted)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.dates(date(2024, 10, 1), date(2025, 9, 30)))
def test_the_day_of_reaching_lies_in_the_year(missing: int, done: int, on: date) -> None:
    day = reached_on(missing, done, on)
    assert day is None or on <= day <= date(2025, 9, 30)
    if day is not None and missing:
        gone = (on - date(2024, 10, 1)).days + 1
        assert (day - on).days * done >= missing * gone > ((day - on).days - 1) * done


@pytest.mark.parametrize("number", [2, 3, 6])
def test_intervals_hold_as_often_as_they_say(number: int) -> None:
    """4,000 units whose years differ by chance alone; what they borrow is of the same kind."""
    chance = Random(number)

    def lived(fiscal_year: int) -> PastYear:
        day, end = chance.randrange(300, 500), chance.randrange(700, 900)
        return year(fiscal_year, (day, 1_000), (end, 1_000), cases=end)

    def held(past: Sequence[PastYear], this: PastYear) -> bool:
        found = project([past], 2025, this.on_the_day)
        assert found is not None
        assert found.interval is not None
        return found.interval.low <= this.rate <= found.interval.high

    trials = [held([lived(2025 - n) for n in range(1, number + 1)], lived(2025)) for _ in range(4_000)]
    assert Fraction(sum(trials), len(trials)) >= Fraction(number - 1, number) - Fraction(1, 50)
