"""The trail over HTTP: who did and saw what, for those who may ask."""

import time
from typing import Any, Final

import httpx
import pytest

from app.services import journal
from app.services.access import Actor, Person
from tests.api.operations import UNKNOWN_ID
from tests.api.v1 import cases
from tests.api.v1.cases import ids
from tests.api.world import World
from tests.builders import Service
from tests.conftest import ClientOf, Island

CANARIES: Final = {
    "name": "Canary Thị Hoàng Yến",
    "id_number": "025099887766",
    "address": "Số 7 ngõ Canary, Việt Trì",
    "phone": "0912887766",
}


def trail(asks: httpx.Client, /, **filters: Any) -> list[dict[str, Any]]:
    """The items of the first page."""
    answer = asks.get("/v1/audit", params=filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def write(service: Service, **values: Any) -> None:
    """Puts an unmasked read on record, as the service does."""
    given = {"subject": "case", "subject_id": "x", "unit_id": None, "purpose": "Xác minh", "actor": Actor("portal")}

    async def work(session: Any) -> None:
        await journal.seen(session, **{**given, **values})

    service.runner.run(service.db.write(work))


def test_a_change_is_on_record_with_who_where_and_when(province: httpx.Client, world: World) -> None:
    made = cases.create(province, world.own)
    booked = cases.book(province, made["id"], "deferred", ground="illness")
    assert booked.status_code == 201, booked.text
    last, *_, first = trail(province, subject="case", subject_id=made["id"])
    assert last["request_id"] == booked.headers["x-request-id"]
    assert (last["client_id"], last["person"], last["confidentiality"]) == ("province", None, "ordinary")
    assert last["unit"]["id"] == world.own.office_id
    assert (last["before"]["account"], last["after"]["account"]) == ("enforcing", "deferred")
    assert first["recorded_at"] < last["recorded_at"]
    assert first["id"] < last["id"]


def test_personal_data_never_enter(province: httpx.Client, world: World, service: Service) -> None:
    debtor = {"role": "debtor", "kind": "individual", **CANARIES}
    made = cases.create(province, world.own, parties=[debtor])
    cases.book(province, made["id"], "deferred", ground="illness")
    sql = "SELECT string_agg(r::text, ' ') FROM audit_record r WHERE subject_id = %s"
    ((kept,),) = service.runner.run(service.db.fetch(sql, [made["id"]]))
    assert made["id"] in kept
    assert [value for value in CANARIES.values() if value in kept] == []


def test_an_unmasked_read_names_person_and_purpose(national: httpx.Client, world: World, service: Service) -> None:
    person = Person("le.binh", world.own.office_id, "officer")
    actor = Actor("portal", UNKNOWN_ID, person=person)
    write(service, subject_id=UNKNOWN_ID, unit_id=world.own.office_id, actor=actor, shown={"parties": 2})
    (read,) = trail(national, action="unmasked", person="le.binh")
    assert (read["subject_id"], read["client_id"], read["reason"]) == (UNKNOWN_ID, "portal", "Xác minh")
    assert read["person"]["unit"]["id"] == world.own.office_id
    assert (read["person"]["id"], read["person"]["role"]) == ("le.binh", "officer")
    assert (read["before"], read["after"], read["request_id"]) == (None, {"parties": 2}, UNKNOWN_ID)
    changes = service.runner.run(service.db.fetch(f"SELECT FROM change_record WHERE subject_id = '{UNKNOWN_ID}'"))
    assert changes == []


def test_everybody_sees_the_records_of_their_units_only(client_of: ClientOf, world: World, service: Service) -> None:
    for subject_id, unit_id in {
        "wall-office": world.own.office_id,
        "wall-province": world.own.province_id,
        "wall-foreign": world.foreign.office_id,
        "wall-nation": None,
    }.items():
        write(service, subject="wall", subject_id=subject_id, unit_id=unit_id)
    everything = ["wall-nation", "wall-foreign", "wall-province", "wall-office"]
    seen = {name: _subjects(client_of(name), subject="wall") for name in ("national", "province", "partner")}
    assert seen == {"national": everything, "province": everything[2:], "partner": everything[3:]}
    for name, visible in seen.items():
        for subject_id in everything:
            found = _subjects(client_of(name), subject_id=subject_id)
            assert found == ([subject_id] if subject_id in visible else []), (name, subject_id)


def _subjects(asks: httpx.Client, /, **filters: Any) -> list[str]:
    return [item["subject_id"] for item in trail(asks, **filters)]


def test_clients_and_rules_are_for_those_who_see_the_nation(client_of: ClientOf) -> None:
    registered = trail(client_of("national"), subject="client")
    assert {"province", "partner"} <= {item["subject_id"] for item in registered}
    assert {item["unit"] for item in registered} == {None}
    assert trail(client_of("province"), subject="client") == []


def test_what_is_secret_stays_so_in_the_trail(client_of: ClientOf, world: World, service: Service) -> None:
    for confidentiality in (0, 1, 2):
        about = {"subject": "classes", "subject_id": str(confidentiality), "confidentiality": confidentiality}
        write(service, unit_id=world.own.office_id, **about)
    assert _subjects(client_of("partner"), subject="classes") == ["0"]


def test_filters_narrow_and_join(national: httpx.Client, world: World, service: Service) -> None:
    own, foreign = world.own, world.foreign
    for number, (client, unit_id) in enumerate(
        [("f-one", own.office_id), ("f-two", own.office_id), ("f-one", foreign.office_id), ("f-one", None)]
    ):
        write(service, subject="filtered", subject_id=f"f-{number}", unit_id=unit_id, actor=Actor(client))
    assert _subjects(national, client="f-one") == ["f-3", "f-2", "f-0"]
    assert _subjects(national, client="f-one", unit=own.province_id) == ["f-0"]
    assert _subjects(national, subject="filtered", unit=own.office_id) == ["f-1", "f-0"]
    assert _subjects(national, subject="filtered", action="created") == []
    assert _subjects(national, subject_id="f-2", client="f-two") == []
    refused = national.get("/v1/audit", params={"unit": UNKNOWN_ID})
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "unit")


