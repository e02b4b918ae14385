"""The contract of periods: the state of each month, closing and opening it, and who has sent figures."""

from datetime import date
from typing import Any, Final, Literal

import orjson
from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Flag, Instant, Line, Query, Strict, Uuid, Version
from app.api.v1.schemas.cases import OfficerBrief, UnitBrief
from app.api.v1.schemas.statistics import FiscalYear
from app.api.v1.schemas.statistics_queries import Months
from app.clock import today
from app.db import Row
from app.services.books.rules import fiscal_year as fiscal_year_of
from app.services.periods.rules import period_of
from app.services.periods.submission_commands import NewSubmission
from app.services.periods.submission_queries import NO_OFFICER, SubmissionFilter
from app.services.reference import Reference
from app.services.statistics.rules import Period

Reason = Line
"""Why, kept in the trail."""


class PeriodQuery(Query):
    """Whose months are listed."""

    fiscal_year: FiscalYear | None = Field(
        None, description="reporting year; by default the running one", examples=[2025]
    )

    @property
    def year(self) -> int:
        """The year asked for."""
        return self.fiscal_year or fiscal_year_of(today())


class DueDays(Strict):
    """Last days of sending, in working days after the period; null outside the years of the calendar."""

    officers: BusinessDate | None = Field(description="of officers, to their unit", examples=["2025-02-03"])
    units: BusinessDate | None = Field(description="of units, to the province", examples=["2025-02-04"])
    provinces: BusinessDate | None = Field(description="of provinces, to the nation", examples=["2025-02-06"])


class ReportBrief(Strict):
    """A version of the frozen figures of a period."""

    no: Version = Field(description="number of the report", examples=[1])
    version: Version = Field(description="1 when frozen first, then restatements", examples=[1])


class PeriodState(Strict):
    """A period (kỳ báo cáo) by its last month, and whether that is open."""

    fiscal_year: int = Field(description="reporting year", examples=[2025])
    months: int = Field(description="months from 1 October, 1 to 12", examples=[4])
    starts_on: BusinessDate = Field(description="1 October of the year before", examples=["2024-10-01"])
    ends_on: BusinessDate = Field(description="last day", examples=["2025-01-31"])
    state: Literal["open", "closed", "frozen"] = Field(
        description="of the last month (code list `period-states`)", examples=["frozen"]
    )
    version: Version = Field(description="version of the state; also the ETag", examples=[3])
    changed_at: Instant | None = Field(
        description="when the state was set; null where it never was, or by closing a later month",
        examples=["2025-02-06T02:11:45.123456Z"],
    )
    due: DueDays = Field(description="when figures are to be sent")
    reports: list[ReportBrief] = Field(description="frozen figures, all versions; see `/v1/reports`")


class PeriodPage(Strict):
    """The months of a fiscal year."""

    items: list[PeriodState] = Field(description="periods of 1 to 12 months")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class Closing(Strict):
    """Closes a month with all before."""

    reason: Reason | None = Field(None, description="kept in the trail", examples=["Chốt số liệu 4 tháng năm 2025"])


class Reopening(Strict):
    """Opens the last closed month again."""

    reason: Reason = Field(description="why; kept in the trail", examples=["Bổ sung số liệu tỉnh Phú Thọ"])


class SubmissionQuery(Query):
    """Whose sending is asked for."""

    unit: Uuid | None = Field(
        None, description="this unit, everything below it and their officers", examples=[samples.PROVINCE_ID]
    )
    status: Literal["missing", "sent", "late"] | None = Field(
        None, description="not sent yet; sent in time; sent after the due day", examples=["missing"]
    )
    sender: Literal["officer", "unit", "province"] | None = Field(
        None, description="only officers, only district and regional units, or only provinces", examples=["unit"]
    )

    def to_filter(self) -> SubmissionFilter:
        """The filter as the service takes it, but for `unit`, which the wall takes care of."""
        return SubmissionFilter(self.status, self.sender)


class SubmissionNew(Strict):
    """A unit or an officer sends the figures of the period, and approves those from below."""

    unit_id: Uuid = Field(description="the unit; of an officer the one of the last day", examples=[samples.OFFICE_ID])
    officer_id: Uuid | None = Field(None, description="the officer who sends to that unit", examples=[None])
    reason: Reason | None = Field(
        None, description="why not to wait for those below who have not sent", examples=["Chấp hành viên nghỉ ốm"]
    )

    def to_submission(self) -> NewSubmission:
        """As the service takes it."""
        return NewSubmission(self.unit_id, self.officer_id, self.reason)


