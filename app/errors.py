"""Domain errors: each knows its status, its stable code and its titles; the API renders them in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the input: where (`pointer` into the body or `parameter`) and what."""

    code: str
    message: Mapping[str, str]  # language → text
    pointer: str | None = None
    parameter: str | None = None


class DomainError(Exception):
    """Base of every error a service raises on purpose."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad-request"
    title: ClassVar[Mapping[str, str]] = {"en": "Bad request", "vi": "Yêu cầu không hợp lệ"}

    def __init__(
        self,
        detail: Mapping[str, str] | None = None,
        *,
        faults: Sequence[Fault] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__((detail or self.title).get("en", self.code))
        self.detail = detail
        self.faults = tuple(faults)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


class NotFound(DomainError):
    """The thing does not exist, or the caller may not know that it does."""

    status = 404
    code = "not-found"
    title = {"en": "Not found", "vi": "Không tìm thấy"}


class Unauthorized(DomainError):
    """No token, or one that does not hold."""

    status = 401
    code = "unauthorized"
    title = {"en": "A valid access token is needed", "vi": "Cần mã truy cập hợp lệ"}


class Forbidden(DomainError):
    """The token lacks the scope, or the unit lies outside the caller's subtree."""

    status = 403
    code = "forbidden"
    title = {"en": "Not allowed", "vi": "Không được phép"}


class Conflict(DomainError):
    """The state of the thing does not allow what was asked."""

    status = 409
    code = "conflict"
    title = {"en": "Conflict with the current state", "vi": "Xung đột với trạng thái hiện tại"}


class InvalidTransition(Conflict):
    """The event is not allowed in the state of the case."""

    code = "invalid-transition"
    title = {
        "en": "The state of the case does not allow this event",
        "vi": "Trạng thái vụ việc không cho phép",
    }


class ConflictOfInterest(Conflict):
    """A party of the case is the officer, or registered as the officer's relative."""

    code = "conflict-of-interest"
    title = {
        "en": "The officer may not handle this case",
        "vi": "Chấp hành viên không được giải quyết vụ việc này",
    }


class PreconditionFailed(DomainError):
    """Somebody else changed the thing since it was read."""

    status = 412
    code = "precondition-failed"
    title = {"en": "Changed in the meantime", "vi": "Dữ liệu đã thay đổi"}


class Invalid(DomainError):
    """Well-formed but not acceptable; `faults` names every reason."""

    status = 422
    code = "validation-failed"
    title = {"en": "The input is not valid", "vi": "Dữ liệu không hợp lệ"}


class Busy(DomainError):
    """No connection or lock within the allowed wait; asking again later is right."""

    status = 503
    code = "busy"
    title = {"en": "Busy, try again", "vi": "Hệ thống đang bận, hãy thử lại"}


class TooManyRequests(Busy):
    """The quota of the client, or of its address, is used up; `Retry-After` says when to ask again."""

    status = 429
    code = "quota-exceeded"
    title = {"en": "Too many requests", "vi": "Quá nhiều yêu cầu"}


def invalid(code: str, en: str, vi: str, *, pointer: str | None = None, parameter: str | None = None) -> Invalid:
    """An `Invalid` with a single fault."""
    return Invalid(faults=[Fault(code, {"en": en, "vi": vi}, pointer, parameter)])
