"""A list as a workbook (XLSX): written row by row to a temporary file, and sent once it is complete."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import closing
from datetime import date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from app.api.problems import ListTooLong
from app.api.tables import Column, Item, text_of
from app.api.xlsx import in_thread, opened, pieces_of

# what the format holds: rows of a sheet with the heading, characters of a cell, integers that are exact
MAX_ROWS: Final = 1_048_576
MAX_TEXT: Final = 32_767
MAX_EXACT: Final = 2**53


async def as_xlsx(pages: AsyncIterator[list[Item]], columns: tuple[Column, ...]) -> AsyncGenerator[bytes]:
    """The pages as one sheet, in pieces; 422 before the first of them when the format cannot hold the list.

    Nothing but the file on disk grows with the list. Threads do the writing, a page at a time.
    """
    with TemporaryDirectory(prefix="thads-export-") as folder:
        path = Path(folder, "list.xlsx")
        with closing(Sheet(path, columns)) as sheet:
            async for items in pages:
                await in_thread(partial(sheet.add, items))
            await in_thread(sheet.complete)
        async for piece in pieces_of(path):
            yield piece


class Sheet:
    """The only sheet of a workbook, with the names of the columns in its first row.

    With a `row` it is to follow that many others, which are not here (see `workbook_parts`).
    """

    def __init__(self, path: Path, columns: tuple[Column, ...], row: int = 0) -> None:
        self._book = opened(path)
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._columns = columns
        self.rows = row
        if row == 0:
            self._add([column.name for column in columns])

    def add(self, items: list[Item]) -> None:
        """Adds a row for each item."""
        for item in items:
            self._add([_value(column, column.of(item)) for column in self._columns])

    def complete(self) -> None:
        """Makes the file of what was added."""
        self._book.close()

    def close(self) -> None:
        """Lets go of what a sheet that is not completed has open."""
        if rows := self._sheet.row_data_fh:
            rows.close()

    def _add(self, values: list[Any]) -> None:
        if self.rows == MAX_ROWS:
            raise ListTooLong
        for place, value in enumerate(values):
            self._write(place, value)
        self.rows += 1

    def _write(self, place: int, value: Any) -> None:
        """Each kind of value by its own method: the one for all kinds makes formulas and links of texts."""
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise ListTooLong
            self._sheet.write_string(self.rows, place, value)
        elif isinstance(value, bool):
            self._sheet.write_boolean(self.rows, place, value)
        elif isinstance(value, date):
            day = cast("datetime", value)  # it takes days too, whatever its annotation says
            self._sheet.write_datetime(self.rows, place, day, self._day)
        elif value is not None:
            self._sheet.write_number(self.rows, place, value)


def _value(column: Column, value: Any) -> Any:
    """What a cell holds: days and numbers as such, but integers only where they are exact; all else is text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= MAX_EXACT else str(value)
    return date.fromisoformat(value) if column.is_date else text_of(value)
