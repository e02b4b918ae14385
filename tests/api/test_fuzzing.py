"""Good and bad data made from the document, sent to every operation over HTTP: no defect, no surprise.

And the same by a caller who knows the ids of things that are another's: nothing of them is ever in an answer.
"""

from typing import Any, Final
from zlib import crc32

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, HookContext
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.operations import document, operations
from tests.conftest import Island

# shared among the operations, so that the time stays about half a minute on two cores however many there are
EXAMPLES: Final = max(8, 600 // len(operations()))
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Parameters = dict[str, Any] | None
_own: Final[dict[str, str]] = {}
_foreign: Final[dict[str, str]] = {}
# query parameters that name a thing
_NAMED: Final = {"unit": "unit_id", "officer": "officer_id", "matter": "matter_id"}

schema: Final = schemathesis.openapi.from_dict(document())
# the public list is open to everybody, whosever the cases are
others: Final = schemathesis.openapi.from_dict(document()).exclude(path_regex="^/v1/public-debtors")


def _half(objects: dict[str, str], names: dict[str, str], given: Parameters) -> Parameters:
    """Half of the ids are those of things that exist, or nothing behind them would ever run."""
    known = {
        name: objects[names.get(name, name)]
        if names.get(name, name) in objects and crc32(str(value).encode()) % 2
        else value
        for name, value in (given or {}).items()
    }
    return known or given


@schema.hook("map_path_parameters")
def of_our_own(context: HookContext, path_parameters: Parameters) -> Parameters:
    """Ids in paths."""
    assert context
    return _half(_own, {}, path_parameters)


@others.hook("map_path_parameters")
def of_others(context: HookContext, path_parameters: Parameters) -> Parameters:
    """Ids in paths."""
    assert context
    return _half(_foreign, {}, path_parameters)


@others.hook("map_query")
def asked_of_others(context: HookContext, query: Parameters) -> Parameters:
    """Ids in queries."""
    return _soon(_half(_foreign, _NAMED, query))


@schema.hook
def map_query(context: HookContext, query: Parameters) -> Parameters:
    """Nobody here has half a minute to wait for a change."""
    assert context
    return _soon(query)


def _soon(query: Parameters) -> Parameters:
    return {**query, "wait": 1} if query and str(query.get("wait")).strip().isdigit() else query


@schemathesis.serializer("application/x-ndjson", "text/csv")
def lines(context: Any, value: Any) -> bytes:
    """Files of lines are sent as they are."""
    assert context
    return str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def target(island: Island) -> httpx.Client:
    """A service nobody else uses, for what is tried here changes things."""
    _own.update(island.world.own.objects)
    _foreign.update(island.world.foreign.objects)
    return island.client_of("national")


def _tries(number: int) -> settings:
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@schema.parametrize()
@_tries(EXAMPLES)
def test_no_input_brings_the_service_out_of_its_contract(case: Case[Any], target: httpx.Client) -> None:
    case.call_and_validate(
        base_url=str(target.base_url),
        headers={"Authorization": target.headers["authorization"]},
        checks=CHECKS,
        timeout=20,
    )


@others.parametrize()
@_tries(max(4, EXAMPLES // 2))
def test_nobody_finds_what_is_anothers(case: Case[Any], target: httpx.Client, island: Island) -> None:
    """What was asked with may come back in a refusal of the input's form, never a thing itself."""
    assert target
    headers = {"Authorization": island.client_of("partner").headers["authorization"]}
    answer = case.call(base_url=str(target.base_url), headers=headers, timeout=20)
    sent = f"{answer.request.url} {answer.request.body!r}"
    found = [kind for kind, object_id in _foreign.items() if object_id in answer.text and object_id not in sent]
    assert found in ([], ["partner"])  # whose name is a word like others
    if any(value in _foreign.values() for value in (case.path_parameters or {}).values()):
        assert answer.status_code >= 400, answer.text


def test_what_is_anothers_is_as_it_was(target: httpx.Client) -> None:
    """None of the writes tried above has reached it."""
    assert len(target.get(f"/v1/cases/{_foreign['case_id']}/events").json()["items"]) == 1
