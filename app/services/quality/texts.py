"""What the checks found, in a sentence, in Vietnamese and in English."""

from typing import Final

from app.services.quality.rules import Finding

Texts = dict[str, str]

_LINES: Final[dict[str, Texts]] = {
    "accepted_total": {"vi": "tổng số thụ lý (A)", "en": "accepted total (A)"},
    "must_enforce": {"vi": "số phải thi hành (B)", "en": "what must be enforced (B)"},
    "with_conditions": {"vi": "có điều kiện thi hành (C1)", "en": "with conditions (C1)"},
    "without_conditions": {"vi": "chưa có điều kiện (C2)", "en": "without conditions (C2)"},
    "deferred_or_suspended": {"vi": "hoãn, tạm đình chỉ (C3)", "en": "deferred or suspended (C3)"},
    "done": {"vi": "thi hành xong (D1)", "en": "done (D1)"},
    "completed": {"vi": "thi hành xong hoàn toàn", "en": "completed"},
    "terminated": {"vi": "đình chỉ", "en": "terminated"},
    "reduced": {"vi": "miễn, giảm", "en": "exempted or reduced"},
    "returned": {"vi": "gửi lại yêu cầu", "en": "requests returned"},
    "enforcing": {"vi": "đang thi hành (D2)", "en": "enforcing (D2)"},
    "deferred_by_agreement": {"vi": "hoãn theo thỏa thuận (D3)", "en": "deferred by agreement (D3)"},
    "other": {"vi": "trường hợp khác (D4)", "en": "other (D4)"},
    "carried_forward": {"vi": "chuyển kỳ sau (E)", "en": "carried forward (E)"},
    "accepted": {"vi": "thụ lý mới", "en": "newly accepted"},
    "rate_pct": {"vi": "tỷ lệ thi hành xong", "en": "result rate"},
    "yoy_done_abs": {"vi": "tăng, giảm so với cùng kỳ", "en": "change on the year before"},
    "yoy_done_pct": {"vi": "tăng, giảm so với cùng kỳ, %", "en": "change on the year before, %"},
    "yoy_rate_pp": {"vi": "chênh lệch tỷ lệ so với cùng kỳ", "en": "change of the rate on the year before"},
}
_MEASURES: Final[dict[str, Texts]] = {
    "cases": {"vi": "Về việc", "en": "In cases"},
    "money": {"vi": "Về tiền", "en": "In money"},
}
_SENTENCES: Final[dict[str, Texts]] = {
    "impossible_line": {
        "vi": "{measure}: {line} là {found}; không thể nhỏ hơn 0.",
        "en": "{measure}: {line} is {found}; it cannot be below 0.",
    },
    "done_exceeds_conditions": {
        "vi": "{measure}: thi hành xong {found} nhiều hơn có điều kiện thi hành {expected}.",
        "en": "{measure}: {found} done is more than {expected} with conditions.",
    },
    "broken_identity": {
        "vi": "{measure}: {line} là {found}, nhưng các phần của nó cho {expected} (chênh {difference}).",
        "en": "{measure}: {line} is {found}, but its parts give {expected} (difference {difference}).",
    },
    "opening_stock": {
        "vi": (
            "{measure}: tồn năm trước chuyển sang và nhận bàn giao là {found}, tồn cuối năm trước là {expected}; chênh "
            "{difference}: chuyển sổ theo dõi riêng {register_moves}, bàn giao {handovers}, điều chỉnh {adjustments}."
        ),
        "en": (
            "{measure}: carried over and handed over is {found}, last year closed with {expected}; difference "
            "{difference}: separate register {register_moves}, handovers {handovers}, adjustments {adjustments}."
        ),
    },
    "share_with_conditions": {
        "vi": "Tỷ lệ có điều kiện thi hành là {found}%, thường là {expected}% (chênh {difference} điểm phần trăm).",
        "en": "The share with conditions is {found}%, usually {expected}% (difference {difference} percentage points).",
    },
    "monthly_jump": {
        "vi": "{measure}: {line} trong tháng thứ {month} là {found}, cùng tháng năm trước {expected} ({difference}).",
        "en": "{measure}: {line} in month {month} is {found}, the same month a year before {expected} ({difference}).",
    },
    "silent_month": {
        "vi": "Trong tháng thứ {month} không có bút toán nào, dù đơn vị còn việc phải thi hành.",
        "en": "There is no entry in month {month}, although the unit had cases to enforce.",
    },
    "published_contradiction": {
        "vi": (
            "{measure}, công bố {months} tháng: {line} công bố {found}, tính lại được {expected} (chênh {difference})."
        ),
        "en": (
            "{measure}, published for {months} months: {line} is given as {found}, its parts give {expected} "
            "(difference {difference})."
        ),
    },
    "published_remainder": {
        "vi": (
            "{measure}, công bố {months} tháng: A1 + A2 − B = {found}, là số chuyển sổ theo dõi riêng, ủy thác và thu "
            "hồi không công bố riêng."
        ),
        "en": (
            "{measure}, published for {months} months: A1 + A2 − B = {found}, which went to the separate register, was "
            "entrusted or withdrawn; it is not published apart."
        ),
    },
}


def sentence(finding: Finding, spoken: str) -> str:
    """The finding in a sentence, `vi` or `en`."""
    line = _LINES.get(finding.line or "", {}).get(spoken, finding.line)
    values = {name: _shown(value, spoken) for name, value in _numbers(finding).items()}
    return _SENTENCES[finding.code][spoken].format(
        measure=_MEASURES[finding.measure][spoken], line=line, month=finding.month, months=finding.months, **values
    )


def _numbers(finding: Finding) -> dict[str, str | None]:
    numbers = {"found": finding.found, "expected": finding.expected, "difference": finding.difference}
    return {**numbers, **{name: str(value) for name, value in finding.parts.items()}}


def _shown(value: str | None, spoken: str) -> str:
    """By thousands, with a true minus sign, and in Vietnamese with the comma before decimals."""
    if value is None:
        return "–"
    whole, point, places = value.removeprefix("-").partition(".")
    shown = f"{int(whole):,}{point}{places}"
    if spoken == "vi":
        shown = shown.translate(str.maketrans(",.", ".,"))
    return f"−{shown}" if value.startswith("-") else shown
