"""Every route against every kind of client: what is not theirs does not exist for them.

Routes are found by walking the document, so a new one joins by being registered. A new path parameter needs an
entry in `tests/api/world.py`; without it this fails.
"""

from typing import Any

import httpx
import pytest

from app.services.clients.rules import SCOPES
from app.services.clients.tokens import Tokens
from tests.api.operations import UNKNOWN_ID, Operation, operations
from tests.api.world import OWNED, PUBLIC, PUBLISHED, World
from tests.conftest import ClientOf
from tests.server import Served

OPERATIONS = operations()
WITH_OBJECT = [op for op in OPERATIONS if set(op.path_parameters) - PUBLIC.keys()]
READS = [op for op in WITH_OBJECT if op.method == "get"]
SHARED = [op for op in READS if not set(op.path_parameters) & set(OWNED)]
WALLED = [op for op in WITH_OBJECT if not set(op.path_parameters) & set(PUBLISHED)]
COLLECTIONS = [op for op in OPERATIONS if op.safe and not op.path_parameters]
WITHIN = ("province", "partner")


def _send(client: httpx.Client, op: Operation, objects: dict[str, str]) -> httpx.Response:
    body = {} if op.example is None else {"json": op.example}
    return client.request(op.method, op.path({**PUBLIC, **objects}), headers=op.headers(), **body)


def _token(api: Served, client_id: str, scopes: set[str]) -> dict[str, str]:
    tokens: Tokens = api.app.state.tokens
    return {"Authorization": f"Bearer {tokens.issue(client_id, frozenset(scopes))}"}


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_path_parameter_has_objects_to_try(op: Operation, world: World) -> None:
    known = PUBLIC.keys() | (world.own.objects.keys() & world.foreign.objects.keys())
    assert set(op.path_parameters) <= known


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_nobody_comes_in_without_a_token(op: Operation, api: Served, world: World) -> None:
    with httpx.Client(base_url=api.address) as anybody:
        assert _send(anybody, op, world.own.objects).status_code == 401


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_route_needs_its_scope(op: Operation, api: Served, world: World) -> None:
    """All scopes but the one needed are not enough, even for a client that has it."""
    headers = _token(api, "national", set(SCOPES) - {op.scope})
    with httpx.Client(base_url=api.address, headers=headers) as client:
        assert _send(client, op, world.own.objects).status_code == 403


@pytest.mark.parametrize("op", READS, ids=str)
@pytest.mark.parametrize("name", ["national", "province", "partner"])
def test_clients_read_what_is_theirs(op: Operation, name: str, client_of: ClientOf, world: World) -> None:
    answer = _send(client_of(name), op, world.objects_of(name))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("op", [op for op in WITH_OBJECT if set(op.path_parameters) & set(OWNED)], ids=str)
def test_what_belongs_to_one_client_no_other_sees(op: Operation, national: httpx.Client, world: World) -> None:
    for owner in ("province", "disabled"):
        assert _send(national, op, world.objects_of(owner)).status_code == 404


@pytest.mark.parametrize("op", SHARED, ids=str)
def test_the_nation_reads_both(op: Operation, national: httpx.Client, world: World) -> None:
    assert _send(national, op, world.foreign.objects).status_code == 200


@pytest.mark.parametrize("op", [op for op in WITH_OBJECT if op not in WALLED], ids=str)
@pytest.mark.parametrize("name", WITHIN)
def test_what_the_law_publishes_is_open_to_all(op: Operation, name: str, client_of: ClientOf, world: World) -> None:
    assert (op.method, op.scope) == ("get", "public:read")
    assert _send(client_of(name), op, world.foreign.objects).status_code == 200


@pytest.mark.parametrize("op", WALLED, ids=str)
@pytest.mark.parametrize("name", WITHIN)
def test_what_is_foreign_looks_like_what_is_missing(
    op: Operation, name: str, client_of: ClientOf, world: World
) -> None:
    missing = dict.fromkeys(world.foreign.objects, UNKNOWN_ID)
    answers = [_send(client_of(name), op, objects) for objects in (world.foreign.objects, missing)]
    assert [answer.status_code for answer in answers] == [404, 404], answers[0].text
    assert _wording(answers[0]) == _wording(answers[1])


def _wording(answer: httpx.Response) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key != "instance"}


@pytest.mark.parametrize("op", [op for op in COLLECTIONS if op.scope != "public:read"], ids=str)
@pytest.mark.parametrize("name", WITHIN)
def test_lists_hold_nothing_foreign(op: Operation, name: str, client_of: ClientOf, world: World) -> None:
    answer = _send(client_of(name), op, {})
    assert answer.status_code in (200, 422), answer.text
    for kind, object_id in world.foreign.objects.items():
        assert object_id not in answer.text or kind == "partner", kind  # whose name is a word like others
    assert world.foreign.province_id not in answer.text


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_a_disabled_client_is_out_everywhere(op: Operation, api: Served, world: World) -> None:
    with httpx.Client(base_url=api.address, headers=_token(api, "disabled", set(SCOPES))) as client:
        assert _send(client, op, world.own.objects).status_code == 401


def test_foreign_things_are_left_as_they_were(world: World, national: httpx.Client) -> None:
    """The writes tried above have changed nothing: the case is still in its first version but for its acceptance."""
    case = national.get(f"/v1/cases/{world.foreign.objects['case_id']}").json()
    assert case["state"] == "enforcing"
    events = national.get(f"/v1/cases/{world.foreign.objects['case_id']}/events").json()["items"]
    assert len(events) == 1
