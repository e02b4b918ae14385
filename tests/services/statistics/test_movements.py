"""What of a period is read by quarter, and what by month."""

from bisect import bisect_right
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.services.books.rules import month_after
from app.services.statistics.movements import split_quarters
from app.services.statistics.rules import quarter_start

DAYS = st.dates(date(2023, 10, 1), date(2026, 9, 30))


@given(st.lists(st.one_of(DAYS, DAYS.map(quarter_start)), min_size=2, max_size=5, unique=True))
def test_every_month_is_read_once_in_its_stretch(days: list[date]) -> None:
    bounds = sorted(days)
    split = split_quarters(bounds)
    month = date(2022, 10, 1)
    while month < bounds[-1]:
        quarter = quarter_start(month)
        by_quarter = quarter not in split and quarter < bounds[-1]
        by_month = [m for months in split.values() for m in months if m < bounds[-1]].count(month)
        assert by_quarter + by_month == 1
        if by_quarter:
            last = month_after(month_after(quarter))
            assert bisect_right(bounds, quarter) == bisect_right(bounds, month) == bisect_right(bounds, last)
        month = month_after(month)
