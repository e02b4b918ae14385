"""Frozen reports (số liệu đã chốt): numbered, immutable versions of the figures of all units."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.etag import content_tag, tagged
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import reports as schemas
from app.api.v1.schemas.reports import (
    DifferencesPage,
    DifferencesQuery,
    FrozenQuery,
    FrozenStatement,
    FrozenUnitPage,
    FrozenUnitsQuery,
    ProofOut,
    ReportNew,
    ReportOut,
    ReportPage,
    ReportQuery,
)
from app.db import Within
from app.services.access import Caller
from app.services.periods import commands, views
from app.services.statistics.groups import asked_unit
from app.services.statistics.rules import Period
from app.services.work import Work

router = APIRouter(prefix="/reports", tags=["Reports"], route_class=StrictRoute)

ReportNo = Annotated[int, Path(description="number of the report", ge=1, le=2**53, examples=[1])]
Reader = Annotated[Caller, requires("statistics:read")]


@router.get(
    "",
    response_model=None,
    responses=answers(ReportPage, example=schemas.REPORT_PAGE_EXAMPLE, errors=()),
    summary="List frozen reports",
)
async def list_reports(
    request: Request, db: Db, ref: Ref, caller: Reader, asked: Annotated[ReportQuery, Query()], page: Paging
) -> Response:
    """Every version of every frozen report, in the order they were made."""
    last = after(request, caller, page)
    number = last[0] if last else 0
    found = await views.listed(db, asked.fiscal_year, asked.months, asked.newest, number, page.limit + 1)
    items = [schemas.report_out(report, ref) for report in found]
    return page_answer(request, caller, page, items, key=lambda item: (item["no"],))


@router.post(
    "",
    response_model=None,
    responses=answers(ReportOut, status=201, example=schemas.REPORT_EXAMPLE, errors=(409,)),
    summary="Freeze the figures of a period",
)
async def freeze_report(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Annotated[Caller, requires("reports:write")],
    body: Annotated[ReportNew, json_body(ReportNew)],
) -> Response:
    """Stores the figures of all units for a closed period (chốt số liệu) as an immutable, numbered version.

    Only for clients to which the whole nation was granted. Again for the same period it is a restatement: the next
    version, which needs a reason; those before stay. 409 while the month is open, or before all provinces have sent,
    unless a `reason` is given. Needs an `Idempotency-Key`.
    """
    period = Period.of_months(body.fiscal_year, body.months)

    async def work(session: AsyncSession) -> Answer:
        made = await commands.freeze(
            Work(session, ref, caller, actor(request, caller, body.reason)), period, body.reason
        )
        out = schemas.report_out(await views.found(Within(session), made.no), ref)
        return Answer(orjson.dumps(out), 201, {"Location": f"/v1/reports/{made.no}"})

    return await once(request, db, caller, work)


@router.get(
    "/{report_no}",
    response_model=None,
    responses=answers(FrozenStatement, example=schemas.STATEMENT_EXAMPLE, errors=(304, 404)),
    summary="Read the frozen statement of a unit",
)
async def read_report(
    request: Request, db: Db, ref: Ref, caller: Reader, report_no: ReportNo, asked: Annotated[FrozenQuery, Query()]
) -> Response:
    """A report with the figures of a unit, everything below it and all it succeeded, as they were frozen."""
    report, unit = await views.found(db, report_no), asked_unit(ref, caller, asked.unit)
    figures = await views.statement(db, ref, report_no, unit, asked.cut)
    body = orjson.dumps({"report": schemas.report_out(report, ref), **schemas.unit_out(unit, figures, ref)})
    return tagged(request, body, content_tag(report.version, body))


@router.get(
    "/{report_no}/units",
    response_model=None,
    responses=answers(FrozenUnitPage, example=schemas.UNIT_PAGE_EXAMPLE, errors=(404, 410)),
    summary="Read the frozen statements of units",
)
async def list_report_units(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Reader,
    report_no: ReportNo,
    asked: Annotated[FrozenUnitsQuery, Query()],
    page: Paging,
) -> Response:
    """The figures of the units below one that there were when the period ended, with their rates."""
    last, unit = after(request, caller, page), asked_unit(ref, caller, asked.unit)
    report = await views.found(db, report_no)
    path = last[0] if last else None
    found = await views.statements(db, ref, report, unit, asked.level, path, page.limit + 1)
    items = [schemas.unit_out(one, figures, ref) for one, figures in found]
    return page_answer(request, caller, page, items, key=lambda item: (ref.units[item["unit"]["id"]].path,))


@router.get(
    "/{report_no}/differences",
    response_model=None,
    responses=answers(DifferencesPage, example=schemas.DIFFERENCES_EXAMPLE, errors=(404, 410)),
    summary="Compare two frozen reports",
)
async def list_report_differences(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Reader,
    report_no: ReportNo,
    asked: Annotated[DifferencesQuery, Query()],
    page: Paging,
) -> Response:
    """Line by line what a report says other than another one, in the own books of every unit in the one asked for."""
    last, unit = after(request, caller, page), asked_unit(ref, caller, asked.unit)
    await views.found(db, report_no)
    start = last[0] if last else None
    found = await views.differences(db, ref, report_no, asked.with_, unit, start, page.limit + 1)
    items = [schemas.differences_out(one, ref) for one in found]
    return page_answer(request, caller, page, items, key=lambda item: (item["unit"]["id"],))


@router.get(
    "/{report_no}/proof",
    response_model=None,
    responses=answers(ProofOut, example=schemas.PROOF_EXAMPLE, errors=(404,)),
    summary="Prove a frozen report",
)
async def prove_report(db: Db, caller: Reader, report_no: ReportNo) -> Response:
    """Reckons the digest of a report again, from all its lines, and compares it with the one written when frozen."""
    proof = schemas.proof_out(report_no, await views.proof(db, report_no))
    return Response(orjson.dumps(proof), media_type="application/json")
