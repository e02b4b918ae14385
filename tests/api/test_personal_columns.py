"""Who reads which personal column, said by PostgreSQL: the service runs under a role that may not read them."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import psycopg
import pytest
from sqlalchemy import Table

from app.api.v1.schemas.cases import PartyOut, PartyUnmasked
from app.api.v1.schemas.relatives import RelativeOut, RelativeUnmasked
from app.main import create_app
from app.models.cases import party
from app.models.privacy import officer_relative
from app.services.parties.rules import UNMASKED
from tests.api.operations import Operation, document, operations
from tests.api.v1.personal import ASKED
from tests.api.world import PUBLIC, World, make_world
from tests.builders import Service
from tests.conftest import new_database, settings_for
from tests.server import Served, serving

PERSONAL: Final = [column.name for column in party.c if column.info.get("personal")]
OF_RELATIVES: Final = [column.name for column in officer_relative.c if column.info.get("personal")]
OPERATIONS: Final = operations()
SCHEMAS: Final[dict[str, dict[str, Any]]] = document()["components"]["schemas"]


@dataclass(frozen=True)
class Blind:
    """The service under the role, with a client that has every right."""

    owner: psycopg.Connection[Any]
    role: str
    client: httpx.Client
    objects: dict[str, str]

    def may_read(self, *columns: str, table: Table = party) -> None:
        """Exactly these personal columns of a table from now on."""
        harmless = [column.name for column in table.c if not column.info.get("personal")]
        self.owner.execute(f"REVOKE SELECT ON {table} FROM {self.role}".encode())
        self.owner.execute(f"GRANT SELECT ({', '.join([*harmless, *columns])}) ON {table} TO {self.role}".encode())

    def status(self, op: Operation, **query: str) -> int:
        """How it answers the good request."""
        body = {} if op.example is None else {"json": op.example}
        headers = {**ASKED, **op.headers()}
        return self.client.request(op.method, op.path(self.objects), params=query, headers=headers, **body).status_code


def _grant(owner: psycopg.Connection[Any], role: str) -> None:
    # row-level security has its own tests
    owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'blind' BYPASSRLS".encode())  # not a secret: only for this test
    owner.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}".encode())
    owner.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}".encode())
    owner.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}".encode())


def _token(served: Served, world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.token('national', world.secrets['national'])}"}


@pytest.fixture(scope="module")
def blind(cluster: str) -> Iterator[Blind]:
    """One for the module."""
    role = f"blind_{os.getpid()}"
    with new_database(cluster) as url, psycopg.connect(url, autocommit=True) as owner:
        service = Service.over(url)
        world = make_world(service)
        service.close()
        _grant(owner, role)
        # The public list is written from names, as the law has it: also when a matter takes its cases to another class.
        # Until the case is taken out of the matter, which another operation does, that would hold for changing it too.
        owner.execute("UPDATE enforcement_case SET matter_id = NULL, steering_matter = false")
        settings = settings_for(url, database_url=f"postgresql://{role}:blind@{url.rpartition('@')[2]}")
        with (
            serving(create_app(settings)) as served,
            httpx.Client(base_url=served.address, headers=_token(served, world), timeout=30) as client,
        ):
            made = Blind(owner, role, client, {**PUBLIC, **world.own.objects})
            made.may_read()
            made.may_read(table=officer_relative)
            yield made
        owner.execute(f"DROP OWNED BY {role}".encode())
        owner.execute(f"DROP ROLE {role}".encode())


def _operation(operation_id: str) -> Operation:
    return next(op for op in OPERATIONS if op.described["operationId"] == operation_id)


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_no_operation_reads_a_personal_column(op: Operation, blind: Blind) -> None:
    """But for the one that searches by the number, and then only compares it, and the export of a person's own data."""
    assert (blind.status(op) == 500) is (op.described["operationId"] in ("search_parties", "export_data_subject"))


def test_searches_compare_and_do_not_show(blind: Blind) -> None:
    blind.may_read("id_number")
    assert blind.status(_operation("search_parties")) == 200
    blind.may_read()  # names are compared by `party_hits`, which gives away ids only
    assert blind.status(_operation("list_cases"), debtor="nguyen", creditor="song hong", count="exact") == 200


@pytest.mark.parametrize("missing", [None, *UNMASKED])
def test_the_unmasked_read_reads_each_of_them(missing: str | None, blind: Blind) -> None:
    blind.may_read(*(name for name in UNMASKED if name != missing))
    wanted = 500 if missing else 200
    assert blind.status(_operation("read_case"), personal_data="true") == wanted


@pytest.mark.parametrize("missing", [None, *OF_RELATIVES])
def test_so_does_the_register_in_full(missing: str | None, blind: Blind) -> None:
    blind.may_read(*(name for name in OF_RELATIVES if name != missing), table=officer_relative)
    assert blind.status(_operation("list_relatives"), personal_data="true") == (500 if missing else 200)


def test_the_columns_are_those_the_contract_calls_personal() -> None:
    assert {*PERSONAL} == {*UNMASKED, "search_name"}
    assert {*UNMASKED} == {"name"} | (PartyUnmasked.model_fields.keys() - PartyOut.model_fields.keys())
    assert {*OF_RELATIVES} == {"name"} | (RelativeUnmasked.model_fields.keys() - RelativeOut.model_fields.keys())


def test_the_contract_shows_them_in_few_answers() -> None:
    answered = {op.described["operationId"]: _schemas_of(op.described["responses"]) for op in OPERATIONS}
    properties = {name: {*schema.get("properties", {})} for name, schema in SCHEMAS.items()}
    personal = {name for name, members in properties.items() if members & {*UNMASKED[1:]}}
    sent = {"PartyIn", "PartySearch", "RelativeNew", "DataSubjectExport"}
    assert personal == sent | {"PartyUnmasked", "RelativeUnmasked", "HeldParty", "HeldRelative", "PublicDebtor"}
    published = {"list_public_debtors", "read_public_debtor"}  # the law wants these named, with their addresses
    showing = {name for name, schemas in answered.items() if schemas & personal}
    assert showing == {"read_case", "list_relatives", "export_data_subject"} | published


def _schemas_of(part: Any) -> set[str]:
    """Names of all schemas a part of the document leads to."""
    found: set[str] = set()
    rest = [part]
    while rest:
        text = json.dumps(rest.pop())
        new = {*re.findall(r'"#/components/schemas/(\w+)"', text)} - found
        found |= new
        rest += [SCHEMAS[name] for name in new]
    return found
