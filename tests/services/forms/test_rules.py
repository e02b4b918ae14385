"""What a definition of a form may say, and how its headers fill their rectangle."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.services.code_lists.queries import CODE_LISTS
from app.services.forms.definitions import FOLDER, FORMS, load
from app.services.forms.rules import Form, spans
from app.services.statistics.rules import FED

HELD = [form for form in FORMS.values() if form.held]


def raw() -> dict[str, Any]:
    """The definitions as they are kept."""
    read: dict[str, Any] = json.loads((FOLDER / "tt05-2024.json").read_text(encoding="utf-8"))
    return read


def test_the_twelve_forms_of_the_circular() -> None:
    assert list(FORMS) == list(range(1, 13))
    assert [form.no for form in HELD] == [1, 2, 3, 4, 5, 6]
    assert {form.circular.no for form in FORMS.values()} == {"05/2024/TT-BTP"}
    assert all(form.provisional for form in FORMS.values())


@pytest.mark.parametrize("form", HELD, ids=lambda form: str(form.no))
def test_headers_fill_a_rectangle(form: Form) -> None:
    """Every place of the grid belongs to exactly one header."""
    covered = [
        (row, column)
        for span in spans(form)
        for row in range(span.row, span.row + span.rows)
        for column in range(span.column, span.column + span.columns)
    ]
    assert sorted(covered) == [(row, column) for row in range(form.depth) for column in range(len(form.leaves))]


def test_what_is_done_is_shown_by_the_account_it_ended_in() -> None:
    """The part of a line that an account feeds is nothing where a regime feeds another line with it."""
    terminated = next(leaf for leaf in FORMS[1].leaves if leaf.code == "terminated")
    done = {"B1": ("entrusted",), "B2": ("withdrawn",), "B3": ("pulled_up",), "D2": (), "D3": (), "D4": ()}
    stock = {"C2": ("no_conditions",), "C3": ("deferred", "suspended")}
    assert terminated.cell({**done, **stock, "D1": ("completed", "terminated")}).within == {"terminated": 1}
    assert terminated.cell({**done, **stock, "D1": ("completed",), "B2": ("withdrawn", "terminated")}).within == {}
    assert "terminated" in FED


def test_kinds_are_named_as_in_the_code_list() -> None:
    rows = {line.code: line for line in FORMS[2].lines}
    for kind in CODE_LISTS["case-kinds"].codes:
        assert rows[f"on_request.{kind.code}"].text.vi == kind.label["vi"]
    assert len(rows) == 1 + 2 * (1 + len(CODE_LISTS["case-kinds"].codes))


def test_measures_of_one_form_have_columns_of_their_own() -> None:
    codes = [leaf.code for leaf in FORMS[6].leaves]
    assert codes[:2] == ["cases.accepted_total", "cases.must_enforce"]
    assert {str(code).split(".")[0] for code in codes} == {"cases", "money"}
    assert "reduced" in [leaf.code for leaf in FORMS[2].leaves]
    assert "reduced" not in [leaf.code for leaf in FORMS[1].leaves]


def _first(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = given["columns"]["results"][1]
    return found


def _spoil(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda given: _first(given).update(members)


BAD: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "unknown line": (_spoil(line="won"), "no such line"),
    "unknown account": (_spoil(line="done/won"), "not fed by this account"),
    "account of the wrong side": (_spoil(line="done/enforcing"), "not fed by this account"),
    "account of a line without any": (_spoil(line="must_enforce/completed"), "not fed by this account"),
    "neither line nor rate": (lambda given: _first(given).pop("line"), "either a header or one column"),
    "both line and rate": (_spoil(rate=["done", "with_conditions"]), "either a header or one column"),
    "sum of an unknown column": (_spoil(sum_of=["nothing"]), "no such column nothing"),
    "sum of a rate": (_spoil(sum_of=["result_rate"]), "no such column result_rate"),
    "a code twice": (_spoil(code="withdrawn"), "the same code"),
    "unknown source": (_spoil(source="hearsay"), "no such source"),
    "unknown cut": (lambda given: given["forms"][2]["cut"].update(weather=True), "no such cut weather"),
    "unknown value of a cut": (
        lambda given: given["rows"]["kinds"][1]["cut"].update(initiation="by_chance"), "no such cut initiation",
    ),
    "no total": (lambda given: given["rows"]["kinds"].pop(0), "first row is not the total"),
    "a number left out": (lambda given: given["forms"].pop(3), "not numbered"),
    "no columns": (lambda given: given["columns"].update(results=[]), "neither columns nor an explanation"),
    "unknown measure": (lambda given: given["forms"][0].update(measures=["weight"]), "no such measure"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_definition_is_refused(spoil: Callable[[dict[str, Any]], None], message: str) -> None:
    given = raw()
    spoil(given)
    with pytest.raises(ValueError, match=message):
        load(given)


def test_headers_are_not_stacked_for_ever() -> None:
    given = raw()
    for _ in range(5):
        given["columns"]["short"][0] = {"vi": "Trên", "en": "Above", "columns": [given["columns"]["short"][0]]}
    with pytest.raises(ValueError, match="more than 5 rows of headers"):
        load(given)
