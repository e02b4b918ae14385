"""The OpenAPI document, built once at start, and the pages that show it; nothing here needs the internet."""

import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.etag import JSON
from app.api.problems import kinds
from app.errors import NotFound

router: Final = APIRouter(include_in_schema=False)

_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".png": "image/png",
    ".html": "text/html; charset=utf-8",
    "": "text/plain; charset=utf-8",
}
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _asset(name: str) -> tuple[bytes, dict[str, str]]:
    content = (_STATIC / name).read_bytes()
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Cache-Control": "public, max-age=3600",
        "Content-Security-Policy": _PAGE_POLICY,
        "Content-Type": _TYPES[Path(name).suffix],
    }
    return content, headers


_ASSETS: Final = {path.name: _asset(path.name) for path in sorted(_STATIC.iterdir())}


def _conditional(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers)


@router.get("/", response_model=None)
async def start() -> Response:
    """Leads people to the documentation."""
    return Response(status_code=303, headers={"Location": "/docs"})


@router.get("/docs", response_model=None)
async def docs_page(request: Request) -> Response:
    """The documentation to read and to try."""
    return _conditional(request, *_ASSETS["docs.html"])


@router.get("/docs/{asset}", response_model=None)
async def docs_asset(request: Request, asset: str) -> Response:
    """What the page is made of."""
    if asset not in _ASSETS:
        raise NotFound
    return _conditional(request, *_ASSETS[asset])


@router.get("/v1/openapi.json", response_model=None)
async def openapi_document(request: Request) -> Response:
    """The contract of v1 as OpenAPI 3.1."""
    content: bytes = request.app.state.openapi
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=60", "Content-Type": JSON}
    return _conditional(request, content, headers)


@router.get("/problems", response_model=None)
async def problems_page() -> Response:
    """Every kind of problem."""
    return _page("Problems", [_row(kind) for kind in sorted(set(kinds()), key=lambda kind: kind.code)])


@router.get("/problems/{code}", response_model=None)
async def problem_page(code: str) -> Response:
    """One kind of problem: where the `type` of a problem leads."""
    rows = [_row(kind) for kind in kinds() if kind.code == code]
    if not rows:
        raise NotFound
    return _page(code, rows[:1])


def _row(kind: type[Any]) -> str:
    meaning = (kind.__doc__ or "").strip().split("\n")[0]
    cells = (str(kind.status), kind.code, kind.title["en"], kind.title["vi"], meaning)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _page(title: str, rows: Sequence[str]) -> Response:
    head = "<tr><th>status<th>code<th>title<th>tiêu đề<th>meaning</tr>"
    html = f'<!doctype html><html lang="en"><title>{escape(title)}</title><table>{head}{"".join(rows)}</table></html>'
    headers = {"Content-Security-Policy": _PAGE_POLICY}
    return Response(html, headers=headers, media_type="text/html; charset=utf-8")


def encoded(document: dict[str, Any]) -> bytes:
    """The document as it is served."""
    return orjson.dumps(document)
