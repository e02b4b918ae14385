"""The one place that turns errors into answers: `application/problem+json` (RFC 9457).

The body never repeats what the caller sent. `type` is `/problems/<code>`, a page of this service.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import UnionType
from typing import Any, Final, Literal

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.api.faults import fault_of, place_of
from app.errors import DomainError, Fault, Invalid, NotFound

PROBLEM: Final = "application/problem+json"
MAX_FAULTS: Final = 100
# every operation may answer these; the rest is named where it can happen
ALWAYS: Final = (400, 401, 403, 406, 422, 429, 500, 503)


@dataclass(frozen=True, slots=True)
class HeaderFault(Fault):
    """Something wrong with a request header."""

    header: str | None = None


class Malformed(DomainError):
    """The request cannot be parsed, so nothing can be said about its content."""

    code = "malformed-request"
    title = {"en": "The request cannot be understood", "vi": "Không thể hiểu yêu cầu"}


class UnknownParameter(DomainError):
    """The query names parameters the operation does not have, or repeats one that is single."""

    code = "unknown-parameter"
    title = {"en": "Unknown or repeated query parameter", "vi": "Tham số truy vấn không có hoặc bị lặp"}


class InvalidCursor(DomainError):
    """Not a cursor this service gave to this client for this list with these filters."""

    code = "invalid-cursor"
    title = {"en": "The cursor does not belong to this list", "vi": "Con trỏ không thuộc danh sách này"}


class CursorExpired(DomainError):
    """The cursor is genuine but from an earlier epoch: start the list again."""

    status = 410
    code = "cursor-expired"
    title = {"en": "The cursor has expired", "vi": "Con trỏ đã hết hạn"}


class ChangesLost(CursorExpired):
    """What followed the cursor is not kept any more, or a restore took it away: take a new snapshot."""

    code = "changes-lost"
    title = {"en": "The changes after this cursor are no longer there", "vi": "Các thay đổi sau con trỏ này không còn"}


class ViewChanged(CursorExpired):
    """The caller may see more, less or something else than when it got the cursor: take a new snapshot."""

    code = "view-changed"
    title = {"en": "What the caller may see has changed", "vi": "Phạm vi được xem đã thay đổi"}


class MethodNotAllowed(DomainError):
    """The path exists but not with this method; `Allow` names those it has."""

    status = 405
    code = "method-not-allowed"
    title = {"en": "Method not allowed", "vi": "Phương thức không được hỗ trợ"}


class NotAcceptable(DomainError):
    """The caller accepts none of the media types this operation can answer with."""

    status = 406
    code = "not-acceptable"
    title = {"en": "No acceptable media type", "vi": "Không có định dạng phù hợp"}


class ListTooLong(DomainError):
    """The list takes too long to write, or has more rows or longer texts than the format can hold."""

    status = 422
    code = "list-too-long"
    title = {
        "en": "The list is too long for this format: ask for text/csv, or for less of it",
        "vi": "Danh sách quá dài đối với định dạng này: hãy yêu cầu text/csv hoặc thu hẹp danh sách",
    }


class RequestTimeout(DomainError):
    """Headers or body did not arrive in time; the connection is closed."""

    status = 408
    code = "request-timeout"
    title = {"en": "The request did not arrive in time", "vi": "Yêu cầu không đến kịp thời gian"}


class TooLarge(DomainError):
    """The body exceeds what the operation takes, usually 1 MiB; the connection is closed without reading the rest."""

    status = 413
    code = "content-too-large"
    title = {"en": "The body is too large", "vi": "Nội dung quá lớn"}


class AddressTooLong(DomainError):
    """The URL exceeds 8 KiB."""

    status = 414
    code = "uri-too-long"
    title = {"en": "The address is too long", "vi": "Địa chỉ quá dài"}


class UnsupportedMediaType(DomainError):
    """The body is not plain `application/json` in UTF-8."""

    status = 415
    code = "unsupported-media-type"
    title = {
        "en": "The body must be application/json in UTF-8",
        "vi": "Nội dung phải là JSON UTF-8",
    }


class PreconditionRequired(DomainError):
    """Changes need `If-Match` with the ETag that was read."""

    status = 428
    code = "precondition-required"
    title = {"en": "If-Match is required", "vi": "Cần có If-Match"}


class HeadersTooLarge(DomainError):
    """More than 16 KiB of headers, 100 headers, or 8 KiB in one."""

    status = 431
    code = "headers-too-large"
    title = {"en": "The headers are too large", "vi": "Phần đầu yêu cầu quá lớn"}


class UnknownMethod(DomainError):
    """A method no server knows."""

    status = 501
    code = "unknown-method"
    title = {"en": "Unknown method", "vi": "Phương thức không tồn tại"}


class InternalError(DomainError):
    """A defect of the service; the log has it under the request id."""

    status = 500
    code = "internal-error"
    title = {"en": "Internal error", "vi": "Lỗi hệ thống"}


class ProblemFault(BaseModel):
    """One thing that is wrong: where, and what."""

    pointer: str | None = Field(None, description="JSON pointer into the body", examples=["/amount_vnd"])
    parameter: str | None = Field(None, description="query parameter", examples=["limit"])
    header: str | None = Field(None, description="request header", examples=["If-Match"])
    code: str = Field(description="stable code of what is wrong", examples=["too-large"])
    message: str = Field(description="the same for people", examples=["must be at most 500"])


class Problem(BaseModel):
    """How every error is answered (RFC 9457). Some kinds add members of their own."""

    type: str = Field(description="page about this kind of problem", examples=["/problems/validation-failed"])
    title: str = Field(description="what happened, for people", examples=["The input is not valid"])
    status: int = Field(description="HTTP status", examples=[422])
    code: str = Field(description="stable code for programs", examples=["validation-failed"])
    detail: str | None = Field(None, description="more about this occurrence", examples=["The period is closed"])
    instance: str | None = Field(
        None,
        description="id of the request, as in `X-Request-ID` and in the log",
        examples=["urn:uuid:0b9b6a0e-6a8a-4f1c-9f7e-2f1f3c5d7e90"],
    )
    errors: list[ProblemFault] | None = Field(None, description="everything that is wrong, at once")


def header_fault(header: str, code: str, en: str, vi: str) -> HeaderFault:
    """A fault of a request header."""
    return HeaderFault(code, {"en": en, "vi": vi}, header=header)


def language(accept: bytes | str | None) -> Literal["vi", "en"]:
    """`vi` when Vietnamese is preferred to English, else `en`; never fails."""
    if not accept:
        return "en"
    text = accept.decode("latin-1") if isinstance(accept, bytes) else accept
    weights: dict[str, float] = {}
    for part in text[:1000].split(","):
        tag, _, rest = part.strip().partition(";")
        name, quality = rest.strip().partition("=")[::2]
        try:
            weight = float(quality) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        primary = tag.strip().lower().split("-")[0]
        weights[primary] = max(weight, weights.get(primary, 0.0))
    return "vi" if weights.get("vi", 0.0) > weights.get("en", 0.0) else "en"


def problem(scope: Scope, error: DomainError) -> Response:
    """The answer to `error`, in the language the caller prefers."""
    spoken = preferred(scope)
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title[spoken],
        "status": error.status,
        "code": error.code,
    }
    if error.detail:
        body["detail"] = error.detail.get(spoken) or error.detail["en"]
    if request_id := scope.get("request_id"):
        body["instance"] = f"urn:uuid:{request_id}"
    if error.faults:
        body["errors"] = [_fault(fault, spoken) for fault in error.faults[:MAX_FAULTS]]
    body.update(error.extra)
    headers = {"Content-Language": spoken, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    return Response(orjson.dumps(body, default=str), error.status, {**headers, **error.headers}, media_type=PROBLEM)


def preferred(scope: Scope) -> str:
    """The language the caller prefers, of the two there are."""
    return language(next((value for name, value in scope["headers"] if name == b"accept-language"), None))


def faults_of(error: DomainError, spoken: str, at: str = "") -> list[dict[str, str]]:
    """What is wrong with one of many things, which lies `at` this pointer; an error without faults is one itself."""
    faults = error.faults or (Fault(error.code, error.detail or error.title, ""),)
    return [_fault(replace(fault, pointer=f"{at}{fault.pointer or ''}"), spoken) for fault in faults[:MAX_FAULTS]]


def _fault(fault: Fault, spoken: str) -> dict[str, str]:
    where = {
        "pointer": fault.pointer,
        "parameter": fault.parameter,
        "header": getattr(fault, "header", None),
    }
    known = {name: value for name, value in where.items() if value is not None}
    return {**known, "code": fault.code, "message": fault.message.get(spoken) or fault.message["en"]}


def of_validation(error: RequestValidationError) -> DomainError:
    """FastAPI's findings on path and query: a path that names nothing is 404, the rest 422."""
    found: Sequence[Mapping[str, Any]] = error.errors()
    if any(item["loc"][0] == "path" for item in found):
        return NotFound()
    return Invalid(faults=[_parameter_fault(item) for item in found])


