"""Working days of the years the book covers, by month; month 0 is October 2023."""

from bisect import bisect_left
from datetime import date
from random import Random
from typing import Final

FIRST_MONTH: Final = 2023 * 12 + 9
HANDOVER: Final = date(2025, 7, 1)
HANDOVER_MONTH: Final = 21
HANDOVER_DAY: Final = HANDOVER.toordinal()

_FIXED_HOLIDAYS: Final = ((1, 1), (4, 30), (5, 1), (9, 2))
# Tết of the years the figures are about.
_TET: Final = ((date(2024, 2, 8), date(2024, 2, 14)), (date(2025, 1, 27), date(2025, 1, 31)))


def _works(day: date) -> bool:
    tet = any(first <= day <= last for first, last in _TET)
    return day.weekday() < 5 and (day.month, day.day) not in _FIXED_HOLIDAYS and not tet and day != HANDOVER


def _month(month: int) -> list[int]:
    year, index = divmod(FIRST_MONTH + month, 12)
    first = date(year, index + 1, 1).toordinal()
    days = (date.fromordinal(first + i) for i in range(31))
    return [day.toordinal() for day in days if day.month == index + 1 and _works(day)]


class Calendar:
    """Working days of every month the book covers, and every day written out."""

    def __init__(self, first_month: int, months: int) -> None:
        self._days = {month: _month(month) for month in range(first_month, months)}
        first, last = self._days[first_month][0], self._days[months - 1][-1]
        self.iso = {day: date.fromordinal(day).isoformat() for day in range(first - 31, last + 32)}

    def pick(self, month: int, not_before: int, rng: Random) -> int:
        """A working day of the month; the last one, or the day itself, when `not_before` leaves no other."""
        days = self._days[month]
        if not_before <= days[0]:
            return days[int(rng.random() * len(days))]
        first = bisect_left(days, not_before)
        if first == len(days):
            return not_before
        return days[first + int(rng.random() * (len(days) - first))]

    def earlier(self, month: int, day: int, working_days: int) -> int:
        """A working day of the same month so many working days before, at most the first of the month."""
        days = self._days[month]
        return days[max(0, bisect_left(days, day) - working_days)]
