"""The forms of the circulars, read once from the files that come with the service; a bad definition stops its start."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from app.services.code_lists.queries import CODE_LISTS
from app.services.forms.rules import Circular, Column, Form, Line, Text, check_form

FOLDER: Final = Path(__file__).parents[2] / "data" / "forms"
Raw = Mapping[str, Any]


def load(given: Raw) -> tuple[Form, ...]:
    """The forms of one file, in order of their numbers. Raises ValueError for what cannot be filled."""
    raw = _cited(given, given["sources"])
    about = raw["circular"]
    circular = Circular(about["code"], about["no"], date.fromisoformat(about["issued_on"]))
    forms = tuple(_form(raw, circular, given) for given in raw["forms"])
    for form in forms:
        check_form(form)
    if [form.no for form in forms] != list(range(1, len(forms) + 1)):
        raise ValueError("forms are not numbered from 1")
    return forms


def _cited(value: Any, sources: Mapping[str, str]) -> Any:
    """The same, with the citation in place of the code of each source."""
    if isinstance(value, Mapping):
        found = {name: _cited(member, sources) for name, member in value.items()}
        if "source" in found and found["source"] not in sources:
            raise ValueError(f"no such source: {found['source']}")
        return {**found, "source": sources[found["source"]]} if "source" in found else found
    return [_cited(member, sources) for member in value] if isinstance(value, list) else value


def _form(raw: Raw, circular: Circular, given: Raw) -> Form:
    if not given["held"]:
        return Form(given["no"], circular, _text(given), explanation=_text(given["explanation"]))
    rows = given["rows"]
    by_units = rows in ("units", "officers")
    return Form(
        no=given["no"],
        circular=circular,
        title=_text(given),
        measures=tuple(given["measures"]),
        cut=given.get("cut", {}),
        columns=tuple(_by_measure(raw["columns"][given["columns"]], given["measures"])),
        layout=rows if by_units else "cuts",
        lines=() if by_units else tuple(_lines(raw["rows"][rows], raw["sources"]["tt10-2017"])),
        notes=tuple(_text(note) for note in given["notes"]),
    )


def _text(given: Raw) -> Text:
    return Text(given["vi"], given["en"], given.get("source"))


_MEASURES: Final = {"cases": Text("Việc", "Cases"), "money": Text("Tiền", "Money")}


def _by_measure(columns: Sequence[Raw], measures: Sequence[str]) -> Iterator[Column]:
    """The columns; with two measures once for each, and the code of each begins with it."""
    for measure in measures:
        found = tuple(_columns(columns, measure, f"{measure}." if len(measures) > 1 else ""))
        if len(measures) == 1:
            yield from found
        else:
            yield Column(_MEASURES[measure], columns=found)


def _columns(columns: Sequence[Raw], measure: str, prefix: str) -> Iterator[Column]:
    shown = [given for given in columns if given.get("only", measure) == measure]
    hidden = {given["code"] for given in columns if given not in shown}
    made = [_column(given, measure, prefix) for given in shown]
    for column in made:
        kept = tuple(code for code in column.sum_of if code.removeprefix("-").removeprefix(prefix) not in hidden)
        yield replace(column, sum_of=kept)


def _column(given: Raw, measure: Any, prefix: str) -> Column:
    if "columns" in given:
        return Column(_text(given), columns=tuple(_columns(given["columns"], measure, prefix)))
    line, _, account = given.get("line", "").partition("/")
    rate = given.get("rate")
    return Column(
        text=_text(given),
        code=prefix + given["code"],
        measure=measure,
        line=line or None,
        account=account or None,
        rate=(prefix + rate[0], prefix + rate[1]) if rate else None,
        sum_of=tuple(
            ("-" if code[0] == "-" else "") + prefix + code.removeprefix("-") for code in given.get("sum_of", ())
        ),
    )


def _lines(rows: Sequence[Raw], of_kinds: str) -> Iterator[Line]:
    """The rows, each with those of its kinds of judgment where it says so; `of_kinds` is where their names are from."""
    for row in rows:
        top = Line(row["code"], row["no"], _text(row), 1 if row["no"] else 0, row["cut"])
        yield top
        if "each" in row:
            for number, kind in enumerate(CODE_LISTS["case-kinds"].codes, start=1):
                text = Text(kind.label["vi"], kind.label["en"], of_kinds)
                yield Line(f"{top.code}.{kind.code}", str(number), text, 2, {**top.cut, row["each"]: kind.code})


def _read() -> tuple[Form, ...]:
    files = sorted(FOLDER.glob("*.json"))
    return tuple(form for file in files for form in load(json.loads(file.read_text(encoding="utf-8"))))


FORMS: Final = {form.no: form for form in _read()}
"""Every form by its number; there is one circular with forms so far."""
