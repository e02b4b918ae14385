"""Cases over HTTP: taken into the books, read on any day, listed by every filter, corrected safely."""

import unicodedata
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.v1.cases import book, create, ids, key, new_case
from tests.api.world import World


def test_a_new_case_is_read_as_it_was_sent(province: httpx.Client, world: World) -> None:
    sent = new_case(world.own, obligations=[
        {"kind": "money_state_budget", "amount_vnd": 200_001, "description": "Án phí"},
        {"kind": "money_party", "amount_vnd": 999_999_999_799_999, "description": "Trả nợ"},
    ])  # fmt: skip
    answer = province.post("/v1/cases", json=sent, headers=key())
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/v1/cases/{made['id']}"
    assert (made["state"], made["with_conditions"], made["outstanding_vnd"]) == ("enforcing", True, 10**15)
    assert made["accepted_on"] == sent["decision_date"]
    assert made["segments"] == ["state_budget"]
    read = province.get(answer.headers["location"])
    assert read.json() == made
    assert read.headers["etag"] == answer.headers["etag"]


def test_names_of_individuals_never_leave_unmasked(province: httpx.Client, world: World) -> None:
    made = create(province, world.own, parties=[
        {"role": "debtor", "kind": "individual", "name": "Lò Thị Pằng", "id_number": "011090004321",
         "address": "Bản Nà Tấu", "phone": "0912345678"},
    ])  # fmt: skip
    pages = (f"/v1/cases/{made['id']}", f"/v1/cases/{made['id']}/events", "/v1/cases?debtor=lo thi pang")
    for path in pages:
        answer = province.get(path)
        assert answer.status_code == 200
        for secret in ("Pằng", "011090004321", "Nà Tấu", "0912345678"):
            assert secret not in answer.text, path
    assert made["parties"][0]["name"] == "L*** T*** P***"


def test_a_repeated_post_is_booked_once(province: httpx.Client, world: World) -> None:
    sent, headers = new_case(world.own), key()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: province.post("/v1/cases", json=sent, headers=headers), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    assert len(ids(province.get("/v1/cases", params={"file_no": sent["file_no"]}))) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"unit_id": str(uuid.uuid4())}, "/unit_id"),
        ({"officer_id": str(uuid.uuid4())}, "/officer_id"),
        ({"matter_id": str(uuid.uuid4())}, "/matter_id"),
        ({"decision_date": "2099-01-01"}, "/accepted_on"),
        ({"accepted_on": "2025-08-21"}, "/accepted_on"),
        ({"obligations": []}, "/obligations"),
        ({"parties": []}, "/parties"),
        (
            {"obligations": [{"kind": "non_monetary", "amount_vnd": 1, "description": "Giao nhà"}]},
            "/obligations/0/amount_vnd",
        ),
    ],
)
def test_what_cannot_be_taken_in_is_named(
    province: httpx.Client, world: World, change: dict[str, Any], pointer: str
) -> None:
    answer = province.post("/v1/cases", json=new_case(world.own, **change), headers=key())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_foreign_and_missing_references_sound_the_same(province: httpx.Client, world: World) -> None:
    foreign = province.post("/v1/cases", json=new_case(world.foreign), headers=key())
    missing = province.post("/v1/cases", json=new_case(world.own, unit_id=str(uuid.uuid4())), headers=key())
    assert foreign.status_code == missing.status_code == 422
    assert foreign.json()["errors"] == missing.json()["errors"]


def test_a_day_of_the_past_shows_the_case_as_it_was(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own)["id"]
    for event, day, more in (
        ("collected", "2025-09-02", {"amount_vnd": 300_000}),
        ("conditions_lost", "2025-10-05", {}),
        ("terminated", "2026-01-20", {}),
    ):
        assert book(province, case_id, event, day, **more).status_code == 201
    seen = {
        day: province.get(f"/v1/cases/{case_id}", params={"as_of": day}).json()
        for day in ("2025-08-22", "2025-09-02", "2025-10-05", "2026-01-19", "2026-01-20")
    }
    assert [(day, view["state"], view["outstanding_vnd"], view["left_on"]) for day, view in seen.items()] == [
        ("2025-08-22", "enforcing", 1_000_000, None),
        ("2025-09-02", "enforcing", 700_000, None),
        ("2025-10-05", "no_conditions", 700_000, None),
        ("2026-01-19", "no_conditions", 700_000, None),
        ("2026-01-20", "terminated", 0, "2026-01-20"),
    ]
    assert province.get(f"/v1/cases/{case_id}", params={"as_of": "2025-08-21"}).status_code == 404


