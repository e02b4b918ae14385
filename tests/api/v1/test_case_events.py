"""Events over HTTP: booked, refused with what would be possible, reversed, read back."""

import httpx
import pytest

from tests.api.v1.cases import book, create, key
from tests.api.world import World


def test_the_history_shows_what_moved(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own)["id"]
    booked = book(province, case_id, "collected", amount_vnd=250_000, document_no="12/BL", note="Thu đợt 1")
    assert booked.status_code == 201
    assert booked.json() == {"case_id": case_id, "event_no": 2, "version": 2}
    history = province.get(f"/v1/cases/{case_id}/events").json()["items"]
    assert [(event["event_no"], event["event"]) for event in history] == [(1, "accepted"), (2, "collected")]
    (line,) = history[1]["lines"]
    assert (line["from_account"], line["to_account"], line["cases"], line["amount_vnd"]) == (
        "enforcing",
        "completed",
        0,
        250_000,
    )
    assert province.get(booked.headers["location"]).json() == history[1]


def test_a_refused_event_says_what_is_possible(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own)["id"]
    assert book(province, case_id, "completed").status_code == 201
    refused = book(province, case_id, "suspended")
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["code"], problem["state"], problem["allowed_events"]) == (
        "invalid-transition",
        "completed",
        ["reversed"],
    )


def test_more_than_is_outstanding_is_refused(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own)["id"]
    refused = book(province, case_id, "collected", amount_vnd=1_000_001)
    assert (refused.status_code, refused.json()["outstanding_vnd"]) == (409, 1_000_000)


def test_a_reversal_takes_back_the_last_event(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own)["id"]
    book(province, case_id, "terminated_in_part", amount_vnd=400_000)
    book(province, case_id, "completed", "2025-09-10")
    assert book(province, case_id, "reversed", None, note="Nhập nhầm").status_code == 201
    case = province.get(f"/v1/cases/{case_id}").json()
    assert (case["state"], case["outstanding_vnd"], case["left_on"]) == ("enforcing", 600_000, None)
    history = province.get(f"/v1/cases/{case_id}/events").json()["items"]
    assert [(event["reverses"], event["reversed_by"]) for event in history[2:]] == [(None, 4), (3, None)]


def test_handing_over_needs_a_unit_the_caller_may_see(
    province: httpx.Client, national: httpx.Client, world: World
) -> None:
    case_id = create(province, world.own)["id"]
    there = {"to_unit_id": world.foreign.office_id, "to_officer_id": world.foreign.objects["officer_id"]}
    assert book(province, case_id, "handed_over", **there).status_code == 422
    assert book(national, case_id, "handed_over", **there).status_code == 201
    assert province.get(f"/v1/cases/{case_id}").status_code == 404
    assert national.get(f"/v1/cases/{case_id}").json()["unit"]["id"] == world.foreign.office_id


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"event": "collected", "effective_on": "2025-09-01"}, "/amount_vnd"),
        ({"event": "collected", "effective_on": "2025-09-01", "amount_vnd": 0}, "/amount_vnd"),
        ({"event": "completed", "effective_on": "2025-09-01", "amount_vnd": 5}, "/amount_vnd"),
        ({"event": "completed"}, "/effective_on"),
        ({"event": "reversed", "effective_on": "2025-09-01"}, "/effective_on"),
        ({"event": "struck_off", "effective_on": "2025-09-01"}, "/parts"),
        ({"event": "handed_over", "effective_on": "2025-09-01"}, "/to_unit_id"),
        ({"event": "completed", "effective_on": "2099-09-01"}, "/effective_on"),
        ({"event": "accepted", "effective_on": "2025-09-01"}, "/event"),
    ],
)
def test_members_that_do_not_fit_the_event_are_named(
    province: httpx.Client, world: World, body: dict[str, object], pointer: str
) -> None:
    path = f"/v1/cases/{world.own.objects['case_id']}/events"
    answer = province.post(path, json=body, headers=key())
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_an_event_may_insist_on_the_version_read(province: httpx.Client, world: World) -> None:
    case = create(province, world.own)
    path, body = f"/v1/cases/{case['id']}/events", {"event": "suspended", "effective_on": "2025-09-01"}
    stale = province.post(path, json=body, headers={**key(), "If-Match": '"2"'})
    assert stale.status_code == 412
    current = province.post(path, json=body, headers={**key(), "If-Match": f'"{case["version"]}"'})
    assert current.status_code == 201


def test_events_before_the_last_one_are_refused(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own)["id"]
    book(province, case_id, "suspended", "2025-09-15")
    early = book(province, case_id, "continued", "2025-09-14")
    assert (early.status_code, early.json()["last_effective_on"]) == (409, "2025-09-15")
