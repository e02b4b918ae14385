"""Passing targets on over HTTP: results, proposals, many at once, consistency; and targets by workload."""

from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.access import Actor, Caller
from app.services.books.rules import Event
from app.services.cases.commands import Posting, book_event, create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.work import Work
from tests.api.v1 import administrative
from tests.builders import NATION_ID, Office, Service, offices

DECISION = {
    "decision_no": "31/QĐ-THADS",
    "decision_date": "2025-11-20",
    "signer": "Nguyễn Văn Lực",
    "effective_on": "2025-11-20",
}
NATION = Caller("tests", frozenset(), ("vn.",))
ON: dict[str, Any] = {"fiscal_year": 2026}


def post(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})


async def _province(session: AsyncSession, made: list[Office]) -> str:
    """A province that the offices lie in."""
    sql = """INSERT INTO unit (code, level, parent_id, path, validity)
        VALUES (:code, 'provincial', CAST(:nation AS uuid), :path, daterange('2009-01-01', NULL)) RETURNING id::text"""
    letters = uuid4().hex[:8]
    new = {"code": f"P.{letters}", "nation": NATION_ID, "path": f"vn.p{letters}."}
    province = str((await session.execute(text(sql), new)).scalar_one())
    name = """INSERT INTO unit_name (unit_id, name, validity)
        VALUES (CAST(:unit AS uuid), 'THADS tỉnh', daterange('2009-01-01', NULL))"""
    await session.execute(text(name), {"unit": province})
    for number, office in enumerate(made):
        moved = "UPDATE unit SET parent_id = CAST(:p AS uuid), path = :path WHERE id = CAST(:u AS uuid)"
        await session.execute(text(moved), {"p": province, "path": f"{new['path']}{number:03}.", "u": office.unit_id})
    return province


async def _case(work: Work, office: Office, day: date, done: date | None, bank: bool) -> None:
    kind = "organisation" if bank else "individual"
    new = NewCase(
        file_no=f"{uuid4().hex[:8]}/HS",
        decision_no=f"{uuid4().hex[:8]}/QĐ",
        decision_date=day,
        accepted_on=day,
        unit_id=office.unit_id,
        officer_id=office.officer_id,
        kind="civil",
        initiation="on_request",
        obligations=[NewObligation("money_party", 1_000_000, "Trả nợ")],
        parties=[
            NewParty("creditor", kind, "Ngân hàng A", credit_institution=bank),
            NewParty("debtor", "individual", "Nguyễn Văn An"),
        ],
    )
    case_id = await create_case(work, new)
    if done is not None:
        await book_event(work, case_id, None, Posting(Event("completed", done)))


@pytest.fixture(scope="module")
def made(service: Service) -> tuple[str, list[Office]]:
    """A province with two offices of ten cases each in 2026: four and six done; of last year's ten, eight and six."""
    two: list[Office] = service.runner.run(offices(service, 2))
    province = service.runner.run(service.db.write(lambda session: _province(session, two)))
    service.runner.run(service.reference.reload())

    async def write(session: AsyncSession) -> None:
        work = Work(session, service.reference.current, NATION, Actor("tests"))
        for office, before, now in ((two[0], 8, 4), (two[1], 6, 6)):
            for number in range(10):
                done = date(2025, 3, 1) if number < before else None
                await _case(work, office, date(2024, 11, 1), done, bank=False)
            for number in range(before):
                done = date(2026, 2, 2) if number < now else None
                await _case(work, office, date(2025, 11, 3), done, bank=number % 2 == 0)

    service.runner.run(service.db.write(write))
    return province, two


@pytest.fixture(scope="module")
def assigned(national: httpx.Client, made: tuple[str, list[Office]]) -> dict[str, Any]:
    """The province's target of 50 %, with milestones."""
    steps = [{"months": 6, "rate": "45.00"}, {"months": 10, "rate": "50"}]
    body: dict[str, Any] = {
        **DECISION,
        **ON,
        "unit_id": made[0],
        "indicator": "cases_rate",
        "rate": "50.00",
        "milestones": steps,
    }
    answer = post(national, "/v1/targets", body)
    assert answer.status_code == 201, answer.text
    target: dict[str, Any] = answer.json()
    return target


