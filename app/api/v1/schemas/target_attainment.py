"""The contract of target attainment: results of units and officers beside target, nation and the year before."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final, Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Flag, Query, Rate, Strict, Uuid, refuse
from app.api.v1.schemas.cases import OfficerBrief, UnitBrief
from app.api.v1.schemas.regimes import RegimeCode
from app.api.v1.schemas.statistics import Difference, FiscalYear, PeriodOut, period_out, rate_out
from app.api.v1.schemas.targets import TARGET_ID, AnyIndicator
from app.services.reference import Reference
from app.services.statistics.rules import Lines, Period, Share, change, percent, points
from app.services.targets.plan_rules import AVERAGED, RECKONED, is_number
from app.services.targets.rules import (
    INDICATORS,
    Result,
    TargetVersion,
    amount_attainment,
    amount_distance,
    attainment,
    distance,
    is_below,
)
from app.services.targets.views import Frame, Standing, Standings


class AttainmentQuery(Query):
    """Whose attainment, on which day."""

    unit: Uuid | None = Field(
        None, description="the unit asked about; by default the one granted to the caller", examples=[samples.NATION_ID]
    )
    of: Literal["self", "children", "level", "officers"] = Field(
        "self",
        description="the unit itself, its children, all units of a level in it, or its officers",
        examples=["level"],
    )
    level: Literal["provincial", "district", "regional"] | None = Field(
        None, description="the level, with `of=level`", examples=["provincial"]
    )
    fiscal_year: FiscalYear | None = Field(
        None, description="reporting year; by default that of `as_of`", examples=[2025]
    )
    as_of: BusinessDate | None = Field(
        None,
        description="last day that counts; by default today, or the last day of a past year",
        examples=["2025-01-31"],
    )
    indicator: AnyIndicator | None = Field(
        None,
        description="one indicator (code list `indicators`); by default both result rates of all cases",
        examples=["cases_rate"],
    )
    regime: RegimeCode | None = Field(
        None,
        description="counted by this regime instead of that of the day, also the year before (`/v1/regimes`)",
        examples=["tt05-2024"],
    )
    below_national_average: Flag | None = Field(
        None,
        description="true: only those below the national average by any indicator asked for; false: only the others",
        examples=[True],
    )
    map: Literal["day", "old", "new"] = Field(
        "day",
        description=(
            "whose units are children or make up a level: those of the day asked for, those until 2025-06-30 "
            "(63 provinces), or today's (34); a unit counts with all it succeeded"
        ),
        examples=["new"],
    )

    @model_validator(mode="after")
    def _level_goes_with_level(self) -> Self:
        if self.of == "level" and self.level is None:
            raise refuse("required", "is required with of=level", "là bắt buộc khi of=level", at="level")
        if self.of != "level" and self.level is not None:
            raise refuse("not-allowed", "only with of=level", "chỉ dùng khi of=level", at="level")
        return self

    @model_validator(mode="after")
    def _average_of_rates(self) -> Self:
        if self.below_national_average is not None and self.indicator not in (None, *AVERAGED):
            en, vi = "this indicator has no national average", "chỉ tiêu này không có bình quân cả nước"
            raise refuse("not-allowed", en, vi, at="below_national_average")
        return self


class TargetBrief(Strict):
    """The version of the target in force on the day."""

    id: Uuid = Field(description="id of the version", examples=[TARGET_ID])
    version: int = Field(description="1 when assigned, 2… as amended", examples=[1])
    rate: Difference = Field(description="the target in percent", examples=["83.90"])


class AmountBrief(Strict):
    """The version of a target that is a number, in force on the day."""

    id: Uuid = Field(description="id of the version", examples=[TARGET_ID])
    version: int = Field(description="1 when assigned, 2… as amended", examples=[1])
    amount: int = Field(description="cases or VND to be reached", examples=[20_000])


AnyTarget = TypeVar("AnyTarget", TargetBrief, AmountBrief)


class SameYearBefore(Strict):
    """The same period of the previous year (cùng kỳ năm trước)."""

    rate: Rate = Field(description="result rate then")
    delta_pp: Difference | None = Field(description="rate less that rate, in percentage points", examples=["0.62"])
    delta: int = Field(description="done (D1) less done then: cases or VND", examples=[-4_285])
    delta_pct: Difference | None = Field(description="the same in percent of done then", examples=["-2.58"])


class ResultOf(Strict, Generic[AnyTarget]):
    """How far a unit or an officer has come by one indicator; cases (việc), or money in VND."""

    accepted_total: int = Field(description="A = A1 + A2 + handed over net", examples=[28_104])
    carried_over: int = Field(description="A1, carried over without the separate register", examples=[19_502])
    newly_accepted: int = Field(description="A2, newly accepted", examples=[8_602])
    handed_over_net: int = Field(description="received from other units less handed over", examples=[0])
    entrusted: int = Field(description="B1, entrusted", examples=[121])
    withdrawn: int = Field(description="B2, withdrawn or cancelled", examples=[6])
    pulled_up: int = Field(description="B3, pulled up by the province", examples=[0])
    must_enforce: int = Field(description="B = A − B1 − B2 − B3", examples=[27_977])
    with_conditions: int = Field(description="C1 = D1 + D2 + D3 + D4", examples=[18_090])
    without_conditions: int = Field(description="C2, without conditions", examples=[9_700])
    deferred_or_suspended: int = Field(description="C3, deferred or suspended", examples=[187])
    done: int = Field(description="D1, done", examples=[6_473])
    enforcing: int = Field(description="D2, enforcing", examples=[11_500])
    deferred_by_agreement: int = Field(description="D3, deferred by agreement", examples=[80])
    other: int = Field(description="D4, with conditions, other", examples=[37])
    carried_forward: int = Field(description="E = B − D1", examples=[21_504])
    rate: Rate = Field(description="result rate = D1 / C1")
    rank: int | None = Field(
        description="place by rate among all asked for, equal rates equal; null without a rate", examples=[12]
    )
    target: AnyTarget | None = Field(description="the target in force; null when none is assigned")
    attainment: Difference | None = Field(description="what is reached in percent of the target", examples=["42.65"])
    distance_pp: Difference | None = Field(
        description="rate less target in percentage points; negative while it is not reached", examples=["-48.12"]
    )
    national_difference_pp: Difference | None = Field(
        description="rate less national average in percentage points", examples=["-1.35"]
    )
    below_national_average: bool | None = Field(
        description="the rate is lower than the national average; null without a rate", examples=[True]
    )
    previous_year: SameYearBefore = Field(description="the same period of the previous year")


class ResultOut(ResultOf[TargetBrief]):
    """How far a unit or an officer has come by a rate; cases (việc), or money in VND."""


class NumberOut(ResultOf[AmountBrief]):
    """How far a unit or an officer has come by a number of cases, or VND; ranked by `attainment`.

    `rate` and those of the year before have the number above the line. A number has no national average: it is as
    large as the unit is. `distance_pp`, `national_difference_pp` and `below_national_average` are null.
    """

    amount: int = Field(
        description="cases done (D1), or VND collected, without what was terminated or reduced", examples=[1_204]
    )
    distance: int | None = Field(description="`amount` less target; negative while it is not reached", examples=[-96])


class TrackedOut(Strict):
    """How far the administrative judgments that a unit or an officer tracks have been enforced, in judgments."""

    carried_over: int = Field(description="tracked when the year began", examples=[12])
    newly_accepted: int = Field(description="taken on since", examples=[43])
    tracked: int = Field(description="tracked in the period = carried over + newly accepted", examples=[55])
    enforced: int = Field(description="of them enforced in full", examples=[36])
    ended_otherwise: int = Field(description="of them no longer tracked for another reason", examples=[2])
    still_tracked: int = Field(description="of them still tracked on the day", examples=[17])
    rate: Rate = Field(description="enforced / tracked")
    rank: int | None = Field(
        description="place by rate among all asked for, equal rates equal; null without a rate", examples=[12]
    )
    target: TargetBrief | None = Field(description="the target in force; null when none is assigned")
    attainment: Difference | None = Field(description="what is reached in percent of the target", examples=["72.73"])
    distance_pp: Difference | None = Field(
        description="rate less target in percentage points; negative while it is not reached", examples=["-24.55"]
    )
    national_difference_pp: Difference | None = Field(
        description="rate less national average in percentage points", examples=["3.12"]
    )
    below_national_average: bool | None = Field(
        description="the rate is lower than the national average; null without a rate", examples=[False]
    )
    previous_year: SameYearBefore = Field(description="the same period of the previous year, of judgments enforced")


ABSENT: Final = "absent unless it is the `indicator` asked for"


class AttainmentItem(Strict):
    """One unit, or one officer of it."""

    unit: UnitBrief = Field(description="the unit, with everything below it and all it succeeded")
    officer: OfficerBrief | None = Field(description="the officer, with `of=officers`")
    cases_rate: ResultOut | None = Field(description="by cases; null when not asked for")
    money_rate: ResultOut | None = Field(description="by money, VND; null when not asked for")
    administrative_rate: TrackedOut | None = Field(None, description=f"administrative judgments tracked; {ABSENT}")
    credit_cases_rate: ResultOut | None = Field(None, description=f"by cases of credit institutions; {ABSENT}")
    credit_money_rate: ResultOut | None = Field(None, description=f"by money of credit institutions; {ABSENT}")
    cases_done: NumberOut | None = Field(None, description=f"number of cases done; {ABSENT}")
    money_collected: NumberOut | None = Field(None, description=f"VND collected; {ABSENT}")


class NationalAverage(Strict):
    """The result of the whole nation (kết quả bình quân chung của toàn quốc) on the same day."""

    rate: Rate = Field(description="result rate of the nation = D1 / C1, or enforced / tracked")
    ranked: int = Field(description="how many of those asked for have a rank", examples=[34])
    comparable: bool = Field(
        description="false when both years do not count the same things, see the statement of a period", examples=[True]
    )


class NoAverage(Strict):
    """An indicator the nation has no average of: a number."""

    rate: None = Field(description="null")
    ranked: int = Field(description="how many of those asked for have a rank", examples=[34])
    comparable: bool = Field(description="false when both years do not count the same things", examples=[True])


class NationalAverages(Strict):
    """The national averages by indicator."""

    cases_rate: NationalAverage | None = Field(description="by cases; null when not asked for")
    money_rate: NationalAverage | None = Field(description="by money; null when not asked for")
    administrative_rate: NationalAverage | None = Field(None, description=f"administrative judgments tracked; {ABSENT}")
    credit_cases_rate: NationalAverage | None = Field(None, description=f"by cases of credit institutions; {ABSENT}")
    credit_money_rate: NationalAverage | None = Field(None, description=f"by money of credit institutions; {ABSENT}")
    cases_done: NoAverage | None = Field(None, description=f"number of cases done; {ABSENT}")
    money_collected: NoAverage | None = Field(None, description=f"VND collected; {ABSENT}")


class AttainmentPage(Strict):
    """A page of attainment, by rank of the first indicator asked for."""

    items: list[AttainmentItem] = Field(description="units or officers by rank, those without a rank last")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])
    period: PeriodOut = Field(description="the cumulative period up to the day asked for")
    previous_period: PeriodOut = Field(description="the same period of the previous year")
    national: NationalAverages = Field(description="national averages, shown to every caller")


def target_brief(version: TargetVersion | None) -> dict[str, Any] | None:
    """A target version as `TargetBrief`."""
    if version is None:
        return None
    return {"id": version.id, "version": version.version, "rate": percent(*version.share)}


def amount_brief(version: TargetVersion | None) -> dict[str, Any] | None:
    """A version of a target that is a number as `AmountBrief`."""
    return None if version is None else {"id": version.id, "version": version.version, "amount": version.value}


def result_out(result: Result, national: Share) -> dict[str, Any]:
    """A result as `ResultOut`."""
    lines, share, before = result.lines, result.share, result.before
    return {
        "accepted_total": lines.accepted_total,
        "carried_over": lines.carried_over,
        "newly_accepted": lines.newly_accepted,
        "handed_over_net": lines.handed_over_net,
        "entrusted": lines.entrusted,
        "withdrawn": lines.withdrawn,
        "pulled_up": lines.pulled_up,
        "must_enforce": lines.must_enforce,
        "with_conditions": share[1],
        "without_conditions": lines.without_conditions,
        "deferred_or_suspended": lines.deferred_or_suspended,
        "done": lines.done,
        "enforcing": lines.enforcing,
        "deferred_by_agreement": lines.deferred_by_agreement,
        "other": lines.other,
        "carried_forward": lines.carried_forward,
        "rate": rate_out(share),
        "rank": result.rank,
        "target": target_brief(result.target),
        "attainment": attainment(share, result.target),
        "distance_pp": distance(share, result.target),
        "national_difference_pp": points(share, national),
        "below_national_average": is_below(share, national),
        "previous_year": {
            "rate": rate_out(before),
            "delta_pp": points(share, before),
            "delta": share[0] - before[0],
            "delta_pct": change(share[0], before[0]),
        },
    }


def number_out(result: Result) -> dict[str, Any]:
    """A result as `NumberOut`."""
    amount, target = result.share[0], result.target
    return {
        **result_out(replace(result, target=None), (0, 0)),
        "target": amount_brief(target),
        "attainment": amount_attainment(amount, target),
        "amount": amount,
        "distance": amount_distance(amount, target),
    }


def tracked_out(result: Result, national: Share) -> dict[str, Any]:
    """A result as `TrackedOut`."""
    lines = result.lines
    counted = {
        "tracked": lines.accepted_total,
        "enforced": lines.done,
        "ended_otherwise": lines.other,
        "still_tracked": lines.enforcing,
    }
    shown = {**result_out(result, national), **counted}
    return {name: shown[name] for name in TrackedOut.model_fields}


def _any_result_out(indicator: str, result: Result, national: Share) -> dict[str, Any]:
    if RECKONED[indicator].tracked:
        return tracked_out(result, national)
    return number_out(result) if is_number(indicator) else result_out(result, national)


def attainment_item(standing: Standing, national: Mapping[str, Share], ref: Reference) -> dict[str, Any]:
    """A standing as `AttainmentItem`."""
    item: dict[str, Any] = {
        "unit": ref.brief(standing.unit.id),
        "officer": None if standing.officer is None else ref.officer_brief(standing.officer.id),
        "cases_rate": None,
        "money_rate": None,
    }
    for name, result in standing.results.items():
        item[name] = _any_result_out(name, result, national[name])
    return item


def frame_out(found: Standings) -> dict[str, Any]:
    """The members of `AttainmentPage` besides the items."""
    frame = found.frame
    return {
        "period": period_out(frame.period, frame.regime),
        "previous_period": period_out(frame.before, frame.regime_before),
        "national": {name: _national(found, name) for name in dict.fromkeys((*INDICATORS, *found.national))},
    }


def _national(found: Standings, name: str) -> dict[str, Any] | None:
    if name not in found.national:
        return None
    return {
        "rate": rate_out(found.national[name]) if name in AVERAGED else None,
        "ranked": found.ranked[name],
        "comparable": found.frame.comparable[name],
    }


def _sample() -> dict[str, Any]:
    """One province after four months of fiscal year 2025."""
    target = TargetVersion(TARGET_ID, samples.PROVINCE_ID, 2025, "cases_rate", 1, 8390, date(2024, 10, 1))
    lines = Lines(19_502, 8_602, 0, 121, 6, 0, 6_473, 11_500, 80, 37, 9_700, 187)
    result = Result(lines, (lines.done, lines.with_conditions), (6_302, 17_544), target, rank=12)
    period = Period.of_months(2025, 4)
    frame = Frame(period, period.previous(), "tt05-2024", "tt06-2019", {"cases_rate": True})
    standing = Standing(samples.SAMPLE_REF.units[samples.PROVINCE_ID], None, {"cases_rate": result}, (12, ""))
    found = Standings(frame, {"cases_rate": (161_828, 452_275)}, {"cases_rate": 34}, [standing])
    samples.example_of(ResultOut, result_out(result, found.national["cases_rate"]))
    samples.example_of(NumberOut, number_out(result))
    samples.example_of(TrackedOut, tracked_out(result, found.national["cases_rate"]))
    item = samples.example_of(AttainmentItem, attainment_item(standing, found.national, samples.SAMPLE_REF))
    return samples.example_of(AttainmentPage, {"items": [item], "next": None, **frame_out(found)})


PAGE_EXAMPLE: Final = _sample()
