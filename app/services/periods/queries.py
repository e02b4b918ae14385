"""Reading the states of months, and when figures are due."""

from datetime import date
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Reads, Row
from app.models.books import accounting_period
from app.services.calendar.queries import working_day_after
from app.services.periods.rules import MonthState, month_of
from app.services.statistics.rules import Period

_CLOSED_THROUGH: Final = "(SELECT max(c.month) FROM accounting_period c WHERE c.state <> 'open')"
_LAST: Final = "(m.month + interval '1 month')::date - 1"

DUE: Final = ("report_officer", "report_unit", "report_province")
"""Codes of the deadlines: officers to their unit, units to the province, provinces to the nation."""


async def closed_through(session: AsyncSession) -> date | None:
    """The last closed month; all before are closed with it. None while every month is open."""
    newest = select(func.max(accounting_period.c.month)).where(accounting_period.c.state != "open")
    found: date | None = (await session.execute(newest)).scalar_one()
    return found


LOCK: Final = "hashtextextended('accounting_period', 0)"
"""What whoever closes a month holds alone, and whoever books (migration 15) together: a number of an advisory lock."""
_WHILE_OPEN: Final = text(f"SELECT pg_advisory_xact_lock_shared({LOCK})")


async def held_open(session: AsyncSession) -> date | None:
    """As `closed_through`, and no month is closed before this transaction is over."""
    await session.execute(_WHILE_OPEN)
    return await closed_through(session)


_STATE: Final = text(f"""
    SELECT coalesce(p.state, 'open'), coalesce(p.version, 1), {_CLOSED_THROUGH}
    FROM (SELECT CAST(:month AS date)) m (month) LEFT JOIN accounting_period p USING (month)""")


async def read_state(session: AsyncSession, month: date) -> MonthState:
    """The state of a month inside a change; a month nobody has closed is in version 1."""
    state, version, through = (await session.execute(_STATE, {"month": month})).one()
    return MonthState(month, state, version, through)


def _due(code: str) -> str:
    day = working_day_after(_LAST, "d.working_days")
    return f"(SELECT {day} FROM deadline d WHERE d.code = '{code}' AND d.validity @> {_LAST})"


# A month that is closed with a later one has no row of its own.
_MONTHS: Final = f"""
    SELECT m.month, CASE WHEN p.state = 'frozen' THEN p.state WHEN m.month <= {_CLOSED_THROUGH} THEN 'closed'
            ELSE 'open' END,
        coalesce(p.version, 1), p.changed_at, {", ".join(_due(code) for code in DUE)},
        coalesce((SELECT json_agg(json_build_object('no', r.no, 'version', r.version) ORDER BY r.version)
            FROM report r WHERE r.month = m.month)::text, '[]')
    FROM (SELECT generate_series(%(first)s::date, %(last)s::date, interval '1 month')::date) m (month)
    LEFT JOIN accounting_period p USING (month) ORDER BY m.month"""


async def list_months(db: Reads, first: Period, last: Period) -> list[Row]:
    """Rows (month, state, version, changed at, three due days, reports as JSON text) of the months two periods end in.

    A due day is null outside the years of the calendar, and before there were such deadlines.
    """
    return await db.fetch(_MONTHS, {"first": month_of(first), "last": month_of(last)})
