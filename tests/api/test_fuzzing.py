"""Good and bad data made from the document, sent to every operation over HTTP: no defect, no surprise."""

from typing import Any, Final

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

from tests.api.operations import document
from tests.api.world import World

# the whole file takes about a minute on two cores
EXAMPLES: Final = 25
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
        name: _objects[name] if name in _objects and hash(str(value)) % 2 else value
        for name, value in (path_parameters or {}).items()
    }
    return known or path_parameters


@pytest.fixture(scope="module")
def _known_objects(world: World) -> None:
    _objects.update(world.own.objects)


@pytest.mark.usefixtures("_known_objects")
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_input_brings_the_service_out_of_its_contract(case: Case, national: httpx.Client) -> None:
    case.call_and_validate(
        base_url=str(national.base_url),
        headers={"Authorization": national.headers["authorization"]},
        checks=CHECKS,
        timeout=20,
    )
