"""Keyset pages: an opaque, signed cursor names the last row seen.

The signature binds it to the client and the person behind it, the path and the filters, so that a cursor cannot be
carried over to a list it was not made for; the epoch lets an operator expire all of them.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote

import orjson
from fastapi import Depends, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from app.api.problems import CursorExpired, InvalidCursor
from app.api.query import query_pairs, query_with
from app.api.v1.schemas.base import Count
from app.errors import Fault
from app.services.access import Caller
from app.settings import Settings

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 500
_MAC_SIZE: Final = 16


@dataclass(frozen=True, slots=True)
class Page:
    """How many items, and after which."""

    limit: int
    cursor: str | None


async def page(
    limit: Annotated[
        Annotated[Count, Field(ge=1, le=MAX_LIMIT)],
        Query(description="items in a page", examples=[DEFAULT_LIMIT]),
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(description="`next` of the page before", examples=["WzEsIjIwMjQtMDMtMTUiXQ"])
    ] = None,
) -> Page:
    """The page the query string asks for."""
    return Page(limit, cursor)


Paging = Annotated[Page, Depends(page)]


Filters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Listed:
    """Which list a cursor belongs to, besides the caller: its path, and names and values of its filters.

    `in_body` where the cursor comes in a body rather than in the query string.
    """

    path: str
    filters: Filters
    in_body: bool = False

    @classmethod
    def by_body(cls, request: Request, filters: Filters) -> "Listed":
        """The list of this path, where a body holds the filters and the cursor."""
        return cls(request.scope["path"], filters, in_body=True)


def after(request: Request, caller: Caller, asked: Page, of: Listed | None = None) -> tuple[Any, ...] | None:
    """The sort key of the last row of the page before; None for the first page. 400 or 410 otherwise."""
    return None if asked.cursor is None else read_cursor(request, caller, asked.cursor, of)


def read_cursor(request: Request, caller: Caller, cursor: str, of: Listed | None = None) -> tuple[Any, ...]:
    """The key in a cursor of this list, or of the one given. 400 or 410 when it is none, or an old one."""
    settings: Settings = request.app.state.settings
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _refused(of) from None
    payload, mac = packed[:-_MAC_SIZE], packed[-_MAC_SIZE:]
    if not hmac.compare_digest(mac, _mac(request, caller, payload, of)):
        raise _refused(of)
    epoch, *key = orjson.loads(payload)
    if epoch != settings.cursor_epoch:
        raise CursorExpired
    return tuple(key)


def _refused(of: Listed | None) -> InvalidCursor:
    message = {"en": "is not a cursor of this list", "vi": "không phải con trỏ của danh sách này"}
    place = {"pointer": "/cursor"} if of and of.in_body else {"parameter": "cursor"}
    return InvalidCursor(faults=[Fault("invalid-cursor", message, **place)])


def page_answer(
    request: Request,
    caller: Caller,
    asked: Page,
    items: Sequence[dict[str, Any]],
    key: Callable[[dict[str, Any]], tuple[Any, ...]],
    **more: Any,
) -> Response:
    """The page as JSON with `next`; of up to `limit + 1` rows the last only tells that there is more.

    `more` are members of the page besides items and next.
    """
    if len(items) <= asked.limit:
        return Response(orjson.dumps({"items": items, "next": None, **more}), media_type="application/json")
    kept = items[: asked.limit]
    cursor = make_cursor(request, caller, key(kept[-1]))
    link = f'<{quote(request.scope["path"])}?{query_with(request.scope, "cursor", cursor)}>; rel="next"'
    body = orjson.dumps({"items": kept, "next": cursor, **more})
    return Response(body, headers={"Link": link}, media_type="application/json")


def found_answer(
    request: Request,
    caller: Caller,
    asked: Page,
    items: Sequence[dict[str, Any]],
    key: Callable[[dict[str, Any]], tuple[Any, ...]],
    of: Listed,
) -> Response:
    """As `page_answer`, for a search by body: the next page is not found at an address, so there is no `Link`."""
    kept = items[: asked.limit]
    cursor = make_cursor(request, caller, key(kept[-1]), of) if len(items) > len(kept) else None
    return Response(orjson.dumps({"items": kept, "next": cursor}), media_type="application/json")


def make_cursor(request: Request, caller: Caller, key: tuple[Any, ...], of: Listed | None = None) -> str:
    """The cursor that continues this list, or the one given, after the row with this sort key."""
    settings: Settings = request.app.state.settings
    payload = orjson.dumps([settings.cursor_epoch, *key])
    return base64.urlsafe_b64encode(payload + _mac(request, caller, payload, of)).rstrip(b"=").decode()


def _filters(request: Request, *without: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query_pairs(request.scope) if name not in without]


def _mac(request: Request, caller: Caller, payload: bytes, of: Listed | None) -> bytes:
    settings: Settings = request.app.state.settings
    of = of or Listed(request.scope["path"], _filters(request, "cursor", "limit"))
    list_of = [caller.key, of.path, sorted(of.filters)]
    secret = settings.cursor_secret.get_secret_value().encode()
    signed = hashlib.sha256(orjson.dumps(list_of)).digest() + payload
    return hmac.digest(secret, signed, "sha256")[:_MAC_SIZE]
