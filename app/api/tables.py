"""Items of a list as rows of a table: which columns there are, and CSV no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import BaseModel

Item = dict[str, Any]

BOM: Final = "\ufeff"
# what spreadsheets begin a formula with, also after blanks they drop, and in the wide forms of East Asian keyboards
_BEGIN_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")
_MARK: Final = "'"


@dataclass(frozen=True, slots=True)
class Column:
    """A place in an item, as its contract has it; `is_date` where the contract says so."""

    place: tuple[str, ...]
    is_date: bool

    @property
    def name(self) -> str:
        """Its heading: the members that lead there, with dots between."""
        return ".".join(self.place)

    def of(self, item: Item) -> Any:
        """What stands there; None also where a member that leads there is null."""
        value: Any = item
        for member in self.place:
            if value is None:
                return None
            value = value.get(member)
        return value


def columns_of(model: type[BaseModel]) -> tuple[Column, ...]:
    """The columns of items of this model, in the order of its members; objects are opened, lists are not."""
    schema = model.model_json_schema(mode="serialization")
    return tuple(_opened(schema, (), schema.get("$defs", {})))


def _opened(schema: Item, place: tuple[str, ...], definitions: Item) -> Iterator[Column]:
    schema = _followed(schema, definitions)
    offered: list[Item] = schema.get("anyOf") or schema.get("oneOf") or [schema]
    choices = [choice for choice in (_followed(one, definitions) for one in offered) if choice.get("type") != "null"]
    if choices and all(choice.get("properties") for choice in choices):
        members = {name: member for choice in choices for name, member in choice["properties"].items()}
        for name, member in members.items():
            yield from _opened(member, (*place, name), definitions)
    else:
        yield Column(place, bool(choices) and all(choice.get("format") == "date" for choice in choices))


def _followed(schema: Item, definitions: Item) -> Item:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema


def text_of(value: Any) -> str:
    """What a cell of text says: lists and free objects are JSON, null is nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def harmless(text: str) -> str:
    """Text for a cell of CSV: what a spreadsheet would reckon with gets an apostrophe first.

    So does what has one already: whoever drops one leading apostrophe has the text as it was. Numbers stay.
    """
    if text[:1] == _MARK or (text.lstrip(" \u00a0")[:1] in _BEGIN_FORMULA and not _is_number(text)):
        return _MARK + text
    return text


def _is_number(text: str) -> bool:
    whole, _, places = text.removeprefix("-").partition(".")
    return text.isascii() and whole.isdecimal() and (not places or places.isdecimal())


def _cell(value: Any) -> str:
    return harmless(value) if isinstance(value, str) else text_of(value)


def csv_header(columns: tuple[Column, ...], *, bom: bool) -> bytes:
    """The first line of CSV, after a byte order mark if wanted."""
    return (BOM if bom else "").encode() + _csv([[column.name for column in columns]])


def csv_rows(columns: tuple[Column, ...], items: list[Item]) -> bytes:
    """Items as lines of CSV (RFC 4180, UTF-8)."""
    return _csv([[_cell(column.of(item)) for column in columns] for item in items])


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def json_lines(items: list[Item]) -> bytes:
    """Items as they are, one a line (NDJSON)."""
    return b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items)
