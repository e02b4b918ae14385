"""Workbooks: what is written into them, and what it takes."""

import asyncio
import tracemalloc
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from app.api import xlsx
from app.api.xlsx import Sheet, Write, workbook

NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "http://example.org", "007", "a\nb", "Đặng Thị Ước"]


def _pieces(write: Write) -> list[bytes]:
    async def written() -> list[bytes]:
        return [piece async for piece in workbook("Tờ 1", write)]

    return asyncio.run(written())


def _page(write: Write) -> Any:
    return load_workbook(BytesIO(b"".join(_pieces(write)))).active


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
        _pieces(write)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_workbook_leaves_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "PIECE", 1_000)

    def write(sheet: Sheet) -> None:
        for row in range(500):
            sheet.number(row, 0, row * 7_919 % 10_007)

    sizes = [len(piece) for piece in _pieces(write)]
    assert len(sizes) > 3
    assert max(sizes) <= 1_000
