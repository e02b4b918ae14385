"""Working days by hand, on a calendar small enough to see."""

from datetime import date

import pytest

from app.services.calendar.rules import calendar_of, working_day_after

# Monday 5 and Tuesday 6 January 2026 are off; Saturday the 10th is worked instead of one of them.
SMALL = calendar_of([(date(2026, 1, 5), False), (date(2026, 1, 6), False), (date(2026, 1, 10), True)])


def test_a_calendar_knows_whole_years() -> None:
    assert (SMALL.since, SMALL.until) == (date(2026, 1, 1), date(2027, 1, 1))
    with pytest.raises(ValueError, match="empty"):
        calendar_of([])


@pytest.mark.parametrize(
    ("day", "number", "last"),
    [
        ("2026-01-01", 1, "2026-01-02"),
        ("2026-01-02", 1, "2026-01-07"),
        ("2026-01-05", 1, "2026-01-07"),
        ("2026-01-07", 3, "2026-01-10"),
        ("2026-01-10", 1, "2026-01-12"),
        ("2026-12-31", 1, None),
        ("2026-12-30", 1, "2026-12-31"),
        ("2025-12-31", 1, None),
    ],
)
def test_the_day_itself_does_not_count_and_days_off_do_not_either(day: str, number: int, last: str | None) -> None:
    found = working_day_after(SMALL, date.fromisoformat(day), number)
    assert found == (date.fromisoformat(last) if last else None)
