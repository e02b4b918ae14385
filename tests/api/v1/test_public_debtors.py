"""The public list over HTTP: what the law names and no more, open to every client with the scope, current at once."""

import time
import unicodedata
import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.api.v1.cases import book, create, ids
from tests.api.world import World
from tests.builders import Service

PATH = "/v1/public-debtors"
LEGAL = {"name", "address", "judgment", "decision", "obligation", "reason"}


@pytest.fixture
def tag() -> str:
    return uuid.uuid4().hex[:10]


def lose(client: httpx.Client, case_id: str, number: str) -> None:
    answer = book(client, case_id, "conditions_lost", "2025-09-03", document_no=number, ground="Điều 44a Luật THADS")
    assert answer.status_code == 201, answer.text


def listed(client: httpx.Client, world: World, name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A case whose debtor has this name and no conditions; and the entry of the list."""
    debtor = {
        "role": "debtor",
        "kind": "individual",
        "name": name,
        "id_number": "011090004321",
        "address": "Bản Nà Tấu, xã Mường Phăng, tỉnh Điện Biên",
        "phone": "0912345678",
    }
    creditor = {"role": "creditor", "kind": "individual", "name": "Trần Thị Bé", "address": "Số 1 Lê Lợi"}
    case_id = create(client, world.own, parties=[creditor, debtor], **more)["id"]
    lose(client, case_id, f"{name[-10:]}/QĐ-THADS")
    (found,) = client.get(PATH, params={"name": name}).json()["items"]
    return case_id, found


def test_an_entry_has_what_the_law_names_and_no_more(national: httpx.Client, world: World, tag: str) -> None:
    judgment = {"judgment_no": "12/2025/DS-ST", "judgment_date": "2025-07-01", "court": "Tòa án nhân dân khu vực 1"}
    _, found = listed(national, world, f"Lò Thị Pằng {tag}", **judgment)
    assert found.keys() == LEGAL | {"id", "unit", "published_on"}
    assert {name: found[name] for name in LEGAL} == {
        "name": f"Lò Thị Pằng {tag}",
        "address": "Bản Nà Tấu, xã Mường Phăng, tỉnh Điện Biên",
        "judgment": {"no": "12/2025/DS-ST", "date": "2025-07-01", "court": "Tòa án nhân dân khu vực 1"},
        "decision": {"no": f"{tag}/QĐ-THADS", "date": "2025-09-03"},
        "obligation": {"text": "Trả nợ gốc", "outstanding_vnd": 1_000_000},
        "reason": "Điều 44a Luật THADS",
    }
    assert found["unit"].keys() == {"id", "code", "name"}
    assert found["unit"]["id"] == world.own.office_id


def test_nothing_else_of_case_and_parties_gets_out(national: httpx.Client, world: World, tag: str) -> None:
    case_id, found = listed(national, world, f"Lò Văn Pánh {tag}")
    for answer in (national.get(PATH, params={"name": tag}), national.get(f"{PATH}/{found['id']}")):
        assert answer.status_code == 200
        for secret in ("011090004321", "0912345678", "Trần Thị Bé", "Lê Lợi", case_id):
            assert secret not in answer.text


def test_a_judgment_that_is_not_on_record_is_null(national: httpx.Client, world: World, tag: str) -> None:
    case_id, found = listed(national, world, f"Giàng A Sử {tag}")
    assert found["judgment"] is None
    body = {"court": "Tòa án nhân dân khu vực 2", "reason": "Bổ sung"}
    assert national.patch(f"/v1/cases/{case_id}", json=body, headers={"If-Match": "*"}).status_code == 200
    judgment = national.get(f"{PATH}/{found['id']}").json()["judgment"]
    assert judgment == {"no": None, "date": None, "court": "Tòa án nhân dân khu vực 2"}


def test_an_entry_is_gone_as_soon_as_conditions_are_found(national: httpx.Client, world: World, tag: str) -> None:
    case_id, found = listed(national, world, f"Vàng Thị Mỷ {tag}")
    path = f"{PATH}/{found['id']}"
    assert book(national, case_id, "conditions_found", "2025-09-10").status_code == 201
    assert national.get(path).status_code == 404
    assert ids(national.get(PATH, params={"name": tag})) == []
    assert book(national, case_id, "reversed", None).status_code == 201
    assert national.get(path).json() == found


def test_the_list_is_open_beyond_the_units_of_a_client(partner: httpx.Client, world: World) -> None:
    """A client of one office reads entries of the other province, though its case does not exist for it."""
    foreign = world.foreign
    assert partner.get(f"{PATH}/{foreign.objects['debtor_id']}").status_code == 200
    assert foreign.objects["debtor_id"] in ids(partner.get(PATH, params={"unit": foreign.province_id, "limit": 500}))
    assert partner.get(f"/v1/cases/{foreign.objects['case_id']}").status_code == 404


def test_filters_find_and_leave_out(national: httpx.Client, world: World, service: Service, tag: str) -> None:
    async def coded(session: Any) -> None:
        values = {"a": world.own.province_id, "b": world.foreign.province_id}
        await session.execute(text("UPDATE unit SET province_code = '98' WHERE id = CAST(:a AS uuid)"), values)
        await session.execute(text("UPDATE unit SET province_code = '97' WHERE id = CAST(:b AS uuid)"), values)
        session.info["reference_changed"] = True

    _, found = listed(national, world, f"Đặng Thuỳ Trâm {tag}")
    filters = {
        "unit": (world.own.office_id, world.foreign.office_id),
        "name": (f"dang thuy tram {tag}", f"dang_thuy%tram {tag}"),
        "decision_no": (f"{tag}/QĐ-THADS", f"{tag}/qđ-thads"),
    }
    for name, (right, wrong) in filters.items():
        both = {"name": tag, name: right}
        assert ids(national.get(PATH, params=both)) == [found["id"]], name
        assert ids(national.get(PATH, params={"name": tag, name: wrong})) == [], name
    service.runner.run(service.db.write(coded))
    for _ in range(100):  # the service hears of it by itself
        answer = national.get(PATH, params={"province": "98", "limit": 500})
        if answer.status_code == 200:
            break
        time.sleep(0.02)
    assert found["id"] in ids(answer)
    assert world.foreign.objects["debtor_id"] in ids(national.get(PATH, params={"province": "97"}))
    both = {"unit": world.own.office_id, "province": "97"}
    assert ids(national.get(PATH, params=both)) == []
    assert found["id"] in ids(national.get(PATH, params={**both, "province": "98", "limit": 500}))


def test_names_are_found_composed_or_not(national: httpx.Client, world: World, tag: str) -> None:
    name = f"Nguyễn Ước {tag}"
    _, found = listed(national, world, name)
    for written in (name, unicodedata.normalize("NFD", name), name.lower()):
        assert ids(national.get(PATH, params={"name": written})) == [found["id"]]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"unit": "01890000-0000-7000-8000-00000000dead"}, "unit"),
        ({"unit": "G15"}, "unit"),
        ({"province": "00"}, "province"),
        ({"province": "1"}, "province"),
        ({"name": "an"}, "name"),
        ({"name": "  "}, "name"),
        ({"decision_no": "x" * 101}, "decision_no"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_bad_filters_are_named(national: httpx.Client, query: dict[str, str], parameter: str) -> None:
    answer = national.get(PATH, params=query)
    assert answer.status_code == 422
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


@pytest.mark.parametrize("unit", [False, True])
def test_pages_join_without_gap_or_overlap(national: httpx.Client, world: World, tag: str, unit: bool) -> None:
    debtors = [{"role": "debtor", "kind": "individual", "name": f"Nông Văn {n} {tag}"} for n in range(7)]
    lose(national, create(national, world.own, parties=debtors)["id"], "1/QĐ")
    where = f"unit={world.own.office_id}" if unit else f"name={tag}"
    seen: list[tuple[str, str]] = []
    url = f"{PATH}?{where}&limit=2"
    while url:
        answer = national.get(url)
        seen += [(item["published_on"], item["id"]) for item in answer.json()["items"] if tag in item["name"]]
        url = answer.links["next"]["url"] if answer.json()["next"] else ""
    assert seen == sorted(set(seen))
    assert len(seen) == 7


def test_an_entry_that_has_not_changed_is_not_sent_again(national: httpx.Client, world: World, tag: str) -> None:
    case_id, found = listed(national, world, f"Mạc Thị Bưởi {tag}")
    path = f"{PATH}/{found['id']}"
    first = national.get(path)
    known = {"If-None-Match": first.headers["etag"]}
    assert national.get(path, headers=known).status_code == 304
    assert first.headers["cache-control"] == "private, no-cache"
    assert book(national, case_id, "reduced", "2025-09-12", amount_vnd=1).status_code == 201
    again = national.get(path, headers=known)
    assert again.status_code == 200
    assert again.json()["obligation"]["outstanding_vnd"] == 999_999


def test_a_judgment_belongs_to_a_case(national: httpx.Client, world: World) -> None:
    given = {"judgment_no": "31/2025/KDTM-ST", "judgment_date": "2025-08-22", "court": "Tòa án nhân dân khu vực 3"}
    made = create(national, world.own, **given)
    assert {name: made[name] for name in given} == given
    late = {"judgment_date": "2025-08-23", "reason": "Đính chính"}
    refused = national.patch(f"/v1/cases/{made['id']}", json=late, headers={"If-Match": "*"})
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/judgment_date"]
    gone = {**dict.fromkeys(given), "reason": "Đính chính"}
    after = national.patch(f"/v1/cases/{made['id']}", json=gone, headers={"If-Match": "*"}).json()
    assert {name: after[name] for name in given} == dict.fromkeys(given)
    assert national.get(f"/v1/cases/{made['id']}").json() == after
