"""Official forms (biểu mẫu thống kê): those of circular 05/2024, filled from the books, as JSON or as a workbook."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.form_sheets import form_sheet
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import forms as schemas
from app.api.v1.schemas.forms import FormOut, FormPage, FormQuery
from app.api.xlsx import VARY, XLSX, wants_xlsx
from app.errors import NotFound
from app.services.access import Caller
from app.services.forms import frozen_views
from app.services.forms.definitions import FORMS
from app.services.forms.views import filled
from app.services.statistics.groups import asked_unit

router = APIRouter(prefix="/forms", tags=["Forms"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("statistics:read")]
FormNo = Annotated[int, Path(description="number of the form", examples=[1])]


def _or_workbook(answered: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    answered[200]["content"][XLSX] = {"schema": {"type": "string", "format": "binary"}}
    return answered


_ANSWERS: Final = _or_workbook(answers(FormOut, example=schemas.OUT_EXAMPLE, errors=(404, 409)))


@router.get(
    "",
    response_model=None,
    responses=answers(FormPage, example=schemas.PAGE_EXAMPLE, errors=()),
    summary="List the forms",
)
async def list_forms(request: Request, caller: Reader, page: Paging) -> Response:
    """The forms of circular 05/2024 by number, and which of them the books can fill."""
    last = after(request, caller, page)
    items = [schemas.brief_out(form) for form in FORMS.values() if last is None or form.no > last[0]]
    return page_answer(request, caller, page, items[: page.limit + 1], key=lambda item: (item["no"],))


@router.get("/{form_no}", response_model=None, responses=_ANSWERS, summary="Read a form")
async def read_form(
    request: Request, db: Db, ref: Ref, caller: Reader, form_no: FormNo, asked: Annotated[FormQuery, Query()]
) -> Response:
    """A form for a unit and a cumulative period: headers, rows and figures, the same as the statements have.

    With `Accept: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet` it is a workbook to print. Figures
    count every case, as in statistics. Forms by unit list the units of the last day, those of a province and below
    with their officers. A form the books do not hold has no rows and says why.

    With `version` the figures are those that were frozen (`/v1/reports`), none is from the books of today. 409 where
    the report does not hold what the form shows: some frozen early have no figures of officers.
    """
    form = FORMS.get(form_no)
    if form is None:
        raise NotFound
    unit = asked_unit(ref, caller, asked.unit)
    if asked.version is None:
        found = await filled(db, ref, form, unit, asked.period, asked.regime)
    else:
        found = await frozen_views.filled(db, ref, form, unit, asked.period, asked.version)
    if wants_xlsx(request):
        return form_sheet(request, found)
    return Response(orjson.dumps(schemas.form_out(found, ref)), headers=VARY, media_type="application/json")
