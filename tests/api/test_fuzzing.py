"""Good and bad data made from the document, sent to every operation over HTTP: no defect, no surprise."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

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

from app.main import create_app
from tests.api.operations import document, operations
from tests.api.world import make_world
from tests.builders import Service
from tests.conftest import new_database, settings_for
from tests.server import serving

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


@dataclass(frozen=True)
class Target:
    """A service nobody else uses: what is tried here changes things."""

    address: str
    token: str


@pytest.fixture(scope="module")
def target(cluster: str) -> Iterator[Target]:
    with new_database(cluster) as url:
        service = Service.over(url)
        world = make_world(service)
        service.close()
        _objects.update(world.own.objects)
        with serving(create_app(settings_for(url))) as served:
            yield Target(served.address, served.token("national", world.secrets["national"]))


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_input_brings_the_service_out_of_its_contract(case: Case[Any], target: Target) -> None:
    case.call_and_validate(
        base_url=target.address,
        headers={"Authorization": f"Bearer {target.token}"},
        checks=CHECKS,
        timeout=20,
    )