def test_milestones_are_kept(assigned: dict[str, Any]) -> None:
    assert assigned["milestones"] == [
        {"months": 6, "due_on": "2026-03-31", "rate": "45.00", "amount": None},
        {"months": 10, "due_on": "2026-07-31", "rate": "50.00", "amount": None},
    ]


def test_results_beside_milestones(
    national: httpx.Client, made: tuple[str, list[Office]], assigned: dict[str, Any]
) -> None:
    params: dict[str, Any] = {"unit": made[0], "indicator": "cases_rate", "as_of": "2026-06-30"}
    (item,) = national.get("/v1/targets/results", params=params).json()["items"]
    assert item["result"] == {"value": "50.00", "numerator": 10, "denominator": 20}
    assert item["previous_year"] == {"value": "70.00", "numerator": 14, "denominator": 20}
    assert item["target"]["id"] == assigned["id"]
    assert (item["attainment"], item["distance_pp"]) == ("100.00", "0.00")
    assert [(m["months"], m["done"], m["reached"]) for m in item["milestones"]] == [(6, 10, True), (10, None, None)]


def test_results_of_children_are_paged(national: httpx.Client, made: tuple[str, list[Office]]) -> None:
    params: dict[str, Any] = {"unit": made[0], "of": "children", "indicator": "credit_cases_rate", "limit": 1, **ON}
    first = national.get("/v1/targets/results", params=params).json()
    second = national.get("/v1/targets/results", params={**params, "cursor": first["next"]}).json()
    found = [(i["unit"]["id"], i["result"]["numerator"], i["result"]["denominator"]) for i in first["items"]]
    found += [(i["unit"]["id"], i["result"]["numerator"], i["result"]["denominator"]) for i in second["items"]]
    assert found == [(made[1][0].unit_id, 2, 4), (made[1][1].unit_id, 3, 3)]
    assert second["next"] is None


def test_numbers_are_attained(national: httpx.Client, made: tuple[str, list[Office]]) -> None:
    body: dict[str, Any] = {**DECISION, **ON, "unit_id": made[0], "indicator": "money_collected", "amount": 20_000_000}
    body["milestones"] = [{"months": 9, "amount": 12_000_000}]
    assert post(national, "/v1/targets", body).status_code == 201
    params: dict[str, Any] = {"unit": made[0], "indicator": "money_collected", **ON}
    (item,) = national.get("/v1/targets/results", params=params).json()["items"]
    assert item["result"]["numerator"] == 10_000_000
    assert (item["attainment"], item["distance_pp"]) == ("50.00", None)
    assert [(m["done"], m["reached"]) for m in item["milestones"]] == [(10_000_000, False)]


def test_administrative_judgments_are_passed_on_like_cases(
    national: httpx.Client, made: tuple[str, list[Office]]
) -> None:
    """Four judgments of the first office, of which one is enforced, and one of the second: 60 % are three of five."""
    body: dict[str, Any] = {**DECISION, **ON, "unit_id": made[0], "indicator": "administrative_rate", "rate": "60.00"}
    body["milestones"] = [{"months": 6, "rate": "20.00"}]
    assert post(national, "/v1/targets", body).status_code == 201
    one, other = made[1]
    for number, office in enumerate([one, one, one, one, other]):
        taken = administrative.accept(national, office.unit_id, officer_id=office.officer_id if number else None)
        if number == 1:
            assert administrative.end(national, taken).status_code == 200
    params = {"unit": made[0], "indicator": "administrative_rate", **ON}
    found = national.get("/v1/targets/results", params=params).json()
    assert found["held"] is True
    (item,) = found["items"]
    assert (item["target"]["rate"], item["result"]["value"], item["attainment"]) == ("60.00", "20.00", "33.33")
    assert [(m["done"], m["reached"]) for m in item["milestones"]] == [(1, True)]
    checked = national.get("/v1/targets/consistency", params=params).json()
    assert (checked["consistent"], checked["sum"]["rate"]) == (True, "60.00")
    assert [child["with_conditions"] for child in checked["children"]] == [4, 1]
    asked = {"unit_id": made[0], "indicator": "administrative_rate", **ON}
    split = national.post("/v1/targets/proposals", json=asked).json()
    assert [(c["rate"], c["to_complete"], c["done"]) for c in split["children"]] == [("60.00", 3, 1), ("60.00", 1, 0)]
    officers = national.post(
        "/v1/targets/proposals", json={**asked, "unit_id": one.unit_id, "of": "officers", "rate": "60.00"}
    )
    shown = [(c["officer"] and c["officer"]["id"], c["with_conditions"]) for c in officers.json()["children"]]
    assert shown == [(one.officer_id, 3), (None, 1)]


