"""Data quality: what in the reported figures cannot be, or is unlikely to be, as it stands."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import data_quality as schemas
from app.api.v1.schemas.data_quality import FindingPage, QualityQuery
from app.services.access import Caller
from app.services.quality.views import findings
from app.services.statistics.groups import asked_unit

router = APIRouter(prefix="/data-quality", tags=["Data quality"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("statistics:read")]


@router.get(
    "",
    response_model=None,
    responses=answers(FindingPage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="Check reported figures",
)
async def list_findings(
    request: Request, db: Db, ref: Ref, caller: Reader, asked: Annotated[QualityQuery, Query()], page: Paging
) -> Response:
    """What checks find in the figures of a unit and of every unit below it, for a fiscal year up to a month.

    Impossible figures, opening stock that is not last year's closing stock (with the difference by name), a share
    with conditions far from the unit's own past and from its siblings, months that jump, months without any entry, and
    officially published figures that contradict their own parts. Each unit is checked by its own books and those it
    succeeded; siblings are those among the units asked for. A running month is not looked at by itself.
    """
    last, unit, period = after(request, caller, page), asked_unit(ref, caller, asked.unit), asked.period
    found = [one for one in await findings(db, ref, unit, period) if asked.takes(one.finding)]
    shown = [one for one in found if last is None or one.order > last][: page.limit + 1]
    items = [schemas.finding_out(one, period, ref) for one in shown]
    return page_answer(request, caller, page, items, key=lambda _: shown[page.limit - 1].order)
