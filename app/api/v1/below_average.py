"""Units below the national average, and the cases that would lift them most."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import below_average as schemas
from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.below_average import BelowPage, BelowQuery, LiftingPage, LiftingQuery
from app.api.v1.schemas.priority_cases import priority_item
from app.clock import today
from app.errors import Forbidden
from app.services.access import Caller
from app.services.pace.views import BelowAsked, below_average, lifting_cases
from app.services.statistics.groups import asked_unit
from app.services.targets.rules import asked_day

router = APIRouter(prefix="/below-average", tags=["Target attainment"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("targets:read")]
CaseReader = Annotated[Caller, requires("cases:read")]
UnitId = Annotated[Uuid, Path(description="unit id", examples=[samples.PROVINCE_ID])]


@router.get(
    "",
    response_model=None,
    responses=answers(BelowPage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="List units below the national average",
)
async def list_below_average(
    request: Request, db: Db, ref: Ref, caller: Reader, query: Annotated[BelowQuery, Query()], page: Paging
) -> Response:
    """Units of a level below the national average (mức bình quân chung của toàn quốc), worst first.

    Each with the distance in percentage points of unrounded rates, the end of the month since which it has been below
    without a break in this fiscal year, and the number of cases or the VND that it lacks. By rates only: numbers have
    no national average.
    """
    day = asked_day(None, query.as_of, today())
    seen = ref.family(caller.paths)
    asked = BelowAsked(asked_unit(ref, caller, query.unit), query.level, query.indicator, seen)
    found = await below_average(db, ref, asked, day)
    last = after(request, caller, page)
    shown = [unit for unit in found.units if last is None or unit.order > last][: page.limit + 1]
    items = [schemas.below_item(unit, found, ref) for unit in shown]
    return page_answer(
        request, caller, page, items, key=lambda _: shown[page.limit - 1].order, **schemas.frame_out(found)
    )


@router.get(
    "/{unit_id}/cases",
    response_model=None,
    responses=answers(LiftingPage, example=schemas.CASES_EXAMPLE, errors=(404, 410)),
    summary="List the cases that would lift a unit most",
)
async def list_lifting_cases(
    request: Request,
    db: Db,
    ref: Ref,
    caller: CaseReader,
    unit_id: UnitId,
    query: Annotated[LiftingQuery, Query()],
    page: Paging,
) -> Response:
    """Open cases with conditions of a unit and everything below it, as they are today.

    By money those with the largest amount outstanding come first; by cases, each of which lifts alike, the oldest
    decisions. Needs the scope `targets:read` too.
    """
    if "targets:read" not in caller.scopes:
        raise Forbidden({"en": "The scope targets:read is needed too.", "vi": "Cần thêm phạm vi targets:read."})
    last, day = after(request, caller, page), today()
    rows = await lifting_cases(db, ref, caller, unit_id, query.indicator, last, page.limit + 1)
    rules = ref.rules_on(day)
    items = [priority_item(row, ref, day, rules) for row in rows]
    first = "outstanding_vnd" if query.indicator in ("money_rate", "credit_money_rate") else "decision_date"

    def key(item: dict[str, Any]) -> tuple[Any, ...]:
        return item[first], item["id"]

    return page_answer(request, caller, page, items, key)