class Sending(Strict):
    """One time figures were sent."""

    sent_at: Instant = Field(description="moment", examples=["2025-02-04T02:11:45.123456Z"])
    client_id: str = Field(description="client that sent them", examples=["demo-province"])
    missing: Count = Field(description="how many below had not sent by then", examples=[0])
    reason: str | None = Field(description="why it did not wait for them", examples=[None])


class Sender(Strict):
    """Somebody who has to send the figures of a period."""

    unit: UnitBrief = Field(description="the unit; of an officer the one served on the last day")
    officer: OfficerBrief | None = Field(description="the officer; null for the unit itself", examples=[None])
    sender: Literal["officer", "unit", "province"] = Field(description="which of these", examples=["unit"])
    due_on: BusinessDate | None = Field(
        description="last day of sending; null outside the years of the calendar", examples=["2025-02-04"]
    )
    status: Literal["missing", "sent", "late"] = Field(
        description="not sent yet; sent in time; sent after the due day. The first sending decides", examples=["sent"]
    )
    overdue: Flag = Field(description="not sent, and the due day is over", examples=[False])
    sendings: list[Sending] = Field(description="every time it was sent, newest first")


class SenderPage(Strict):
    """A page of those who have to send."""

    items: list[Sender] = Field(description="by id of the unit; the unit itself before its officers")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class SubmissionOut(Strict):
    """What sending gave."""

    fiscal_year: FiscalYear = Field(description="reporting year", examples=[2025])
    months: Months = Field(description="months from 1 October", examples=[4])
    unit_id: Uuid = Field(description="the unit", examples=[samples.OFFICE_ID])
    officer_id: Uuid | None = Field(description="the officer; null for the unit itself", examples=[None])


def period_state(row: Row) -> dict[str, Any]:
    """A row of `app.services.periods.queries.list_months` as `PeriodState`."""
    month, state, version, changed_at, officers, units, provinces, reports = row
    period = period_of(date.fromisoformat(month))
    return {
        "fiscal_year": period.fiscal_year,
        "months": period.months,
        "starts_on": period.first,
        "ends_on": period.last,
        "state": state,
        "version": version,
        "changed_at": changed_at,
        "due": {"officers": officers, "units": units, "provinces": provinces},
        "reports": orjson.Fragment(reports),
    }


def sender_out(row: Row, ref: Reference) -> dict[str, Any]:
    """A row of `app.services.periods.submission_queries.list_senders` as `Sender`."""
    unit_id, officer_id, sender, due_on, status, overdue, sendings = row
    return {
        "unit": ref.brief(unit_id),
        "officer": None if officer_id == NO_OFFICER else ref.officer_brief(officer_id),
        "sender": sender,
        "due_on": due_on,
        "status": status,
        "overdue": bool(overdue),
        "sendings": orjson.Fragment(sendings),
    }


def sender_key(item: dict[str, Any]) -> tuple[str, str]:
    """What a list of senders is in the order of."""
    return item["unit"]["id"], item["officer"]["id"] if item["officer"] else NO_OFFICER


def submission_out(period: Period, new: NewSubmission) -> dict[str, Any]:
    """What was sent as `SubmissionOut`."""
    return {
        "fiscal_year": period.fiscal_year,
        "months": period.months,
        "unit_id": new.unit_id,
        "officer_id": new.officer_id,
    }


def _plain(presented: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(orjson.dumps(presented))
    return plain


_MONTH: Final[Row] = (
    "2025-01-01", "frozen", 3, "2025-02-06T02:11:45.123456Z", "2025-02-03", "2025-02-04", "2025-02-06",
    '[{"no": 1, "version": 1}]',
)  # fmt: skip
_SENDINGS: Final = (
    '[{"sent_at": "2025-02-04T02:11:45.123456Z", "client_id": "demo-province", "missing": 0, "reason": null}]'
)
_SENDER: Final[Row] = (samples.OFFICE_ID, NO_OFFICER, "unit", "2025-02-04", "sent", False, _SENDINGS)
PERIOD_EXAMPLE: Final = _plain(samples.example_of(PeriodState, period_state(_MONTH)))
PERIOD_PAGE_EXAMPLE: Final = samples.example_of(PeriodPage, {"items": [PERIOD_EXAMPLE], "next": None})
SENDER_PAGE_EXAMPLE: Final = samples.example_of(
    SenderPage, {"items": [_plain(sender_out(_SENDER, samples.SAMPLE_REF))], "next": None}
)
SUBMISSION_EXAMPLE: Final = samples.example_of(
    SubmissionOut, submission_out(Period.of_months(2025, 4), NewSubmission(samples.OFFICE_ID))
)
