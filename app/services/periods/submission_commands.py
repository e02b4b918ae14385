"""Sending the figures of a period up: an officer to the unit, a unit to the province, a province to the nation."""

from dataclasses import dataclass

from sqlalchemy import insert

from app.clock import today
from app.db import Within
from app.errors import Conflict, Forbidden, invalid
from app.models.reports import report_submission
from app.services import journal
from app.services.periods.queries import read_state
from app.services.periods.rules import OFFICER_RANKS, check_over, check_sent, month_of
from app.services.periods.submission_queries import missing_below
from app.services.reference import Unit
from app.services.statistics.rules import Period
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """Whose figures are sent; `reason` says why it does not wait for those below."""

    unit_id: str
    officer_id: str | None = None
    reason: str | None = None


async def send(work: Work, period: Period, new: NewSubmission) -> None:
    """Puts on record that a unit or an officer sends the figures of a period, and approves those from below with it.

    May be done again: all times stay, the first one counts for the due day. Raises Invalid for a unit or officer that
    was not there on the last day, Forbidden when an officer would send for a unit, Conflict when the period is not
    over or frozen, or when some below have not sent and there is no reason.
    """
    unit = _sender(work, period, new)
    check_over(period, today())
    if (await read_state(work.session, month_of(period))).state == "frozen":
        raise Conflict({"en": "The figures are frozen.", "vi": "Số liệu đã chốt."})
    missing = 0 if new.officer_id else await missing_below(Within(work.session), period, unit.id)
    if new.reason is None:
        check_sent(missing)
    person = work.actor.person
    values = {
        "month": month_of(period),
        "unit_id": unit.id,
        "officer_id": new.officer_id,
        "missing": missing,
        "reason": new.reason,
        "client_id": work.actor.client_id,
        "person_id": None if person is None else person.id,
    }
    sent = await work.session.execute(insert(report_submission).values(values).returning(report_submission.c.id))
    await journal.record(
        work.session,
        subject="submission",
        subject_id=str(sent.scalar_one()),
        unit_id=unit.id,
        version=1,
        action="sent",
        actor=work.actor,
        after={"month": str(month_of(period)), "officer_id": new.officer_id, "missing": missing},
    )


def _sender(work: Work, period: Period, new: NewSubmission) -> Unit:
    unit = work.ref.visible(work.caller, new.unit_id)
    if unit is None or not unit.existed(period.last):
        raise invalid("unknown-reference", "no such unit on that day", "không có đơn vị này", pointer="/unit_id")
    if unit.parent_id is None:
        raise invalid("not-allowed", "the nation freezes instead", "toàn quốc thì chốt số liệu", pointer="/unit_id")
    if new.officer_id is None:
        person = work.actor.person
        if person is not None and person.role == "officer":
            raise Forbidden({"en": "A leader sends for a unit.", "vi": "Thủ trưởng đơn vị gửi báo cáo của đơn vị."})
        return unit
    officer = work.ref.officers.get(new.officer_id)
    posting = officer.posting(period.last) if officer else None
    if posting is None or posting.unit_id != unit.id or posting.rank not in OFFICER_RANKS:
        raise invalid(
            "unknown-reference", "no such officer there", "không có chấp hành viên này", pointer="/officer_id"
        )
    return unit
