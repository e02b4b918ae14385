"""Code lists over HTTP."""

import httpx

from app.services.code_lists.rules import LISTS


def test_every_list_is_listed_and_can_be_read(partner: httpx.Client) -> None:
    listed = partner.get("/v1/code-lists").json()
    assert [item["code"] for item in listed["items"]] == list(LISTS)
    assert listed["next"] is None
    for item in listed["items"]:
        read = partner.get(f"/v1/code-lists/{item['code']}").json()
        assert [code["code"] for code in read["codes"]] == list(LISTS[item["code"]])
        assert (read["name"], len(read["codes"])) == (item["name"], item["count"])


def test_lists_are_paged(partner: httpx.Client) -> None:
    paged: list[str] = []
    address: str | None = "/v1/code-lists?limit=5"
    while address:
        page = partner.get(address)
        paged += [item["code"] for item in page.json()["items"]]
        address = page.links["next"]["url"] if page.json()["next"] else None
    assert paged == list(LISTS)


def test_a_list_that_did_not_change_is_not_sent_again(partner: httpx.Client) -> None:
    first = partner.get("/v1/code-lists/case-states")
    again = partner.get("/v1/code-lists/case-states", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = partner.get("/v1/code-lists/accounts", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_labels_are_in_both_languages(partner: httpx.Client) -> None:
    codes = {code["code"]: code for code in partner.get("/v1/code-lists/case-kinds").json()["codes"]}
    assert codes["family"]["label"] == {"vi": "Hôn nhân và gia đình", "en": "Marriage and family"}
    assert codes["bankruptcy"]["meaning"]["vi"] == "Quyết định của Tòa án giải quyết phá sản"


def test_an_unknown_list_is_not_there(partner: httpx.Client) -> None:
    for code in ("CASE-STATES", "nothing", "case_states"):
        assert partner.get(f"/v1/code-lists/{code}").status_code == 404
