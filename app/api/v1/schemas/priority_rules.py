"""The contract of the priority rules: every version of them, and the next one."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Self

import orjson
from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Count, Line, Money, Strict, Text, Version, refuse
from app.api.v1.schemas.priority import AmountMeant, FlagName
from app.services.priority.commands import NewRule
from app.services.reference import FOREVER, PriorityRule

Years = Annotated[Count, Field(ge=1, le=50)]


class RuleOut(Strict):
    """One version of the rule behind a flag."""

    flag: FlagName = Field(description="the flag it raises", examples=["high_value"])
    version: Version = Field(description="1, 2, …; a version is never changed, only ended", examples=[1])
    since: BusinessDate | None = Field(description="first day it is in force", examples=["2024-10-01"])
    until: BusinessDate | None = Field(description="day from which it no longer is; null while open", examples=[None])
    years: Years | None = Field(description="age of the decision, in years; null when age does not count", examples=[3])
    years_inclusive: bool = Field(
        description='true: raised on the anniversary ("từ … năm"); false: the day after ("quá … năm")', examples=[False]
    )
    min_amount_vnd: Money | None = Field(description="least amount, in VND", examples=[20_000_000_000])
    amount_meant: AmountMeant = Field(description="value of the decision or what is outstanding", examples=["value"])
    requires_conditions: bool = Field(description="only cases with conditions for enforcement", examples=[True])
    legal_basis: str = Field(
        description="legal basis", examples=["Chỉ đạo của Tổng cục THADS về chỉ tiêu, nhiệm vụ năm 2025"]
    )


class RulePage(Strict):
    """A page of rule versions."""

    items: list[RuleOut] = Field(description="by flag, then version")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class RuleHistory(Strict):
    """All versions of the rule behind one flag."""

    flag: FlagName = Field(description="the flag", examples=["high_value"])
    current: RuleOut | None = Field(description="the version in force today")
    versions: list[RuleOut] = Field(description="every version, oldest first")


class RuleNew(Strict):
    """The next version of a rule; the version before ends on the day this one begins."""

    flag: FlagName = Field(description="the flag it raises", examples=["high_value"])
    since: BusinessDate = Field(description="first day in force, today or later", examples=["2030-01-01"])
    years: Years | None = Field(None, description="age of the decision, in years", examples=[3])
    years_inclusive: bool = Field(
        True, description='true: raised on the anniversary ("từ … năm"); false: the day after ("quá … năm")',
        examples=[False],
    )  # fmt: skip
    min_amount_vnd: Money | None = Field(
        None, description="least amount in VND; for high_value only, at least one billion", examples=[20_000_000_000]
    )
    amount_meant: AmountMeant = Field(
        "value", description="value of the decision or what is outstanding", examples=["value"]
    )
    requires_conditions: bool = Field(False, description="only cases with conditions for enforcement", examples=[True])
    legal_basis: Line = Field(description="legal basis", examples=["Chỉ đạo về chỉ tiêu, nhiệm vụ năm 2030"])
    reason: Text = Field(description="why it is changed; kept in the trail", examples=["Theo chỉ đạo năm 2030"])

    def to_rule(self) -> NewRule:
        """The version as the service takes it."""
        return NewRule(**self.model_dump(exclude={"reason"}))

    @model_validator(mode="after")
    def _members_of_flag(self) -> Self:
        asked = {"years": self.flag != "steering_committee", "min_amount_vnd": self.flag == "high_value"}
        for name, needed in asked.items():
            given = getattr(self, name) is not None
            if needed and not given:
                raise refuse("required", "is required for this flag", "bắt buộc với cờ này", at=name)
            if given and not needed:
                raise refuse("not-of-flag", "does not belong to this flag", "không thuộc cờ này", at=name)
        return self


def rule_out(rule: PriorityRule) -> dict[str, Any]:
    """A rule version as `RuleOut`."""
    return {
        "flag": rule.flag,
        "version": rule.version,
        "since": None if rule.since == date.min else rule.since.isoformat(),
        "until": None if rule.until == FOREVER else rule.until.isoformat(),
        "years": rule.years,
        "years_inclusive": rule.years_inclusive,
        "min_amount_vnd": rule.min_amount_vnd,
        "amount_meant": rule.amount_meant,
        "requires_conditions": rule.requires_conditions,
        "legal_basis": rule.legal_basis,
    }


def history_out(flag: str, rules: Sequence[PriorityRule], on: date) -> dict[str, Any]:
    """The versions of one rule as `RuleHistory`."""
    versions = [rule_out(rule) for rule in rules]
    current = next((out for rule, out in zip(rules, versions, strict=True) if rule.since <= on < rule.until), None)
    return {"flag": flag, "current": current, "versions": versions}


_SAMPLE: Final = PriorityRule(
    "high_value", 1, 3, False, 20_000_000_000, "value", True,
    "Chỉ đạo của Tổng cục THADS về chỉ tiêu, nhiệm vụ năm 2025", date(2024, 10, 1), FOREVER,
)  # fmt: skip
RULE_EXAMPLE: Final = samples.example_of(RuleOut, rule_out(_SAMPLE))
RULE_PAGE_EXAMPLE: Final = samples.example_of(RulePage, {"items": [RULE_EXAMPLE], "next": None})
HISTORY_EXAMPLE: Final[dict[str, Any]] = orjson.loads(
    orjson.dumps(samples.example_of(RuleHistory, history_out("high_value", [_SAMPLE], date(2025, 9, 30))))
)
