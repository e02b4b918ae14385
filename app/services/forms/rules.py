"""What a statistical form is (biểu mẫu thống kê): rows, columns under a tree of headers, and where figures come from.

Definitions are data; what they may name is decided here, when they are read. Pure functions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from app.models.codes import ACCOUNTS_DONE, ACCOUNTS_STOCK, CASE_KINDS, INITIATIONS
from app.services.statistics.cells import CELL_LINES, Cell, cell_of
from app.services.statistics.rules import ACCOUNTS_LEFT, MEASURES, OF_REGIME

MAX_DEPTH: Final = 5
Measure = Literal["cases", "money"]
Layout = Literal["cuts", "units", "officers"]
"""What the rows are: cuts of the figures, units below the one that reports, or these with their officers."""

LETTERS: Final = {name: letter for letter, name in OF_REGIME.items()}
"""The letter a regime names a line by, for lines that accounts feed."""
_CUTS: Final[Mapping[str, Sequence[str | bool]]] = {
    "kind": CASE_KINDS,
    "initiation": INITIATIONS,
    "state_budget": (True, False),
    "credit_institution": (True, False),
    "corruption_economic": (True, False),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages; without a `source` (the legal text or list it is taken from) it is provisional."""

    vi: str
    en: str
    source: str | None = None

    @property
    def provisional(self) -> bool:
        """Whether no legal text at hand has this wording."""
        return self.source is None


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a header over several.

    A column shows a `line` of the statement, only what an `account` adds to it, or the `rate` of two other columns.
    `sum_of` are the codes of the columns it must be the sum of; "-" takes one off.
    """

    text: Text
    code: str | None = None
    measure: Measure | None = None
    line: str | None = None
    account: str | None = None
    rate: tuple[str, str] | None = None
    sum_of: tuple[str, ...] = ()
    columns: tuple["Column", ...] = ()

    @property
    def depth(self) -> int:
        """Rows of headers it needs at least."""
        return 1 + max((column.depth for column in self.columns), default=0)

    @property
    def leaves(self) -> tuple["Column", ...]:
        """The columns below it, or itself."""
        return tuple(leaf for column in self.columns for leaf in column.leaves) if self.columns else (self,)

    def cell(self, regime_lines: Mapping[str, Iterable[str]]) -> Cell:
        """What it counts under the rules of a regime for its measure."""
        lines = {letter: tuple(accounts) for letter, accounts in regime_lines.items()}
        if self.account is not None:
            letter = LETTERS[self.line or ""]
            lines[letter] = tuple(account for account in lines[letter] if account == self.account)
        return cell_of(self.line or "", lines)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a form whose rows are cuts; `level` 0 is the total, and deeper rows make up the one before them."""

    code: str
    no: str
    text: Text
    level: int
    cut: Mapping[str, str | bool]


@dataclass(frozen=True, slots=True)
class Circular:
    """The circular that forms belong to (thông tư); `code` is that of its regime."""

    code: str
    no: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Form:
    """A form; one whose figures the books do not hold has an `explanation` instead of columns and rows."""

    no: int
    circular: Circular
    title: Text
    explanation: Text | None = None
    measures: tuple[Measure, ...] = ()
    cut: Mapping[str, str | bool] | None = None
    columns: tuple[Column, ...] = ()
    layout: Layout = "cuts"
    lines: tuple[Line, ...] = ()
    notes: tuple[Text, ...] = ()

    @property
    def held(self) -> bool:
        """Whether the books hold its figures."""
        return self.explanation is None

    @property
    def leaves(self) -> tuple[Column, ...]:
        """Its columns, from left to right."""
        return tuple(leaf for column in self.columns for leaf in column.leaves)

    @property
    def depth(self) -> int:
        """Rows of headers."""
        return max((column.depth for column in self.columns), default=0)

    @property
    def provisional(self) -> bool:
        """Whether any text of it is."""
        return any(text.provisional for text in self._texts())

    def _texts(self) -> Iterator[Text]:
        yield self.title
        yield from (line.text for line in self.lines)
        waiting = list(self.columns)
        while waiting:
            column = waiting.pop()
            waiting += column.columns
            yield column.text


