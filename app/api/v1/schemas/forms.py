"""The contract of the official forms: what a form is, and what it says of a unit and a period."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Code, Count, Instant, Strict, refuse
from app.api.v1.schemas.cases import OfficerBrief, UnitBrief
from app.api.v1.schemas.statistics import ReportPeriod, report_period
from app.api.v1.schemas.statistics_queries import PeriodQuery
from app.services.forms.definitions import FORMS
from app.services.forms.rules import Column, Form, Text
from app.services.forms.views import Filled, FilledForm, Value
from app.services.periods.views import Report
from app.services.reference import Reference
from app.services.statistics.rules import Period, percent


class FormQuery(PeriodQuery):
    """Whose form, and of which period; from the books, or from a frozen report."""

    version: Annotated[Count, Field(ge=1, le=32_767)] | None = Field(
        None,
        description="figures of this version of the frozen report of the period (`/v1/reports`); by default those of "
        "the books. Needs `fiscal_year` and `months`, and goes with no `regime`: a report is counted by its own",
        examples=[1],
    )

    @model_validator(mode="after")
    def _frozen_as_it_was(self) -> Self:
        if self.version is None:
            return self
        for name in ("fiscal_year", "months"):
            if getattr(self, name) is None:
                raise refuse("required", "is required with version", "bắt buộc khi có version", at=name)
        if self.regime is not None:
            en, vi = "a frozen report is counted by its own regime", "số liệu đã chốt theo chế độ của nó"
            raise refuse("not-allowed", en, vi, at="regime")
        return self


class FormText(Strict):
    """A text of a form."""

    vi: str = Field(description="in Vietnamese, as it is printed", examples=["Thụ lý mới"])
    en: str = Field(description="in English", examples=["Newly accepted"])
    source: str | None = Field(
        description="the legal text with this wording, or the list a name is from; null when none is at hand",
        examples=["Thông tư 10/2017/TT-BTP"],
    )
    provisional: bool = Field(
        description="true when the wording is from no legal text: the circular's own may differ", examples=[False]
    )


class FormColumn(Strict):
    """A column, or a header over several."""

    text: FormText = Field(description="what it is called")
    number: int | None = Field(description="number of the column, from 1; null for a header", examples=[3])
    code: Code | None = Field(description="code of the column; null for a header", examples=["newly_accepted"])
    measure: Literal["cases", "money"] | None = Field(
        description="what it counts: cases (việc) or VND; null for a header", examples=["cases"]
    )
    format: Literal["number", "percent"] | None = Field(
        description="a whole number, or percent with two places; null for a header", examples=["number"]
    )
    line: str | None = Field(
        description="line of the statement (`/v1/statistics/periods`) that it shows; null for rates and headers",
        examples=["newly_accepted"],
    )
    account: str | None = Field(
        description="it shows only what this account of the books adds to the line", examples=[None]
    )
    sum_of: list[str] = Field(description="codes of the columns it is the sum of; `-` takes one off", examples=[[]])
    columns: list["FormColumn"] = Field(description="what is below a header; empty for a column", examples=[[]])


class FormRow(Strict):
    """A row of a form."""

    code: Code | None = Field(description="code of the row; null for a unit or an officer", examples=["ex_officio"])
    no: str = Field(description="number of the row, as printed", examples=["A"])
    text: FormText = Field(description="what it is called; names of units are those of the last day")
    level: int = Field(
        description="0 is the total; rows of a deeper level make up the one before them of the level above",
        examples=[1],
    )
    unit: UnitBrief | None = Field(description="the unit, in forms by unit")
    own: bool = Field(
        description="true for the books of the reporting unit itself, beside the units below it", examples=[False]
    )
    officer: OfficerBrief | None = Field(description="the officer, in forms by officer")
    cells: list[int | str | None] = Field(
        description="a value for each column: a whole number, or percent as a string, null without a denominator",
        examples=[[161_828, "83.88"]],
    )


class FormBrief(Strict):
    """A form of a circular."""

    no: int = Field(description="number of the form", examples=[1])
    circular: str = Field(description="the circular (thông tư)", examples=["05/2024/TT-BTP"])
    issued_on: BusinessDate = Field(description="date of the circular", examples=["2024-06-10"])
    title: FormText = Field(description="title of the form")
    status: Literal["complete", "not_held"] = Field(
        description="`complete`: filled from the books; `not_held`: the books do not have its figures",
        examples=["complete"],
    )
    explanation: FormText | None = Field(description="why it is not held; null when it is")
    provisional: bool = Field(
        description="true when wording, number or layout of anything in it is not from the circular", examples=[True]
    )


class FormPage(Strict):
    """A page of forms."""

    items: list[FormBrief] = Field(description="the forms, by number")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class FormReport(Strict):
    """The frozen report that the figures of a form are from."""

    no: int = Field(description="its number (`/v1/reports/{report_no}`)", examples=[1])
    version: int = Field(description="1, and 2… as restated", examples=[1])
    frozen_at: Instant = Field(description="when it was frozen", examples=["2025-02-11T02:15:00.000000Z"])
    digest: str = Field(description="SHA-256 over what it is and all its lines", examples=["9f2c…"])


class FormOut(FormBrief):
    """A form with its figures."""

    unit: UnitBrief = Field(description="the unit that reports, with everything below it and all it succeeded")
    period: ReportPeriod = Field(description="the period, and what it was counted by")
    report: FormReport | None = Field(description="the frozen report, with `version`; null for figures of the books")
    complete: bool = Field(description="false while its last month is still running", examples=[True])
    in_force: bool = Field(
        description="whether the circular was in force on the last day; its form is filled for other days, too",
        examples=[True],
    )
    notes: list[FormText] = Field(description="what to know about its figures; printed below the table")
    columns: list[FormColumn] = Field(description="the headers, as a tree; columns are numbered from left to right")
    rows: list[FormRow] = Field(description="the rows; none where the figures are not held")


def brief_out(form: Form) -> dict[str, Any]:
    """A form as `FormBrief`."""
    return {
        "no": form.no,
        "circular": form.circular.no,
        "issued_on": form.circular.issued_on,
        "title": _text_out(form.title),
        "status": "complete" if form.held else "not_held",
        "explanation": _text_out(form.explanation) if form.explanation else None,
        "provisional": form.provisional,
    }


def form_out(filled: FilledForm, ref: Reference) -> dict[str, Any]:
    """A filled form as `FormOut`."""
    form = filled.form
    numbers = {leaf.code: number for number, leaf in enumerate(form.leaves, start=1)}
    return {
        **brief_out(form),
        "unit": ref.brief(filled.unit.id),
        "period": report_period(filled.period, filled.regime, ref),
        "report": _report_out(filled.report),
        "complete": filled.complete,
        "in_force": filled.in_force,
        "notes": [_text_out(note) for note in form.notes],
        "columns": [_column_out(column, numbers) for column in form.columns],
        "rows": [_row_out(row, ref) for row in filled.rows],
    }


def _report_out(report: Report | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {"no": report.no, "version": report.version, "frozen_at": report.frozen_at, "digest": report.digest}


def shown(value: Value) -> int | str | None:
    """A value as it is answered: a rate in percent with two places, null without a denominator."""
    return value if isinstance(value, int) else percent(*value)


def _text_out(text: Text) -> dict[str, Any]:
    return {"vi": text.vi, "en": text.en, "source": text.source, "provisional": text.provisional}


def _column_out(column: Column, numbers: dict[str | None, int]) -> dict[str, Any]:
    return {
        "text": _text_out(column.text),
        "number": None if column.columns else numbers[column.code],
        "code": column.code,
        "measure": column.measure,
        "format": None if column.columns else "percent" if column.rate else "number",
        "line": column.line,
        "account": column.account,
        "sum_of": list(column.sum_of),
        "columns": [_column_out(below, numbers) for below in column.columns],
    }


def _row_out(row: Filled, ref: Reference) -> dict[str, Any]:
    return {
        "code": row.code,
        "no": row.no,
        "text": _text_out(row.text),
        "level": row.level,
        "unit": ref.brief(row.unit.id) if row.unit else None,
        "own": row.own,
        "officer": ref.officer_brief(row.officer.id) if row.officer else None,
        "cells": [shown(value) for value in row.values],
    }


def _sample() -> dict[str, Any]:
    """Done in four months of fiscal year 2025 as the directive of early 2025 reports it; other figures are made up."""
    ref, form, period = samples.SAMPLE_REF, FORMS[1], Period.of_months(2025, 4)
    figures = (
        702_848,
        487_542,
        215_306,
        0,
        3_015,
        152,
        0,
        699_681,
        452_275,
        161_828,
        150_120,
        11_708,
        0,
        290_447,
        0,
        0,
    )
    values: Sequence[Value] = (*figures, 243_110, 4_296, 537_853, (161_828, 452_275))
    total = form.lines[0]
    rows = [Filled(total.code, total.no, total.text, total.level, values)]
    unit = ref.units[samples.NATION_ID]
    out = form_out(
        FilledForm(form, unit, period, ref.regime(period.last), complete=True, in_force=True, rows=rows), ref
    )
    samples.example_of(FormColumn, out["columns"][0])
    samples.example_of(FormRow, out["rows"][0])
    return samples.example_of(FormOut, out)


OUT_EXAMPLE: Final = _sample()
PAGE_EXAMPLE: Final = {"items": [samples.example_of(FormBrief, brief_out(FORMS[1]))], "next": None}
