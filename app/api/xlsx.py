"""Workbooks (XLSX) as answers: written row by row to a temporary file in a thread, sent from there piece by piece.

Memory does not grow with the rows, and the event loop is free meanwhile. Text is always written as text: what begins
with "=" is no formula in a spreadsheet that somebody opens.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from os import fstat
from tempfile import TemporaryFile
from typing import IO, Any, Final

import structlog
import xlsxwriter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.api.streaming import HEAD_ONLY, TAKEN_WITHIN_SECONDS

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON: Final = "application/json"
A4: Final = 9  # the number of the paper size in the format
PIECE: Final = 64 * 1024
VARY: Final = {"Vary": "Accept"}
_TEXT_IS_TEXT: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

_log: Final = structlog.get_logger("xlsx")


def wants_xlsx(request: Request) -> bool:
    """Whether the caller would rather have a workbook than JSON."""
    accept = ",".join(request.headers.getlist("accept"))
    return _quality(accept, XLSX) > _quality(accept, JSON)


def _quality(accept: str, media_type: str) -> float:
    """The weight of a media type in an Accept header (RFC 9110): that of the most specific range which matches."""
    ranges = ("*/*", media_type.partition("/")[0] + "/*", media_type)
    best, found = -1, 0.0
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges and ranges.index(name) > best:
            weights = [parameter[2:] for parameter in parameters if re.fullmatch(r"q=[01](\.\d{0,3})?", parameter)]
            best, found = ranges.index(name), float(weights[0]) if weights else 1.0
    return found


@dataclass(slots=True)
class Sheet:
    """A worksheet that is written from top to bottom; rows above the one at work are gone from memory."""

    book: xlsxwriter.Workbook
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


def written(name: str, write: Write) -> IO[bytes]:
    """A temporary file with a workbook of one sheet, from its beginning; gone when it is closed."""
    file = TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    book = xlsxwriter.Workbook(file, {"constant_memory": True, **_TEXT_IS_TEXT})
    write(Sheet(book, book.add_worksheet(name)))
    book.close()
    file.seek(0)
    return file


class WorkbookAnswer(Response):
    """A workbook as a file to keep. It is written when it is sent, and not at all for the headers alone."""

    media_type = XLSX

    def __init__(self, file_name: str, sheet_name: str, write: Write) -> None:
        """`file_name` is plain ASCII, without quotes."""
        disposition = f'attachment; filename="{file_name}"'
        super().__init__(headers={**VARY, "Content-Disposition": disposition, "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._sheet_name = sheet_name
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer."""
        if HEAD_ONLY in scope:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        with await self._written() as file:
            self.headers["Content-Length"] = str(fstat(file.fileno()).st_size)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await _sent(file, send)

    async def _written(self) -> IO[bytes]:
        """The file; when the caller leaves, the thread still ends its work, and then the file is closed."""
        work = asyncio.ensure_future(asyncio.to_thread(written, self._sheet_name, self._write))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_close)
            raise


def _close(work: "asyncio.Future[IO[bytes]]") -> None:
    if not work.cancelled() and work.exception() is None:
        work.result().close()


async def _sent(file: IO[bytes], send: Send) -> None:
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            async with asyncio.timeout(TAKEN_WITHIN_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    except TimeoutError as error:
        _log.warning("a workbook was not taken", error=str(error))
        raise ClientDisconnect from error
    await send({"type": "http.response.body", "body": b"", "more_body": False})
