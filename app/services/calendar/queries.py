"""Reading the calendar, and its rule as SQL for many days at once."""

from datetime import date

from app.db import Reads
from app.services.calendar.rules import Calendar, calendar_of


async def read_calendar(db: Reads) -> Calendar:
    """All that is known of holidays, for `rules.working_day_after`."""
    rows = await db.fetch("SELECT day, works FROM holiday")
    return calendar_of((date.fromisoformat(day), works) for day, works in rows)


def working_day_after(day: str, number: str) -> str:
    """SQL of `rules.working_day_after` for the expressions of a day and of a number of working days.

    Three times the number and a fortnight reach beyond any Tết.
    """
    return f"""(
        SELECT CASE WHEN {day} >= known.since AND counted.day < known.until THEN counted.day END
        FROM (SELECT date_trunc('year', min(h.day))::date AS since,
                (date_trunc('year', max(h.day)) + interval '1 year')::date AS until FROM holiday h) known,
            LATERAL (
                SELECT {day} + n AS day FROM generate_series(1, {number} * 3 + 14) n
                LEFT JOIN holiday h ON h.day = {day} + n
                WHERE coalesce(h.works, extract(isodow FROM {day} + n) < 6)
                ORDER BY n OFFSET {number} - 1 LIMIT 1
            ) counted)"""
