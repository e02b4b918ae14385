"""Closing, reopening and freezing months: what is done for the whole nation at once."""

from typing import Final

from sqlalchemy import text

from app.clock import today
from app.db import Within, allowing
from app.errors import Forbidden, PreconditionFailed
from app.services import journal
from app.services.access import ROOT
from app.services.periods import report_queries, submission_queries
from app.services.periods.queries import LOCK, read_state
from app.services.periods.rules import (
    Frozen,
    MonthState,
    check_closing,
    check_freezing,
    check_over,
    check_reopening,
    month_of,
    previous,
)
from app.services.statistics.rules import Period
from app.services.work import Work

# One change of periods at a time. Those that close also wait for all who are booking, and those for them.
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('report', 0))")
_NOBODY_BOOKS: Final = text(f"SELECT pg_advisory_xact_lock({LOCK})")
_SET: Final = text("""
    INSERT INTO accounting_period AS p (month, state, version, changed_at)
    VALUES (:month, :state, 2, clock_timestamp())
    ON CONFLICT (month) DO UPDATE
    SET state = EXCLUDED.state, version = p.version + 1, changed_at = EXCLUDED.changed_at
    RETURNING version""")
# A hundred thousand groups of many sums: in memory that takes seconds, and on a busy machine more than a request may.
_ROOM: Final = text("SELECT set_config('work_mem', '256MB', true)")
FREEZING_SECONDS: Final = 180


async def close(work: Work, period: Period, expected: int | None) -> None:
    """Closes the month a period ends in, and all before: what comes late counts in the next one.

    Raises Forbidden, PreconditionFailed, Conflict when the period is not over or the month is closed.
    """
    check_over(period, today())
    known = await _locked(work, period, expected)
    check_closing(known)
    await _set(work, period, known, "closed")


async def reopen(work: Work, period: Period, expected: int | None) -> None:
    """Opens the last closed month again; those before stay closed.

    Raises Forbidden, PreconditionFailed, Conflict when it is open or frozen, or a later month is closed.
    """
    known = await _locked(work, period, expected)
    check_reopening(known)
    before = await read_state(work.session, previous(known.month))
    if before.state == "open":  # it was closed with this one
        await work.session.execute(_SET, {"month": before.month, "state": "closed"})
    await _set(work, period, known, "open")


async def freeze(work: Work, period: Period, reason: str | None) -> Frozen:
    """Stores the next version of the report of all units for a period (chốt số liệu), for ever.

    Nobody books into a closed month, so writers need not wait meanwhile. Raises Forbidden, Conflict while the month is
    open or provinces have not sent (but for a reason), Invalid for a restatement without a reason.
    """
    _of_the_nation(work)
    await work.session.execute(_ALONE)
    known = await read_state(work.session, month_of(period))
    no, version = await report_queries.next_number(work.session, known.month)
    missing = await submission_queries.provinces_missing(Within(work.session), period)
    check_freezing(known, version, missing, reason)
    await work.session.execute(_ROOM)
    await work.session.execute(text(allowing(FREEZING_SECONDS)))
    regime = work.ref.regime(period.last)
    frozen = await report_queries.store(work.session, work.actor, no, version, period, regime, reason)
    if known.state != "frozen":
        await _set(work, period, known, "frozen")
    after = {"period": _name(period), "version": version, "digest": frozen.digest, "missing": missing}
    await journal.record(
        work.session,
        subject="report",
        subject_id=str(no),
        unit_id=None,
        version=version,
        action="frozen",
        actor=work.actor,
        after=after,
    )
    return frozen


async def _locked(work: Work, period: Period, expected: int | None) -> MonthState:
    _of_the_nation(work)
    await work.session.execute(_ALONE)
    await work.session.execute(_NOBODY_BOOKS)
    known = await read_state(work.session, month_of(period))
    if expected is not None and known.version != expected:
        raise PreconditionFailed
    return known


def _of_the_nation(work: Work) -> None:
    if not work.caller.covers(ROOT):
        raise Forbidden({"en": "Periods are closed for the whole nation.", "vi": "Khóa sổ áp dụng cho toàn quốc."})


async def _set(work: Work, period: Period, known: MonthState, state: str) -> None:
    version = (await work.session.execute(_SET, {"month": known.month, "state": state})).scalar_one()
    await journal.record(
        work.session,
        subject="period",
        subject_id=_name(period),
        unit_id=None,
        version=version,
        action={"open": "reopened"}.get(state, state),
        actor=work.actor,
        before={"state": known.state},
        after={"state": state},
    )


def _name(period: Period) -> str:
    """`2025-04`: four months of fiscal year 2025."""
    return f"{period.fiscal_year}-{period.months:02}"
