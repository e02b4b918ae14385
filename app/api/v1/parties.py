"""Parties (đương sự): in which cases somebody is one."""

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Page, Ref, actor, requires
from app.api.idempotency import SAFE
from app.api.limits import Limits
from app.api.pagination import Listed, after, found_answer
from app.api.problems import answers
from app.api.purpose import NEEDED, purpose_of
from app.api.routes import StrictRoute
from app.api.v1.schemas import parties as schemas
from app.api.v1.schemas.parties import PartyCasePage, PartySearch
from app.services.access import Caller
from app.services.parties.commands import search_by_number
from app.services.parties.queries import NumberSearch
from app.services.parties.rules import digest_of
from app.services.work import Work

router = APIRouter(prefix="/parties:search", tags=["Parties"], route_class=StrictRoute)

Seeker = Annotated[Caller, requires("cases:read.pii")]


@router.post(
    "",
    response_model=None,
    responses=answers(PartyCasePage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="Find the cases of an identity number",
    openapi_extra=SAFE | NEEDED,
)
async def search_parties(
    request: Request, db: Db, ref: Ref, caller: Seeker, body: Annotated[PartySearch, json_body(PartySearch)]
) -> Response:
    """Cases the caller may see in which a party has exactly this identity number, with the role; names are masked.

    Changes nothing and needs no `Idempotency-Key`. Every search is on record with its purpose, the number of cases
    found and a keyed digest of the number, never the number itself; when that cannot be written, nothing is answered.
    A client has a quota for these searches alone: 429 when it is used up.
    """
    limits: Limits = request.app.state.limits
    limits.party_search(request.scope, caller.client_id)
    purpose, number, page = purpose_of(request), body.number, Page(body.limit, body.cursor)
    of = Listed.by_body(request, [("id_number", number)])
    last = after(request, caller, page, of)
    wanted = NumberSearch(number, last[0] if last else None, page.limit)
    digest = digest_of(request.app.state.settings.cursor_secret.get_secret_value().encode(), number)
    rows = await db.write(
        lambda session: search_by_number(Work(session, ref, caller, actor(request, caller)), wanted, digest, purpose)
    )
    items = [schemas.party_case(row, ref) for row in rows]
    return found_answer(request, caller, page, items, lambda item: (item["id"],), of)
