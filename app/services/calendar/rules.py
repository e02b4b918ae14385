"""Pure rules of working days (ngày làm việc): weekends, public holidays, and the Saturdays worked for a day off."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 6
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of the years `[since, until)` that are not as their weekday says; other years are not known."""

    since: date
    until: date
    off: frozenset[date]
    worked: frozenset[date]

    def works(self, day: date) -> bool:
        """Whether offices of the State work on a day."""
        return day in self.worked or (day.isoweekday() < SATURDAY and day not in self.off)


def calendar_of(days: Iterable[tuple[date, bool]]) -> Calendar:
    """The calendar of the years that have exceptions, each a day and whether it is worked; ValueError without any."""
    worked_on = dict(days)
    since, until = date(min(worked_on).year, 1, 1), date(max(worked_on).year + 1, 1, 1)
    worked = frozenset(day for day, works in worked_on.items() if works)
    return Calendar(since, until, frozenset(worked_on) - worked, worked)


def working_day_after(calendar: Calendar, day: date, number: int) -> date | None:
    """The last day of a period of so many working days, at least one, that begins with what happened on `day`.

    That day itself does not count (Civil Code 2015, Art. 147). None when the period leaves the years of the calendar:
    a day that may be wrong is worse than none. `app.services.calendar.queries.working_day_after` says the same in SQL.
    """
    if day < calendar.since:
        return None
    left = number
    while left:
        day += _ONE_DAY
        if day >= calendar.until:
            return None
        left -= calendar.works(day)
    return day
