"""The contract of the priority flags: how a raised flag explains itself."""

from typing import Any, Literal

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Money, Strict, Uuid
from app.services.priority.rules import RaisedFlag

FlagName = Literal["long_running", "high_value", "steering_committee"]
AmountMeant = Literal["value", "outstanding"]
TrackingLevel = Literal["central", "provincial"]


class ComparedFacts(Strict):
    """The facts a flag was decided by, next to what the rule version asks; null where the rule does not ask."""

    decision_date: BusinessDate = Field(description="day of the enforcement decision", examples=["2020-03-15"])
    years: int | None = Field(description="age the rule asks for, in years", examples=[5])
    reached_on: BusinessDate | None = Field(
        description="first day on which the decision was old enough", examples=["2025-03-15"]
    )
    with_conditions: bool = Field(description="the case has conditions for enforcement", examples=[True])
    amount_vnd: Money = Field(description="the amount the rule means, in VND", examples=[23_450_000_000])
    amount_meant: AmountMeant = Field(
        description="the amount the rule means: value of the decision or what is outstanding", examples=["value"]
    )
    min_amount_vnd: Money | None = Field(description="least amount the rule asks for, in VND", examples=[None])
    matter_id: Uuid | None = Field(description="the matter (vụ) of the case", examples=[samples.MATTER_ID])
    tracked_by: list[TrackingLevel] = Field(
        description="steering committees that track the matter on the day", examples=[["central"]]
    )
    tracked_since: BusinessDate | None = Field(
        description="day since which the matter has been tracked without a break", examples=["2024-05-20"]
    )


class RaisedFlagOut(Strict):
    """A priority flag raised on a case, with its reason."""

    flag: FlagName = Field(description="the flag (code list `priority-flags`)", examples=["long_running"])
    rule_version: int = Field(description="version of the rule, see `/v1/priority-rules`", examples=[1])
    since: BusinessDate = Field(
        description=(
            "day since which age, tracking and this rule version give the flag without a break, taking conditions "
            "and amount as they stand on the day asked for"
        ),
        examples=["2025-03-15"],
    )
    facts: ComparedFacts = Field(description="what was compared")
    legal_basis: str = Field(
        description="legal basis of the rule", examples=["Chỉ đạo của Tổng cục THADS về chỉ tiêu, nhiệm vụ năm 2025"]
    )
    text_vi: str = Field(
        description="the reason in Vietnamese",
        examples=["Quyết định thi hành án ngày 15/03/2020, đủ 5 năm từ 15/03/2025; có điều kiện thi hành."],
    )
    text_en: str = Field(
        description="the reason in English",
        examples=["Decision of 2020-03-15, 5 years old since 2025-03-15; with conditions."],
    )


def flag_out(raised: RaisedFlag) -> dict[str, Any]:
    """A raised flag as `RaisedFlagOut`; dates are left to orjson."""
    facts = raised.compared
    return {
        "flag": raised.flag,
        "rule_version": raised.rule_version,
        "since": raised.since,
        "facts": {
            "decision_date": facts.decision_date,
            "years": facts.years,
            "reached_on": facts.reached_on,
            "with_conditions": facts.with_conditions,
            "amount_vnd": facts.amount_vnd,
            "amount_meant": facts.amount_meant,
            "min_amount_vnd": facts.min_amount_vnd,
            "matter_id": facts.matter_id,
            "tracked_by": facts.tracked_by,
            "tracked_since": facts.tracked_since,
        },
        "legal_basis": raised.legal_basis,
        "text_vi": raised.text_vi,
        "text_en": raised.text_en,
    }
