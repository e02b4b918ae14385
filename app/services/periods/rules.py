"""Pure rules of closing: which month a period ends in, what may follow what, and what a version of a report is."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.errors import Conflict, invalid
from app.services.statistics.rules import Period

OFFICER_RANKS: Final = ("primary", "intermediate", "senior")
"""Ranks of those who enforce (chấp hành viên) and therefore report; verifiers and clerks do not."""

FIRST_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class MonthState:
    """A month of the books: its state, the version of that, and the last month that is closed with all before it."""

    month: date
    state: str
    version: int
    closed_through: date | None

    @property
    def is_closed(self) -> bool:
        """Whether nothing is booked into it any more."""
        return self.closed_through is not None and self.month <= self.closed_through


@dataclass(frozen=True, slots=True)
class Frozen:
    """A version of a report that was just made."""

    no: int
    version: int
    digest: str


def month_of(period: Period) -> date:
    """The first day of the last month of a period."""
    return period.last.replace(day=1)


def period_of(month: date) -> Period:
    """The cumulative period that ends with a month."""
    return Period.of_months(month.year + (month.month >= 10), (month.month - 10) % 12 + 1)


def previous(month: date) -> date:
    """The month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def check_over(period: Period, today: date) -> None:
    """Raises Conflict while the last month of the period is still running, or has not begun."""
    if period.last >= today:
        raise Conflict(
            {"en": "The period is not over.", "vi": "Kỳ báo cáo chưa kết thúc."},
            extra={"ends_on": period.last.isoformat()},
        )


def check_closing(known: MonthState) -> None:
    """Raises Conflict when the month is closed already, itself or with a later one."""
    if known.is_closed:
        raise Conflict({"en": "The month is closed already.", "vi": "Tháng này đã khóa sổ."})


def check_reopening(known: MonthState) -> None:
    """Raises Conflict unless the month is the last closed one and not frozen: months open again one by one."""
    if not known.is_closed:
        raise Conflict({"en": "The month is open.", "vi": "Tháng này đang mở."})
    if known.state == "frozen":
        raise Conflict({"en": "The figures are frozen.", "vi": "Số liệu đã chốt, không mở lại được."})
    if known.closed_through != known.month:
        raise Conflict({"en": "A later month is closed.", "vi": "Tháng sau đó đã khóa sổ, hãy mở tháng đó trước."})


def check_freezing(known: MonthState, version: int, missing: int, reason: str | None) -> None:
    """Raises Conflict while the month is open, or while provinces have not sent and no reason says why not to wait.

    A restatement, any version but the first, needs a reason: Invalid without it.
    """
    if not known.is_closed:
        raise Conflict({"en": "The month is open: close it first.", "vi": "Tháng này chưa khóa sổ."})
    if reason is not None:
        return
    if version > FIRST_VERSION:
        raise invalid("required", "a restatement needs a reason", "số liệu chốt lại phải có lý do", pointer="/reason")
    check_sent(missing)


def check_sent(missing: int) -> None:
    """Raises Conflict when some of those below have not sent their figures."""
    if missing:
        raise Conflict(
            {
                "en": "Some of those below have not sent their figures; wait, or give a reason.",
                "vi": "Còn đơn vị hoặc chấp hành viên chưa gửi báo cáo; hãy chờ hoặc nêu lý do.",
            },
            extra={"missing": missing},
        )
