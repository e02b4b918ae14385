"""The trail: every change and every read of unmasked personal data."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Db, Paging, Ref, requires
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import audit as schemas
from app.api.v1.schemas.audit import AuditFilters, AuditPage
from app.services.access import Caller
from app.services.audit import queries

router = APIRouter(prefix="/audit", tags=["Audit"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("audit:read")]


@router.get(
    "", response_model=None, responses=answers(AuditPage, example=schemas.PAGE_EXAMPLE), summary="Read the trail"
)
async def list_audit(
    request: Request, db: Db, ref: Ref, caller: Reader, filters: Annotated[AuditFilters, Query()], page: Paging
) -> Response:
    """Who did or saw what in the caller's units, newest first; personal data are never in it.

    Records about things of the whole nation, such as clients and rules, are shown to callers who see the nation.
    """
    last = after(request, caller, page)
    rows = await queries.list_records(db, ref, caller, filters.to_filter(), last, page.limit + 1)
    items = [schemas.audit_item(row, ref) for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["recorded_at"], item["id"]))
