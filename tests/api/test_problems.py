"""Errors: one form for all of them, two languages, stable codes, nothing of the input or the inside in them."""

import httpx
import pytest

from app.api.problems import kinds, language
from tests.api.conftest import Lab

MARK = "dau-hieu-rieng"


@pytest.mark.parametrize(
    ("accept", "spoken"),
    [
        (None, "en"),
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("en-US,en;q=0.9,vi;q=0.8", "en"),
        ("fr,vi;q=0.1", "vi"),
        ("*", "en"),
        ("vi;q=0", "en"),
        ("vi;q=nonsense", "en"),
        (";;;,,,", "en"),
    ],
)
def test_vietnamese_when_preferred(accept: str | None, spoken: str) -> None:
    assert language(accept) == spoken


def test_every_kind_speaks_both_languages_and_has_its_own_code() -> None:
    found = list(kinds())
    assert all({"en", "vi"} <= kind.title.keys() for kind in found)
    assert len({kind.code for kind in found}) == len(found)


def test_a_problem_has_the_members_of_the_contract(laboratory: Lab) -> None:
    answer = laboratory.client.get("/v1/samples/999999", headers={"Accept-Language": "vi"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "vi"
    assert answer.json() == {
        "type": "/problems/not-found",
        "title": "Không tìm thấy",
        "status": 404,
        "code": "not-found",
        "instance": f"urn:uuid:{answer.headers['x-request-id']}",
    }


def test_the_type_of_a_problem_is_a_page(laboratory: Lab) -> None:
    problem = laboratory.client.get("/v1/samples/999999").json()
    page = httpx.get(laboratory.served.address + problem["type"])
    assert page.status_code == 200
    assert "not-found" in page.text
    assert httpx.get(laboratory.served.address + "/problems/no-such-code").status_code == 404


def test_every_fault_of_a_body_is_told_at_once(laboratory: Lab) -> None:
    body = {"amount_vnd": -1, "kind": MARK, "parts": [{"amount_vnd": 1}, {MARK: 1}], "extra": 1, "day": "2023-02-29"}
    answer = laboratory.post(body)
    assert answer.status_code == 422
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("/name", "required"),
        ("/amount_vnd", "too-small"),
        ("/kind", "not-allowed-value"),
        ("/parts/1/amount_vnd", "required"),
        (f"/parts/1/{MARK}", "unknown-member"),
        ("/extra", "unknown-member"),
        ("/day", "not-a-date"),
    }


def test_pointers_pass_over_the_names_of_union_members(laboratory: Lab) -> None:
    answer = laboratory.post({"name": "An", "shape": {"shape": "circle", "radius": -1}})
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/shape/radius"]
    answer = laboratory.post({"name": "An", "shape": {"shape": "triangle"}})
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [("/shape", "not-allowed-value")]


def test_a_check_of_the_whole_points_at_a_member(laboratory: Lab) -> None:
    errors = laboratory.post({"name": "An", "kind": "criminal"}).json()["errors"]
    assert errors == [{"pointer": "/amount_vnd", "code": "amount-needed", "message": "needs an amount"}]


def test_values_are_never_repeated(laboratory: Lab) -> None:
    for answer in (
        laboratory.post({"name": MARK * 30, "kind": MARK, "day": MARK, "other_id": MARK, "share": MARK}),
        laboratory.client.get("/v1/samples", params={"limit": MARK, "day": MARK, "kind": MARK}),
        laboratory.client.get("/v1/samples", params={"cursor": MARK}),
        laboratory.client.get(f"/v1/samples/{MARK}"),
        laboratory.client.get(f"/{MARK}"),
        laboratory.client.put("/v1/samples/1", json={"name": "An"}, headers={"If-Match": MARK}),
    ):
        assert answer.status_code >= 400
        assert MARK not in answer.text
        assert MARK not in str(answer.headers)


def test_a_defect_is_hidden(laboratory: Lab) -> None:
    answer = laboratory.client.get("/v1/samples/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal-error"
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert laboratory.client.get("/v1/samples").status_code == 200


def test_no_free_connection_is_503_with_a_hint(laboratory: Lab) -> None:
    """Both read connections sleep; who comes meanwhile is told to try again and the service recovers."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as pool:
        slow = [pool.submit(laboratory.client.get, "/v1/samples/slow/2") for _ in range(3)]
        statuses = sorted(answer.result().status_code for answer in slow)
        refused = [answer.result() for answer in slow if answer.result().status_code == 503]
    assert statuses == [200, 200, 503]
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["code"] == "busy"
    assert laboratory.client.get("/v1/samples").status_code == 200