def test_time_bounds_take_the_first_and_leave_the_last(national: httpx.Client, service: Service) -> None:
    for number in range(3):
        write(service, subject="timed", subject_id=f"t-{number}")
        time.sleep(0.002)
    last, middle, first = (item["recorded_at"] for item in trail(national, subject="timed"))
    assert first < middle < last
    assert _subjects(national, subject="timed", recorded_from=middle) == ["t-2", "t-1"]
    assert _subjects(national, subject="timed", recorded_from=first, recorded_until=last) == ["t-1", "t-0"]


@pytest.mark.parametrize("name", ["national", "province"])
def test_pages_follow_one_another(name: str, client_of: ClientOf, world: World, service: Service) -> None:
    client, subject = client_of(name), f"paged_{name}"

    async def work(session: Any) -> None:
        for number in range(7):
            await journal.seen(
                session,
                subject=subject,
                subject_id=f"p-{number}",
                unit_id=world.own.office_id if number % 2 else world.own.province_id,
                actor=Actor("portal"),
                purpose=None,
            )

    service.runner.run(service.db.write(work))
    found: list[str] = []
    answer = client.get("/v1/audit", params={"subject": subject, "limit": 3})
    while True:
        found += [item["subject_id"] for item in answer.json()["items"]]
        if "next" not in answer.links:
            break
        answer = client.get(answer.links["next"]["url"])
    assert found == [f"p-{number}" for number in reversed(range(7))]


def test_records_of_the_same_moment_come_by_their_numbers(national: httpx.Client, service: Service) -> None:
    sql = """INSERT INTO audit_record (subject, subject_id, action, client_id, recorded_at)
             SELECT 'twins', n::text, 'changed', 'x', '2026-01-01' FROM generate_series(1, 5) n RETURNING id"""
    service.runner.run(service.db.fetch(sql))
    first = national.get("/v1/audit", params={"subject": "twins", "limit": 2})
    rest = national.get(first.links["next"]["url"]).json()["items"]
    order = [item["id"] for item in (*first.json()["items"], *rest)]
    assert len(order) == 4
    assert order == sorted(order, reverse=True)


def test_the_running_service_chains_what_it_writes(island: Island) -> None:
    """Within seconds, without anybody asking."""
    service = island.service
    made = cases.create(island.client_of("province"), island.world.own)
    sql = """SELECT count(*) FILTER (WHERE l.audit_id IS NOT NULL), count(*) FROM audit_record r
             LEFT JOIN audit_link l ON l.audit_id = r.id WHERE r.subject_id = %s"""
    for _ in range(100):
        ((linked, written),) = service.runner.run(service.db.fetch(sql, [made["id"]]))
        if written and linked == written:
            break
        time.sleep(0.1)
    assert linked == written > 0
    assert ids(island.client_of("province").get("/v1/audit", params={"subject_id": made["id"]}))