def test_flags_of_the_day_asked_for_explain_themselves(province: httpx.Client, world: World) -> None:
    duty = {"kind": "money_party", "amount_vnd": 20_000_000_000, "description": "Trả nợ"}
    case_id = create(province, world.own, decision_date="2022-03-15", obligations=[duty])["id"]

    def raised(day: str) -> list[str]:
        view = province.get(f"/v1/cases/{case_id}", params={"as_of": day}).json()
        return [f"{flag['flag']} since {flag['since']}" for flag in view["flags"]]

    assert raised("2025-03-15") == []
    assert raised("2025-03-16") == ["high_value since 2025-03-16"]


def test_every_filter_finds_and_leaves_out(national: httpx.Client, world: World) -> None:
    bank = [
        {
            "role": "creditor",
            "kind": "organisation",
            "name": "Ngân hàng Thương mại Đông Á Thử",
            "credit_institution": True,
        },
        {"role": "debtor", "kind": "individual", "name": "Hoàng Thị Kiều Oanh"},
    ]
    duty = [{"kind": "money_party", "amount_vnd": 77_000_000_000, "description": "Trả nợ"}]
    matter = world.own.objects["matter_id"]
    made = create(national, world.own, decision_date="2019-05-06", parties=bank, obligations=duty, matter_id=matter,
                  kind="labour", initiation="ex_officio")  # fmt: skip
    found = {
        "unit": (world.own.province_id, world.foreign.province_id),
        "officer": (world.own.objects["officer_id"], world.foreign.objects["officer_id"]),
        "matter": (matter, world.foreign.objects["matter_id"]),
        "state": ("enforcing", "suspended"),
        "open": ("true", "false"),
        "with_conditions": ("true", "false"),
        "kind": ("labour", "family"),
        "initiation": ("ex_officio", "on_request"),
        "decided_from": ("2019-05-06", "2019-05-07"),
        "decided_until": ("2019-05-06", "2019-05-05"),
        "amount_min": ("77000000000", "77000000001"),
        "amount_max": ("77000000000", "76999999999"),
        "credit_institution": ("true", "false"),
        "file_no": (made["file_no"], "khác"),
        "decision_no": (made["decision_no"], "khác"),
        "debtor": ("kiều oanh", "kiều oanhh"),
        "creditor": ("DONG A thu", "đông_á thử"),
        "changed_since": (_hours(-1), _hours(1)),
    }
    common = {"decided_until": "2019-05-06", "decided_from": "2019-05-06", "limit": "500"}
    for name, (right, wrong) in found.items():
        assert made["id"] in ids(national.get("/v1/cases", params={**common, name: right})), name
        others = {key: value for key, value in common.items() if not key.startswith("decided")}
        assert made["id"] not in ids(national.get("/v1/cases", params={**others, name: wrong})), name
    for flag in ("long_running", "high_value", "steering_committee"):
        assert made["id"] in ids(national.get("/v1/cases", params={**common, "flag": flag})), flag


