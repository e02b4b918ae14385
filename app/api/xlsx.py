"""Workbooks (XLSX): written row by row to a temporary file in a thread, sent from there piece by piece.

Memory does not grow with the rows, and the event loop is free meanwhile. Text is always written as text: what begins
with "=" is no formula in a spreadsheet that somebody opens.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.api.accept import ACCEPTED, Accepted
from app.api.streaming import Lines

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
A4: Final = 9  # the number of the paper size in the format
PIECE: Final = 64 * 1024
VARY: Final = {"Vary": "Accept"}


def wants_xlsx(request: Request) -> bool:
    """Whether the caller would rather have a workbook than JSON."""
    wanted: Accepted | None = request.scope.get(ACCEPTED)
    return wanted is not None and wanted.kind == XLSX


@dataclass(slots=True)
class Sheet:
    """A worksheet that is written from top to bottom; rows above the one at work are gone from memory."""

    book: Workbook
    page: Worksheet
    _formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def style(self, **properties: Any) -> Format:
        """The format with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(properties)
        return self._formats[key]

    def text(self, row: int, column: int, text: str, style: Format | None = None) -> None:
        """A cell of text, whatever it looks like; an empty one for none."""
        if text:
            self.page.write_string(row, column, text, style)
        else:
            self.page.write_blank(row, column, None, style)

    def number(self, row: int, column: int, number: float | None, style: Format | None = None) -> None:
        """A number; an empty cell for None."""
        if number is None:
            self.page.write_blank(row, column, None, style)
        else:
            self.page.write_number(row, column, number, style)

    def blank(self, row: int, first: int, last: int, style: Format) -> None:
        """Empty cells, for their borders."""
        for column in range(first, last + 1):
            self.page.write_blank(row, column, None, style)

    def merge(self, first_row: int, first_column: int, last_row: int, last_column: int) -> None:
        """Makes one cell of a rectangle whose cells are written by the caller, row by row.

        `merge_range` of the library would write all its rows at once, and then those are closed.
        """
        if (first_row, first_column) != (last_row, last_column):
            self.page.merge.append([first_row, first_column, last_row, last_column])


Write = Callable[[Sheet], None]


def opened(path: Path) -> Workbook:
    """A new workbook that keeps only the row at work in memory, and the rest in files beside `path`."""
    return Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})


async def in_thread(work: Callable[[], None]) -> None:
    """Runs `work` in a thread; who is cancelled meanwhile waits for its end, for the files are removed next."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def pieces_of(path: Path) -> AsyncGenerator[bytes]:
    """A file, piece by piece."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


async def workbook(name: str, write: Write) -> AsyncGenerator[bytes]:
    """A workbook of one sheet in pieces. `write` is called in a thread."""
    with TemporaryDirectory(prefix="thads-sheet-") as folder:
        path = Path(folder, "sheet.xlsx")
        await in_thread(partial(_write, path, name, write))
        async for piece in pieces_of(path):
            yield piece


def _write(path: Path, name: str, write: Write) -> None:
    with opened(path) as book:
        write(Sheet(book, book.add_worksheet(name)))


def workbook_answer(request: Request, file_name: str, sheet_name: str, write: Write) -> Response:
    """A workbook as a file to keep, which is not written for the headers alone; `file_name` is ASCII without quotes."""
    answer = Lines(request, workbook(sheet_name, write), XLSX, packed=True)
    answer.headers.update({**VARY, "Content-Disposition": f'attachment; filename="{file_name}"'})
    return answer
