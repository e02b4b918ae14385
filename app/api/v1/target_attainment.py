"""Target attainment: how far units and officers have come, beside their targets, the nation and the year before."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import target_attainment as schemas
from app.api.v1.schemas.target_attainment import AttainmentPage, AttainmentQuery
from app.clock import today
from app.db import SeenBy
from app.services.access import Caller
from app.services.reference import Reference
from app.services.statistics.groups import asked_unit
from app.services.targets.rules import INDICATORS, asked_day
from app.services.targets.views import Asked, Standings, standings

router = APIRouter(prefix="/target-attainment", tags=["Target attainment"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("targets:read")]


@router.get(
    "",
    response_model=None,
    responses=answers(AttainmentPage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="Read target attainment",
)
async def read_attainment(
    request: Request, db: Db, ref: Ref, caller: Reader, query: Annotated[AttainmentQuery, Query()], page: Paging
) -> Response:
    """Results of a unit, its children, a level or its officers from 1 October to a day, by rank.

    Each with its target in force on the day, the distance from it, the difference from the national average and the
    same period of the previous year. Differences between rates are percentage points of unrounded rates.

    An `indicator` beyond the two result rates of all cases has a member of its own. Numbers (`cases_done`,
    `money_collected`) are ranked by what they are of their target, and have no national average: a number is as large
    as the unit is. `administrative_rate` is what was enforced of the `/v1/administrative-judgments` tracked.
    """
    found = await attained(db, ref, caller, query)
    shown = found.after(after(request, caller, page), page.limit + 1)
    items = [schemas.attainment_item(standing, found.national, ref) for standing in shown]
    return page_answer(
        request, caller, page, items, key=lambda _: shown[page.limit - 1].order, **schemas.frame_out(found)
    )


async def attained(db: SeenBy, ref: Reference, caller: Caller, query: AttainmentQuery) -> Standings:
    """Everyone a query asks for, in order. Invalid when it asks for what cannot be."""
    unit = asked_unit(ref, caller, query.unit)
    day = asked_day(query.fiscal_year, query.as_of, today())
    indicators = (query.indicator,) if query.indicator else INDICATORS
    seen = ref.family(caller.paths)
    below = query.below_national_average
    asked = Asked(unit, query.of, query.level, query.map, indicators, below, seen, query.regime)
    return await standings(db, ref, asked, day)