def _hours(hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_names_are_found_composed_or_not(province: httpx.Client, world: World) -> None:
    name = f"Đặng Thuỳ Trâm {uuid.uuid4().hex[:6]}"
    made = create(province, world.own, parties=[{"role": "debtor", "kind": "individual", "name": name}])
    for written in (name, unicodedata.normalize("NFD", name), name.lower().replace("đ", "d")):
        assert ids(province.get("/v1/cases", params={"debtor": written})) == [made["id"]]


@pytest.mark.parametrize("text", ["%%%", "___", "a\\b\\c", "' OR 1=1--", "((((", "a & & b"])
def test_search_takes_text_literally(province: httpx.Client, text: str) -> None:
    assert ids(province.get("/v1/cases", params={"debtor": text})) == []


@pytest.mark.parametrize("sort", ["decision_date", "-decision_date"])
def test_pages_join_without_gap_or_overlap(national: httpx.Client, world: World, sort: str) -> None:
    tag = uuid.uuid4().hex[:8]
    days = ["2024-02-28", "2024-02-29", "2024-02-29", "2024-03-01", "2024-02-29", "2024-03-01", "2024-02-28"]
    made = [create(national, world.own, file_no=tag, decision_date=day) for day in days]
    expected = sorted(((case["decision_date"], case["id"]) for case in made), reverse=sort.startswith("-"))
    seen: list[str] = []
    url = f"/v1/cases?file_no={tag}&sort={sort}&limit=2"
    while url:
        answer = national.get(url)
        seen += ids(answer)
        url = answer.links["next"]["url"] if answer.json()["next"] else ""
    assert seen == [case_id for _, case_id in expected]


def test_a_list_is_counted_when_asked(national: httpx.Client, world: World) -> None:
    tag = uuid.uuid4().hex[:8]
    for _ in range(3):
        create(national, world.own, file_no=tag)
    counted = national.get("/v1/cases", params={"file_no": tag, "limit": 1, "count": "exact"}).json()
    assert counted["count"] == {"value": 3, "exact": True}
    assert national.get("/v1/cases", params={"count": "estimated"}).json()["count"]["exact"] is False
    assert national.get("/v1/cases").json()["count"] is None


def test_a_caller_sees_only_its_subtree(province: httpx.Client, national: httpx.Client, world: World) -> None:
    own, foreign = create(national, world.own), create(national, world.foreign)
    seen = ids(province.get("/v1/cases", params={"limit": 500}))
    assert own["id"] in seen
    assert foreign["id"] not in seen
    assert province.get(f"/v1/cases/{foreign['id']}").status_code == 404
    assert province.get("/v1/cases", params={"unit": world.foreign.office_id}).status_code == 422
    assert book(province, foreign["id"], "suspended").status_code == 404


def test_a_correction_needs_the_version_it_corrects(province: httpx.Client, world: World) -> None:
    case = province.get(f"/v1/cases/{create(province, world.own)['id']}")
    path, body = f"/v1/cases/{case.json()['id']}", {"decision_no": "7/QĐ-ĐC", "reason": "Đính chính số quyết định"}
    assert province.patch(path, json=body).status_code == 428
    changed = province.patch(path, json=body, headers={"If-Match": case.headers["etag"]})
    assert changed.status_code == 200
    assert (changed.json()["decision_no"], changed.json()["version"]) == ("7/QĐ-ĐC", case.json()["version"] + 1)
    assert province.patch(path, json=body, headers={"If-Match": case.headers["etag"]}).status_code == 412
    assert province.get(path).headers["etag"] == changed.headers["etag"]


def test_a_correction_changes_only_what_it_names(province: httpx.Client, world: World) -> None:
    case = create(province, world.own, matter_id=world.own.objects["matter_id"])
    path = f"/v1/cases/{case['id']}"
    body = {"matter_id": None, "reason": "Không thuộc vụ án này"}
    after = province.patch(path, json=body, headers={"If-Match": "*"}).json()
    different = {name for name in case if case[name] != after[name]}
    assert different == {"matter_id", "version", "flags"} - ({"flags"} if case["flags"] == after["flags"] else set())
    banks = [{"role": "creditor", "kind": "organisation", "name": "Ngân hàng Bình Minh", "credit_institution": True}]
    more: dict[str, Any] = {"parties": banks, "corruption_economic": True, "reason": "Bổ sung"}
    again = province.patch(path, json=more, headers={"If-Match": "*"}).json()
    assert again["segments"] == ["credit_institution", "corruption_economic"]
    assert [party["name"] for party in again["parties"]] == ["Ngân hàng Bình Minh"]


@pytest.mark.parametrize(
    "body", [{"reason": "x"}, {"file_no": "1"}, {"decision_date": None, "reason": "x"}, {"account": "x"}]
)
def test_a_correction_without_sense_is_refused(province: httpx.Client, world: World, body: dict[str, Any]) -> None:
    path = f"/v1/cases/{world.own.objects['case_id']}"
    assert province.patch(path, json=body, headers={"If-Match": "*"}).status_code == 422
