"""Public debtors: the public list of debtors without conditions for enforcement (chưa có điều kiện thi hành)."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.etag import content_tag, tagged
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import public_debtors as schemas
from app.api.v1.schemas.base import Uuid
from app.api.v1.schemas.public_debtors import PublicDebtor, PublicDebtorFilters, PublicDebtorPage
from app.errors import NotFound
from app.services.access import Caller
from app.services.public_debtors import queries

router = APIRouter(prefix="/public-debtors", tags=["Public debtors"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("public:read")]
DebtorId = Annotated[Uuid, Path(description="id of the entry", examples=[schemas.SAMPLE_ID])]


@router.get(
    "",
    response_model=None,
    responses=answers(PublicDebtorPage, example=schemas.PAGE_EXAMPLE),
    summary="List debtors without conditions",
)
async def list_public_debtors(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[PublicDebtorFilters, Query()], page: Paging
) -> Response:
    """The debtors whom the law wants to be public (Art. 44a of the Law on Civil Judgment Enforcement), of all units.

    Who is listed follows from the books at once: listed when the decision is recorded, changed when the case is,
    gone when conditions are found or the case ends. Names and addresses are in full, amounts are whole VND.
    """
    wanted = filters.to_filter(ref)
    rows = await queries.list_debtors(db, wanted, after(request, caller, page), page.limit + 1)
    items = [schemas.public_debtor(row, ref) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["published_on"], item["id"]))


@router.get(
    "/{debtor_id}",
    response_model=None,
    responses=answers(PublicDebtor, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read one entry of the public list",
)
async def read_public_debtor(request: Request, db: Db, ref: Ref, caller: Reader, debtor_id: DebtorId) -> Response:
    """One debtor as long as the law wants the entry to be public; 404 before and after."""
    row = await queries.read_debtor(db, debtor_id)
    if row is None:
        raise NotFound
    body = orjson.dumps(schemas.public_debtor(row, ref))
    return tagged(request, body, content_tag(1, body))