def _parameter_fault(item: Mapping[str, Any]) -> Fault:
    fault = fault_of(item)
    place = place_of(item)
    name = str(place[1]) if len(place) > 1 else None
    if place[0] == "header":
        return HeaderFault(fault.code, fault.message, header=name)
    return Fault(fault.code, fault.message, parameter=name)


def of_status(error: HTTPException) -> DomainError:
    """What FastAPI or Starlette raise by themselves, under the codes of this service."""
    kind = next((kind for kind in kinds() if kind.status == error.status_code), Malformed)
    return kind(headers=error.headers)


def kinds(root: type[DomainError] = DomainError) -> Iterable[type[DomainError]]:
    """Every kind of error the service knows, in the order they were declared."""
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


async def answer_domain(request: Request, error: Exception) -> Response:
    """Exception handler of `DomainError`, of validation and of HTTP errors."""
    if isinstance(error, RequestValidationError):
        error = of_validation(error)
    elif isinstance(error, HTTPException):
        error = of_status(error)
    return problem(request.scope, error if isinstance(error, DomainError) else InternalError())


HANDLERS: Final[dict[Any, Any]] = dict.fromkeys((DomainError, RequestValidationError, HTTPException), answer_domain)


def answers(
    model: type[BaseModel] | UnionType | None,
    *,
    status: int = 200,
    example: Any = None,
    errors: Iterable[int] = (404, 409),
    description: str | None = None,
    media_type: str = "application/json",
) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of an operation: its answer with an example, and every problem it may answer with.

    Name in `errors` what the operation adds to the common ones. 304 documents `If-None-Match` and `ETag`,
    428 documents `If-Match`. A `model` of None means an empty body.
    """
    success: dict[str, Any] = {"description": description or HTTPStatus(status).phrase}
    if model is not None:
        success["model"] = model
        success["content"] = {media_type: {"example": example}}
    others = sorted({*ALWAYS, *errors} - {status})
    return {status: success, **{code: {"description": HTTPStatus(code).phrase} for code in others}}
