"""Whole lists as CSV, NDJSON or XLSX: every list there is, by its `Accept` header (decision 29).

An export asks the list's own function for page after page, as a caller would who follows `next`. So it shows what the
list shows, masked alike and behind the same walls, and a list needs nothing of its own to be exported.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing
from copy import copy
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, Final, get_args

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from app.api.accept import ACCEPTED, Accepted
from app.api.deps import renewed
from app.api.limits import Limits
from app.api.pagination import MAX_LIMIT, Page, Paging
from app.api.problems import ListTooLong, NotAcceptable
from app.api.query import query_pairs
from app.api.streaming import HEAD_ONLY, NDJSON, Lines
from app.api.tables import Column, Item, columns_of, csv_header, csv_rows, json_lines
from app.api.workbook import as_xlsx
from app.api.xlsx import XLSX
from app.clock import today
from app.errors import Fault, Invalid
from app.settings import Settings

CSV: Final = "text/csv"
ENDINGS: Final = {CSV: "csv", NDJSON: "ndjson", XLSX: "xlsx"}

# what is about a page rather than the list, and what is not for the asking in bulk
_REFUSED: Final = ("limit", "cursor", "count", "personal_data")
_NOT_HERE: Final = {"en": "has no place in an export", "vi": "không dùng được khi xuất danh sách"}

Endpoint = Callable[..., Awaitable[Response]]
Read = Callable[[Page], Awaitable[Response]]
"""A list with all its parameters but the page; its answer is that page as JSON."""


@dataclass(frozen=True, slots=True)
class Form:
    """A media type, and whether CSV is to begin with a byte order mark."""

    kind: str
    bom: bool = False


class Collection:
    """What an export needs to know of a list: what it is called, and the model of its items."""

    def __init__(self, path: str, page: Any) -> None:
        masked = next(iter(get_args(page)), page)  # of two the second shows more, which is never exported
        self.item: type[BaseModel] = get_args(masked.model_fields["items"].annotation)[0]
        self.columns = self._columns(())
        self.name = "-".join(part for part in path.split("/") if part and "{" not in part)

    def asking(self, values: Iterable[str]) -> "Collection":
        """The same list for a query with these values: members that may be absent have columns where one names them."""
        narrowed = copy(self)
        narrowed.columns = self._columns(values)
        return narrowed

    def _columns(self, values: Iterable[str]) -> tuple[Column, ...]:
        shown = {name for name, field in self.item.model_fields.items() if field.is_required()}.union(values)
        return tuple(column for column in columns_of(self.item) if column.place[0] in shown)

    async def produced(self, read: Read, form: Form, seconds: float) -> AsyncGenerator[bytes]:
        """The whole list in pieces; `ListTooLong` when that takes longer than so many seconds."""
        async with aclosing(_pages(read, seconds)) as pages, aclosing(self._written(pages, form)) as pieces:
            async for piece in pieces:
                yield piece

    def _written(self, pages: AsyncIterator[list[Item]], form: Form) -> AsyncGenerator[bytes]:
        if form.kind == XLSX:
            return as_xlsx(pages, self.columns)
        return self._as_csv(pages, form) if form.kind == CSV else _as_ndjson(pages)

    async def _as_csv(self, pages: AsyncIterator[list[Item]], form: Form) -> AsyncGenerator[bytes]:
        header = csv_header(self.columns, bom=form.bom)
        async for items in pages:
            # tens of milliseconds: in a thread, so that other requests have their turn meanwhile
            yield header + await asyncio.to_thread(csv_rows, self.columns, items)
            header = b""

    def described(self, example: Any) -> dict[str, Any]:
        """The further contents of its answer in the OpenAPI document; `example` is the one of a page."""
        items = orjson.loads(orjson.dumps(example["items"]))
        table = csv_header(self.columns, bom=False) + csv_rows(self.columns, items)
        item = {"$ref": f"#/components/schemas/{self.item.__name__}"}
        return {
            CSV: {"schema": {"type": "string"}, "example": table.decode()},
            NDJSON: {"schema": item, "example": items[0]},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        }


async def _pages(read: Read, seconds: float) -> AsyncGenerator[list[Item]]:
    """One page of items after the other; no connection to the database is held in between."""
    until = time.monotonic() + seconds
    cursor: str | None = None
    while True:
        page = orjson.loads((await read(Page(MAX_LIMIT, cursor))).body)
        yield page["items"]
        cursor = page["next"]
        if cursor is None:
            return
        if time.monotonic() > until:
            raise ListTooLong


async def _as_ndjson(pages: AsyncIterator[list[Item]]) -> AsyncGenerator[bytes]:
    async for items in pages:
        yield json_lines(items)


def is_list(endpoint: Endpoint) -> bool:
    """Whether a router function answers with pages."""
    page = signature(endpoint, eval_str=True).parameters.get("page")
    return page is not None and page.annotation == Paging


def exportable(collection: Collection, endpoint: Endpoint) -> Endpoint:
    """The router function of a list, which answers with all of it where that is accepted rather than JSON."""

    @wraps(endpoint)
    async def listed(**given: Any) -> Response:
        request: Request = given["request"]
        form = _form_of(request.scope.get(ACCEPTED))
        if form is None:
            answer = await endpoint(**given)
            answer.headers["Vary"] = "Accept"
            return answer
        check_parameters(request)
        asked = collection.asking(value for _, value in query_pairs(request.scope))
        return await _answer(request, asked, _reader(request, endpoint, given), form)

    return listed


def _form_of(wanted: Accepted | None) -> Form | None:
    """The form of an export; None where a page of JSON is wanted."""
    if wanted is None or wanted.kind not in ENDINGS:
        return None
    bom, charset = wanted.parameters.get("bom", "absent"), wanted.parameters.get("charset", "utf-8")
    if bom not in ("absent", "present") or charset != "utf-8":
        raise NotAcceptable(extra={"produces": [CSV, f"{CSV}; bom=present"]})
    return Form(wanted.kind, bom == "present")


def check_parameters(request: Request) -> None:
    """422 when the query holds what is about a page rather than the list."""
    given = {name for name, _ in query_pairs(request.scope)}
    if faults := [Fault("not-in-exports", _NOT_HERE, parameter=name) for name in _REFUSED if name in given]:
        raise Invalid(faults=faults)


def _reader(request: Request, endpoint: Endpoint, given: dict[str, Any]) -> Read:
    """The list with the parameters of this request, and with what the caller may see at the moment of each page."""
    caller, knows = given["caller"], "ref" in given

    async def read(page: Page) -> Response:
        reference = renewed(request, caller)
        return await endpoint(**{**given, "page": page, **({"ref": reference} if knows else {})})

    return read


async def _answer(request: Request, collection: Collection, read: Read, form: Form) -> Response:
    if HEAD_ONLY in request.scope:
        await read(Page(1, None))  # refuses what GET would refuse
    settings: Settings = request.app.state.settings
    limits: Limits = request.app.state.limits
    seconds = settings.xlsx_seconds if form.kind == XLSX else settings.export_seconds
    pieces = _in_turn(limits.exports, collection.produced(read, form, seconds))
    answer = Lines(request, pieces, form.kind, packed=form.kind == XLSX)
    answer.headers["Vary"] = "Accept, Accept-Encoding"
    name = f"{collection.name}-{today().isoformat()}.{ENDINGS[form.kind]}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _in_turn(turn: AbstractAsyncContextManager[Any], pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with turn, aclosing(pieces):
        async for piece in pieces:
            yield piece
