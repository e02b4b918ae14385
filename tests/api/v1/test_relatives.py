"""The register of relatives over HTTP: masked, on record where it is not, and what it forbids."""

import uuid
from typing import Any

import httpx
import pytest

from tests.api.v1.cases import book, create, ids, key, new_case
from tests.api.v1.personal import ASKED, PURPOSE, on_record
from tests.api.world import Place, World
from tests.conftest import ClientOf


@pytest.fixture
def number() -> str:
    """The identity number of somebody nobody has heard of."""
    return f"025{uuid.uuid4().int % 10**9:09}"


@pytest.fixture
def officer_id(province: httpx.Client, world: World) -> str:
    """An officer of the office of the world."""
    posting = {"unit_id": world.own.office_id, "rank": "primary", "since": "2020-01-01"}
    body = {"code": f"REL-{uuid.uuid4().hex[:12]}", "name": "Đặng Thị Ước", "posting": posting}
    made: str = province.post("/v1/officers", json=body, headers=key()).json()["id"]
    return made


def register(client: httpx.Client, officer_id: str, number: str, **values: Any) -> httpx.Response:
    """A relative of the officer since 2020."""
    person = {"relation": "spouse", "name": "Lò Văn Khướu", "id_number": number, "since": "2020-01-01"}
    return client.post(f"/v1/officers/{officer_id}/relatives", json={**person, **values}, headers=key())


def with_party(place: Place, officer_id: str, number: str) -> dict[str, Any]:
    """A case of the officer with the person as its debtor."""
    debtor = {"role": "debtor", "kind": "individual", "name": "Lò Văn Khướu", "id_number": number}
    return new_case(place, officer_id=officer_id, parties=[debtor])


def test_the_register_is_masked_and_tells_of_open_cases(
    province: httpx.Client, world: World, officer_id: str, number: str
) -> None:
    create(province, world.own, **with_party(world.own, officer_id, number))
    made = register(province, officer_id, f"{number[:3]} {number[3:]}")
    assert made.status_code == 201, made.text
    out = made.json()
    assert (out["open_cases"], out["same_name_cases"], out["name"]) == (1, 0, "L*** V*** K***")
    entry = {name: out[name] for name in ("id", "name", "since", "until", "version")}
    read = province.get(made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (entry, made.headers["etag"])
    listed = province.get(f"/v1/officers/{officer_id}/relatives")
    assert listed.json() == {"items": [entry], "next": None}
    for answer in (made, read, listed):
        assert not [secret for secret in ("Khướu", "spouse", number) if secret in answer.text]
    assert register(province, officer_id, number).status_code == 409


def test_the_register_in_full_is_on_record(
    province: httpx.Client, client_of: ClientOf, officer_id: str, number: str
) -> None:
    path = f"/v1/officers/{officer_id}/relatives"
    made = [register(province, officer_id, f"{number}{n}").json()["id"] for n in range(3)]
    asked = {"personal_data": "true", "limit": "2"}
    assert province.get(path, params=asked).status_code == 400
    first = province.get(path, params=asked, headers=ASKED)
    assert ids(first) == made[:2]
    entry = first.json()["items"][0]
    assert (entry["name"], entry["relation"], entry["id_number"]) == ("Lò Văn Khướu", "spouse", f"{number}0")
    assert "no-store" in first.headers["cache-control"]
    assert [len(on_record(province, subject="officer_relative", subject_id=one)) for one in made] == [1, 1, 0]
    (record,) = on_record(province, subject_id=made[0])
    assert (record["reason"], record["client_id"]) == (PURPOSE, "province")
    assert ids(province.get(first.links["next"]["url"], headers=ASKED)) == made[2:]
    assert len(on_record(province, subject_id=made[2])) == 1


def test_an_entry_is_ended_and_its_end_taken_back(province: httpx.Client, officer_id: str, number: str) -> None:
    made = register(province, officer_id, number)
    path = made.headers["location"]

    def end(seen: httpx.Response, until: str | None) -> httpx.Response:
        headers = {"If-Match": seen.headers["etag"]}
        return province.patch(path, json={"until": until, "reason": "Ly hôn"}, headers=headers)

    ended = end(made, "2026-03-01")
    assert (ended.status_code, ended.json()["until"], ended.json()["version"]) == (200, "2026-03-01", 2)
    assert end(made, None).status_code == 412
    assert end(ended, "2019-12-31").json()["errors"][0]["pointer"] == "/until"
    assert end(ended, None).json()["until"] is None
    assert province.patch(path, json={"reason": "x"}, headers={"If-Match": "*"}).status_code == 422


def test_a_relatives_case_is_refused_in_words_for_people(
    province: httpx.Client, world: World, officer_id: str, number: str
) -> None:
    register(province, officer_id, number)
    body, headers = with_party(world.own, officer_id, number), {**key(), "Accept-Language": "vi"}
    refused = province.post("/v1/cases", json=body, headers=headers)
    said = refused.json()
    assert (refused.status_code, said["code"], said["relation"]) == (409, "conflict-of-interest", "spouse")
    assert said["title"] == "Chấp hành viên không được giải quyết vụ việc này"
    assert not [secret for secret in ("Khướu", number) if secret in refused.text]
    other = {**body, "officer_id": world.own.objects["officer_id"]}
    assert province.post("/v1/cases", json=other, headers=headers).status_code == 201  # the key was not used up


def test_neither_takeover_nor_new_parties_get_around_it(
    province: httpx.Client, world: World, officer_id: str, number: str
) -> None:
    register(province, officer_id, number)
    body = with_party(world.own, world.own.objects["officer_id"], number)
    case_id = create(province, world.own, **body)["id"]
    taken = book(province, case_id, "officer_changed", to_officer_id=officer_id)
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict-of-interest")
    harmless = {"role": "debtor", "kind": "individual", "name": "Vàng Anh"}
    mine = create(province, world.own, officer_id=officer_id, parties=[harmless])["id"]
    change = {"parties": body["parties"], "reason": "Đính chính đương sự"}
    replaced = province.patch(f"/v1/cases/{mine}", json=change, headers={"If-Match": "*"})
    assert (replaced.status_code, replaced.json()["code"]) == (409, "conflict-of-interest")
    assert province.get(f"/v1/cases/{mine}").json()["parties"][0]["name"] == "V*** A***"
