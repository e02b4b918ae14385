"""Periods over HTTP: months are closed and opened again, late events go where they belong, figures are sent up."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.v1.cases import book, create, key
from tests.conftest import Island

PATH = "/v1/periods"
AUGUST, SEPTEMBER = f"{PATH}/2025/11", f"{PATH}/2025/12"


def change(client: httpx.Client, path: str, what: str, tag: str = "*", **body: Any) -> httpx.Response:
    return client.post(f"{path}/{what}", json=body, headers={"If-Match": tag, **key()})


def state(client: httpx.Client, path: str) -> tuple[str, int]:
    found = client.get(path).json()
    return found["state"], found["version"]


@pytest.fixture
def nation(island: Island) -> Iterator[httpx.Client]:
    """The nation's client; what is closed beyond the frozen month of the world is open again afterwards."""
    client = island.client_of("national")
    yield client
    for path in (SEPTEMBER, AUGUST, f"{PATH}/2025/10"):
        change(client, path, "reopenings", reason="tests")


def test_the_months_of_a_year_and_when_figures_are_due(nation: httpx.Client) -> None:
    items = nation.get(PATH, params={"fiscal_year": 2025}).json()["items"]
    assert [(item["months"], item["state"]) for item in items] == [(n, "open") for n in range(1, 13)]
    assert (items[3]["starts_on"], items[3]["ends_on"]) == ("2024-10-01", "2025-01-31")
    # Tết of 2025 ends on 31 January, a Friday
    assert items[3]["due"] == {"officers": "2025-02-03", "units": "2025-02-04", "provinces": "2025-02-06"}
    frozen, *others = nation.get(PATH, params={"fiscal_year": 2010}).json()["items"]
    assert (frozen["state"], frozen["reports"]) == ("frozen", [{"no": 1, "version": 1}])
    assert frozen["due"] == {"officers": None, "units": None, "provinces": None}
    assert {item["state"] for item in others} == {"open"}
    assert [item["months"] for item in nation.get(PATH, params={"limit": 12}).json()["items"]] == [*range(1, 13)]


def test_a_month_is_closed_with_all_before_it_and_opened_alone(nation: httpx.Client, island: Island) -> None:
    one = nation.get(AUGUST)
    headers = {"If-Match": one.headers["etag"], **key()}
    closed = nation.post(f"{AUGUST}/closings", json={"reason": "Chốt số liệu"}, headers=headers)
    assert closed.status_code == 201, closed.text
    assert (closed.json()["state"], closed.headers["location"]) == ("closed", AUGUST)
    assert nation.post(f"{AUGUST}/closings", json={"reason": "Chốt số liệu"}, headers=headers).json() == closed.json()
    assert nation.get(AUGUST).headers["etag"] == closed.headers["etag"]
    assert state(nation, f"{PATH}/2019/3")[0] == "closed"
    assert state(nation, SEPTEMBER) == ("open", 1)
    assert change(nation, f"{PATH}/2025/10", "closings").status_code == 409
    assert change(nation, AUGUST, "reopenings", one.headers["etag"], reason="x").status_code == 412
    assert "later month" in change(nation, f"{PATH}/2025/10", "reopenings", reason="x").json()["detail"]
    opened = change(nation, AUGUST, "reopenings", closed.headers["etag"], reason="Bổ sung")
    assert (opened.status_code, opened.json()["state"], opened.json()["version"]) == (201, "open", 3)
    assert state(nation, f"{PATH}/2025/10")[0] == "closed"
    assert change(nation, AUGUST, "reopenings", reason="x").status_code == 409
    trail = nation.get("/v1/audit", params={"subject": "period", "subject_id": "2025-11"}).json()["items"]
    assert {(record["action"], record["reason"]) for record in trail} >= {
        ("closed", "Chốt số liệu"),
        ("reopened", "Bổ sung"),
    }


def test_what_is_refused(nation: httpx.Client, island: Island) -> None:
    assert nation.post(f"{AUGUST}/closings", json={}, headers=key()).status_code == 428
    assert change(nation, AUGUST, "closings", '"7"').status_code == 412
    assert change(nation, AUGUST, "reopenings").status_code == 422  # without a reason
    assert change(nation, f"{PATH}/2100/12", "closings").json()["ends_on"] == "2100-09-30"
    assert change(island.client_of("province"), AUGUST, "closings").status_code == 403
    assert "frozen" in change(nation, f"{PATH}/2010/1", "reopenings", reason="x").json()["detail"]
    for path in (f"{PATH}/2025/13", f"{PATH}/2025/0", f"{PATH}/1900/1", f"{PATH}/2025/04"):
        assert nation.get(path).status_code in (404, 422)


