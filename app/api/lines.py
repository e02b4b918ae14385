"""Lines of files that are sent: what each holds, or what is wrong with it alone."""

import csv
import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from app.api.body import checked, parsed
from app.api.faults import fault_of, place_of, pointer_to
from app.api.items import Unfit
from app.api.problems import Malformed, UnsupportedMediaType
from app.errors import DomainError, Fault, Invalid, invalid
from app.services.jobs.rules import MAX_LINE, TOO_LONG

Form = Literal["application/x-ndjson", "text/csv"]
FORMS: Final[tuple[Form, ...]] = ("application/x-ndjson", "text/csv")
BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# members of what is sent that are no text
_NESTED: Final = ("obligations", "parties", "parts")
_NUMBERS: Final = ("source_version", "amount_vnd")
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def form_of(request: Request) -> Form:
    """The media type of the body; 415 for others, and for text that is not UTF-8."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() not in FORMS:
        raise UnsupportedMediaType(
            {"en": f"Send {' or '.join(FORMS)}.", "vi": f"Hãy gửi {' hoặc '.join(FORMS)}."},
            headers={"Accept": ", ".join(FORMS)},
        )
    charset = parameters.strip().lower().replace('"', "")
    if charset and not re.fullmatch(r"(charset=utf-8|header=present)", charset):
        raise _not_utf_8()
    return next(form for form in FORMS if form == kind.strip().lower())


def _not_utf_8() -> UnsupportedMediaType:
    return UnsupportedMediaType({"en": "The file must be in UTF-8.", "vi": "Tệp phải ở dạng UTF-8."})


def check_start(content: bytes) -> None:
    """Refuses a file that cannot be UTF-8, by how it begins."""
    if content.startswith(_UTF_16):
        raise _not_utf_8()


class Reader:
    """Reads lines of one form; those of CSV by the names in its first line.

    Members that are lists or objects are JSON in their cell of CSV; an empty cell is a member left out. No cell may
    hold a line break.
    """

    def __init__(self, model: Any, form: str, columns: Sequence[str] = ()) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)
        self._form = form
        self._columns = columns
        self._fields: dict[str, Any] = model.model_fields

    def header(self, line: bytes) -> list[str]:
        """The names of the columns. Raises Malformed when they are not members of the model, each once."""
        try:
            names = _cells(line.removeprefix(BOM))
        except Invalid:
            names = []
        required = {name for name, field in self._fields.items() if field.is_required()}
        if len(set(names)) != len(names) or not required <= set(names) <= self._fields.keys():
            needed = ", ".join(sorted(required))
            en, vi = f"the first line must name the columns, at least {needed}", f"dòng đầu phải nêu tên cột: {needed}"
            raise Malformed(faults=[Fault("unknown-columns", {"en": en, "vi": vi}, pointer="")])
        return names

    def read(self, line: bytes) -> Any:
        """The model, or in its place what is wrong with it."""
        said: Any = None
        try:
            if line == TOO_LONG:
                raise invalid("line-too-long", f"has more than {MAX_LINE} bytes", f"dài quá {MAX_LINE} byte")
            if self._form == FORMS[0]:
                said = parsed(line)
                return checked(self._adapter, line, said)
            said = self._named(_cells(line))
            return self._of_cells(said)
        except DomainError as error:
            return Unfit(error, said)

    def _named(self, cells: list[str]) -> dict[str, str]:
        if len(cells) != len(self._columns):
            raise invalid("wrong-columns", "has another number of cells", "số ô không khớp với dòng đầu")
        return {name: cell for name, cell in zip(self._columns, cells, strict=True) if cell}

    def _of_cells(self, cells: dict[str, str]) -> Any:
        document = {name: _value(name, cell) for name, cell in cells.items()}
        try:
            return self._adapter.validate_python(document, strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
            raise Invalid(faults=[fault_of(one, pointer_to(document, place_of(one))) for one in details]) from None


def _cells(line: bytes) -> list[str]:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise invalid("not-utf-8", "is not valid UTF-8", "không phải UTF-8 hợp lệ") from None
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        raise invalid("not-csv", "is not a whole line of CSV", "không phải một dòng CSV hợp lệ") from None


def _value(name: str, cell: str) -> Any:
    if name in _NESTED:
        try:
            return parsed(cell.encode())
        except (DomainError, UnicodeEncodeError):
            raise invalid("not-json", "must be JSON", "phải là JSON", pointer=f"/{name}") from None
    if name in _NUMBERS and _WHOLE.fullmatch(cell):
        return int(cell)
    return {"true": True, "false": False}.get(cell, cell) if name == "corruption_economic" else cell
