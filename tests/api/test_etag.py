"""Conditional reads and changes."""

import pytest

from tests.api.conftest import Lab


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ('"7"', 304),
        ('W/"7"', 304),
        ('"6", "7"', 304),
        ("*", 304),
        ('"6"', 200),
        ('"77"', 200),
        ("7", 200),
        ("", 200),
        ('"7', 200),
    ],
)
def test_a_known_representation_is_not_sent_again(laboratory: Lab, known: str, status: int) -> None:
    answer = laboratory.client.get("/v1/samples/1", headers={"If-None-Match": known})
    assert answer.status_code == status
    assert answer.headers["etag"] == '"7"'
    assert (answer.content == b"") == (status == 304)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (None, 428),
        ('"7"', 200),
        ("*", 200),
        ('"7.0a1b2c"', 200),
        ('"6", "7"', 200),
        ('"6"', 412),
        ('"8"', 412),
        ('W/"7"', 412),
        ('"foreign"', 412),
        ('"07"', 412),
        ('""', 412),
        ("7", 400),
        ("garbage", 400),
        ('"7', 400),
        ('"7" "8"', 400),
        ("*, *", 400),
        ("", 400),
        ('"' + "7" * 10_000 + '"', 431),
    ],
)
def test_a_change_names_the_version_it_is_based_on(laboratory: Lab, given: str | None, status: int) -> None:
    headers = {} if given is None else {"If-Match": given}
    answer = laboratory.client.put("/v1/samples/1", json={"name": "An"}, headers=headers)
    assert answer.status_code == status, answer.text


def test_repeated_headers_are_one_list(laboratory: Lab) -> None:
    answer = laboratory.client.put(
        "/v1/samples/1", json={"name": "An"}, headers=[("If-Match", '"6"'), ("If-Match", '"7"')]
    )
    assert answer.status_code == 200
