"""A portal acts for a person: what the token says of them, and that they see no more than either may."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from app.api.oauth import ACCESS_TOKEN, EXCHANGE, JWT
from app.services.clients.jwts import LEEWAY_SECONDS
from app.services.clients.rules import ROLES, SCOPES
from tests.api.issuer import ISSUER, new_key
from tests.api.portal import Portal
from tests.api.portal import portal as portal_over
from tests.builders import NATION_ID

AN = "an@moj.example.vn"
OWN = "W.a"  # the province of `world.own`
OFFICE = "W.a.001"
FOREIGN = "W.b"


@pytest.fixture(scope="module")
def portal(cluster: str) -> Iterator[Portal]:
    """One for the module."""
    with portal_over(cluster) as made:
        yield made


def _person(portal: Portal, unit: str | None = OWN, role: str | None = "officer", **claims: Any) -> str:
    """What the outside issuer says of a person, for a portal to exchange."""
    about = {"sub": AN, "unit": unit, "thads_role": role, "client_id": None, "scope": None, "jti": None}
    return portal.issuer.token(header={"typ": claims.pop("typ", "JWT")}, **{**about, **claims})


def _direct(portal: Portal, unit: str | None = OWN, role: str | None = "officer", **claims: Any) -> str:
    """An access token of the outside issuer that names the person itself."""
    about = {"sub": AN, "unit": unit, "thads_role": role, "scope": " ".join(SCOPES)}
    return portal.issuer.token(**{**about, **claims})


def _exchanged(portal: Portal, client_id: str = "national", **about: Any) -> str:
    answer = portal.exchange(_person(portal, **about), client_id)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def _cases(portal: Portal, token: str) -> set[str]:
    """Which of the two cases of the world the caller sees, by reading and by listing."""
    names = {"own": portal.world.own.objects["case_id"], "foreign": portal.world.foreign.objects["case_id"]}
    read = {name for name, case in names.items() if portal.ask(token, f"/v1/cases/{case}").status_code == 200}
    listed = portal.ask(token, "/v1/cases?limit=500").text
    assert read == {name for name, case in names.items() if case in listed}
    return read


def test_the_token_names_person_and_client(portal: Portal) -> None:
    answer = portal.exchange(_person(portal))
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["issued_token_type"], said["token_type"]) == (ACCESS_TOKEN, "Bearer")
    key = OKPKey.import_key(portal.tokens.public_keys()["keys"][0])
    claims = jwt.decode(said["access_token"], key, algorithms=["Ed25519"]).claims
    about = {"sub": AN, "client_id": "national", "act": {"sub": "national"}, "unit": OWN, "role": "officer"}
    assert about.items() <= claims.items()
    assert set(said["scope"].split()) == ROLES["officer"].scopes
    verified = portal.tokens.verify(said["access_token"])
    assert verified.person is not None
    assert verified.person.id == AN


@pytest.mark.parametrize(
    ("client_id", "unit", "seen"),
    [
        ("national", "G15", {"own", "foreign"}),
        ("national", OWN, {"own"}),
        ("national", OFFICE, {"own"}),
        ("national", FOREIGN, {"foreign"}),
        ("province", "G15", {"own"}),
        ("province", OFFICE, {"own"}),
    ],
)
def test_rows_are_those_of_person_and_client(portal: Portal, client_id: str, unit: str, seen: set[str]) -> None:
    """Of the person's subtree and the client's the inner one, by exchange and by an outside access token alike."""
    assert _cases(portal, _exchanged(portal, client_id, unit=unit)) == seen
    assert _cases(portal, _direct(portal, unit, client_id=client_id)) == seen


def test_scopes_are_those_of_token_client_and_role(portal: Portal) -> None:
    path = f"/v1/units/{portal.world.own.office_id}"
    for make in (_direct, _exchanged):
        administrator = make(portal, role="administrator")
        assert portal.ask(administrator).status_code == 403
        assert portal.ask(administrator, path).status_code == 200
        clerk = make(portal, role="clerk")
        assert portal.ask(clerk).status_code == 200
        assert portal.ask(clerk, "/v1/matters").status_code == 403
    narrow = portal.exchange(_person(portal), scope="units:read").json()["access_token"]
    assert portal.ask(narrow).status_code == 403
    assert portal.exchange(_person(portal, role="clerk"), scope="matters:read").json()["error"] == "invalid_scope"
    assert portal.exchange(_person(portal), scope="people:act").json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "about",
    [
        {"unit": "X.99"},
        {"unit": None},
        {"unit": 7},
        {"unit": ""},
        {"role": "king"},
        {"role": None},
        {"role": ["officer"]},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\u0000b"},
        {"sub": "x" * 256},
    ],
)
def test_an_unknown_unit_or_role_is_nobody(portal: Portal, about: dict[str, Any]) -> None:
    answer = portal.exchange(_person(portal, **about))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert portal.ask(_direct(portal, **about)).status_code == 401


def test_a_unit_outside_the_client_is_like_none(portal: Portal) -> None:
    answer = portal.exchange(_person(portal, unit=FOREIGN), "province")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert portal.ask(_direct(portal, FOREIGN, client_id="province")).status_code == 401


@pytest.mark.parametrize(
    "about",
    [
        {"iss": "https://evil.example"},
        {"iss": "https://thads.example.gov.vn"},
        {"aud": "https://api.thads.example.gov.vn"},
        {"aud": None},
        {"exp": int(time.time()) - LEEWAY_SECONDS - 1},
        {"exp": None},
        {"nbf": int(time.time()) + 600},
        {"iat": int(time.time()) + 600},
        {"iat": None},
        {"typ": "logout+jwt"},
        {"typ": None},
        {"key": new_key()},
        {"may_act": {"sub": "province"}},
        {"may_act": "national"},
    ],
)
def test_a_bad_subject_token_is_refused(portal: Portal, about: dict[str, Any]) -> None:
    answer = portal.exchange(_person(portal, **about))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_subject_token_may_name_its_actor_or_be_an_access_token(portal: Portal) -> None:
    assert portal.exchange(_person(portal, may_act={"sub": "national"})).status_code == 200
    access = _person(portal, typ="at+jwt")
    assert portal.exchange(access, subject_token_type=ACCESS_TOKEN).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        ({"subject_token_type": ""}, "invalid_request"),
        ({"subject_token": ""}, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": JWT}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"audience": "https://other.example"}, "invalid_target"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"subject_token": "x"}, "invalid_grant"),
    ],
)
def test_what_cannot_be_exchanged_is_said(portal: Portal, form: dict[str, str], error: str) -> None:
    given = {"grant_type": EXCHANGE, "subject_token": _person(portal), "subject_token_type": JWT, **form}
    answer = portal.form(given, ("national", portal.world.secrets["national"]))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_the_portal_must_prove_itself(portal: Portal) -> None:
    asked = {"grant_type": EXCHANGE, "subject_token": _person(portal), "subject_token_type": JWT}
    assert portal.form(asked).status_code == 401
    assert portal.form(asked, ("national", "wrong")).status_code == 401


def test_only_clients_that_may_act_for_people_do(portal: Portal) -> None:
    """The right is looked up at each request: taken away, it ends what was given out."""
    exchanged, direct = _exchanged(portal), _direct(portal)
    assert [portal.ask(token).status_code for token in (exchanged, direct)] == [200, 200]
    portal.grant("national", scopes=frozenset(SCOPES) - {"people:act"})
    assert portal.exchange(_person(portal)).json()["error"] == "unauthorized_client"
    assert [portal.ask(token).status_code for token in (exchanged, direct)] == [401, 401]
    assert portal.ask(portal.issuer.token()).status_code == 200
    portal.grant("national", scopes=frozenset(SCOPES))


def test_only_people_of_the_clients_own_issuer(portal: Portal) -> None:
    assert portal.exchange(_person(portal), "partner").json()["error"] == "invalid_grant"
    portal.grant("partner", issuer=ISSUER)
    assert portal.exchange(_person(portal), "partner").status_code == 200
    portal.grant("partner", issuer="")


def test_a_token_of_ours_is_not_exchanged_again(portal: Portal) -> None:
    again = portal.exchange(_exchanged(portal), subject_token_type=ACCESS_TOKEN)
    assert again.json()["error"] == "invalid_grant"


def test_our_token_ends_with_the_one_it_was_made_of(portal: Portal) -> None:
    answer = portal.exchange(_person(portal, exp=int(time.time()) + 30)).json()
    assert answer["expires_in"] <= 30
    assert portal.tokens.verify(answer["access_token"]).expires <= time.time() + 30


def test_a_person_never_comes_from_a_header(portal: Portal) -> None:
    token = portal.served.token("national", portal.world.secrets["national"])
    names = ("X-User-ID", "X-Forwarded-User", "X-Person", "X-Unit", "X-Role", "Act")
    headers = {"Authorization": f"Bearer {token}", **dict.fromkeys(names, OWN)}
    path = f"/v1/cases/{portal.world.foreign.objects['case_id']}"
    assert httpx.get(f"{portal.served.address}{path}", headers=headers).status_code == 200


def test_cursors_belong_to_the_person(portal: Portal) -> None:
    an, binh = _exchanged(portal, unit="G15"), _exchanged(portal, unit="G15", sub="binh@moj.example.vn")
    own = portal.served.token("national", portal.world.secrets["national"])
    page = portal.ask(an, "/v1/cases?limit=1").json()
    following = f"/v1/cases?limit=1&cursor={page['next']}"
    assert portal.ask(an, following).status_code == 200
    assert portal.ask(_exchanged(portal, unit="G15"), following).status_code == 200
    assert [portal.ask(token, following).status_code for token in (binh, own)] == [400, 400]


def test_idempotency_keys_belong_to_the_person(portal: Portal) -> None:
    """The same key of two people of one portal, and of the portal itself, are three requests."""
    about = {"role": "leader", "unit": "G15"}
    tokens = [_exchanged(portal, **about), _exchanged(portal, sub="binh@moj.example.vn", **about)]
    tokens.append(portal.served.token("national", portal.world.secrets["national"]))
    for number, token in enumerate(tokens):
        answers = [_new_matter(portal, token, number) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
        assert ["idempotency-replayed" in answer.headers for answer in answers] == [False, True]


def _new_matter(portal: Portal, token: str, number: int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "same"}
    body = {"code": f"P.{number}", "name": "Vụ án", "unit_id": NATION_ID}
    return httpx.post(f"{portal.served.address}/v1/matters", json=body, headers=headers)
