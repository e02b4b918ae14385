"""Keyset pages: complete, and cursors that belong to one client, one list and one epoch."""

import base64
from collections.abc import Callable

import pytest

from app.api.query import query_with
from tests.api.conftest import Lab


def _cursor(laboratory: Lab, **filters: str) -> str:
    page = laboratory.client.get("/v1/samples", params={"limit": 2, **filters}).json()
    return str(page["next"])


def test_pages_make_up_the_list_once_each(laboratory: Lab) -> None:
    seen: list[int] = []
    address: str | None = "/v1/samples?limit=2"
    while address:
        answer = laboratory.client.get(address)
        seen += [item["id"] for item in answer.json()["items"]]
        link = answer.links.get("next")
        assert (link is None) == (answer.json()["next"] is None)
        address = link["url"] if link else None
    stored = [row[0] for row in laboratory.rows("SELECT id FROM lab_sample ORDER BY id")]
    assert seen == stored


def test_the_link_keeps_the_filters(laboratory: Lab) -> None:
    answer = laboratory.client.get("/v1/samples", params={"limit": 2, "kind": ["civil", "criminal"], "flag": "true"})
    assert laboratory.client.get(answer.links["next"]["url"]).status_code == 200


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"", "cursor=new"),
        (b"a=1&cursor=old&b=%C4%90%20x+y", "a=1&b=%C4%90%20x+y&cursor=new"),
        (b"curs%6Fr=old&d=\xc3\x90", "d=%C3%90&cursor=new"),
        (b'&&a=%3E>&cursor&b="<', "a=%3E%3E&b=%22%3C&cursor=new"),
    ],
)
def test_the_link_is_made_of_what_was_sent(sent: bytes, kept: str) -> None:
    assert query_with({"query_string": sent}, "cursor", "new") == kept


def test_the_size_of_the_page_may_change_on_the_way(laboratory: Lab) -> None:
    answer = laboratory.client.get("/v1/samples", params={"limit": 3, "cursor": _cursor(laboratory)})
    assert [item["id"] for item in answer.json()["items"]] == [3, 4, 5]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "abc", "1.0", "+5", "1e2", " 5", "5_0", "", "٥"])
def test_limit_is_a_plain_number_up_to_500(laboratory: Lab, limit: str) -> None:
    answer = laboratory.client.get("/v1/samples", params={"limit": limit})
    assert answer.status_code == 422
    assert [fault["parameter"] for fault in answer.json()["errors"]] == ["limit"]


def test_500_is_allowed(laboratory: Lab) -> None:
    assert laboratory.client.get("/v1/samples", params={"limit": 500}).status_code == 200


def _tampered(cursor: str) -> str:
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[1] ^= 1
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "garbage",
        lambda _: "",
        lambda c: c[:-3],
        lambda c: c + "AAAA",
        _tampered,
        lambda c: c * 40,
        lambda _: "é",
    ],
)
def test_a_cursor_that_is_not_ours_is_400(laboratory: Lab, spoil: Callable[[str], str]) -> None:
    answer = laboratory.client.get("/v1/samples", params={"limit": 2, "cursor": spoil(_cursor(laboratory))})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-cursor"


def test_a_cursor_is_bound_to_its_client_and_filters(laboratory: Lab) -> None:
    cursor = _cursor(laboratory, flag="true")
    own = laboratory.client.get("/v1/samples", params={"flag": "true", "cursor": cursor})
    assert own.status_code == 200
    for client, filters in (
        (laboratory.other, {"flag": "true"}),
        (laboratory.client, {"flag": "false"}),
        (laboratory.client, {}),
        (laboratory.client, {"flag": "true", "amount_min": "1"}),
    ):
        answer = client.get("/v1/samples", params={**filters, "cursor": cursor})
        assert answer.status_code == 400


def test_the_order_of_filters_does_not_matter(laboratory: Lab) -> None:
    cursor = _cursor(laboratory, flag="true", amount_min="1")
    answer = laboratory.client.get(f"/v1/samples?amount_min=1&cursor={cursor}&flag=true")
    assert answer.status_code == 200


def test_a_cursor_of_an_earlier_epoch_has_expired(laboratory: Lab) -> None:
    state = laboratory.served.app.state
    now = state.settings
    state.settings = now.model_copy(update={"cursor_epoch": now.cursor_epoch - 1})
    cursor = _cursor(laboratory)
    state.settings = now
    answer = laboratory.client.get("/v1/samples", params={"cursor": cursor})
    assert answer.status_code == 410
    assert answer.json()["code"] == "cursor-expired"


def test_another_secret_makes_other_cursors(laboratory: Lab) -> None:
    state = laboratory.served.app.state
    now = state.settings
    state.settings = type(now).model_validate({**now.model_dump(), "cursor_secret": "x" * 40})
    cursor = _cursor(laboratory)
    state.settings = now
    assert laboratory.client.get("/v1/samples", params={"cursor": cursor}).status_code == 400
