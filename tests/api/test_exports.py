"""Exports: of every list there is, in every form, the same rows as its pages; and how they begin and end."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

import httpx
import openpyxl
import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.api import exports, workbook
from app.api.exports import CSV, Collection, Form
from app.api.pagination import Page
from app.api.streaming import NDJSON
from app.api.v1.cases import list_cases
from app.api.v1.schemas.case_inputs import CaseFilters
from app.api.v1.schemas.cases import CasePage
from app.api.xlsx import XLSX
from app.clock import today
from tests.api.operations import Operation, operations
from tests.api.v1.cases import create
from tests.api.world import PUBLIC, World
from tests.conftest import Island

FEEDS: Final = ("list_changes", "check_copy")  # their cursors are places in the feed, which has no end
LISTS: Final = [op for op in operations() if "cursor" in op.query and op.described["operationId"] not in FEEDS]
NAMES: Final = ("national", "province")
Row = dict[str, Any]


def _needed(op: Operation) -> dict[str, str]:
    """Parameters it cannot be asked without, and with which there is something to compare."""
    needed = {
        name: str((p.get("examples") or p["schema"].get("examples") or p["schema"]["enum"])[0])
        for name, p in op.query.items()
        if p.get("required")
    }
    return {**needed, **_FULLER.get(op.described["operationId"], {})}


# where the example of a parameter leads to an empty list
_FULLER: Final = {
    "list_counted_cases": {"line": "accepted_total"},
    "list_upcoming_cases": {"within_days": "366"},
}


def _path(op: Operation, world: World, client_id: str = "national") -> str:
    return op.path({**PUBLIC, **world.objects_of(client_id)})


def _walked(client: httpx.Client, path: str, query: dict[str, str]) -> list[Row]:
    """The items of all its pages."""
    items: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={**query, "limit": "2", **cursor})
        assert answer.status_code == 200, answer.text
        assert answer.headers["vary"] == "Accept"
        items += answer.json()["items"]
        if answer.json()["next"] is None:
            return items
        cursor = {"cursor": answer.json()["next"]}


def _exported(client: httpx.Client, path: str, accept: str, query: dict[str, str] | None = None) -> httpx.Response:
    answer = client.get(path, params=query, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert "link" not in answer.headers
    return answer


def _table(table: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of CSV."""
    head, *rows = csv.reader(io.StringIO(table, newline=""))
    assert table.endswith("\r\n")
    return head, rows


def _check_rows(head: list[str], rows: list[list[str]], items: list[Row]) -> None:
    """The rows say what the items say, all of it."""
    assert len(set(head)) == len(head)
    covered = re.compile("|".join(rf"{re.escape(name)}(\..+)?" for name in head))
    assert all(covered.fullmatch(place) for item in items for place in _leaves(item))
    assert [[cell.removeprefix("'") for cell in row] for row in rows] == [
        [_as_text(_at(item, name)) for name in head] for item in items
    ]


def _sheet(answer: httpx.Response) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Header and rows of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    return [str(name) for name in head], rows


def _at(item: Any, name: str) -> Any:
    for member in name.split("."):
        item = None if item is None else item.get(member)
    return item


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _leaves(item: Any, place: str = "") -> Iterator[str]:
    """Where an item has something that is neither an object nor null."""
    if not isinstance(item, dict):
        yield from [place] if item is not None else []
        return
    for name, member in item.items():
        yield from _leaves(member, f"{place}.{name}" if place else name)


