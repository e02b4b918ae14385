"""What a check found, as the contract shows it; also the warnings of a statement."""

from typing import Any, Literal

from pydantic import Field

from app.api.v1.schemas.base import Strict
from app.services.quality.rules import Finding
from app.services.quality.texts import sentence

FindingCode = Literal[
    "impossible_line", "done_exceeds_conditions", "broken_identity", "opening_stock", "share_with_conditions",
    "monthly_jump", "silent_month", "published_contradiction", "published_remainder",
]  # fmt: skip
Severity = Literal["error", "warning", "info"]


class WarningOut(Strict):
    """What a check found in figures."""

    code: FindingCode = Field(description="which check", examples=["share_with_conditions"])
    severity: Severity = Field(
        description="`error`: cannot be; `warning`: is unlikely; `info`: is explained", examples=["warning"]
    )
    measure: Literal["cases", "money"] = Field(description="cases (việc) or money (tiền)", examples=["cases"])
    line: str | None = Field(
        description="line of the statement, or figure of the publication", examples=["with_conditions"]
    )
    values_in: Literal["cases", "vnd", "percent"] = Field(
        description="what the values are; a difference of percentages is in percentage points", examples=["percent"]
    )
    found: str = Field(description="what the figures say", examples=["31.20"])
    expected: str | None = Field(description="what would be expected; null where nothing is", examples=["71.85"])
    difference: str | None = Field(description="found less expected", examples=["-40.65"])
    text_vi: str = Field(
        description="the same in Vietnamese", examples=["Tỷ lệ có điều kiện thi hành là 31,20%, thường là 71,85%."]
    )
    text_en: str = Field(
        description="the same in English", examples=["The share with conditions is 31.20%, usually 71.85%."]
    )


def warning_out(finding: Finding) -> dict[str, Any]:
    """A finding as `WarningOut`."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "measure": finding.measure,
        "line": finding.line,
        "values_in": finding.values_in,
        "found": finding.found,
        "expected": finding.expected,
        "difference": finding.difference,
        "text_vi": sentence(finding, "vi"),
        "text_en": sentence(finding, "en"),
    }