def test_a_proposal_adds_up(national: httpx.Client, made: tuple[str, list[Office]], assigned: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"unit_id": made[0], "indicator": "cases_rate", **ON}
    found = national.post("/v1/targets/proposals", json=asked).json()
    assert found["rate"] == assigned["rate"]
    shown = [(c["unit"]["id"], c["rate"], c["with_conditions"], c["to_complete"], c["left"]) for c in found["children"]]
    assert shown == [(made[1][0].unit_id, "60.00", 10, 6, 2), (made[1][1].unit_id, "40.00", 10, 4, 0)]
    assert [c["last_year"]["value"] for c in found["children"]] == ["80.00", "60.00"]
    assert found["sum"] == {"rate": "50.00", "amount": None, "met": True, "shortfall": 0, "shortfall_pp": "0.00"}
    asked["adjusted"] = [{"holder_id": made[1][0].unit_id, "rate": "45.00"}]
    again = national.post("/v1/targets/proposals", json=asked).json()
    assert [(c["rate"], c["adjusted"]) for c in again["children"]] == [("45.00", True), ("55.00", False)]
    officers = national.post("/v1/targets/proposals", json={**asked, "of": "officers", "adjusted": []}).json()
    assert sorted(c["officer"]["id"] for c in officers["children"]) == sorted(o.officer_id for o in made[1])
    number = national.post(
        "/v1/targets/proposals", json={**ON, "unit_id": made[0], "indicator": "cases_done", "amount": 15}
    )
    assert [c["amount"] for c in number.json()["children"]] == [9, 6]


def test_a_proposal_of_nothing_is_refused(
    national: httpx.Client, province: httpx.Client, made: tuple[str, list[Office]], assigned: dict[str, Any]
) -> None:
    assert assigned
    asked: dict[str, Any] = {"unit_id": made[0], "indicator": "money_rate", **ON}
    assert national.post("/v1/targets/proposals", json=asked).json()["errors"][0]["code"] == "no-target"
    stranger = {"holder_id": NATION_ID, "rate": "45.00"}
    refused = national.post("/v1/targets/proposals", json={**asked, "rate": "50.00", "adjusted": [stranger]})
    assert refused.json()["errors"][0]["pointer"] == "/adjusted/0"
    office = {**asked, "unit_id": made[1][0].unit_id, "rate": "50.00"}
    assert national.post("/v1/targets/proposals", json=office).json()["errors"][0]["code"] == "no-children"
    assert province.post("/v1/targets/proposals", json=asked).json()["errors"][0]["code"] == "unknown-reference"


