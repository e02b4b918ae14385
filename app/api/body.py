"""Request bodies: read with a limit, checked as JSON to the letter, then validated strictly.

FastAPI's own body parameter would accept duplicate members, NaN and any content type ending in +json,
and convert types; so the raw bytes are read and checked here.
"""

import json
import re
from typing import Any, Final

from fastapi import Depends
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from app.api.faults import fault_of, is_plain, place_of, pointer_to
from app.api.problems import Malformed, TooLarge, UnsupportedMediaType, header_fault
from app.errors import DomainError, Fault, Invalid

MAX_BODY: Final = 1024 * 1024
MAX_DEPTH: Final = 20
UNREADABLE_DEPTH: Final = 1000
RAW_BODY: Final = "thads.body"

# also a string that never ends: were it no match, the search would begin anew at each of its quotes
_STRING = re.compile(rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))++', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_CHARSET = re.compile(r'charset="?utf-8"?', re.IGNORECASE)


def json_body(model: Any) -> Any:
    """`body: Annotated[CaseNew, json_body(CaseNew)]`: the validated body; OpenAPI learns of it by itself."""
    adapter: TypeAdapter[Any] = TypeAdapter(model)

    async def body(request: Request) -> Any:
        return validated(adapter, await read(request))

    body.json_model = model  # type: ignore[attr-defined]  # StrictRoute finds the schema here
    return Depends(body)


async def read(request: Request, most: int = MAX_BODY) -> bytes:
    """The raw body, at most 1 MiB unless the operation takes more; never reads beyond that."""
    _check_headers(request, most)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLarge(headers={"Connection": "close"})
        chunks.append(chunk)
    raw = b"".join(chunks)
    request.scope[RAW_BODY] = raw
    return raw


def _check_headers(request: Request, most: int) -> None:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most:
        raise TooLarge(headers={"Connection": "close"})
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise UnsupportedMediaType(headers={"Accept": "application/json"})
    if parameters.strip() and not _CHARSET.fullmatch(parameters.strip()):
        raise UnsupportedMediaType(headers={"Accept": "application/json"})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        fault = header_fault("Content-Encoding", "unsupported-encoding", "must be identity", "chỉ chấp nhận identity")
        raise UnsupportedMediaType(faults=[fault], headers={"Accept-Encoding": "identity"})


def validated(adapter: TypeAdapter[Any], raw: bytes) -> Any:
    """The model made of `raw`; every fault at once, each with its JSON pointer."""
    return checked(adapter, raw, parsed(raw))


def checked(adapter: TypeAdapter[Any], raw: bytes, document: Any) -> Any:
    """As `validated`, where `document` is what `raw` holds."""
    if faults := unstorable(raw, document):
        raise Invalid(faults=faults)
    try:
        return adapter.validate_json(raw, strict=True)
    except ValidationError as error:
        items = error.errors(include_url=False)
        if any(item["type"] == "json_invalid" for item in items):
            raise _not_json("not-json", "is not valid JSON", "không phải JSON hợp lệ") from None
        raise Invalid(faults=[fault_of(item, pointer_to(document, place_of(item))) for item in items]) from None


def parsed(raw: bytes) -> Any:
    """The document as Python values; duplicate members, NaN, a BOM and deep nesting are refused."""
    check_depth(raw)
    return loaded(raw)


def loaded(raw: bytes) -> Any:
    """As `parsed`, for who asks `check_depth` only when the document is not what it should be."""
    if not raw.strip():
        raise _not_json("empty-body", "is empty", "không có nội dung")
    try:
        return json.loads(raw.decode(), object_pairs_hook=_members, parse_constant=_no_constant)
    except DomainError:
        raise
    except (ValueError, RecursionError):
        check_depth(raw)
        # UnicodeDecodeError, JSONDecodeError and integers of thousands of digits are all ValueErrors
        raise _not_json("not-json", "is not valid JSON in UTF-8", "không phải JSON UTF-8 hợp lệ") from None


def _not_json(code: str, en: str, vi: str) -> Malformed:
    return Malformed(faults=[Fault(code, {"en": en, "vi": vi}, pointer="")])


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _not_json("duplicate-member", "repeats the name of a member", "lặp lại tên thành phần")
    return members


def _no_constant(_: str) -> None:
    raise _not_json("not-json", "must not contain NaN or Infinity", "không được chứa NaN hoặc Infinity")


def check_depth(raw: bytes) -> None:
    """Refuses what is nested deeper than any body needs to be."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    depth = deepest = 0
    for sign in _STRING.sub(b"", raw).translate(None, _NO_BRACKETS):
        if sign in b"[{":
            depth += 1
            deepest = max(depth, deepest)
            if depth > UNREADABLE_DEPTH:
                raise _not_json("too-deep", "is nested too deeply", "lồng quá sâu")
        else:
            depth -= 1
    if deepest > MAX_DEPTH:
        message = {"en": f"is nested more than {MAX_DEPTH} deep", "vi": f"lồng quá {MAX_DEPTH} cấp"}
        raise Invalid(faults=[Fault("too-deep", message, pointer="")])


def unstorable(raw: bytes, document: Any) -> list[Fault]:
    """Strings PostgreSQL cannot keep: NUL and lone surrogates; `document` is what `raw` holds."""
    if not _SUSPICIOUS.search(raw):
        return []
    faults: list[Fault] = []
    rest: list[tuple[str, Any]] = [("", document)]
    while rest:
        pointer, value = rest.pop()
        if isinstance(value, str) and _cannot_be_stored(value):
            faults.append(_forbidden(pointer))
        elif isinstance(value, dict):
            if any(_cannot_be_stored(name) for name in value):
                faults.append(_forbidden(pointer))
            else:
                rest.extend((f"{pointer}/{name}" if is_plain(name) else pointer, part) for name, part in value.items())
        elif isinstance(value, list):
            rest.extend((f"{pointer}/{index}", member) for index, member in enumerate(value))
    return faults


def _cannot_be_stored(text: str) -> bool:
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)


def _forbidden(pointer: str) -> Fault:
    message = {
        "en": "contains a NUL or a lone surrogate",
        "vi": "chứa ký tự NUL hoặc ký tự thay thế đơn lẻ",
    }
    return Fault("forbidden-character", message, pointer=pointer)