def test_late_events_are_adjustments_of_the_same_year(nation: httpx.Client, island: Island) -> None:
    client = island.client_of("province")
    case_id = create(client, island.world.own)["id"]

    def done(months: int) -> int:
        asked = {"fiscal_year": "2025", "months": str(months), "unit": island.world.own.office_id}
        found = client.get("/v1/statistics/periods", params=asked).json()
        value: int = found["money"]["lines"]["done"]["value"]
        return value

    before = done(11)
    assert change(nation, AUGUST, "closings").status_code == 201
    assert book(client, case_id, "collected", "2025-08-25", amount_vnd=100).status_code == 201
    assert book(client, case_id, "collected", "2025-09-02", amount_vnd=10).status_code == 201
    assert (done(11), done(12)) == (before, before + 110)
    history = client.get(f"/v1/cases/{case_id}/events").json()["items"]
    shown = [(event["effective_on"], event["booked_on"], event["adjustment"]) for event in history]
    assert shown[1:] == [("2025-08-25", "2025-09-01", True), ("2025-09-02", "2025-09-02", False)]
    assert client.get(f"/v1/cases/{case_id}/events/2").json() == history[1]
    assert change(nation, SEPTEMBER, "closings").status_code == 201
    refused = book(client, case_id, "collected", "2025-09-03", amount_vnd=1)
    assert (refused.status_code, refused.json()["fiscal_year"]) == (409, 2025)
    assert "closed" in refused.json()["detail"]
    assert book(client, case_id, "collected", "2025-10-01", amount_vnd=1).status_code == 201  # of the year after
    assert (done(11), done(12)) == (before, before + 110)


def test_no_path_leads_into_a_closed_month(nation: httpx.Client, island: Island) -> None:
    """Not even one that forgets to ask: the database refuses, whoever writes."""
    assert change(nation, AUGUST, "closings").status_code == 201
    settings = island.service.database.settings
    copy = "INSERT INTO entry SELECT (jsonb_populate_record(e, jsonb_build_object('event_no', 999))).* FROM entry e"
    with psycopg.connect(settings.libpq_url, autocommit=True) as owner:
        last = f"{copy} WHERE e.booked_on < '2025-09-01' LIMIT 1"
        with pytest.raises(psycopg.errors.SerializationFailure, match="the month is closed"):
            owner.execute(last.encode())


def senders(client: httpx.Client, months: int = 12, **params: str) -> list[dict[str, Any]]:
    answer = client.get(f"{PATH}/2025/{months}/submissions", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def send(client: httpx.Client, unit_id: str, period: str = "2025/12", **body: Any) -> httpx.Response:
    return client.post(f"{PATH}/{period}/submissions", json={"unit_id": unit_id, **body}, headers=key())


def test_figures_are_sent_from_below(island: Island) -> None:
    own, client, nation = island.world.own, island.client_of("province"), island.client_of("national")
    assert [item["sender"] for item in sorted(senders(client), key=lambda item: item["due_on"])] == [
        "officer", "unit", "province",
    ]  # fmt: skip
    assert {(item["status"], item["overdue"]) for item in senders(client, status="missing")} == {("missing", True)}
    assert len(senders(nation)) == 6
    early = send(client, own.province_id)
    assert (early.status_code, early.json()["missing"]) == (409, 1)
    assert send(client, own.office_id).json()["missing"] == 1
    officer = own.objects["officer_id"]
    sent = send(client, own.office_id, officer_id=officer)
    assert (sent.status_code, sent.json()["officer_id"]) == (201, officer)
    assert send(client, own.office_id).status_code == 201
    assert send(client, own.office_id, reason="Gửi lại").status_code == 201
    assert send(client, own.province_id).status_code == 201
    assert senders(client, status="missing") == []
    (unit,) = senders(client, status="late", sender="unit")
    assert (unit["unit"]["id"], unit["overdue"], unit["due_on"]) == (own.office_id, False, "2025-10-02")
    assert [sending["reason"] for sending in unit["sendings"]] == ["Gửi lại", None]
    assert len(senders(nation, status="missing")) == 3
    paged = nation.get(f"{PATH}/2025/12/submissions", params={"limit": 4}).json()
    rest = nation.get(f"{PATH}/2025/12/submissions", params={"limit": 4, "cursor": paged["next"]}).json()
    assert [*paged["items"], *rest["items"]] == senders(nation)
    trail = client.get("/v1/audit", params={"subject": "submission"}).json()["items"]
    assert len(trail) == 4


def test_a_reason_lets_a_unit_go_ahead(island: Island) -> None:
    client, office = island.client_of("province"), island.world.own.office_id
    assert send(client, office, "2025/10", reason="Chấp hành viên nghỉ ốm").status_code == 201
    (unit,) = senders(client, 10, sender="unit")
    assert [(sending["missing"], sending["reason"]) for sending in unit["sendings"]] == [(1, "Chấp hành viên nghỉ ốm")]


def test_who_sends_what(island: Island) -> None:
    own, foreign, client = island.world.own, island.world.foreign, island.client_of("province")
    for body, pointer in (
        ({"unit_id": foreign.office_id}, "/unit_id"),
        ({"unit_id": own.office_id, "officer_id": foreign.objects["officer_id"]}, "/officer_id"),
        ({"unit_id": own.province_id, "officer_id": own.objects["officer_id"]}, "/officer_id"),
    ):
        answer = send(client, **body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    nation = island.client_of("national")
    root = nation.get("/v1/units", params={"level": "national"}).json()["items"][0]["id"]
    assert send(nation, root).status_code == 422
    assert send(client, own.office_id, "2027/12").status_code == 409  # not over
    assert send(client, own.office_id, "2010/1").status_code == 409  # frozen
    assert senders(island.client_of("partner"), 11, unit=own.office_id)[0]["unit"]["id"] == own.office_id
    assert client.get(f"{PATH}/2025/11/submissions", params={"unit": foreign.office_id}).status_code == 422
