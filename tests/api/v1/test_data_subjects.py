"""The export of a person's data: complete, within the walls, in pages, and on record before it is answered."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.api.v1.schemas.data_subjects import DataSubjectExport
from tests.api.v1.cases import create, key
from tests.api.v1.personal import ASKED, COMPANY, DEBTOR, PURPOSE, on_record, without_trail
from tests.api.v1.test_relatives import register
from tests.api.world import World
from tests.conftest import Island

PATH = "/v1/data-subjects:export"
Items = list[dict[str, Any]]


@pytest.fixture
def number() -> str:
    """The identity number of somebody nobody has heard of."""
    return f"026{uuid.uuid4().int % 10**9:09}"


@pytest.fixture
def national(island: Island) -> httpx.Client:
    return island.client_of("national")


def export(client: httpx.Client, number: str, **values: Any) -> httpx.Response:
    """A page."""
    return client.post(PATH, json={"id_number": number, **values}, headers=ASKED)


def pages(client: httpx.Client, number: str, limit: int) -> Iterator[Items]:
    """All of them."""
    cursor = None
    while True:
        answer = export(client, number, limit=limit, cursor=cursor)
        assert answer.status_code == 200, answer.text
        yield answer.json()["items"]
        cursor = answer.json()["next"]
        if cursor is None:
            return


def of_kind(items: Items, kind: str) -> Items:
    """Those of a kind."""
    return [item for item in items if item["kind"] == kind]


@pytest.fixture
def person(island: Island, national: httpx.Client, number: str) -> Callable[[], list[str]]:
    """Makes somebody a party of a case here, twice of one there, and a relative of an officer here."""

    def made() -> list[str]:
        world: World = island.world
        debtor = {**DEBTOR, "id_number": f"{number[:6]} {number[6:]}"}
        here = create(national, world.own, parties=[COMPANY, debtor])["id"]
        there = create(national, world.foreign, parties=[debtor, {**debtor, "role": "related"}])["id"]
        relative = register(national, world.own.objects["officer_id"], number, relation="sibling").json()["id"]
        return [here, there, relative]

    return made


def test_everything_about_the_person_and_nothing_about_others(
    national: httpx.Client, person: Callable[[], list[str]], number: str
) -> None:
    here, there, relative = person()
    items = export(national, number).json()["items"]
    parties = of_kind(items, "party")
    assert sorted((item["case_id"], item["role"]) for item in parties) == sorted(
        [(here, "debtor"), (there, "debtor"), (there, "related")]
    )
    case = national.get(f"/v1/cases/{here}").json()
    held = next(item for item in parties if item["case_id"] == here)
    same = ("file_no", "decision_no", "decision_date", "unit", "accepted_on", "left_on", "state", "amount_vnd")
    assert {name: held[name] for name in same} == {name: case[name] for name in same}
    assert {name: held[name] for name in ("name", "id_number", "address", "phone")} == {
        **{name: DEBTOR[name] for name in ("name", "address", "phone")},
        "id_number": number,
    }
    (entry,) = of_kind(items, "relative")
    assert (entry["id"], entry["relation"], entry["id_number"]) == (relative, "sibling", number)
    assert COMPANY["name"] not in str(items)


def test_who_saw_searched_and_exported_is_told(
    island: Island, national: httpx.Client, person: Callable[[], list[str]], number: str
) -> None:
    here, _, relative = person()
    national.get(f"/v1/cases/{here}", params={"personal_data": "true"}, headers=ASKED)
    island.client_of("province").post("/v1/parties:search", json={"id_number": number}, headers=ASKED)
    export(national, number)
    reads = of_kind(export(national, number).json()["items"], "read")
    told = [(read["subject"], read["subject_id"], read["client_id"]) for read in reads]
    assert ("case", here, "national") in told
    assert ("party_search", None, "province") in told
    assert ("officer_relative", relative, "national") in told
    assert ("data_subject", None, "national") in told
    assert {read["purpose"] for read in reads} == {PURPOSE}
    assert told.count(("case", here, "national")) == 2  # the read and the first export


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_follow_each_other_without_gap_or_repetition(
    national: httpx.Client, person: Callable[[], list[str]], number: str, limit: int
) -> None:
    person()
    found = [item for page in pages(national, number, limit) for item in page]
    assert [item["kind"] for item in found[:4]] == ["party", "party", "party", "relative"]
    assert len({str(item) for item in found}) == len(found)
    wrong = export(national, "1", limit=1, cursor=export(national, number, limit=1).json()["next"])
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/cursor")


def test_the_walls_hold(island: Island, person: Callable[[], list[str]], number: str) -> None:
    here, there, relative = person()
    office = export(island.client_of("partner"), number).json()["items"]
    assert [item.get("case_id", item.get("id")) for item in office] == [here, relative]
    assert there not in str(office)
    export(island.client_of("national"), number)
    again = of_kind(export(island.client_of("partner"), number).json()["items"], "read")
    assert {read["subject_id"] for read in again} == {here, relative}  # what the nation did beyond is not seen here


def test_every_page_is_on_record_even_an_empty_one(national: httpx.Client, number: str) -> None:
    before = len(on_record(national, subject="data_subject"))
    assert export(national, number).json() == {"items": [], "next": None}
    records = on_record(national, subject="data_subject")
    assert len(records) == before + 1
    assert (records[0]["after"], records[0]["reason"]) == ({"items": 0, "more": False}, PURPOSE)
    assert number not in str(records)


@pytest.mark.parametrize("moment", ["written", "committed"])
def test_what_cannot_be_put_on_record_is_not_given_out(
    island: Island, national: httpx.Client, person: Callable[[], list[str]], number: str, moment: str
) -> None:
    person()
    with without_trail(island, moment):
        answer = export(national, number)
    assert answer.status_code == 500
    assert DEBTOR["name"] not in answer.text


def test_a_purpose_is_needed_and_no_key(national: httpx.Client, number: str) -> None:
    body = {"id_number": number}
    assert national.post(PATH, json=body, headers=key()).status_code == 400
    assert national.post(PATH, json=body, headers=ASKED).status_code == 200


def test_the_number_is_compared_as_it_is_kept() -> None:
    assert DataSubjectExport(id_number="025 090 001 234", limit=1, cursor=None).number == "025090001234"
