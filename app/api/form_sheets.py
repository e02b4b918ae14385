"""A form as a sheet to print: letterhead, headers, figures, notes and the block of signatures, on A4 across."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.api.xlsx import A4, Sheet, workbook_answer
from app.services.forms.rules import spans
from app.services.forms.views import Filled, FilledForm
from app.services.statistics.rules import percent

FONT: Final[dict[str, Any]] = {"font_name": "Times New Roman", "font_size": 10, "valign": "vcenter"}
CENTRED: Final[dict[str, Any]] = {**FONT, "align": "center", "text_wrap": True}
LEFT: Final[dict[str, Any]] = {**FONT, "align": "left"}
BORDER: Final[dict[str, Any]] = {"border": 1}
HEADER: Final[dict[str, Any]] = {**CENTRED, **BORDER, "bold": True, "bg_color": "#EDEDED"}
# one comma at the end shows thousands; the cell keeps whole VND
FORMATS: Final = {"cases": "#,##0", "money": "#,##0,", "rate": "0.00"}
_MEASURES: Final = {"cases": "việc", "money": "nghìn đồng"}
_LABELS: Final = 2  # columns before the figures: number and name
_NARROWEST: Final = 8.5
_WIDE_DIGITS: Final = 1.15  # of bold ones beside the width columns are measured in
_NOTHING_HELD: Final = 8  # columns of a sheet without figures
_HALF: Final = 2
_THOUSAND: Final = 1000


@dataclass(slots=True)
class _Layout:
    """A sheet at work: the form, the next row to write, and the last column."""

    sheet: Sheet
    filled: FilledForm
    row: int = 0

    @property
    def last(self) -> int:
        """The last column."""
        return _LABELS + (len(self.filled.form.leaves) or _NOTHING_HELD) - 1

    def across(self, text: str, first: int, last: int, **properties: Any) -> None:
        """Text over several columns of the row at work."""
        style = self.sheet.style(**properties)
        self.sheet.text(self.row, first, text, style)
        self.sheet.blank(self.row, first + 1, last, style)
        self.sheet.merge(self.row, first, self.row, last)

    def line(self, text: str, height: float | None = None, **properties: Any) -> None:
        """A row of text over the whole width."""
        if height:
            self.sheet.page.set_row(self.row, height)
        self.across(text, 0, self.last, **properties)
        self.row += 1

    def halves(self, left: str, right: str, *, right_align: str | None = None, **properties: Any) -> None:
        """A row of two texts side by side."""
        middle = (self.last + 1) // _HALF
        self.across(left, 0, middle - 1, **properties)
        self.across(right, middle, self.last, **{**properties, "align": right_align or properties["align"]})
        self.row += 1


def form_sheet(request: Request, filled: FilledForm) -> Response:
    """The answer with the sheet of a form."""
    period, form = filled.period, filled.form
    frozen = f"-v{filled.report.version}" if filled.report else ""
    code = filled.unit.code.replace("/", "-")
    name = f"bieu-{form.no:02}-{code}-{period.fiscal_year}-{period.months:02}{frozen}.xlsx"
    return workbook_answer(request, name, f"Biểu {form.no:02}", partial(_write, filled))


def _write(filled: FilledForm, sheet: Sheet) -> None:
    layout = _Layout(sheet, filled)
    _set_up(layout)
    _letterhead(layout)
    if filled.form.explanation is None:
        _headers(layout)
        for row in filled.rows:
            _figures(layout, row)
    else:
        layout.line("Biểu này chưa lập được từ sổ của hệ thống.", 30, **CENTRED, bold=True)
        layout.line(filled.form.explanation.vi, 30, **CENTRED)
    _notes(layout)
    _signatures(layout)


def _set_up(layout: _Layout) -> None:
    page, form = layout.sheet.page, layout.filled.form
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.fit_to_pages(1, 0)
    page.center_horizontally()
    page.set_footer("&L&8&A&R&8Trang &P/&N")
    page.hide_gridlines(2)
    page.set_column(0, 0, 6)
    page.set_column(1, 1, 40 if form.layout != "cuts" else 28)
    for number, width in enumerate(_widths(layout.filled), start=_LABELS):
        page.set_column(number, number, width)


def _widths(filled: FilledForm) -> list[float]:
    """Widths of the columns that their largest figures fit into: a figure too wide is printed as `####`."""
    widest = [_NARROWEST] * len(filled.form.leaves)
    for row in filled.rows:
        for number, (leaf, value) in enumerate(zip(filled.form.leaves, row.values, strict=True)):
            if isinstance(value, int):
                printed = f"{value // _THOUSAND if leaf.measure == 'money' else value:,}"
                widest[number] = max(widest[number], len(printed) * _WIDE_DIGITS + 1)
    return widest


def _letterhead(layout: _Layout) -> None:
    filled = layout.filled
    form, period, regime = filled.form, filled.period, filled.regime
    layout.halves(f"Biểu số: {form.no:02}", f"Đơn vị báo cáo: {filled.unit.name(period.last)}", **LEFT, bold=True)
    issued = f"Ban hành theo Thông tư số {form.circular.no} ngày {_day(form.circular.issued_on)}"
    layout.halves(issued, "Đơn vị nhận báo cáo: ", **LEFT)
    layout.line(form.title.vi.upper(), 36, **{**CENTRED, "font_size": 13}, bold=True)
    whole = " (cả năm)" if period.months == 12 else ""
    days = f"từ ngày {_day(period.first)} đến ngày {_day(period.last)}"
    layout.line(f"{period.months} tháng năm {period.fiscal_year}{whole}, {days}", **CENTRED, italic=True)
    if filled.report is not None:
        report = filled.report
        layout.line(f"Số liệu đã chốt: báo cáo số {report.no}, phiên bản {report.version}", **CENTRED, italic=True)
    if not filled.complete:
        layout.line("Kỳ báo cáo chưa kết thúc: số liệu tính đến ngày nêu trên", **CENTRED, italic=True)
    provisional = " (tạm thời)" if regime.provisional else ""
    counted = f"Cách tính: {regime.name_vi}, phiên bản {regime.version}{provisional}"
    unit = f"Đơn vị tính: {', '.join(_MEASURES[measure] for measure in form.measures)}" if form.held else ""
    layout.halves(counted, unit, right_align="right", **LEFT, italic=True)


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _headers(layout: _Layout) -> None:
    """The tree of headers and the numbers of the columns, which stay in sight and are repeated on each page."""
    sheet, form, top = layout.sheet, layout.filled.form, layout.row
    style = sheet.style(**HEADER)
    heads = [(0, 0, form.depth, 1, "TT"), (0, 1, form.depth, 1, _name_of(form.layout))]
    heads += [(s.row, _LABELS + s.column, s.rows, s.columns, s.text.vi) for s in spans(form)]
    for depth in range(form.depth):
        sheet.page.set_row(top + depth, 48 if depth == form.depth - 1 else 24)
        texts = {column: text for row, column, _, _, text in heads if row == depth}
        for column in range(layout.last + 1):
            if column in texts:
                sheet.text(top + depth, column, texts[column], style)
            else:
                sheet.blank(top + depth, column, column, style)
    for row, column, rows, columns, _ in heads:
        sheet.merge(top + row, column, top + row + rows - 1, column + columns - 1)
    layout.row += form.depth
    small = sheet.style(**{**CENTRED, **BORDER, "font_size": 8, "italic": True})
    for column, text in enumerate(["A", "B", *(str(n + 1) for n in range(len(form.leaves)))]):
        sheet.text(layout.row, column, text, small)
    layout.row += 1
    sheet.page.freeze_panes(layout.row, _LABELS)
    sheet.page.repeat_rows(top, layout.row - 1)


def _name_of(layout: str) -> str:
    return {"cuts": "Chỉ tiêu", "units": "Tên đơn vị", "officers": "Tên đơn vị, Chấp hành viên"}[layout]


def _figures(layout: _Layout, row: Filled) -> None:
    sheet = layout.sheet
    # units are bold where their officers follow
    bold = {"bold": row.level == 0 or (row.level == 1 and layout.filled.form.layout != "units")}
    name = row.text.vi + (" (sổ của đơn vị)" if row.own else "")
    sheet.text(layout.row, 0, row.no, sheet.style(**{**CENTRED, **BORDER, **bold}))
    sheet.text(layout.row, 1, name, sheet.style(**{**LEFT, **BORDER, **bold, "text_wrap": True, "indent": row.level}))
    for column, (leaf, number) in enumerate(zip(layout.filled.form.leaves, _numbers(row), strict=True), start=_LABELS):
        kind = "rate" if leaf.rate else leaf.measure or ""
        style = sheet.style(**{**FONT, **BORDER, **bold, "num_format": FORMATS[kind]})
        sheet.number(layout.row, column, number, style)
    layout.row += 1


def _numbers(row: Filled) -> Iterator[float | None]:
    """Values as numbers; rates in percent, as they are printed."""
    for value in row.values:
        if isinstance(value, int):
            yield value
        else:
            shown = percent(*value)
            yield None if shown is None else float(shown)


def _notes(layout: _Layout) -> None:
    form = layout.filled.form
    texts = [note.vi for note in form.notes]
    if not layout.filled.in_force:
        texts.append(f"Ngày cuối kỳ nằm ngoài thời gian có hiệu lực của Thông tư số {form.circular.no}.")
    if form.provisional:
        texts.append("Tên biểu, số biểu, tên cột và dòng là tạm thời: chưa đối chiếu với nguyên văn Thông tư.")
    layout.row += 1
    for number, text in enumerate(texts):
        layout.line(("Ghi chú: " if number == 0 else "") + text, **LEFT, italic=True)


def _signatures(layout: _Layout) -> None:
    layout.row += 1
    layout.halves("", "………………, ngày ……… tháng ……… năm …………", **CENTRED, italic=True)
    layout.halves("NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG ĐƠN VỊ", **CENTRED, bold=True)
    layout.halves("(Ký, ghi rõ họ tên)", "(Ký, ghi rõ họ tên, đóng dấu)", **CENTRED, italic=True)
