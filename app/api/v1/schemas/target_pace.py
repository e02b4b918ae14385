"""The contract of pace: what a target still needs, how fast, and where the year is likely to end."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any, Final, Generic

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Rate, Strict
from app.api.v1.schemas.cases import OfficerBrief, UnitBrief
from app.api.v1.schemas.statistics import Difference, PeriodOut, period_out, rate_out
from app.api.v1.schemas.target_attainment import (
    ABSENT,
    AmountBrief,
    AnyTarget,
    AttainmentQuery,
    TargetBrief,
    amount_brief,
    target_brief,
)
from app.api.v1.schemas.targets import TARGET_ID, AnyIndicator
from app.services.pace.rules import INDICATORS, Interval, Needed, Projection, months_gone, months_left
from app.services.pace.views import Pace, Paces
from app.services.reference import Reference
from app.services.statistics.rules import Lines, Period, percent, ratio
from app.services.targets.plan_rules import is_number
from app.services.targets.rules import Result, TargetVersion, amount_distance, distance
from app.services.targets.views import Frame, Standing, Standings


class PaceQuery(AttainmentQuery):
    """Whose pace, on which day; as in `/v1/target-attainment`."""

    indicator: AnyIndicator | None = Field(
        None,
        description="one indicator (code list `indicators`); by default both result rates of all cases",
        examples=["cases_rate"],
    )


class NeededOut(Strict):
    """What must still be done to reach the target: cases (việc), or VND; 0 when it is reached."""

    of_today: int = Field(
        description="if nothing more came to have conditions: target × C1, less D1; of a number target less number",
        examples=[8_705],
    )
    by_year_end: int | None = Field(
        description="with what is projected to have conditions on 30 September; null without a projection, or where "
        "the target is a number",
        examples=[16_210],
    )
    per_month: Difference | None = Field(
        description="the same for each month left: `by_year_end`, or `of_today` without it; null on 30 September",
        examples=["2026.25"],
    )
    reached: bool = Field(
        description="whether that is done by 30 September at the average pace since 1 October", examples=[False]
    )
    reached_on: BusinessDate | None = Field(
        description="the day on which it is, at that pace; the day asked for when nothing is missing", examples=[None]
    )


class IntervalOut(Strict):
    """How far off the same projection was in past years of the unit or officer: never less than its largest error."""

    low: Difference = Field(description="lower end of the rate, percent", examples=["80.25"])
    high: Difference = Field(description="upper end of the rate, percent", examples=["84.79"])
    years: int = Field(description="past years whose projections it rests on", examples=[4])
    coverage: Difference = Field(
        description="how often it should hold, in percent: n of n + 1 times with n years, if this year is like them",
        examples=["80.00"],
    )


class ProjectionOut(Strict):
    """Where the year is likely to end, if what was still done after this day in past years is done again."""

    done: int = Field(description="D1 on 30 September: cases or VND; not less than today", examples=[22_310])
    with_conditions: int = Field(description="C1 on 30 September: cases or VND", examples=[27_035])
    rate: Difference = Field(
        description="the result rate then, percent, from what `done` and `with_conditions` are before rounding",
        examples=["82.52"],
    )
    reaches_target: bool | None = Field(description="not below the target; null without a target", examples=[False])
    years: int = Field(
        description="past years of its own it rests on; with 0 all is borrowed from the unit above or the nation",
        examples=[5],
    )
    interval: IntervalOut | None = Field(
        description="where the rate may end; null when no past year was preceded by another one"
    )
    last_year: Difference | None = Field(
        description="the rate the year before ended with, percent, to compare; null when not on record",
        examples=["83.41"],
    )


class PaceOf(Strict, Generic[AnyTarget]):
    """How a unit or an officer gets on by one indicator."""

    rate: Rate = Field(description="result rate = D1 / C1 on the day")
    target: AnyTarget | None = Field(description="the target in force; null when none is assigned")
    distance_pp: Difference | None = Field(
        description="rate less target in percentage points; negative while it is not reached", examples=["-48.12"]
    )
    per_month: Difference = Field(
        description="pace: done (D1) for each month since 1 October, cases or VND", examples=["1618.25"]
    )
    needed: NeededOut | None = Field(description="what the target still needs; null without a target")
    projection: ProjectionOut | None = Field(
        description="null when no past year is on record, or nothing has conditions"
    )


class PaceOut(PaceOf[TargetBrief]):
    """How a unit or an officer gets on by a rate; of administrative judgments D1 are enforced, C1 tracked."""


class NumberPaceOut(PaceOf[AmountBrief]):
    """How a unit or an officer gets on by a number; `rate` has it above the line, `distance_pp` is null."""

    amount: int = Field(
        description="cases done (D1), or VND collected, without what was terminated or reduced", examples=[1_204]
    )
    distance: int | None = Field(description="`amount` less target; negative while it is not reached", examples=[-96])


class PaceItem(Strict):
    """One unit, or one officer of it."""

    unit: UnitBrief = Field(description="the unit, with everything below it and all it succeeded")
    officer: OfficerBrief | None = Field(description="the officer, with `of=officers`")
    cases_rate: PaceOut | None = Field(description="by cases; null when not asked for")
    money_rate: PaceOut | None = Field(description="by money, VND; null when not asked for")
    administrative_rate: PaceOut | None = Field(None, description=f"administrative judgments tracked; {ABSENT}")
    credit_cases_rate: PaceOut | None = Field(None, description=f"by cases of credit institutions; {ABSENT}")
    credit_money_rate: PaceOut | None = Field(None, description=f"by money of credit institutions; {ABSENT}")
    cases_done: NumberPaceOut | None = Field(None, description=f"number of cases done; {ABSENT}")
    money_collected: NumberPaceOut | None = Field(None, description=f"VND collected; {ABSENT}")


class ComparableOut(Strict):
    """Whether the past years count the same things as this one."""

    cases_rate: bool | None = Field(description="by cases; null when not asked for", examples=[True])
    money_rate: bool | None = Field(description="by money; null when not asked for", examples=[True])
    administrative_rate: bool | None = Field(None, description=f"administrative judgments tracked; {ABSENT}")
    credit_cases_rate: bool | None = Field(None, description=f"by cases of credit institutions; {ABSENT}")
    credit_money_rate: bool | None = Field(None, description=f"by money of credit institutions; {ABSENT}")
    cases_done: bool | None = Field(None, description=f"number of cases done; {ABSENT}")
    money_collected: bool | None = Field(None, description=f"VND collected; {ABSENT}")


class PacePage(Strict):
    """A page of paces, by rank of the first indicator asked for."""

    items: list[PaceItem] = Field(description="units or officers in the order of `/v1/target-attainment`")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])
    period: PeriodOut = Field(description="the cumulative period up to the day asked for")
    months_gone: Difference = Field(description="months since 1 October, the day included", examples=["4.00"])
    months_left: Difference = Field(description="months from the day after to 30 September", examples=["8.00"])
    comparable: ComparableOut = Field(description="false: mind it when showing projections")


def _needed_out(pace: Pace, on: date) -> dict[str, Any] | None:
    needed = pace.needed
    if needed is None:
        return None
    return {
        "of_today": needed.of_today,
        "by_year_end": needed.by_year_end,
        "per_month": _for_each(needed.total, months_left(on)),
        "reached": pace.reached_on is not None,
        "reached_on": pace.reached_on,
    }


def _for_each(number: int, months: Fraction) -> str | None:
    return ratio(number * months.denominator, months.numerator)


def _percent(share: Fraction) -> str | None:
    return percent(share.numerator, share.denominator)


def _reaches(projection: Projection, target: TargetVersion | None) -> bool | None:
    if target is None:
        return None
    if is_number(target.indicator):
        return projection.share[0] >= target.value
    return projection.rate >= Fraction(*target.share)


def _projection_out(projection: Projection | None, target: TargetVersion | None) -> dict[str, Any] | None:
    if projection is None:
        return None
    share, interval = projection.share, projection.interval
    return {
        "done": share[0],
        "with_conditions": share[1],
        "rate": _percent(projection.rate),
        "reaches_target": _reaches(projection, target),
        "years": projection.years,
        "interval": None
        if interval is None
        else {
            "low": _percent(interval.low),
            "high": _percent(interval.high),
            "years": interval.years,
            "coverage": percent(*interval.coverage),
        },
        "last_year": None if projection.last_year is None else _percent(projection.last_year),
    }


def pace_out(pace: Pace, on: date) -> dict[str, Any]:
    """A pace as `PaceOut`."""
    result = pace.result
    return {
        "rate": rate_out(result.share),
        "target": target_brief(result.target),
        "distance_pp": distance(result.share, result.target),
        "per_month": _for_each(result.share[0], months_gone(on)),
        "needed": _needed_out(pace, on),
        "projection": _projection_out(pace.projection, result.target),
    }


def number_pace_out(pace: Pace, on: date) -> dict[str, Any]:
    """A pace as `NumberPaceOut`."""
    amount, target = pace.result.share[0], pace.result.target
    return {
        **pace_out(replace(pace, result=replace(pace.result, target=None)), on),
        "target": amount_brief(target),
        "projection": _projection_out(pace.projection, target),
        "amount": amount,
        "distance": amount_distance(amount, target),
    }


def _any_pace_out(indicator: str, pace: Pace, on: date) -> dict[str, Any]:
    return number_pace_out(pace, on) if is_number(indicator) else pace_out(pace, on)


def pace_item(paces: Paces, standing: Standing, ref: Reference) -> dict[str, Any]:
    """A standing with its pace as `PaceItem`."""
    on = paces.found.frame.period.last
    shown = {name: _any_pace_out(name, pace, on) for name, pace in paces.of(standing).items()}
    return {
        "unit": ref.brief(standing.unit.id),
        "officer": None if standing.officer is None else ref.officer_brief(standing.officer.id),
        **{name: shown.get(name) for name in dict.fromkeys((*INDICATORS, *shown))},
    }


def frame_out(paces: Paces) -> dict[str, Any]:
    """The members of `PacePage` besides the items."""
    frame = paces.found.frame
    on = frame.period.last
    return {
        "period": period_out(frame.period, frame.regime),
        "months_gone": ratio(*months_gone(on).as_integer_ratio()),
        "months_left": ratio(*months_left(on).as_integer_ratio()),
        "comparable": {name: paces.comparable.get(name) for name in dict.fromkeys((*INDICATORS, *paces.comparable))},
    }


def _sample() -> dict[str, Any]:
    """One province after four months of fiscal year 2025."""
    target = TargetVersion(TARGET_ID, samples.PROVINCE_ID, 2025, "cases_rate", 1, 8390, date(2024, 10, 1))
    lines = Lines(19_502, 8_602, 0, 121, 6, 0, 6_473, 11_500, 80, 37, 9_700, 187)
    result = Result(lines, (lines.done, lines.with_conditions), (6_302, 17_544), target, rank=12)
    interval = Interval(Fraction(8025, 10_000), Fraction(8479, 10_000), 4)
    pace = Pace(
        result,
        Needed(8_705, 16_210),
        None,
        Projection((22_310, 27_035), Fraction(22_310, 27_035), 5, interval, Fraction(8341, 10_000)),
    )
    period = Period.of_months(2025, 4)
    frame = Frame(period, period.previous(), "tt05-2024", "tt06-2019", {"cases_rate": True})
    standing = Standing(samples.SAMPLE_REF.units[samples.PROVINCE_ID], None, {"cases_rate": result}, (12, ""))
    paces = Paces(Standings(frame, {}, {}, [standing]), {"cases_rate": True}, {}, {}, {"cases": (), "money": ()})
    shown = samples.example_of(PaceOut, pace_out(pace, period.last))
    samples.example_of(NumberPaceOut, number_pace_out(pace, period.last))
    item = {**pace_item(paces, standing, samples.SAMPLE_REF), "cases_rate": shown}
    return samples.example_of(
        PacePage, {"items": [samples.example_of(PaceItem, item)], "next": None, **frame_out(paces)}
    )


PAGE_EXAMPLE: Final = _sample()
