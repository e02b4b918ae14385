"""Good and bad data made from the document, sent to every operation over HTTP: no defect, no surprise."""

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
_objects: Final[dict[str, str]] = {}

schema: Final = schemathesis.openapi.from_dict(document())


@schema.hook
def map_path_parameters(context: HookContext, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Half of the ids are those of things that exist, or nothing behind the path would ever run."""
    assert context
    known = {
        name: _objects[name] if name in _objects and crc32(str(value).encode()) % 2 else value
        for name, value in (path_parameters or {}).items()
    }
    return known or path_parameters


@schema.hook
def map_query(context: HookContext, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Nobody here has half a minute to wait for a change."""
    assert context
    return {**query, "wait": 1} if query and query.get("wait") in range(1, 31) else query


@pytest.fixture(scope="module")
def target(island: Island) -> httpx.Client:
    """A service nobody else uses, for what is tried here changes things."""
    _objects.update(island.world.own.objects)
    return island.client_of("national")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_input_brings_the_service_out_of_its_contract(case: Case[Any], target: httpx.Client) -> None:
    case.call_and_validate(
        base_url=str(target.base_url),
        headers={"Authorization": target.headers["authorization"]},
        checks=CHECKS,
        timeout=20,
    )
