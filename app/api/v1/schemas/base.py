"""Bases and common types of the contract.

Request bodies are strict: an integer is not `"7"`, `7.0` or `true`. Query strings carry text, so `Query`
parses it, but only in its canonical form (`limit=50`, never `+50`, `5e1` or `50.0`).

To narrow a common type, do it inside `Annotated`: `code: Annotated[Line, Field(max_length=35)] = Field(…)`.
A limit in the assigned `Field` alone loses against the one the type already has.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

MAX_MONEY: Final = 10**15
MAX_COUNT: Final = 2**31 - 1
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)
# Vietnamese needs two marks on one letter before composition; stacks of more only hide text
MAX_MARKS: Final = 3
# What nearly every text is made of: printable, whole letters, so in NFC and without marks of its own.
_PLAIN: Final = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u02ff\u1e00-\u1eff]*")
DENIED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
UUID_PATTERN: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
DATE_PATTERN: Final = r"^(19\d\d|20\d\d|2100)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"

_ABOUT: Final = ("title", "description", "examples", "default", "deprecated")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_PERCENT = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,2})?", re.ASCII)


def refuse(code: str, en: str, vi: str, *, at: str | None = None) -> PydanticCustomError:
    """The error a validator of the contract raises: stable code, two languages, never the value.

    A validator of a whole model names in `at` the member the caller should look at.
    """
    return PydanticCustomError("refused", "{en}", {"code": code, "en": en, "vi": vi, "at": at})


@dataclass(frozen=True, slots=True)
class _Form:
    """Adds format and pattern to the JSON schema; `WithJsonSchema` would drop descriptions and examples."""

    format: str | None
    pattern: str | None

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        about = {name: value for name, value in handler(schema).items() if name in _ABOUT}
        given = {"type": "string", "format": self.format, "pattern": self.pattern}
        return {**about, **{name: value for name, value in given.items() if value}}


class Strict(BaseModel):
    """Base of request and response bodies: no unknown members, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """Base of filters in the query string. Unknown and repeated parameters are refused by the route (400)."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _canonical_whole(value: Any) -> Any:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise refuse("not-an-integer", "must be a whole number", "phải là số nguyên")
    return value


def _canonical_flag(value: Any) -> Any:
    # the lax parser would also take yes, on, 1; the strict one refuses every string by itself
    if isinstance(value, str) and value not in ("true", "false"):
        raise refuse("not-a-boolean", "must be true or false", "phải là true hoặc false")
    return value


def _business_date(value: Any, _: Any) -> date:
    if type(value) is date:
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise refuse("not-a-date", "must be a date of the form YYYY-MM-DD", "phải là ngày dạng YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise refuse("not-a-date", "there is no such day", "ngày không tồn tại") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise refuse("date-out-of-range", "must lie within 1900 and 2100", "phải nằm trong khoảng 1900–2100")
    return day


def _business_instant(value: Any, _: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise refuse(
            "not-an-instant",
            "must be an RFC 3339 time with its offset",
            "phải là thời điểm RFC 3339 kèm múi giờ",
        )
    try:
        instant = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refuse("not-an-instant", "there is no such time", "thời điểm không tồn tại") from None
    if not FIRST_DAY <= instant.date() <= LAST_DAY:
        raise refuse("date-out-of-range", "must lie within 1900 and 2100", "phải nằm trong khoảng 1900–2100")
    return instant


def _percent(value: Any, _: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        raise refuse(
            "not-a-percentage",
            "must be a decimal string with at most two places, such as 83.90",
            "phải là chuỗi thập phân tối đa hai chữ số lẻ, ví dụ 83.90",
        )
    return Decimal(value)


def _check_characters(value: str, *, lines: bool) -> None:
    marks = 0
    for character in value:
        category = unicodedata.category(character)
        if category in DENIED and not (lines and character in "\n\t"):
            raise refuse(
                "forbidden-character",
                "must not contain control, invisible or direction-changing characters",
                "không được chứa ký tự điều khiển, ký tự ẩn hoặc ký tự đổi chiều chữ",
            )
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            raise refuse("too-many-marks", "has too many marks on one letter", "có quá nhiều dấu trên một chữ")


def _not_blank(value: str) -> str:
    if not value:
        raise refuse("blank", "must not be blank", "không được để trống")
    return value


def _tidy(value: Any, *, lines: bool) -> Any:
    if not isinstance(value, str):
        return value
    if _PLAIN.fullmatch(value):
        return _not_blank(value.strip())
    if lines:
        value = value.replace("\r\n", "\n")
    if not value.isascii():
        value = unicodedata.normalize("NFC", value).replace("\u00a0", " ")
    if not (value.isascii() and value.isprintable()):
        _check_characters(value, lines=lines)
    return _not_blank(value.strip())


def _one_line(value: Any) -> Any:
    return _tidy(value, lines=False)


def _some_lines(value: Any) -> Any:
    return _tidy(value, lines=True)


ONE_LINE: Final = BeforeValidator(_one_line)
"""Makes a `Line` of a string of any other length: `Annotated[str, Field(max_length=20), ONE_LINE]`.

For what comes in thousands: a limit on `Line` itself is one more call of Python for every text.
"""

Uuid = Annotated[
    str,
    StringConstraints(pattern=UUID_PATTERN),
    _Form("uuid", UUID_PATTERN),
]
"""A UUID in its canonical form only: lower case, hyphens, no braces, no `urn:`."""

Money = Annotated[int, Field(ge=0, le=MAX_MONEY), BeforeValidator(_canonical_whole)]
"""An amount in VND."""

Count = Annotated[int, Field(ge=0, le=MAX_COUNT), BeforeValidator(_canonical_whole)]
"""A number of things."""

Version = Annotated[int, Field(ge=1, le=2**53), BeforeValidator(_canonical_whole)]
"""The version of a resource; also its ETag."""

Flag = Annotated[bool, BeforeValidator(_canonical_flag)]
"""`true` or `false`, in a body or in the query string."""

BusinessDate = Annotated[
    date,
    WrapValidator(_business_date),
    _Form("date", DATE_PATTERN),
]
"""A day between 1900-01-01 and 2100-12-31."""

Instant = Annotated[datetime, WrapValidator(_business_instant), _Form("date-time", None)]
"""A moment with its offset (RFC 3339), between 1900 and 2100; kept in UTC."""

Percent = Annotated[
    Decimal,
    WrapValidator(_percent),
    _Form(None, r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,2})?$"),
]
"""A percentage as a decimal string with at most two places."""

Line = Annotated[str, Field(max_length=500), ONE_LINE]
"""One line of text: NFC, trimmed, no control, invisible or direction-changing characters."""

Name = Annotated[str, Field(max_length=200), ONE_LINE]
"""A name; as `Line`, at most 200 characters."""

Text = Annotated[str, Field(max_length=4000), BeforeValidator(_some_lines)]
"""Text that may have line breaks; as `Line`, at most 4000 characters."""

Code = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
"""A code of a unit, officer, matter or list entry."""


class Rate(Strict):
    """A share in percent with what it was computed from."""

    value: Annotated[str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]{0,5})\.[0-9]{2}$")] | None = Field(
        description="percent with two places; null when the denominator is zero", examples=["83.88"]
    )
    numerator: int = Field(description="what is above the line, unrounded", examples=[161828])
    denominator: int = Field(description="what is below the line, unrounded", examples=[192928])
