"""What validation finds, in stable codes and in both languages of the service."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import Fault

# pydantic's kind of error → stable code, English, Vietnamese; {…} are limits of the contract, never input
_TEXTS: Final[dict[str, tuple[str, str, str]]] = {
    "missing": ("required", "is required", "là bắt buộc"),
    "extra_forbidden": ("unknown-member", "is not a known member", "không phải thành phần đã biết"),
    "model_type": ("not-an-object", "must be an object", "phải là đối tượng"),
    "model_attributes_type": ("not-an-object", "must be an object", "phải là đối tượng"),
    "dict_type": ("not-an-object", "must be an object", "phải là đối tượng"),
    "list_type": ("not-an-array", "must be an array", "phải là mảng"),
    "tuple_type": ("not-an-array", "must be an array", "phải là mảng"),
    "string_type": ("not-a-string", "must be a string", "phải là chuỗi ký tự"),
    "int_type": ("not-an-integer", "must be an integer", "phải là số nguyên"),
    "int_parsing": ("not-an-integer", "must be an integer", "phải là số nguyên"),
    "int_from_float": ("not-an-integer", "must be an integer", "phải là số nguyên"),
    "int_parsing_size": ("out-of-range", "is out of range", "nằm ngoài phạm vi cho phép"),
    "bool_type": ("not-a-boolean", "must be true or false", "phải là true hoặc false"),
    "bool_parsing": ("not-a-boolean", "must be true or false", "phải là true hoặc false"),
    "none_required": ("not-null", "must be null", "phải là null"),
    "literal_error": ("not-allowed-value", "must be one of {expected}", "phải là một trong {expected}"),
    "enum": ("not-allowed-value", "must be one of {expected}", "phải là một trong {expected}"),
    "greater_than": ("too-small", "must be greater than {gt}", "phải lớn hơn {gt}"),
    "greater_than_equal": ("too-small", "must be at least {ge}", "phải từ {ge} trở lên"),
    "less_than": ("too-large", "must be less than {lt}", "phải nhỏ hơn {lt}"),
    "less_than_equal": ("too-large", "must be at most {le}", "không được vượt quá {le}"),
    "string_too_short": (
        "too-short",
        "needs at least {min_length} characters",
        "cần ít nhất {min_length} ký tự",
    ),
    "string_too_long": ("too-long", "has more than {max_length} characters", "dài quá {max_length} ký tự"),
    "too_short": ("too-few", "needs at least {min_length} items", "cần ít nhất {min_length} phần tử"),
    "too_long": ("too-many", "has more than {max_length} items", "có quá {max_length} phần tử"),
    "string_pattern_mismatch": ("wrong-format", "does not have the required form", "không đúng định dạng"),
    "string_unicode": ("forbidden-character", "is not valid text", "không phải văn bản hợp lệ"),
    "union_tag_invalid": (
        "not-allowed-value",
        "{discriminator} must be one of {expected_tags}",
        "{discriminator} phải là một trong {expected_tags}",
    ),
    "union_tag_not_found": ("required", "needs {discriminator}", "cần có {discriminator}"),
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}", re.ASCII)
_LENGTH_OF_TEXT: Final = {"too_long": "string_too_long", "too_short": "string_too_short"}
_UNKNOWN: Final = ("invalid", "is not valid", "không hợp lệ")


def fault_of(item: Mapping[str, Any], pointer: str | None = None) -> Fault:
    """The fault behind one item of a validation error."""
    context: Mapping[str, Any] = item.get("ctx") or {}
    kind = item["type"]
    if kind == "refused":
        return Fault(context["code"], {"en": context["en"], "vi": context["vi"]}, pointer)
    if isinstance(item.get("input"), str):
        kind = _LENGTH_OF_TEXT.get(kind, kind)
    code, en, vi = _TEXTS.get(kind, _UNKNOWN)
    return Fault(code, {"en": en.format_map(context), "vi": vi.format_map(context)}, pointer)


def place_of(item: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Where the item lies; a check of a whole model may point at one of its members."""
    context: Mapping[str, Any] = item.get("ctx") or {}
    at = context.get("at") if item["type"] == "refused" else None
    return (*item["loc"], at) if at else tuple(item["loc"])


def pointer_to(document: Any, place: Sequence[str | int]) -> str:
    """The JSON pointer (RFC 6901) of a place; names of union members, which are not in the document, are left out."""
    pointer = ""
    here = document
    for position, step in enumerate(place):
        if _has(here, step):
            here = here[step]
        elif position < len(place) - 1 or not isinstance(here, dict):
            continue
        if not is_plain(step):
            break
        pointer += f"/{step}"
    return pointer


def is_plain(step: str | int) -> bool:
    """Whether a name the caller sent may be repeated: only when it is plainly one, for anything else may be data.

    A pointer ends above a member with another name.
    """
    return isinstance(step, int) or _NAME.fullmatch(step) is not None


def _has(here: Any, step: str | int) -> bool:
    if isinstance(here, list):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here
