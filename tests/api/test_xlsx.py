"""Workbooks: who gets one, what is written into it, and what it takes."""

import tracemalloc
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.requests import Request

from app.api.xlsx import XLSX, Sheet, wants_xlsx, written

NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "http://example.org", "007", "a\nb", "Đặng Thị Ước"]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ([], False),
        (["*/*"], False),
        (["application/*"], False),
        (["application/json"], False),
        ([XLSX], True),
        ([XLSX.upper()], True),
        ([f"{XLSX}, */*;q=0.5"], True),
        ([f"{XLSX};q=0.5, application/json"], False),
        ([f"application/json;q=0.2, {XLSX};q=0.9"], True),
        ([f"{XLSX};q=0, */*"], False),
        (["application/json;q=0, */*"], True),
        (["text/html", XLSX], True),
        ([f"{XLSX};q=much"], True),
    ],
)
def test_who_wants_a_workbook(accept: list[str], wanted: bool) -> None:
    headers = [(b"accept", value.encode()) for value in accept]
    assert wants_xlsx(Request({"type": "http", "headers": headers})) is wanted


def _page(write: Any) -> Any:
    with written("Tờ 1", write) as file:
        return load_workbook(BytesIO(file.read())).active


def test_text_is_text_whatever_it_looks_like() -> None:
    def write(sheet: Sheet) -> None:
        for row, text in enumerate(NASTY):
            sheet.text(row, 0, text)

    page = _page(write)
    cells = [page.cell(row + 1, 1) for row in range(len(NASTY))]
    assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s") for text in NASTY]
    assert not any(cell.hyperlink for cell in cells)


def test_cells_are_merged_down_and_across() -> None:
    def write(sheet: Sheet) -> None:
        style = sheet.style(bold=True)
        assert sheet.style(bold=True) is style
        for row in range(3):
            sheet.text(row, 0, f"{row}", style)
            sheet.blank(row, 1, 2, style)
            sheet.number(row, 3, None if row else 7, style)
        sheet.merge(0, 0, 2, 1)
        sheet.merge(0, 3, 0, 3)

    page = _page(write)
    assert [str(area) for area in page.merged_cells.ranges] == ["A1:B3"]
    assert [page.cell(row, 4).value for row in (1, 2, 3)] == [7, None, None]


@pytest.mark.parametrize("rows", [2_000, 20_000])
def test_memory_does_not_grow_with_the_rows(rows: int) -> None:
    def write(sheet: Sheet) -> None:
        for row in range(rows):
            for column in range(5):
                sheet.text(row, column, f"{row}/{column} Nguyễn")

    tracemalloc.start()
    try:
        written("Tờ 1", write).close()
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
