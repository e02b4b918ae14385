"""Frozen reports over HTTP: what they hold is what the books said, for ever; restated, compared, proved."""

from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import httpx
import psycopg
import pytest
from openpyxl import load_workbook

from app.api.xlsx import XLSX
from app.models.reports import REPORT_PARTS
from app.services.access import Caller, context_of
from app.services.statistics.rules import PARTS
from tests.api.v1.cases import book, create, key, new_case
from tests.api.v1.test_regimes import NEW
from tests.conftest import Island, as_service

PATH: Final = "/v1/reports"
PERIOD: Final = {"fiscal_year": 2026, "months": 12}
PERIODS: Final = "/v1/periods/2026/12"


def freeze(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post(PATH, json={**PERIOD, **body}, headers=key())


def lines(shown: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The figures of a frozen statement, or those of the books."""
    return {
        measure: {
            name: line["value"] if isinstance(line, dict) else line for name, line in shown[measure]["lines"].items()
        }
        for measure in ("cases", "money")
    }


def books(client: httpx.Client, **asked: Any) -> dict[str, dict[str, int]]:
    return lines(client.get("/v1/statistics/periods", params={**PERIOD, **asked}).json())


def read_form(client: httpx.Client, no: int, **asked: Any) -> dict[str, Any]:
    answer = client.get(f"{FORMS}/{no}", params={**PERIOD, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@dataclass(frozen=True)
class Made:
    """A report that was frozen, one that restates it, and who reads them."""

    island: Island
    nation: httpx.Client
    province: httpx.Client
    first: dict[str, Any]
    restated: dict[str, Any]
    then: dict[str, dict[str, dict[str, int]]]
    forms: dict[tuple[int, str], dict[str, Any]]


FORMS: Final = "/v1/forms"
# those of officers list none for the nation
FROZEN_FORMS: Final = tuple((no, name) for no in range(1, 7) for name in ("nation", "province", "office"))


@pytest.fixture(scope="module")
def made(island: Island) -> Made:
    """Freezes fiscal year 2026, then has the rules of its circular replaced and restates it."""
    nation, province, world = island.client_of("national"), island.client_of("province"), island.world
    for place in (world.own, world.foreign):
        case_id = create(nation, place, decision_date="2026-03-02", accepted_on="2026-03-02")["id"]
        book(nation, case_id, "collected", "2026-05-04", amount_vnd=250_000)
    ended = create(nation, world.own, decision_date="2026-04-01", accepted_on="2026-04-01", kind="civil")["id"]
    book(nation, ended, "terminated", "2026-08-03")
    assert freeze(nation).status_code == 409  # open
    closed = nation.post(f"{PERIODS}/closings", json={}, headers={"If-Match": "*", **key()})
    assert closed.status_code == 201, closed.text
    early = freeze(nation)
    assert (early.status_code, early.json()["missing"]) == (409, 2)  # provinces have not sent
    for place in (world.own, world.foreign):
        unit, officer = place.office_id, place.objects["officer_id"]
        for body in ({"unit_id": unit, "officer_id": officer}, {"unit_id": unit}, {"unit_id": place.province_id}):
            assert nation.post(f"{PERIODS}/submissions", json=body, headers=key()).status_code == 201
    assert freeze(province).status_code == 403
    first = freeze(nation)
    assert first.status_code == 201, first.text
    units = {"nation": {}, "province": {"unit": world.own.province_id}, "office": {"unit": world.own.office_id}}
    then = {name: books(nation, **asked) for name, asked in units.items()}
    forms = {(no, name): read_form(nation, no, **units[name]) for no, name in FROZEN_FORMS}
    rules = deepcopy(NEW)
    rules["lines"]["cases"] |= {"done": ["completed", "reduced", "returned"], "withdrawn": ["withdrawn", "terminated"]}
    assert nation.post("/v1/regimes/tt05-2026/versions", json=rules, headers=key()).status_code == 201
    assert freeze(nation).json()["errors"][0]["pointer"] == "/reason"
    restated = freeze(nation, reason="Quy tắc thống kê mới")
    assert restated.status_code == 201, restated.text
    return Made(island, nation, province, first.json(), restated.json(), then, forms)


def test_it_holds_what_the_books_said(made: Made) -> None:
    own, no = made.island.world.own, made.first["no"]
    asked = {"nation": {}, "province": {"unit": own.province_id}, "office": {"unit": own.office_id}}
    for name, params in asked.items():
        frozen = made.nation.get(f"{PATH}/{no}", params=params).json()
        assert lines(frozen) == made.then[name]
        assert all(frozen["cases"]["identities"].values())
        assert frozen["report"] == made.first
    assert made.then["nation"]["cases"]["done"] == 1
    assert made.then["nation"]["money"]["done"] == 250_000 * 2 + 1_000_000
    assert made.first["national"]["cases"]["numerator"] == 1
    assert (made.first["period"]["regime"], made.first["regime_version"]) == ("tt05-2026", 1)
    assert made.first["regimes_in_force"] == ["tt05-2024", "tt05-2026"]


def test_it_is_kept_by_every_cut(made: Made) -> None:
    def cut(**params: str) -> int:
        found = made.nation.get(f"{PATH}/{made.first['no']}", params=params).json()
        total: int = found["cases"]["lines"]["accepted_total"]
        return total

    for kind in ("civil", "commercial", "criminal"):
        assert cut(kind=kind) == books(made.nation, kind=kind)["cases"]["accepted_total"] > 0
    assert cut(state_budget="true") + cut(state_budget="false") == cut()


def test_late_events_leave_it_alone(made: Made) -> None:
    """They count in no month of that year: it is over and closed."""
    case_id = create(made.nation, made.island.world.own, decision_date="2026-10-05", accepted_on="2026-10-05")["id"]
    assert book(made.nation, case_id, "completed", "2026-10-06").status_code == 201
    late = create_refused(made)
    assert late["fiscal_year"] == 2026
    assert lines(made.nation.get(f"{PATH}/{made.first['no']}").json()) == made.then["nation"]


def create_refused(made: Made) -> dict[str, Any]:
    """What a case of the closed year is answered."""
    body = new_case(made.island.world.own, decision_date="2026-09-01", accepted_on="2026-09-01")
    answer = made.nation.post("/v1/cases", json=body, headers=key())
    assert answer.status_code == 409, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


def test_a_restatement_is_the_next_version(made: Made) -> None:
    assert (made.restated["no"], made.restated["version"]) == (made.first["no"] + 1, 2)
    assert (made.restated["reason"], made.restated["regime_version"]) == ("Quy tắc thống kê mới", 2)
    assert made.nation.get(PERIODS).json()["reports"] == [
        {"no": report["no"], "version": report["version"]} for report in (made.first, made.restated)
    ]
    listed = made.province.get(PATH, params=PERIOD).json()["items"]
    assert listed == [made.first, made.restated]
    assert made.province.get(PATH, params={**PERIOD, "newest": "true"}).json()["items"] == [made.restated]
    assert made.province.get(PATH, params={**PERIOD, "newest": "false"}).json()["items"] == [made.first]
    page = made.province.get(PATH, params={"fiscal_year": 2026, "limit": 1}).json()
    rest = made.province.get(PATH, params={"fiscal_year": 2026, "limit": 1, "cursor": page["next"]}).json()
    assert [*page["items"], *rest["items"]] == listed
    assert made.province.get(PATH, params={"months": 12}).json()["errors"][0]["parameter"] == "fiscal_year"


def test_versions_are_compared_line_by_line(made: Made) -> None:
    path = f"{PATH}/{made.first['no']}/differences"
    (unit,) = made.nation.get(path, params={"with": made.restated["no"]}).json()["items"]
    assert unit["unit"]["id"] == made.island.world.own.office_id
    found = {(line["measure"], line["line"]): (line["value"], line["other"]) for line in unit["lines"]}
    assert found == {
        ("cases", "done"): (1, 0),
        ("cases", "withdrawn"): (0, 1),
        ("cases", "must_enforce"): (4, 3),
        ("cases", "with_conditions"): (3, 2),
    }
    assert [line["difference"] for line in unit["lines"] if line["line"] == "withdrawn"] == [-1]
    assert made.nation.get(path, params={"with": made.first["no"]}).json()["items"] == []
    foreign = {"with": made.restated["no"], "unit": made.island.world.foreign.province_id}
    assert made.nation.get(path, params=foreign).json()["items"] == []
    assert made.nation.get(path, params={"with": 999}).json()["errors"][0]["parameter"] == "with"
    assert made.nation.get(path).status_code == 422


def test_units_add_up_to_the_nation(made: Made) -> None:
    path = f"{PATH}/{made.first['no']}/units"
    items = made.nation.get(path).json()["items"]
    assert [item["unit"]["id"] for item in items] == [
        made.island.world.own.province_id,
        made.island.world.foreign.province_id,
    ]
    total = made.then["nation"]
    for measure in ("cases", "money"):
        for name, value in total[measure].items():
            assert sum(item[measure]["lines"][name] for item in items) == value
    first = made.nation.get(path, params={"limit": 1}).json()
    second = made.nation.get(path, params={"limit": 1, "cursor": first["next"]}).json()
    assert [*first["items"], *second["items"]] == items
    (office,) = made.province.get(path, params={"level": "regional"}).json()["items"]
    assert lines(office) == made.then["office"]


def test_a_province_sees_its_own_lines_and_the_average(made: Made) -> None:
    own = made.province.get(f"{PATH}/{made.first['no']}").json()
    assert lines(own) == made.then["province"]
    assert own["report"]["national"] == made.first["national"]
    assert made.island.world.foreign.office_id not in made.province.get(f"{PATH}/{made.first['no']}/units").text
    foreign = {"unit": made.island.world.foreign.province_id}
    assert made.province.get(f"{PATH}/{made.first['no']}", params=foreign).status_code == 422
    with psycopg.connect(as_service(made.island.service.database.settings.libpq_url), autocommit=True) as connection:
        caller = Caller("tests", frozenset(), ("vn.wa.",))
        with connection.transaction():
            for name, value in context_of(caller, ("vn.wa.",))._asdict().items():
                connection.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", value])
            for table, key, other in (
                ("report_line", "cut_id", "7"),
                ("report_officer_line", "officer_id", "uuidv7()"),
            ):
                seen = connection.execute(f"SELECT DISTINCT unit_id::text FROM {table}".encode()).fetchall()
                assert seen == [(made.island.world.own.office_id,)]
                insert = f"INSERT INTO {table} (report_no, unit_id, {key}) SELECT 1, unit_id, {other} FROM {table}"
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(insert.encode())


@pytest.mark.parametrize("table", ["report_line", "report_officer_line"])
def test_nobody_changes_it_and_the_digest_would_tell(made: Made, table: str) -> None:
    path = f"{PATH}/{made.first['no']}/proof"
    proof = made.province.get(path).json()
    assert proof["holds"] is True
    assert proof["digest"] == proof["computed"] == made.first["digest"]
    assert made.province.get(f"{PATH}/999/proof").status_code == 404
    change = f"UPDATE {table} SET money_done = 1 WHERE report_no = {made.first['no']} AND money_done IS NOT NULL"
    with psycopg.connect(made.island.service.database.settings.libpq_url) as owner:
        with pytest.raises(psycopg.errors.RestrictViolation), owner.transaction():
            owner.execute(change.encode())
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only".encode())
        owner.execute(f"CREATE TABLE kept AS SELECT * FROM {table} WHERE report_no = {made.first['no']}".encode())
        owner.execute(change.encode())
        owner.commit()
        assert made.province.get(path).json()["holds"] is False
        owner.execute(f"DELETE FROM {table} WHERE report_no = {made.first['no']}".encode())
        owner.execute(f"INSERT INTO {table} SELECT * FROM kept".encode())
        owner.execute("DROP TABLE kept")
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only".encode())
        owner.commit()
    assert made.province.get(path).json()["holds"] is True


def test_a_report_keeps_every_part_of_a_statement() -> None:
    assert set(REPORT_PARTS) == set(PARTS)


@pytest.mark.parametrize(("no", "name"), FROZEN_FORMS)
def test_a_form_is_what_the_books_filled_it_with_when_it_was_frozen(made: Made, no: int, name: str) -> None:
    """By the rules of that day, although others hold since; the restated version by these."""
    own = made.island.world.own
    unit = {"nation": {}, "province": {"unit": own.province_id}, "office": {"unit": own.office_id}}[name]
    for report, live in ((made.first, made.forms[no, name]), (made.restated, read_form(made.nation, no, **unit))):
        found = read_form(made.nation, no, **unit, version=report["version"])
        assert found.pop("report") == {part: report[part] for part in ("no", "version", "frozen_at", "digest")}
        assert live.pop("report", None) is None
        assert found == live


def test_a_frozen_form_counts_a_part_by_the_rules_it_was_frozen_with(made: Made) -> None:
    """What was terminated counted as done in the first version and is deducted in the second."""

    def shown(version: int) -> tuple[Any, ...]:
        found = read_form(made.nation, 1, version=version)
        codes = [leaf["code"] for column in found["columns"] for leaf in _leaves(column)]
        cells = dict(zip(codes, found["rows"][0]["cells"], strict=True))
        return cells["done"], cells["done.terminated" if "done.terminated" in cells else "terminated"]

    assert (shown(1), shown(2)) == ((1, 1), (0, 0))


def _leaves(column: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for below in column["columns"] for leaf in _leaves(below)] if column["columns"] else [column]


def test_a_frozen_workbook_says_which_version_it_shows(made: Made) -> None:
    answer = made.nation.get(f"{FORMS}/1", params={**PERIOD, "version": 2}, headers={"Accept": XLSX})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('-2026-12-v2.xlsx"')
    page = load_workbook(BytesIO(answer.content)).active
    assert page is not None
    texts = [str(cell.value) for row in page.iter_rows() for cell in row if cell.value]
    assert f"Số liệu đã chốt: báo cáo số {made.restated['no']}, phiên bản 2" in texts
    first = read_form(made.nation, 1, version=2)["rows"][0]["cells"]
    row = next(row for row in page.iter_rows() if row[1].value == "Tổng số")
    numbers = [float(value) if isinstance(value, str) else value for value in first]
    assert [cell.value for cell in row[2 : 2 + len(numbers)]] == numbers


def test_frozen_forms_list_officers(made: Made) -> None:
    found = read_form(made.province, 4, unit=made.island.world.own.province_id, version=1)
    assert any(row["officer"] for row in found["rows"])
    assert made.first["officer_lines"] >= 2


@pytest.mark.parametrize("no", [4, 5])
def test_a_report_of_before_holds_no_officers(made: Made, no: int) -> None:
    asked: dict[str, Any] = {**PERIOD, "version": 1, "unit": made.island.world.own.province_id}
    with psycopg.connect(made.island.service.database.settings.libpq_url, autocommit=True) as owner:
        as_before = "UPDATE report SET officer_lines = NULL WHERE version = 1"
        owner.execute("ALTER TABLE report DISABLE TRIGGER append_only")
        owner.execute(as_before.encode())
        try:
            answer = made.province.get(f"{FORMS}/{no}", params=asked)
            assert read_form(made.nation, no, version=1)["rows"]
        finally:
            owner.execute("UPDATE report SET officer_lines = %s WHERE version = 1", [made.first["officer_lines"]])
            owner.execute("ALTER TABLE report ENABLE TRIGGER append_only")
    assert answer.status_code == 409
    assert "officers" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({**PERIOD, "version": 3}, "version"),
        ({**PERIOD, "months": 11, "version": 1}, "version"),
        ({**PERIOD, "version": 0}, "version"),
        ({"fiscal_year": 2026, "version": 1}, "months"),
        ({"months": 12, "version": 1}, "fiscal_year"),
        ({**PERIOD, "version": 1, "regime": "tt05-2024"}, "regime"),
        ({**PERIOD, "version": 1, "unit": "01890000-0000-7000-8000-00000000ffff"}, "unit"),
    ],
)
def test_what_frozen_form_cannot_be_asked(made: Made, asked: dict[str, Any], parameter: str) -> None:
    answer = made.nation.get(f"{FORMS}/1", params=asked)
    assert answer.status_code == 422, answer.text
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


def test_a_province_sees_no_other_frozen_form(made: Made) -> None:
    own = read_form(made.province, 1, version=1)
    assert own["rows"] == made.forms[1, "province"]["rows"]
    foreign: dict[str, Any] = {**PERIOD, "version": 1, "unit": made.island.world.foreign.province_id}
    assert made.province.get(f"{FORMS}/1", params=foreign).status_code == 422
