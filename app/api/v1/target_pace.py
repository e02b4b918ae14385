"""Pace: what units and officers still need for their targets, and where the year is likely to end."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import target_pace as schemas
from app.api.v1.schemas.target_pace import PacePage, PaceQuery
from app.clock import today
from app.services.access import Caller
from app.services.pace.rules import INDICATORS
from app.services.pace.views import paces
from app.services.statistics.groups import asked_unit
from app.services.targets.rules import asked_day
from app.services.targets.views import Asked

router = APIRouter(prefix="/target-pace", tags=["Target attainment"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("targets:read")]


@router.get(
    "",
    response_model=None,
    responses=answers(PacePage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="Read the pace towards targets",
)
async def read_pace(
    request: Request, db: Db, ref: Ref, caller: Reader, query: Annotated[PaceQuery, Query()], page: Paging
) -> Response:
    """What a unit, its children, a level or its officers still need for their targets, and where the year will end.

    The projection adds to what is done what was still done after the same day in up to six past years, for each case
    or VND that had conditions then; short histories borrow from the unit above or the nation. The interval is as wide
    as its largest error in past years, each projected from those before it. Of a number the target is compared with
    the projected `done`; what it needs does not grow with what has conditions.
    """
    unit = asked_unit(ref, caller, query.unit)
    day = asked_day(query.fiscal_year, query.as_of, today())
    indicators = (query.indicator,) if query.indicator else INDICATORS
    seen, below = ref.family(caller.paths), query.below_national_average
    asked = Asked(unit, query.of, query.level, query.map, indicators, below, seen, query.regime)
    found = await paces(db, ref, asked, day)
    shown = found.found.after(after(request, caller, page), page.limit + 1)
    items = [schemas.pace_item(found, standing, ref) for standing in shown]
    return page_answer(
        request, caller, page, items, key=lambda _: shown[page.limit - 1].order, **schemas.frame_out(found)
    )
