"""Why somebody asks for personal data: the request header `Purpose`, which goes on record with what was shown.

Header fields are ASCII and purposes are Vietnamese, so the text travels as UTF-8 in percent-encoding (RFC 3986, what
`encodeURIComponent` makes); ASCII may stand as it is, all but `%`.
"""

import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from app.api.faults import fault_of
from app.api.problems import Malformed, header_fault
from app.api.v1.schemas.base import Line

HEADER: Final = "Purpose"
OPTIONAL: Final = "Purpose-Optional"
NEEDED: Final[dict[str, Any]] = {"parameters": [{"$ref": f"#/components/parameters/{HEADER}"}]}
"""`openapi_extra=` of an operation that always needs a purpose."""
NEEDED_WITH_PERSONAL_DATA: Final[dict[str, Any]] = {"parameters": [{"$ref": f"#/components/parameters/{OPTIONAL}"}]}
"""`openapi_extra=` of an operation that needs one when it is asked for personal data."""

PATTERN: Final = "^([ -$&-~]|%[0-9A-Fa-f]{2})+$"
_ENCODED: Final = re.compile(PATTERN.strip("^$"), re.ASCII)
_TEXT: Final[TypeAdapter[str]] = TypeAdapter(Line)


def purpose_of(request: Request) -> str:
    """The purpose as text, one line of at most 500 characters. 400 when there is none, or it cannot be read."""
    values = request.headers.getlist(HEADER)
    if not values:
        raise _refused("required", "is required to see personal data", "là bắt buộc khi xem dữ liệu cá nhân")
    if len(values) > 1:
        raise _refused("repeated", "must not be repeated", "không được lặp lại")
    try:
        return _TEXT.validate_python(_decoded(values[0]))
    except ValidationError as error:
        fault = fault_of(error.errors(include_url=False)[0])
        raise _refused(fault.code, fault.message["en"], fault.message["vi"]) from None


def _decoded(value: str) -> str:
    try:
        if value and not _ENCODED.fullmatch(value):
            raise ValueError
        return unquote_to_bytes(value).decode()
    except ValueError:  # UnicodeDecodeError is one, too
        en, vi = "must be ASCII or UTF-8 in percent-encoding", "phải là ASCII hoặc UTF-8 mã hóa phần trăm"
        raise _refused("wrong-format", en, vi) from None


def _refused(code: str, en: str, vi: str) -> Malformed:
    return Malformed(faults=[header_fault(HEADER, code, en, vi)])
