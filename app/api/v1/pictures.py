"""Pictures: the figures of other operations as SVG that portals put into their pages."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Ref, demand, requires
from app.api.etag import content_tag, tagged
from app.api.pictures.ages import ages as draw_ages
from app.api.pictures.course import course as draw_course
from app.api.pictures.palette import POLICY, Brush
from app.api.pictures.ranking import ranking as draw_ranking
from app.api.problems import answers, language
from app.api.routes import StrictRoute
from app.api.v1.schemas import pictures as schemas
from app.api.v1.schemas.pictures import AgesPictureQuery, CourseQuery, RankingQuery
from app.api.v1.schemas.priority_cases import ages_out
from app.api.v1.target_attainment import attained
from app.clock import today
from app.services.access import Caller
from app.services.priority.views import ages
from app.services.statistics.cut_views import check_matter
from app.services.statistics.groups import asked_unit
from app.services.targets.course_views import year_course

router = APIRouter(prefix="/pictures", tags=["Pictures"], route_class=StrictRoute)

_SVG: Final = "image/svg+xml"
_EXAMPLE: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 480" role="img">…</svg>'
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    **answers(None, errors=(304,)),
    200: {"description": "The picture", "content": {_SVG: {"schema": {"type": "string"}, "example": _EXAMPLE}}},
}


def _answer(request: Request, body: bytes, spoken: str) -> Response:
    """The picture with what a page needs to show it safely, or 304."""
    more = {"Content-Security-Policy": POLICY, "Content-Language": spoken, "Vary": "Accept-Language"}
    return tagged(request, body, content_tag(1, body), _SVG, more)


@router.get(
    "/attainment-ranking.svg",
    response_model=None,
    response_class=Response,
    responses=_PICTURE,
    summary="Draw units by rank",
)
async def draw_attainment_ranking(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Annotated[Caller, requires("targets:read")],
    query: Annotated[RankingQuery, Query()],
) -> Response:
    """Units or officers by result rate, with targets and the national average: `/v1/target-attainment` as bars.

    Parameters, figures and what is seen of them are those of that operation. Each row has its figures as
    `data-value`, `data-target`, `data-distance` and `data-rank`, as JSON has them. In Vietnamese or English by
    `Accept-Language`; names of units are Vietnamese.
    """
    spoken = language(request.headers.get("accept-language"))
    found = await attained(db, ref, caller, query)
    shown = schemas.ranking_of(found, query, ref.brief(asked_unit(ref, caller, query.unit).id)["name"], ref)
    return _answer(request, draw_ranking(shown, spoken, Brush(query.theme)), spoken)


@router.get(
    "/monthly-course.svg",
    response_model=None,
    response_class=Response,
    responses=_PICTURE,
    summary="Draw the course of a year",
)
async def draw_monthly_course(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Annotated[Caller, requires("statistics:read")],
    query: Annotated[CourseQuery, Query()],
) -> Response:
    """The result rate of a unit month by month, with its target and the year before: `/v1/statistics/series` as lines.

    Parameters, figures and what is seen of them are those of that operation with `by=month`; the year before is shown
    by whole months to its end. A target is shown with cumulative figures of all cases, as it is assigned for these.
    Each point has `data-series` (`now`, `before`, `target`), `data-month` and `data-value`. Needs `targets:read` too.
    """
    demand(caller, "targets:read")
    spoken = language(request.headers.get("accept-language"))
    unit, period = asked_unit(ref, caller, query.unit), query.period
    await check_matter(db, ref, caller, query.cut)
    found = await year_course(db, ref, unit, query.cut, period, query.indicator, query.regime)
    shown = schemas.course_of(found, query, ref.brief(unit.id)["name"])
    return _answer(request, draw_course(shown, spoken, Brush(query.theme)), spoken)


@router.get(
    "/flags-by-age.svg",
    response_model=None,
    response_class=Response,
    responses=_PICTURE,
    summary="Draw flagged cases by age",
)
async def draw_flags_by_age(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Annotated[Caller, requires("priority:read")],
    query: Annotated[AgesPictureQuery, Query()],
) -> Response:
    """Flagged cases of a unit by the year of their decision: `/v1/priority-cases/by-age` as stacked bars.

    Parameters, figures and what is seen of them are those of that operation. Each bar has `data-band` and
    `data-value`, each part of it `data-part` and `data-value`.
    """
    spoken = language(request.headers.get("accept-language"))
    found = await ages(db, ref, caller, query.as_of or today(), unit_id=query.unit)
    return _answer(request, draw_ages(ages_out(found, ref), spoken, Brush(query.theme)), spoken)
