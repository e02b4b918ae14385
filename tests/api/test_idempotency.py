"""POST with a key: done once, answered the same; the key and the change live and die together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.services.clients.commands import forget_old_keys
from tests.api.conftest import Lab

KeyMaker = Callable[[], str]


def _made(laboratory: Lab, name: object) -> int:
    return len([row for row in laboratory.rows("SELECT name FROM lab_sample") if row[0] == name])


def test_a_repeated_request_gets_the_same_answer(laboratory: Lab, new_key: KeyMaker) -> None:
    key = new_key()
    first, second = (laboratory.post({"name": f"Lặp {key}"}, key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["location"] == second.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert _made(laboratory, f"Lặp {key}") == 1


def test_requests_at_the_same_time_are_done_once(laboratory: Lab, new_key: KeyMaker) -> None:
    """The second waits for the commit of the first and then repeats its answer."""
    key = new_key()
    body = {"name": f"Song song {key}", "hold_seconds": 0.3}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: laboratory.post(body, key), range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    assert _made(laboratory, body["name"]) == 1


def test_who_would_wait_too_long_is_told(laboratory: Lab, new_key: KeyMaker) -> None:
    key = new_key()
    body = {"name": f"Lâu {key}", "hold_seconds": 2.5}
    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: laboratory.post(body, key), range(2)))
    assert statuses == [201, 409]
    assert _made(laboratory, body["name"]) == 1
    assert laboratory.post(body, key).headers["idempotency-replayed"] == "true"


def test_a_key_belongs_to_one_request(laboratory: Lab, new_key: KeyMaker) -> None:
    key = new_key()
    assert laboratory.post({"name": "Một"}, key).status_code == 201
    answer = laboratory.post({"name": "Hai"}, key)
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency-key-reused"


def test_a_key_belongs_to_one_client(laboratory: Lab, new_key: KeyMaker) -> None:
    key = new_key()
    body, headers = {"name": f"Riêng {key}"}, {"Idempotency-Key": key}
    for client in (laboratory.client, laboratory.other):
        answer = client.post("/v1/samples", json=body, headers=headers)
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers
    assert _made(laboratory, body["name"]) == 2


@pytest.mark.parametrize("body", [{"name": "Sai", "code": "FAIL"}, {"name": ""}])
def test_an_error_leaves_nothing_and_frees_the_key(laboratory: Lab, new_key: KeyMaker, body: dict[str, str]) -> None:
    key = new_key()
    before = laboratory.rows("SELECT count(*) FROM lab_sample")
    assert laboratory.post(body, key).status_code in (404, 422)
    assert laboratory.rows("SELECT count(*) FROM lab_sample") == before
    assert laboratory.rows(f"SELECT count(*) FROM idempotency_key WHERE key = '{key}'") == [(0,)]
    assert laboratory.post({"name": "Đúng"}, key).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "khóa", "a\tb"])
def test_a_key_is_1_to_255_visible_ascii_characters(laboratory: Lab, key: str) -> None:
    headers = [("Idempotency-Key", key.encode())]
    answer = laboratory.client.post("/v1/samples", json={"name": "An"}, headers=headers)  # type: ignore[arg-type]  # bytes
    assert answer.status_code == 400
    assert [fault["header"] for fault in answer.json()["errors"]] == ["Idempotency-Key"]


def test_a_key_is_required_once(laboratory: Lab) -> None:
    assert laboratory.client.post("/v1/samples", json={"name": "An"}).status_code == 400
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert laboratory.client.post("/v1/samples", json={"name": "An"}, headers=twice).status_code == 400
    assert laboratory.post({"name": "An"}, "x" * 255).status_code == 201


def test_nobody_is_helped_by_the_key_of_a_request_without_token(laboratory: Lab) -> None:
    answer = httpx.post(
        f"{laboratory.served.address}/v1/samples", json={"name": "An"}, headers={"Idempotency-Key": "a"}
    )
    assert answer.status_code == 401


def test_keys_are_forgotten_after_a_day(laboratory: Lab, new_key: KeyMaker) -> None:
    old, young = new_key(), new_key()
    for key in (old, young):
        assert laboratory.post({"name": "An"}, key).status_code == 201
    age = "UPDATE idempotency_key SET created_at = now() - interval '25 hours' WHERE key = '{}' RETURNING key"
    assert laboratory.rows(age.format(old)) == [(old,)]
    service = laboratory.service
    assert service.runner.run(service.db.write(forget_old_keys)) >= 1
    assert "idempotency-replayed" not in laboratory.post({"name": "An"}, old).headers
    assert laboratory.post({"name": "An"}, young).headers["idempotency-replayed"] == "true"
