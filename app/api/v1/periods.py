"""Periods (kỳ báo cáo): months that are open, closed or frozen, and who has sent the figures."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.etag import content_tag, expected_version, tagged
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import periods as schemas
from app.api.v1.schemas.periods import (
    Closing,
    PeriodPage,
    PeriodQuery,
    PeriodState,
    Reopening,
    SenderPage,
    SubmissionNew,
    SubmissionOut,
    SubmissionQuery,
)
from app.db import Reads, SeenBy, Within
from app.services.access import Caller
from app.services.periods import commands, queries
from app.services.periods.submission_commands import send
from app.services.periods.submission_queries import list_senders
from app.services.reference import Reference
from app.services.statistics.rules import FIRST_YEAR, Period
from app.services.work import Work

router = APIRouter(prefix="/periods", tags=["Periods"], route_class=StrictRoute)

Year = Annotated[int, Path(description="reporting year", ge=FIRST_YEAR, le=2100, examples=[2025])]
Months = Annotated[int, Path(description="months from 1 October", ge=1, le=12, examples=[4])]
Reader = Annotated[Caller, requires("statistics:read")]
Writer = Annotated[Caller, requires("reports:write")]
Change = Callable[[Work, Period, int | None], Awaitable[None]]


@router.get(
    "",
    response_model=None,
    responses=answers(PeriodPage, example=schemas.PERIOD_PAGE_EXAMPLE, errors=()),
    summary="List the periods of a year",
)
async def list_periods(
    request: Request, db: Db, caller: Reader, asked: Annotated[PeriodQuery, Query()], page: Paging
) -> Response:
    """The twelve periods of a fiscal year: whether their month is open, when figures are due, what was frozen."""
    last = after(request, caller, page)
    whole = Period.of_months(asked.year, 1), Period.of_months(asked.year, 12)
    items = [schemas.period_state(row) for row in await queries.list_months(db, *whole)]
    shown = [item for item in items if last is None or item["months"] > last[0]][: page.limit + 1]
    return page_answer(request, caller, page, shown, key=lambda item: (item["months"],))


@router.get(
    "/{fiscal_year}/{months}",
    response_model=None,
    responses=answers(PeriodState, example=schemas.PERIOD_EXAMPLE, errors=(304, 404)),
    summary="Read a period",
)
async def read_period_state(request: Request, db: Db, caller: Reader, fiscal_year: Year, months: Months) -> Response:
    """One period; its ETag is what closing and reopening ask for in `If-Match`."""
    body, version = await _state(db, Period.of_months(fiscal_year, months))
    return tagged(request, body, content_tag(version, body))


@router.post(
    "/{fiscal_year}/{months}/closings",
    response_model=None,
    responses=answers(PeriodState, status=201, example=schemas.PERIOD_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Close a month",
)
async def close_period(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    fiscal_year: Year,
    months: Months,
    body: Annotated[Closing, json_body(Closing)],
) -> Response:
    """Closes the last month of a period (khóa sổ) and all before it: nothing is booked into them any more.

    What comes late counts in the first open month of the same fiscal year, or is refused. Only for clients to which
    the whole nation was granted. Needs `If-Match` and an `Idempotency-Key`. 409 before the month is over.
    """
    period = Period.of_months(fiscal_year, months)
    return await _changed(request, db, ref, caller, period, body.reason, commands.close)


@router.post(
    "/{fiscal_year}/{months}/reopenings",
    response_model=None,
    responses=answers(PeriodState, status=201, example=schemas.PERIOD_EXAMPLE, errors=(404, 409, 412, 428)),
    summary="Open a month again",
)
async def reopen_period(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    fiscal_year: Year,
    months: Months,
    body: Annotated[Reopening, json_body(Reopening)],
) -> Response:
    """Opens the last closed month again, while it is not frozen; those before it stay closed.

    Only for clients to which the whole nation was granted. Needs `If-Match` and an `Idempotency-Key`.
    """
    period = Period.of_months(fiscal_year, months)
    return await _changed(request, db, ref, caller, period, body.reason, commands.reopen)


@router.get(
    "/{fiscal_year}/{months}/submissions",
    response_model=None,
    responses=answers(SenderPage, example=schemas.SENDER_PAGE_EXAMPLE, errors=(404, 410)),
    summary="List who has sent figures",
)
async def list_submissions(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Reader,
    fiscal_year: Year,
    months: Months,
    filters: Annotated[SubmissionQuery, Query()],
    page: Paging,
) -> Response:
    """Every officer, unit and province that has to send the figures of a period, and whether and when it did.

    Those who were there on its last day. `status=missing` tells who has not sent, `status=late` who sent too late.
    """
    scope, period = ref.scope(caller, ref.asked(caller, filters.unit)), Period.of_months(fiscal_year, months)
    last = after(request, caller, page)
    rows = await list_senders(db, scope, period, filters.to_filter(), last, page.limit + 1)
    items = [schemas.sender_out(row, ref) for row in rows]
    return page_answer(request, caller, page, items, key=schemas.sender_key)


@router.post(
    "/{fiscal_year}/{months}/submissions",
    response_model=None,
    responses=answers(SubmissionOut, status=201, example=schemas.SUBMISSION_EXAMPLE, errors=(404, 409)),
    summary="Send figures",
)
async def send_figures(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Writer,
    fiscal_year: Year,
    months: Months,
    body: Annotated[SubmissionNew, json_body(SubmissionNew)],
) -> Response:
    """An officer, a unit or a province sends the figures of a period up, and approves those from below with it.

    409 while somebody below has not sent, unless a `reason` is given; `missing` says how many. The nation approves by
    freezing (`POST /v1/reports`). Needs an `Idempotency-Key`.
    """
    period, new = Period.of_months(fiscal_year, months), body.to_submission()

    async def work(session: AsyncSession) -> Answer:
        await send(Work(session, ref, caller, actor(request, caller, new.reason)), period, new)
        location = {"Location": f"{_path(period)}/submissions?unit={new.unit_id}"}
        return Answer(orjson.dumps(schemas.submission_out(period, new)), 201, location)

    return await once(request, db, caller, work)


async def _changed(
    request: Request,
    db: SeenBy,
    ref: Reference,
    caller: Caller,
    period: Period,
    reason: str | None,
    change: Change,
) -> Response:
    expected = expected_version(request)

    async def work(session: AsyncSession) -> Answer:
        await change(Work(session, ref, caller, actor(request, caller, reason)), period, expected)
        body, version = await _state(Within(session), period)
        return Answer(body, 201, {"ETag": content_tag(version, body), "Location": _path(period)})

    return await once(request, db, caller, work)


def _path(period: Period) -> str:
    return f"/v1/periods/{period.fiscal_year}/{period.months}"


async def _state(db: Reads, period: Period) -> tuple[bytes, int]:
    """A period as JSON, with the version of its state."""
    (row,) = await queries.list_months(db, period, period)
    shown = schemas.period_state(row)
    return orjson.dumps(shown), shown["version"]
