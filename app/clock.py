"""The calendar day in Vietnam, wherever the server runs."""

from datetime import date, datetime, timedelta, timezone
from typing import Final

VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


def today() -> date:
    """Today in Vietnam (UTC+7 all year)."""
    return datetime.now(VIETNAM).date()
