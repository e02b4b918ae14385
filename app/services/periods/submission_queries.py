"""Who has to send figures of a period, and who has sent them."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from app.clock import VIETNAM, today
from app.db import Reads, Row
from app.services.access import Scope
from app.services.periods.queries import DUE, list_months
from app.services.periods.rules import OFFICER_RANKS, month_of
from app.services.statistics.rules import Period

Status = Literal["missing", "sent", "late"]
Sender = Literal["officer", "unit", "province"]
NO_OFFICER: Final = "00000000-0000-0000-0000-000000000000"
"""Stands for the unit itself; sorts before its officers."""


@dataclass(frozen=True, slots=True)
class SubmissionFilter:
    """What a list of senders is narrowed to; None leaves a criterion out."""

    status: Status | None = None
    sender: Sender | None = None


_RANKS: Final = ", ".join(f"'{rank}'" for rank in OFFICER_RANKS)
# Everybody who was to send at the end of the period: officers where they were posted, units but the nation.
_SENDERS: Final = f"""
    SELECT u.id AS unit_id, u.path, u.parent_id, '{NO_OFFICER}'::uuid AS officer_id,
        CASE u.level WHEN 'provincial' THEN 'province' ELSE 'unit' END AS sender
    FROM unit u WHERE u.parent_id IS NOT NULL AND u.validity @> %(last)s::date
    UNION ALL
    SELECT u.id, u.path, u.id, p.officer_id, 'officer'
    FROM officer_posting p JOIN unit u ON u.id = p.unit_id
    WHERE p.validity @> %(last)s::date AND p.rank IN ({_RANKS}) AND u.validity @> %(last)s::date"""
_SENT: Final = f"""
    SELECT count(*) AS times, min(s.sent_at) AS first_at,
        json_agg(json_build_object('sent_at', s.sent_at, 'client_id', s.client_id, 'missing', s.missing,
            'reason', s.reason) ORDER BY s.id DESC)::text AS sendings
    FROM report_submission s
    WHERE s.month = %(month)s AND s.unit_id = w.unit_id AND coalesce(s.officer_id, '{NO_OFFICER}') = w.officer_id"""
_STATUS: Final = f"""
    CASE WHEN s.times = 0 THEN 'missing'
         WHEN (s.first_at AT TIME ZONE '{VIETNAM}')::date > d.due_on THEN 'late' ELSE 'sent' END"""
_LIST: Final = f"""
    SELECT w.unit_id, w.officer_id, w.sender, d.due_on, st.status,
        st.status = 'missing' AND d.due_on < %(today)s::date, coalesce(s.sendings, '[]')
    FROM ({_SENDERS}) w
    CROSS JOIN LATERAL (
        SELECT CASE w.sender WHEN 'officer' THEN %(report_officer)s::date WHEN 'unit' THEN %(report_unit)s::date
            ELSE %(report_province)s::date END AS due_on) d
    CROSS JOIN LATERAL ({_SENT}) s
    CROSS JOIN LATERAL (SELECT {_STATUS} AS status) st
    WHERE w.unit_id = ANY (%(units)s::uuid[])
      AND (%(status)s::text IS NULL OR st.status = %(status)s)
      AND (%(sender)s::text IS NULL OR w.sender = %(sender)s)
      AND (%(after_unit)s::uuid IS NULL OR (w.unit_id, w.officer_id) > (%(after_unit)s::uuid, %(after_officer)s::uuid))
    ORDER BY w.unit_id, w.officer_id LIMIT %(limit)s"""


async def list_senders(
    db: Reads, scope: Scope, period: Period, wanted: SubmissionFilter, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Rows (unit, officer or NO_OFFICER, sender, due, status, overdue, sendings as JSON), by unit and officer."""
    ((*_, officers_due, units_due, provinces_due, _),) = await list_months(db, period, period)
    due = dict(zip(DUE, (officers_due, units_due, provinces_due), strict=True))
    last = after or (None, None)
    parameters = {
        **_moment(period),
        **due,
        "today": today(),
        "units": list(scope.unit_ids),
        "status": wanted.status,
        "sender": wanted.sender,
        "after_unit": last[0],
        "after_officer": last[1],
        "limit": limit,
    }
    return await db.fetch(_LIST, parameters)


_MISSING: Final = f"""
    SELECT count(*) FROM ({_SENDERS}) w CROSS JOIN LATERAL ({_SENT}) s
    WHERE s.times = 0 AND w.parent_id = %(unit)s::uuid"""


async def missing_below(db: Reads, period: Period, unit_id: str) -> int:
    """How many of those who send to a unit, its officers and the units below it, have not sent."""
    row = await db.fetch_one(_MISSING, {**_moment(period), "unit": unit_id})
    return 0 if row is None else int(row[0])


async def provinces_missing(db: Reads, period: Period) -> int:
    """How many provinces have not sent."""
    nation = "w.parent_id = (SELECT id FROM unit WHERE parent_id IS NULL)"
    row = await db.fetch_one(_MISSING.replace("w.parent_id = %(unit)s::uuid", nation), _moment(period))
    return 0 if row is None else int(row[0])


def _moment(period: Period) -> dict[str, date]:
    return {"month": month_of(period), "last": period.last}