@pytest.fixture(scope="module", autouse=True)
def aging(island: Island) -> None:
    """A case that will be flagged as five years old in a month."""
    decided = today() - timedelta(days=5 * 365 - 30)
    create(island.client_of("national"), island.world.own, decision_date=decided.isoformat())


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports read two items at a time, so that they have many pages."""
    monkeypatch.setattr(exports, "MAX_LIMIT", 2)


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_every_list_says_it_is_exported(op: Operation) -> None:
    assert {CSV, NDJSON, XLSX} <= op.described["responses"]["200"]["content"].keys()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("op", LISTS, ids=str)
@pytest.mark.usefixtures("small_pages")
def test_every_list_is_exported_as_its_pages_show_it(op: Operation, name: str, island: Island) -> None:
    client, path, query = island.client_of(name), _path(op, island.world, name), _needed(op)
    items = _walked(client, path, query)
    lines = _exported(client, path, NDJSON, query).text.splitlines()
    assert [json.loads(line) for line in lines] == items

    head, rows = _table(_exported(client, path, CSV, query).text)
    _check_rows(head, rows, items)

    columns, cells = _sheet(_exported(client, path, XLSX, query))
    assert columns == head
    for row, item in zip(cells, items, strict=True):
        for name_of, cell in zip(columns, row, strict=True):
            _check_cell(cell, _at(item, name_of))


def _check_cell(cell: Any, value: Any) -> None:
    """Numbers and truth values as such, days as days, the rest as text."""
    if isinstance(value, bool | int) or value is None:
        assert (type(cell), cell) == (type(value), value)
    elif isinstance(cell, datetime):
        assert date.fromisoformat(value) == cell.date()
    else:
        assert cell == _as_text(value)
        assert not re.fullmatch(r"\d{4}-\d\d-\d\d", cell)


def test_most_lists_of_the_world_are_not_empty(island: Island) -> None:
    """Or else the test above would compare little."""
    client = island.client_of("national")
    full = [op for op in LISTS if _walked(client, _path(op, island.world), _needed(op))]
    assert len(full) >= len(LISTS) * 3 // 4


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_examples_of_the_document_show_the_same(op: Operation) -> None:
    content = op.described["responses"]["200"]["content"]
    items = content["application/json"]["example"]["items"]
    head, rows = _table(content[CSV]["example"])
    assert content[NDJSON]["example"] == items[0]
    _check_rows(head, rows, items)


@pytest.mark.parametrize("accept", [CSV, NDJSON])
def test_a_province_gets_its_own_only(accept: str, island: Island) -> None:
    own, foreign = island.world.own.objects["case_id"], island.world.foreign.objects["case_id"]
    seen = {name: _exported(island.client_of(name), "/v1/cases", accept).text for name in NAMES}
    assert own in seen["province"]
    assert foreign not in seen["province"]
    assert {own in seen["national"], foreign in seen["national"]} == {True}


def test_the_filters_of_the_list_hold(island: Island) -> None:
    client, query = island.client_of("national"), {"kind": "criminal", "unit": island.world.own.office_id}
    _, rows = _table(_exported(client, "/v1/cases", CSV, query).text)
    assert [row[0] for row in rows] == [item["id"] for item in _walked(client, "/v1/cases", query)] != []


def test_an_empty_list_has_its_header(island: Island) -> None:
    client, query = island.client_of("national"), {"decision_no": "0/none"}
    head, rows = _table(_exported(client, "/v1/cases", CSV, query).text)
    assert (head[0], rows) == ("id", [])
    assert _sheet(_exported(client, "/v1/cases", XLSX, query)) == (head, [])
    assert _exported(client, "/v1/cases", NDJSON, query).content == b""


def test_formulas_come_as_text(island: Island) -> None:
    client, formula = island.client_of("national"), '=HYPERLINK("http://x";"Ấn vào đây")'
    create(client, island.world.own, file_no=formula, decision_no="@88/QĐ")
    query = {"decision_no": "@88/QĐ"}
    head, (row,) = _table(_exported(client, "/v1/cases", CSV, query).text)
    assert row[head.index("file_no")] == "'" + formula
    assert row[head.index("decision_no")] == "'@88/QĐ"
    columns, (cells,) = _sheet(_exported(client, "/v1/cases", XLSX, query))
    assert cells[columns.index("file_no")] == formula


@pytest.mark.parametrize(
    ("accept", "begin"),
    [
        (CSV, "id,"),
        (f"{CSV}; charset=UTF-8; bom=absent", "id,"),
        (f"{CSV};bom=present", "\ufeffid,"),
        (f'{CSV}; bom="present", application/json;q=0.1', "\ufeffid,"),
    ],
)
def test_a_byte_order_mark_on_request(accept: str, begin: str, island: Island) -> None:
    answer = _exported(island.client_of("national"), "/v1/units", accept)
    assert answer.content.startswith(begin.encode())
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "Tổng cục" in answer.content.decode() or "ỉnh" in answer.content.decode()


@pytest.mark.parametrize(
    "accept",
    [f"{CSV}; bom=maybe", f"{CSV}; charset=windows-1258", "application/vnd.ms-excel", "text/tab-separated-values"],
)
def test_other_forms_are_refused(accept: str, island: Island) -> None:
    answer = island.client_of("national").get("/v1/units", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
    assert CSV in answer.json()["produces"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json, text/csv", "application/json"),
        ("text/csv, */*;q=0.1", CSV),
        ("text/html, */*;q=0.8", "application/json"),
        ("application/x-ndjson;q=0.5, text/csv;q=0.4", NDJSON),
    ],
)
def test_pages_come_first_where_they_are_wanted_alike(accept: str, kind: str, island: Island) -> None:
    answer = island.client_of("national").get("/v1/units", headers={"Accept": accept})
    assert answer.headers["content-type"].split(";")[0] == kind


def test_what_is_not_a_list_is_not_exported(island: Island) -> None:
    client, case = island.client_of("national"), island.world.own.objects["case_id"]
    for path in (f"/v1/cases/{case}", "/v1/units/tree", "/v1/changes", "/v1/priority-cases/summary"):
        assert client.get(path, headers={"Accept": CSV}).status_code == 406, path


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_about_pages_is_refused(method: str, island: Island) -> None:
    query = {"limit": "10", "cursor": "x", "count": "exact"}
    answer = island.client_of("national").request(method, "/v1/cases", params=query, headers={"Accept": CSV})
    assert answer.status_code == 422
    if method == "GET":
        assert [(e["parameter"], e["code"]) for e in answer.json()["errors"]] == [
            ("limit", "not-in-exports"), ("cursor", "not-in-exports"), ("count", "not-in-exports"),
        ]  # fmt: skip


@pytest.mark.parametrize("op", [op for op in LISTS if "Purpose-Optional" in op.sent], ids=str)
def test_nobody_is_exported_in_full(op: Operation, island: Island) -> None:
    headers = {"Accept": CSV, "Purpose": "tests"}
    asked = {"personal_data": "true"}
    answer = island.client_of("national").get(_path(op, island.world), params=asked, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "personal_data")


def test_its_name_says_what_it_is_and_of_which_day(island: Island) -> None:
    client = island.client_of("national")
    case = island.world.own.objects["case_id"]
    for path, accept, name in (
        ("/v1/priority-cases", CSV, "priority-cases-{}.csv"),
        (f"/v1/cases/{case}/events", NDJSON, "cases-events-{}.ndjson"),
        ("/v1/units", XLSX, "units-{}.xlsx"),
    ):
        answer = _exported(client, path, accept)
        assert answer.headers["content-disposition"] == f'attachment; filename="{name.format(today())}"'
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
        head = client.head(path, headers={"Accept": accept})
        assert (head.status_code, head.content) == (200, b"")
        for header in ("content-type", "content-disposition", "vary"):
            assert head.headers[header] == answer.headers[header]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", [CSV, NDJSON, XLSX])
def test_refusals_come_as_problems(method: str, accept: str, island: Island) -> None:
    client, foreign = island.client_of("province"), island.world.foreign
    for path, status in (
        (f"/v1/cases/{foreign.objects['case_id']}/events", 404),
        (f"/v1/cases?unit={foreign.office_id}", 422),
        ("/v1/cases?sort=x", 422),
        ("/v1/cases?x=1", 400),
    ):
        answer = client.request(method, path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path


def test_a_workbook_that_cannot_hold_the_list_is_refused(island: Island, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 2)
    client = island.client_of("national")
    answer = client.get("/v1/cases", headers={"Accept": XLSX})
    assert (answer.status_code, answer.json()["code"]) == (422, "list-too-long")
    assert "text/csv" in answer.json()["title"]
    _exported(client, "/v1/cases", CSV)


def test_traced_requests_are_exported_alike(island: Island) -> None:
    """They take FastAPI's own way."""
    client = island.client_of("national")
    straight = _exported(client, "/v1/cases", CSV).content
    found, _ = island.served.app.state.index.find("/v1/cases")
    operation = found.operations["GET"]
    run, operation.direct = operation.direct, None
    try:
        assert _exported(client, "/v1/cases", CSV).content == straight
        assert client.get("/v1/cases", params={"limit": "2"}, headers={"Accept": CSV}).status_code == 422
    finally:
        operation.direct = run


@pytest.mark.usefixtures("small_pages")
def test_it_can_be_written_where_nobody_has_asked(island: Island) -> None:
    """What writes it needs a route, its parameters and a caller, and no request over HTTP."""
    ref = island.service.reference.current
    caller = ref.clients["province"].caller
    place = {"type": "http", "app": island.served.app, "path": "/v1/cases", "query_string": b"", "headers": []}

    async def read(page: Page) -> Response:
        db = island.service.database.seen_by(ref.context(caller))
        return await list_cases(Request(place), db, ref, caller, CaseFilters(), page)

    async def written() -> bytes:
        return b"".join([piece async for piece in Collection("/cases", CasePage).produced(read, Form(CSV), 60)])

    asked = _exported(island.client_of("province"), "/v1/cases", CSV).content
    assert island.service.runner.run(written()) == asked