def test_many_at_once_and_whether_they_add_up(
    national: httpx.Client, province: httpx.Client, made: tuple[str, list[Office]], assigned: dict[str, Any]
) -> None:
    parts = [{"unit_id": made[1][0].unit_id, "rate": "55.00"}, {"unit_id": made[1][1].unit_id, "rate": "40.00"}]
    body: dict[str, Any] = {**DECISION, **ON, "indicator": "cases_rate", "targets": parts}
    foreign = post(province, "/v1/targets/assignments", body)
    assert [e["pointer"] for e in foreign.json()["errors"]] == ["/targets/0/unit_id", "/targets/1/unit_id"]
    wrong = post(national, "/v1/targets/assignments", {**body, "indicator": "cases_done"})
    assert [e["pointer"] for e in wrong.json()["errors"]] == ["/targets/0/amount", "/targets/1/amount"]
    params = {"unit": made[0], "indicator": "cases_rate", **ON}
    assert national.get("/v1/targets/consistency", params=params).json()["consistent"] is True
    answer = post(national, "/v1/targets/assignments", body)
    assert answer.status_code == 201, answer.text
    assert {(i["unit"]["id"], i["rate"]) for i in answer.json()["items"]} == {(p["unit_id"], p["rate"]) for p in parts}
    assert post(national, "/v1/targets/assignments", body).status_code == 409
    found = national.get("/v1/targets/consistency", params=params).json()
    assert (found["consistent"], found["unassigned"], found["target"]["id"]) == (False, 0, assigned["id"])
    assert found["sum"] == {"rate": "47.50", "amount": None, "met": False, "shortfall": 1, "shortfall_pp": "2.50"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rate": None}, "/rate"),
        ({"amount": 1}, "/amount"),
        ({"indicator": "cases_done"}, "/amount"),
        ({"milestones": [{"months": 3, "rate": "60.00"}]}, "/milestones"),
        ({"milestones": [{"months": 3, "rate": "20.00"}, {"months": 6, "rate": "10.00"}]}, "/milestones"),
        ({"milestones": [{"months": 3, "rate": "20.00"}, {"months": 3, "rate": "20.00"}]}, "/milestones"),
        ({"milestones": [{"months": 3, "amount": 20}]}, "/milestones"),
        ({"milestones": [{"months": 4, "rate": "20.00"}]}, "/milestones/0/months"),
        ({"milestones": [{"months": 3}]}, "/milestones/0/rate"),
    ],
)
def test_values_that_cannot_be(
    national: httpx.Client, made: tuple[str, list[Office]], change: dict[str, Any], pointer: str
) -> None:
    body: dict[str, Any] = {**DECISION, **ON, "unit_id": made[0], "indicator": "money_rate", "rate": "50.00", **change}
    answer = post(national, "/v1/targets", body)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


def test_targets_by_workload(national: httpx.Client, province: httpx.Client, made: tuple[str, list[Office]]) -> None:
    classes = [{"cases_from": 10, "rate": "75.00"}, {"cases_from": 12, "rate": "74.00"}]
    body: dict[str, Any] = {k: v for k, v in DECISION.items() if k != "effective_on"} | {
        "unit_id": made[0],
        "indicator": "cases_rate",
    }
    body |= {"since": "2025-10-01", "classes": classes}
    params: dict[str, Any] = {"unit": made[0], "indicator": "cases_rate", "as_of": "2026-06-30"}
    before = national.get("/v1/workload-classes", params=params).json()
    assert before["scheme"] is None
    assert [i["workload_class"] for i in before["items"]] == [None, None]
    assert post(province, "/v1/workload-classes", body).status_code == 422
    falling = post(national, "/v1/workload-classes", {**body, "classes": classes[::-1]})
    assert falling.json()["errors"][0]["code"] == "class-order"
    answer = post(national, "/v1/workload-classes", body)
    assert answer.status_code == 201, answer.text
    assert post(national, "/v1/workload-classes", {**body, "since": "2025-09-30"}).status_code == 409
    found = national.get("/v1/workload-classes", params=params).json()
    assert found["scheme"] == answer.json()
    assert [(i["must_enforce"], i["workload_class"] and i["workload_class"]["rate"]) for i in found["items"]] == [
        (10, "75.00"),
        (10, "75.00"),
    ]
    assert found["items"][0]["workload_class"] == {"cases_from": 10, "cases_below": 12, "rate": "75.00"}
    page = national.get("/v1/workload-classes", params={**params, "limit": 1}).json()
    rest = national.get("/v1/workload-classes", params={**params, "limit": 1, "cursor": page["next"]}).json()
    assert page["items"] + rest["items"] == found["items"]
