"""Strong ETags: conditional reads (`If-None-Match`) and safe changes (`If-Match`, RFC 9110).

The ETag of a resource is its version, `"7"`; a representation that differs by more than the version (a mask,
a day asked for) adds it after a dot, `"7.m"`. Only the version counts in `If-Match`.
"""

import re
from collections.abc import Mapping
from hashlib import blake2s
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.api.problems import Malformed, PreconditionRequired, header_fault
from app.errors import PreconditionFailed

JSON: Final = "application/json"
_TAGS = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W/)?"[\x21\x23-\x7e]*")*')
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_VERSION = re.compile(r"([1-9][0-9]{0,15})(?:\.[A-Za-z0-9_-]+)?", re.ASCII)


def version_tag(version: int, variant: str = "") -> str:
    """The ETag of a version, `"7"` or `"7.variant"`."""
    return f'"{version}.{variant}"' if variant else f'"{version}"'


def content_tag(version: int, body: bytes) -> str:
    """The ETag of a representation that also follows the day asked for: version, then a digest of the bytes."""
    return version_tag(version, blake2s(body, digest_size=6).hexdigest())


def tagged(
    request: Request, body: bytes, etag: str, media_type: str = JSON, more: Mapping[str, str] | None = None
) -> Response:
    """200 with the body and its strong ETag, or 304 when the caller already has it; both with `more` headers."""
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", **(more or {})}
    known = request.headers.get("if-none-match")
    if known is not None and (known.strip() == "*" or etag in {f'"{tag}"' for _, tag in _TAG.findall(known)}):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def expected_version(request: Request) -> int | None:
    """The version the caller changes, from `If-Match`; None for `*`, any version.

    428 without the header, 400 when it cannot be parsed, 412 when it holds nothing but weak or foreign tags.
    Of several versions the newest counts: who has seen a newer one knows that the older are not current.
    """
    values = request.headers.getlist("if-match")
    if not values:
        raise PreconditionRequired(faults=[header_fault("If-Match", "required", "is required", "là bắt buộc")])
    value = ", ".join(values).strip()
    if value == "*":
        return None
    if not _TAGS.fullmatch(value):
        fault = header_fault("If-Match", "wrong-format", "is not a list of ETags", "không phải danh sách ETag")
        raise Malformed(faults=[fault])
    found = [_VERSION.fullmatch(tag) for weak, tag in _TAG.findall(value) if not weak]
    versions = [int(match[1]) for match in found if match]
    if not versions:
        raise PreconditionFailed
    return max(versions)
