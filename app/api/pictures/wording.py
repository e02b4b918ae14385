"""Numbers, days and names as people read them, and how much room they take."""

import unicodedata
from datetime import date
from typing import Any, Final, Literal

Language = Literal["vi", "en"]

MISSING: Final = {"vi": "không có số liệu", "en": "no data"}
_MINUS: Final = "\u2212"
_THADS: Final = "THADS"
# "Thi hành án dân sự" in the names of units, as the service itself abbreviates it
_WHOLE_WORDS: Final = "Thi hành án dân sự"

# Widths in parts of the font size, of common sans-serif fonts and on the wide side: cut too early rather than too late.
_NARROW: Final = dict.fromkeys("iljtfI.,:;|!'()[] -/", 0.34)
_WIDE: Final = dict.fromkeys("mwMW%@—", 0.92)
_CAPITAL: Final = 0.72
_OTHER: Final = 0.61


def percent(value: str | None, spoken: Language) -> str:
    """`"83.88"` as `83,88%`; no data when there is none."""
    return MISSING[spoken] if value is None else f"{decimal(value, spoken)}%"


def decimal(value: str, spoken: Language) -> str:
    """A decimal string with the comma of Vietnamese (dấu phẩy thập phân), and a true minus sign."""
    shown = value.replace("-", _MINUS)
    return shown.replace(".", ",") if spoken == "vi" else shown


def difference(value: str | None, spoken: Language) -> str:
    """A difference with its sign; a dash when there is none."""
    if value is None:
        return "–"
    return decimal(value if value.startswith("-") or not value.strip("0.") else f"+{value}", spoken)


def number(value: int, spoken: Language) -> str:
    """A whole number by thousands: `1.204` in Vietnamese, `1,204` in English."""
    shown = f"{value:,}".replace("-", _MINUS)
    return shown.replace(",", ".") if spoken == "vi" else shown


def day(value: date, spoken: Language) -> str:
    """A day: `31/01/2025`, or `2025-01-31` in English, where the order would be doubtful."""
    return f"{value:%d/%m/%Y}" if spoken == "vi" else value.isoformat()


def filled(text: str, **values: Any) -> str:
    """A sentence with its blanks filled in."""
    return text.format(**values)


def width(text: str, size: float) -> float:
    """About how wide a text is, on the wide side."""
    return size * sum(map(_width, unicodedata.normalize("NFC", text)))


def _width(sign: str) -> float:
    base = unicodedata.normalize("NFD", sign)[0]
    if base in _NARROW:
        return _NARROW[base]
    if base in _WIDE:
        return _WIDE[base]
    return _CAPITAL if base.isupper() or base == "Đ" else _OTHER


def cut(text: str, size: float, room: float) -> str:
    """The text if there is room for it; else with its usual abbreviation, and if need be without its end."""
    if width(text, size) <= room:
        return text
    text = text.replace(_WHOLE_WORDS, _THADS)
    if width(text, size) <= room:
        return text
    kept, room = "", room - width("…", size)
    for sign in unicodedata.normalize("NFC", text):
        if width(kept + sign, size) > room:
            break
        kept += sign
    return f"{kept.rstrip()}…"
