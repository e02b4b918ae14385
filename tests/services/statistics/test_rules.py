"""Periods, lines and rates: the worked numbers of published statistics."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models.codes import ACCOUNTS_STOCK
from app.services.statistics import rules
from app.services.statistics.rules import LINES, PARTS, Lines, Period

NONE = Lines(*[0] * len(LINES))
REGIME = {
    "B1": ["entrusted"],
    "B2": ["withdrawn"],
    "B3": ["pulled_up"],
    "D1": ["completed", "terminated", "reduced", "returned"],
    "D2": ["enforcing"],
    "D3": ["deferred_by_agreement"],
    "D4": ["other"],
    "C2": ["no_conditions"],
    "C3": ["deferred", "suspended"],
}


def lines(**values: int) -> Lines:
    for name in values:
        assert name in LINES
    return Lines(*[values.get(name, 0) for name in LINES])


@pytest.mark.parametrize(
    ("year", "months", "last"),
    [
        (2025, 1, date(2024, 10, 31)),
        (2025, 3, date(2024, 12, 31)),
        (2025, 4, date(2025, 1, 31)),
        (2024, 5, date(2024, 2, 29)),
        (2025, 5, date(2025, 2, 28)),
        (2025, 12, date(2025, 9, 30)),
    ],
)
def test_periods_are_cumulative_from_october(year: int, months: int, last: date) -> None:
    period = Period.of_months(year, months)
    assert (period.first, period.last, period.months) == (date(year - 1, 10, 1), last, months)
    assert Period.until(last) == period


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2025, 1, 31), date(2024, 1, 31)),
        (date(2025, 2, 28), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2023, 2, 28)),
        (date(2024, 2, 28), date(2023, 2, 28)),
        (date(2026, 11, 24), date(2025, 11, 24)),
    ],
)
def test_same_period_of_the_previous_year(day: date, before: date) -> None:
    period = Period.until(day).previous()
    assert period == Period.until(before)
    assert period.first == date(Period.until(day).first.year - 1, 10, 1)


@given(st.dates(date(2010, 10, 1), date(2030, 9, 30)), st.integers(0, 400), st.booleans())
def test_a_span_covers_every_day_once(last: date, ago: int, single: bool) -> None:
    period = replace(Period.until(last), single=single)
    read = rules.span(period, last + timedelta(days=ago))
    month_end = (last.replace(day=1) + timedelta(days=32)).replace(day=1)
    for day in (period.first + timedelta(days=n) for n in range((month_end - period.first).days)):
        in_quarters = read.first <= rules.quarter_start(day) < read.first_month
        in_months = read.first_month <= day.replace(day=1) <= read.last_month
        in_days = read.first_day <= day <= read.last_day
        assert in_quarters + in_months + read.sign * in_days == (day <= last)
    assert (read.last_day - read.first_day).days < 15 or not ago


def test_2023_preliminary_identity() -> None:
    found = lines(carried_over=299_096, newly_accepted=636_950, entrusted=12_004, withdrawn=501)
    assert found.accepted_total == 936_046
    assert found.must_enforce == 923_541


def test_2018_two_classes() -> None:
    found = lines(done=241_770, enforcing=217_741, without_conditions=170_433)
    assert found.with_conditions == 459_511
    assert found.with_conditions + found.without_conditions == 629_944
    assert rules.percent(found.with_conditions, 629_944) == "72.94"
    assert rules.percent(found.without_conditions, 629_944) == "27.06"
    assert rules.percent(found.done, found.with_conditions) == "52.61"


def test_2025_four_months() -> None:
    assert rules.change(161_828, 161_828 + 4_285) == "-2.58"
    assert rules.change(36_550, 33_690) == "8.49"


def test_differences_of_rates_are_taken_before_rounding() -> None:
    fy2024, fy2023 = (620_657, 739_974), (574_819, 690_448)
    assert (rules.percent(*fy2024), rules.percent(*fy2023)) == ("83.88", "83.25")
    assert rules.points(fy2024, fy2023) == "0.62"


def test_2022_opening_is_not_the_last_closing() -> None:
    """What lies between them, 35,004 cases, went to the separate register: the forms print A1 without it."""
    carried_over = rules.formulas(REGIME)["carried_over"]
    assert (carried_over.opening, carried_over.minus) == (ACCOUNTS_STOCK, ("register_carried",))
    assert lines(carried_over=349_412 - 35_004, newly_accepted=547_121).must_enforce == 861_529


def test_2020_money_contradicts_itself() -> None:
    assert rules.percent(53_750_695, 132_905_418) == "40.44"


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [
        (1, 3, "33.33"),
        (2, 3, "66.67"),
        (1, 800, "0.13"),
        (-1, 800, "-0.13"),
        (-1, 30_000, "0.00"),
        (0, 5, "0.00"),
        (5, 0, None),
        (0, 0, None),
        (10**18, 10**18 - 1, "100.00"),
    ],
)
def test_percent_rounds_halves_away_from_zero(numerator: int, denominator: int, shown: str | None) -> None:
    assert rules.percent(numerator, denominator) == shown


def test_absent_rates_have_no_difference() -> None:
    assert rules.points((1, 0), (1, 2)) is None
    assert rules.points((1, 2), (0, 0)) is None
    assert rules.change(5, 0) is None
    assert rules.change(5, -2) is None


@given(
    st.tuples(st.integers(-(2**62), 2**62), st.integers(1, 2**62)),
    st.tuples(st.integers(-(2**62), 2**62), st.integers(1, 2**62)),
)
def test_rank_keys_order_like_fractions(one: tuple[int, int], other: tuple[int, int]) -> None:
    exact, keys = (Fraction(*one), Fraction(*other)), (rules.rank_key(*one), rules.rank_key(*other))
    assert (exact[0] < exact[1]) == (keys[0] < keys[1])
    assert (exact[0] == exact[1]) == (keys[0] == keys[1])


def test_every_account_of_the_stock_feeds_one_line() -> None:
    formulas = rules.formulas(REGIME)
    fed = [account for letter in ("D2", "D3", "D4", "C2", "C3") for account in REGIME[letter]]
    assert sorted(fed) == sorted(ACCOUNTS_STOCK)
    assert set(formulas) == {*PARTS, "with_conditions"}
    assert formulas["with_conditions"].opening == ("enforcing", "deferred_by_agreement", "other")
    assert formulas["done"].opening == ()


def test_a_forgotten_account_breaks_an_identity() -> None:
    parts = dict.fromkeys(PARTS, 0) | {"newly_accepted": 7, "accepted": 7, "enforcing": 5, "stock": 7}
    assert rules.identities(parts) == {"accepted_total": True, "must_enforce": False, "carried_forward": True}
    assert rules.identities(parts | {"other": 2})["must_enforce"]
    assert not rules.identities(parts | {"newly_accepted": 8})["accepted_total"]
    assert not rules.identities(parts | {"stock": 6})["carried_forward"]


@pytest.mark.parametrize(
    ("measure", "period", "same_lines", "expected"),
    [
        ("cases", Period.of_months(2025, 12), True, True),
        ("cases", Period.of_months(2026, 9), True, True),
        ("cases", Period.of_months(2026, 10), True, False),
        ("money", Period.of_months(2026, 10), True, True),
        ("cases", Period.of_months(2027, 2), True, False),
        ("cases", Period.of_months(2028, 2), True, True),
        ("money", Period.of_months(2020, 6), False, False),
    ],
)
def test_cases_before_and_after_july_2026_are_not_comparable(
    measure: str, period: Period, same_lines: bool, expected: bool
) -> None:
    assert rules.comparable(measure, period, period.previous(), same_lines) is expected
