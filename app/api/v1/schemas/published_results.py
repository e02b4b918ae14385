"""The contract of officially published results (kết quả đã công bố)."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Code, Count, Query, Rate, Strict
from app.services.published import rules
from app.services.published.queries import FIGURES, PublishedResult, list_results
from app.services.published.rules import Difference, Figure, PublishedRow, YearOverYear, two_places

Measure = Literal["cases", "money"]
UnitName = Literal["NATION", "HCMC", "Phu Tho", "Pleiku (old)"]
Status = Literal["preliminary", "published", "restated", "final"]
Signed = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]{0,5})\.[0-9]{2}$")]
Printed = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$")]
RemainderName = Literal[
    "deductions", "register_moves_and_deductions", "accepted_total", "carried_over_in", "newly_accepted",
    "must_enforce", "with_conditions", "without_conditions", "deferred_or_suspended", "done", "carried_over_out",
]  # fmt: skip


class PublishedFilters(Query):
    """What the published results are narrowed to."""

    fiscal_year: Annotated[Count, Field(ge=2000, le=2100)] | None = Field(
        None, description="fiscal year N: 1 October N−1 to 30 September N", examples=[2025]
    )
    months: Annotated[Count, Field(ge=1, le=12)] | None = Field(
        None, description="months from 1 October on; 12 is the whole year", examples=[4]
    )
    measure: Measure | None = Field(None, description="cases (việc) or money (tiền)", examples=["cases"])
    unit: UnitName | None = Field(None, description="the unit the result is of", examples=["NATION"])


class FigureOut(Strict):
    """A number as it was published."""

    text: Printed = Field(description="as printed; money in billion VND", examples=["36550"])
    value: int = Field(description="the same in cases or whole VND", examples=[36_550_000_000_000])
    precision: int = Field(
        description="what one unit of the last printed digit is worth, in cases or VND", examples=[1_000_000_000]
    )
    approximate: bool = Field(description="the source calls it approximate or a lower bound", examples=[False])


class PublishedFigures(Strict):
    """What was published; null where it was not. Letters are the lines of the statistics forms."""

    accepted_total: FigureOut | None = Field(description="A accepted total")
    carried_over_in: FigureOut | None = Field(description="A1 carried over from the year before")
    newly_accepted: FigureOut | None = Field(description="A2 newly accepted")
    entrusted: FigureOut | None = Field(description="B1 entrusted to another unit")
    withdrawn: FigureOut | None = Field(description="B2 withdrawn or cancelled")
    must_enforce: FigureOut | None = Field(description="B must be enforced")
    with_conditions: FigureOut | None = Field(description="C1 with conditions")
    without_conditions: FigureOut | None = Field(description="C2 without conditions")
    deferred_or_suspended: FigureOut | None = Field(description="C3 deferred or suspended")
    done: FigureOut | None = Field(description="D1 done")
    carried_over_out: FigureOut | None = Field(description="E carried to the next period")
    yoy_done_abs: FigureOut | None = Field(description="change of D1 on the same period of the year before")
    rate_pct: Printed | None = Field(description="result rate in percent, as printed", examples=["84.27"])
    yoy_done_pct: Printed | None = Field(description="relative change of D1 in percent, as printed", examples=["-2.58"])
    yoy_rate_pp: Printed | None = Field(
        description="change of the rate in percentage points, as printed", examples=["0.39"]
    )


class CheckOut(Strict):
    """An identity of which every term was published."""

    identity: Literal["accepted", "must_enforce", "classes", "carried_over"] = Field(
        description="which identity", examples=["classes"]
    )
    formula: str = Field(description="the identity in lines of the forms", examples=["B = C1 + C2"])
    published: int = Field(description="left side, in cases or VND", examples=[629_944])
    recomputed: int = Field(description="right side, in cases or VND", examples=[629_944])
    difference: int = Field(description="published − recomputed, in cases or VND", examples=[0])
    approximate: bool = Field(description="a term is approximate", examples=[False])


class RemainderOut(Strict):
    """What was not published and follows from what was."""

    name: RemainderName = Field(
        description="the missing line; `deductions` is everything between A and B; `register_moves_and_deductions` is "
        "the same counted from A1 + A2, so it also holds moves to the separate register (sổ theo dõi riêng)",
        examples=["register_moves_and_deductions"],
    )
    formula: str = Field(description="the identity it follows from", examples=["A1 + A2 − B"])
    value: int = Field(description="in cases or VND", examples=[35_004])
    approximate: bool = Field(description="a term is approximate", examples=[False])


class YearOverYearOut(Strict):
    """The same period of the year before, and the change since; null where nothing tells."""

    previous_done: int | None = Field(description="D1 of the year before, in cases or VND", examples=[166_113])
    previous_done_basis: Literal["own_row", "published_change", "published_percent"] | None = Field(
        description="published itself, or derived from the published change or percentage",
        examples=["published_change"],
    )
    approximate: bool = Field(description="`previous_done` is approximate", examples=[False])
    done_abs: int | None = Field(description="change of D1, in cases or VND", examples=[-4_285])
    delta_pct: Signed | None = Field(description="relative change of D1 in percent", examples=["-2.58"])
    previous_rate: Signed | None = Field(description="result rate of the year before in percent", examples=["83.88"])
    delta_pp: Signed | None = Field(description="change of the rate in percentage points", examples=["0.39"])
    rate_basis: Literal["parts", "published_rates", "published_change"] | None = Field(
        description="rates recomputed unrounded from their parts, rates as printed, or derived from the printed change",
        examples=["published_rates"],
    )


class Recomputed(Strict):
    """What the published figures give when computed again."""

    rate: Rate | None = Field(description="R = D1 / C1; null unless both were published")
    share_with_conditions: Rate | None = Field(description="P = C1 / B; null unless both were published")
    checks: list[CheckOut] = Field(description="identities published in full")
    remainders: list[RemainderOut] = Field(description="lines that follow from the others")
    year_over_year: YearOverYearOut = Field(description="against the same period of the year before")


class DifferenceOut(Strict):
    """Where the publication contradicts its own figures."""

    name: Literal[
        "identity_accepted", "identity_must_enforce", "identity_classes", "identity_carried_over", "rate_pct",
        "yoy_done_abs", "yoy_done_pct", "yoy_rate_pp",
    ] = Field(description="what differs", examples=["rate_pct"])  # fmt: skip
    measure: Literal["cases", "vnd", "percentage_points", "percent"] = Field(
        description="unit of the difference", examples=["percentage_points"]
    )
    published: Printed = Field(description="as published", examples=["40.09"])
    recomputed: Printed = Field(description="as its parts give it", examples=["40.44"])
    difference: Printed = Field(description="published − recomputed, from unrounded values", examples=["-0.35"])
    approximate: bool = Field(description="rests on approximate figures or on rounded rates", examples=[False])


class RestatementOut(Strict):
    """A figure that an earlier publication of the same period gave otherwise. Both stay in the list."""

    column: str = Field(description="which figure", examples=["done"])
    earlier_status: Status = Field(description="status of the earlier publication", examples=["preliminary"])
    earlier: Printed = Field(description="as printed then", examples=["577876"])
    now: Printed = Field(description="as printed now", examples=["576884"])
    difference: int = Field(description="now − earlier, in cases or VND", examples=[-992])


class PublishedResultItem(Strict):
    """An officially published result, next to what its own parts give."""

    unit: UnitName = Field(description="whose result", examples=["NATION"])
    fiscal_year: int = Field(description="fiscal year N: 1 October N−1 to 30 September N", examples=[2025])
    months: int = Field(description="months from 1 October on, cumulative", examples=[12])
    since: BusinessDate = Field(description="first day of the period", examples=["2024-10-01"])
    until: BusinessDate = Field(description="last day of the period", examples=["2025-09-30"])
    measure: Measure = Field(description="cases (việc) or money (tiền, VND)", examples=["cases"])
    status: Status = Field(description="`final` and `restated` replace an earlier publication", examples=["final"])
    regime: Code = Field(description="statistical regime of the period", examples=["tt05-2024"])
    remark: str | None = Field(description="remark of the collection, in English", examples=["final"])
    published: PublishedFigures = Field(description="as published")
    recomputed: Recomputed = Field(description="as the published figures give it")
    differences: list[DifferenceOut] = Field(description="contradictions of the publication with itself")
    restates: list[RestatementOut] = Field(description="figures changed since an earlier publication of the period")


class PublishedResultPage(Strict):
    """A page of published results."""

    items: list[PublishedResultItem] = Field(description="by fiscal year, months, unit, measure and status")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def published_result_item(result: PublishedResult) -> dict[str, Any]:
    """A result as `PublishedResultItem`."""
    row = result.row
    return {
        "unit": row.unit,
        "fiscal_year": row.fiscal_year,
        "months": row.months,
        "since": result.since.isoformat(),
        "until": result.until.isoformat(),
        "measure": row.measure,
        "status": row.status,
        "regime": result.regime.code,
        "remark": row.remark,
        "published": _published(row),
        "recomputed": _recomputed(result),
        "differences": [_difference(difference) for difference in result.differences],
        "restates": [
            {
                "column": r.column,
                "earlier_status": r.earlier_status,
                "earlier": r.earlier,
                "now": r.now,
                "difference": r.difference,
            }
            for r in result.restates
        ],
    }


def _published(row: PublishedRow) -> dict[str, Any]:
    printed = {name: str(row.percents[name]) if name in row.percents else None for name in _PERCENTS}
    return {name: _figure(row.figures.get(name)) for name in FIGURES} | printed


_PERCENTS: Final = ("rate_pct", "yoy_done_pct", "yoy_rate_pp")


def _figure(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    return {
        "text": figure.text,
        "value": figure.value,
        "precision": figure.precision,
        "approximate": figure.approximate,
    }


def _recomputed(result: PublishedResult) -> dict[str, Any]:
    row = result.row
    return {
        "rate": _rate(row, "done", "with_conditions"),
        "share_with_conditions": _rate(row, "with_conditions", "must_enforce"),
        "checks": [
            {
                "identity": c.identity,
                "formula": c.formula,
                "published": c.published,
                "recomputed": c.recomputed,
                "difference": c.difference,
                "approximate": c.approximate,
            }
            for c in result.checks
        ],
        "remainders": [
            {"name": r.name, "formula": r.formula, "value": r.value, "approximate": r.approximate}
            for r in result.remainders
        ],
        "year_over_year": _year_over_year(result.year_over_year),
    }


def _rate(row: PublishedRow, part: str, whole: str) -> dict[str, Any] | None:
    numerator, denominator = row.value(part), row.value(whole)
    if numerator is None or denominator is None:
        return None
    return {
        "value": _signed(rules.percentage(numerator, denominator)),
        "numerator": numerator,
        "denominator": denominator,
    }


def _signed(percent: Decimal | None) -> str | None:
    return None if percent is None else two_places(percent)


def _year_over_year(compared: YearOverYear) -> dict[str, Any]:
    return {
        "previous_done": compared.previous_done,
        "previous_done_basis": compared.done_basis,
        "approximate": compared.done_approximate,
        "done_abs": compared.done_abs,
        "delta_pct": _signed(compared.done_pct),
        "previous_rate": _signed(compared.previous_rate),
        "delta_pp": _signed(compared.rate_pp),
        "rate_basis": compared.rate_basis,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "name": difference.name,
        "measure": difference.measure,
        "published": difference.published,
        "recomputed": difference.recomputed,
        "difference": difference.difference,
        "approximate": difference.approximate,
    }


_SAMPLES: Final = list_results(samples.SAMPLE_REF, {"fiscal_year": 2025, "months": 12, "unit": "NATION"}, None, 1)
ITEM_EXAMPLE: Final = samples.example_of(PublishedResultItem, published_result_item(_SAMPLES[0]))
PAGE_EXAMPLE: Final = samples.example_of(PublishedResultPage, {"items": [ITEM_EXAMPLE], "next": None})
