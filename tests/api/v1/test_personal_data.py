"""The unmasked read of a case: only with the right and a purpose, and never without a record."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.services.clients.rules import SCOPES
from app.services.clients.tokens import Claimed
from tests.api.v1.cases import book, create, new_case
from tests.api.v1.personal import ASKED, COMPANY, DEBTOR, PARTIES, PURPOSE, on_record, without_trail
from tests.api.world import World
from tests.conftest import Island
from tests.server import Served

UNMASKED = {"personal_data": "true"}


def _read(client: httpx.Client, case_id: str, headers: Any = ASKED, **query: str) -> httpx.Response:
    return client.get(f"/v1/cases/{case_id}", params={**UNMASKED, **query}, headers=headers)


def _with(api: Served, scopes: set[str], person: Claimed | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.app.state.tokens.issue('province', frozenset(scopes), person)}"}


def test_parties_are_shown_in_full_to_whoever_asks_with_right_and_purpose(province: httpx.Client, world: World) -> None:
    made = create(province, world.own, parties=PARTIES)
    seen = _read(province, made["id"])
    assert seen.status_code == 200, seen.text
    company, debtor, related = seen.json()["parties"]
    assert debtor.items() >= {**DEBTOR, "id_number": "025190001234"}.items()
    assert company.items() >= {**COMPANY, "id_number": "2600123456"}.items()
    assert (related["name"], related["id_number"], related["address"], related["phone"]) == ("Vàng Anh", *[None] * 3)
    assert {**seen.json(), "parties": made["parties"]} == made


@pytest.mark.parametrize("query", [{}, {"personal_data": "false"}])
def test_without_asking_everything_stays_masked(province: httpx.Client, world: World, query: dict[str, str]) -> None:
    made = create(province, world.own, parties=PARTIES)
    read = province.get(f"/v1/cases/{made['id']}", params=query, headers=ASKED)
    assert read.json() == made
    assert [party["name"] for party in made["parties"]] == ["Công ty Hưng Thịnh", "H*** T*** C*** C***", "V*** A***"]
    assert {*made["parties"][1]} == {"no", "role", "kind", "credit_institution", "institution", "name"}
    assert on_record(province, subject_id=made["id"]) == []


def test_it_is_on_record_who_saw_which_members_and_why(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own, parties=PARTIES)["id"]
    seen = _read(province, case_id)
    (record,) = on_record(province, subject="case", subject_id=case_id)
    assert (record["client_id"], record["person"], record["reason"]) == ("province", None, PURPOSE)
    assert record["request_id"] == seen.headers["x-request-id"]
    assert record["unit"]["id"] == world.own.office_id
    assert record["before"] is None
    assert record["after"] == {
        "parties": {"1": ["id_number", "address"], "2": ["name", "id_number", "address", "phone"], "3": ["name"]}
    }


def test_the_person_behind_a_portal_is_on_record(api: Served, province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own)["id"]
    officer = _with(api, set(SCOPES), Claimed("tran.hanh", "W.a.001", "officer"))
    assert _read(province, case_id, {**officer, **ASKED}).status_code == 200
    (record,) = on_record(province, subject_id=case_id)
    assert (record["person"]["id"], record["person"]["role"]) == ("tran.hanh", "officer")
    clerk = _with(api, set(SCOPES), Claimed("le.binh", "W.a.001", "clerk"))
    assert _read(province, case_id, {**clerk, **ASKED}).status_code == 403


def test_nobody_sees_them_without_the_scope(api: Served, province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own, parties=PARTIES)["id"]
    headers = {**_with(api, set(SCOPES) - {"cases:read.pii"}), **ASKED}
    refused = _read(province, case_id, headers)
    assert refused.status_code == 403
    assert 'scope="cases:read.pii"' in refused.headers["www-authenticate"]
    assert province.get(f"/v1/cases/{case_id}", headers=headers).status_code == 200
    assert on_record(province, subject_id=case_id) == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([], "required"),
        ([b""], "blank"),
        ([b"%20%C2%A0"], "blank"),
        ([b"100% sure"], "wrong-format"),
        ([b"%"], "wrong-format"),
        ([b"%E1%BA"], "wrong-format"),
        ([b"%FF"], "wrong-format"),
        (["Xác minh".encode()], "wrong-format"),
        (["Xác minh".encode("latin-1")], "wrong-format"),
        ([b"a\tb"], "wrong-format"),
        ([b"a%00b"], "forbidden-character"),
        ([b"a%0D%0Ab"], "forbidden-character"),
        ([b"%E2%80%AEhnim c%C3%A1X"], "forbidden-character"),
        ([b"%ED%A0%80"], "wrong-format"),
        ([b"a" + b"%CC%81" * 5], "too-many-marks"),
        ([b"a" * 501], "too-long"),
        ([b"one", b"two"], "repeated"),
    ],
)
def test_a_purpose_that_cannot_be_read_is_none(
    province: httpx.Client, world: World, sent: list[bytes], code: str
) -> None:
    case_id = world.own.objects["case_id"]
    before = len(on_record(province, subject_id=case_id))
    refused = _read(province, case_id, [(b"Purpose", value) for value in sent])
    assert refused.status_code == 400, refused.text
    assert [(fault["header"], fault["code"]) for fault in refused.json()["errors"]] == [("Purpose", code)]
    assert len(on_record(province, subject_id=case_id)) == before


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (quote("ế" * 500), "ế" * 500),
        ("Verify assets (50 + 50), file 152/HS", "Verify assets (50 + 50), file 152/HS"),
        ("x%C3%A1c%20minh 100%25", "xác minh 100%"),
        (quote("e\u0302\u0301"), "ế"),
    ],
)
def test_a_purpose_is_kept_as_it_was_meant(province: httpx.Client, world: World, sent: str, kept: str) -> None:
    case_id = create(province, world.own)["id"]
    assert _read(province, case_id, {"Purpose": sent}).status_code == 200
    assert on_record(province, subject_id=case_id)[0]["reason"] == kept


def test_the_answer_is_nobodys_to_keep_or_to_compare(province: httpx.Client, world: World) -> None:
    made = create(province, world.own, parties=PARTIES)
    masked = province.get(f"/v1/cases/{made['id']}")
    first, second = _read(province, made["id"]), _read(province, made["id"])
    assert first.headers["cache-control"] == "no-store"
    assert first.content == second.content
    tags = {answer.headers["etag"] for answer in (masked, first, second)}
    assert len(tags) == 3
    for known in (*tags, "*"):
        again = _read(province, made["id"], {**ASKED, "If-None-Match": known})
        assert (again.status_code, again.content) == (200, first.content)
    assert len(on_record(province, subject_id=made["id"])) == 2 + 4
    changed = province.patch(
        f"/v1/cases/{made['id']}", json={"kind": "civil", "reason": "x"}, headers={"If-Match": first.headers["etag"]}
    )
    assert changed.status_code == 200, changed.text
    assert "Chích" not in changed.text


def test_head_is_on_record_like_get(province: httpx.Client, world: World) -> None:
    case_id = create(province, world.own, parties=PARTIES)["id"]
    asked = province.head(f"/v1/cases/{case_id}", params=UNMASKED, headers=ASKED)
    assert (asked.status_code, asked.content) == (200, b"")
    assert len(on_record(province, subject_id=case_id)) == 1
    assert province.head(f"/v1/cases/{case_id}", params=UNMASKED).status_code == 400


def test_what_is_foreign_is_not_there_and_nothing_was_seen(
    province: httpx.Client, national: httpx.Client, world: World
) -> None:
    case_id = world.foreign.objects["case_id"]
    before = len(on_record(national, subject_id=case_id))
    assert _read(province, case_id).status_code == 404
    assert _read(national, case_id, as_of="2000-01-01").status_code == 404
    assert len(on_record(national, subject_id=case_id)) == before


def test_a_past_day_is_on_record_with_the_unit_of_now(
    province: httpx.Client, national: httpx.Client, world: World
) -> None:
    case_id = create(national, world.foreign, parties=PARTIES)["id"]
    moved = {"to_unit_id": world.own.office_id, "to_officer_id": world.own.objects["officer_id"]}
    assert book(national, case_id, "handed_over", **moved).status_code == 201
    seen = _read(province, case_id, as_of="2025-08-25")
    assert seen.json()["unit"]["id"] == world.foreign.office_id
    assert seen.json()["parties"][1]["name"] == DEBTOR["name"]
    assert [record["unit"]["id"] for record in on_record(province, subject_id=case_id)] == [world.own.office_id]


@pytest.mark.parametrize("moment", ["written", "committed"])
def test_what_cannot_be_put_on_record_is_not_shown(island: Island, moment: str) -> None:
    client = island.client_of("province")
    case_id = create(client, island.world.own, parties=PARTIES)["id"]
    with without_trail(island, moment):
        refused = _read(client, case_id)
        assert client.get(f"/v1/cases/{case_id}").status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (500, "internal-error")
    assert "Chích" not in refused.text
    assert on_record(client, subject_id=case_id) == []


def test_masked_names_cannot_be_written_back(province: httpx.Client, world: World) -> None:
    """A system that sends a case as it read it would wipe out who it is about."""
    made = create(province, world.own, parties=PARTIES)
    headers = {"If-Match": "*"}
    sent = province.patch(f"/v1/cases/{made['id']}", json={"parties": made["parties"], "reason": "x"}, headers=headers)
    assert sent.status_code == 422
    named = [{**party, "name": "H*** T***"} for party in new_case(world.own)["parties"]]
    refused = province.patch(f"/v1/cases/{made['id']}", json={"parties": named, "reason": "x"}, headers=headers)
    assert refused.status_code == 422
    faults = [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]]
    assert faults == [("/parties/0/name", "masked-name"), ("/parties/1/name", "masked-name")]
