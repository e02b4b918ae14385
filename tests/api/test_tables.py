"""Tables: which columns items have, and cells that do no harm and lose nothing."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal

import openpyxl
import pytest

from app.api import workbook
from app.api.problems import ListTooLong
from app.api.tables import Column, Item, columns_of, csv_header, csv_rows, harmless, json_lines
from app.api.v1.schemas.base import BusinessDate, Instant, Strict


class Inner(Strict):
    """A part."""

    id: int
    day: BusinessDate | None


class Other(Strict):
    """Another one."""

    kind: Literal["other"]
    id: int


class Thing(Strict):
    """One of every shape."""

    name: str
    part: Inner
    either: Inner | Other | None
    mixed: Inner | str
    day: BusinessDate
    moment: Instant
    listed: list[Inner]
    free: dict[str, Any]
    flag: bool


COLUMNS = columns_of(Thing)
FULL: Item = {
    "name": 'Nguyễn Thị "Ánh",\nĐắk Lắk',
    "part": {"id": -5, "day": "2026-02-28"},
    "either": {"kind": "other", "id": 2**60},
    "mixed": "x",
    "day": "1900-01-01",
    "moment": "2026-11-24T02:11:45.123456Z",
    "listed": [{"id": 1, "day": None}],
    "free": {"a": "=1"},
    "flag": True,
}
BARE: Item = {
    **FULL,
    "name": "",
    "part": {"id": 0, "day": None},
    "either": None,
    "listed": [],
    "free": {},
    "flag": False,
}


def test_objects_are_opened_and_lists_are_not() -> None:
    assert [column.name for column in COLUMNS] == [
        "name", "part.id", "part.day", "either.id", "either.day", "either.kind", "mixed", "day", "moment", "listed",
        "free", "flag",
    ]  # fmt: skip
    assert [column.name for column in COLUMNS if column.is_date] == ["part.day", "either.day", "day"]


def test_csv_has_every_value() -> None:
    table = (csv_header(COLUMNS, bom=False) + csv_rows(COLUMNS, [FULL, BARE])).decode()
    assert table.endswith("\r\n")
    head, full, bare = csv.reader(io.StringIO(table, newline=""))
    assert head == [column.name for column in COLUMNS]
    assert full == [
        FULL["name"], "-5", "2026-02-28", str(2**60), "", "other", "x", "1900-01-01", FULL["moment"],
        '[{"id":1,"day":null}]', '{"a":"=1"}', "true",
    ]  # fmt: skip
    assert bare[:6] == ["", "0", "", "", "", ""]
    assert bare[-3:] == ["[]", "{}", "false"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("=1+1", "'=1+1"),
        ("+84 912 345 678", "'+84 912 345 678"),
        ("-2+3", "'-2+3"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        (" =1", "' =1"),
        ("'=1", "''=1"),
        ("-", "'-"),
        ("-12", "-12"),
        ("-12.50", "-12.50"),
        ("1=1", "1=1"),
        ("a@b", "a@b"),
        ("Đỗ Thị Ý", "Đỗ Thị Ý"),
        ("", ""),
    ],
)
def test_no_cell_of_csv_begins_a_formula(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert shown.removeprefix("'") == text
    (row,) = csv.reader(io.StringIO(csv_rows((Column(("a",), is_date=False),), [{"a": text}]).decode(), newline=""))
    assert row == [shown]


def test_lines_of_json_are_the_items() -> None:
    assert json_lines([]) == b""
    assert json_lines([{"a": "Ý\n"}, {}]) == '{"a":"Ý\\n"}\n{}\n'.encode()


async def _pages(*pages: list[Item]) -> AsyncIterator[list[Item]]:
    for page in pages:
        yield page


def _sheet(*pages: list[Item], columns: tuple[Column, ...] = COLUMNS) -> list[tuple[Any, ...]]:
    async def written() -> bytes:
        return b"".join([piece async for piece in workbook.as_xlsx(_pages(*pages), columns)])

    book = openpyxl.load_workbook(io.BytesIO(asyncio.run(written())))
    return list(book.worksheets[0].iter_rows(values_only=True))


def test_a_workbook_has_days_and_numbers_as_such() -> None:
    head, full, bare = _sheet([FULL], [BARE])
    assert head == tuple(column.name for column in COLUMNS)
    assert full == (
        FULL["name"], -5, datetime.fromisoformat("2026-02-28"), str(2**60), None, "other", "x",
        datetime.fromisoformat("1900-01-01"),
        FULL["moment"], '[{"id":1,"day":null}]', '{"a":"=1"}', True,
    )  # fmt: skip
    assert bare[:6] == ("", 0, None, None, None, None)
    assert bare[-1] is False


def test_a_workbook_holds_no_formulas() -> None:
    column = (Column(("a",), is_date=False),)
    texts = ["=1+1", "http://example.com", "+1", "{=A1}", "123", "'=1"]
    assert [row[0] for row in _sheet([{"a": text} for text in texts], columns=column)[1:]] == texts


def test_an_empty_list_has_its_header() -> None:
    assert _sheet([]) == [tuple(column.name for column in COLUMNS)]


def test_what_a_workbook_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    column = (Column(("a",), is_date=False),)
    with pytest.raises(ListTooLong):
        _sheet([{"a": "x" * 32_768}], columns=column)
    assert _sheet([{"a": "x" * 32_767}], columns=column)[1] == ("x" * 32_767,)
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    assert len(_sheet([{"a": 1}], [{"a": 2}], columns=column)) == 3
    with pytest.raises(ListTooLong):
        _sheet([{"a": 1}], [{"a": 2}, {"a": 3}], columns=column)
