"""Data subjects (chủ thể dữ liệu): everything the service holds about a person, for that person."""

from typing import Annotated, Any

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
from app.api.v1.schemas import data_subjects as schemas
from app.api.v1.schemas.data_subjects import DataSubjectExport, HeldPage
from app.db import Row
from app.services.access import Caller
from app.services.parties.rules import digest_of
from app.services.privacy.commands import export
from app.services.privacy.export_queries import Wanted
from app.services.work import Work

router = APIRouter(prefix="/data-subjects:export", tags=["Data subjects"], route_class=StrictRoute)

Keeper = Annotated[Caller, requires("privacy:write")]


@router.post(
    "",
    response_model=None,
    responses=answers(HeldPage, example=schemas.PAGE_EXAMPLE, errors=(410,)),
    summary="Export the data of a person",
    openapi_extra=SAFE | NEEDED,
)
async def export_data_subject(
    request: Request, db: Db, ref: Ref, caller: Keeper, body: Annotated[DataSubjectExport, json_body(DataSubjectExport)]
) -> Response:
    """What the service holds about the person with this identity number (Article 4 of Law 91/2025/QH15), page by page.

    Cases with the person as a party, entries on registers of relatives, and who saw these unmasked, when and what for;
    as far as the caller may see. Nothing is masked, so every page is on record with its purpose, once as a request and
    once for each case and entry in it; when that cannot be written, nothing is answered. Changes nothing and needs no
    `Idempotency-Key`.
    """
    limits: Limits = request.app.state.limits
    limits.party_search(request.scope, caller.client_id)
    purpose, page = purpose_of(request), Page(body.limit, body.cursor)
    of = Listed.by_body(request, [("id_number", body.number)])
    secret = request.app.state.settings.cursor_secret.get_secret_value().encode()
    last = after(request, caller, page, of)
    wanted = Wanted(body.number, digest_of(secret, body.number), last, page.limit)
    rows = await db.write(lambda session: export(Work(session, ref, caller, actor(request, caller)), wanted, purpose))
    items = [schemas.held_item(row, ref) for row in rows]
    return found_answer(request, caller, page, items, lambda _: _place(rows[page.limit - 1]), of)


def _place(row: Row) -> tuple[Any, ...]:
    """Where the next page goes on: part, key and the moment the export began."""
    part, key, *_, began = row
    return part, key, began
