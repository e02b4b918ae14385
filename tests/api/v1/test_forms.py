"""Official forms over HTTP, as JSON and as workbooks."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from app.api.xlsx import XLSX
from tests.api.world import World
from tests.builders import NATION_ID

YEAR = {"fiscal_year": "2025", "months": "12"}
HELD = range(1, 7)


def read(client: httpx.Client, no: int, **params: str) -> dict[str, Any]:
    answer = client.get(f"/v1/forms/{no}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def workbook(client: httpx.Client, no: int, **params: str) -> Any:
    answer = client.get(f"/v1/forms/{no}", params=params, headers={"Accept": XLSX})
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX), answer.text
    return load_workbook(BytesIO(answer.content)).active


def leaves(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [leaf for column in columns for leaf in (leaves(column["columns"]) if column["columns"] else [column])]


def test_the_list_says_what_is_held(partner: httpx.Client) -> None:
    listed = partner.get("/v1/forms").json()
    assert [item["no"] for item in listed["items"]] == list(range(1, 13))
    assert [item["status"] for item in listed["items"]] == ["complete"] * 6 + ["not_held"] * 6
    for item in listed["items"]:
        assert item["provisional"] is True
        assert (item["explanation"] is None) is (item["status"] == "complete")


def test_the_list_is_paged(partner: httpx.Client) -> None:
    paged, address = [], "/v1/forms?limit=5"
    while address:
        page = partner.get(address)
        paged += [item["no"] for item in page.json()["items"]]
        address = page.links["next"]["url"] if page.json()["next"] else ""
    assert paged == list(range(1, 13))


@pytest.mark.parametrize("no", HELD)
def test_totals_are_those_of_the_statement(national: httpx.Client, world: World, no: int) -> None:
    cut = {3: {"state_budget": "true"}, 6: {"credit_institution": "true"}}.get(no, {})
    for unit in (NATION_ID, world.own.province_id, world.own.office_id):
        found = read(national, no, unit=unit, **YEAR)
        statement = national.get("/v1/statistics/periods", params={"unit": unit, **YEAR, **cut}).json()
        assert (found["unit"], found["period"]) == (statement["unit"], statement["period"])
        for leaf, value in zip(leaves(found["columns"]), found["rows"][0]["cells"], strict=True):
            measure = statement[leaf["measure"]]
            if leaf["format"] == "percent":
                assert value == measure["rates"]["result"]["value"]
            elif leaf["account"] is None:
                assert value == measure["lines"][leaf["line"]]["value"], leaf["code"]


def test_a_form_by_officer(province: httpx.Client, world: World) -> None:
    found = read(province, 4, **YEAR)
    officers = [row["officer"]["id"] for row in found["rows"] if row["officer"]]
    assert world.own.objects["officer_id"] in officers
    assert [row["unit"]["id"] for row in found["rows"] if row["unit"]] == [world.own.office_id]
    assert [leaf["number"] for leaf in leaves(found["columns"])] == list(range(1, 21))


def test_another_regime_counts_otherwise(national: httpx.Client, world: World) -> None:
    found = read(national, 1, unit=world.own.province_id, regime="tt08-2015", **YEAR)
    assert found["period"]["regime"] == "tt08-2015"
    assert national.get("/v1/forms/1", params={"regime": "tt99-1999"}).status_code == 422


def test_a_form_that_is_not_held_says_why(partner: httpx.Client, world: World) -> None:
    found = read(partner, 11, **YEAR)
    assert (found["status"], found["rows"], found["columns"]) == ("not_held", [], [])
    assert found["explanation"]["en"].endswith("its annex is not at hand.")
    page = workbook(partner, 11, unit=world.own.office_id)
    texts = [cell.value for row in page.iter_rows() for cell in row if cell.value]
    assert found["explanation"]["vi"] in texts
    assert not any(isinstance(text, (int, float)) for text in texts)


@pytest.mark.parametrize("no", HELD)
def test_a_workbook_holds_what_the_json_says(national: httpx.Client, world: World, no: int) -> None:
    asked = {"unit": world.own.province_id, **YEAR}
    found, page = read(national, no, **asked), workbook(national, no, **asked)
    columns, top = leaves(found["columns"]), page.print_title_rows
    first = int(page.freeze_panes[1:])
    assert page.freeze_panes == f"C{first}"
    assert top.replace("$", "").split(":")[1] == str(first - 1)
    for offset, row in enumerate(found["rows"]):
        cells = page[first + offset]
        assert cells[0].value == (row["no"] or None)
        assert cells[1].value == row["text"]["vi"]
        for leaf, cell, value in zip(columns, cells[2:], row["cells"], strict=True):
            assert cell.value == (float(value) if isinstance(value, str) else value), leaf["code"]
            formats = {"cases": "#,##0", "money": "#,##0,"}
            assert cell.number_format == ("0.00" if leaf["format"] == "percent" else formats[leaf["measure"]])
    assert page[first - 1][2].value == "1"


def test_a_workbook_is_ready_to_print(national: httpx.Client, world: World) -> None:
    found = read(national, 1, unit=world.own.office_id, **YEAR)
    page = workbook(national, 1, unit=world.own.office_id, **YEAR)
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert (page.sheet_properties.pageSetUpPr.fitToPage, page.page_setup.fitToHeight) == (True, 0)
    merged = {str(area) for area in page.merged_cells.ranges}
    top = int(page.print_title_rows.replace("$", "").split(":")[0])
    # the whole height of the header for the numbers, and one header over its columns
    assert {f"A{top}:A{top + 3}", f"C{top}:F{top}", f"K{top + 1}:R{top + 1}"} <= merged
    texts = [str(cell.value) for row in page.iter_rows() for cell in row if cell.value]
    assert found["title"]["vi"].upper() in texts
    assert f"Đơn vị báo cáo: {found['unit']['name']}" in texts
    assert "12 tháng năm 2025 (cả năm), từ ngày 01/10/2024 đến ngày 30/09/2025" in texts
    assert {"NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG ĐƠN VỊ", "Đơn vị tính: việc"} <= set(texts)
    assert any("tạm thời" in text for text in texts)


def test_a_running_period_says_so(partner: httpx.Client) -> None:
    found, page = read(partner, 2), workbook(partner, 2)
    assert found["complete"] is False
    assert any("chưa kết thúc" in str(row[0].value) for row in page.iter_rows())


def test_a_period_of_another_circular_says_so(partner: httpx.Client) -> None:
    for year, in_force in (("2024", True), ("2023", False), ("2026", False)):
        asked = {"fiscal_year": year, "months": "12"}
        assert read(partner, 1, **asked)["in_force"] is in_force
        texts = [str(row[0].value) for row in workbook(partner, 1, **asked).iter_rows()]
        assert any("thời gian có hiệu lực" in text for text in texts) is not in_force


def test_the_file_has_a_name(partner: httpx.Client, world: World) -> None:
    answer = partner.get("/v1/forms/4", params=YEAR, headers={"Accept": XLSX})
    code = read(partner, 4, **YEAR)["unit"]["code"]
    assert answer.headers["content-disposition"] == f'attachment; filename="bieu-04-{code}-2025-12.xlsx"'
    assert answer.headers["vary"] == "Accept"
    assert world.own.office_id


def test_head_writes_no_workbook(partner: httpx.Client) -> None:
    answer = partner.head("/v1/forms/1", params=YEAR, headers={"Accept": XLSX})
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, XLSX, b"")


def test_what_is_not_there_and_not_asked_well(partner: httpx.Client, world: World) -> None:
    for no in ("0", "13", "01", "x", "99999999999999999999"):
        assert partner.get(f"/v1/forms/{no}").status_code == 404, no
    assert partner.get("/v1/forms/1", headers={"Accept": "text/csv"}).status_code == 406
    assert partner.get("/v1/forms/1", params={"months": "13"}).status_code == 422
    assert partner.get("/v1/forms/1", params={"fiscal_year": "2099"}).status_code == 422
    assert partner.get("/v1/forms/1", params={"kind": "civil"}).status_code == 400
    foreign = partner.get("/v1/forms/1", params={"unit": world.foreign.office_id}, headers={"Accept": XLSX})
    assert (foreign.status_code, foreign.headers["content-type"]) == (422, "application/problem+json")
