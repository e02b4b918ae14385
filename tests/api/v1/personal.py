"""What the tests of personal data share: parties with all there is to hide, purposes, and what went on record."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx
import psycopg

from tests.conftest import Island

PURPOSE: Final = "Xác minh điều kiện thi hành án theo hồ sơ 152/HS-2025"
ASKED: Final = {"Purpose": quote(PURPOSE)}
DEBTOR: Final[dict[str, Any]] = {
    "role": "debtor", "kind": "individual", "name": "Hoàng Thị Chích Choè", "id_number": "025 190 001 234",
    "address": "Số 7 ngõ Chim Sâu, phường Việt Trì", "phone": "0199887766",
}  # fmt: skip
COMPANY: Final[dict[str, Any]] = {
    "role": "creditor", "kind": "organisation", "name": "Công ty Hưng Thịnh", "id_number": "2600 123 456",
    "address": "Khu công nghiệp Thụy Vân", "phone": None,
}  # fmt: skip
RELATED: Final[dict[str, Any]] = {"role": "related", "kind": "individual", "name": "Vàng Anh"}
PARTIES: Final = [COMPANY, DEBTOR, RELATED]


def on_record(client: httpx.Client, **about: str) -> list[dict[str, Any]]:
    """Unmasked reads and searches in the trail, newest first."""
    answer = client.get("/v1/audit", params={"action": "unmasked", "limit": 500, **about})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@contextmanager
def without_trail(island: Island, moment: str) -> Iterator[None]:
    """Nothing can be put on record meanwhile: it fails when it is written, or when the transaction ends."""
    kind, timing = {
        "written": ("TRIGGER", "BEFORE INSERT ON audit_record"),
        "committed": ("CONSTRAINT TRIGGER", "AFTER INSERT ON audit_record DEFERRABLE INITIALLY DEFERRED"),
    }[moment]
    with psycopg.connect(island.service.database.settings.libpq_url, autocommit=True) as owner:
        owner.execute(
            "CREATE OR REPLACE FUNCTION no_trail() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'the trail is full'; END $$"
        )
        owner.execute(f"CREATE {kind} no_trail {timing} FOR EACH ROW EXECUTE FUNCTION no_trail()".encode())
        try:
            yield
        finally:
            owner.execute("DROP TRIGGER no_trail ON audit_record")
