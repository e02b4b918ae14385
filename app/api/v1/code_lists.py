"""Code lists: every closed list of codes with Vietnamese and English labels."""

from functools import lru_cache
from typing import Annotated

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Paging, requires
from app.api.etag import content_tag, tagged
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import code_lists as schemas
from app.api.v1.schemas.base import Code
from app.api.v1.schemas.code_lists import CodeListOut, CodeListPage
from app.errors import NotFound
from app.services.access import Caller
from app.services.code_lists import queries

router = APIRouter(prefix="/code-lists", tags=["Code lists"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("reference:read")]
ListCode = Annotated[Code, Path(description="name of the list", examples=["case-states"])]


@router.get(
    "", response_model=None, responses=answers(CodeListPage, example=schemas.PAGE_EXAMPLE), summary="List code lists"
)
async def list_code_lists(request: Request, caller: Reader, page: Paging) -> Response:
    """Every closed list there is, by name. The codes themselves are in each list."""
    last = after(request, caller, page)
    lists = queries.list_code_lists(last[0] if last else None, page.limit + 1)
    items = [schemas.code_list_item(listed) for listed in lists]
    return page_answer(request, caller, page, items, key=lambda item: (item["code"],))


@router.get(
    "/{code}",
    response_model=None,
    responses=answers(CodeListOut, example=schemas.OUT_EXAMPLE, errors=(304, 404)),
    summary="Read a code list",
)
async def read_code_list(request: Request, caller: Reader, code: ListCode) -> Response:
    """A list with all its codes: label in both languages, and meaning and legal basis where it is a term of law.

    The ETag changes only when the list does; ask with `If-None-Match`.
    """
    body, etag = _encoded(code)
    return tagged(request, body, etag)


@lru_cache(maxsize=64)  # lists do not change while the service runs
def _encoded(code: str) -> tuple[bytes, str]:
    listed = queries.CODE_LISTS.get(code)
    if listed is None:
        raise NotFound
    body = orjson.dumps(schemas.code_list_out(listed))
    return body, content_tag(1, body)
