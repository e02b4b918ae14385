"""Statistics: statements of units by any cut, series of them and their parts, straight from the books."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import statistics as schemas
from app.api.v1.schemas import statistics_cells as cells
from app.api.v1.schemas import statistics_cuts as cuts
from app.api.v1.schemas.statistics import StatementOut
from app.api.v1.schemas.statistics_cells import CellPage
from app.api.v1.schemas.statistics_cuts import BreakdownPage, SeriesOut
from app.api.v1.schemas.statistics_queries import BreakdownQuery, CellQuery, CutQuery, SeriesQuery
from app.errors import Forbidden
from app.services.access import Caller
from app.services.statistics import cell_views
from app.services.statistics import cut_views as views
from app.services.statistics.groups import asked_unit

router = APIRouter(prefix="/statistics", tags=["Statistics"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("statistics:read")]


@router.get(
    "/periods",
    response_model=None,
    responses=answers(StatementOut, example=schemas.OUT_EXAMPLE, errors=()),
    summary="Read the statement of a period",
)
async def read_period(db: Db, ref: Ref, caller: Reader, asked: Annotated[CutQuery, Query()]) -> Response:
    """Every line of the counting identities for a unit, in cases and money, beside the same period a year before.

    Periods are cumulative from 1 October: `fiscal_year=2025&months=4` is 2024-10-01 to 2025-01-31, and with
    `span=month` January alone. A running period ends today, and is compared up to the same day. Figures count every
    case of the unit, also those whose parties are restricted. A merged unit counts with all units it succeeded.
    `regimes_in_force` says when a period straddles two regimes; `regime` gives it under either.
    """
    unit, period = asked_unit(ref, caller, asked.unit), asked.period
    await views.check_matter(db, ref, caller, asked.cut)
    (statement,) = await views.statements(db, ref, unit, asked.cut, [period], asked.regime)
    return Response(orjson.dumps(schemas.statement_out(statement, ref)), media_type="application/json")


@router.get(
    "/series",
    response_model=None,
    responses=answers(SeriesOut, example=cuts.SERIES_EXAMPLE, errors=()),
    summary="Read a series of periods",
)
async def read_series(db: Db, ref: Ref, caller: Reader, asked: Annotated[SeriesQuery, Query()]) -> Response:
    """Statements of a unit for the months of a year, or for the same period of several years, oldest first.

    `by=month&span=month` gives the course of a year month by month, `by=month` how it added up; `by=year` the same
    period of up to 20 years. Each is beside the year before and under the regime of its last day.
    """
    unit, period = asked_unit(ref, caller, asked.unit), asked.period
    await views.check_matter(db, ref, caller, asked.cut)
    periods = views.months_of(period) if asked.by == "month" else views.years_until(period, asked.years or 5)
    found = await views.statements(db, ref, unit, asked.cut, periods, asked.regime)
    return Response(orjson.dumps(cuts.series_out(unit, found, ref)), media_type="application/json")


@router.get(
    "/breakdown",
    response_model=None,
    responses=answers(BreakdownPage, example=cuts.BREAKDOWN_EXAMPLE, errors=(410,)),
    summary="Break a statement down",
)
async def read_breakdown(
    request: Request, db: Db, ref: Ref, caller: Reader, asked: Annotated[BreakdownQuery, Query()], page: Paging
) -> Response:
    """The statement of a unit by its units, officers, kinds of judgment, initiation, segments or matters.

    The parts add up to the statement with the same filters, except that a case of several segments counts in each.
    """
    last, period = after(request, caller, page), asked.period
    await views.check_matter(db, ref, caller, asked.cut)
    wanted = views.Breakdown(
        asked_unit(ref, caller, asked.unit), asked.group_by, asked.cut, level=asked.level, map_name=asked.map
    )
    found = await views.parts(db, ref, caller, wanted, period)
    shown = [part for part in found if last is None or part.order > last][: page.limit + 1]
    items = [
        cuts.breakdown_item(
            part, wanted, views.statement_of(ref, wanted.unit, period, part.movements, asked.regime), ref
        )
        for part in shown
    ]
    frame = cuts.breakdown_frame(wanted, period, asked.regime, ref)
    return page_answer(request, caller, page, items, key=lambda _: shown[page.limit - 1].order, **frame)


@router.get(
    "/cases",
    response_model=None,
    responses=answers(CellPage, example=cells.PAGE_EXAMPLE, errors=(410,)),
    summary="Open a figure",
)
async def list_counted_cases(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Annotated[Caller, requires("cases:read")],
    asked: Annotated[CellQuery, Query()],
    page: Paging,
) -> Response:
    """The cases behind one figure of a statement, series or breakdown: same filters, plus the line and the measure.

    `value` is the figure; `counted` of all items adds up to it. A case is counted in the books of a unit, so one that
    was handed over within the units asked for may stand here twice. For each unit an item without a case says how many
    cases the caller may not see, and what they count. Needs the scope `statistics:read` too.
    """
    if "statistics:read" not in caller.scopes:
        raise Forbidden({"en": "The scope statistics:read is needed too.", "vi": "Cần thêm phạm vi statistics:read."})
    last, unit, cut = after(request, caller, page), asked_unit(ref, caller, asked.unit), asked.cut
    await views.check_matter(db, ref, caller, cut)
    wanted = cell_views.Asked(unit, asked.period, asked.measure, asked.line, cut, asked.regime)
    found = await cell_views.opened(db, ref, caller, wanted, last, page.limit + 1)
    items = [cells.cell_item(row, ref) for row in found.rows]
    return page_answer(
        request,
        caller,
        page,
        items,
        key=lambda _: cells.order_of(found.rows[page.limit - 1]),
        **cells.frame_out(wanted, found, ref),
    )
