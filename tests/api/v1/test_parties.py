"""The search by identity number: exact, within the wall, by the page, limited, and always on record."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.services.clients.rules import SCOPES
from app.services.clients.tokens import Claimed
from tests.api.v1.cases import create
from tests.api.v1.personal import ASKED, COMPANY, DEBTOR, PURPOSE, on_record, without_trail
from tests.api.world import World
from tests.conftest import ClientOf, Island, settings_for
from tests.server import Served, serving

ADDRESS = "/v1/parties:search"
_numbers = count(1)


def new_number() -> str:
    """A number nobody has."""
    return f"0991{next(_numbers):08}"


def search(client: httpx.Client, number: str, headers: Any = ASKED, **body: Any) -> httpx.Response:
    return client.post(ADDRESS, json={"id_number": number, **body}, headers=headers)


def found(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def with_number(client: httpx.Client, world: World, number: str) -> str:
    parties = [COMPANY, {**DEBTOR, "id_number": number}]
    return str(create(client, world.own, parties=parties)["id"])


def test_a_person_is_found_by_the_whole_number_whatever_its_blanks(province: httpx.Client, world: World) -> None:
    number = new_number()
    case_id = with_number(province, world, f"{number[:3]} {number[3:6]}\u00a0{number[6:9]}\u3000{number[9:]}")
    for asked in (number, f"{number[:6]} {number[6:]}", f" {number[:1]}\u2009{number[1:]} "):
        assert found(search(province, asked)) == [case_id], asked
    for asked in (number[:-1], number[1:], number + "0", "%", "_" * 12, f"{number[:-1]}%"):
        assert found(search(province, asked)) == [], asked


def test_the_answer_tells_cases_and_roles_and_no_names(province: httpx.Client, world: World) -> None:
    number = new_number()
    debtor = {**DEBTOR, "id_number": number}
    made = create(province, world.own, parties=[COMPANY, debtor, {**debtor, "role": "related"}])
    answer = search(province, number)
    (item,) = answer.json()["items"]
    assert item == {**{name: made[name] for name in item}, "parties": made["parties"][1:]}
    assert [party["role"] for party in item["parties"]] == ["debtor", "related"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_corrected_number_is_found_by_the_new_one(province: httpx.Client, world: World) -> None:
    old, new = new_number(), new_number()
    case_id = with_number(province, world, old)
    body = {"parties": [{**DEBTOR, "id_number": f"{new[:5]} {new[5:]}"}], "reason": "Đính chính"}
    assert province.patch(f"/v1/cases/{case_id}", json=body, headers={"If-Match": "*"}).status_code == 200
    assert (found(search(province, old)), found(search(province, new))) == ([], [case_id])


def test_nobody_finds_what_is_not_theirs(province: httpx.Client, national: httpx.Client, world: World) -> None:
    parties = [{**DEBTOR, "id_number": new_number()}]
    own, foreign = (create(national, place, parties=parties)["id"] for place in (world.own, world.foreign))
    assert found(search(province, parties[0]["id_number"])) == [own]
    assert found(search(national, parties[0]["id_number"])) == [foreign, own]


def test_pages_follow_by_the_cursor_in_the_body(province: httpx.Client, national: httpx.Client, world: World) -> None:
    number, cursor = new_number(), None
    pages: list[list[str]] = []
    made = [with_number(province, world, number) for _ in range(5)]
    while not pages or cursor:
        answer = search(province, number, limit=2, cursor=cursor)
        assert "link" not in answer.headers
        pages.append(found(answer))
        cursor = answer.json()["next"]
    assert pages == [made[4:2:-1], made[2:0:-1], made[:1]]
    records = on_record(national, subject="party_search")[:3]
    assert [record["after"] for record in records[::-1]] == [
        {"cases": 2, "more": True}, {"cases": 2, "more": True}, {"cases": 1, "more": False},
    ]  # fmt: skip
    assert len({record["subject_id"] for record in records}) == 1


def test_a_cursor_belongs_to_its_search(province: httpx.Client, national: httpx.Client, world: World) -> None:
    number = new_number()
    for _ in range(2):
        with_number(province, world, number)
    cursor = search(province, number, limit=1).json()["next"]
    for client, asked, given in (
        (province, new_number(), cursor),
        (national, number, cursor),
        (province, number, "AAAA"),
        (province, number, cursor[:-2]),
    ):
        refused = search(client, asked, limit=1, cursor=given)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid-cursor")
        assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/cursor"]


def test_every_search_is_on_record_without_the_number(
    province: httpx.Client, national: httpx.Client, world: World
) -> None:
    number, other = new_number(), new_number()
    with_number(province, world, number)
    answers = [search(province, asked) for asked in (number, f"{number[:4]} {number[4:]}", other)]
    third, second, first = on_record(national, subject="party_search")[:3]
    assert [record["request_id"] for record in (first, second, third)] == [
        answer.headers["x-request-id"] for answer in answers
    ]
    assert (first["client_id"], first["reason"], first["unit"]) == ("province", PURPOSE, None)
    assert [record["after"]["cases"] for record in (first, second, third)] == [1, 1, 0]
    assert first["subject_id"] == second["subject_id"] != third["subject_id"]
    assert re.fullmatch("[0-9a-f]{64}", first["subject_id"])
    assert number not in str(first)


def test_the_search_of_a_person_is_on_record_in_their_unit(api: Served, province: httpx.Client, world: World) -> None:
    person = Claimed("tran.hanh", "W.a.001", "officer")
    token = api.app.state.tokens.issue("national", frozenset(SCOPES), person)
    assert found(search(province, new_number(), {"Authorization": f"Bearer {token}", **ASKED})) == []
    record = on_record(province, subject="party_search", person="tran.hanh")[0]
    assert (record["unit"]["id"], record["client_id"]) == (world.own.office_id, "national")


@pytest.mark.parametrize("moment", ["written", "committed"])
def test_what_cannot_be_put_on_record_is_not_answered(island: Island, moment: str) -> None:
    client, number = island.client_of("province"), new_number()
    case_id = with_number(client, island.world, number)
    with without_trail(island, moment):
        refused = search(client, number)
    assert (refused.status_code, refused.json()["code"]) == (500, "internal-error")
    assert case_id not in refused.text
    assert found(search(client, number)) == [case_id]


def test_it_needs_the_right_and_a_purpose(api: Served, province: httpx.Client, national: httpx.Client) -> None:
    before = len(on_record(national, subject="party_search"))
    token = api.app.state.tokens.issue("national", frozenset(set(SCOPES) - {"cases:read.pii"}))
    assert search(province, new_number(), {"Authorization": f"Bearer {token}", **ASKED}).status_code == 403
    refused = search(province, new_number(), {})
    assert refused.status_code == 400
    assert [(fault["header"], fault["code"]) for fault in refused.json()["errors"]] == [("Purpose", "required")]
    assert len(on_record(national, subject="party_search")) == before


@pytest.fixture(scope="module")
def thrifty(database_url: str, world: World) -> Iterator[Served]:
    """The service with two searches a minute for each client."""
    assert world
    with serving(create_app(settings_for(database_url, party_searches_per_minute=2))) as served:
        yield served


def test_searches_have_a_quota_of_their_own(thrifty: Served, client_of: ClientOf, national: httpx.Client) -> None:
    before = len(on_record(national, subject="party_search"))

    def asked(client_id: str) -> httpx.Response:
        headers = {"Authorization": client_of(client_id).headers["authorization"], **ASKED}
        return httpx.post(thrifty.address + ADDRESS, json={"id_number": "099"}, headers=headers)

    answers = [asked("province") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [re.findall(r'"party-search";r=(\d+)', answer.headers["ratelimit"]) for answer in answers] == [
        ["1"], ["0"], ["0"],
    ]  # fmt: skip
    assert '"party-search";q=2;w=60' in answers[0].headers["ratelimit-policy"]
    assert '"client";q=1000000' in answers[0].headers["ratelimit-policy"]
    assert answers[-1].json()["code"] == "quota-exceeded"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 30
    assert len(on_record(national, subject="party_search")) == before + 2
    assert asked("partner").status_code == 200
    headers = {"Authorization": client_of("province").headers["authorization"]}
    assert httpx.get(f"{thrifty.address}/v1/cases", headers=headers).status_code == 200