@dataclass(frozen=True, slots=True)
class Span:
    """A header on the grid: first row and column, and how many of each it takes."""

    row: int
    column: int
    rows: int
    columns: int
    text: Text


def spans(form: Form) -> list[Span]:
    """The headers of a form as a full rectangle, row by row: whatever has nothing below it goes down to the figures."""
    found: list[Span] = []

    def place(columns: Sequence[Column], row: int, left: int) -> None:
        for column in columns:
            width = len(column.leaves)
            rows = 1 if column.columns else form.depth - row
            found.append(Span(row, left, rows, width, column.text))
            place(column.columns, row + 1, left)
            left += width

    place(form.columns, 0, 0)
    return sorted(found, key=lambda span: (span.row, span.column))


def check_form(form: Form) -> None:
    """Raises ValueError for a form that could not be filled, or whose columns do not add up to what they say."""
    faults = [*_header_faults(form.columns, 1), *_column_faults(form.leaves), *_line_faults(form)]
    faults += _cut_faults(form.cut or {})
    if form.held and not form.columns:
        faults.append("has neither columns nor an explanation")
    if form.explanation and (form.columns or form.lines):
        faults.append("is not held and yet has columns or rows")
    if faults:
        raise ValueError(f"form {form.no}: {'; '.join(faults)}")


def _header_faults(columns: Sequence[Column], depth: int) -> Iterator[str]:
    for column in columns:
        name = column.text.en
        counted = [column.line is not None, column.rate is not None].count(True)
        if depth > MAX_DEPTH:
            yield f"{name}: more than {MAX_DEPTH} rows of headers"
        if counted != (0 if column.columns else 1):
            yield f"{name}: is either a header or one column"
        yield from _header_faults(column.columns, depth + 1)


def _column_faults(leaves: Sequence[Column]) -> Iterator[str]:
    known = {leaf.code: leaf for leaf in leaves}
    if len(known) < len(leaves) or None in known:
        yield "two columns have the same code, or one has none"
    for leaf in leaves:
        if leaf.measure not in MEASURES:
            yield f"{leaf.code}: no such measure"
        if leaf.rate is None and leaf.line not in CELL_LINES:
            yield f"{leaf.code}: no such line"
        elif leaf.account is not None and leaf.account not in _accounts_of(leaf.line or ""):
            yield f"{leaf.code}: the line is not fed by this account"
        for other in (*(leaf.rate or ()), *(code.removeprefix("-") for code in leaf.sum_of)):
            if other not in known or known[other].rate is not None or known[other].measure != leaf.measure:
                yield f"{leaf.code}: no such column {other}"


def _accounts_of(line: str) -> Sequence[str]:
    """Accounts a regime may feed a line with."""
    letter = LETTERS.get(line, "")
    if letter.startswith("B") or letter == "D1":
        return (*ACCOUNTS_DONE, *ACCOUNTS_LEFT)
    return ACCOUNTS_STOCK if letter else ()


def _line_faults(form: Form) -> Iterator[str]:
    if form.layout != "cuts" and form.lines:
        yield "lists units and yet has rows of its own"
    if form.held and form.layout == "cuts":
        if not form.lines or form.lines[0].level or form.lines[0].cut:
            yield "the first row is not the total"
        if len({line.code for line in form.lines}) < len(form.lines):
            yield "two rows have the same code"
    for line in form.lines:
        yield from _cut_faults(line.cut)


def _cut_faults(cut: Mapping[str, str | bool]) -> Iterator[str]:
    for name, value in cut.items():
        if value not in _CUTS.get(name, ()):
            yield f"no such cut {name}"
