"""The reporting year so far, the same period of the year before, and how both are read from the rollups."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From 1 October to `last`."""

    last: date

    @property
    def fiscal_year(self):
        return self.last.year + (self.last.month >= 10)

    @property
    def first(self):
        return date(self.fiscal_year - 1, 10, 1)

    @property
    def months(self):
        return (self.last.month - 10) % 12 + 1

    def year_before(self):
        year, month = self.last.year - 1, self.last.month
        days = monthrange(year, month)[1]
        whole = self.last.day == monthrange(self.last.year, month)[1]
        return Period(date(year, month, days if whole else min(self.last.day, days)))

    def span(self, today):
        """The last whole month, and the days to add to the months or to take away, whichever are fewer."""
        month = self.last.replace(day=1)
        if self.last.day <= 15 and self.last < today:
            return (month - DAY).replace(day=1), (month, self.last), 1
        end = month.replace(day=monthrange(month.year, month.month)[1])
        return month, (self.last + DAY, end), -1
