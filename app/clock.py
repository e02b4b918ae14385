"""The calendar day in Vietnam, wherever the server runs."""

from datetime import date, datetime, time, timedelta, timezone
from typing import Final

VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


def today() -> date:
    """Today in Vietnam (UTC+7 all year)."""
    return datetime.now(VIETNAM).date()


def end_of(day: date) -> float:
    """The moment a day in Vietnam is over, in seconds since 1970."""
    return datetime.combine(day + timedelta(days=1), time(), VIETNAM).timestamp()
