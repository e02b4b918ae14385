"""Published results: what was officially published, next to what its own figures give."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import published_results as schemas
from app.api.v1.schemas.published_results import PublishedFilters, PublishedResultPage
from app.services.access import Caller
from app.services.published import queries

router = APIRouter(prefix="/published-results", tags=["Published results"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("reference:read")]
_KEY = ("fiscal_year", "months", "unit", "measure", "status")


@router.get(
    "",
    response_model=None,
    responses=answers(PublishedResultPage, example=schemas.PAGE_EXAMPLE),
    summary="List published results",
)
async def list_published_results(
    request: Request, ref: Ref, caller: Reader, filters: Annotated[PublishedFilters, Query()], page: Paging
) -> Response:
    """Officially published results since fiscal year 2018, with rates and identities computed again.

    Publications contradict themselves now and then: `differences` names where. A figure published anew stands next to
    the first one, each with its `status`. Cases are counted, money is whole VND; rates are percent, `delta_pp`
    percentage points, `delta_pct` percent.
    """
    results = queries.list_results(ref, filters.model_dump(), after(request, caller, page), page.limit + 1)
    items = [schemas.published_result_item(result) for result in results]
    return page_answer(request, caller, page, items, key=lambda item: tuple(item[name] for name in _KEY))
