"""The contract of statistics: statements of a unit for a cumulative period, beside the same period a year before."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Code, Count, Rate, Strict
from app.api.v1.schemas.cases import UnitBrief
from app.api.v1.schemas.findings import WarningOut, warning_out
from app.services.quality.views import warnings
from app.services.reference import Reference
from app.services.regimes.rules import Regime
from app.services.statistics.rules import (
    FIRST_YEAR,
    LINES,
    MEASURES,
    PARTS,
    UNSHOWN,
    Period,
    Share,
    change,
    identities,
    lines_of,
    percent,
    points,
)
from app.services.statistics.views import MeasureStatement, PeriodStatement

FiscalYear = Annotated[Count, Field(ge=FIRST_YEAR, le=2100)]
"""A reporting year (năm báo cáo): N runs from 1 October N−1 to 30 September N."""

Difference = Annotated[str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]{0,24})\.[0-9]{2}$")]
"""A difference as a decimal string with two places."""


class PeriodOut(Strict):
    """A period (kỳ báo cáo): cumulative from 1 October, or a single month."""

    fiscal_year: int = Field(description="reporting year (năm báo cáo)", examples=[2025])
    months: int = Field(description="months begun since 1 October, 1 to 12", examples=[4])
    starts_on: BusinessDate = Field(
        description="1 October of the year before; of a single month its first day", examples=["2024-10-01"]
    )
    ends_on: BusinessDate = Field(description="last day that counts", examples=["2025-01-31"])
    regime: Code = Field(description="statistical regime of the last day (code list `regimes`)", examples=["tt05-2024"])


class ReportPeriod(PeriodOut):
    """A period with what it was counted by."""

    regime_version: int = Field(
        description="version of the regime's counting rules, see `/v1/regimes`; all versions stay", examples=[1]
    )
    provisional: bool = Field(
        description="these rules stand in until those of the circular are known", examples=[False]
    )
    regimes_in_force: list[Code] = Field(
        description="regimes in force within the period; with two it straddles them, and `regime=` gives either",
        examples=[["tt05-2024"]],
    )


class Compared(Strict):
    """A figure of the period beside that of the same period of the previous year (cùng kỳ)."""

    value: int = Field(description="cases, or VND", examples=[161_828])
    previous: int = Field(description="the same a year before", examples=[166_113])
    delta: int = Field(description="value less previous", examples=[-4_285])
    delta_pct: Difference | None = Field(
        description="relative change in percent; null where the year before is no base", examples=["-2.58"]
    )


class ComparedRate(Rate):
    """A rate of the period beside that of the same period of the previous year."""

    previous: Rate = Field(description="the same a year before")
    delta_pp: Difference | None = Field(
        description="difference in percentage points, of the unrounded rates", examples=["0.62"]
    )


def _compared(text: str) -> Any:
    return Field(description=text)


class StatementLines(Strict):
    """The lines of the counting identities, under the letters of the statistical forms, with their parts."""

    accepted_total: Compared = _compared("A, accepted total (tổng số thụ lý) = A1 + A2 + handed over net")
    carried_over: Compared = _compared("A1, carried over (năm trước chuyển sang), without the separate register")
    newly_accepted: Compared = _compared(
        "A2, newly accepted = accepted + raised + back from register − to register, new"
    )
    accepted: Compared = _compared("of A2: newly accepted decisions (thụ lý mới)")
    raised: Compared = _compared("of A2: amounts raised; money only")
    back_from_register: Compared = _compared("of A2: back from the separate register")
    to_register_new: Compared = _compared("taken off A2: accepted this year, moved to the separate register")
    to_register_carried: Compared = _compared("taken off A1: carried over, moved to the separate register")
    handed_over_net: Compared = _compared("received from other units less handed over to them; 0 for the nation")
    handed_in: Compared = _compared("received (nhận bàn giao) from other units, or between officers of one")
    handed_out: Compared = _compared("handed over (bàn giao) to other units, or between officers of one")
    entrusted: Compared = _compared("B1, entrusted (ủy thác)")
    withdrawn: Compared = _compared("B2, withdrawn or cancelled (thu hồi, hủy), and what else the regime deducts")
    pulled_up: Compared = _compared("B3, pulled up by the province (rút lên)")
    must_enforce: Compared = _compared("B, must be enforced (phải thi hành) = A − B1 − B2 − B3")
    with_conditions: Compared = _compared("C1, with conditions (có điều kiện) = D1 + D2 + D3 + D4")
    without_conditions: Compared = _compared("C2, without conditions (chưa có điều kiện)")
    deferred_or_suspended: Compared = _compared("C3, deferred or suspended (hoãn, tạm đình chỉ)")
    done: Compared = _compared("D1, done (thi hành xong): what the regime counts as such")
    completed: Compared = _compared("completed; for money what was collected. In D1")
    terminated: Compared = _compared("terminated (đình chỉ). In D1, unless the regime deducts it (B)")
    reduced: Compared = _compared("exempted or reduced (miễn, giảm); money only. In D1, unless the regime deducts it")
    returned: Compared = _compared("request returned (gửi lại yêu cầu). In D1, unless the regime deducts it")
    enforcing: Compared = _compared("D2, enforcing (đang thi hành)")
    deferred_by_agreement: Compared = _compared("D3, deferred by agreement (hoãn theo điểm c khoản 1 Điều 48)")
    other: Compared = _compared("D4, with conditions, other")
    carried_forward: Compared = _compared("E, carried to the next period (chuyển kỳ sau) = B − D1")
    separate_register: Compared = _compared("F, in the separate register (sổ theo dõi riêng) at the end, outside B")


class StatementRates(Strict):
    """The rates of a statement."""

    result: ComparedRate = Field(description="R, result rate (tỷ lệ thi hành xong) = D1 / C1")
    with_conditions_share: ComparedRate = Field(description="P, share with conditions (tỷ lệ có điều kiện) = C1 / B")


class StatementIdentities(Strict):
    """Whether the counting identities hold; each side is summed from accounts of its own."""

    accepted_total: bool = Field(description="A = B1 + B2 + B3 + everything done + stock at the end", examples=[True])
    must_enforce: bool = Field(description="A − B1 − B2 − B3 = B = C1 + C2 + C3", examples=[True])
    carried_forward: bool = Field(description="E = B − D1 = stock at the end", examples=[True])


class MeasureOut(Strict):
    """One measure of a statement: cases (việc) or money (tiền, in VND)."""

    lines: StatementLines = Field(description="the lines")
    rates: StatementRates = Field(description="the rates")
    identities: StatementIdentities = Field(description="the identities of the period asked for")
    comparable: bool = Field(
        description=(
            "false when both periods do not count the same: their regimes differ in the lines, or for cases one "
            "begins before 2026-07-01 and the other ends after it, since decisions are grouped one per debtor"
        ),
        examples=[True],
    )


class StatementOut(Strict):
    """A statement of a unit for one period."""

    unit: UnitBrief = Field(description="the unit, with everything below it and all it succeeded")
    period: ReportPeriod = Field(description="the period asked for")
    previous_period: ReportPeriod = Field(description="the same period of the previous year")
    complete: bool = Field(description="false while the last month is still running", examples=[True])
    cases: MeasureOut = Field(description="in cases (việc)")
    money: MeasureOut = Field(description="in money (tiền), VND")
    warnings: list[WarningOut] = Field(
        description=(
            "what in these figures cannot be or is unlikely, for cumulative periods; more checks, unit by unit, in "
            "`/v1/data-quality`"
        )
    )


def rate_out(share: Share) -> dict[str, Any]:
    """A share as `Rate`."""
    return {"value": percent(*share), "numerator": share[0], "denominator": share[1]}


def period_out(period: Period, regime: str) -> dict[str, Any]:
    """A period as `PeriodOut`."""
    return {
        "fiscal_year": period.fiscal_year,
        "months": period.months,
        "starts_on": period.first,
        "ends_on": period.last,
        "regime": regime,
    }


def statement_out(statement: PeriodStatement, ref: Reference) -> dict[str, Any]:
    """A statement as `StatementOut`."""
    return {
        "unit": ref.brief(statement.unit.id),
        **frame_out(statement, ref),
        **measures_out(statement.measures),
        "warnings": [warning_out(finding) for finding in warnings(statement)],
    }


def frame_out(statement: PeriodStatement, ref: Reference) -> dict[str, Any]:
    """Which periods a statement is of, and whether the last month is over."""
    return {
        "period": report_period(statement.period, statement.regime, ref),
        "previous_period": report_period(statement.before, statement.regime_before, ref),
        "complete": statement.complete,
    }


def report_period(period: Period, regime: Regime, ref: Reference) -> dict[str, Any]:
    """A period as `ReportPeriod`."""
    return {
        **period_out(period, regime.code),
        "regime_version": regime.version,
        "provisional": regime.provisional,
        "regimes_in_force": ref.regimes_within(period.first, period.last),
    }


def measures_out(measures: Mapping[str, MeasureStatement]) -> dict[str, Any]:
    """Both measures, each as `MeasureOut`."""
    return {measure: measure_out(measures[measure]) for measure in MEASURES}


_OF_LINES: Final = ("accepted_total", "must_enforce", "with_conditions", "carried_forward")
_SHOWN: Final = (*(name for name in PARTS if name not in UNSHOWN), *_OF_LINES)


def measure_out(statement: MeasureStatement) -> dict[str, Any]:
    """One measure of a statement as `MeasureOut`."""
    now, before = _with_sums(statement.now), _with_sums(statement.before)
    return {
        "lines": {name: _difference(now[name], before[name]) for name in _SHOWN},
        "rates": {
            "result": _compared_rate("done", "with_conditions", now, before),
            "with_conditions_share": _compared_rate("with_conditions", "must_enforce", now, before),
        },
        "identities": identities(statement.now),
        "comparable": statement.comparable,
    }


def _with_sums(parts: Any) -> dict[str, int]:
    lines = lines_of(parts[name] for name in LINES)
    return {**parts, **{name: getattr(lines, name) for name in _OF_LINES}}


def _difference(now: int, before: int) -> dict[str, Any]:
    return {"value": now, "previous": before, "delta": now - before, "delta_pct": change(now, before)}


def _compared_rate(above: str, below: str, now: dict[str, int], before: dict[str, int]) -> dict[str, Any]:
    share, earlier = (now[above], now[below]), (before[above], before[below])
    return {**rate_out(share), "previous": rate_out(earlier), "delta_pp": points(share, earlier)}


def _sample() -> PeriodStatement:
    """Done in four months of fiscal year 2025 as the directive of early 2025 reports it; other figures are made up."""
    now = dict.fromkeys(PARTS, 0) | {
        "carried_over": 487_542,
        "newly_accepted": 215_306,
        "accepted": 215_306,
        "entrusted": 3_015,
        "withdrawn": 152,
        "done": 161_828,
        "completed": 150_120,
        "terminated": 11_708,
        "enforcing": 290_447,
        "without_conditions": 243_110,
        "deferred_or_suspended": 4_296,
        "stock": 537_853,
        "ended": 164_995,
    }
    before = now | {"done": 166_113, "completed": 154_405, "enforcing": 286_162}
    period = Period.of_months(2025, 4)
    measure = MeasureStatement(now, before, comparable=True)
    samples.example_of(StatementLines, measure_out(measure)["lines"])
    return PeriodStatement(
        samples.SAMPLE_REF.units[samples.NATION_ID],
        period,
        period.previous(),
        samples.SAMPLE_REF.regime(period.last),
        samples.SAMPLE_REF.regime(period.previous().last),
        complete=True,
        measures=dict.fromkeys(MEASURES, measure),
    )


SAMPLE: Final = _sample()
OUT_EXAMPLE: Final = samples.example_of(StatementOut, statement_out(SAMPLE, samples.SAMPLE_REF))
