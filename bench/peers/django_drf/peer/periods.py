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
        """Whole months, and the days to add to the months or to take away, whichever are fewer.

        Months are given from the first one that is in no whole quarter.
        """
        month = self.last.replace(day=1)
        end = month.replace(day=monthrange(month.year, month.month)[1])
        if self.last.day <= 15 and self.last < today:
            return _past_quarters(month - DAY), (month, self.last), 1
        return _past_quarters(end), (self.last + DAY, end), -1


def _past_quarters(end):
    """The months after the whole quarters up to the end of a month, as a range."""
    after = end + DAY
    return after.replace(month=(after.month - 1) // 3 * 3 + 1), end.replace(day=1)
