"""Statistics: statements of units for cumulative periods, straight from the books."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from app.api.deps import Db, Ref, requires
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import statistics as schemas
from app.api.v1.schemas.statistics import PeriodQuery, StatementOut
from app.clock import today
from app.services.access import Caller
from app.services.statistics.groups import asked_unit
from app.services.statistics.views import asked_period, period_statement

router = APIRouter(prefix="/statistics", tags=["Statistics"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("statistics:read")]


@router.get(
    "/periods",
    response_model=None,
    responses=answers(StatementOut, example=schemas.OUT_EXAMPLE, errors=()),
    summary="Read the statement of a period",
)
async def read_period(db: Db, ref: Ref, caller: Reader, asked: Annotated[PeriodQuery, Query()]) -> Response:
    """Every line of the counting identities for a unit, in cases and money, beside the same period a year before.

    Periods are cumulative from 1 October: `fiscal_year=2025&months=4` is 2024-10-01 to 2025-01-31. A running period
    ends today, and is compared up to the same day. Figures count every case of the unit, also those whose parties
    are restricted. A merged unit counts with all units it succeeded.
    """
    unit = asked_unit(ref, caller, asked.unit)
    period = asked_period(asked.fiscal_year, asked.months, today())
    statement = await period_statement(db, ref, unit, period, today())
    return Response(orjson.dumps(schemas.statement_out(statement, ref)), media_type="application/json")
